"""Names: paths, keys and Liquid variables that the source schema does not know."""

from __future__ import annotations

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

# Liquid names that do not mean a key of the item.
RESERVED = ("item", "envelope", "header", "query", "setting", "received_at", "forloop")


def check_names(node: object, source: Schema | None, report: Report) -> None:
    """Report paths and variables inside a node that the source schema does not know (M301, M303).

    Also texts that were probably meant as such (M128), for which no schema is needed.
    """
    if source is not None:
        _check_node(node, source.document, source, report)
        return
    for inner in walk(node):
        if isinstance(inner, ir.Literal):
            check_text(inner, True, None, report)


def _check_node(node: object, item: Subschema, source: Schema, report: Report) -> None:
    """Check a node and the nodes inside, for an item that fits the subschema `item`."""
    match node:
        case ir.Path(ir.Root.ITEM):
            _check_path(node, item, source, report)
        case ir.Literal():
            check_text(node, item, source, report)
        case ir.Template():
            _check_lookups(node, item, source, report)
        case ir.Condition(_, test):
            _check_lookups(test, item, source, report)
        case ir.MapItems(inner, element):
            _check_node(inner, item, source, report)
            found = _schema_of(inner, item, source.document)
            if found is not None:
                _check_node(element, items_of(source.document, found), source, report)
        case ir.WithItem(inner, element):
            _check_node(inner, item, source, report)
            found = _schema_of(inner, item, source.document)
            if found is not None:
                _check_node(element, found, source, report)
        case _:
            for child in parts_of(node):
                _check_node(child, item, source, report)


def _schema_of(value: ir.Value, schema: Subschema, document: Subschema) -> Subschema | None:
    """The schema of a value computed from an item that fits `schema`; None if it cannot be followed."""
    match value:
        case ir.Path(ir.Root.ITEM, segments):
            for segment in segments:
                match segment:
                    case ir.Child((ir.Name(name),)):
                        schema = property_of(document, schema, name)
                    case ir.Child((ir.Index() | ir.Wildcard() | ir.Slice(),)):
                        schema = items_of(document, schema)
                    case _:
                        return None
            return schema if value.is_singular else {"type": "array", "items": schema}
        case ir.WithItem(source, element):
            found = _schema_of(source, schema, document)
            return None if found is None else _schema_of(element, found, document)
        case ir.Take(inner):
            found = _schema_of(inner, schema, document)
            return None if found is None else items_of(document, found)
        case ir.Cast(kind=ir.CastKind.JSON):
            return None  # a text may hold anything
        case ir.Cast(inner) | ir.Default(inner) | ir.Required(inner):
            return _schema_of(inner, schema, document)
        case _:
            return None


def _check_path(path: ir.Path, schema: Subschema, source: Schema, report: Report) -> None:
    parent = source.name
    for segment in path.segments:
        match segment:
            case ir.Child((ir.Name(name, span),)):
                if _is_reported("M301", name, schema, parent, span or path.span, source, report):
                    return
                schema, parent = property_of(source.document, schema, name), name
            case ir.Child((ir.Index() | ir.Wildcard() | ir.Slice(),)) if allows_type(
                source.document, schema, "array"
            ):
                schema = items_of(source.document, schema)
            case _:
                return


def _check_lookups(node: object, item: Subschema, source: Schema, report: Report) -> None:
    local = {n.name for n in walk(node) if isinstance(n, ir.Assign | ir.Capture | ir.For | ir.Count)}
    for lookup in walk(node):
        if isinstance(lookup, ir.Lookup) and lookup.name not in local:
            _check_lookup(lookup, item, source, report)


def _check_lookup(lookup: ir.Lookup, schema: Subschema, source: Schema, report: Report) -> None:
    names: tuple[object, ...] = (lookup.name, *lookup.keys)
    if lookup.name in RESERVED:
        names = lookup.keys if lookup.name == "item" else ()
    parent = source.name
    for position, name in enumerate(names):
        # Below the first name, Liquid gives these three a meaning of their own.
        if not isinstance(name, str) or (position and name in ("size", "first", "last")):
            return
        code = "M301" if position else "M303"
        if _is_reported(code, name, schema, parent, lookup.span, source, report):
            return
        schema, parent = property_of(source.document, schema, name), name


def _is_reported(
    code: str, name: str, schema: Subschema, parent: str, span: Span, source: Schema, report: Report
) -> bool:
    """Report a name that an object schema does not know; returns True if it was reported.

    An open schema allows any name, so an unknown one is reported only if a known name is similar.
    """
    document = source.document
    if schema is False or names_property(document, schema, name):
        return False
    hint = did_you_mean(name, properties_of(document, schema))
    if not hint and not is_closed(document, schema):
        return False
    noun = "variable" if code == "M303" else "field"
    message = f"no {noun} `{name}` in `{parent}`"
    report.error(code, message, span, "the source schema does not know it", hint)
    return True
