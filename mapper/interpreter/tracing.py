"""Tracing: the interpreter's observations of one item become the leaves of its event, each with its reasons.

The interpreter reports a node after its operands. A stack turns these reports into a tree of steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from mapper import ir
from mapper.diagnostics.source import Span
from mapper.interpreter.items import interpret
from mapper.interpreter.path_evaluation import NO_SITE, Location, find_nodes
from mapper.interpreter.value_evaluation import EvaluationContext, is_absent
from mapper.interpreter.watching import (
    BODY,
    ELEMENT,
    ITEM,
    Place,
    Reading,
    WatchedContext,
    WatchedList,
    innermost,
    unwatched,
    watched,
    write_place,
)
from mapper.runtime.faults import Fault, Skip
from mapper.runtime.json.locations import write_location
from mapper.runtime.missing import MISSING
from mapper.transform.request import Request

MAX_STEPS = 100_000  # of one item; a longer trace is left out
MAX_PLACES = 20  # read by one leaf; the rest is left out


@dataclass(frozen=True, slots=True)
class TriedChoice:
    """One alternative that was tried: its span, and `taken` or the reason why it lost."""

    span: Span
    verdict: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """A cast or a time: the value before and after; MISSING if there is none."""

    span: Span
    before: object = field(repr=False)
    after: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One output field: `state` is `value`, `missing`, or the code of the fault that ended the item here.

    `places` are locations in the item (`$.a[0]`), in the body (`^.a`) or in the request (`header x`).
    """

    path: str
    span: Span
    state: str
    value: object = field(repr=False)
    places: tuple[str, ...]
    choices: tuple[TriedChoice, ...]
    conversions: tuple[Conversion, ...]


@dataclass(frozen=True, slots=True)
class RuleTried:
    """A skip or reject rule that was asked: `applied` if it holds; `code` if it failed and ended the item."""

    span: Span
    reason: str
    rejects: bool
    applied: bool
    places: tuple[str, ...]
    code: str = ""


