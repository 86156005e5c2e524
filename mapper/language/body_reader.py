"""Body reader: the keys of a mapping that say how its bodies are read become a Policy and a schema's name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SpannedText
from mapper.language.document import MappingNode, Node, ScalarNode, SequenceNode
from mapper.language.forms import TEXT, JsonForm, LanguageKey
from mapper.language.nodes import kind_of, known_parts, optional_text, want_choice, want_texts
from mapper.runtime.repair.policy import ENCODING_ERRORS, FORM_NAMES, FORMATS, REPAIRS, Policy

REPAIR: JsonForm = {"enum": list(REPAIRS)}

BODY_KEYS: dict[str, LanguageKey] = {
    "format": LanguageKey(
        {"enum": list(FORMATS)},
        "The format of a body: JSON (the default), a form of a web page, or one that is not read.",
    ),
    "names": LanguageKey(
        {"enum": list(FORM_NAMES)}, "The names of a form: `flat` (the default), or nested by `brackets`."
    ),
    "field": LanguageKey(TEXT, "The field of a form whose text is JSON."),
    "schema": LanguageKey(TEXT, "The JSON Schema of the whole body; beside the mapping, or in schemas/."),
}
# The formats with which each other key has a meaning, and the remedy for the others.
_NEEDS: dict[str, tuple[tuple[str, ...], str]] = {
    "names": (("form",), "write `format: form`, or remove it"),
    "field": (
        ("form",),
        "write `format: form`; in JSON, `{path: $.a, as: json}` reads such a text",
    ),
    "schema": (("json", "form"), "remove it: nothing of the body is read"),
}
_UNREAD = ("each", "repair", "encoding_errors")  # keys of a mapping without a meaning if no body is read


def body_form() -> JsonForm:
    """The JSON Schema of `body:`."""
    return {
        "type": "object",
        "properties": {name: key.described() for name, key in BODY_KEYS.items()},
        "additionalProperties": False,
        "allOf": [
            {"if": {"required": [key]}, "then": _has_format(formats)} for key, (formats, _) in _NEEDS.items()
        ],
    }


def unread_form() -> JsonForm:
    """The JSON Schema of a whole mapping: some formats of a body leave keys without a meaning."""
    is_unread = {"required": ["body"], "properties": {"body": _has_format(("none",))}}
    no_json = {"properties": {"body": {**_has_format(("form",)), "not": {"required": ["field"]}}}}
    is_form = {"required": ["body"], **no_json}
    return {
        "allOf": [
            {"if": is_unread, "then": {"not": {"anyOf": [{"required": [key]} for key in _UNREAD]}}},
            {"if": is_form, "then": {"not": {"required": ["repair"]}}},
        ]
    }


def _has_format(formats: tuple[str, ...]) -> JsonForm:
    required = {} if "json" in formats else {"required": ["format"]}
    return {"properties": {"format": {"enum": list(formats)}}, **required}


@dataclass(frozen=True, slots=True)
class BodyFormat:
    """How the bodies of a mapping are read, and the name of their schema."""

    policy: Policy
    schema: SpannedText | None = None


def read_body_format(parts: dict[str, Node], report: Report) -> BodyFormat:
    """The meaning of `body`, `encoding_errors` and `repair` among the keys of a mapping."""
    replaces, repairs = _replaces_bytes(parts, report), _repairs(parts, report)
    keys = _body_keys(parts.get("body"), report)
    written = want_choice(keys["format"], "format", FORMATS, report) if "format" in keys else "json"
    if written is None:
        return BodyFormat(Policy(repairs, replaces))
    for key, (formats, hint) in _NEEDS.items():
        if key in keys and written not in formats:
            _misplaced(keys[key], f"`{key}`", f"a body with the format `{written}`", hint, report)
    if written == "none":
        for key in _UNREAD:
            if key in parts:
                _misplaced(parts[key], f"`{key}`", "a body that is not read", "remove it", report)
    if written == "form" and "field" not in keys and "repair" in parts:
        hint = "repairs are for JSON: name the `field` that holds it, or remove this"
        _misplaced(parts["repair"], "`repair`", "a form without `field`", hint, report)
    names = want_choice(keys["names"], "names", FORM_NAMES, report) if "names" in keys else None
    field = optional_text(keys, "field", report)
    nests = names == "brackets"
    if field is not None:
        _check_field(field, report, nests=nests)
    policy = Policy(repairs, replaces, written, nests, None if field is None else field.value)
    schema = optional_text(keys, "schema", report)
    return BodyFormat(policy, None if written == "none" else schema)


def _check_field(field: SpannedText, report: Report, *, nests: bool) -> None:
    """Report a name that no field has: a form without the field would pass as one that was never sent."""
    name = field.value
    if not name:
        message, label, hint = "`field` must be the name of a field", "this is empty", ""
    elif name.startswith(("$.", "$[")):
        label, hint = "the fields of a form have names", f"write `{name[2:]}`"
        message = "`field` must be a name, not a path"
    elif nests and re.fullmatch(r"[^\[\]]+(\[[^\[\]]*\])+", name):
        label = "`names: brackets` makes an object of this field"
        message, hint = "`field` must be a name without brackets", "a field inside another cannot be JSON"
    else:
        return
    report.error("M107", message, field.whole(), label, hint)


def _body_keys(node: Node | None, report: Report) -> dict[str, Node]:
    if node is None:
        return {}
    if isinstance(node, MappingNode):
        return known_parts(node, BODY_KEYS, "`body`", report)
    word = node.text.value if isinstance(node, ScalarNode) else ""
    hint = f"write `body: {{format: {word if word in FORMATS else 'form'}}}`"
    report.error("M107", "`body` must be key-value pairs", node.span, f"this is {kind_of(node)}", hint)
    return {}


def _misplaced(node: Node, key: str, place: str, hint: str, report: Report) -> None:
    report.error("M113", f"{key} has no meaning for {place}", node.span, "this would be ignored", hint)


def _replaces_bytes(parts: dict[str, Node], report: Report) -> bool:
    node = parts.get("encoding_errors")
    return node is not None and want_choice(node, "encoding_errors", ENCODING_ERRORS, report) == "replace"


def _repairs(parts: dict[str, Node], report: Report) -> tuple[str, ...]:
    """The repairs of a body that `repair` allows."""
    node = parts.get("repair")
    nodes: Iterable[Node] = ()
    if node is not None and want_texts(node, "`repair`", report):
        nodes = node.items if isinstance(node, SequenceNode) else (node,)
    names = {want_choice(name, "repair", REPAIRS, report) for name in nodes}
    return tuple(name for name in REPAIRS if name in names)
