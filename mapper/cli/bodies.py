"""Bodies: files of NDJSON or JSON, packed or not, become batches of request bodies.

A batch ends where a line ends, and where it ends depends on the bytes of a file alone: a run that is taken up
again in the middle of a file cuts the rest into the same batches.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import msgspec

from mapper.cli.envelopes import ABOVE
from mapper.cli.packed import GZIP_MAGIC, Readable, Unpacked
from mapper.cli.stop import Stop

FORMS = ("auto", "ndjson", "json")
STDIN = "-"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CHUNK = 512 * 1024  # bytes read at once
MAX_LINES = 4_096  # of a batch: short lines may each give a long rejection
LOOK_AHEAD = 64 * 1024 * 1024  # how much of a document over several lines is read to recognise it


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the inputs: which file, how many of its unpacked bytes are done, the next line's number."""

    file: int = 0
    offset: int = 0
    line: int = 1


@dataclass(frozen=True, slots=True)
class Again:
    """A part of a plain file, of which device and number are known: it can be read once more."""

    name: str
    file: tuple[int, int]
    offset: int
    size: int

    def read(self) -> bytes:
        """Its bytes; OSError where the name belongs to another file by now."""
        with open(self.name, "rb", buffering=0) as stream:
            status = os.fstat(stream.fileno())
            stream.seek(self.offset)
            data = stream.read(self.size)
        if (status.st_dev, status.st_ino) != self.file or len(data) != self.size:
            raise OSError(errno.ESTALE, "the file was replaced", self.name)
        return data


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole lines of one input, or one body over several lines; `line` is the number of the first.

    `after` is the position behind it, `size` its bytes, `packed` those read of the file itself.
    With a `fault` the input breaks off behind this batch. `again` tells where others find `data` themselves.
    """

    name: str
    line: int
    data: bytes = field(repr=False)
    is_whole: bool
    after: Position
    size: int
    packed: int = 0
    fault: str = ""
    again: Again | None = None

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """Each body and the number of its first line; blank lines hold none."""
        if self.is_whole:
            yield self.line, self.data
            return
        for number, line in enumerate(self.data.split(b"\n"), self.line):
            if line and not line.isspace():
                yield number, line.rstrip(b"\r")


@dataclass(slots=True)
class Input:
    """An open input: its unpacked bytes, and how far they have been read."""

    name: str
    stream: Readable
    packed: BinaryIO
    file: tuple[int, int] | None = None  # device and number, of a plain file
    offset: int = 0
    fault: str = ""

    def take(self, size: int | None = None) -> bytes:
        """The next bytes: up to `size`, or from a file all up to a multiple of CHUNK; nothing at the end.

        Where the input breaks off is its end, too; `fault` says so in words.
        """
        try:
            if size is None and not self.packed.seekable():
                data = self.stream.read1(CHUNK)  # what is there: a pipe may be slow
            else:
                data = self.stream.read(CHUNK - self.offset % CHUNK if size is None else size)
        except (EOFError, zlib.error) as error:
            self.fault = f"`{self.name}` is damaged: {error}"
            return b""
        except OSError as error:
            self.fault = f"`{self.name}` cannot be read: {error.strerror or error}"
            return b""
        self.offset += len(data)
        return data

    def skip(self, offset: int) -> None:
        """Go on at an unpacked offset."""
        self.stream.seek(offset)
        self.offset = offset

    def position(self) -> int:
        """Bytes of the file read so far, for progress; 0 for a pipe."""
        return self.packed.tell() if self.packed.seekable() else 0


def read_batches(
    names: Sequence[str], form: str, start: Position, *, in_groups: bool = False
) -> Iterator[Batch]:
    """The bodies of all inputs from a position on, in order.

    With `in_groups`, lines of rejected items that need one above them stay in its batch.
    """
    for number in range(start.file, len(names)):
        place = start if number == start.file else Position(number)
        with open_input(names[number]) as source:
            line = place.line
            for batch in _batches(source, form, place, in_groups):
                line = batch.after.line
                yield batch
            if source.fault:
                yield Batch(source.name, line, b"", False, Position(number + 1), 0, fault=source.fault)


@contextmanager
def open_input(name: str) -> Iterator[Input]:
    """Open a file, or standard input for `-`; gzip is recognised by its first bytes."""
    if name == STDIN:
        if sys.stdin is None:
            raise Stop("standard input is closed")
        # Not `sys.stdin.buffer`: a thread may wait in it when Python ends, and Python would want its lock.
        with open(sys.stdin.fileno(), "rb", closefd=False) as packed:
            yield Input("<stdin>", _unpacked(packed), packed)
        return
    with Path(name).open("rb") as packed:
        stream, status = _unpacked(packed), os.fstat(packed.fileno())
        is_plain = stream is packed and stat.S_ISREG(status.st_mode)
        yield Input(name, stream, packed, (status.st_dev, status.st_ino) if is_plain else None)


def total_size(names: Iterable[str]) -> int | None:
    """The bytes of all inputs together, None where one is a pipe; stops where one cannot be read.

    This is asked before anything is written. Pipes are not opened: what is read from them is gone.
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


