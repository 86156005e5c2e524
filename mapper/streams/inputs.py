"""Inputs: files of NDJSON or JSON, packed or not, become batches of request bodies.

In plain files with lines only the ends of batches are looked for; all other inputs are read here.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import msgspec

from mapper.diagnostics.stop import Stop
from mapper.streams.batches import (
    BYTE_ORDER_MARK,
    UNKNOWN,
    Batch,
    BrokenInput,
    InputFile,
    Position,
    open_raw,
    reading,
)
from mapper.streams.gzip_files import GZIP_MAGIC, GzipReader, Readable
from mapper.streams.item_lines import ABOVE

REQUESTS = "requests"  # one request a line, with what came beside its body
FORMS = ("auto", "ndjson", "json", REQUESTS)
STDIN = "-"
CHUNK = 1024 * 1024  # bytes of a batch, and of one read
PROBE = 8 * 1024  # bytes that are first searched for the end of a line
LOOK_AHEAD = 64 * 1024 * 1024  # bytes that are read to recognise a document over several lines


@dataclass(slots=True)
class Input:
    """An open input. `stream` gives its unpacked bytes, `offset` counts those read; `raw` is the file."""

    name: str
    stream: Readable
    raw: BinaryIO
    file: tuple[int, int] | None = None  # device and inode of a plain file, which workers can read themselves
    size: int = 0  # of a plain file, when it was opened
    offset: int = 0

    def take(self, size: int | None = None) -> bytes:
        """The next bytes: up to `size`, or from a file all up to a multiple of CHUNK; nothing at the end.

        Raises BrokenInput if the input breaks off.
        """
        with reading(self.name):
            if size is None and not self.raw.seekable():
                data = self.stream.read1(CHUNK)  # not more than is there: a pipe may be slow
            else:
                data = self.stream.read(CHUNK - self.offset % CHUNK if size is None else size)
        self.offset += len(data)
        return data

    def take_all(self) -> bytes:
        """All bytes up to the end."""
        parts = []
        while part := self.take(-1):  # a reader gives what precedes a fault before it reports the fault
            parts.append(part)
        return b"".join(parts)

    def skip(self, offset: int) -> None:
        """Go to an unpacked offset."""
        with reading(self.name):
            reached = self.stream.seek(offset)
        if reached < offset:
            raise BrokenInput(self.name, "cannot be read: it became shorter meanwhile")
        self.offset = offset

    def check_size(self) -> None:
        """Raise BrokenInput if a plain file is longer or shorter than it was when it was opened."""
        with reading(self.name):
            size = os.fstat(self.raw.fileno()).st_size
        if size != self.size:
            change = "shorter" if size < self.size else "longer"
            raise BrokenInput(self.name, f"cannot be read: it became {change} meanwhile")

    def position(self) -> int:
        """Bytes of the file read so far, for progress; 0 for a pipe."""
        return self.raw.tell() if self.raw.seekable() else 0


def read_batches(
    names: Sequence[str], form: str, start: Position, *, in_groups: bool = False
) -> Iterator[Batch]:
    """The bodies of all inputs from a position on, in order.

    Raises BrokenInput at an input that breaks off. With `in_groups`, a line of a rejected item stays in one
    batch with the line above that it needs.
    """
    for number in range(start.file, len(names)):
        place = start if number == start.file else Position(number)
        with open_input(names[number]) as source:
            yield from _batches(source, form, place, in_groups)


@contextmanager
def open_input(name: str) -> Iterator[Input]:
    """Open a file, or standard input for `-`; gzip is recognised by its first bytes."""
    if name == STDIN:
        if sys.stdin is None:
            raise Stop("standard input is closed")
        # Not `sys.stdin.buffer`: a thread may wait in it when Python ends, and Python would want its lock.
        with BufferedReader(open_raw(sys.stdin.fileno())) as raw:
            with reading("<stdin>"):
                stream = _unzipped(name, raw)
            yield Input("<stdin>", stream, raw)
        return
    with ExitStack() as opened:
        with reading(name):
            raw = opened.enter_context(BufferedReader(open_raw(name)))
            stream, status = _unzipped(name, raw), os.fstat(raw.fileno())
        # Some systems have files that hold more than their size of 0.
        if stream is raw and stat.S_ISREG(status.st_mode) and status.st_size:
            yield Input(name, stream, raw, (status.st_dev, status.st_ino), status.st_size)
        else:
            yield Input(name, stream, raw)


def check_gzip(names: Iterable[str]) -> None:
    """Read all gzip files to their ends; raises BrokenInput if one is damaged. Pipes cannot be read again.

    The checksum of a gzip file is at its end, so that its content may be wrong before the damage is found.
    """
    for name in names:
        if name != STDIN and Path(name).is_file():
            with open_input(name) as source:
                while isinstance(source.stream, GzipReader) and source.take(CHUNK):
                    pass


def total_size(names: Iterable[str]) -> int | None:
    """The bytes of all inputs together, None if one is a pipe; raises Stop if one cannot be read.

    Pipes are not opened, because bytes that are read from them cannot be read again.
    """
    total: int | None = 0
    for name in names:
        size = None if name == STDIN else _size(name)
        total = None if total is None or size is None else total + size
    return total


def _size(name: str) -> int | None:
    try:
        status = Path(name).stat()
        if not stat.S_ISFIFO(status.st_mode):
            Path(name).open("rb").close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Stop(f"cannot read `{name}`: {reason[:1].lower()}{reason[1:]}") from None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _unzipped(name: str, stream: BufferedReader[InputFile]) -> Readable:
    head = stream.peek(2)[:2]
    # A file that is called so, but has not even the first bytes of gzip, was cut.
    is_gzip = GZIP_MAGIC.startswith(head) if name.endswith(".gz") else head == GZIP_MAGIC
    return GzipReader(stream) if is_gzip else stream


def _batches(source: Input, form: str, start: Position, in_groups: bool) -> Iterator[Batch]:
    in_place = source.file is not None and not in_groups and hasattr(os, "pread")
    if start.offset and not in_place:
        source.skip(start.offset)
        yield from _lines(source, start, b"", in_groups)
        return
    if form == "json":
        body = None if in_place else source.take_all()
        yield _whole(source, start, body, source.size if body is None else len(body))
        return
    head = b""
    if not start.offset:
        head, begin = _head(source)
        if form == "auto" and _is_begun(head[begin:].partition(b"\n")[0]):
            head += source.take(LOOK_AHEAD)
            if _is_json(head[begin:]):
                more = source.take()
                if not more:
                    body, line = head[begin:], 1 + head.count(b"\n", 0, begin)
                    place = Position(start.file, begin, line)
                    yield _whole(source, place, None if in_place else body, len(body))
                    return
                head += more
    yield from _places(source, start) if in_place else _lines(source, start, head, in_groups)


def _whole(source: Input, place: Position, body: bytes | None, size: int) -> Batch:
    end = place.offset + size if body is None else source.position()
    return Batch(source.name, place, size, body, is_whole=True, file_end=end, file=source.file)


def _places(source: Input, start: Position) -> Iterator[Batch]:
    """The batches of a plain file, without their bytes; each ends with a line, behind a multiple of CHUNK."""
    if start.offset > source.size:
        raise BrokenInput(source.name, "cannot be read: it became shorter meanwhile")
    place = start
    while (end := _line_end(source, place.offset)) > place.offset:
        _prefetch(source, end)
        yield Batch(source.name, place, end - place.offset, None, file_end=end, file=source.file)
        place = Position(start.file, end, UNKNOWN)


def _prefetch(source: Input, offset: int) -> None:
    """Have the system read what comes next, while this part is worked on."""
    with suppress(AttributeError, OSError):  # not every system takes such advice
        os.posix_fadvise(source.raw.fileno(), offset, 2 * CHUNK, os.POSIX_FADV_WILLNEED)


def _line_end(source: Input, offset: int) -> int:
    """The end of the line that reaches up to the next multiple of CHUNK, or of the file.

    A file that grows may end in the middle of a line, so its size is checked for each end.
    """
    size, found = PROBE, 0
    place = (offset // CHUNK + 1) * CHUNK - 1
    with reading(source.name):
        while not found and (data := os.pread(source.raw.fileno(), size, place)):
            found = data.find(b"\n") + 1
            place, size = place + (found or len(data)), min(4 * size, CHUNK)
    source.check_size()
    return min(place, source.size)


def _head(source: Input) -> tuple[bytes, int]:
    """The input up to the end of its first line that is not blank, and the offset of the text in it."""
    parts = [source.take()]
    text = parts[0].removeprefix(BYTE_ORDER_MARK).lstrip()
    while parts[-1] and b"\n" not in text:
        parts.append(source.take())
        text = parts[-1] if text else parts[-1].lstrip()
    head = b"".join(parts)
    mark = len(BYTE_ORDER_MARK) if head.startswith(BYTE_ORDER_MARK) else 0
    return head, len(head) - len(head[mark:].lstrip())


def _lines(source: Input, start: Position, head: bytes, in_groups: bool) -> Iterator[Batch]:
    """Batches of whole lines: `head` has been read already, then comes the rest."""
    parts: list[bytes] = []
    place = start
    chunk = head or source.take()
    while chunk:
        cut = chunk.rfind(b"\n") + 1
        if cut:
            data = b"".join([*parts, memoryview(chunk)[:cut]])
            parts = [chunk[cut:]]
            if in_groups:
                cut = _last_group(data)
                data, parts = data[:cut], [data[cut:], *parts]
            if data:
                yield Batch(source.name, place, len(data), data, file_end=source.position())
                line = place.line + data.count(b"\n") if in_groups else UNKNOWN
                place = Position(place.file, place.offset + len(data), line)
        else:
            parts.append(chunk)
        chunk = source.take()
    rest = b"".join(parts)
    if rest:
        yield Batch(source.name, place, len(rest), rest, file_end=source.position())


def _last_group(data: bytes) -> int:
    """The offset of the last line that needs no line above it: the next lines may need it."""
    end = len(data)
    while end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        if ABOVE not in data[start:end]:
            return start
        end = start
    return 0


def _is_begun(line: bytes) -> bool:
    """True if a first line may be that of a document over several lines."""
    return line[:1] in (b"{", b"[") and not _is_json(line)


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
