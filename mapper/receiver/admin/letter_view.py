"""Letter view: a dead letter as the page shows it, the mapping's lines beside the payload's place."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from itertools import islice

from mapper.diagnostics.codes import CODES
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.render.snippet import Row, layout
from mapper.diagnostics.render.text import marks_by_file
from mapper.receiver.admin.payload_lines import PayloadLine, payload_lines, text_lines
from mapper.receiver.outcomes.dead_letters import (
    DeadLetter,
    DeadLetterFilter,
    Replayer,
    dead_letters,
    item_at,
)
from mapper.receiver.outcomes.served_mapping import ServedMapping
from mapper.receiver.request import ReceivedRequest
from mapper.receiver.spool.spool import stored_request
from mapper.streams.envelopes import ItemPath, read_location
from mapper.transform.body import read_body
from mapper.transform.json_text import Body
from mapper.transform.result import Outcome, Rejected, Skipped

ROOM = 100  # cells of a line of a mapping


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of one file of a mapping: the name of the file with a line, and its rows with markers."""

    place: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class LetterReason:
    """A reason for a rejection: the code with its meaning, and the mapping's lines beside the payload's.

    `location` is the place in the payload; it is empty if it is not known.
    """

    code: str
    meaning: str
    message: str
    hints: tuple[str, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    location: str = ""
    payload: tuple[PayloadLine, ...] = ()


@dataclass(frozen=True, slots=True)
class LetterView:
    """A dead letter with its reasons; `note` says what has changed since it was rejected, or is empty."""

    letter: DeadLetter
    reasons: tuple[LetterReason, ...]
    note: str = ""


def view_letter(number: int, replayer: Replayer) -> LetterView | None:
    """The view of a dead letter by its number; None if it is gone. Raises SpoolError.

    The item is mapped again by the present mapping, which is pure, so that its places can be shown.
    """

    def find(db: sqlite3.Connection) -> tuple[list[DeadLetter], ReceivedRequest | None]:
        letters = dead_letters(db, DeadLetterFilter(number=number), limit=1)
        return letters, stored_request(db, letters[0].request) if letters else None

    letters, request = replayer.spool.read(find)
    if not letters or request is None:
        return None
    letter, mapping = letters[0], replayer.mapping_of(letters[0])
    outcome = None if mapping is None else _outcome(letter, request, mapping, replayer)
    value = _value_of(letter, request)
    note = _note(letter, mapping, outcome)
    found = outcome.diagnostics if isinstance(outcome, Rejected) else _stored(letter)
    return LetterView(letter, tuple(_reason(one, letter, value) for one in found), note)


def _outcome(
    letter: DeadLetter, request: ReceivedRequest, mapping: ServedMapping, replayer: Replayer
) -> Outcome | None:
    source = replayer.mappings.get(letter.source)
    opened = mapping.transform.open_items(request.body, request.scopes(source.settings if source else {}))
    at = 0 if letter.is_body else letter.item
    return next(islice(opened.outcomes, at, None), None)


def _stored(letter: DeadLetter) -> tuple[Diagnostic, ...]:
    return tuple(map(Diagnostic, letter.codes, letter.messages))


def _note(letter: DeadLetter, mapping: ServedMapping | None, outcome: Outcome | None) -> str:
    if mapping is None:
        return f"No mapping `{letter.mapping}` is served for this source, so its lines are not shown."
    match outcome:
        case Rejected() if mapping.version == letter.version:
            return ""
        case Rejected():
            return "The mapping changed since, and would reject the item again, for these reasons."
        case Skipped():
            return "The mapping changed since, and would skip the item now: replay it."
        case None:
            return "The mapping changed since, and finds fewer items in the body now."
        case _:
            return "The mapping changed since, and would make an event of the item now: replay it."


def _value_of(letter: DeadLetter, request: ReceivedRequest) -> Body | bytes:
    found = read_body(request.body)
    return found if isinstance(found, Body) else request.body


def _reason(diagnostic: Diagnostic, letter: DeadLetter, value: Body | bytes) -> LetterReason:
    excerpts = tuple(
        Excerpt(f"{file.name.rpartition('/')[2]}:{marks[0].span.line}", tuple(layout(file, marks, ROOM)))
        for file, marks in marks_by_file(diagnostic)
        if file.text
    )
    place = diagnostic.location or letter.location
    return LetterReason(
        diagnostic.code,
        CODES[diagnostic.code].summary if diagnostic.code in CODES else "",
        diagnostic.message,
        diagnostic.hints,
        excerpts,
        place,
        tuple(_lines_at(value, letter, place)),
    )


def _lines_at(value: Body | bytes, letter: DeadLetter, place: str) -> list[PayloadLine]:
    """The lines of the item, with the place in it; of the body if the item is not known."""
    if isinstance(value, bytes):
        return text_lines(value)
    above, steps = _path(letter.location), _path(place)
    if letter.is_body or steps[: len(above)] != above:
        return payload_lines(value.value, steps)
    return payload_lines(item_at(value, letter.location), steps[len(above) :])


def _path(location: str) -> ItemPath:
    try:
        return read_location(location)
    except ValueError:  # the location of a body, or one that is not known
        return ()
