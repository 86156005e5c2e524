"""Timed protocol: HTTP/1.1 on one connection, with bounds for what has no bounds in the server.

The parser is llhttp (httptools), which is several times as fast as one in Python. It refuses what proxies
read in several ways: two lengths, unknown transfer encodings, blanks in names, lone line feeds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mapper.receiver.web.app import MAX_HEAD_BYTES

# Seconds in which a head has to arrive, also the first of a connection.
HEAD_SECONDS = 10.0


class PipelineFlow(FlowControl):
    """Reads no further while requests wait for their turn: a sender could fill the memory with them."""

    def __init__(self, transport: asyncio.Transport, waiting: deque[Any]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, if all requests that were read are begun."""
        if not self._waiting:
            super().resume_reading()


class TimedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose heads have bounds in time and size (the app bounds its bodies).

    Bytes are counted as they come, from the last one that was a body's or the end of a head: so trailers and
    the heads of chunks are bounded as well. A bound is passed by less than what is read at once.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _is_in_head = False
    _unused = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self.flow = PipelineFlow(transport, self.pipeline)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that is not whole has to be so in time."""
        self._unused += len(data)
        super().data_received(data)
        if self._unused > MAX_HEAD_BYTES:
            self.send_400_response("The head of the request is too large.")
        self._watch_head()

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._is_in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one behind the body is none (RFC 9110 §6.5.1)."""
        if self._is_in_head:
            super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        """Begin a request."""
        self._is_in_head, self._unused = False, 0
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # The parser reads no HTTP behind it.
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._unused = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; what follows belongs to the next one."""
        self._unused = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request; a part of its head may be there already."""
        super().on_response_complete()
        if self._is_in_head:
            self._watch_head()

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no request, and close; requests before them are answered first."""
        if self.transport.is_closing():
            return
        if self._is_waiting() or self.cycle.more_body:
            super().send_400_response(msg)
        else:
            self.flow.pause_reading()
            self.cycle.keep_alive = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_watch()
        super().connection_lost(exc)

    def _is_waiting(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _watch_head(self) -> None:
        if not self._is_waiting() or self.transport.is_closing():
            self._stop_watch()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_watch(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self._is_waiting():
            self.transport.close()
