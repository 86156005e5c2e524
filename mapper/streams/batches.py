"""Batches: parts of the inputs, each mapped by one process; a batch of a plain file is only its position.

A batch ends with a line, and its end depends on the bytes of the file alone: a run that is resumed in the
middle of a file cuts the rest into the same batches.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO, FileIO

from mapper.diagnostics.stop import Stop

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UNKNOWN = 0  # the number of a line whose predecessors have not been counted yet


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
    offset of its end in the file itself, which may be packed. With a `fault` the input breaks off here.
    """

    name: str
    start: Position
    size: int
    data: bytes | None = field(repr=False)
    is_whole: bool = False
    file_end: int = 0
    fault: str = ""
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
        """The bytes of a batch; raises Stop if the file has been changed, OSError if it cannot be read."""
        if batch.data is not None:
            return batch.data
        stream = self._stream
        if stream is None or self._file != batch.file:
            stream = self._open(batch)
        stream.seek(batch.start.offset)
        data = stream.read(batch.size)
        while len(data) < batch.size and (more := stream.read(batch.size - len(data))):
            data += more
        if len(data) < batch.size:
            raise Stop(f"`{batch.name}` cannot be read: it became shorter meanwhile", 1)
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
        try:
            self._stream = stream = FileIO(batch.name)
        except OSError as error:
            raise Stop(f"`{batch.name}` cannot be read: {error.strerror or error}", 1) from None
        status = os.fstat(stream.fileno())
        self._file = (status.st_dev, status.st_ino)
        if self._file != batch.file:
            raise Stop(f"`{batch.name}` cannot be read: it was replaced meanwhile", 1)
        return stream


def bodies_of(lines: Iterable[bytes], number: int) -> Iterator[tuple[int, bytes]]:
    """The number and the body of each line that is not blank; `number` is that of the first line."""
    for at, line in enumerate(lines, number):
        if not line.isspace():
            yield at, line.rstrip(b"\r\n")
