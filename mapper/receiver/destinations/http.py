"""HTTP: a server takes events as JSON by POST, one in a request or an array of several.

The server may be anything, and slow or hostile: a request ends in time, of an answer only the beginning is
read, and no redirect is followed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp

from mapper.receiver.configuration.settings import HttpSettings
from mapper.receiver.destinations.backoff import read_retry_after
from mapper.receiver.destinations.destination import (
    MAX_ANSWER,
    Delivered,
    DeliveryError,
    EventsRefused,
    QueuedEvent,
    Tried,
    Verdict,
)
from mapper.version import __version__

# Bytes of an answer that are read so that the connection can be used again.
MAX_READ = 65_536
# Seconds; many servers close a connection after five, and a request must not meet that.
KEPT = 4.0
AGAIN = frozenset({408, 425, 429})
# Not about an event, but about this receiver: the events wait until the key is mended.
CLOSED = frozenset({401, 403})


@dataclass(slots=True)
class HttpDestination:
    """Sends events to a server. Its answers decide what becomes of them:

    2xx                             delivered
    408, 425, 429, 5xx, no answer   tried again
    401, 403, 3xx                   nothing is sent until a later try succeeds
    others                          dead
    """

    name: str
    settings: HttpSettings
    clock: Callable[[], float] = time.time
    _session: aiohttp.ClientSession | None = None

    @property
    def batch(self) -> int:
        """The events of a request."""
        return self.settings.events_per_request

    @property
    def concurrency(self) -> int:
        """The requests at the same time."""
        return self.settings.concurrency

    def begin(self, position: str) -> None:
        """Nothing is to be done: the server has no position."""

    def tidy(self) -> None:
        """Nothing is due."""

    async def end(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def deliver(self, events: Sequence[QueuedEvent]) -> Delivered:
        """Send events in one request."""
        body = events[0].event if self.batch == 1 else b"[" + b",".join(one.event for one in events) + b"]"
        try:
            status, answer, retry_after = await self._post(body)
        except TimeoutError:
            return _again(events, "timeout", "", None)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _again(events, _word(error), "", None)
        word = str(status)
        if 200 <= status < 300:
            return Delivered([Tried(Verdict.DELIVERED, word)] * len(events))
        if status in AGAIN or status >= 500:
            return _again(events, word, answer, retry_after)
        if status in CLOSED:
            raise DeliveryError(f"answers {word}: is its key right?", word, answer, retry_after)
        if 300 <= status < 400:
            raise DeliveryError(f"answers {word}: redirects are not followed, correct `url`", word, answer)
        raise EventsRefused(word, answer)

    async def _post(self, body: bytes) -> tuple[int, str, float | None]:
        """The status, the beginning of the answer, and the pause that it asks for."""
        async with (
            asyncio.timeout(self.settings.timeout),  # of all, however slowly an answer drips
            self._opened().post(self.settings.url, data=body, allow_redirects=False) as response,
        ):
            answer = b""
            while len(answer) < MAX_READ and (piece := await response.content.read(MAX_READ)):
                answer += piece
            retry_after = read_retry_after(response.headers.get("retry-after"), self.clock())
            return response.status, answer[:MAX_ANSWER].decode("utf-8", "replace"), retry_after

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {name: secret.value.decode("latin-1") for name, secret in self.settings.headers}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.settings.concurrency, keepalive_timeout=KEPT),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.settings.timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "Content-Type": "application/json",
                    "User-Agent": f"mapper/{__version__}",
                    "Accept-Encoding": "identity",  # an answer is never unpacked
                    **headers,
                },
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _again(events: Sequence[QueuedEvent], status: str, answer: str, wait: float | None) -> Delivered:
    return Delivered([Tried(Verdict.RETRY, status, answer, wait)] * len(events))


def _word(error: Exception) -> str:
    """The kind of a failure. The text of an error may hold the URL, and so a secret."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "name not found"
        case aiohttp.ClientConnectorCertificateError():
            return "certificate not trusted"
        case aiohttp.ClientSSLError():
            return "no TLS"
        case aiohttp.ClientConnectorError():
            return "no connection"
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return "answer cannot be read"
        case _:
            return "connection broken"
