"""Spec reader: document nodes become a Spec; every fault is reported, none stops the rest."""

from __future__ import annotations

import re
from dataclasses import replace

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.render.visible import shorten
from mapper.diagnostics.source import SpannedText
from mapper.language.body_reader import REPAIR, read_body_format
from mapper.language.document import MappingNode, Node, ScalarNode
from mapper.language.forms import FIELDS, TEXT, TEXTS, VAR_NAME, VARS, LanguageKey
from mapper.language.nodes import (
    key_text,
    known_parts,
    optional_text,
    want_mapping,
    want_sequence,
    want_text,
    want_texts,
)
from mapper.language.spec import ObjectValue, RuleEntry, Spec, VarEntry
from mapper.language.value_reader import read_object, read_value
from mapper.runtime.repair.policy import ENCODING_ERRORS

TOP_LEVEL: dict[str, LanguageKey] = {
    "mapping": LanguageKey(TEXT, "The mapping's name."),
    "version": LanguageKey({"const": 1}, "The version of the mapping language."),
    "description": LanguageKey(TEXT, "What the mapping is for."),
    "source": LanguageKey(TEXT, "The JSON Schema of one item; beside the mapping, or in schemas/."),
    "target": LanguageKey(TEXT, "The JSON Schema of the event; default event.schema.json."),
    "dialect": LanguageKey(TEXT, "The Liquid engine whose language templates keep to."),
    "encoding_errors": LanguageKey(
        {"enum": list(ENCODING_ERRORS)}, "What becomes of a body that is not UTF-8."
    ),
    "repair": LanguageKey(
        {"anyOf": [REPAIR, {"type": "array", "items": REPAIR, "minItems": 1}]},
        "What may be put right in a body that is not JSON, where it can be read in one way only.",
    ),
    "body": LanguageKey({"$ref": "#/$defs/body"}, "The format of a request's body, and its JSON Schema."),
    "each": LanguageKey(TEXTS, "Where the items are; of several paths the first that selects anything."),
    "vars": LanguageKey(VARS, "Values with a name, for `{var: name}` and `vars.name` in Liquid."),
    "skip": LanguageKey(
        {"type": "array", "items": {"$ref": "#/$defs/rule"}},
        "Items left out on purpose; the first rule wins.",
    ),
    "reject": LanguageKey(
        {"type": "array", "items": {"$ref": "#/$defs/rule"}},
        "Items rejected on purpose; asked after `skip`, and the first rule wins.",
    ),
    "event": LanguageKey(FIELDS, "The fields of the event."),
    "template": LanguageKey(TEXT, "A Liquid text that renders the event as JSON."),
}
RULE_KEYS: dict[str, LanguageKey] = {
    "when": LanguageKey(TEXT, "A condition, written as inside Liquid's {% if .. %}."),
    "reason": LanguageKey({"type": "string", "pattern": r"\S"}, "Why such an item is left out or rejected."),
}


def read_spec(node: Node, report: Report) -> Spec | None:
    """The Spec of a mapping document, or None if its frame cannot be read.

    Errors found below the frame are in `report`; what could not be read is left out, so that later stages
    still find theirs.
    """
    if not isinstance(node, MappingNode):
        report.error(
            "M103", "a mapping must be key-value pairs", node.span, "expected `mapping:` and `event:`"
        )
        return None
    parts = known_parts(node, TOP_LEVEL, "a mapping", report)
    name = optional_text(parts, "mapping", report)
    if "mapping" not in parts:
        report.error(
            "M106",
            "the key `mapping` is missing",
            node.span.part(0, 1),
            "a mapping has a name",
            "add `mapping: <name>`",
        )
    _check_version(parts.get("version"), report)
    event, template = _output(node, parts, report)
    description = optional_text(parts, "description", report)
    body = read_body_format(parts, report)
    return Spec(
        name=name or SpannedText("mapping", node.span),
        description=description.value if description else "",
        source=optional_text(parts, "source", report),
        target=optional_text(parts, "target", report),
        dialect=optional_text(parts, "dialect", report),
        policy=body.policy,
        body_schema=body.schema,
        each=_each(parts.get("each"), report),
        vars=_vars(parts.get("vars"), report),
        rules=(*_rules(parts, "skip", report), *_rules(parts, "reject", report)),
        event=event,
        template=template,
        span=node.span,
    )


