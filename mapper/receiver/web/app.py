"""App: HTTP requests are authenticated and made durable, and only then answered with success (ASGI).

The order of checks is that of their cost: route and method, keys in the head, load, the size of the body
while it is read, signatures, the disk. No mapping runs before the answer, and none changes it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from traceback import extract_tb
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from mapper.receiver.configuration.checks import BasicCheck, BearerCheck
from mapper.receiver.configuration.configuration import RequestSource
from mapper.receiver.request import Kept, Pairs, ReceivedRequest, RequestHead
from mapper.receiver.spool.acceptance import Intake, Overloaded
from mapper.receiver.web.bodies import CLOSE, BodyRoom, Declined, Gone, RoomShare, read_body, unpacked
from mapper.receiver.web.health import Health
from mapper.receiver.web.verifiers import Refused, Verified, Verifier

# Bounds of a head. Servers have bounds of their own; this one holds behind each of them.
MAX_HEADERS = 200
MAX_HEAD_BYTES = 64 * 1024
MAX_PARAMETERS = 500
# Seconds in which a body has to arrive. No vendor waits as long for its answer.
BODY_SECONDS = 30.0
BODY_ROOM = 256 * 1024 * 1024
# Bytes from which digests and unpacking are done beside the loop that serves the other requests.
LARGE = 256 * 1024
# Characters of a challenge; those of known vendors have less than 100.
MAX_CHALLENGE = 4096


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer, for metrics and logs: no value of the request is in it.

    `reason` is a word, and empty for success. `used` has the places of the secrets that were right. `id` is
    in the header `x-request-id` of the answer, `received_at` the time of receipt as in the spool; it is empty
    for a request that is not taken.
    """

    source: str
    status: int
    reason: str
    seconds: float
    used: tuple[str, ...] = ()
    id: str = ""
    received_at: str = ""


@dataclass(frozen=True, slots=True)
class TakenRequest:
    """The answer to a request that is on disk, the secrets that were right, and the time of receipt."""

    response: Response
    used: tuple[str, ...]
    received_at: str


@dataclass(slots=True)
class Landing:
    """Wakes a loop once for all requests that are on disk together."""

    _accepted: Future[None] | None = None
    _landed: asyncio.Future[None] | None = None

    def of(self, accepted: Future[None]) -> asyncio.Future[None]:
        """The future of the running loop for that of an intake."""
        loop = asyncio.get_running_loop()
        if self._landed is None or self._accepted is not accepted or self._landed.get_loop() is not loop:
            self._accepted, self._landed = accepted, asyncio.wrap_future(accepted, loop=loop)
        return self._landed


@dataclass(frozen=True, slots=True)
class Reception:
    """All sources of a receiver with the spool behind them.

    `kept` has for each source by its name the part of a request that is kept. `observe` is called with each
    answer, `on_fault` with a sentence about a defect of this program; `now` gives the time of receipt,
    `clock` the seconds since 1970 for signatures. `routes` are served beside those of the sources.
    """

    sources: tuple[RequestSource, ...]
    kept: Mapping[str, Kept]
    intake: Intake
    observe: Callable[[Answered], None] = lambda answered: None
    on_fault: Callable[[str], None] = lambda text: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.time
    body_seconds: float = BODY_SECONDS
    room: BodyRoom = field(default_factory=lambda: BodyRoom(BODY_ROOM))
    health: Health = field(default_factory=Health)
    landing: Landing = field(default_factory=Landing)
    routes: tuple[BaseRoute, ...] = ()

    def app(self) -> Starlette:
        """The ASGI application, to be served alone or mounted into another one."""
        paths = dict.fromkeys(source.path for source in self.sources)
        taking = [Route(path, PathEndpoint(self, path)) for path in paths]
        watching = self.health.routes(self.intake.overloaded)
        app = Starlette(routes=[*taking, *watching, *self.routes])
        # A path with a slash more is another path: a redirect would lose the body of a POST.
        app.router.redirect_slashes = False
        return app


