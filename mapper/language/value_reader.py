"""Spec values: a document node becomes a value expression (path, Liquid, literal, operator)."""

from __future__ import annotations

from collections.abc import Callable

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.language.document import MappingNode, Node, ScalarNode, SequenceNode
from mapper.language.modifiers import MODIFIERS, read_modifiers
from mapper.language.nodes import key_text, kind_of, want_mapping, want_sequence, want_text
from mapper.language.spec import (
    ArrayValue,
    CaseEntry,
    Entry,
    FirstOf,
    HashValue,
    LiquidText,
    LiteralValue,
    MapValue,
    MatchValue,
    MergeValue,
    Modified,
    ObjectValue,
    PathText,
    RequestValue,
    Value,
    WhenValue,
)

# Operator -> the companions it may have beside modifiers.
COMPANIONS: dict[str, tuple[str, ...]] = {
    "path": (),
    "liquid": (),
    "literal": (),
    "object": (),
    "first_of": (),
    "first_nonblank": (),
    "match": ("cases", "else"),
    "when": ("then", "else"),
    "merge": (),
    "map": ("to",),
    "hash": (),
    "envelope": (),
    "header": (),
    "query": (),
    "setting": (),
    "received_at": (),
}
MISSPELT = 2  # unknown keys beside an operator that are reported one by one
REQUIRED_COMPANIONS = {"match": ("cases",), "when": ("then",), "map": ("to",)}


def read_value(node: Node, report: Report) -> Value | None:
    """The value expression a node stands for; None after an error was reported."""
    match node:
        case ScalarNode(value=str() as value):
            if value.startswith("$"):
                return PathText(node.text, False, node.span)
            if "{{" in value or "{%" in value:
                return LiquidText(node.text, node.span)
            return LiteralValue(value, node.span)
        case ScalarNode():
            return LiteralValue(node.value, node.span)
        case SequenceNode():
            return ArrayValue(read_values(node, report), node.span)
        case MappingNode():
            return _read_pairs(node, report)


def read_values(node: SequenceNode, report: Report) -> tuple[Value, ...]:
    """The value expressions of a list; unreadable ones are left out after being reported."""
    values = (read_value(item, report) for item in node.items)
    return tuple(value for value in values if value is not None)


def read_object(node: MappingNode, report: Report) -> ObjectValue:
    """An object whose keys are all plain keys, whatever their names."""
    entries = []
    written = set()
    for entry in node.entries:
        name = key_text(entry.key, report)
        if name is not None:
            written.add(name)
        value = read_value(entry.value, report)
        if name is not None and value is not None:
            entries.append(Entry(name, value, entry.key.span))
    return ObjectValue(tuple(entries), frozenset(written), node.span)


def _read_pairs(node: MappingNode, report: Report) -> Value | None:
    operators = [e for e in node.entries if e.key.value in COMPANIONS]
    if not operators:
        return read_object(node, report)
    if len(operators) > 1:
        first, second = operators[0].key, operators[1].key
        report.error(
            "M111",
            f"two operators in one value: `{first.value}` and `{second.value}`",
            second.span,
            "a value has one operator",
            "to build an object with these keys, write `object:` above them",
        )
        return None
    operator = str(operators[0].key.value)
    parts = _parts(node, operator, report)
    if parts is None:
        return None
    value = _READERS[operator](operator, operators[0].value, parts, node, report)
    modifiers = read_modifiers({k: v for k, v in parts.items() if k in MODIFIERS}, read_value, report)
    if value is None or modifiers is None:
        return value
    return Modified(value, modifiers, node.span)


def _parts(node: MappingNode, operator: str, report: Report) -> dict[str, Node] | None:
    """The companions and modifiers beside an operator; None where its name is just a key of an object."""
    allowed = (*COMPANIONS[operator], *MODIFIERS)
    others = [entry for entry in node.entries if entry.key.text.value != operator]
    unknown = [entry.key for entry in others if entry.key.text.value not in allowed]
    _check_keys(unknown, operator, allowed, report)
    if len(unknown) > MISSPELT:
        return None
    parts = {e.key.text.value: e.value for e in others if e.key.text.value in allowed}
    for key in REQUIRED_COMPANIONS.get(operator, ()):
        if key not in parts:
            report.error(
                "M106",
                f"`{operator}` without `{key}`",
                node.span.part(0, len(operator)),
                f"`{key}:` is missing",
            )
    return parts


def _check_keys(unknown: list[ScalarNode], operator: str, allowed: tuple[str, ...], report: Report) -> None:
    """Report keys that `operator` does not know; nobody misspells many: those belong to an object."""
    label = f"neither a part of `{operator}` nor a modifier"
    hint = f"to build an object with a key named `{operator}`, write `object:` above the keys"
    if len(unknown) > MISSPELT:
        first = unknown[0]
        headline = f"unknown key `{first.text.value}` beside `{operator}`, and {len(unknown) - 1} more"
        report.error("M105", headline, first.span, label, hint)
        return
    for key in unknown:
        suggestion = did_you_mean(key.text.value, allowed)
        hints = (suggestion, hint) if suggestion else (hint,)
        report.error("M105", f"unknown key `{key.text.value}` beside `{operator}`", key.span, label, *hints)


