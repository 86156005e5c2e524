"""Nodes: checks of the shape of document nodes; each returns None after reporting another shape (M107)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.diagnostics.source import SpannedText
from mapper.language.document import MappingNode, Node, ScalarNode, SequenceNode
from mapper.runtime.json.types import WORDS, type_of


def kind_of(node: Node) -> str:
    """The type of a node in the words of someone who writes YAML: a value that is left out is nothing."""
    match node:
        case MappingNode():
            return "key-value pairs"
        case SequenceNode():
            return WORDS["array"]
        case ScalarNode(value=None):
            return "nothing"
        case ScalarNode():
            return WORDS[type_of(node.value)]


def known_parts(node: MappingNode, known: Collection[str], place: str, report: Report) -> dict[str, Node]:
    """The values under known keys; each other key is reported as M105."""
    for key in (entry.key for entry in node.entries if entry.key.text.value not in known):
        name = key.text.value
        hint = did_you_mean(name, known) or "the keys are " + ", ".join(f"`{k}`" for k in known)
        report.error("M105", f"unknown key `{name}`", key.span, f"not a key of {place}", hint)
    return {e.key.text.value: e.value for e in node.entries if e.key.text.value in known}


def want_mapping(node: Node, what: str, report: Report) -> MappingNode | None:
    """The node as key-value pairs."""
    if isinstance(node, MappingNode):
        return node
    report.error("M107", f"{what} must be key-value pairs", node.span, f"this is {kind_of(node)}")
    return None


def want_sequence(node: Node, what: str, report: Report) -> SequenceNode | None:
    """The node as a list."""
    if isinstance(node, SequenceNode):
        return node
    report.error("M107", f"{what} must be a list", node.span, f"this is {kind_of(node)}")
    return None


def want_text(node: Node, what: str, report: Report) -> SpannedText | None:
    """The node as text (not a number, not true/false, not empty)."""
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return node.text
    hint = "put it in quotes" if isinstance(node, ScalarNode) and node.value is not None else ""
    report.error("M107", f"{what} must be text", node.span, f"this is {kind_of(node)}", hint)
    return None


def optional_text(parts: dict[str, Node], key: str, report: Report) -> SpannedText | None:
    """The text under a key; None if it is absent or after reporting another value."""
    return want_text(parts[key], f"`{key}`", report) if key in parts else None


def want_texts(node: Node, what: str, report: Report) -> tuple[SpannedText, ...] | None:
    """The node as a text or a list of texts, at least one."""
    if isinstance(node, SequenceNode):
        if not node.items:
            report.error("M107", f"{what} must not be an empty list", node.span, "nothing stands here")
            return None
        texts = [want_text(item, f"each entry of {what}", report) for item in node.items]
        found = tuple(text for text in texts if text is not None)
        return found if len(found) == len(texts) else None
    text = want_text(node, what, report)
    return None if text is None else (text,)


def want_choice(node: Node, key: str, choices: Iterable[str], report: Report) -> str | None:
    """The node as one of a set of words, for the key that takes them."""
    if isinstance(node, ScalarNode) and node.value is not None:
        text: SpannedText | None = node.text  # a number is an unknown word; quotes would not make it one
    else:
        text = want_text(node, f"`{key}`", report)
    if text is None:
        return None
    names = tuple(choices)
    if text.value in names:
        return text.value
    listed = ", ".join(f"`{name}`" for name in names)
    label = f"must be one of {listed}" if len(names) > 1 else f"must be {listed}"
    report.error(
        "M114", f"unknown `{key}`: `{text.value}`", node.span, label, did_you_mean(text.value, names)
    )
    return None


def key_text(key: ScalarNode, report: Report) -> str | None:
    """A key that must be text."""
    if isinstance(key.value, str):
        return key.value
    report.error(
        "M122",
        f"the key `{key.text.value}` is {kind_of(key)}, not text",
        key.span,
        "keys of an object are text",
        f'put it in quotes: "{key.text.value}"',
    )
    return None
