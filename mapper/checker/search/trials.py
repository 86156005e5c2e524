"""Trials: the program of one part of a mapping, and the drafts from which searches about that part start."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import islice

from mapper import ir
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.payload_types import PayloadTypes
from mapper.checker.inference.type_scope import BODY, ITEM, PayloadPlace, TypeScope, initial_scope, of_key
from mapper.checker.search.candidates import MAX_PLACES, counts, narrowed_places, placements, values_at
from mapper.checker.search.documents import PlacedValue, value_at
from mapper.checker.search.drafts import PLACED, Drafting, PayloadDraft, of_roots
from mapper.checker.search.places import constants_in, element_places, places_read
from mapper.checker.search.runner import Execute, Run, Runner
from mapper.checker.types import NEVER, Type, meet, text_type, without_missing, without_nothing
from mapper.checker.types.witnesses import smallest
from mapper.diagnostics.source import Span
from mapper.ir.liquid import walk, walk_with_vars
from mapper.runtime.missing import MISSING

_CONTENT = text_type(blank=False)
_MAX_STARTS = 500  # that are tried to find one for which no rule holds
_MAX_SCOPES = 12
_MAX_FILLED = 200  # places of a draft with all that the mapping reads


@dataclass(frozen=True, slots=True)
class Start:
    """A draft from which a search starts, and the types of the item and body there."""

    draft: PayloadDraft
    roots: Mapping[str, Type | None]


@dataclass(frozen=True, slots=True)
class Trials:
    """The program of one part of a mapping, what it reads, and the starts.

    `entry` is the field of the event, with no other part in it than `part`: the innermost field around the
    node in focus. Without a field, it is the rules that run, and the template if there is one.
    """

    entry: ir.Field | None
    part: ir.Field | None
    execute: Execute
    constants: list[object]
    places: dict[PayloadPlace, None]
    inside: dict[int, tuple[PayloadPlace, object]]  # of nodes in a `map`: the place of the element, the `map`
    starts: list[Start]

    def read_by(self, focus: object) -> dict[PayloadPlace, None]:
        """The places that a node of the part reads."""
        return places_read(focus, item=self.inside.get(id(focus), (None,))[0])

    def concerns(self, run: Run) -> bool:
        """Return True if a fault of a run of the whole mapping is one of this part."""
        part = self.part
        if part is None:
            return bool(run.faults)
        spans = [span for _, span, _ in run.faults]
        return any(span is None or _holds(part.span, span) or _holds(part.value.span, span) for span in spans)


def _holds(around: Span, inner: Span) -> bool:
    return around.start <= inner.start and inner.end <= around.end


def _alone(entry: ir.Field, focus: object) -> tuple[ir.Field, ir.Field]:
    """A field without the other parts of the object that it builds; and the innermost field around a node."""
    value = entry.value
    if isinstance(value, ir.Record) and focus is not None and focus is not value:
        for inner in value.fields:
            if any(node is focus for node in walk(inner.value)):
                alone, part = _alone(inner, focus)
                return replace(entry, value=replace(value, fields=(alone,))), part
    return entry, entry


@dataclass(slots=True)
class TrialMaker:
    """Makes the trials of the parts of one program."""

    program: ir.Program
    payload: PayloadTypes
    runner: Runner
    notes: Inference
    drafting: Drafting
    _least: PayloadDraft | None = field(default=None, init=False, repr=False)
    _filled: PayloadDraft | None = field(default=None, init=False, repr=False)
    _last: tuple[ir.Field | None, Trials] | None = field(default=None, init=False, repr=False)

    def trials_of(self, entry: ir.Field | None, focus: object) -> Trials:
        """The trials of the part of a field that holds a node."""
        alone, part = (None, None) if entry is None else _alone(entry, focus)
        # Parts are asked about one after the other, each as often as it may fail: the last one is kept.
        if self._last is None or self._last[1].part is not part or self._last[0] is not entry:
            self._last = (entry, self._trials(alone, part))
        return self._last[1]

    def _trials(self, alone: ir.Field | None, part: ir.Field | None) -> Trials:
        program, rules = self.program, self.program.rules
        if isinstance(program.output, ir.Record):
            fields = () if alone is None else (replace(alone, nullable=True, required=False),)
            program = replace(program, output=ir.Record(fields, program.output.span))
        execute = self.runner.prepare(program, True)
        value = (rules, program.output) if alone is None else alone.value
        constants = constants_in(value, rules)
        inside = {id(node): (place, around) for node, place, around in element_places(value)}
        starts = self._starts(execute)
        return Trials(alone, part, execute, constants, places_read(value), inside, starts)

    def narrowed(self, focus: object, trials: Trials) -> list[Start]:
        """Starts for which the conditions around a node hold, and those around the nodes inside it."""
        value = None if trials.entry is None else trials.entry.value
        starts: dict[str, Start] = {}
        for node in walk_with_vars(value if focus is None else focus):
            place, around = trials.inside.get(id(node), (None, None))
            for scope in self.notes.scopes_of(node):
                demanded = self._demanded(scope, place, around)
                if demanded and repr(demanded) not in starts and len(starts) < _MAX_SCOPES:
                    roots = of_roots(self.payload) if scope.is_inner else of_roots(self.payload, scope.roots)
                    draft = self.least().with_placed(tuple(demanded))
                    starts[repr(demanded)] = Start(draft, roots)
        return list(starts.values())

    def _demanded(self, scope: TypeScope, place: PayloadPlace | None, around: object) -> list[PlacedValue]:
        """Values with which a scope is reached: those of an item, and then those of the element inside."""
        base = initial_scope(self.payload.item, self.payload.body).roots
        if not scope.is_inner:
            return [
                ((root, keys), smallest(wanted))
                for root, before in base.items()
                for keys, wanted in narrowed_places(before, scope.roots.get(root, before))
                if root in PLACED and (keys or root in (ITEM, BODY))
            ]
        outer = next(iter(self.notes.scopes_of(around)), None)
        if place is None or outer is None or outer.is_inner:
            return []
        root, start = place
        element = without_missing(reduce(of_key, start, outer.roots[root]))
        inner = narrowed_places(element, scope.roots[ITEM], start)
        return [
            *self._demanded(outer, None, None),
            *(((root, keys), smallest(wanted)) for keys, wanted in inner),
        ]

    def least(self) -> PayloadDraft:
        """The smallest draft."""
        if self._least is None:
            self._least = self.drafting.least()
        return self._least

    def filled(self) -> PayloadDraft:
        """A draft that has something at each place that the mapping reads, as far as the types allow it."""
        if self._filled is None:
            least, roots = self.least(), of_roots(self.payload)
            read = islice(places_read(self.program.output), _MAX_FILLED)
            placed = [(place, value) for place in read for value in self._filling(place, least, roots)]
            self._filled = least.with_placed(tuple(placed))
        return self._filled

    def _filling(
        self, place: PayloadPlace, least: PayloadDraft, roots: Mapping[str, Type | None]
    ) -> Iterator[object]:
        root, keys = place
        found = roots.get(root)
        document = {ITEM: least.item, BODY: least.body}.get(root, MISSING)
        if root not in PLACED or value_at(document, keys) is not MISSING:
            return
        if found is None:
            yield "x"
            return
        wanted = without_nothing(reduce(of_key, keys, found))
        content = replace(wanted, texts=meet(wanted, _CONTENT).texts)
        value = smallest(content if content.is_present else wanted)
        if value is not MISSING:
            yield value

    def choices(
        self,
        start: Start,
        constants: list[object],
        places: Iterable[PayloadPlace],
        first: Container[PayloadPlace] = (),
        bad: Type = NEVER,
        wanted: Type | None = None,
    ) -> dict[PayloadPlace, list[object]]:
        """The values to try at some places; those `first` to be looked at have values that may be wrong."""
        return {
            place: values_at(place, start.roots, constants, bad, wanted)
            if place in first
            else values_at(place, start.roots, constants)
            for place in islice(places, MAX_PLACES)
        }

    def _starts(self, execute: Execute) -> list[Start]:
        """One or two drafts for which no rule of the mapping holds."""
        least = Start(self.least(), of_roots(self.payload))
        rules = self.program.rules
        if not rules:
            return [least]
        places = places_read(rules)
        choices = self.choices(least, constants_in(rules), places)
        harmless = tuple((place, _harmless(values)) for place, values in choices.items() if values)
        filled = replace(least, draft=least.draft.with_placed(harmless))
        tried = (
            least.draft.with_placed(placed) for count in counts() for placed in placements(choices, count)
        )
        for draft in islice(tried, _MAX_STARTS):
            if self._is_kept(execute, draft):
                kept = replace(least, draft=draft)
                return [kept, filled] if self._is_kept(execute, filled.draft) else [kept]
        return [filled]

    def _is_kept(self, execute: Execute, draft: PayloadDraft) -> bool:
        payload = self.drafting.payload_of(draft)
        return payload is not None and not execute(payload).skipped


def _harmless(values: list[object]) -> object:
    return "x" if "x" in values else values[-1]
