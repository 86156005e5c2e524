"""Pipes: blocks of bytes of a known size are sent between processes without a copy."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection

_IS_PLAIN_PIPE = hasattr(os, "readv")  # elsewhere only the connection itself can read and write


def send_block(pipe: Connection, data: bytes | memoryview) -> None:
    """Send bytes; the receiver has to know their number."""
    if not _IS_PLAIN_PIPE:
        pipe.send_bytes(data)
        return
    view = memoryview(data)
    while view:
        view = view[os.write(pipe.fileno(), view) :]


def receive_block(pipe: Connection, size: int, room: memoryview | None = None) -> bytes | memoryview:
    """A block of `size` bytes, in `room` if it fits; raises EOFError if the pipe ends before."""
    if not _IS_PLAIN_PIPE:
        return pipe.recv_bytes()
    block = room[:size] if room is not None and size <= len(room) else memoryview(bytearray(size))
    view = block
    while view:
        received = os.readv(pipe.fileno(), [view])
        if not received:
            raise EOFError
        view = view[received:]
    return block
