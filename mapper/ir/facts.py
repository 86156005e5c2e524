"""Facts: what a node can end as (missing, null, blank), from its shape or from what is known of paths."""

from __future__ import annotations

from dataclasses import dataclass

from mapper.ir.jsonpath import Path
from mapper.ir.liquid import Template
from mapper.ir.values import (
    Array,
    Cast,
    CastKind,
    Coalesce,
    Default,
    FromRequest,
    Hash,
    Literal,
    MapItems,
    Match,
    Merge,
    Omit,
    OnError,
    Pick,
    Record,
    Rename,
    RequestPart,
    Required,
    Timestamp,
    Value,
    When,
    alternatives,
)
from mapper.runtime.json.types import TYPES, type_of

JSON_TYPES = frozenset(TYPES) - {"null"}
# The type of nodes whose values all have one, null aside.
FIXED: dict[type, str] = {
    Template: "string",
    Timestamp: "string",
    Hash: "string",
    Record: "object",
    Merge: "object",
    Pick: "object",
    Omit: "object",
    Rename: "object",
    Array: "array",
    MapItems: "array",
}


@dataclass(frozen=True, slots=True)
class Nothings:
    """Which kinds of nothing a value can be."""

    missing: bool = False
    null: bool = False
    blank: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether there is always a value (it may be a blank text)."""
        return not (self.missing or self.null)

    def __or__(self, other: Nothings) -> Nothings:
        return Nothings(self.missing or other.missing, self.null or other.null, self.blank or other.blank)


SURE = Nothings()
TEXT = Nothings(blank=True)
ABSENT = Nothings(missing=True)


class Facts:
    """What can be told without any schema; subclasses know more of paths."""

    def of_path(self, path: Path) -> Nothings:
        """The nothings of a path; without a schema, anything a payload may lack."""
        if not path.is_singular:
            return SURE
        return Nothings(missing=bool(path.segments), null=True, blank=True)

    def of(self, node: Value) -> Nothings:
        """The nothings a node can end as, for any payload."""
        match node:
            case Path():
                return self.of_path(node)
            case Literal(value):
                blank = isinstance(value, str) and (not value or value.isspace())
                return Nothings(null=value is None, blank=blank)
            case Template():
                return TEXT
            case Record() | Array() | Merge():
                return SURE
            case Hash(operands):
                # One operand that is always there is enough to make a digest.
                return SURE if any(self.of(operand).is_sure for operand in operands) else ABSENT
            case FromRequest(RequestPart.RECEIVED_AT):
                return ABSENT
            case FromRequest():
                return Nothings(missing=True, null=True, blank=True)
            case MapItems(value) | Pick(value) | Omit(value) | Rename(value):
                inner = self.of(value)
                return Nothings(inner.missing, inner.null)
            case Required(value):
                return Nothings(blank=self.of(value).blank)
            case Cast():
                return self._of_cast(node)
            case Timestamp():
                return self._of_time(node)
            case Default(value, default):
                inner = self.of(value)
                kept = Nothings(blank=inner.blank)
                return kept if inner.is_sure else kept | self.of(default)
            case Match(_, cases, otherwise):
                return self._of_branches([c.value for c in cases], otherwise)
            case When(_, then, otherwise):
                return self._of_branches([then], otherwise)
            case Coalesce():
                return self._of_options(node)

    def _of_cast(self, node: Cast) -> Nothings:
        inner = self.of(node.value)
        as_text = node.kind in (CastKind.STRING, CastKind.JSON)
        return Nothings(
            inner.missing or node.on_error is OnError.OMIT,
            inner.null or node.on_error is OnError.NULL or node.kind is CastKind.JSON,
            (inner.blank and as_text) or node.kind is CastKind.JSON,
        )

    def _of_time(self, node: Timestamp) -> Nothings:
        inner = self.of(node.value)
        has_window = node.low is not None or node.high is not None
        return Nothings(
            inner.missing or node.on_error is OnError.OMIT or has_window,
            inner.null or node.on_error is OnError.NULL,
        )

    def _of_branches(self, branches: list[Value], otherwise: Value | None) -> Nothings:
        found = ABSENT if otherwise is None else self.of(otherwise)
        for branch in branches:
            found |= self.of(branch)
        return found

    def _of_options(self, node: Coalesce) -> Nothings:
        blank = False
        for option in node.options:
            inner = self.of(option)
            if inner.is_sure and not (node.nonblank and inner.blank):
                return Nothings(blank=not node.nonblank and (blank or inner.blank))
            blank = blank or inner.blank
        return Nothings(missing=True, blank=blank and not node.nonblank)

    def types_of_path(self, path: Path) -> frozenset[str]:
        """The types of a singular path's value; without a schema, all."""
        return JSON_TYPES

    def types(self, node: Value) -> frozenset[str]:
        """The JSON types of a node's values, missing and null aside; `null` alone where it is never else."""
        match node:
            case Path():
                return self.types_of_path(node) if node.is_singular else frozenset({"array"})
            case Literal(value):
                return frozenset({type_of(value)})
            case Cast(_, kind):
                return JSON_TYPES if kind is CastKind.JSON else frozenset({kind.value})
            case FromRequest(part):
                return JSON_TYPES if part is RequestPart.SETTING else frozenset({"string"})
            case Coalesce() | Match() | When() | Default() | Required():
                types = frozenset[str]().union(*map(self.types, alternatives(node)))
                return types - {"null"} or types
            case _:
                return frozenset({FIXED[type(node)]})


STRUCTURAL = Facts()


def may_miss(node: Value) -> bool:
    """Whether the node can end as MISSING for some payload, valid or not."""
    return STRUCTURAL.of(node).missing


def may_be_null(node: Value) -> bool:
    """Whether the node can end as null for some payload, valid or not."""
    return STRUCTURAL.of(node).null


def may_be_blank(node: Value) -> bool:
    """Whether the node can end as an empty or white-space text for some payload, valid or not."""
    return STRUCTURAL.of(node).blank
