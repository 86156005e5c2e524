"""Digests: short proofs that an input, an option or a mapping is what it was before."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Sequence
from io import BufferedReader

from mapper.streams.batches import open_raw, reading
from mapper.streams.inputs import STDIN

HEAD = 64 * 1024  # bytes of an input that are compared


def digest(value: object) -> str:
    """The SHA-256 of a JSON value, or of bytes, in hex digits."""
    data = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()


def digest_inputs(names: Sequence[str]) -> list[str]:
    """For each input its size, its time of change and its first bytes, as a digest; "" for a pipe.

    Raises BrokenInput if a file cannot be read.
    """
    return [_digest_stdin() if name == STDIN else _digest_file(name) for name in names]


def _digest_stdin() -> str:
    """That of the file that standard input comes from; its bytes cannot be read twice."""
    if sys.stdin is None:
        return ""
    with reading("<stdin>"):
        return _digest(os.fstat(sys.stdin.fileno()), b"")


def _digest_file(name: str) -> str:
    with reading(name):
        status = os.stat(name)
        if not stat.S_ISREG(status.st_mode):
            return ""  # opening a pipe would take it from its reader
        with BufferedReader(open_raw(name)) as stream:
            return _digest(os.fstat(stream.fileno()), stream.read(HEAD))


def _digest(status: os.stat_result, head: bytes) -> str:
    if not stat.S_ISREG(status.st_mode):
        return ""
    # Files that the system makes while they are read have a size of 0, and no lasting time of change.
    return digest([status.st_size, status.st_mtime_ns if status.st_size else 0, digest(head)])
