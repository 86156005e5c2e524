"""Search: payloads that make a template render no JSON, tried from the plain to the hostile."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product

from mapper.budget import MAX_NODES, nodes_of
from mapper.checker.search.candidates import MOMENT
from mapper.checker.templates.holes import Hole, HoleReading, candidates, plain, value_of
from mapper.checker.templates.payloads import BUILT, PayloadPlan, TemplateInput, build, shrink
from mapper.checker.templates.rendering import TemplateRenderer, TemplateRendering
from mapper.checker.types import Type, literal_type
from mapper.runtime.missing import MISSING

_COUNTS = (1, 2, 0)
_RENDERINGS = 1500
_ALL_RENDERINGS = 8000
_RANDOM = 400
_HOLES = 60  # a rendering with many more of them counts for several
_WORK = 20_000_000  # as does one of many more nodes that may each touch a longest text,
_VALUES = 200  # or of an item of many more values


@dataclass(slots=True)
class _Known:
    """The renderings of the payloads that differ in the relevant holes, and the payloads still to render."""

    relevant: frozenset[Hole]
    others: Iterator[TemplateInput]
    rendered: list[tuple[TemplateInput, TemplateRendering]] = field(default_factory=list)


@dataclass(slots=True)
class PayloadSearch:
    """Looks for payloads. `scopes` hold the possible values of each hole; a rendering runs `nodes` nodes.

    `left` is the number of renderings that are left.
    """

    renderer: TemplateRenderer
    reading: HoleReading
    scopes: dict[str, Type]
    item_is_body: bool
    nodes: int = 0
    tried: dict[Hole, list[object]] = field(default_factory=dict)
    bases: list[tuple[dict[Hole, object], int]] = field(default_factory=list)
    left: int = _ALL_RENDERINGS
    cost: int = 1
    known: _Known | None = None

    def __post_init__(self) -> None:
        # One moment stands for all: a template sees of it little more than that it is there.
        self.scopes = {**self.scopes, "received_at": literal_type(MOMENT).with_missing()}
        nodes = nodes_of(plain(self.scopes["item"]), MAX_NODES)
        self.cost = (
            1
            + len(self.reading.holes) // _HOLES
            + self.nodes * self.renderer.limits.text_length // _WORK
            + nodes // _VALUES
        )
        self.left //= self.cost

    def prepare(self) -> list[tuple[TemplateInput, TemplateRendering]]:
        """Choose values for every hole, and plain payloads to start from; those of them that break."""
        read = self.reading.holes
        everywhere = {*read, *(hole[:end] for hole in read for end in range(2, len(hole)))}
        for hole in sorted(everywhere, key=lambda h: (len(h), str(h))):
            known = value_of(hole, self.scopes)
            tried = candidates(known, self.reading)
            inner = any(len(other) > len(hole) and other[: len(hole)] == hole for other in everywhere)
            self.tried[hole] = [BUILT, *tried] if inner else tried or [MISSING]
        broken = []
        self.renderer.left = _RENDERINGS // self.cost
        for count, pick in product(_COUNTS, (_texts_first, _numbers_first, _nothing_first, _flags_first)):
            holes = {
                hole: BUILT if tried[0] is BUILT else pick(value_of(hole, self.scopes), tried)
                for hole, tried in self.tried.items()
            }
            given = self._build(PayloadPlan(holes, count))
            rendered = self.renderer.run(given)
            if rendered.passes:
                self.bases.append((holes, count))
            elif rendered.broken and self.renderer.valid(given.item):
                broken.append((given, rendered))
        return broken

    def _build(self, plan: PayloadPlan) -> TemplateInput:
        return build(plan, self.scopes, item_is_body=self.item_is_body)

    def variants(self, relevant: Iterable[Hole]) -> Iterator[TemplateInput]:
        """Payloads that differ from a plain one in one hole, then in two, then in many."""
        chosen = [h for h in self.tried if any(h[: len(other)] == other for other in relevant)]
        chosen += [h for h in self.tried if h not in chosen and any(o[: len(h)] == h for o in relevant)]
        bases = self.bases or [({h: t[0] for h, t in self.tried.items()}, 1)]
        for holes, count in bases:
            for hole in chosen:
                for value in self.tried[hole]:
                    changed = {**holes, hole: value}
                    yield self._build(PayloadPlan(changed, count))
                    if count > 1 and None in hole:
                        yield self._build(PayloadPlan(holes, count, changed))
        for hole, other in product(chosen, self.tried):
            if hole != other:
                for value, second in product(self.tried[hole][:14], self.tried[other][:14]):
                    for holes, count in bases[:2]:
                        yield self._build(PayloadPlan({**holes, hole: value, other: second}, count))

    def shuffled(self, seed: int = 1) -> Iterator[TemplateInput]:
        """Payloads put together at random, the same ones for the same template."""
        dice = random.Random(seed)
        for _ in range(_RANDOM):
            holes = {hole: dice.choice(tried) for hole, tried in self.tried.items()}
            last = {hole: dice.choice(tried) for hole, tried in self.tried.items()}
            yield self._build(PayloadPlan(holes, dice.choice(_COUNTS), last))

    def find(
        self, relevant: Iterable[Hole], shows: Callable[[TemplateRendering], bool], budget: int = _RENDERINGS
    ) -> tuple[TemplateInput, TemplateRendering] | None:
        """A small payload that the source schema admits and whose rendering has the property, or None."""
        self.renderer.left = min(budget // self.cost, self.left)
        self.left -= self.renderer.left
        found = self._found(relevant, shows)
        self.left += max(self.renderer.left, 0)
        return found

    def _found(
        self, relevant: Iterable[Hole], shows: Callable[[TemplateRendering], bool]
    ) -> tuple[TemplateInput, TemplateRendering] | None:
        for given, rendered in self._rendered(frozenset(relevant)):
            if shows(rendered) and self.renderer.valid(given.item):
                return self.smallest(given, rendered, shows)
        return None

    def _rendered(self, relevant: frozenset[Hole]) -> Iterator[tuple[TemplateInput, TemplateRendering]]:
        """The payloads that are tried, with renderings. Those known for the same holes are used again."""
        if self.known is None or self.known.relevant != relevant:
            self.known = _Known(relevant, self._all(relevant))
        known, number = self.known, 0
        while self.renderer.left > 0:
            if number < len(known.rendered):
                self.renderer.left -= 1  # as if it were, so that the same search finds the same
            else:
                given = next(known.others, None)
                if given is None:
                    return
                known.rendered.append((given, self.renderer.run(given)))
            yield known.rendered[number]
            number += 1

    def _all(self, relevant: Iterable[Hole]) -> Iterator[TemplateInput]:
        for holes, count in self.bases:
            yield self._build(PayloadPlan(holes, count))
        for (holes, _), length in product(self.bases[:2], self.reading.lengths):
            yield self._build(PayloadPlan(holes, length))
        yield from self.variants(relevant)
        yield from self.shuffled()

    def smallest(
        self, given: TemplateInput, rendered: TemplateRendering, shows: Callable[[TemplateRendering], bool]
    ) -> tuple[TemplateInput, TemplateRendering]:
        """The payload without its unnecessary parts, and its rendering."""

        def still(smaller: TemplateInput) -> bool:
            after = self.renderer.run(smaller)
            return shows(after) and after.broken == rendered.broken and self.renderer.valid(smaller.item)

        smallest = shrink(given, still)
        return smallest, self.renderer.run(smallest)


def _texts_first(value: Type, tried: list[object]) -> object:
    return plain(value)


def _numbers_first(value: Type, tried: list[object]) -> object:
    return next((t for t in tried if isinstance(t, int | float) and not isinstance(t, bool)), plain(value))


def _nothing_first(value: Type, tried: list[object]) -> object:
    return tried[0]


def _flags_first(value: Type, tried: list[object]) -> object:
    return next((t for t in tried if isinstance(t, bool)), plain(value))