@dataclass(frozen=True, slots=True)
class TraceSteps:
    """The rules asked and the leaves of an item; `is_whole` is false if there were too many steps.

    `event` is what the fields make, before it is validated; None if a rule, a skip or a fault ended the item.
    """

    rules: tuple[RuleTried, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    is_whole: bool = True
    event: object = field(default=None, repr=False)

    def refused(self, fields: Sequence[str], code: str) -> TraceSteps:
        """The steps with a code for the leaves at, above or below fields that the target schema refuses."""
        leaves = tuple(
            replace(leaf, state=code) if any(_overlaps(leaf.path, name) for name in fields) else leaf
            for leaf in self.leaves
        )
        return replace(self, leaves=leaves)


@dataclass(frozen=True, slots=True)
class _Step:
    node: ir.Value | ir.Rule
    outcome: object
    places: tuple[Place, ...]
    inner: tuple[_Step, ...]


class _Recorder:
    """Builds the tree of steps out of the nodes in the order in which they are observed."""

    def __init__(self, reading: Reading) -> None:
        self.steps: list[_Step] = []
        self.count = 0
        self._reading = reading
        self._vars: dict[int, _Step] = {}
        self._matches: dict[int, tuple[Place, ...]] = {}  # of each list that a path has made, by identity

    def observe(self, node: ir.Value | ir.Rule, outcome: object, context: EvaluationContext) -> None:
        assert isinstance(context, WatchedContext)
        self.count += 1
        if self.count > MAX_STEPS:
            return
        operands = {id(operand) for operand in _operands(node)}
        first = len(self.steps)
        while first and id(self.steps[first - 1].node) in operands:
            first -= 1
        inner = tuple(self.steps[first:])
        del self.steps[first:]
        for step in inner:
            self._vars.setdefault(id(step.node), step)
        known = tuple(self._vars[id(var.value)] for var in _vars(node) if id(var.value) in self._vars)
        inner = (*(step for step in known if all(step is not other for other in inner)), *inner)
        if isinstance(node, ir.MapItems | ir.WithItem):
            inner = self._with_places(node, inner)
        self.steps.append(_Step(node, outcome, self._places(node, outcome, context), inner))

    def _places(
        self, node: ir.Value | ir.Rule, outcome: object, context: WatchedContext
    ) -> tuple[Place, ...]:
        match node:
            case ir.Path():
                return self._found(node, outcome, context)
            case ir.FromRequest(part, name):
                return ((part.value, name) if name else (part.value,),)
            case ir.When(condition) | ir.Rule(condition):
                return self._reading.take(condition)
            case _:
                return self._reading.take(node)

    def _found(self, path: ir.Path, outcome: object, context: WatchedContext) -> tuple[Place, ...]:
        root = context.root if path.root is ir.Root.ITEM else BODY
        matches: tuple[Place, ...] = ()
        with self._reading.of(path), suppress(Fault):
            self._reading.in_path = True
            matches = tuple(root + location for location, _ in find_nodes(path, context.item, context.body))
        self._reading.in_path = False
        if isinstance(outcome, list) and not path.is_singular:
            self._matches[id(outcome)] = matches
        tested = self._reading.take(path)
        if matches:
            return innermost((*matches, *tested))
        if path.is_singular:
            return (root + tuple(_only_step(segment) for segment in path.segments),)
        return tested or (root,)

    def _with_places(self, node: ir.MapItems | ir.WithItem, inner: tuple[_Step, ...]) -> tuple[_Step, ...]:
        """The steps, in which the places of elements are those in the payload."""
        source = next((step for step in inner if step.node is node.source), None)
        if source is None:
            return inner
        elements = source.outcome
        read = _all_places(source)
        found: list[_Step] = []
        number = 0
        for step in inner:
            if step.node is not node.element:
                found.append(step)
                continue
            own = read
            if isinstance(node, ir.MapItems) and id(elements) in self._matches:
                own = self._matches[id(elements)][number : number + 1]
            elif isinstance(node, ir.MapItems) and isinstance(elements, WatchedList):
                own = ((*elements.place, number),)
            found.append(_placed(step, own, is_known=own is not read))
            number += 1
        return tuple(found)


def _only_step(segment: ir.Segment) -> str | int:
    match segment.selectors:
        case (ir.Name(name),):
            return name
        case (ir.Index(index),):
            return index
    raise AssertionError("a singular path has one name or index in each segment")


def _placed(step: _Step, element: tuple[Place, ...], *, is_known: bool) -> _Step:
    """A step, with the place of the element in which it was evaluated; else those its list was made of."""
    places: list[Place] = []
    for place in step.places:
        if place[:1] == ELEMENT:
            places += (start + place[1:] if is_known else start for start in element)
        else:
            places.append(place)
    inner = tuple(_placed(one, element, is_known=is_known) for one in step.inner)
    if inner == step.inner and tuple(places) == step.places:
        return step
    return replace(step, places=tuple(dict.fromkeys(places)), inner=inner)


def trace_item(
    program: ir.Program, item: object, body: object, request: Request, reading: Reading
) -> TraceSteps:
    """Interpret an item and tell each step; the event is that of the interpreter, which is not validated.

    `body` is watched by `reading`, so that it is copied once for all items.
    """
    recorder = _Recorder(reading)
    context = WatchedContext(watched(item, ITEM, reading), body, request, recorder.observe, reading=reading)
    kind, found = interpret(program, context)
    if recorder.count > MAX_STEPS:
        return TraceSteps(is_whole=False)
    rules: list[RuleTried] = []
    leaves: list[Leaf] = []
    for step in recorder.steps:
        if isinstance(step.node, ir.Rule):
            rule, outcome = step.node, step.outcome
            code = outcome.code if isinstance(outcome, Fault) else ""
            places = _places_read(step)
            rules.append(RuleTried(rule.span, rule.reason, rule.rejects, outcome is True, places, code))
        else:
            if isinstance(step.node, ir.Template) and not isinstance(step.outcome, Fault | Skip):
                # Its text is read as JSON after it was observed.
                read = Fault(str(found), NO_SITE) if kind == "rejected" else found
                step = replace(step, outcome=read)
            leaves += _leaves(step, (), ())
    event = unwatched(found) if kind == "event" else None
    return TraceSteps(tuple(rules), tuple(leaves), event=event)


def _overlaps(path: str, other: str) -> bool:
    """Return True if one of two places is the other, or inside it."""
    short, long = sorted((path, other), key=len)
    return long == short or (long.startswith(short) and long[len(short)] in ".[")


def _leaves(step: _Step, path: Location, above: tuple[TriedChoice, ...]) -> Iterator[Leaf]:
    """The leaves of a value: of objects and lists that the mapping builds, those of their parts."""
    match step.node:
        case ir.Record(fields):
            values = {id(entry.value): entry for entry in fields}
            for inner in step.inner:
                entry = values[id(inner.node)]
                yield from (
                    replace(leaf, span=entry.span) if leaf.path == _field((*path, entry.name)) else leaf
                    for leaf in _leaves(inner, (*path, entry.name), above)
                )
            return
        case ir.Array() | ir.MapItems(element=ir.Record()) if step.inner:
            rest = step.inner if isinstance(step.node, ir.Array) else step.inner[1:]
            if rest:
                place = 0
                for inner in rest:
                    yield from _leaves(inner, (*path, place), above)
                    place += inner.outcome is not MISSING
                return
        case ir.Required() | ir.Coalesce() | ir.When() | ir.Match() | ir.Default() if step.inner:
            last = step.inner[-1]
            if isinstance(last.node, ir.Record) and last.outcome is step.outcome:
                yield from _leaves(last, path, (*above, *_choices(step)))
                return
    below = tuple(_below(step))
    choices = (*above, *(choice for inner in below for choice in _choices(inner)))
    casts = tuple(conversion for inner in reversed(below) for conversion in _conversions(inner))
    value = unwatched(step.outcome)
    yield Leaf(_field(path), step.node.span, _state(step), value, _places_read(step), choices, casts)


def _state(step: _Step) -> str:
    match step.outcome:
        case Fault() as fault:
            return fault.code
        case Skip():
            return "skipped"
        case outcome:
            return "missing" if outcome is MISSING else "value"


def _below(step: _Step) -> Iterator[_Step]:
    """A step and all inside, each once."""
    seen: set[int] = set()
    waiting = [step]
    while waiting:
        step = waiting.pop()
        if id(step) not in seen:
            seen.add(id(step))
            yield step
            waiting.extend(reversed(step.inner))


def _all_places(step: _Step) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(place for inner in _below(step) for place in inner.places))


