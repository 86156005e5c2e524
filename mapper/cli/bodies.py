"""Bodies: files of NDJSON or JSON, packed or not, become request bodies, one at a time."""

from __future__ import annotations

import gzip
import io
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec

from mapper.cli.stop import Stop

FORMS = ("auto", "ndjson", "json")
STDIN = "-"
GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LOOK_AHEAD = 64 * 1024 * 1024  # how much of a document over several lines is read to recognise it


class ReadError(Exception):
    """An input that breaks off: a damaged gzip file, a failing disk. What was read before it counts."""


@dataclass(frozen=True, slots=True)
class Body:
    """One request body and the line of the file at which it begins."""

    file: str
    line: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Input:
    """An open input: its unpacked bytes, and how far its file has been read."""

    name: str
    stream: BinaryIO
    packed: BinaryIO

    def position(self) -> int:
        """Bytes of the file read so far, for progress; 0 for a pipe."""
        return self.packed.tell() if self.packed.seekable() else 0

    def bodies(self, form: str) -> Iterator[Body]:
        """Every body of this input; `ReadError` where the input breaks off."""
        try:
            yield from _bodies(self.name, self.stream, form)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ReadError(f"`{self.name}` is damaged: {error}") from None
        except OSError as error:
            raise ReadError(f"`{self.name}` cannot be read: {error.strerror or error}") from None


@contextmanager
def open_input(name: str) -> Iterator[Input]:
    """Open a file, or standard input for `-`; gzip is recognised by its first bytes."""
    if name == STDIN:
        yield Input("<stdin>", _unpacked(sys.stdin.buffer), sys.stdin.buffer)
        return
    with Path(name).open("rb") as packed:
        yield Input(name, _unpacked(packed), packed)


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


def _unpacked(stream: BinaryIO) -> BinaryIO:
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    if buffered.peek(2)[:2] == GZIP_MAGIC:
        return gzip.GzipFile(fileobj=buffered, mode="rb")  # type: ignore[return-value]
    return buffered


def _bodies(name: str, stream: BinaryIO, form: str) -> Iterator[Body]:
    if form == "json":
        document = stream.read().removeprefix(BYTE_ORDER_MARK)
        if document.strip():
            yield Body(name, 1, document)
        return
    number, first = _first_line(stream)
    rest: Iterable[bytes] = stream
    if form == "auto" and first.lstrip()[:1] in (b"{", b"[") and not _is_json(first):
        ahead = stream.read(LOOK_AHEAD)
        if _is_json(first + ahead):
            yield Body(name, number, first + ahead)
            return
        rest = _joined(ahead, stream)
    for line in chain((first,), rest):
        if line.strip():
            yield Body(name, number, line.rstrip(b"\r\n"))
        number += 1


def _first_line(stream: BinaryIO) -> tuple[int, bytes]:
    """The first line that is not blank, and its number; empty at the end of the input."""
    line = stream.readline().removeprefix(BYTE_ORDER_MARK)
    number = 1
    while line and not line.strip():
        line = stream.readline()
        number += 1
    return number, line


def _joined(ahead: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """The lines of what was read ahead, then those of the rest."""
    for line in io.BytesIO(ahead):
        yield line if line.endswith(b"\n") else line + stream.readline()
    yield from stream


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
