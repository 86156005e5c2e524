"""Dead letters: rejected items of a spool are listed, written as lines of `run --rejected`, and replayed."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.receiver.outcomes.served_mapping import ServedMapping
from mapper.receiver.outcomes.worker import SourceMappings, new_portion, outcome_row, seen_since
from mapper.receiver.request import ReceivedRequest
from mapper.receiver.spool.conditions import begins_with, condition_of, has_word
from mapper.receiver.spool.spool import Spool
from mapper.receiver.spool.tables import OutcomeRow
from mapper.streams.envelopes import read_location
from mapper.streams.item_lines import body_members, rejection_line, request_member
from mapper.transform.body import read_body
from mapper.transform.json_text import Body
from mapper.transform.result import Rejected


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """The dead letters that are meant; an empty text means all, and so does number 0.

    `since` is a time of receipt (RFC 3339, UTC), `version` the first characters of a mapping's version.
    """

    source: str = ""
    code: str = ""
    field: str = ""
    mapping: str = ""
    version: str = ""
    since: str = ""
    number: int = 0

    def query(self) -> tuple[str, list[object]]:
        """The condition of SQL with its values."""
        return condition_of(
            "r.is_mapped = 1",
            ("r.source = ?", self.source),
            (has_word("j.codes"), self.code),
            (has_word("j.fields"), self.field),
            ("j.mapping = ?", self.mapping),
            (begins_with("j.version"), self.version),
            ("r.received_at >= ?", self.since),
            ("j.id = ?", self.number),
        )


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A rejected item: its number, that of its request, and why it was rejected; no value of it.

    `version` and `each` are those of the mapping that rejected it. `is_body` if the item is the whole body.
    """

    id: int
    request: int
    source: str
    received_at: str
    mapping: str
    version: str
    each: tuple[str, ...]
    item: int
    location: str
    is_body: bool
    codes: tuple[str, ...]
    fields: tuple[str, ...]
    messages: tuple[str, ...]

    def reasons(self) -> list[tuple[str, str]]:
        """Each code with its message."""
        return list(zip(self.codes, self.messages, strict=True))


_LETTERS = (
    "SELECT j.id, j.request, r.source, r.received_at, j.mapping, j.version, m.each, j.item, j.location,"
    " j.is_body, j.codes, j.fields, j.messages FROM rejections j JOIN requests r ON r.id = j.request"
    " JOIN mappings m ON m.version = j.version WHERE"
)


def dead_letters(
    db: sqlite3.Connection, chosen: DeadLetterFilter, after: int = 0, limit: int = 1000
) -> list[DeadLetter]:
    """The next dead letters behind a number, in the order of their numbers."""
    condition, values = chosen.query()
    query = f"{_LETTERS} j.id > ? AND {condition} ORDER BY j.id LIMIT ?"
    return [_read_letter(row) for row in db.execute(query, (after, *values, limit))]


def newest_letters(
    db: sqlite3.Connection, chosen: DeadLetterFilter, before: int, limit: int
) -> list[DeadLetter]:
    """The last dead letters, those with high numbers first; only those before a number if it is not 0."""
    condition, values = chosen.query()
    query = f"{_LETTERS} (? = 0 OR j.id < ?) AND {condition} ORDER BY j.id DESC LIMIT ?"
    return [_read_letter(row) for row in db.execute(query, (before, before, *values, limit))]


def _read_letter(row: tuple[Any, ...]) -> DeadLetter:
    number, request, source, received_at, mapping, version, each, item, location, is_body, *texts = row
    return DeadLetter(
        number,
        request,
        source,
        received_at,
        mapping,
        version,
        tuple(json.loads(each)),
        item,
        location,
        bool(is_body),
        codes=tuple(texts[0].split()),
        fields=tuple(texts[1].split()),
        messages=tuple(json.loads(texts[2])),
    )


def all_dead_letters(db: sqlite3.Connection, chosen: DeadLetterFilter) -> Iterator[DeadLetter]:
    """All dead letters, a thousand at a time."""
    after = 0
    while found := dead_letters(db, chosen, after):
        yield from found
        after = found[-1].id


def letter_lines(
    letters: Iterable[DeadLetter], request: ReceivedRequest, *, with_request: bool = False
) -> Iterator[bytes]:
    """The lines of dead letters of one request, as `mapper run --rejected` writes them.

    The file is the source, and the line the number of the request. `with_request` adds the headers and the
    query that are kept, and the time of receipt.
    """
    beside = request_member(request.scopes({})) if with_request else {}
    found = read_body(request.body)
    has_body = False
    for letter in letters:
        diagnostics = tuple(map(Diagnostic, letter.codes, letter.messages))
        item = request.body if letter.is_body else item_at(found, letter.location)
        rejected = Rejected(letter.item, letter.location, diagnostics, item)
        members: dict[str, object] = {}
        if not letter.is_body:
            members = body_members(letter.each, request.body, has_body)
            has_body = True
        elif isinstance(found, Body) and not found.repairs:
            rejected = Rejected(letter.item, letter.location, diagnostics, found.value)
        if "body_above" not in members:
            members |= beside
        yield rejection_line(letter.source, letter.request, rejected, (), request.body, members, False)


