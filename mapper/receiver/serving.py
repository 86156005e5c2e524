"""Serving: a receiver on a socket, from its first request to the signal that ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from asyncio import new_event_loop
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import uvicorn

from mapper.receiver.configuration.configuration import Address
from mapper.receiver.receiver import Receiver
from mapper.receiver.web.timed_protocol import TimedProtocol

with suppress(ImportError):  # there is none for Windows
    from uvloop import new_event_loop

CONNECTIONS = 1000
# Seconds for requests that are being answered when the receiver is told to stop.
DRAIN = 30
BACKLOG = 1024


class AddressError(Exception):
    """An address that cannot be listened on."""


def listen(address: Address) -> socket.socket:
    """A socket on an address; raises AddressError."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, place = found[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressError(f"cannot listen on {address}: {error.strerror or error}") from error
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise AddressError(f"cannot listen on {address}: {error.strerror or error}") from error
    return listening


class _Server(uvicorn.Server):
    """A server that leaves signals to `serve`, and ends if its receiver is broken."""

    def __init__(self, config: uvicorn.Config, receiver: Receiver) -> None:
        super().__init__(config)
        self._receiver = receiver

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._receiver.broken is not None

    def drain(self) -> None:
        """End soon: a balancer has time to see that readiness is 503."""
        self._receiver.health.is_stopping = True
        seconds = self._receiver.configuration.drain
        if seconds:
            asyncio.get_running_loop().call_later(seconds, setattr, self, "should_exit", True)
        else:
            self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    receiver: Receiver,
    listening: socket.socket,
    on_ready: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT and for `drain` more; then answer what is begun, and bring all to disk.

    The receiver is started and stopped. A second signal ends the process at once; nothing that was answered
    with success is lost by that.
    """
    config = uvicorn.Config(
        receiver.app(),
        http=TimedProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        # Who sends no HTTP could fill the log; faults of the app are told by the receiver.
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN,
    )
    server = _Server(config, receiver)
    try:
        receiver.start()
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_serve(server, listening, on_ready))
    finally:
        receiver.stop()


async def _serve(server: _Server, listening: socket.socket, on_ready: Callable[[], None]) -> None:
    with _signals(server):
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not task.done():
            await asyncio.sleep(0.01)
        if server.started:
            on_ready()
        await task


@contextmanager
def _signals(server: _Server) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if numbers:
            os._exit(128 + number)
        numbers.append(number)
        loop.call_soon_threadsafe(server.drain)

    handlers: dict[int, Any] = {signal.SIGTERM: stop, signal.SIGINT: stop}
    before: dict[int, Any] = {number: signal.signal(number, one) for number, one in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