def _unpacked(stream: BufferedReader) -> Readable:
    return Unpacked(stream) if stream.peek(2)[:2] == GZIP_MAGIC else stream


def _batches(source: Input, form: str, start: Position, in_groups: bool) -> Iterator[Batch]:
    after = Position(start.file + 1)
    if start.offset:
        source.skip(start.offset)
        yield from _lines(source, start, b"", in_groups)
        return
    if form == "json":
        document = source.take(-1).removeprefix(BYTE_ORDER_MARK)
        if document.strip():
            yield Batch(source.name, 1, document, True, after, len(document), source.position())
        return
    head, begin = _head(source)
    if form == "auto" and _is_begun(head[begin:].partition(b"\n")[0]):
        head += source.take(LOOK_AHEAD)
        if _is_json(head[begin:]):
            more = source.take()
            if not more:
                line, body = 1 + head.count(b"\n", 0, begin), head[begin:]
                yield Batch(source.name, line, body, True, after, len(body), source.position())
                return
            head += more
    yield from _lines(source, start, head, in_groups)


def _head(source: Input) -> tuple[bytes, int]:
    """The input up to the end of its first line that is not blank, and where in it the text begins."""
    parts = [source.take()]
    text = parts[0].removeprefix(BYTE_ORDER_MARK).lstrip()
    while parts[-1] and b"\n" not in text:
        parts.append(source.take())
        text = parts[-1] if text else parts[-1].lstrip()
    head = b"".join(parts)
    mark = len(BYTE_ORDER_MARK) if head.startswith(BYTE_ORDER_MARK) else 0
    return head, len(head) - len(head[mark:].lstrip())


def _lines(source: Input, start: Position, head: bytes, in_groups: bool) -> Iterator[Batch]:
    """Batches of whole lines: first of what was read already, then of the rest."""
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
            for piece, lines in [(data, data.count(b"\n"))] if in_groups else _short(data):
                batch = _batch(source, place, piece, lines)
                place = batch.after
                yield batch
        else:
            parts.append(chunk)
        chunk = source.take()
    rest = b"".join(parts)
    if source.fault:
        rest = rest[: rest.rfind(b"\n") + 1]
    if rest:
        yield _batch(source, place, rest, rest.count(b"\n"))


def _last_group(data: bytes) -> int:
    """Where the last line begins that stands by itself: lines still to come may need it."""
    end = len(data)
    while end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        if ABOVE not in data[start:end]:
            return start
        end = start
    return 0


def _short(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The same lines in pieces of at most MAX_LINES, and how many those are."""
    lines = data.count(b"\n")
    while lines > MAX_LINES:
        rest = data.split(b"\n", MAX_LINES)[-1]
        yield data[: len(data) - len(rest)], MAX_LINES
        data, lines = rest, lines - MAX_LINES
    yield data, lines


def _batch(source: Input, place: Position, data: bytes, lines: int) -> Batch:
    after = Position(place.file, place.offset + len(data), place.line + lines)
    position = source.position()
    if not place.offset and data.startswith(BYTE_ORDER_MARK):
        text = data.removeprefix(BYTE_ORDER_MARK)
        return Batch(source.name, place.line, text, False, after, len(data), position)
    again = Again(source.name, source.file, place.offset, len(data)) if source.file else None
    return Batch(source.name, place.line, data, False, after, len(data), position, again=again)


def _is_begun(line: bytes) -> bool:
    """Whether a first line may be that of a document over several lines."""
    return line[:1] in (b"{", b"[") and not _is_json(line)


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
