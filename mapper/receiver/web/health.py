"""Health: the answers to those who watch a receiver. They hold no value of a request and no secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.receiver.spool.acceptance import Overloaded

NOT_STORED = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


@dataclass(frozen=True, slots=True)
class ReadinessNote:
    """A reason for which an old part serves; `place` is the name of a file and a line."""

    message: str
    code: str = ""
    place: str = ""


def note_of(diagnostic: Diagnostic) -> ReadinessNote:
    """A diagnostic in one line. The folder of its file is left out: readiness may be seen from elsewhere."""
    span = diagnostic.span
    place = "" if span is None else f"{span.file.name.replace(chr(92), '/').rpartition('/')[2]}:{span.line}"
    return ReadinessNote(diagnostic.message, diagnostic.code, place)


@dataclass(slots=True)
class Health:
    """How a receiver is; `notes` may be replaced while it runs. `is_stopping` if it was told to end."""

    notes: tuple[ReadinessNote, ...] = ()
    is_stopping: bool = False

    def readiness(self, overloaded: Overloaded | None) -> Response:
        """200 if requests are taken, also if an old part serves (`degraded`); 503 if they are refused,
        or will be soon."""
        if self.is_stopping:
            return _answer(503, "stopping", (), NOT_STORED)
        if overloaded is not None:
            headers = {"retry-after": str(overloaded.retry_after), **NOT_STORED}
            return _answer(503, "overloaded", (ReadinessNote(overloaded.reason),), headers)
        return _answer(200, "degraded" if self.notes else "ready", self.notes, NOT_STORED)

    def routes(self, overloaded: Callable[[], Overloaded | None]) -> list[Route]:
        """`/livez`: the process answers; `/readyz`: it takes requests."""

        async def livez(request: Request) -> Response:
            return _answer(200, "alive", (), NOT_STORED)

        async def readyz(request: Request) -> Response:
            return self.readiness(overloaded())

        return [Route("/livez", livez), Route("/readyz", readyz)]


def _answer(status: int, word: str, notes: tuple[ReadinessNote, ...], headers: dict[str, str]) -> Response:
    content = msgspec.json.encode({"status": word, "reasons": notes})
    return Response(content, status, headers, "application/json")
