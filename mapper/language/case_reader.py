"""Cases of `match`: an object of constants and values, or a list of entries with several constants each."""

from __future__ import annotations

import re
from collections.abc import Callable

from mapper.diagnostics.diagnostic import Report
from mapper.language.document import MappingNode, Node, ScalarNode, SequenceNode
from mapper.language.forms import VALUE, JsonForm
from mapper.language.nodes import kind_of, known_parts
from mapper.language.spec import CaseConstant, CaseEntry, Value

_SHAPE = "write `cases: {a: .., b: ..}` or `cases: [{in: [a, b], then: ..}]`"
# Narrower than that of a value: a constant may be a sum of money, such as `$5`.
_EXPRESSION = r"^\$(?![^.\[])|\{[{%]"

_CONSTANT: JsonForm = {
    "type": ["string", "number", "boolean", "null"],
    "not": {"type": "string", "pattern": _EXPRESSION},
}
CASES: JsonForm = {
    "anyOf": [
        {"type": "object", "additionalProperties": VALUE, "minProperties": 1},
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "in": {"type": "array", "items": _CONSTANT, "minItems": 1},
                    "then": VALUE,
                },
                "required": ["in", "then"],
                "additionalProperties": False,
            },
            "minItems": 1,
        },
    ]
}

ValueReader = Callable[[Node, Report], Value | None]


def read_cases(node: Node, read_value: ValueReader, report: Report) -> tuple[CaseEntry, ...] | None:
    """The entries of `cases:` in their order, those that can be read; None after reporting another shape."""
    match node:
        case MappingNode(entries=entries) if entries:
            values = [(e.key, read_value(e.value, report)) for e in entries]
            return tuple(
                CaseEntry((CaseConstant(key.value, key.span),), value, key.span)
                for key, value in values
                if value is not None
            )
        case SequenceNode(items=items) if items:
            read = [_entry(item, read_value, report) for item in items]
            return tuple(entry for entry in read if entry is not None)
        case ScalarNode():
            label = f"this is {kind_of(node)}"
            report.error("M107", "`cases` must be key-value pairs or a list", node.span, label, _SHAPE)
        case _:
            report.error("M107", "`cases` needs at least one entry", node.span, "nothing to choose from")
    return None


def _entry(node: Node, read_value: ValueReader, report: Report) -> CaseEntry | None:
    """An entry of the list: `in` with constants, and `then`."""
    names = {e.key.text.value for e in node.entries} if isinstance(node, MappingNode) else set()
    if not isinstance(node, MappingNode) or names.isdisjoint(("in", "then")):
        label = "it needs `in` and `then`"
        report.error("M107", "an entry of `cases` without `in` and `then`", node.span, label, _SHAPE)
        return None
    parts = known_parts(node, ("in", "then"), "an entry of `cases`", report)
    for key in ("in", "then"):
        if key not in parts:
            report.error("M106", f"an entry of `cases` without `{key}`", node.span, f"`{key}:` is missing")
    constants = _constants(parts["in"], report) if "in" in parts else None
    value = read_value(parts["then"], report) if "then" in parts else None
    return CaseEntry(constants, value, parts["in"].span) if constants and value is not None else None


def _constants(node: Node, report: Report) -> tuple[CaseConstant, ...] | None:
    if not isinstance(node, SequenceNode):
        written = node.text.value if isinstance(node, ScalarNode) else ".."
        label = f"this is {kind_of(node)}"
        report.error("M107", "`in` must be a list", node.span, label, f"write `in: [{written}]`")
        return None
    if not node.items:
        hint = "for any other value write `else:` beside `match`"
        report.error("M107", "`in` needs at least one constant", node.span, "the list is empty", hint)
        return None
    read = [_constant(item, report) for item in node.items]
    return tuple(constant for constant in read if constant is not None)


def _constant(node: Node, report: Report) -> CaseConstant | None:
    if not isinstance(node, ScalarNode):
        label = f"this is {kind_of(node)}"
        hint = "a constant is text, a number, `true`, `false` or `null`"
        report.error("M107", "`in` takes constants", node.span, label, hint)
        return None
    if isinstance(node.value, str) and re.search(_EXPRESSION, node.value):
        label = "this would be compared as text"
        hint = "to compare two values of the payload, use `when`"
        report.error("M107", "`in` takes constants, not expressions", node.span, label, hint)
        return None
    return CaseConstant(node.value, node.span)