def item_at(found: Body | Diagnostic, location: str) -> object:
    """The item at a location; None if it is not known. For a replay it is only for show."""
    if not isinstance(found, Body) or not location.startswith("$"):
        return None
    value = found.value
    for step in read_location(location):
        match value:
            case dict() if isinstance(step, str) and step in value:
                value = value[step]
            case list() if isinstance(step, int) and step < len(value):
                value = value[step]
            case _:
                return None
    return value


@dataclass(slots=True)
class Replayed:
    """The counts of a replay by name, and the dead letters that stay, by the reason.

    `queued` is the number of undelivered events that were queued again.
    """

    letters: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    queued: int = 0


@dataclass(frozen=True, slots=True)
class Replayer:
    """Maps dead letters again by the mappings of their sources, or by another one."""

    spool: Spool
    mappings: Mapping[str, SourceMappings]
    window: float

    def replay(
        self, chosen: DeadLetterFilter, other: ServedMapping | None = None, dry_run: bool = False
    ) -> Replayed:
        """Map dead letters again; those that are rejected again stay, with their new reasons.

        Events are queued for all destinations. A dry run gives the counts, and changes nothing. Raises
        SpoolError.
        """
        done = Replayed()
        after = 0
        # New rejections have higher numbers, and are not replayed again.
        (last,) = self.spool.read(
            lambda db: db.execute("SELECT coalesce(max(id), 0) FROM rejections").fetchone()
        )
        while letters := self._next(chosen, after, last):
            after = letters[-1].id
            for _, group in groupby(letters, lambda letter: (letter.request, letter.mapping)):
                self._replay_request(list(group), other, dry_run, done)
        return done

    def _next(self, chosen: DeadLetterFilter, after: int, last: int) -> list[DeadLetter]:
        """The next letters; all of a request and mapping at once, as they are entered together."""
        limit = 1000
        while True:
            found = self.spool.read(lambda db, size=limit: dead_letters(db, chosen, after, size))  # type: ignore[misc]
            found = [letter for letter in found if letter.id <= last]
            if len(found) < limit:
                return found
            key = (found[-1].request, found[-1].mapping)
            whole = [letter for letter in found if (letter.request, letter.mapping) != key]
            if whole:
                return whole
            limit *= 2

    def _replay_request(
        self, letters: list[DeadLetter], other: ServedMapping | None, dry_run: bool, done: Replayed
    ) -> None:
        first = letters[0]
        mapping = other or self.mapping_of(first)
        request = self.spool.request(first.request)
        if mapping is None or request is None:
            done.refused[f"no mapping `{first.mapping}` is served for `{first.source}`"] += len(letters)
            return
        whole = any(letter.is_body for letter in letters)
        if not whole and mapping.needs.each != first.each:
            done.refused["`each` of the mapping changed since the item was rejected"] += len(letters)
            return
        settings = self.mappings[first.source].settings if first.source in self.mappings else {}
        rows, gone = self._rows(letters, whole, mapping, request, settings)
        if gone:
            done.refused["the body has fewer items now"] += gone
            letters = [letter for letter in letters if letter.item in {row.item for row in rows}]
        portion = replace(
            new_portion(first.request, request, mapping, seen_since(request.received_at, self.window)),
            rows=rows,
            replayed=tuple(letter.id for letter in letters),
        )
        entered = self.spool.enter_replayed(portion, dry_run)
        done.letters += len(letters)
        for (name, _), count in entered.counts.items():
            if name not in ("items", "rejected"):
                done.counts[name] += count
        done.counts["rejected"] += sum(1 for row in rows if hasattr(row, "codes"))

    def _rows(
        self,
        letters: list[DeadLetter],
        whole: bool,
        mapping: ServedMapping,
        request: ReceivedRequest,
        settings: Mapping[str, object],
    ) -> tuple[list[OutcomeRow], int]:
        """The outcomes of the items of these letters, and the number of items that are no more."""
        opened = mapping.transform.open_items(request.body, request.scopes(settings))
        items = {letter.item for letter in letters}
        rows = [
            outcome_row(index, outcome, request.body, opened.items, mapping)
            for index, outcome in enumerate(opened.outcomes)
            if whole or index in items or not opened.items
        ]
        is_refused = not opened.items and bool(rows)
        gone = 0 if whole or is_refused else sum(1 for item in items if item >= len(opened.items))
        return rows, gone

    def mapping_of(self, letter: DeadLetter) -> ServedMapping | None:
        """The present mapping of the name that rejected a letter."""
        source = self.mappings.get(letter.source)
        served = () if source is None else source.mappings
        return next((mapping for mapping in served if mapping.name == letter.mapping), None)
