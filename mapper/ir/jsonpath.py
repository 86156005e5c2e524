"""IR of paths: the meaning of a JSONPath (RFC 9535), independent of the library that parsed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from mapper.diagnostics.source import Span
from mapper.ir.spans import span_field
from mapper.runtime.items import Step


class Root(Enum):
    """The start of a path."""

    ITEM = "item"  # the current item; inside `map … to`, the element
    BODY = "body"  # the whole request body (`envelope:`)


@dataclass(frozen=True, slots=True)
class Name:
    """Selects one member of an object (RFC 9535 §2.3.1)."""

    name: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Index:
    """Selects one element of an array; negative counts from the end (§2.3.3)."""

    index: int
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Selects all members or elements (§2.3.2)."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Selects a range of elements (§2.3.4)."""

    start: int | None
    stop: int | None
    step: int | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Selects the members or elements for which the test holds (§2.3.5)."""

    test: Test


Selector: TypeAlias = Name | Index | Wildcard | Slice | Filter


@dataclass(frozen=True, slots=True)
class Child:
    """A child segment: each selector applied to each node (§2.5.1)."""

    selectors: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Descendant:
    """A descendant segment: each selector applied to each node and all below it (§2.5.2)."""

    selectors: tuple[Selector, ...]


Segment: TypeAlias = Child | Descendant


@dataclass(frozen=True, slots=True)
class Query:
    """A query inside a filter: `@…` (relative) or `$…`."""

    relative: bool
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal inside a filter: string, number, true, false or null."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function call: length, count, match, search, value (§2.4)."""

    name: str
    arguments: tuple[Comparable | Test, ...]


# One side of a comparison (`comparable` in the grammar of RFC 9535).
Comparable: TypeAlias = Query | Constant | Function


@dataclass(frozen=True, slots=True)
class Comparison:
    """`==`, `!=`, `<`, `<=`, `>`, `>=` between singular queries, constants and functions (§2.3.5.2.2)."""

    operator: str
    left: Comparable
    right: Comparable


@dataclass(frozen=True, slots=True)
class Exists:
    """True if the query selects at least one node."""

    query: Query


@dataclass(frozen=True, slots=True)
class Matches:
    """The result of a function of type LogicalType: `match` or `search` (§2.4.6, §2.4.7)."""

    call: Function


@dataclass(frozen=True, slots=True)
class And:
    """All tests hold."""

    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one test holds."""

    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The test does not hold."""

    test: Test


Test: TypeAlias = Comparison | Exists | Matches | And | Or | Not


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled JSONPath: one value or MISSING when singular, else the list of all matches."""

    root: Root
    segments: tuple[Segment, ...]
    text: str
    span: Span = span_field()

    @property
    def is_singular(self) -> bool:
        """True if the path selects at most one node."""
        return is_singular(self.segments)


def is_singular(segments: tuple[Segment, ...]) -> bool:
    """True if segments select at most one node: names and indexes only (RFC 9535 §2.3.5.1)."""
    return all(
        isinstance(segment, Child)
        and len(segment.selectors) == 1
        and isinstance(segment.selectors[0], Name | Index)
        for segment in segments
    )


def absolute_queries(node: Selector | Test | Comparable | Query | tuple[Selector, ...]) -> Iterator[Query]:
    """The `$` queries that select several values, in the filters of selectors; not those inside of others."""
    match node:
        case Query(False, segments):
            if not is_singular(segments):
                yield node
        case Query(_, segments):
            for segment in segments:
                yield from absolute_queries(segment.selectors)
        case Filter(inner) | Exists(inner) | Matches(inner) | Not(inner):
            yield from absolute_queries(inner)
        case And(parts) | Or(parts) | Function(_, parts) | (*parts,):
            for part in parts:
                yield from absolute_queries(part)
        case Comparison(_, left, right):
            yield from absolute_queries(left)
            yield from absolute_queries(right)


def plain_steps(path: Path, *, indexes: bool = False) -> tuple[Step, ...] | None:
    """The steps of `runtime.items` that do the same as a path: names, `[*]`, `[:]`, if asked for `indexes`.

    None for a path that selects in any other way.
    """
    steps: list[Step] = []
    for segment in path.segments:
        match segment:
            case Child((Name(name),)):
                steps.append(("name", name))
            case Child((Index(index),)) if indexes:
                steps.append(("index", index))
            case Child((Wildcard(),)):
                steps.append(("all",))
            case Child((Slice(None | 0, None, None | 1),)):
                steps.append(("elements",))
            case _:
                return None
    return tuple(steps)
