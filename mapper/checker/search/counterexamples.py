"""Counterexamples: the smallest payload found for which a field is wrong, run before it is shown.

Each search is about one field of the event. Payloads run through a program of that field alone, with the
mapping's own items and rules, so that no other field rejects the item first. The whole mapping must
reject the payload as well.

A search starts from payloads for which the conditions around the field hold, as inference found them, and
changes the values at the places that the field reads: at none, at one, at two together, and so on. Each
question has steps of its own, and may take more from a stock that all questions share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from mapper import ir
from mapper.budget import Budget, TooComplex, limited
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.payload_types import PayloadTypes
from mapper.checker.search.candidates import boundaries, counts, placements
from mapper.checker.search.drafts import Drafting, PayloadDraft, item_places
from mapper.checker.search.places import places_read
from mapper.checker.search.results import Found, NotFound, SearchResult, Why
from mapper.checker.search.runner import Execute, Payload, Run, Runner
from mapper.checker.search.shrinking import shown_part, smaller_payloads
from mapper.checker.search.trials import TrialMaker, Trials
from mapper.checker.types import NEVER, Type

# Bounds of the work, counted and not timed. A step is about a microsecond of a run, or a type visited.
STEPS_OF_QUESTION = 20_000  # for each one, as long as there are not too many
STEPS_TO_IMPROVE = 8_000  # after which the first payload found is good enough
STEPS_TO_SHARE = 2_000_000  # for questions that need more
MAX_STEPS_OF_QUESTION = 300_000
MAX_STEPS_OF_ALL = 5_000_000
MAX_RUNS = 1500  # for one field and start
MAX_DIGIT_RUNS = 400  # for a number that may have lost digits: nearly always one of the first values shows it
_MAX_FILLED = 20  # drafts of a question
_NOT, _ELSEWHERE, _HERE = range(3)  # ranks of payloads
_MAX_SMALLER = 40  # more payloads that are tried once one was found
Judge: TypeAlias = Callable[[Run], bool]


@dataclass(slots=True)
class _Question:
    """The state of one search."""

    is_wrong: Judge
    trials: Trials
    budget: Budget
    enough: int  # steps that are left when STEPS_TO_IMPROVE are spent
    best: Payload | None = None
    rank: int = _NOT
    filled: int = 0  # drafts that were filled
    after: int = 0  # payloads that were tried since one was found
    fitting: int = 0
    is_cut: bool = False
    seen: set[int] = field(default_factory=set)  # hashes of payloads

    def has_seen(self, payload: Payload) -> bool:
        """True if the payload was tried before: completed, many drafts become the same one."""
        mark, count = hash(repr(payload)), len(self.seen)
        self.seen.add(mark)
        return len(self.seen) == count

    @property
    def is_done(self) -> bool:
        """True if a payload was found and enough smaller ones were tried."""
        return self.after > _MAX_SMALLER or (self.rank != _NOT and self.budget.left < self.enough)


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
    _maker: TrialMaker = field(init=False, repr=False)
    _whole: Execute | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        body = None if self.payload.schema is None else self.payload.body
        places = tuple(item_places(self.program.each, body))
        self._drafting = Drafting(self.payload, self.runner, places)
        self._maker = TrialMaker(self.program, self.payload, self.runner, self.notes, self._drafting)

    def find(
        self,
        entry: ir.Field | None,
        is_wrong: Judge,
        focus: object = None,
        bad: Type = NEVER,
        max_runs: int = MAX_RUNS,
        wanted: Type | None = None,
    ) -> SearchResult:
        """The smallest payload found for which the run of a field is wrong and the whole mapping rejects.

        Places that the node in focus reads are tried first, with values of type `bad` and values that are not
        of type `wanted`. Without a field, the program consists of the rules alone, and of the template if
        there is one. Runs accept any event.
        """
        steps = max(0, min(STEPS_OF_QUESTION + self.steps_to_share, MAX_STEPS_OF_QUESTION, self.steps_left))
        question: _Question | None = None
        with limited(steps) as budget, suppress(TooComplex):
            trials = self._maker.trials_of(entry, focus)
            question = _Question(is_wrong, trials, budget, steps - STEPS_TO_IMPROVE)
            self._drafting.begin()
            self._ask(question, focus, bad, wanted, max_runs)
            self._shrink(question)
        used = steps - max(budget.left, 0)
        self.steps_left -= used
        self.steps_to_share -= max(0, used - STEPS_OF_QUESTION)
        if question is not None and question.best is not None:
            rules = places_read(self.program.rules)
            read = {**question.trials.read_by(focus), **question.trials.places, **rules}
            return Found(question.best, shown_part(question.best, read, self._drafting.places))
        if question is None or question.is_cut or budget.left < 0:
            return NotFound(Why.BUDGET)
        return NotFound(Why.NOTHING if question.fitting else Why.NO_PAYLOAD)

    def _ask(
        self,
        question: _Question,
        focus: object,
        bad: Type,
        wanted: Type | None,
        max_runs: int,
    ) -> None:
        trials = question.trials
        starts = [*self._maker.narrowed(focus, trials), *trials.starts]
        constants = [*trials.constants, *boundaries(wanted)]
        first = trials.read_by(focus)
        places = {**first, **trials.places}
        choices_of = self._maker.choices
        every = [choices_of(start, constants, places, first, bad, wanted) for start in starts]
        for count in counts():
            for start, choices in zip(starts, every, strict=True):
                for number, placed in enumerate(placements(choices, count)):
                    if question.is_done:
                        return
                    if number >= max_runs:
                        question.is_cut = True
                        break
                    self._try(question, start.draft.with_placed(placed))
            if question.rank == _HERE:
                return

    def _try(self, question: _Question, draft: PayloadDraft) -> None:
        """Run a draft; if the whole mapping rejects it elsewhere, also with all that other parts may want."""
        question.after += question.best is not None
        payload = self._drafting.payload_of(draft)
        question.fitting += payload is not None
        if payload is None or question.has_seen(payload) or not self._is_better(question, payload):
            return
        rank = self._rank(question, payload)
        if rank > question.rank or (rank and rank == question.rank):
            question.best, question.rank = payload, rank
        if rank == _ELSEWHERE and question.filled < _MAX_FILLED:
            question.filled += 1
            whole = self._maker.filled().with_placed(draft.placed)
            payload = self._drafting.payload_of(whole)
            if payload is not None and self._rank(question, payload) == _HERE:
                question.best, question.rank = payload, _HERE

    def _is_better(self, question: _Question, payload: Payload) -> bool:
        best = question.best
        return best is None or question.rank < _HERE or payload.size < best.size

    def _rank(self, question: _Question, payload: Payload) -> int:
        """How much a payload shows: nothing, that the whole mapping rejects it, or that it does so here."""
        run = question.trials.execute(payload)
        if run.skipped or not question.is_wrong(run):
            return _NOT
        if self._whole is None:
            self._whole = self.runner.prepare(self.program, self.target)
        whole = self._whole(payload)
        if not whole.faults:
            return _NOT
        return _HERE if question.trials.concerns(whole) else _ELSEWHERE

    def _shrink(self, question: _Question) -> None:
        """Leave out all that the failure does not need, as far as the steps last."""
        progress = True
        while progress and question.best is not None:
            progress = False
            for less in smaller_payloads(question.best, self._drafting.bodies):
                if self._drafting.is_valid(less.body) and self._rank(question, less) >= question.rank:
                    question.best, progress = less, True
                    break
