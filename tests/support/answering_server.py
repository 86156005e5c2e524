"""An answering server: HTTP on a loopback port in a thread, which answers as a test says, and badly too."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator, MutableSequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from support.waiting import PATIENCE

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer as it is sent."""
    lines = [f"HTTP/1.1 {status} x", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Reply:
    """Bytes that are sent in pieces, each after a pause; then the connection goes on, closes, or hangs."""

    data: bytes = OK
    delay: float = 0.0
    piece: int = 0
    end: str = "go on"


HANG = Reply(b"", end="hang")
BREAK = Reply(b"", end="close")
CUT = Reply(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhal", end="close")
DRIP = Reply(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n" + b"." * 100, delay=0.1, piece=1)


@dataclass
class AnsweringServer:
    """Its requests with their bodies, and the number of connections; `reply` decides by a request's body.

    `taken` gets the ids of events that were answered with success.
    """

    reply: Callable[[bytes], Reply] = lambda body: Reply()
    requests: MutableSequence[tuple[dict[str, str], bytes]] = field(default_factory=list)
    taken: MutableSequence[str] = field(default_factory=list)
    connections: int = 0
    busy: int = 0
    busiest: int = 0
    port: int = 0
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    def ids(self) -> list[str]:
        """The ids of all events that came, in their order."""
        return [one["event_id"] for _, body in self.requests for one in _events(body)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connections += 1
        # Cancelled at the end of a test; asyncio would report a task that ends so.
        with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.transport.abort()
        self.tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            key.lower(): value for key, _, value in (line.partition(": ") for line in lines[1:] if line)
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.requests.append((headers, body))
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        reply = self.reply(body)
        try:
            size = reply.piece or len(reply.data) or 1
            for start in range(0, len(reply.data), size):
                await asyncio.sleep(reply.delay)
                is_whole = start + size >= len(reply.data)
                # Before it is written: whoever has the answer may look here at once.
                if is_whole and reply.data[9:10] == b"2" and reply.end == "go on":
                    self.taken.extend(one["event_id"] for one in _events(body))
                writer.write(reply.data[start : start + size])
                await writer.drain()
            if reply.end == "hang":
                await asyncio.sleep(3600)
        finally:
            self.busy -= 1
        return reply.end == "go on"


def _events(body: bytes) -> list[Any]:
    found = json.loads(body)
    return found if isinstance(found, list) else [found]


@contextmanager
def answering(
    reply: Callable[[bytes], Reply] = lambda body: Reply(), tls: ssl.SSLContext | None = None
) -> Iterator[AnsweringServer]:
    """A server, until the end of the block."""
    server = AnsweringServer(reply)
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def run() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
        server.port = listening.sockets[0].getsockname()[1]
        stop.append(asyncio.get_running_loop().create_future())
        ready.set()
        await stop[0]
        listening.close()
        for task in list(server.tasks):
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # transports are closed by the loop

    stop: list[asyncio.Future[None]] = []
    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop[0].set_result, None)
        thread.join(PATIENCE)
        loop.close()
