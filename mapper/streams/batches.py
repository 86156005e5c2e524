"""Batches: parts of the inputs, each mapped by one process; a batch of a plain file is only its position.

A batch ends with a line, and its end depends on the bytes of the file alone: a run that is resumed in the
middle of a file cuts the rest into the same batches.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO, FileIO
from typing import Any

from mapper.diagnostics.stop import Stop

UNREAD = 3  # the exit code of a run with an input that cannot be read to its end
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UNKNOWN = 0  # the number of a line whose predecessors have not been counted yet


class BrokenInput(Stop):
    """An input cannot be read to its end, or changed meanwhile: no output of the run gets its name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"`{name}` {reason}", UNREAD)
        self.name = name
        self.args = (name, reason)  # from which a pickle makes it again

    def __str__(self) -> str:
        return "`{}` {}".format(*self.args)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Inside, an input is read: if that fails, BrokenInput is raised, with the reason in words."""
    try:
        yield
    except (EOFError, zlib.error) as error:
        raise BrokenInput(name, f"is damaged: {error}") from None
    except OSError as error:
        raise BrokenInput(name, f"cannot be read: {error.strerror or error}") from None


class InputFile(FileIO):
    """An input, open for reading. Its first read gives two bytes, which tell gzip, even if a pipe is slow.

    The end of a terminal's input is its end: another read would wait for more.
    """

    _has_begun = False
    _has_ended = False

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as bytes are there; the number of bytes."""
        if self._has_ended:
            return 0
        view = memoryview(buffer)
        count = super().readinto(view) or 0
        self._has_ended = not count and self.isatty()
        if count == 1 < len(view) and not self._has_begun:
            count += super().readinto(view[1:]) or 0
        self._has_begun = True
        return count


def open_raw(name: str | int) -> InputFile:
    """An input by its name, or standard input by its descriptor, which stays open; raises OSError."""
    return InputFile(name, "rb", closefd=isinstance(name, str))


@dataclass(frozen=True, slots=True)
class Position:
    """A position in the inputs: the index of the file, an offset in its unpacked bytes, the line there."""

    file: int = 0
    offset: int = 0
    line: int = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole lines of one input, or one body over several lines: `size` bytes from `start` on.

    `data` is None for a part of a plain file, which the worker reads itself; `file` is its device and inode.
    The line of `start` is UNKNOWN if the bytes before it have not been read. `file_end` is the
    offset of its end in the file itself, which may be packed.
    """

    name: str
    start: Position
    size: int
    data: bytes | None = field(repr=False)
    is_whole: bool = False
    file_end: int = 0
    file: tuple[int, int] | None = None

    def without_data(self) -> Batch:
        """The same without its bytes; they are b"" then, or still None."""
        return self if self.data is None else replace(self, data=b"")

    def is_done(self, after: Position) -> bool:
        """True if the batch has no bytes behind a position."""
        return after.file > self.start.file or after.offset >= self.start.offset + self.size


class Files:
    """Reads the bytes of batches. A plain file stays open while batches are from it: it may be renamed."""

    def __init__(self) -> None:
        self._file: tuple[int, int] | None = None
        self._stream: FileIO | None = None

    def read(self, batch: Batch) -> bytes:
        """The bytes of a batch; raises BrokenInput if the file cannot be read or has been changed."""
        if batch.data is not None:
            return batch.data
        with reading(batch.name):
            stream = self._stream
            if stream is None or self._file != batch.file:
                stream = self._open(batch)
            data = b""
            while more := os.pread(stream.fileno(), batch.size - len(data), batch.start.offset + len(data)):
                data += more
        if len(data) < batch.size:
            raise BrokenInput(batch.name, "cannot be read: it became shorter meanwhile")
        return data

    def lines(self, batch: Batch) -> list[bytes]:
        """The lines of a batch with their ends."""
        return BytesIO(self.read(batch)).readlines()

    def close(self) -> None:
        """Close the file that is open."""
        if self._stream is not None:
            self._stream.close()

    def _open(self, batch: Batch) -> FileIO:
        self.close()
        self._stream = stream = open_raw(batch.name)
        status = os.fstat(stream.fileno())
        self._file = (status.st_dev, status.st_ino)
        if self._file != batch.file:
            raise BrokenInput(batch.name, "cannot be read: it was replaced meanwhile")
        return stream


def bodies_of(lines: Iterable[bytes], number: int) -> Iterator[tuple[int, bytes]]:
    """The number and the body of each line that is not blank; `number` is that of the first line."""
    for at, line in enumerate(lines, number):
        if not line.isspace():
            yield at, line.rstrip(b"\r\n")
