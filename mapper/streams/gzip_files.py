"""Gzip files: a gzip file becomes its bytes, and bytes become gzip members (RFC 1952)."""

from __future__ import annotations

import zlib
from typing import BinaryIO, Protocol

GZIP_MAGIC = b"\x1f\x8b"
PIECE = 64 * 1024  # packed bytes read at once
LEVEL = 6
_GZIP = 31  # zlib's number for the gzip format with the largest window


class Readable(Protocol):
    """A stream that bodies are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """That many bytes, fewer only at the end; -1 for all of them."""

    def read1(self, size: int = -1, /) -> bytes:
        """Some bytes, at most that many; none at the end."""

    def seek(self, offset: int, /) -> int:
        """Go on at an offset."""


class GzipReader:
    """The bytes of a gzip file with one member or more; zeros may follow a member, as padding.

    If the file is damaged, or other bytes follow, all bytes before the damage are read first; then zlib.error
    or EOFError is raised. A file without any member was cut at its beginning.
    """

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._member = zlib.decompressobj(_GZIP)
        self._input = b""
        self._started = True  # a first member is expected
        self._fault: Exception | None = None

    def read1(self, size: int = -1) -> bytes:
        """Some bytes, at most `size`; none at the end."""
        if self._fault:
            raise self._fault
        while True:
            if self._member.eof:
                self._input = self._member.unused_data.lstrip(b"\0")
                self._member, self._started = zlib.decompressobj(_GZIP), False
            while not self._input:
                piece = self._packed.read(PIECE)
                if not piece:
                    if self._started:
                        raise EOFError("it ends in the middle")
                    return b""
                self._input = piece if self._started else piece.lstrip(b"\0")
            self._started = True
            data = self._member.decompress(self._input, PIECE if size < 0 else min(size, 16 * PIECE))
            self._input = self._member.unconsumed_tail
            if data:
                return data

    def read(self, size: int = -1) -> bytes:
        """That many bytes, fewer only at the end or before damage; -1 for all of them."""
        parts: list[bytes] = []
        while size:
            try:
                part = self.read1(size)
            except (EOFError, zlib.error, OSError) as fault:
                if not parts:
                    raise
                self._fault = fault
                break
            if not part:
                break
            parts.append(part)
            size -= len(part) if size > 0 else 0
        return b"".join(parts)

    def seek(self, offset: int) -> int:
        """Go on at an offset behind the present one, counted from there."""
        left = offset
        while left:
            skipped = len(self.read1(min(left, 16 * PIECE)))
            if not skipped:
                break
            left -= skipped
        return offset - left


class GzipWriter:
    """Packs bytes into gzip members; the output depends on the bytes alone."""

    def __init__(self) -> None:
        self._member: zlib._Compress | None = None

    def pack(self, data: bytes | memoryview) -> bytes:
        """The next bytes of the present member."""
        if self._member is None:
            self._member = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
        return self._member.compress(data)

    def end_member(self) -> bytes:
        """The last bytes of the present member, if one is begun."""
        if self._member is None:
            return b""
        data, self._member = self._member.flush(), None
        return data
