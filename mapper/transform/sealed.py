"""Sealed bytes: a line with the kind and its version, a line with the SHA-256 of the content, the content.

The seal detects accidents: a flipped bit, a cut, a half written file. It is no signature.
"""

from __future__ import annotations

import hashlib
from enum import Enum

_SEAL = 65  # hex digits and the end of their line


class SealFault(Enum):
    """Why bytes are not the sealed bytes that were asked for."""

    OTHER_KIND = "other kind"
    OTHER_VERSION = "other version"
    DAMAGED = "damaged"


def seal(kind: str, version: int, content: bytes) -> bytes:
    """The content with its two lines."""
    return _first(kind, version) + _seal(content) + content


def unseal(kind: str, version: int, data: bytes) -> bytes | SealFault:
    """The content of sealed bytes of that kind and version, or the fault."""
    first = _first(kind, version)
    begin, given, content = data[: len(first)], data[len(first) :][:_SEAL], data[len(first) + _SEAL :]
    if not first.startswith(begin):
        is_kind = begin.startswith(f"{kind} ".encode("ascii"))
        return SealFault.OTHER_VERSION if is_kind else SealFault.OTHER_KIND
    return content if given == _seal(content) else SealFault.DAMAGED


def _first(kind: str, version: int) -> bytes:
    return f"{kind} {version}\n".encode("ascii")


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode("ascii") + b"\n"
