"""Counterexamples: the smallest payload found for which a field is wrong, run before it is shown.

Each search is about one field of the event. Payloads run through a program of that field alone, with the
mapping's own items and rules, so that no other field rejects the item first. The whole mapping must
reject the payload as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import islice
from typing import TypeAlias

from mapper import ir
from mapper.checker.inference.payload_types import PayloadTypes
from mapper.checker.inference.type_scope import BODY, ITEM, Key, PayloadPlace, of_key
from mapper.checker.search.candidates import (
    PlacedValue,
    constants_in,
    placements,
    places_read,
    smaller_values,
    values_at,
    with_value,
)
from mapper.checker.search.results import Found, NotFound, SearchResult, Why
from mapper.checker.search.runner import Execute, Payload, Run, Runner
from mapper.checker.types import NEVER, Type, admits
from mapper.checker.types.witnesses import smallest
from mapper.runtime.missing import MISSING

# Bounds of the work, so that no mapping is checked for minutes.
MAX_RUNS = 1500  # for one field and start
MAX_DIGIT_RUNS = 400  # for a number that may have lost digits: nearly always one of the first values shows it
MAX_RUNS_IN_ALL = 20_000
MAX_STARTS = 500
_MAX_STEPS = 400
_MAX_SMALLER = 60

Judge: TypeAlias = Callable[[Run], bool]


@dataclass(frozen=True, slots=True)
class _Trials:
    """All that the searches about one field share: the program of it alone, what it reads, and the starts."""

    entry: ir.Field | None
    execute: Execute
    constants: list[object]
    places: dict[PayloadPlace, None]
    starts: list[tuple[PlacedValue, ...]]


@dataclass(slots=True)
class CounterexampleSearch:
    """Looks for counterexamples of one program, with payloads of some types."""

    program: ir.Program
    target: Mapping[str, object]
    payload: PayloadTypes
    runner: Runner
    runs_left: int = MAX_RUNS_IN_ALL
    _whole: Execute | None = field(default=None, repr=False)
    _item: Type | None = field(init=False, repr=False)
    _least: object = field(init=False, repr=False)
    _least_body: object = field(default=MISSING, init=False, repr=False)
    _places: tuple[tuple[Key, ...], ...] = field(init=False, repr=False)
    _trials: _Trials | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._item = self.payload.item_of_search
        self._least = {} if self._item is None else smallest(self._item)
        body = None if self.payload.schema is None else self.payload.body
        self._places = tuple(item_places(self.program.each, body))
        if body is not None and all(self._places):
            self._least_body = smallest(body)

    def find(
        self,
        entry: ir.Field | None,
        is_wrong: Judge,
        focus: object = None,
        bad: Type = NEVER,
        max_runs: int = MAX_RUNS,
    ) -> SearchResult:
        """The smallest payload found for which the run of a field is wrong and the whole mapping rejects.

        Places that the node in focus reads are tried first, with values of type `bad`. Without a field, the
        program consists of the rules alone, and of the template if there is one.
        """
        trials = self._trials_of(entry)
        execute = trials.execute
        choices = self._choices(trials.constants, places_read(focus), trials.places, bad)
        best: Payload | None = None
        together, fitting, is_cut = 0, 0, False
        for start in trials.starts:
            for number, placed in enumerate(placements(choices)):
                if best is not None and len(placed) > together:
                    break
                if self.runs_left <= 0 or number >= max_runs:
                    is_cut = True
                    break
                self.runs_left -= 1
                payload = self._payload((*start, *placed))
                fitting += payload is not None
                if payload is None or (best is not None and payload.size >= best.size):
                    continue
                if self._holds(execute, is_wrong, payload):
                    best, together = payload, len(placed)
        if best is not None:
            return Found(self._shrunk(best, execute, is_wrong))
        if is_cut or self.runner.is_spent:
            return NotFound(Why.BUDGET)
        return NotFound(Why.NOTHING if fitting else Why.NO_PAYLOAD)

    def _trials_of(self, entry: ir.Field | None) -> _Trials:
        # Fields are searched one after the other, each as often as it may fail: the last one is kept.
        if self._trials is None or self._trials.entry is not entry:
            program, rules = self.program, self.program.rules
            if isinstance(program.output, ir.Record):
                alone = () if entry is None else (replace(entry, nullable=True, required=False),)
                program = replace(program, output=ir.Record(alone, program.output.span))
            execute = self.runner.prepare(program, True)
            read = (rules, program.output) if entry is None else entry.value
            constants = constants_in(read, rules)
            places = places_read(read)
            self._trials = _Trials(entry, execute, constants, places, self._starts(execute))
        return self._trials

    def _choices(
        self,
        constants: list[object],
        first: dict[PayloadPlace, None],
        others: dict[PayloadPlace, None],
        bad: Type,
    ) -> dict[PayloadPlace, list[object]]:
        places = {**first, **others}
        roots = {ITEM: self._item, BODY: None if self.payload.schema is None else self.payload.body}
        return {
            place: values_at(place, roots, constants, bad if place in first else NEVER) for place in places
        }

    def _starts(self, execute: Execute) -> list[tuple[PlacedValue, ...]]:
        """One or two choices of values for the places that rules read, with which no rule holds."""
        rules = self.program.rules
        choices = self._choices(constants_in(rules), {}, places_read(rules), NEVER)
        filled = tuple((place, _harmless(values)) for place, values in choices.items() if values)
        for placed in islice(placements(choices), MAX_STARTS):
            if self._is_kept(execute, placed):
                return [placed, filled] if self._is_kept(execute, filled) else [placed]
        return [filled]

    def _is_kept(self, execute: Execute, placed: tuple[PlacedValue, ...]) -> bool:
        payload = self._payload(placed)
        return payload is not None and not execute(payload).skipped

    def _payload(self, placed: tuple[PlacedValue, ...]) -> Payload | None:
        item = self._least
        body = self._least_body
        request: dict[str, dict[str, object]] = {"header": {}, "query": {}, "setting": {}}
        received = None
        for (root, keys), value in placed:
            if root == ITEM:
                item = with_value(item, keys, value)
            elif root == BODY:
                body = with_value({} if body is MISSING else body, keys, value)
            elif root == "received_at":
                received = str(value)
            elif isinstance(value, str) or root == "setting":
                request[root][str(keys[0])] = with_value({}, keys[1:], value)
            else:
                return None
        whole = wrapped(self._places, item, body)
        headers = {name: str(value) for name, value in request["header"].items()}
        query = {name: str(value) for name, value in request["query"].items()}
        payload = Payload(whole, headers, query, request["setting"], received)
        # A value placed around the item can add a second element, which no schema was asked about.
        has_one_item = unwrapped(self._places, whole) is not MISSING
        return payload if has_one_item and self._is_valid(item, whole) else None

    def _is_valid(self, item: object, body: object) -> bool:
        if self.payload.schema is not None and not self.runner.fits_body(body):
            return False
        return self._item is None or (admits(self._item, item) and self.runner.fits_source(item))

    def _holds(self, execute: Execute, is_wrong: Judge, payload: Payload) -> bool:
        run = execute(payload)
        if run.skipped or not is_wrong(run):
            return False
        if self._whole is None:
            self._whole = self.runner.prepare(self.program, self.target)
        return bool(self._whole(payload).faults)

    def _shrunk(self, payload: Payload, execute: Execute, is_wrong: Judge) -> Payload:
        """The payload without anything that the failure does not need."""
        steps = 0
        progress = True
        while progress and steps < _MAX_STEPS:
            progress = False
            for less in smaller_payloads(payload):
                steps += 1
                item = unwrapped(self._places, less.body)
                if item is MISSING or not self._is_valid(item, less.body):
                    continue
                if not self._holds(execute, is_wrong, less):
                    continue
                payload, progress = less, True
                break
        return payload


def _harmless(values: list[object]) -> object:
    return "x" if "x" in values else values[-1]


def smaller_payloads(payload: Payload) -> list[Payload]:
    """Payloads that are smaller by one step."""
    less = [replace(payload, body=body) for body in islice(smaller_values(payload.body), _MAX_SMALLER)]
    for name in ("headers", "query", "settings"):
        known: Mapping[str, object] = getattr(payload, name)
        for key in known:
            rest = {other: value for other, value in known.items() if other != key}
            less.append(replace(payload, **{name: rest}))  # type: ignore[arg-type]
    if payload.received_at is not None:
        less.append(replace(payload, received_at=None))
    return less


def wrapped(places: tuple[tuple[Key, ...], ...], item: object, body: object) -> object:
    """A body that holds one item at the first of some places; MISSING if none can be made."""
    for steps in places:
        if steps:
            return with_value({} if body is MISSING else body, steps, item)
        if body is MISSING:
            return item
        if isinstance(item, dict) and isinstance(body, dict):
            return {**body, **item}
    return MISSING


def unwrapped(places: tuple[tuple[Key, ...], ...], body: object) -> object:
    """The one item of a body that `wrapped` has made; MISSING if it is no longer there."""
    for steps in places:
        found = body
        for step in steps:
            if isinstance(step, int) and isinstance(found, list) and len(found) == 1:
                found = found[0]
            elif isinstance(step, str) and isinstance(found, dict) and step in found:
                found = found[step]
            else:
                return MISSING
        return found
    return MISSING


def item_places(each: tuple[ir.Path, ...], body: Type | None) -> Iterator[tuple[Key, ...]]:
    """The keys of a first item, by each path of names and `[*]` or `[:]`; the last path first.

    If the type of the body is known, only places that it has: a list there holds the item as its element.
    """
    for steps in map(ir.plain_steps, reversed(each)):
        if steps is None:
            continue
        keys = tuple(step[1] if step[0] == "name" else 0 for step in steps)
        if body is None:
            yield keys
            continue
        found = reduce(of_key, keys, body)
        if found.kinds & {"array", "object"}:
            yield keys if "object" in found.kinds or (steps and steps[-1][0] != "name") else (*keys, 0)
