"""Blocks: bytes of a known number go through a pipe between processes without being copied on the way."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection

_IS_PLAIN_PIPE = hasattr(os, "readv")  # elsewhere only the connection itself can read and write


def send_block(pipe: Connection, data: bytes | memoryview) -> None:
    """Send bytes; the other side has to know how many."""
    if not _IS_PLAIN_PIPE:
        pipe.send_bytes(data)
        return
    view = memoryview(data)
    while view:
        view = view[os.write(pipe.fileno(), view) :]


def receive_block(pipe: Connection, size: int, room: memoryview | None = None) -> bytes | memoryview:
    """So many bytes, in `room` where they fit; EOFError where the pipe ends before."""
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
