"""Facts: the nothings and types that a node can end as, without any schema."""

from __future__ import annotations

from dataclasses import dataclass

from mapper import ir
from mapper.ir.liquid import Write, walk
from mapper.runtime.blank import is_blank_text
from mapper.runtime.json.types import TYPES, type_of
from mapper.runtime.times.writing import EpochForm

_PUNCTUATION = frozenset('{}[]"')
JSON_TYPES = frozenset(TYPES) - {"null"}
# The type of nodes whose values all have one, apart from null.
FIXED: dict[type, str] = {
    ir.Template: "string",
    ir.Hash: "string",
    ir.Record: "object",
    ir.Merge: "object",
    ir.Pick: "object",
    ir.Omit: "object",
    ir.Rename: "object",
    ir.Flatten: "object",
    ir.Array: "array",
    ir.MapItems: "array",
    ir.Entries: "array",
    ir.ObjectFrom: "object",
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


def nothings(node: ir.Value) -> Nothings:
    """The nothings a node can end as, for any payload, valid or not."""
    match node:
        case ir.Path():
            return Nothings(missing=bool(node.segments), null=True, blank=True) if node.is_singular else SURE
        case ir.Literal(value):
            blank = isinstance(value, str) and is_blank_text(value)
            return Nothings(null=value is None, blank=blank)
        case ir.Template():
            return TEXT
        case ir.Compute():
            return Nothings(missing=True, null=True, blank=True)
        case ir.Record() | ir.Array() | ir.Merge():
            return SURE
        case ir.Hash(operands):
            # One operand that is always there is enough to make a digest.
            return SURE if any(nothings(operand).is_sure for operand in operands) else ABSENT
        case ir.FromRequest(ir.RequestPart.RECEIVED_AT):
            return ABSENT
        case ir.FromRequest() | ir.Take():
            return Nothings(missing=True, null=True, blank=True)
        case ir.VarRead(_, var):
            return var.once(nothings)
        case ir.WithItem(_, element):
            return nothings(element)
        case ir.MapItems(value) | ir.Entries(value) | ir.ObjectFrom(value):
            inner = nothings(value)
            return Nothings(inner.missing, inner.null)
        case ir.Pick(value) | ir.Omit(value) | ir.Rename(value) | ir.Flatten(value):
            inner = nothings(value)
            return Nothings(inner.missing, inner.null)
        case ir.Prune():
            return _of_pruned(node)
        case ir.Required(value):
            return Nothings(blank=nothings(value).blank)
        case ir.Cast() | ir.Timestamp():
            return _of_cast(node)
        case ir.Default(value, default):
            inner = nothings(value)
            kept = Nothings(blank=inner.blank)
            return kept if inner.is_sure else kept | nothings(default)
        case ir.Match() | ir.When():
            found = ABSENT if node.otherwise is None else Nothings()
            for value in ir.alternatives(node):
                found |= nothings(value)
            return found
        case ir.Coalesce():
            return _of_options(node)


def _of_cast(node: ir.Cast | ir.Timestamp) -> Nothings:
    inner = nothings(node.value)
    missing = inner.missing or node.on_error is ir.OnError.OMIT
    null = inner.null or node.on_error is ir.OnError.NULL
    match node:
        case ir.Timestamp():
            has_window = node.low is not None or node.high is not None
            return Nothings(missing or has_window, null, inner.blank and keeps(node))
        case ir.Cast(_, ir.CastKind.JSON):
            return Nothings(missing, null=True, blank=True)
        case ir.Cast(_, kind):
            return Nothings(missing, null, inner.blank and (kind is ir.CastKind.STRING or keeps(node)))


def keeps(node: ir.Value) -> bool:
    """True for a cast that leaves a value as it was if it cannot be cast, so that the type is not sure."""
    return isinstance(node, ir.Cast | ir.Timestamp) and node.on_error is ir.OnError.KEEP


def _of_pruned(node: ir.Prune) -> Nothings:
    inner = nothings(node.value)
    taken = Nothings(null="null" in node.kinds, blank="blank" in node.kinds)
    may_be_empty = "empty" in node.kinds and not types(node.value).isdisjoint(("object", "array"))
    missing = inner.missing or may_be_empty or (taken.null and inner.null) or (taken.blank and inner.blank)
    return Nothings(missing, inner.null and not taken.null, inner.blank and not taken.blank)


def _of_options(node: ir.Coalesce) -> Nothings:
    blank = False
    for option in node.options:
        inner = nothings(option)
        if inner.is_sure and not (node.nonblank and inner.blank):
            return Nothings(blank=not node.nonblank and (blank or inner.blank))
        blank = blank or inner.blank
    return Nothings(missing=True, blank=blank and not node.nonblank)


def types(node: ir.Value) -> frozenset[str]:
    """The JSON types of a node's values apart from null; `null` alone if it can be nothing else."""
    match node:
        case ir.Compute():
            return JSON_TYPES
        case ir.Path():
            return JSON_TYPES if node.is_singular else frozenset({"array"})
        case ir.Literal(value):
            return frozenset({type_of(value)})
        case ir.Cast() | ir.Timestamp():
            return _types_of_cast(node)
        case ir.FromRequest(part):
            return JSON_TYPES if part is ir.RequestPart.SETTING else frozenset({"string"})
        case ir.Take():
            return JSON_TYPES
        case ir.VarRead(_, var):
            return var.once(types)
        case ir.WithItem(_, element):
            return types(element)
        case ir.Coalesce() | ir.Match() | ir.When() | ir.Default() | ir.Required():
            found = frozenset[str]().union(*map(types, ir.alternatives(node)))
            return found - {"null"} or found
        case ir.Prune(value):
            return types(value)
        case _:
            return frozenset({FIXED[type(node)]})


def _types_of_cast(node: ir.Cast | ir.Timestamp) -> frozenset[str]:
    if isinstance(node, ir.Cast) and node.kind is ir.CastKind.JSON:
        return JSON_TYPES
    if isinstance(node, ir.Cast):
        wanted = frozenset({node.kind.value})
    else:
        wanted = frozenset({"integer" if isinstance(node.form, EpochForm) else "string"})
    return wanted | (types(node.value) - {"null"}) if keeps(node) else wanted


def may_miss(node: ir.Value) -> bool:
    """True if the node is MISSING for some payload, valid or not."""
    return nothings(node).missing


def may_be_null(node: ir.Value) -> bool:
    """True if the node is null for some payload, valid or not."""
    return nothings(node).null


def writes_json(node: ir.Value) -> bool:
    """True for Liquid that has text of its own that is a part of JSON."""
    if not isinstance(node, ir.Template):
        return False
    if node.body is None:
        return node.text.lstrip()[:1] in _PUNCTUATION
    return any(_PUNCTUATION & set(each.text) for each in walk(node.body) if isinstance(each, Write))
