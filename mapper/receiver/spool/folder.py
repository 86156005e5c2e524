"""Spool files: the folder of a spool, its lock, and files that only their owner reads."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from mapper.receiver.spool.tables import SpoolError
from mapper.transform.whole_file import sync_folder

LOCK = "lock"
_OURS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def prepare_folder(folder: Path) -> None:
    """Make the folder of a spool, readable by its owner alone; raises SpoolError."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in missing:
            sync_folder(path)
    except OSError as error:
        raise _unusable(folder, error) from error


def private_file(path: Path) -> None:
    """Make a file, or find it, and let only its owner read and write it; raises SpoolError.

    SQLite gives its log the permissions of the database.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _OURS, 0o600)
        try:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:
                os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unusable(path.parent, error) from error


@dataclass(frozen=True, slots=True)
class FolderLock:
    """The right to write to a spool; the system takes it back when the process ends."""

    descriptor: int

    @classmethod
    def take(cls, folder: Path) -> FolderLock:
        """Take it; raises SpoolError if another process has it."""
        import fcntl

        private_file(folder / LOCK)
        descriptor = os.open(folder / LOCK, os.O_RDWR | _OURS)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise SpoolError(
                    f"the spool `{folder}` is in use by another receiver; each needs a folder of its own"
                ) from error
            raise _unusable(folder, error) from error
        return cls(descriptor)

    def release(self) -> None:
        """Give it back."""
        os.close(self.descriptor)


def _unusable(folder: Path, error: OSError) -> SpoolError:
    reason = error.strerror or str(error)
    remedy = {
        errno.ENOSPC: "make room",
        errno.EROFS: "choose a folder on a disk that can be written",
        errno.EACCES: "let the receiver write there",
        errno.ENOTDIR: "something else has its name",
        errno.EEXIST: "something else has its name",
    }.get(error.errno or 0, "choose another folder")
    return SpoolError(f"the spool `{folder}` cannot be used: {reason.lower()}; {remedy}")