class PathEndpoint:
    """Takes the requests of one path for the sources that share it (an ASGI application)."""

    def __init__(self, reception: Reception, path: str) -> None:
        self._reception = reception
        self._takers = {
            method: SourceTaker(reception, source)
            for source in reception.sources
            if source.path == path
            for method in source.methods
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begun = time.monotonic()
        taker = self._takers.get(scope["method"])
        taken: TakenRequest | None = None
        reason = ""
        try:
            if taker is None:
                allowed = ", ".join(sorted(self._takers))
                raise Declined(405, "method", "this path takes other methods", {"allow": allowed})
            taken = await taker.take(scope, receive)
            response = taken.response
        except Declined as declined:
            response, reason = _error(declined), declined.reason
        except Gone:
            return
        except Exception as error:
            # The text of an error may hold a value of the request.
            self._reception.on_fault(f"a request met a defect of mapper: {_place_of(error)}")
            reason = "defect"
            response = _error(Declined(500, reason, "the receiver has met a defect"))
        name = taker.source.name if taker else scope["path"]
        number = secrets.token_hex(8)
        response.headers["x-request-id"] = number
        used, moment = (taken.used, taken.received_at) if taken else ((), "")
        seconds = time.monotonic() - begun
        self._reception.observe(Answered(name, response.status_code, reason, seconds, used, number, moment))
        await response(scope, receive, send)


class SourceTaker:
    """Takes the requests of one source."""

    def __init__(self, reception: Reception, source: RequestSource) -> None:
        self.source = source
        self._reception = reception
        self._verifier = Verifier(source.verify, reception.clock)
        self._status = source.answer

    async def take(self, scope: Scope, receive: Receive) -> TakenRequest:
        """Bring a request to disk; raises Declined and Gone."""
        head = read_head(scope, self.source)
        used = self._passed(self._verifier.check_head(head))
        self._admit(self._reception.intake.overloaded())
        with self._reception.room.reserved() as share:
            body, more = await self._body(head, receive, share)
            moment = self._reception.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
            request = ReceivedRequest(self._reception.kept[self.source.name].part_of(head), body, moment)
            accepted = self._reception.intake.accept(request)
            if isinstance(accepted, Overloaded):
                self._admit(accepted)
            else:
                await self._written(self._reception.landing.of(accepted))
        return TakenRequest(self._success(body), used + more, moment)

    async def _body(
        self, head: RequestHead, receive: Receive, share: RoomShare
    ) -> tuple[bytes, tuple[str, ...]]:
        """The unpacked body after its signatures are checked, and the secrets that were right."""
        limit, seconds = self.source.max_body, self._reception.body_seconds
        announced, encoding = (
            "".join(head.header(name)[:1]) for name in ("content-length", "content-encoding")
        )
        raw = await read_body(receive, announced, limit, share, seconds)
        if len(raw) > LARGE:
            return await asyncio.to_thread(self._checked, head, raw, encoding, share)
        return self._checked(head, raw, encoding, share)

    def _checked(
        self, head: RequestHead, raw: bytes, encoding: str, share: RoomShare
    ) -> tuple[bytes, tuple[str, ...]]:
        data = unpacked(raw, encoding, self.source.max_body, share)
        body, packed = (raw, None) if data is None else (data, raw)
        return body, self._passed(self._verifier.check_body(head, body, packed))

    def _passed(self, verdict: Verified | Refused) -> tuple[str, ...]:
        if isinstance(verdict, Refused):
            challenge = {"www-authenticate": _scheme(self.source)}
            raise Declined(401, verdict.reason.value, verdict.text, challenge)
        return verdict.used

    @staticmethod
    def _admit(overloaded: Overloaded | None) -> None:
        if overloaded is not None:
            headers = {"retry-after": str(overloaded.retry_after)}
            raise Declined(503, "overloaded", overloaded.reason, headers)

    @staticmethod
    async def _written(done: asyncio.Future[None]) -> None:
        """Wait until the request is on disk. A sender that leaves meanwhile takes no other's wait along."""
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            raise
        except Exception:
            # The spool reports its fault itself; to the sender it is a reason to come again.
            raise Declined(503, "disk", "the request could not be written", {"retry-after": "30"}) from None

    def _success(self, body: bytes) -> Response:
        status = self._status
        challenge = _challenge(body, self.source.challenge) if self.source.challenge else None
        if challenge is not None:
            return Response(challenge, status, {"x-content-type-options": "nosniff"}, "text/plain")
        return Response(b"" if status in (204, 205) else b"accepted\n", status, media_type="text/plain")


def read_head(scope: Scope, source: RequestSource) -> RequestHead:
    """The head of a request; raises Declined for one that is larger than any vendor's."""
    written = scope["headers"]
    query = scope["query_string"]
    size = len(query) + sum(len(name) + len(value) for name, value in written)
    if len(written) > MAX_HEADERS or size > MAX_HEAD_BYTES:
        raise Declined(431, "head", "the head of the request is too large")
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in written)
    if {"content-length", "transfer-encoding"} <= {name for name, _ in headers}:
        # A proxy before us may take the other one, and another request to begin elsewhere (RFC 9112 §6.1).
        raise Declined(400, "length", "the length of the body is told in two ways", CLOSE)
    return RequestHead(scope["method"], source.path, headers, _read_query(query), source.name)


def _read_query(query: bytes) -> Pairs:
    try:
        text = query.decode("ascii")
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="replace"))
    except ValueError:
        raise Declined(400, "query", "the query cannot be read") from None


def _scheme(source: RequestSource) -> str:
    """The scheme of authentication that a 401 has to name (RFC 9110 §11.6.1)."""
    for check in source.verify:
        match check:
            case BasicCheck():
                return 'Basic realm="receiver", charset="UTF-8"'
            case BearerCheck():
                return "Bearer"
            case _:
                pass
    return "Key"


def _challenge(body: bytes, path: tuple[str | int, ...]) -> str | None:
    """The text at a path of names and indexes; None if there is none."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    for step in path:
        match value:
            case dict() if isinstance(step, str):
                value = value.get(step)
            case list() if isinstance(step, int) and -len(value) <= step < len(value):
                value = value[step]
            case _:
                return None
    is_text = isinstance(value, str) and 0 < len(value) <= MAX_CHALLENGE
    return value.encode("utf-8", "replace").decode() if is_text else None


def _place_of(error: Exception) -> str:
    frames = extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + place


def _error(declined: Declined) -> Response:
    content = msgspec.json.encode({"error": declined.text})
    return Response(content, declined.status, declined.headers, "application/json")
