"""Whole files: a name leads to the old file or to the whole new one, also after a crash or a power cut.

The bytes are written into a part, a file with another name in the same folder. The steps, in this order: the
part is written and synced, it gets its name, and the folder is synced.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

# Not every system has all of these.
_OURS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_NO_SUCH_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS}


def replace_file(path: Path, data: bytes, part: Path, mode: int | None = None) -> None:
    """Write a file by way of `part`, a name in the same folder; raises OSError and leaves no part.

    If something else than a file has the name of the part, it stays as it is. `mode` is the permissions of
    the file, None for the usual ones.
    """
    descriptor = open_part(part)
    try:
        try:
            os.ftruncate(descriptor, 0)
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if mode is not None:
            os.chmod(part, mode)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise
    sync_folder(path)


def write_file(path: Path, data: bytes) -> None:
    """Write a file that a user has named: whole or not at all. A device or a pipe gets the bytes as they are.

    Behind a link the file itself is replaced; it keeps its permissions. Raises OSError.
    """
    target = path.resolve()
    mode = target.stat().st_mode if target.exists() else None
    if mode is None or stat.S_ISREG(mode):
        replace_file(target, data, random_part(target), None if mode is None else stat.S_IMODE(mode))
    else:
        with path.open("wb") as stream:
            stream.write(data)


def random_part(path: Path) -> Path:
    """A name for a part that no other process uses."""
    return path.with_name(f".{os.urandom(8).hex()}.part")


def open_part(path: Path) -> int:
    """A descriptor that appends to a file; a missing one is made, another one keeps its bytes.

    Raises OSError for everything else that has the name, and for a file that has a second name: its bytes are
    not ours.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _OURS, 0o666)
    except OSError as error:
        raise (find_obstacle(path) or error) from None
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:
        return descriptor
    os.close(descriptor)
    raise find_obstacle(path) or OSError(errno.EEXIST, "it has been replaced meanwhile", str(path))


def find_obstacle(path: Path) -> OSError | None:
    """The error that names the thing that has the place of a file of ours; None if nothing else has it."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if stat.S_ISLNK(status.st_mode):
        kind = "a symbolic link"
    elif stat.S_ISDIR(status.st_mode):
        kind = "a folder"
    elif not stat.S_ISREG(status.st_mode):
        kind = "a pipe or a device"
    elif status.st_nlink > 1:
        kind = "a file with a second name"
    else:
        return None
    return OSError(errno.EEXIST, f"{kind} is in the place of `{path.name}`; remove it", str(path))


def read_part(path: Path, max_bytes: int) -> bytes:
    """The bytes of a file that this library wrote, at most that many; raises OSError for links and pipes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _OURS)
    except OSError as error:
        raise (find_obstacle(path) or error) from None
    with open(descriptor, "rb") as stream:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return stream.read(max_bytes)
    raise find_obstacle(path) or OSError(errno.EEXIST, "it has been replaced meanwhile", str(path))


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all bytes; a system may take fewer at once."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def is_named(descriptor: int, path: Path) -> bool:
    """True if the name leads to this open file, and not to another one."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def sync_folder(path: Path) -> None:
    """Bring the names in the folder of a file to disk, if the system can."""
    try:
        descriptor = os.open(path.parent, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SUCH_SYNC:
            raise
    finally:
        os.close(descriptor)