Parts = dict[str, Node]
Reader = Callable[[str, Node, Parts, MappingNode, Report], Value | None]


def _read_path(operator: str, node: Node, parts: Parts, whole: MappingNode, report: Report) -> Value | None:
    text = want_text(node, f"`{operator}`", report)
    return None if text is None else PathText(text, operator == "envelope", node.span)


def _read_liquid(operator: str, node: Node, parts: Parts, whole: MappingNode, report: Report) -> Value | None:
    text = want_text(node, "`liquid`", report)
    return None if text is None else LiquidText(text, node.span)


def _read_literal(
    operator: str, node: Node, parts: Parts, whole: MappingNode, report: Report
) -> Value | None:
    return LiteralValue(plain_value(node, report), whole.span)


def plain_value(node: Node, report: Report) -> object:
    """A node as the JSON value it spells, without any expression in it."""
    match node:
        case ScalarNode():
            return node.value
        case SequenceNode():
            return [plain_value(item, report) for item in node.items]
        case MappingNode():
            return {key_text(e.key, report) or "": plain_value(e.value, report) for e in node.entries}


def _read_built_object(
    operator: str, node: Node, parts: Parts, whole: MappingNode, report: Report
) -> Value | None:
    pairs = want_mapping(node, "`object`", report)
    return None if pairs is None else read_object(pairs, report)


def _read_list(operator: str, node: Node, parts: Parts, whole: MappingNode, report: Report) -> Value | None:
    items = want_sequence(node, f"`{operator}`", report)
    if items is None:
        return None
    if not items.items:
        report.error("M107", f"`{operator}` needs at least one entry", node.span, "the list is empty")
        return None
    values = read_values(items, report)
    match operator:
        case "merge":
            return MergeValue(values, whole.span)
        case "hash":
            return HashValue(values, whole.span)
        case _:
            return FirstOf(values, operator == "first_nonblank", whole.span)


def _optional(parts: Parts, key: str, report: Report) -> Value | None:
    return read_value(parts[key], report) if key in parts else None


def _read_match(operator: str, node: Node, parts: Parts, whole: MappingNode, report: Report) -> Value | None:
    subject = read_value(node, report)
    otherwise = _optional(parts, "else", report)
    cases = want_mapping(parts["cases"], "`cases`", report) if "cases" in parts else None
    if cases is not None and not cases.entries:
        report.error("M107", "`cases` needs at least one entry", cases.span, "nothing to choose from")
        return None
    if subject is None or cases is None:
        return None
    read = [(e, read_value(e.value, report)) for e in cases.entries]
    entries = tuple(CaseEntry(e.key.value, v, e.key.span) for e, v in read if v is not None)
    return MatchValue(subject, entries, otherwise, whole.span)


def _read_when(operator: str, node: Node, parts: Parts, whole: MappingNode, report: Report) -> Value | None:
    condition = want_text(node, "`when`", report)
    then = _optional(parts, "then", report)
    otherwise = _optional(parts, "else", report)
    if condition is None or then is None:
        return None
    return WhenValue(condition, then, otherwise, whole.span)


def _read_map(operator: str, node: Node, parts: Parts, whole: MappingNode, report: Report) -> Value | None:
    source = read_value(node, report)
    element = _optional(parts, "to", report)
    if source is None or element is None:
        return None
    if isinstance(source, LiteralValue) and isinstance(node, ScalarNode):
        report.error(
            "M107", "`map` must be a path or another list value", node.span, f"this is {kind_of(node)}"
        )
        return None
    return MapValue(source, element, whole.span)


def _read_request(
    operator: str, node: Node, parts: Parts, whole: MappingNode, report: Report
) -> Value | None:
    if operator == "received_at":
        if isinstance(node, ScalarNode) and node.value is True:
            return RequestValue(operator, "", whole.span)
        report.error(
            "M107",
            "`received_at` takes `true`",
            node.span,
            f"this is {kind_of(node)}",
            "write `{received_at: true}`",
        )
        return None
    text = want_text(node, f"`{operator}`", report)
    if text is None:
        return None
    if not text.value:
        report.error("M107", f"`{operator}` needs a name", node.span, "this text is empty")
        return None
    if text.value.startswith("$") or "{{" in text.value:
        report.error(
            "M107",
            f"`{operator}` takes a name, not an expression",
            node.span,
            f"there is hardly a {operator} of this name",
            f"to build an object with a key named `{operator}`, write `object:` above it",
        )
        return None
    return RequestValue(operator, text.value, whole.span)


_READERS: dict[str, Reader] = {
    "path": _read_path,
    "envelope": _read_path,
    "liquid": _read_liquid,
    "literal": _read_literal,
    "object": _read_built_object,
    "first_of": _read_list,
    "first_nonblank": _read_list,
    "merge": _read_list,
    "hash": _read_list,
    "match": _read_match,
    "when": _read_when,
    "map": _read_map,
    "header": _read_request,
    "query": _read_request,
    "setting": _read_request,
    "received_at": _read_request,
}
