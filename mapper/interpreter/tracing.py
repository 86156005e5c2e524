"""Tracing: the interpreter's observations of one item become the leaves of its event, each with its reasons.

The interpreter reports a node after its operands. A stack turns these reports into a tree of steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mapper import ir
from mapper.diagnostics.source import Span
from mapper.interpreter.items import interpret_item
from mapper.interpreter.path_evaluation import NO_SITE, Location, find_nodes
from mapper.interpreter.value_evaluation import EvaluationContext, is_absent
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
    """A skip or reject rule that was asked: `applied` if it ended the item."""

    span: Span
    reason: str
    rejects: bool
    applied: bool
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TraceSteps:
    """The rules asked and the leaves of an item; `is_whole` is false if there were too many steps."""

    rules: tuple[RuleTried, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class _Step:
    node: ir.Value | ir.Rule
    outcome: object
    places: tuple[str, ...]
    inner: tuple[_Step, ...]


class _Recorder:
    """Builds the tree of steps; `places` of containers that paths have found are known by their identity."""

    def __init__(self, item: object) -> None:
        self.steps: list[_Step] = []
        self.count = 0
        self.vars: dict[int, _Step] = {}
        self._roots: dict[int, str] = {id(item): "$"}

    def observe(self, node: ir.Value | ir.Rule, outcome: object, context: EvaluationContext) -> None:
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
            self.vars.setdefault(id(step.node), step)
        known = tuple(self.vars[id(var.value)] for var in _vars(node) if id(var.value) in self.vars)
        inner = (*(step for step in known if all(step is not other for other in inner)), *inner)
        self.steps.append(_Step(node, outcome, self._places(node, context), inner))

    def _places(self, node: ir.Value | ir.Rule, context: EvaluationContext) -> tuple[str, ...]:
        match node:
            case ir.Path():
                return self._found(node, context)
            case ir.FromRequest(part, name):
                return (f"{part.value} {name}".strip(),)
            case ir.Template(_, lowered) | ir.Compute(_, lowered):
                return _looked_up(lowered, self._root(context))
            case ir.When(condition) | ir.Rule(condition):
                return _looked_up(condition.test, self._root(context))
            case _:
                return ()

    def _root(self, context: EvaluationContext) -> str:
        return self._roots.get(id(context.item), "@")

    def _found(self, path: ir.Path, context: EvaluationContext) -> tuple[str, ...]:
        root = self._root(context) if path.root is ir.Root.ITEM else "^"
        try:
            nodes = find_nodes(path, context.item, context.body)
        except Fault:
            nodes = []
        if not nodes:
            return (root + path.text[1:],)
        for location, value in nodes:
            self._learn(root + _written(location), value)
        return tuple(root + _written(location) for location, _ in nodes[:MAX_PLACES])

    def _learn(self, place: str, value: object) -> None:
        if isinstance(value, dict):
            self._roots.setdefault(id(value), place)
        elif isinstance(value, list):
            for index, element in enumerate(value):
                if isinstance(element, dict):
                    self._roots.setdefault(id(element), f"{place}[{index}]")


def trace_item(program: ir.Program, item: object, body: object, request: Request) -> TraceSteps:
    """Interpret an item and tell each step; the event is that of the interpreter, which is not validated."""
    recorder = _Recorder(item)
    kind, found = interpret_item(program, item, body, request, recorder.observe)
    if recorder.count > MAX_STEPS:
        return TraceSteps(is_whole=False)
    rules: list[RuleTried] = []
    leaves: list[Leaf] = []
    for step in recorder.steps:
        if isinstance(step.node, ir.Rule):
            rule, applied = step.node, step.outcome is not False
            rules.append(RuleTried(rule.span, rule.reason, rule.rejects, applied, _all_places(step)))
        else:
            if isinstance(step.node, ir.Template) and not isinstance(step.outcome, Fault | Skip):
                # Its text is read as JSON after it was observed.
                read = Fault(str(found), NO_SITE) if kind == "rejected" else found
                step = replace(step, outcome=read)
            leaves += _leaves(step, (), ())
    return TraceSteps(tuple(rules), tuple(leaves))


def _leaves(step: _Step, path: Location, above: tuple[TriedChoice, ...]) -> Iterator[Leaf]:
    """The leaves of a value: of objects and lists that the mapping builds, those of their parts."""
    match step.node:
        case ir.Record(fields):
            values = {id(entry.value): entry for entry in fields}
            for inner in step.inner:
                entry = values[id(inner.node)]
                yield from (
                    replace(leaf, span=entry.span) if leaf.path == _written((*path, entry.name)) else leaf
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
    yield Leaf(_written(path), step.node.span, _state(step), step.outcome, _all_places(step), choices, casts)


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


def _all_places(step: _Step) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p for inner in _below(step) for p in inner.places))[:MAX_PLACES]


def _choices(step: _Step) -> Iterator[TriedChoice]:
    match step.node:
        case ir.Coalesce(_, nonblank):
            for inner in step.inner[:-1]:
                yield TriedChoice(inner.node.span, _lost(inner.outcome, nonblank))
            last = step.inner[-1]
            is_taken = step.outcome is not MISSING
            yield TriedChoice(last.node.span, "taken" if is_taken else _lost(last.outcome, nonblank))
        case ir.Match(_, _, otherwise) | ir.When(_, _, otherwise):
            options = {id(option) for option in ir.alternatives(step.node)}
            taken = [inner for inner in step.inner if id(inner.node) in options]
            if not taken:
                yield TriedChoice(step.node.span, "no case fits")
            for inner in taken:
                yield TriedChoice(inner.node.span, "taken as `else`" if inner.node is otherwise else "taken")
        case ir.Default(_, default):
            for inner in step.inner:
                if inner.node is default:
                    yield TriedChoice(inner.node.span, "default taken")


def _lost(outcome: object, nonblank: bool) -> str:
    if isinstance(outcome, Fault):
        return f"failed with {outcome.code}"
    if is_absent(outcome):
        return "null" if outcome is None else "missing"
    return "blank" if nonblank else "lost"


def _conversions(step: _Step) -> Iterator[Conversion]:
    if isinstance(step.node, ir.Cast | ir.Timestamp) and step.inner:
        yield Conversion(step.node.span, step.inner[0].outcome, step.outcome)


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


def _looked_up(lowered: object, root: str) -> tuple[str, ...]:
    """The places that Liquid reads; all of the item if the library runs it."""
    if lowered is None:
        return (root,)
    found: list[str] = []
    for part in ir.walk(lowered):
        if isinstance(part, ir.Lookup) and part.var is None:
            keys = [key for key in part.keys if not isinstance(key, ir.Lookup)]
            if part.name in ir.REQUEST_NAMES:
                found.append(" ".join([part.name, *map(str, keys)]))
            else:
                start = {"item": root, "envelope": "^"}.get(part.name)
                found.append(start + _written(keys) if start else root + _written([part.name, *keys]))
    return tuple(dict.fromkeys(found))[:MAX_PLACES]


def _written(steps: tuple[str | int, ...] | list[str | int]) -> str:
    return write_location(steps)[1:]
