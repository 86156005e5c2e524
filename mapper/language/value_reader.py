"""Spec values: a document node becomes a value expression (path, Liquid, literal, operator)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.diagnostics.source import Span, SpannedText
from mapper.language.case_reader import CASES, read_cases
from mapper.language.document import MappingEntry, MappingNode, Node, ScalarNode, SequenceNode
from mapper.language.forms import (
    ANYTHING,
    FIELDS,
    LIST_VALUE,
    NAME,
    TEXT,
    VALUE,
    VALUES,
    JsonForm,
    LanguageKey,
    is_expression,
)
from mapper.language.look_alikes import report_look_alike
from mapper.language.modifiers import MODIFIERS, read_modifiers
from mapper.language.nodes import key_text, kind_of, want_choice, want_mapping, want_sequence, want_text
from mapper.language.scalars import quoted
from mapper.language.spec import (
    ArrayValue,
    ComputedValue,
    EntriesValue,
    Entry,
    FirstOf,
    HashValue,
    LiquidText,
    LiteralValue,
    MapValue,
    MatchValue,
    MergeValue,
    Modified,
    ObjectFromValue,
    ObjectValue,
    PathOf,
    PathText,
    RequestValue,
    TakeValue,
    Value,
    VarValue,
    WhenValue,
)

TAKES = ("first", "last", "only")
ON_DUPLICATE = ("reject", "first", "last", "list")
MISSPELT = 2  # unknown keys beside an operator that are reported one by one


@dataclass(frozen=True, slots=True)
class WrittenOperator:
    """An operator as a mapping writes it: its operand, the keys beside it, the span of the whole value."""

    name: str
    operand: Node
    parts: dict[str, Node]
    span: Span
    report: Report

    def part(self, key: str) -> Value | None:
        """The value of a key beside the operator; None if it is absent or after reporting an error."""
        return read_value(self.parts[key], self.report) if key in self.parts else None

    def fault(self, message: str, label: str, *hints: str) -> None:
        """Report an operand of the wrong shape."""
        self.report.error("M107", message, self.operand.span, label, *hints)


@dataclass(frozen=True, slots=True)
class Operator(LanguageKey):
    """An operator: its form, its reader, and the keys that it needs or allows beside it, modifiers apart."""

    read: Callable[[WrittenOperator], Value | None]
    required: dict[str, JsonForm] = field(default_factory=dict)
    optional: dict[str, JsonForm] = field(default_factory=dict)

    @property
    def companions(self) -> dict[str, JsonForm]:
        """The forms of the keys beside it."""
        return self.required | self.optional


def read_value(node: Node, report: Report) -> Value | None:
    """The value expression that a node spells; None after reporting an error."""
    match node:
        case ScalarNode(value=str() as value):
            if value.startswith("$"):
                return PathText(node.text, False, node.span)
            if is_expression(value):
                return LiquidText(node.text, node.span)
            return LiteralValue(value, node.span)
        case ScalarNode():
            return LiteralValue(node.value, node.span)
        case SequenceNode():
            return ArrayValue(read_values(node, report), node.span)
        case MappingNode():
            return _read_pairs(node, report)


def read_values(node: SequenceNode, report: Report) -> tuple[Value, ...]:
    """The value expressions of a list; those that cannot be read are reported and left out."""
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
    operators = [e for e in node.entries if e.key.value in OPERATORS]
    if not operators:
        is_reported = report_look_alike(node, OPERATORS, report)
        built = read_object(node, report)  # in any case, for the faults inside
        return None if is_reported else built
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
    name = str(operators[0].key.value)
    parts = _parts(node, name, report)
    if parts is None:
        return None
    value = OPERATORS[name].read(WrittenOperator(name, operators[0].value, parts, node.span, report))
    modifiers = read_modifiers({k: v for k, v in parts.items() if k in MODIFIERS}, read_value, report)
    if value is None or modifiers is None:
        return value
    return Modified(value, modifiers, node.span)


def _parts(node: MappingNode, operator: str, report: Report) -> dict[str, Node] | None:
    """The companions and modifiers beside an operator; None if its name is just a key of an object."""
    allowed = (*OPERATORS[operator].companions, *MODIFIERS)
    others = [entry for entry in node.entries if entry.key.text.value != operator]
    strange = [entry for entry in others if entry.key.text.value not in allowed]
    if OPERATORS[operator].form.get("type") == "string" and any(map(_has_no_colon, strange)):
        cut = next(filter(_has_no_colon, strange)).key
        label = "inside `{..}` a comma ends plain text"
        hint = f"quote the whole text of `{operator}`"
        message = f"the text of `{operator}` ends before `{cut.text.value}`"
        report.error("M105", message, cut.span, label, hint)
        return None
    unknown = [entry.key for entry in strange]
    _check_keys(unknown, operator, allowed, report)
    if len(unknown) > MISSPELT:
        return None
    parts = {e.key.text.value: e.value for e in others if e.key.text.value in allowed}
    for key in OPERATORS[operator].required:
        if key not in parts:
            place = node.span.part(0, len(operator))
            report.error("M106", f"`{operator}` without `{key}`", place, f"`{key}:` is missing")
    return parts


def _has_no_colon(entry: MappingEntry) -> bool:
    return entry.value.span.start == entry.key.span.end


def _check_keys(unknown: list[ScalarNode], operator: str, allowed: tuple[str, ...], report: Report) -> None:
    """Report keys that `operator` does not know. Many of them are no misspellings but keys of an object."""
    label = f"neither a part of `{operator}` nor a modifier"
    hint = f"to build an object with a key named `{operator}`, write `object:` above the keys"
    if len(unknown) > MISSPELT:
        first = unknown[0]
        headline = f"unknown key `{first.text.value}` beside `{operator}`, and {len(unknown) - 1} more"
        report.error("M105", headline, first.span, label, hint)
        return
    for key in unknown:
        name = key.text.value
        suggestion = did_you_mean(name, allowed) or _owners(name)
        hints = (suggestion, hint) if suggestion else (hint,)
        report.error("M105", f"unknown key `{name}` beside `{operator}`", key.span, label, *hints)


def _owners(part: str) -> str:
    """The hint that names the operators with a part of this name; empty if there are none."""
    owners = [f"`{name}`" for name, operator in OPERATORS.items() if part in operator.companions]
    return f"`{part}` is a part of {' and '.join(owners)}" if owners else ""


def _read_path(written: WrittenOperator) -> Value | None:
    parts, report = written.parts, written.report
    text = want_text(written.operand, f"`{written.name}`", report)
    source = _read_source(written, parts["of"], "of", "value that holds others") if "of" in parts else None
    if text is None or ("of" in parts and source is None):
        return None
    path = PathText(text, written.name == "envelope", written.operand.span)
    value = path if source is None else PathOf(source, path, written.span)
    take = parts.get("take")
    if take is None:
        return value
    # Any word makes one value of several, so an unknown one is no second fault.
    which = want_choice(take, "take", TAKES, report) or TAKES[0]
    return TakeValue(value, SpannedText(which, take.span), written.span)


def _read_source(written: WrittenOperator, node: Node, name: str, noun: str) -> Value | None:
    """The value that an operator looks into, which is never a constant text, number or the like."""
    source = read_value(node, written.report)
    if not (isinstance(source, LiteralValue) and isinstance(node, ScalarNode)):
        return source
    text = source.value
    hint = f"write `$.{text}`" if isinstance(text, str) and text.isidentifier() else ""
    label = f"this is {kind_of(node)}"
    written.report.error("M107", f"`{name}` must be a path or another {noun}", node.span, label, hint)
    return None


def _read_liquid(written: WrittenOperator) -> Value | None:
    text = want_text(written.operand, "`liquid`", written.report)
    return None if text is None else LiquidText(text, written.operand.span)


def _read_compute(written: WrittenOperator) -> Value | None:
    node = written.operand
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return ComputedValue(node.text, node.span)
    hint = 'quote the expression, as in `compute: "total | times: 100"`'
    if isinstance(node, MappingNode) and "|" in node.span.text and "\n" not in node.span.text:
        hint = f"quote the expression: {quoted(node.span.text)}"  # `a | times: 2` alone on its line
    written.fault("`compute` must be text", f"this is {kind_of(node)}", hint)
    return None


def _read_literal(written: WrittenOperator) -> Value | None:
    return LiteralValue(plain_value(written.operand, written.report), written.span, declared=True)


def plain_value(node: Node, report: Report) -> object:
    """A node as the JSON value it spells, without any expression in it."""
    match node:
        case ScalarNode():
            return node.value
        case SequenceNode():
            return [plain_value(item, report) for item in node.items]
        case MappingNode():
            return {key_text(e.key, report) or "": plain_value(e.value, report) for e in node.entries}


def _read_built_object(written: WrittenOperator) -> Value | None:
    pairs = want_mapping(written.operand, "`object`", written.report)
    return None if pairs is None else read_object(pairs, written.report)


def _read_list(written: WrittenOperator) -> Value | None:
    items = want_sequence(written.operand, f"`{written.name}`", written.report)
    if items is None:
        return None
    if not items.items:
        written.fault(f"`{written.name}` needs at least one entry", "the list is empty")
        return None
    values = read_values(items, written.report)
    match written.name:
        case "merge":
            return MergeValue(values, written.span)
        case "hash":
            return HashValue(values, written.span)
        case _:
            return FirstOf(values, written.name == "first_nonblank", written.span)


def _read_match(written: WrittenOperator) -> Value | None:
    report, parts = written.report, written.parts
    subject = read_value(written.operand, report)
    otherwise = written.part("else")
    cases = read_cases(parts["cases"], read_value, report) if "cases" in parts else None
    if subject is None or cases is None:
        return None
    return MatchValue(subject, cases, otherwise, written.span)


def _read_when(written: WrittenOperator) -> Value | None:
    condition = want_text(written.operand, "`when`", written.report)
    then, otherwise = written.part("then"), written.part("else")
    if condition is None or then is None:
        return None
    return WhenValue(condition, then, otherwise, written.span)


def _read_map(written: WrittenOperator) -> Value | None:
    source = _read_source(written, written.operand, "map", "list value")
    element = written.part("to")
    if source is None or element is None:
        return None
    return MapValue(source, element, written.span)


def _read_entries(written: WrittenOperator) -> Value | None:
    source = _read_source(written, written.operand, "entries", "object value")
    return None if source is None else EntriesValue(source, written.span)


def _read_object_from(written: WrittenOperator) -> Value | None:
    source = _read_source(written, written.operand, "object_from", "list or object value")
    key, value = written.part("key"), written.part("value")
    node = written.parts.get("on_duplicate")
    chosen = node and want_choice(node, "on_duplicate", ON_DUPLICATE, written.report)
    if source is None or key is None or value is None:
        return None
    return ObjectFromValue(source, key, value, chosen or "reject", node is not None, written.span)


def _read_request(written: WrittenOperator) -> Value | None:
    text = _read_name(written)
    return None if text is None else RequestValue(written.name, text.value, written.span)


def _read_var(written: WrittenOperator) -> Value | None:
    text = _read_name(written)
    return None if text is None else VarValue(text, written.span)


def _read_name(written: WrittenOperator) -> SpannedText | None:
    name = written.name
    text = want_text(written.operand, f"`{name}`", written.report)
    if text is None:
        return None
    if not text.value:
        written.fault(f"`{name}` needs a name", "this text is empty")
        return None
    if is_expression(text.value):
        written.fault(
            f"`{name}` takes a name, not an expression",
            f"there is hardly a {name} of this name",
            f"to build an object with a key named `{name}`, write `object:` above it",
        )
        return None
    return text


def _read_received_at(written: WrittenOperator) -> Value | None:
    node = written.operand
    if isinstance(node, ScalarNode) and node.value is True:
        return RequestValue(written.name, "", written.span)
    written.fault("`received_at` takes `true`", f"this is {kind_of(node)}", "write `{received_at: true}`")
    return None


_TAKE: JsonForm = {"enum": list(TAKES)}

OPERATORS: dict[str, Operator] = {
    "path": Operator(
        TEXT, "A JSONPath (RFC 9535) on the item.", _read_path, optional={"of": LIST_VALUE, "take": _TAKE}
    ),
    "liquid": Operator(TEXT, "A Liquid template; the value is its text.", _read_liquid),
    "compute": Operator(
        TEXT, "A Liquid expression, as between {{ and }}; its value keeps its type.", _read_compute
    ),
    "literal": Operator(ANYTHING, "A constant, taken as it is.", _read_literal),
    "object": Operator(FIELDS, "An object with exactly these keys.", _read_built_object),
    "first_of": Operator(VALUES, "The first value that is neither missing nor null.", _read_list),
    "first_nonblank": Operator(
        VALUES, "The first value that is neither missing, null nor blank.", _read_list
    ),
    "match": Operator(
        VALUE,
        "Chooses among `cases` by equality with this value.",
        _read_match,
        {"cases": CASES},
        {"else": VALUE},
    ),
    "when": Operator(
        TEXT,
        "A condition, written as inside Liquid's {% if .. %}.",
        _read_when,
        {"then": VALUE},
        {"else": VALUE},
    ),
    "merge": Operator(VALUES, "One object of several; later ones win.", _read_list),
    "map": Operator(
        LIST_VALUE, "A list built item by item; `$` is the item inside `to`.", _read_map, {"to": VALUE}
    ),
    "entries": Operator(LIST_VALUE, "A list with the `key` and `value` of each member.", _read_entries),
    "object_from": Operator(
        LIST_VALUE,
        "An object built entry by entry from a list, or from the entries of an object; `$` is the entry.",
        _read_object_from,
        {"key": VALUE, "value": VALUE},
        {"on_duplicate": {"enum": list(ON_DUPLICATE)}},
    ),
    "hash": Operator(VALUES, "A stable SHA-256 of the values' canonical JSON.", _read_list),
    "envelope": Operator(
        TEXT, "A JSONPath on the whole body instead of the item.", _read_path, optional={"take": _TAKE}
    ),
    "header": Operator(NAME, "A request header, whatever the case of its name.", _read_request),
    "query": Operator(NAME, "A query parameter of the request.", _read_request),
    "setting": Operator(NAME, "A setting passed in by the host.", _read_request),
    "var": Operator(NAME, "The value of this name below `vars`.", _read_var),
    "received_at": Operator(
        {"const": True}, "The time of receipt, passed in by the host.", _read_received_at
    ),
}
