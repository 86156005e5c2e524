"""Facts: whether a node can be missing, null or blank, from its shape or from knowledge of paths."""

from __future__ import annotations

from dataclasses import dataclass

from mapper import ir
from mapper.schemas.questions import type_of

JSON_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array"})
_FIXED: dict[type, str] = {
    ir.Template: "string",
    ir.Timestamp: "string",
    ir.Hash: "string",
    ir.Record: "object",
    ir.Merge: "object",
    ir.Pick: "object",
    ir.Omit: "object",
    ir.Rename: "object",
    ir.Array: "array",
    ir.MapItems: "array",
}


@dataclass(frozen=True, slots=True)
class Nothings:
    """The kinds of nothing that a value can be."""

    missing: bool = False
    null: bool = False
    blank: bool = False

    @property
    def is_sure(self) -> bool:
        """True if there is always a value; it may be a blank text."""
        return not (self.missing or self.null)

    def __or__(self, other: Nothings) -> Nothings:
        return Nothings(self.missing or other.missing, self.null or other.null, self.blank or other.blank)


SURE = Nothings()
TEXT = Nothings(blank=True)
ABSENT = Nothings(missing=True)


class Facts:
    """Facts that hold without any schema; subclasses know more about paths."""

    def of_path(self, path: ir.Path) -> Nothings:
        """The nothings of a path; without a schema, anything a payload may lack."""
        if not path.is_singular:
            return SURE
        return Nothings(missing=bool(path.segments), null=True, blank=True)

    def of(self, node: ir.Value) -> Nothings:
        """The nothings a node can end as, for any payload."""
        match node:
            case ir.Path():
                return self.of_path(node)
            case ir.Literal(value):
                blank = isinstance(value, str) and (not value or value.isspace())
                return Nothings(null=value is None, blank=blank)
            case ir.Template():
                return TEXT
            case ir.Record() | ir.Array() | ir.Merge():
                return SURE
            case ir.Hash(operands):
                # One operand that is always there is enough to make a digest.
                return SURE if any(self.of(operand).is_sure for operand in operands) else ABSENT
            case ir.FromRequest(ir.RequestPart.RECEIVED_AT):
                return ABSENT
            case ir.FromRequest():
                return Nothings(missing=True, null=True, blank=True)
            case ir.MapItems(value) | ir.Pick(value) | ir.Omit(value) | ir.Rename(value):
                inner = self.of(value)
                return Nothings(inner.missing, inner.null)
            case ir.Required(value):
                return Nothings(blank=self.of(value).blank)
            case ir.Cast():
                return self._of_cast(node)
            case ir.Timestamp():
                return self._of_time(node)
            case ir.Default(value, default):
                inner = self.of(value)
                kept = Nothings(blank=inner.blank)
                return kept if inner.is_sure else kept | self.of(default)
            case ir.Match(_, cases, otherwise):
                return self._of_branches([c.value for c in cases], otherwise)
            case ir.When(_, then, otherwise):
                return self._of_branches([then], otherwise)
            case ir.Coalesce():
                return self._of_options(node)

    def _of_cast(self, node: ir.Cast) -> Nothings:
        inner = self.of(node.value)
        as_text = node.kind in (ir.CastKind.STRING, ir.CastKind.JSON)
        return Nothings(
            inner.missing or node.on_error is ir.OnError.OMIT,
            inner.null or node.on_error is ir.OnError.NULL or node.kind is ir.CastKind.JSON,
            (inner.blank and as_text) or node.kind is ir.CastKind.JSON,
        )

    def _of_time(self, node: ir.Timestamp) -> Nothings:
        inner = self.of(node.value)
        has_window = node.low is not None or node.high is not None
        return Nothings(
            inner.missing or node.on_error is ir.OnError.OMIT or has_window,
            inner.null or node.on_error is ir.OnError.NULL,
        )

    def _of_branches(self, branches: list[ir.Value], otherwise: ir.Value | None) -> Nothings:
        found = ABSENT if otherwise is None else self.of(otherwise)
        for branch in branches:
            found |= self.of(branch)
        return found

    def _of_options(self, node: ir.Coalesce) -> Nothings:
        blank = False
        for option in node.options:
            inner = self.of(option)
            if inner.is_sure and not (node.nonblank and inner.blank):
                return Nothings(blank=not node.nonblank and (blank or inner.blank))
            blank = blank or inner.blank
        return Nothings(missing=True, blank=blank and not node.nonblank)

    def types_of_path(self, path: ir.Path) -> frozenset[str]:
        """The types of a singular path's value; without a schema, all."""
        return JSON_TYPES

    def types(self, node: ir.Value) -> frozenset[str]:
        """The JSON types of a node's values apart from null; `null` alone if it can be nothing else."""
        match node:
            case ir.Path():
                return self.types_of_path(node) if node.is_singular else frozenset({"array"})
            case ir.Literal(value):
                return frozenset({type_of(value)})
            case ir.Cast(_, kind):
                return JSON_TYPES if kind is ir.CastKind.JSON else frozenset({kind.value})
            case ir.FromRequest(part):
                return JSON_TYPES if part is ir.RequestPart.SETTING else frozenset({"string"})
            case ir.Coalesce() | ir.Match() | ir.When() | ir.Default() | ir.Required():
                types = frozenset[str]().union(*map(self.types, ir.possible_values(node)))
                return types - {"null"} or types
            case _:
                return frozenset({_FIXED[type(node)]})


STRUCTURAL = Facts()


def may_miss(node: ir.Value) -> bool:
    """True if the node is MISSING for some payload, valid or not."""
    return STRUCTURAL.of(node).missing


def may_be_null(node: ir.Value) -> bool:
    """True if the node is null for some payload, valid or not."""
    return STRUCTURAL.of(node).null


def may_be_blank(node: ir.Value) -> bool:
    """True if the node is an empty or white-space text for some payload, valid or not."""
    return STRUCTURAL.of(node).blank
