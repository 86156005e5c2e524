"""Spec values: a document node becomes a value expression (path, Liquid, literal, operator)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.language.document import Mapping, Node, Scalar, Sequence
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

MISSPELT = 2  # unknown keys beside an operator that are reported one by one


def read_value(node: Node, report: Report) -> Value | None:
    """The value expression a node stands for; None after an error was reported."""
    match node:
        case Scalar(value=str() as value):
            if value.startswith("$"):
                return PathText(node.text, False, node.span)
            if "{{" in value or "{%" in value:
                return LiquidText(node.text, node.span)
            return LiteralValue(value, node.span)
        case Scalar():
            return LiteralValue(node.value, node.span)
        case Sequence():
            return ArrayValue(read_values(node, report), node.span)
        case Mapping():
            return _read_pairs(node, report)


def read_values(node: Sequence, report: Report) -> tuple[Value, ...]:
    """The value expressions of a list; unreadable ones are left out after being reported."""
    values = (read_value(item, report) for item in node.items)
    return tuple(value for value in values if value is not None)


def read_object(node: Mapping, report: Report) -> ObjectValue:
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


def _read_pairs(node: Mapping, report: Report) -> Value | None:
    operators = [e for e in node.entries if e.key.value in OPERATORS]
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
    value = OPERATORS[operator].read(operator, operators[0].value, parts, node, report)
    modifiers = read_modifiers({k: v for k, v in parts.items() if k in MODIFIERS}, read_value, report)
    if value is None or modifiers is None:
        return value
    return Modified(value, modifiers, node.span)


def _parts(node: Mapping, operator: str, report: Report) -> dict[str, Node] | None:
    """The companions and modifiers beside an operator; None where its name is just a key of an object."""
    allowed = (*OPERATORS[operator].companions, *MODIFIERS)
    others = [entry for entry in node.entries if entry.key.text.value != operator]
    unknown = [entry.key for entry in others if entry.key.text.value not in allowed]
    _check_keys(unknown, operator, allowed, report)
    if len(unknown) > MISSPELT:
        return None
    parts = {e.key.text.value: e.value for e in others if e.key.text.value in allowed}
    for key in OPERATORS[operator].required:
        if key not in parts:
            report.error(
                "M106",
                f"`{operator}` without `{key}`",
                node.span.part(0, len(operator)),
                f"`{key}:` is missing",
            )
    return parts


def _check_keys(unknown: list[Scalar], operator: str, allowed: tuple[str, ...], report: Report) -> None:
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


class Form(Enum):
    """The form of the value under an operator's key; `mapping_schema` has the schema of each."""

    ANY = "anything"
    TEXT = "a text"
    NAME = "a name"
    TRUE = "true"
    VALUE = "a value"
    VALUES = "a list of values"
    LIST = "a value that is a list"
    FIELDS = "keys with values"


Parts = dict[str, Node]
Reader = Callable[[str, Node, Parts, Mapping, Report], Value | None]


def _read_path(operator: str, node: Node, parts: Parts, whole: Mapping, report: Report) -> Value | None:
    text = want_text(node, f"`{operator}`", report)
    return None if text is None else PathText(text, operator == "envelope", node.span)


def _read_liquid(operator: str, node: Node, parts: Parts, whole: Mapping, report: Report) -> Value | None:
    text = want_text(node, "`liquid`", report)
    return None if text is None else LiquidText(text, node.span)


def _read_literal(operator: str, node: Node, parts: Parts, whole: Mapping, report: Report) -> Value | None:
    return LiteralValue(plain_value(node, report), whole.span)


def plain_value(node: Node, report: Report) -> object:
    """A node as the JSON value it spells, without any expression in it."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain_value(item, report) for item in node.items]
        case Mapping():
            return {key_text(e.key, report) or "": plain_value(e.value, report) for e in node.entries}


def _read_built_object(
    operator: str, node: Node, parts: Parts, whole: Mapping, report: Report
) -> Value | None:
    pairs = want_mapping(node, "`object`", report)
    return None if pairs is None else read_object(pairs, report)


def _read_list(operator: str, node: Node, parts: Parts, whole: Mapping, report: Report) -> Value | None:
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


def _read_match(operator: str, node: Node, parts: Parts, whole: Mapping, report: Report) -> Value | None:
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


def _read_when(operator: str, node: Node, parts: Parts, whole: Mapping, report: Report) -> Value | None:
    condition = want_text(node, "`when`", report)
    then = _optional(parts, "then", report)
    otherwise = _optional(parts, "else", report)
    if condition is None or then is None:
        return None
    return WhenValue(condition, then, otherwise, whole.span)


def _read_map(operator: str, node: Node, parts: Parts, whole: Mapping, report: Report) -> Value | None:
    source = read_value(node, report)
    element = _optional(parts, "to", report)
    if source is None or element is None:
        return None
    if isinstance(source, LiteralValue) and isinstance(node, Scalar):
        report.error(
            "M107", "`map` must be a path or another list value", node.span, f"this is {kind_of(node)}"
        )
        return None
    return MapValue(source, element, whole.span)


def _read_request(operator: str, node: Node, parts: Parts, whole: Mapping, report: Report) -> Value | None:
    if operator == "received_at":
        if isinstance(node, Scalar) and node.value is True:
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


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: how its value is read, the value's form, a sentence for editors, the keys beside it."""

    read: Reader
    form: Form
    sentence: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def companions(self) -> tuple[str, ...]:
        """The keys that it may have beside it, modifiers apart."""
        return self.required + self.optional


OPERATORS: dict[str, Operator] = {
    "path": Operator(_read_path, Form.TEXT, "A JSONPath (RFC 9535) on the item."),
    "liquid": Operator(_read_liquid, Form.TEXT, "A Liquid template; the value is its text."),
    "literal": Operator(_read_literal, Form.ANY, "A constant, taken as it is."),
    "object": Operator(_read_built_object, Form.FIELDS, "An object with exactly these keys."),
    "first_of": Operator(_read_list, Form.VALUES, "The first value that is neither missing nor null."),
    "first_nonblank": Operator(
        _read_list, Form.VALUES, "The first value that is neither missing, null nor blank."
    ),
    "match": Operator(
        _read_match, Form.VALUE, "Chooses among `cases` by equality with this value.", ("cases",), ("else",)
    ),
    "when": Operator(
        _read_when, Form.TEXT, "A condition, written as inside Liquid's {% if .. %}.", ("then",), ("else",)
    ),
    "merge": Operator(_read_list, Form.VALUES, "One object of several; later ones win."),
    "map": Operator(_read_map, Form.LIST, "A list built item by item; `$` is the item inside `to`.", ("to",)),
    "hash": Operator(_read_list, Form.VALUES, "A stable SHA-256 of the values' canonical JSON."),
    "envelope": Operator(_read_path, Form.TEXT, "A JSONPath on the whole body instead of the item."),
    "header": Operator(_read_request, Form.NAME, "A request header, whatever the case of its name."),
    "query": Operator(_read_request, Form.NAME, "A query parameter of the request."),
    "setting": Operator(_read_request, Form.NAME, "A setting passed in by the host."),
    "received_at": Operator(_read_request, Form.TRUE, "The time of receipt, passed in by the host."),
}