def _check_version(node: Node | None, report: Report) -> None:
    if node is None or (isinstance(node, ScalarNode) and node.value == 1 and node.value is not True):
        return
    report.error(
        "M114",
        "unknown version of the mapping language",
        node.span,
        "the only version is `1`",
        "write `version: 1`",
    )


def _each(node: Node | None, report: Report) -> tuple[SpannedText, ...]:
    if node is None:
        return ()
    return want_texts(node, "`each`", report) or ()


def _output(
    node: MappingNode, parts: dict[str, Node], report: Report
) -> tuple[ObjectValue | None, SpannedText | None]:
    event, template = parts.get("event"), parts.get("template")
    if event is not None and template is not None:
        report.error(
            "M119", "both `event` and `template` are given", template.span, "a mapping holds one of them"
        )
        return None, None
    if template is not None:
        return None, want_text(template, "`template`", report)
    if event is None:
        report.error(
            "M106",
            "neither `event` nor `template` is given",
            node.span.part(0, 1),
            "a mapping says what the event is",
            "add `event:` with the fields of the target",
        )
        return None, None
    fields = want_mapping(event, "`event`", report)
    if fields is None:
        return None, None
    written = node.entry("event")
    place = fields.span if written is None else written.key.span
    return replace(read_object(fields, report), span=place), None


def _vars(node: Node | None, report: Report) -> tuple[VarEntry, ...] | None:
    """The entries of `vars`, those with unusable names without a value; None after reporting no pairs."""
    if node is None:
        return ()
    pairs = want_mapping(node, "`vars`", report)
    if pairs is None:
        return None
    entries = []
    for entry in pairs.entries:
        name = key_text(entry.key, report)
        value = read_value(entry.value, report)
        if name is None:
            name, value = entry.key.text.value, None
        elif re.match(VAR_NAME, name) is None or name.endswith("\n"):
            message, label = f"`{shorten(name)}` cannot be the name of a var", "Liquid could not read it"
            hint = "letters, digits and `_`, not beginning with a digit: `" + _similar_name(name) + "`"
            report.error("M114", message, entry.key.span, label, hint)
            value = None
        entries.append(VarEntry(name, value, entry.key.span))
    return tuple(entries)


def _similar_name(name: str) -> str:
    """A name for a var that resembles a name that cannot be one."""
    found = re.sub(r"[^A-Za-z0-9_]+", "_", name[:40]).strip("_")
    return f"_{found}" if found[:1].isdigit() else found or "name"


def _rules(parts: dict[str, Node], key: str, report: Report) -> tuple[RuleEntry, ...]:
    """The rules of `skip` or `reject`."""
    rules = want_sequence(parts[key], f"`{key}`", report) if key in parts else None
    if rules is None:
        return ()
    read = [_rule(rule, key, report) for rule in rules.items]
    return tuple(rule for rule in read if rule is not None)


def _rule(node: Node, kind: str, report: Report) -> RuleEntry | None:
    noun = f"a {kind} rule"
    rule = want_mapping(node, noun, report)
    if rule is None:
        return None
    parts = known_parts(rule, RULE_KEYS, noun, report)
    for key in RULE_KEYS:
        if key not in parts:
            report.error("M106", f"{noun} without `{key}`", rule.span.part(0, 1), f"`{key}` is missing")
    condition, reason = (optional_text(parts, key, report) for key in RULE_KEYS)
    if reason is not None and not reason.value.strip():
        report.error("M107", f"{noun} without a reason", rule.span.part(0, 1), "the reason is blank")
        return None
    if condition is None or reason is None:
        return None
    return RuleEntry(condition, reason.value, kind == "reject", rule.span)
