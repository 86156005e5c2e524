"""IR of text: the meaning of a Liquid template or condition, independent of the library that parsed it.

A name means, in this order: the variable of a loop around it, one the template assigns, `vars` or a scope of
the request, a key of the item, a counter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import TypeAlias

from mapper.diagnostics.source import Span
from mapper.ir.spans import span_field
from mapper.ir.vars import Var, shared_field


@dataclass(frozen=True, slots=True)
class LiquidRules:
    """The additions of a dialect: tags, filters, the meaning of `"now"` and the zone of dates.

    `filters` names those of its filters that plain Liquid does not have. With `doubles`, 100.0 is the same
    number as 100. With `moments`, `date` shows all times in the zone, or in that of its second argument.
    `computes` is true in `compute`: there a filter that is given nothing gives nothing.
    """

    abort: bool = False
    filters: frozenset[str] = frozenset()
    now: bool = False
    zone: str = "UTC"
    doubles: bool = False
    moments: bool = False
    computes: bool = False

    @property
    def pairs(self) -> tuple[tuple[str, bool | str], ...]:
        """The rules that differ from plain Liquid's, as the run time takes them."""
        given = (
            *(("abort", self.abort), ("doubles", self.doubles), ("moments", self.moments)),
            *((name, True) for name in sorted(self.filters)),
            *(("now", self.now), ("computes", self.computes)),
        )
        return tuple(rule for rule in given if rule[1]) + (
            (("zone", self.zone),) if self.zone != "UTC" else ()
        )


@dataclass(frozen=True, slots=True)
class Scalar:
    """A literal text, number, true, false or nil."""

    value: str | int | float | bool | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Special:
    """`blank` or `empty`, in a comparison."""

    name: str
    span: Span = span_field()


# Keys that Liquid computes of a text, list or object that has no such key itself.
SPECIAL_KEYS = frozenset({"size", "first", "last"})


@dataclass(frozen=True, slots=True)
class Lookup:
    """A variable and the keys read from it; a key is a name, an index or another lookup.

    If it reads a var, the first key is the name of `var`: the keys after it are `rest`.
    """

    name: str
    keys: tuple[str | int | Lookup, ...]
    span: Span = span_field()
    var: Var | None = shared_field(None)

    @property
    def rest(self) -> tuple[str | int | Lookup, ...]:
        """The keys read from the variable or var."""
        return self.keys if self.var is None else self.keys[1:]