def _places_read(step: _Step) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(write_place, _all_places(step)[:MAX_PLACES])))


def _choices(step: _Step) -> Iterator[TriedChoice]:
    match step.node:
        case ir.Coalesce(_, nonblank):
            for inner in step.inner[:-1]:
                yield TriedChoice(inner.node.span, _lost(inner.outcome, nonblank))
            last = step.inner[-1]
            is_taken = step.outcome is not MISSING
            yield TriedChoice(last.node.span, "taken" if is_taken else _lost(last.outcome, nonblank))
        case ir.Match(_, cases, otherwise):
            evaluated = {id(inner.node) for inner in step.inner}
            for case in cases:
                if id(case.value) in evaluated:
                    yield TriedChoice(case.span, "taken")
                    return
                yield TriedChoice(case.span, "not equal")
            if otherwise is not None and id(otherwise) in evaluated:
                yield TriedChoice(otherwise.span, "taken as `else`")
        case ir.When(condition, then, otherwise):
            evaluated = {id(inner.node) for inner in step.inner}
            if id(then) in evaluated:
                yield TriedChoice(then.span, "taken")
            elif otherwise is not None and id(otherwise) in evaluated:
                yield TriedChoice(condition.span, "does not hold")
                yield TriedChoice(otherwise.span, "taken as `else`")
            elif not isinstance(step.outcome, Fault):
                yield TriedChoice(condition.span, "does not hold")
        case ir.Default(value, default):
            if any(inner.node is default for inner in step.inner):
                lost = next(inner for inner in step.inner if inner.node is value)
                yield TriedChoice(value.span, _lost(lost.outcome, nonblank=False))
                yield TriedChoice(default.span, "default taken")


def _lost(outcome: object, nonblank: bool) -> str:
    if isinstance(outcome, Fault):
        return f"failed with {outcome.code}"
    if is_absent(outcome):
        return "null" if outcome is None else "missing"
    return "blank" if nonblank else "lost"


def _conversions(step: _Step) -> Iterator[Conversion]:
    if isinstance(step.node, ir.Cast | ir.Timestamp) and step.inner and not is_absent(step.inner[0].outcome):
        yield Conversion(step.node.span, unwatched(step.inner[0].outcome), unwatched(step.outcome))


def _operands(node: ir.Value | ir.Rule) -> Iterator[ir.Value]:
    if not isinstance(node, ir.Rule):
        yield from ir.children(node)
    yield from (var.value for var in _vars(node))


def _vars(node: ir.Value | ir.Rule) -> tuple[ir.Var, ...]:
    match node:
        case ir.VarRead(_, var):
            return (var,)
        case ir.Template() | ir.Compute():
            return node.vars
        case ir.When(condition) | ir.Rule(condition):
            return condition.vars
        case _:
            return ()


def _field(steps: Location) -> str:
    return write_location(steps)[1:]
