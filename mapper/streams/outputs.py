"""Outputs: files that get their names when they are whole; until then their bytes are in `NAME.part`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mapper.diagnostics.stop import Stop
from mapper.streams.gzip_files import GzipWriter
from mapper.transform.whole_file import is_named, open_part, sync_folder, write_all

PART = ".part"
RUNS = 100  # of other commands that may end while one waits to lock the file they wrote


class OutputStream:
    """One output: standard output, a device or pipe, or a file that gets its name when it is whole."""

    def __init__(self, name: str | None) -> None:
        self.name = name
        self.size = 0
        path = None if name is None else Path(name)
        self.is_file = path is not None and (path.is_file() or not path.exists())
        self._target = path.resolve() if path is not None and self.is_file else path
        self._packing = GzipWriter() if name is not None and name.endswith(".gz") else None
        self._descriptor: int | None = None
        self._has_name = False

    @property
    def is_terminal(self) -> bool:
        """True if standard output is a terminal."""
        return self._target is None and sys.stdout.isatty()

    @property
    def target(self) -> Path:
        """The file itself, behind any links."""
        return self._target or Path()

    @property
    def part(self) -> Path:
        """The file that holds the bytes until they are whole."""
        return self.target.with_name(self.target.name + PART)

    def open(self) -> None:
        """Open for writing; a part that is there stays as it is, locked against other runs."""
        if self._target is None:
            return
        try:
            if self.is_file:
                self._descriptor = _open_locked(self.part, f"another run is writing `{self.name}`")
            else:
                self._descriptor = os.open(self._target, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError as error:
            raise Stop(f"cannot write `{self.name}`: {error.strerror}") from None

    def part_size(self) -> int:
        """The bytes that the part holds; 0 if the output is no file."""
        return os.fstat(self._opened).st_size if self.is_file else 0

    def go_on(self, size: int) -> None:
        """Cut the part to a size it had, and write there."""
        if self.is_file:
            os.ftruncate(self._opened, size)
            self.size = size

    def is_whole(self, size: int) -> bool:
        """True if an earlier run wrote all of those bytes; its part may have got its name already."""
        if self.part_size() == size:
            self.size = size
            return True
        self._has_name = (
            self.part_size() == 0 and self.target.is_file() and self.target.stat().st_size == size
        )
        return self._has_name

    def write(self, data: bytes | memoryview) -> None:
        """Write whole lines."""
        if data:
            self._put(self._packing.pack(data) if self._packing else data)
            self._flush_standard()

    def flush(self) -> None:
        """Bring the written bytes to disk; a packed file can be continued from here.

        Raises Stop if another program changed the size of the part.
        """
        if self._packing:
            self._put(self._packing.end_member())
        self._flush_standard()
        if self.is_file:
            if self.part_size() != self.size:
                raise Stop(f"another program changed `{self.part.name}`", 1)
            with _naming(self.name):
                os.fsync(self._opened)

    def _flush_standard(self) -> None:
        if self._target is None:
            with _naming("standard output"):
                sys.stdout.buffer.flush()

    def finish(self) -> None:
        """Write the end of the output."""
        if self._packing and self.size == 0:
            self._put(self._packing.pack(b""))
        self.flush()

    def publish(self) -> None:
        """Give the whole file its name, unless it has it already."""
        if not self.is_file:
            return
        if self._has_name:
            self.discard()
            return
        if not is_named(self._opened, self.part) or self.part_size() != self.size:
            raise Stop(f"another program changed `{self.part.name}`", 1)
        if self.target.exists():
            shutil.copymode(self.target, self.part)
        os.replace(self.part, self.target)
        self._has_name = True

    def sync_name(self) -> None:
        """Bring the name of the file to disk."""
        if self.is_file:
            sync_folder(self.target)

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._descriptor is not None:
            with suppress(OSError):  # all that must be on disk was synced before
                os.close(self._descriptor)
            self._descriptor = None

    def discard(self) -> None:
        """Remove a part that holds nothing."""
        if self._descriptor is not None and self.is_file and self.part_size() == 0:
            os.unlink(self.part)

    @property
    def _opened(self) -> int:
        if self._descriptor is None:
            raise ValueError("the output is not open")
        return self._descriptor

    def _put(self, data: bytes | memoryview) -> None:
        with _naming(self.name or "standard output"):
            if self._target is None:
                view = memoryview(data)
                while view:  # without a buffer (`python -u`) fewer bytes may be written at once
                    view = view[sys.stdout.buffer.write(view) :]
            else:
                write_all(self._opened, data)
        self.size += len(data)


@contextmanager
def _naming(name: str | None) -> Iterator[None]:
    """Inside, an error has the name of the output: calls with a descriptor do not know it."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or name
        raise


def _open_locked(part: Path, reason: str) -> int:
    """A descriptor of a part, locked until it is closed or this process ends; Stop if another run holds it.

    Before the lock is taken, another run may end, and the file that was opened is then an output with its
    name. In this case the part is opened anew.
    """
    for _ in range(RUNS):
        descriptor = open_part(part)
        try:
            is_held = _lock(descriptor)
            if is_held and is_named(descriptor, part):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if not is_held:
            break
    raise Stop(reason)


def _lock(descriptor: int) -> bool:
    """Hold the file; False if another process does."""
    try:
        import fcntl
    except ImportError:  # a system without such locks
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
