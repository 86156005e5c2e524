"""Outputs: files that get their names when they are whole; until then their bytes are in `NAME.part`."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from mapper.diagnostics.stop import Stop
from mapper.streams.gzip_files import GzipWriter

PART = ".part"


class OutputStream:
    """One output: standard output, a device or pipe, or a file that gets its name when it is whole."""

    def __init__(self, name: str | None) -> None:
        self.name = name
        self.size = 0
        path = None if name is None else Path(name)
        self.is_file = path is not None and (path.is_file() or not path.exists())
        self._target = path.resolve() if path is not None and self.is_file else path
        self._packing = GzipWriter() if name is not None and name.endswith(".gz") else None
        self._stream: BinaryIO = sys.stdout.buffer

    @property
    def is_terminal(self) -> bool:
        """True if standard output is a terminal."""
        return self._target is None and self._stream.isatty()

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
                self._stream = self.part.open("ab", buffering=0)
            else:
                self._stream = self._target.open("wb", buffering=0)
        except OSError as error:
            raise Stop(f"cannot write `{self.name}`: {error.strerror}") from None
        if self.is_file:
            _lock(self._stream, f"another run is writing `{self.name}`")

    def go_on(self, size: int) -> bool:
        """Cut the part to a size it had; False if it is shorter."""
        if not self.is_file:
            return size == 0
        if os.fstat(self._stream.fileno()).st_size < size:
            return False
        self._stream.truncate(size)
        self.size = size
        return True

    def write(self, data: bytes | memoryview) -> None:
        """Write whole lines."""
        if data:
            self._put(self._packing.pack(data) if self._packing else data)
            if self._target is None:
                self._stream.flush()

    def flush(self) -> None:
        """Bring the written bytes to disk; a packed file can be continued from here."""
        if self._packing:
            self._put(self._packing.end_member())
        self._stream.flush()
        if self.is_file:
            os.fsync(self._stream.fileno())

    def finish(self) -> None:
        """Write the end of the output."""
        if self._packing and self.size == 0:
            self._put(self._packing.pack(b""))
        self.flush()

    def publish(self) -> None:
        """Give the whole file its name; it may have it already."""
        if not self.is_file:
            return
        with suppress(FileNotFoundError):
            if self.target.exists():
                shutil.copymode(self.target, self.part)
            self.part.replace(self.target)

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._stream is not sys.stdout.buffer:
            self._stream.close()

    def discard(self) -> None:
        """Remove a part that holds nothing."""
        if self.is_file and self.part.is_file() and self.part.stat().st_size == 0:
            self.part.unlink()

    def _put(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            written = self._stream.write(view)  # a raw file may write fewer bytes
            self.size += written
            view = view[written:]


def _lock(stream: BinaryIO, reason: str) -> None:
    """Hold the file until it is closed or this process ends."""
    try:
        import fcntl
    except ImportError:  # a system without such locks
        return
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Stop(reason) from None
    except OSError:  # a file system without locks
        return