@dataclass(frozen=True, slots=True)
class Interval:
    """A range `(start..stop)`, both ends included."""

    start: Operand
    stop: Operand
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class FilterCall:
    """A filter applied to a value."""

    value: Operand
    name: str
    args: tuple[Operand, ...]
    kwargs: tuple[tuple[str, Operand], ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Compare:
    """`==`, `!=`, `<`, `<=`, `>`, `>=` as Liquid compares."""

    operator: str
    left: Operand
    right: Operand
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Contains:
    """A text holds another, a list an element, an object a key."""

    left: Operand
    right: Operand
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Truthy:
    """Anything but nil, missing and false."""

    value: Operand
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class AllOf:
    """`and`: the tests in turn until one fails."""

    tests: tuple[TextTest, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`or`: the tests in turn until one holds."""

    tests: tuple[TextTest, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Negation:
    """The test does not hold (`unless`)."""

    test: TextTest
    span: Span = span_field()


TextTest: TypeAlias = Compare | Contains | Truthy | AllOf | AnyOf | Negation
Operand: TypeAlias = Scalar | Special | Lookup | Interval | FilterCall | TextTest


@dataclass(frozen=True, slots=True)
class Write:
    """Literal text of the template."""

    text: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Output:
    """`{{ value }}` and `{% echo value %}`."""

    value: Operand
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Assign:
    """`{% assign name = value %}`."""

    name: str
    value: Operand
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Capture:
    """`{% capture name %}`: the text that the body writes becomes a variable."""

    name: str
    body: tuple[Statement, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Branch:
    """One test of a `Branches`, and its statements."""

    test: TextTest
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Branches:
    """`if`/`elsif`/`else` and `unless`: the first branch whose test holds."""

    branches: tuple[Branch, ...]
    otherwise: tuple[Statement, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Choice:
    """One `when` (its values) or, with None, an `else` of a `Choices`."""

    values: tuple[Operand, ...] | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """`case`: every `when` that matches, in order; an `else` when none before it has."""

    subject: Operand
    choices: tuple[Choice, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class For:
    """`for`: `label` names the loop to `offset: continue` and `forloop.name`."""

    name: str
    source: Operand
    limit: Operand | None
    offset: Operand | None
    resumes: bool
    backwards: bool
    label: str
    body: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Break:
    """Leaves the innermost loop."""

    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Continue:
    """Goes on with the next element of the innermost loop."""

    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Cycle:
    """`cycle`: writes its values in turn; cycles with the same key share their turn."""

    key: str
    values: tuple[Operand, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Count:
    """`increment` (step 1) and `decrement` (step -1)."""

    name: str
    step: int
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Abort:
    """`{% abort %}` of a dialect: the item is skipped."""

    span: Span = span_field()


Statement: TypeAlias = (
    Write | Output | Assign | Capture | Branches | Choices | For | Break | Continue | Cycle | Count | Abort
)


@dataclass(frozen=True, slots=True)
class Template:
    """Liquid text; `body` is None if the library's interpreter runs it, with the same result.

    `vars` are those that it reads.
    """

    text: str
    body: tuple[Statement, ...] | None
    span: Span = span_field()
    rules: LiquidRules = LiquidRules()
    partials: tuple[tuple[str, str], ...] = ()
    vars: tuple[Var, ...] = shared_field(())


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as inside Liquid's `{% if .. %}`; `test` is None if the library evaluates it.

    `vars` are those that it reads.
    """

    text: str
    test: TextTest | None
    span: Span = span_field()
    rules: LiquidRules = LiquidRules()
    vars: tuple[Var, ...] = shared_field(())


def vars_read(node: object) -> tuple[Var, ...]:
    """The vars that a node, or a tuple of them, reads itself, each once."""
    found: dict[Var, None] = {}
    for part in walk(node):
        kind: type = type(part)
        for name in _shared_parts(kind):
            given = getattr(part, name)
            found |= dict.fromkeys(given if isinstance(given, tuple) else () if given is None else (given,))
    return tuple(found)


def vars_below(node: object) -> tuple[Var, ...]:
    """The vars that a node reads, and those that these read, each once."""
    found: dict[Var, None] = {}
    waiting = list(reversed(vars_read(node)))
    while waiting:
        var = waiting.pop()
        if var not in found:
            found[var] = None
            waiting.extend(reversed(vars_read(var.value)))
    return tuple(found)


def walk_with_vars(node: object) -> Iterator[object]:
    """As `walk`, and the values of all vars below, each once."""
    yield from walk(node)
    for var in vars_below(node):
        yield from walk(var.value)


@dataclass(frozen=True, slots=True)
class Compute:
    """An expression as inside Liquid's `{{ .. }}`; `value` is None if the library evaluates it.

    `vars` are those that it reads.
    """

    text: str
    value: Operand | None
    span: Span = span_field()
    rules: LiquidRules = LiquidRules(computes=True)
    vars: tuple[Var, ...] = shared_field(())


def walk(node: object) -> Iterator[object]:
    """A node, or a tuple of them, and all nodes inside, in the order of the text; not the vars it reads."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend(reversed(node))
            continue
        kind: type = type(node)
        names = _parts(kind)
        if names is not None:
            yield node
            waiting.extend([getattr(node, name) for name in names])


def is_node(value: object) -> bool:
    """True for a node of any kind."""
    kind: type = type(value)
    return _parts(kind) is not None


def parts_of(node: object) -> Iterator[object]:
    """The nodes and other values in the fields of a node, or in a tuple, in the order of the text."""
    kind: type = type(node)
    parts = node if isinstance(node, tuple) else [getattr(node, n) for n in reversed(_parts(kind) or ())]
    for part in parts:
        if isinstance(part, tuple):
            yield from parts_of(part)
        else:
            yield part


@cache
def _parts(kind: type) -> tuple[str, ...] | None:
    """The attributes of a class of nodes, the last first; None for any other class."""
    if not is_dataclass(kind) or issubclass(kind, Span):
        return None
    return tuple(part.name for part in reversed(fields(kind)) if "shared" not in part.metadata)


@cache
def _shared_parts(kind: type) -> tuple[str, ...]:
    """The attributes of a class of nodes that hold the vars they read."""
    return tuple(part.name for part in fields(kind) if "shared" in part.metadata)


def nodes_run(program: object) -> int:
    """The nodes of a program; those inside of loops count for twenty rounds."""
    nodes = list(walk(program))
    inside = sum(1 for node in nodes if isinstance(node, For) for _ in walk(node.body))
    return len(nodes) + 20 * inside
