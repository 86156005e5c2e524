"""Bodies: the bytes of a request are read and unpacked within bounds, whatever the sender says of them."""

from __future__ import annotations

import asyncio
import io
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mapper.streams.gzip_files import PIECE, GzipReader

# For a sender whose body is not wanted any more: the server would read on and wait for its end.
CLOSE = {"connection": "close"}

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Declined(Exception):
    """A request is not taken: its status, a word for metrics, and a sentence for the sender."""

    def __init__(self, status: int, reason: str, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.reason, self.text, self.headers = status, reason, text, headers or {}


class Gone(Exception):
    """The sender has left before its request was whole."""


@dataclass(slots=True)
class BodyRoom:
    """The bytes of bodies that may be in memory at once, of all requests that are being read."""

    size: int
    used: int = 0
    # Large bodies are unpacked in threads.
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def reserved(self) -> Iterator[RoomShare]:
        """The share of one request, given back at the end."""
        share = RoomShare(self)
        try:
            yield share
        finally:
            with self.lock:
                self.used -= share.taken


@dataclass(slots=True)
class RoomShare:
    """The bytes that one request has taken."""

    room: BodyRoom
    taken: int = 0

    def take(self, count: int) -> None:
        """Take more; raises Declined if all requests together would have too many."""
        with self.room.lock:
            if self.room.used + count > self.room.size:
                raise Declined(503, "memory", "too many large requests at once", {"retry-after": "1"})
            self.room.used += count
            self.taken += count


async def read_body(receive: Receive, announced: str, limit: int, share: RoomShare, seconds: float) -> bytes:
    """The bytes of a body.

    `announced` is the header `content-length`: a larger one is declined at once, a smaller one trusted in
    nothing. Raises Declined (413 for more than `limit` bytes, 408 after `seconds`) and Gone.
    """
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            return await _read_all(receive, limit, share)
    except TimeoutError:
        raise Declined(408, "slow", f"the body did not arrive within {seconds:g} seconds", CLOSE) from None


async def _read_all(receive: Receive, limit: int, share: RoomShare) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        share.take(len(part))
        if part:
            parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def unpacked(body: bytes, encoding: str, limit: int, share: RoomShare) -> bytes | None:
    """The unpacked bytes of a body with this `content-encoding`; None if it is not packed.

    Raises Declined (415 for another encoding than gzip, 400 for damaged bytes, 413 for more than `limit`).
    """
    names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
    match [name for name in names if name != "identity"]:
        case []:
            return None
        case ["gzip" | "x-gzip"]:
            pass
        case _:
            text = "the body may be packed with gzip, once, and in no other way"
            raise Declined(415, "encoding", text, {"accept-encoding": "gzip"})
    reader = GzipReader(io.BytesIO(body))
    parts: list[bytes] = []
    size = 0
    try:
        while part := reader.read1(PIECE):
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            share.take(len(part))
            parts.append(part)
    except (zlib.error, EOFError):
        raise Declined(400, "damaged", "the body is not gzip, or is damaged") from None
    return b"".join(parts)


def _too_large(limit: int) -> Declined:
    return Declined(413, "too-large", f"the body is larger than {limit:,} bytes", CLOSE)
