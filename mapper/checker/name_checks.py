"""Names: paths, keys and Liquid variables that the source schema does not know."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mapper import ir
from mapper.checker.text_checks import check_text
from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.diagnostics.source import Span
from mapper.ir.liquid import parts_of, walk
from mapper.schemas.questions import (
    Subschema,
    allows_type,
    is_closed,
    items_of,
    names_property,
    properties_of,
    property_of,
)
from mapper.schemas.schema import Schema

_ROOTS = frozenset({"item", "envelope"})
# Liquid names that do not mean a key of the item.
RESERVED = ("item", "envelope", "header", "query", "setting", "received_at", "forloop")


@dataclass(frozen=True, slots=True)
class DescribedValue:
    """A subschema, with the schema it is in: all that is known of an item or a body."""

    subschema: Subschema
    schema: Schema
    title: str  # of its schema, in the label of a diagnostic

    @property
    def document(self) -> Subschema:
        """The document in which the references of the subschema are resolved."""
        return self.schema.document


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The schemas of an item and of the body around it, None for one without.

    `unread` has their names in Liquid if the mapping has no body read. `outer` has the item of the mapping if
    `item` is another one.
    """

    item: DescribedValue | None
    body: DescribedValue | None
    unread: frozenset[str] = frozenset()
    outer: tuple[DescribedValue | None] | None = None

    @staticmethod
    def of(program: ir.Program, source: Schema | None, schema: Schema | None) -> KnownNames:
        """The names of a program's payloads, by the schemas of an item and of the whole body."""
        body = None if schema is None else DescribedValue(schema.document, schema, "the body's schema")
        item: DescribedValue | None
        if source is not None:
            item = DescribedValue(source.document, source, "the source schema")
        else:
            item = None if body is None or len(program.each) > 1 else _item(program.each[0], body)
        return KnownNames(item, body, _ROOTS if program.policy.format == "none" else frozenset())

    def of_item(self, item: DescribedValue | None) -> KnownNames:
        """The names at a place where the item is another value."""
        return KnownNames(item, self.body, self.unread - {"item"}, self.outer or (self.item,))

    def of_mapping(self) -> KnownNames:
        """The names in a var, whose item is that of the mapping."""
        return self if self.outer is None else replace(self, item=self.outer[0], outer=None)


def _item(each: ir.Path, body: DescribedValue) -> DescribedValue | None:
    """An item of a described body; None if its subschema is not the same for all items."""
    found = _follow(each.segments, body.subschema, body.document)
    if found is None:
        return None
    is_each = bool(each.segments) and not isinstance(each.segments[-1].selectors[0], ir.Name | ir.Index)
    if not is_each and allows_type(body.document, found, "array"):
        if allows_type(body.document, found, "object"):
            return None
        found = items_of(body.document, found)
    return replace(body, subschema=found)


def check_names(node: object, names: KnownNames, report: Report) -> None:
    """Report names inside a node that no schema knows (M301, M303), and reads of an unread body (M126).

    Also texts that were probably meant as such (M128), for which no schema is needed.
    """
    item = names.item
    match node:
        case ir.Path():
            _check_path(node, names, report)
        case ir.Literal():
            schema = None if item is None else item.schema
            check_text(node, True if item is None else item.subschema, schema, report)
        case ir.Template(text, (ir.Write(),), span) if "{" not in text:
            check_names(ir.Literal(text, span), names, report)
        case ir.Template():
            _check_lookups(node, names, report)
        case ir.Compute(_, operand):
            _check_lookups(operand, names, report)
        case ir.Condition(_, test):
            _check_lookups(test, names, report)
        case ir.MapItems(inner, element):
            check_names(inner, names, report)
            check_names(element, names.of_item(_elements(_described(inner, names))), report)
        case ir.WithItem(inner, element):
            check_names(inner, names, report)
            check_names(element, names.of_item(_described(inner, names)), report)
        case _:
            for child in parts_of(node):
                check_names(child, names, report)


def _elements(found: DescribedValue | None) -> DescribedValue | None:
    return None if found is None else replace(found, subschema=items_of(found.document, found.subschema))


def _described(value: ir.Value, names: KnownNames) -> DescribedValue | None:
    """A value that is computed from an item and a body; None if it cannot be followed."""
    match value:
        case ir.VarRead(_, var):
            return _described(var.value, names.of_mapping())
        case ir.Path(root, segments):
            start = names.item if root is ir.Root.ITEM else names.body
            found = None if start is None else _follow(segments, start.subschema, start.document)
            if start is None or found is None:
                return None
            return replace(start, subschema=found if value.is_singular else {"type": "array", "items": found})
        case ir.Entries(inner, takes_lists):
            return _entries(_described(inner, names), takes_lists)
        case ir.WithItem(source, element):
            return _described(element, names.of_item(_described(source, names)))
        case ir.Take(inner):
            return _elements(_described(inner, names))
        case ir.Cast(kind=ir.CastKind.JSON):
            return None  # a text may hold anything
        case ir.Cast(inner) | ir.Default(inner) | ir.Required(inner):
            return _described(inner, names)
        case _:
            return None


