"""Counterexamples: a claim in, the smallest payload found out that proves it, run before it is shown.

A claim is about one field of the event. It is tried on a program of that field alone, with the mapping's own
items and skip rules, so that no other field stands in the way; what is found must also be rejected by the
whole mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

from mapper import ir
from mapper.checker.inference.type_scope import BODY, ITEM
from mapper.checker.search.candidates import (
    Payload,
    Place,
    Setting,
    constants_in,
    places_read,
    settings_in_turn,
    smaller_values,
    values_at,
    with_value,
)
from mapper.checker.types import NEVER, Type, admits
from mapper.checker.types.witnesses import smallest
from mapper.diagnostics.source import Span
from mapper.runtime.missing import MISSING

MOST_RUNS = 1500
MOST_RUNS_IN_ALL = 20_000
MOST_STARTS = 500
_MOST_STEPS = 400


@dataclass(frozen=True, slots=True)
class Trial:
    """What a run gave: the event or MISSING, whether the item was skipped, codes and places of faults."""

    event: object = MISSING
    skipped: bool = False
    faults: tuple[tuple[str, Span | None], ...] = ()


Run = Callable[[Payload], Trial]


class Laboratory(Protocol):
    """Runs programs: given by the compiler, which knows the stages after the checker."""

    def prepare(self, program: ir.Program, target: object) -> Run:
        """A function that runs a program, compiled for a target schema."""

    def fits_source(self, item: object) -> bool:
        """Whether an item is valid under the source schema."""


Judge = Callable[[Trial], bool]


@dataclass(slots=True)
class Search:
    """Looks for counterexamples of one program."""

    program: ir.Program
    target: Mapping[str, object]
    item: Type | None
    laboratory: Laboratory
    runs_left: int = MOST_RUNS_IN_ALL
    _whole: Run | None = field(default=None, repr=False)
    _least: object = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._least = {} if self.item is None else smallest(self.item)

    def find(
        self, entry: ir.Field | None, judge: Judge, focus: object = None, bad: Type = NEVER
    ) -> Payload | None:
        """The smallest payload found for which the field is judged bad and the whole mapping rejects.

        What the node in focus reads is tried first, and there the bad values. Without a field, what a skip
        rule does is judged.
        """
        alone = () if entry is None else (replace(entry, nullable=True, required=False),)
        program = replace(self.program, output=ir.Record(alone, self.program.output.span))
        run = self.laboratory.prepare(program, True)
        choices = self._choices(entry, focus, bad)
        best: Payload | None = None
        together = 0
        for start in self._starts(run):
            for settings in islice(settings_in_turn(choices), MOST_RUNS):
                if self.runs_left <= 0 or (best is not None and len(settings) > together):
                    break
                self.runs_left -= 1
                payload = self._payload((*start, *settings))
                if payload is None or (best is not None and payload.size >= best.size):
                    continue
                if self._holds(run, judge, payload):
                    best, together = payload, len(settings)
        return None if best is None else self._shrunk(best, run, judge)

    def _choices(self, entry: ir.Field | None, focus: object, bad: Type) -> dict[Place, list[object]]:
        value = None if entry is None else entry.value
        constants = constants_in(value, self.program.skips)
        first = places_read(focus)
        places = {**first, **places_read(value)}
        if entry is None:
            places |= places_read(self.program.skips)
        return {
            place: values_at(place, self.item, constants, bad if place in first else NEVER)
            for place in places
        }

    def _starts(self, run: Run) -> list[tuple[Setting, ...]]:
        """A few ways to set what the skip rules read, so that an item is not skipped."""
        constants = constants_in(self.program.skips)
        places = places_read(self.program.skips)
        choices = {place: values_at(place, self.item, constants) for place in places}
        filled = tuple((place, _harmless(values)) for place, values in choices.items() if values)
        for settings in islice(settings_in_turn(choices), MOST_STARTS):
            if self._goes_on(run, settings):
                return [settings, filled] if self._goes_on(run, filled) else [settings]
        return [filled]

    def _goes_on(self, run: Run, settings: tuple[Setting, ...]) -> bool:
        payload = self._payload(settings)
        return payload is not None and not run(payload).skipped

    def _payload(self, settings: tuple[Setting, ...]) -> Payload | None:
        item = self._least
        body: object = MISSING
        scopes: dict[str, dict[str, object]] = {"header": {}, "query": {}, "setting": {}}
        received = None
        for (root, keys), value in settings:
            if root == ITEM:
                item = with_value(item, keys, value)
            elif root == BODY:
                body = with_value({} if body is MISSING else body, keys, value)
            elif root == "received_at":
                received = str(value)
            elif isinstance(value, str) or root == "setting":
                scopes[root][str(keys[0])] = value if len(keys) == 1 else with_value({}, keys[1:], value)
            else:
                return None
        whole = wrapped(self.program.each, item, body)
        headers = {name: str(value) for name, value in scopes["header"].items()}
        query = {name: str(value) for name, value in scopes["query"].items()}
        payload = Payload(whole, headers, query, scopes["setting"], received)
        return payload if whole is not MISSING and self._is_valid(item) else None

    def _is_valid(self, item: object) -> bool:
        return self.item is None or (admits(self.item, item) and self.laboratory.fits_source(item))

    def _holds(self, run: Run, judge: Judge, payload: Payload) -> bool:
        trial = run(payload)
        if trial.skipped or not judge(trial):
            return False
        if self._whole is None:
            self._whole = self.laboratory.prepare(self.program, self.target)
        return bool(self._whole(payload).faults)

    def _shrunk(self, payload: Payload, run: Run, judge: Judge) -> Payload:
        """The payload without anything that the failure does not need."""
        steps = 0
        progress = True
        while progress and steps < _MOST_STEPS:
            progress = False
            for less in smaller_payloads(payload):
                steps += 1
                item = unwrapped(self.program.each, less.body)
                if item is MISSING or not self._is_valid(item) or not self._holds(run, judge, less):
                    continue
                payload, progress = less, True
                break
        return payload


def _harmless(values: list[object]) -> object:
    return "x" if "x" in values else values[-1]


def smaller_payloads(payload: Payload) -> list[Payload]:
    """Payloads with one thing less."""
    less = [replace(payload, body=body) for body in islice(smaller_values(payload.body), 60)]
    for name in ("headers", "query", "settings"):
        known: Mapping[str, object] = getattr(payload, name)
        for key in known:
            rest = {other: value for other, value in known.items() if other != key}
            less.append(replace(payload, **{name: rest}))  # type: ignore[arg-type]
    if payload.received_at is not None:
        less.append(replace(payload, received_at=None))
    return less


def wrapped(each: tuple[ir.Path, ...], item: object, body: object) -> object:
    """A body that holds one item where `each` looks for it; MISSING where none can be made."""
    for path in reversed(each):
        names = _names(path)
        if names is None:
            continue
        if not names:
            if body is MISSING:
                return item
            if isinstance(item, dict) and isinstance(body, dict):
                return {**body, **item}
            continue
        return _around(item, names, {} if body is MISSING else body)
    return MISSING


def _around(item: object, names: list[str | None], body: object) -> object:
    name, rest = names[0], names[1:]
    if name is None:
        return [_around(item, rest, {}) if rest else item]
    members = dict(body) if isinstance(body, dict) else {}
    inner = members.get(name, {})
    members[name] = _around(item, rest, inner) if rest else item
    return members


def unwrapped(each: tuple[ir.Path, ...], body: object) -> object:
    """The one item of a body that `wrapped` has made; MISSING where it is no longer there."""
    for path in reversed(each):
        names = _names(path)
        if names is None:
            continue
        found = body
        for name in names:
            if name is None and isinstance(found, list) and len(found) == 1:
                found = found[0]
            elif name is not None and isinstance(found, dict) and name in found:
                found = found[name]
            else:
                return MISSING
        return found
    return MISSING


def _names(path: ir.Path) -> list[str | None] | None:
    """The steps of a path of `each`: names, and None for the elements of an array."""
    names: list[str | None] = []
    for segment in path.segments:
        match segment:
            case ir.Child((ir.Name(name),)):
                names.append(name)
            case ir.Child((ir.Wildcard() | ir.Slice(None | 0, None, None | 1),)):
                names.append(None)
            case _:
                return None
    return names
