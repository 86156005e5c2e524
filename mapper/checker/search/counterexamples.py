"""Counterexamples: the smallest payload found for which a field is wrong, run before it is shown.

Each search is about one field of the event. Payloads run through a program of that field alone, with the
mapping's own items and rules, so that no other field rejects the item first. The whole mapping must
reject the payload as well.

A search starts from payloads for which the conditions around the field hold, as inference found them, and
changes the values at the places that the field reads: at none, at one, at two together, and so on. Each
question has steps of its own, and may take more from a stock that all questions share.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import islice
from typing import TypeAlias

from mapper import ir
from mapper.budget import TooComplex, limited
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.payload_types import PayloadTypes
from mapper.checker.inference.type_scope import BODY, ITEM, PayloadPlace, TypeScope, initial_scope, of_key
from mapper.checker.search.candidates import (
    MAX_PLACES,
    boundaries,
    counts,
    narrowed_places,
    placements,
    values_at,
)
from mapper.checker.search.documents import PlacedValue
from mapper.checker.search.drafts import (
    PLACED,
    Drafting,
    PayloadDraft,
    item_places,
    of_roots,
)
from mapper.checker.search.places import constants_in, element_places, places_read
from mapper.checker.search.results import Found, NotFound, SearchResult, Why
from mapper.checker.search.runner import Execute, Payload, Run, Runner
from mapper.checker.search.shrinking import shown_part, smaller_payloads
from mapper.checker.types import NEVER, Type, without_missing
from mapper.checker.types.witnesses import smallest
from mapper.ir.liquid import walk_with_vars

# Bounds of the work, counted and not timed. A step is about a microsecond of a run, or a type visited.
STEPS_OF_QUESTION = 20_000  # for each one, as long as there are not too many
STEPS_TO_SHARE = 2_000_000  # for questions that need more
MAX_STEPS_OF_QUESTION = 200_000
MAX_STEPS_OF_ALL = 12_000_000
MAX_RUNS = 1500  # for one field and start
MAX_DIGIT_RUNS = 400  # for a number that may have lost digits: nearly always one of the first values shows it
_MAX_STARTS = 500  # that are tried to find one for which no rule holds
_MAX_SCOPES = 12
_MAX_SMALLER = 40  # more payloads that are tried once one was found
_OF_WHOLE_EVENT = frozenset(
    ("required", "minProperties", "maxProperties", "dependentRequired", "dependentSchemas", "not", "if")
)

Judge: TypeAlias = Callable[[Run], bool]


def _not_run(_payload: Payload) -> Run:
    return Run(skipped=True)


@dataclass(frozen=True, slots=True)
class _Trials:
    """All that the searches about one field share: the program of it alone, what it reads, and the starts."""

    entry: ir.Field | None
    execute: Execute
    constants: list[object]
    places: dict[PayloadPlace, None]
    inside: dict[int, tuple[PayloadPlace, object]]  # of nodes in a `map`: the place of the element, the `map`
    starts: list[_Start]

    def read_by(self, focus: object) -> dict[PayloadPlace, None]:
        """The places that a node of the field reads."""
        return places_read(focus, item=self.inside.get(id(focus), (None,))[0])


@dataclass(frozen=True, slots=True)
class _Start:
    """A draft from which a search starts, and the types of the item and body there."""

    draft: PayloadDraft
    roots: Mapping[str, Type | None]


@dataclass(slots=True)
class _Question:
    """The state of one search."""

    is_wrong: Judge
    execute: Execute = _not_run
    best: Payload | None = None
    after: int = 0  # payloads that were tried since one was found
    fitting: int = 0
    is_cut: bool = False


@dataclass(slots=True)
class CounterexampleSearch:
    """Looks for counterexamples of one program, with payloads of some types."""

    program: ir.Program
    target: Mapping[str, object]
    payload: PayloadTypes
    runner: Runner
    notes: Inference = field(default_factory=Inference)
    steps_to_share: int = STEPS_TO_SHARE
    steps_left: int = MAX_STEPS_OF_ALL
    _drafting: Drafting = field(init=False, repr=False)
    _whole: Execute | None = field(default=None, init=False, repr=False)
    _least: PayloadDraft | None = field(default=None, init=False, repr=False)
    _trials: _Trials | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        body = None if self.payload.schema is None else self.payload.body
        places = tuple(item_places(self.program.each, body))
        self._drafting = Drafting(self.payload, self.runner, places)

    def find(
        self,
        entry: ir.Field | None,
        is_wrong: Judge,
        focus: object = None,
        bad: Type = NEVER,
        max_runs: int = MAX_RUNS,
        wanted: Type | None = None,
        by_target: bool = False,
    ) -> SearchResult:
        """The smallest payload found for which the run of a field is wrong and the whole mapping rejects.

        Places that the node in focus reads are tried first, with values of type `bad` and values that are not
        of type `wanted`. Without a field, the program consists of the rules alone, and of the template if
        there is one. Runs accept any event; if it is judged `by_target`, they hold it against the target's
        schema of the field (M612).
        """
        steps = max(0, min(STEPS_OF_QUESTION + self.steps_to_share, MAX_STEPS_OF_QUESTION, self.steps_left))
        question = _Question(is_wrong)
        with limited(steps) as budget, suppress(TooComplex):
            trials = self._trials_of(entry)
            question.execute = self._by_target(trials) if by_target else trials.execute
            self._drafting.begin()
            self._ask(question, trials, focus, bad, wanted, max_runs)
            self._shrink(question)
        used = steps - max(budget.left, 0)
        self.steps_left -= used
        self.steps_to_share -= max(0, used - STEPS_OF_QUESTION)
        if question.best is not None and self._trials is not None:
            read = {**self._trials.read_by(focus), **self._trials.places, **places_read(self.program.rules)}
            return Found(question.best, shown_part(question.best, read, self._drafting.places))
        if question.is_cut or budget.left < 0:
            return NotFound(Why.BUDGET)
        return NotFound(Why.NOTHING if question.fitting else Why.NO_PAYLOAD)

    def _ask(
        self,
        question: _Question,
        trials: _Trials,
        focus: object,
        bad: Type,
        wanted: Type | None,
        max_runs: int,
    ) -> None:
        starts = [*self._narrowed(focus, trials), *trials.starts]
        constants = [*trials.constants, *boundaries(wanted)]
        first = trials.read_by(focus)
        places = {**first, **trials.places}
        every = [self._choices(start, constants, places, first, bad, wanted) for start in starts]
        for count in counts():
            for start, choices in zip(starts, every, strict=True):
                for number, placed in enumerate(placements(choices, count)):
                    if question.after > _MAX_SMALLER:
                        return
                    if number >= max_runs:
                        question.is_cut = True
                        break
                    self._try(question, start.draft.with_placed(placed))
            if question.best is not None:
                return

    def _try(self, question: _Question, draft: PayloadDraft) -> None:
        question.after += question.best is not None
        payload = self._drafting.payload_of(draft)
        question.fitting += payload is not None
        if payload is None or (question.best is not None and payload.size >= question.best.size):
            return
        if self._holds(question, payload):
            question.best = payload

    def _narrowed(self, focus: object, trials: _Trials) -> list[_Start]:
        """Starts for which the conditions around a node hold, and those around the nodes inside it."""
        value = None if trials.entry is None else trials.entry.value
        starts: dict[str, _Start] = {}
        for node in walk_with_vars(value if focus is None else focus):
            place, around = trials.inside.get(id(node), (None, None))
            for scope in self.notes.scopes_of(node):
                demanded = self._demanded(scope, place, around)
                if demanded and repr(demanded) not in starts and len(starts) < _MAX_SCOPES:
                    roots = of_roots(self.payload) if scope.is_inner else of_roots(self.payload, scope.roots)
                    draft = self._least_draft().with_placed(tuple(demanded))
                    starts[repr(demanded)] = _Start(draft, roots)
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

    def _least_draft(self) -> PayloadDraft:
        if self._least is None:
            self._least = self._drafting.least()
        return self._least

    def _choices(
        self,
        start: _Start,
        constants: list[object],
        places: Iterable[PayloadPlace],
        first: Container[PayloadPlace],
        bad: Type = NEVER,
        wanted: Type | None = None,
    ) -> dict[PayloadPlace, list[object]]:
        return {
            place: values_at(place, start.roots, constants, bad, wanted)
            if place in first
            else values_at(place, start.roots, constants)
            for place in islice(places, MAX_PLACES)
        }

    def _trials_of(self, entry: ir.Field | None) -> _Trials:
        # Fields are searched one after the other, each as often as it may fail: the last one is kept.
        if self._trials is None or self._trials.entry is not entry:
            program, rules = self.program, self.program.rules
            if isinstance(program.output, ir.Record):
                alone = () if entry is None else (replace(entry, nullable=True, required=False),)
                program = replace(program, output=ir.Record(alone, program.output.span))
            execute = self.runner.prepare(program, True)
            value = (rules, program.output) if entry is None else entry.value
            constants = constants_in(value, rules)
            places = places_read(value)
            inside = {id(node): (place, around) for node, place, around in element_places(value)}
            starts = self._starts(execute)
            self._trials = _Trials(entry, execute, constants, places, inside, starts)
        return self._trials

    def _by_target(self, trials: _Trials) -> Execute:
        """Runs of the field by its schema in the target; other fields are not asked for."""
        entry = trials.entry
        alone = () if entry is None else (replace(entry, required=False),)
        target = {name: rule for name, rule in self.target.items() if name not in _OF_WHOLE_EVENT}
        return self.runner.prepare(
            replace(self.program, output=ir.Record(alone, self.program.output.span)), target
        )

    def _starts(self, execute: Execute) -> list[_Start]:
        """One or two drafts for which no rule of the mapping holds."""
        least = _Start(self._least_draft(), of_roots(self.payload))
        rules = self.program.rules
        if not rules:
            return [least]
        places = places_read(rules)
        choices = self._choices(least, constants_in(rules), places, ())
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
        payload = self._drafting.payload_of(draft)
        return payload is not None and not execute(payload).skipped

    def _holds(self, question: _Question, payload: Payload) -> bool:
        run = question.execute(payload)
        if run.skipped or not question.is_wrong(run):
            return False
        if self._whole is None:
            self._whole = self.runner.prepare(self.program, self.target)
        return bool(self._whole(payload).faults)

    def _shrink(self, question: _Question) -> None:
        """Leave out all that the failure does not need, as far as the steps last."""
        progress = True
        while progress and question.best is not None:
            progress = False
            for less in smaller_payloads(question.best, self._drafting.bodies):
                if self._drafting.is_valid(less.body) and self._holds(question, less):
                    question.best, progress = less, True
                    break


def _harmless(values: list[object]) -> object:
    return "x" if "x" in values else values[-1]
