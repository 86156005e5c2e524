"""Admin page: its routes. A key opens a session; each form sends the session's token; nothing is cached."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mapper.receiver.admin.chart import hour_chart
from mapper.receiver.admin.letter_view import view_letter
from mapper.receiver.admin.pages import HEADERS, page, style
from mapper.receiver.admin.queue_view import queue_entries
from mapper.receiver.admin.sessions import LIFETIME, AdminSession, AdminSessions
from mapper.receiver.delivery.undelivered import UndeliveredFilter
from mapper.receiver.outcomes.dead_letters import DeadLetterFilter, Replayer, newest_letters
from mapper.receiver.outcomes.replay_requests import ReplayRequest
from mapper.receiver.spool.figures import age
from mapper.receiver.spool.reports import open_reader
from mapper.receiver.spool.tables import SpoolError
from mapper.receiver.web.bodies import BodyRoom, Declined, Gone, read_body
from mapper.receiver.web.metrics import OperatingState
from mapper.receiver.web.tally import ReceiverTally

COOKIE = "mapper_admin"
MAX_FORM = 16 * 1024
PAGE_ROWS = 50
REPLAY_FIELDS = ("kind", "destination", "source", "code", "field", "since", "number")
PERIODS = {"1h": 3_600, "24h": 86_400, "7d": 7 * 86_400}
# Wrong keys are answered one after the other, a second each; more of them at once are refused.
WRONG_SECONDS = 1.0
MAX_WRONG = 10

Form = dict[str, str]
Shower = Callable[[Request, AdminSession], Awaitable[Response]]
Doer = Callable[[Request, AdminSession, Form], Awaitable[Response]]


@dataclass(slots=True)
class WrongKeys:
    """Makes those wait who give wrong keys."""

    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def wait(self) -> bool:
        """Wait for one's turn; false if too many wait."""
        if self.waiting >= MAX_WRONG:
            return False
        self.waiting += 1
        try:
            async with self.turn:
                await asyncio.sleep(WRONG_SECONDS)
        finally:
            self.waiting -= 1
        return True