def _entries(described: DescribedValue | None, takes_lists: bool) -> DescribedValue | None:
    """The list that `entries` gives for a value."""
    if described is None:
        return None
    found, document = described.subschema, described.document
    elements: list[Subschema] = []
    if takes_lists and allows_type(document, found, "array"):
        elements.append(items_of(document, found))
    if allows_type(document, found, "object"):
        values = [*properties_of(document, found).values()] if is_closed(document, found) else []
        members = {"key": {"type": "string"}, "value": {"anyOf": values} if values else True}
        elements.append({"type": "object", "properties": members, "additionalProperties": False})
    subschema = {"type": "array", "items": {"anyOf": elements} if elements else True}
    return replace(described, subschema=subschema)


def _follow(segments: tuple[ir.Segment, ...], schema: Subschema, document: Subschema) -> Subschema | None:
    """The subschema of the values that segments select; None if they cannot be followed."""
    for segment in segments:
        match segment:
            case ir.Child((ir.Name(name),)):
                schema = property_of(document, schema, name)
            case ir.Child((ir.Index() | ir.Wildcard() | ir.Slice(),)):
                schema = items_of(document, schema)
            case _:
                return None
    return schema


def _check_path(path: ir.Path, names: KnownNames, report: Report) -> None:
    is_item = path.root is ir.Root.ITEM
    root = names.item if is_item else names.body
    if ("item" if is_item else "envelope") in names.unread:
        _report_unread("path", path.span, report)
    if root is None:
        return
    schema, parent = root.subschema, root.schema.name
    for segment in path.segments:
        match segment:
            case ir.Child((ir.Name(name, span),)):
                if _is_reported("M301", name, schema, parent, span or path.span, root, report):
                    return
                schema, parent = property_of(root.document, schema, name), name
            case ir.Child((ir.Index() | ir.Wildcard() | ir.Slice(),)) if allows_type(
                root.document, schema, "array"
            ):
                schema = items_of(root.document, schema)
            case _:
                return


def _report_unread(noun: str, span: Span, report: Report) -> None:
    report.error(
        "M126",
        f"a {noun} that reads a body which is not read",
        span,
        "with `format: none` there is nothing in it",
        "read `query`, `header`, `setting` or `received_at`; or give `body` another format",
    )


def _check_lookups(node: object, names: KnownNames, report: Report) -> None:
    local = {n.name for n in walk(node) if isinstance(n, ir.Assign | ir.Capture | ir.For | ir.Count)}
    for lookup in walk(node):
        if isinstance(lookup, ir.Lookup) and lookup.name not in local:
            _check_lookup(lookup, names, report)


def _check_lookup(lookup: ir.Lookup, names: KnownNames, report: Report) -> None:
    if lookup.var is not None:
        _check_below_var(lookup, lookup.var, names, report)
        return
    read: tuple[object, ...] = (lookup.name, *lookup.keys)
    is_body = lookup.name == "envelope"
    root = names.body if is_body else names.item
    if lookup.name in RESERVED:
        read = lookup.keys if lookup.name in _ROOTS else ()
    if ("envelope" if is_body else "item") in names.unread and (
        lookup.name in _ROOTS or lookup.name not in RESERVED
    ):
        _report_unread("variable", lookup.span, report)
    if root is None:
        return
    _check_keys(read, root, root.schema.name, lookup.span, report, begins=not is_body)


def _check_below_var(lookup: ir.Lookup, var: ir.Var, names: KnownNames, report: Report) -> None:
    """Check the keys below a var that is a path; an unknown name of the path itself is reported there."""
    root = _described(var.value, names.of_mapping()) if isinstance(var.value, ir.Path) else None
    if root is None:
        return
    _check_keys(lookup.rest, root, var.name, lookup.span, report)


def _check_keys(
    keys: tuple[object, ...],
    root: DescribedValue,
    parent: str,
    span: Span,
    report: Report,
    begins: bool = False,
) -> None:
    """Check the keys that Liquid reads in a value, up to the first unknown one.

    If the read `begins` with the value, the first key is a variable.
    """
    schema = root.subschema
    for position, name in enumerate(keys):
        is_variable = begins and position == 0
        # Below a variable, Liquid gives these three a meaning of their own.
        if not isinstance(name, str) or (not is_variable and name in ("size", "first", "last")):
            return
        if _is_reported("M303" if is_variable else "M301", name, schema, parent, span, root, report):
            return
        schema, parent = property_of(root.document, schema, name), name


def _is_reported(
    code: str, name: str, schema: Subschema, parent: str, span: Span, root: DescribedValue, report: Report
) -> bool:
    """Report a name that an object schema does not know; returns True if it was reported.

    An open schema allows any name, so an unknown one is reported only if a known name is similar.
    """
    document = root.document
    if schema is False or names_property(document, schema, name):
        return False
    hint = did_you_mean(name, properties_of(document, schema))
    if not hint and not is_closed(document, schema):
        return False
    noun = "variable" if code == "M303" else "field"
    message = f"no {noun} `{name}` in `{parent}`"
    report.error(code, message, span, f"{root.title} does not know it", hint)
    return True