@dataclass(frozen=True, slots=True)
class AdminPage:
    """The page of a receiver: its parts that are shown, and `replay`, which answers as
    `ReplayRequest.run` does.
    """

    sessions: AdminSessions
    tally: ReceiverTally
    state: Callable[[], OperatingState]
    replayer: Callable[[], Replayer]
    replay: Callable[[ReplayRequest], dict[str, Any]]
    folder: Path
    _wrong: WrongKeys = field(default_factory=WrongKeys)
    # A letter of a large body takes time and memory to be shown.
    _one_view: asyncio.Lock = field(default_factory=asyncio.Lock)

    def routes(self) -> list[Route]:
        """The routes, for an application."""

        async def style_sheet(request: Request) -> Response:
            return style()

        return [
            Route("/admin", self._shown(self._overview), methods=["GET"]),
            Route("/admin/letters", self._shown(self._letters), methods=["GET"]),
            Route("/admin/letters/{number:int}", self._shown(self._letter), methods=["GET"]),
            Route("/admin/undelivered", self._shown(self._undelivered), methods=["GET"]),
            Route("/admin/style.css", style_sheet, methods=["GET"]),
            Route("/admin/login", self._login, methods=["POST"]),
            Route("/admin/logout", self._done(self._logout), methods=["POST"]),
            Route("/admin/replay", self._done(self._replay), methods=["POST"]),
        ]

    def _shown(self, show: Shower) -> Callable[[Request], Awaitable[Response]]:
        """A page for those who have a session; the form for a key for all others."""

        async def answer(request: Request) -> Response:
            session = self.sessions.find(_cookies(request))
            if session is None:
                return page("login", 403, base=_base(request), fault="")
            try:
                return await show(request, session)
            except SpoolError:
                return _told(request, session, 503, "The spool cannot be read now.")

        return answer

    def _done(self, do: Doer) -> Callable[[Request], Awaitable[Response]]:
        """The answer to a form that has the token of its session and is sent by our own page."""

        async def answer(request: Request) -> Response:
            session = self.sessions.find(_cookies(request))
            form = await _form(request)
            if session is None:
                return page("login", 403, base=_base(request), fault="The session has ended.")
            if form is None or _is_foreign(request) or not session.allows(form.get("token", "")):
                return _told(
                    request, session, 403, "This form is not from this page. Go back and load it again."
                )
            try:
                return await do(request, session, form)
            except SpoolError:
                return _told(request, session, 503, "The spool cannot be written now.")

        return answer

    async def _login(self, request: Request) -> Response:
        form = None if _is_foreign(request) else await _form(request)
        if form is None:
            return page("login", 403, base=_base(request), fault="This form is not from this page.")
        cookie = self.sessions.open(form.get("key", ""))
        if cookie is None:
            if await self._wrong.wait():
                return page("login", 403, base=_base(request), fault="This key is wrong.")
            return page("login", 429, base=_base(request), fault="Too many wrong keys. Wait a minute.")
        answer = _redirect(request)
        self._set_cookie(answer, request, cookie, int(LIFETIME))
        return answer

    async def _logout(self, request: Request, session: AdminSession, form: Form) -> Response:
        self.sessions.close(_cookies(request))
        answer = _redirect(request)
        self._set_cookie(answer, request, "", 0)
        return answer

    @staticmethod
    def _set_cookie(answer: Response, request: Request, value: str, seconds: int) -> None:
        # A proxy may end TLS before us; who only claims so harms nobody else.
        is_secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
        place = f"{_base(request)}/admin"
        answer.set_cookie(
            COOKIE, value, max_age=seconds, path=place, secure=is_secure, httponly=True, samesite="strict"
        )

    async def _overview(self, request: Request, session: AdminSession) -> Response:
        state = await asyncio.to_thread(self.state)
        charts = {name: hour_chart(self.tally.last_hour(name)) for name in state.figures.sources}
        return page(
            "overview",
            **_common(request, session, "overview"),
            state=state,
            charts=charts,
            waiting_age=age(state.figures.oldest_waiting),
        )

    async def _letters(self, request: Request, session: AdminSession) -> Response:
        query = request.query_params
        period = query.get("since", "")
        chosen = DeadLetterFilter(
            source=query.get("source", ""),
            code=query.get("code", "").strip().upper(),
            field=query.get("field", "").strip(),
            since=_since(period),
        )
        before = _number(query.get("before", ""))

        def read() -> list[Any]:
            with open_reader(self.folder) as db:
                return newest_letters(db, chosen, before, PAGE_ROWS + 1)

        letters = await asyncio.to_thread(read)
        pairs = [(name, query.get(name, "")) for name in ("source", "code", "field", "since")]
        older = ""
        if len(letters) > PAGE_ROWS:
            older = urlencode([*pairs, ("before", str(letters[PAGE_ROWS - 1].id))])
        return page(
            "letters",
            **_common(request, session, "letters"),
            letters=letters[:PAGE_ROWS],
            chosen=chosen,
            period=period,
            periods=list(PERIODS),
            sources=sorted(self.replayer().mappings),
            older=older,
            is_first=before == 0,
        )

    async def _letter(self, request: Request, session: AdminSession) -> Response:
        number = min(request.path_params["number"], 2**62)
        async with self._one_view:
            view = await asyncio.to_thread(view_letter, number, self.replayer())
        if view is None:
            return _told(
                request, session, 404, f"There is no dead letter {number}. It may have been replayed."
            )
        return page("letter", **_common(request, session, "letters"), view=view)

    async def _undelivered(self, request: Request, session: AdminSession) -> Response:
        state = await asyncio.to_thread(self.state)
        first = next(iter(state.figures.queues), "")
        destination = request.query_params.get("destination", first)
        before = _number(request.query_params.get("before", ""))
        kind = "dead" if request.query_params.get("state") == "dead" else "waiting"

        def read() -> list[Any]:
            with open_reader(self.folder) as db:
                return queue_entries(db, destination, kind == "dead", before, PAGE_ROWS + 1)

        entries = await asyncio.to_thread(read)
        older = ""
        if len(entries) > PAGE_ROWS:
            last = entries[PAGE_ROWS - 1].event
            older = urlencode({"destination": destination, "state": kind, "before": last})
        return page(
            "undelivered",
            **_common(request, session, "undelivered"),
            entries=entries[:PAGE_ROWS],
            chosen=destination,
            state=kind,
            queues=state.figures.queues,
            older=older,
        )

    async def _replay(self, request: Request, session: AdminSession, form: Form) -> Response:
        chosen = DeadLetterFilter(
            source=form.get("source", ""),
            code=form.get("code", ""),
            field=form.get("field", ""),
            since=form.get("since", ""),
            number=_number(form.get("number", "")),
        )
        is_try = form.get("step") != "replay"
        asked = ReplayRequest(chosen, None, is_try)
        is_of_events = form.get("kind") == "events"
        if is_of_events:
            events = UndeliveredFilter(destination=form.get("destination", ""))
            asked = ReplayRequest(None, None, is_try, events)
        answer = await asyncio.to_thread(self.replay, asked)
        return page(
            "replay",
            **_common(request, session, "undelivered" if is_of_events else "letters"),
            # The second form asks for the same as the first one.
            fields={name: text for name, text in form.items() if name in REPLAY_FIELDS},
            is_try=is_try,
            answer=answer,
        )


def _base(request: Request) -> str:
    """The path below which an application that hosts the receiver has put it."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def _common(request: Request, session: AdminSession, here: str) -> dict[str, Any]:
    return {"base": _base(request), "token": session.form_token, "here": here}


def _told(request: Request, session: AdminSession, status: int, text: str) -> Response:
    return page("told", status, **_common(request, session, ""), text=text)


def _redirect(request: Request) -> Response:
    return Response(b"", 303, {**HEADERS, "location": f"{_base(request)}/admin"})


def _cookies(request: Request) -> list[str]:
    """The values of our cookie; a browser may send several of one name."""
    pairs = (pair.partition("=") for pair in request.headers.get("cookie", "").split(";"))
    return [value.strip() for name, _, value in pairs if name.strip() == COOKIE]


def _is_foreign(request: Request) -> bool:
    """True if a browser says that the page of another place sends the form."""
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


async def _form(request: Request) -> Form | None:
    """The fields of a form; None if it is too large or cannot be read."""
    with BodyRoom(MAX_FORM).reserved() as share:
        try:
            announced = request.headers.get("content-length", "")
            body = await read_body(request.receive, announced, MAX_FORM, share, 10.0)
            return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20))
        except (Declined, Gone, ValueError):
            return None


def _number(text: str) -> int:
    """A number of a row; 0 for another text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _since(period: str) -> str:
    if period not in PERIODS:
        return ""
    moment = datetime.now(UTC) - timedelta(seconds=PERIODS[period])
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
