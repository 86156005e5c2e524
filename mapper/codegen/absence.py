"""Absence: the words for a required value that is missing, and the place at which it was looked for."""

from __future__ import annotations

from collections.abc import Iterator

from mapper import ir
from mapper.codegen.emitter import Emitter
from mapper.diagnostics.render.visible import shorten
from mapper.diagnostics.source import Span
from mapper.ir.facts import may_miss

_MAX_PLACES = 6
_MAX_LENGTH = 60  # characters of one place


def raise_absent(at: Emitter, node: ir.Value, span: Span) -> str:
    """The statement that rejects an item without a required value (M611)."""
    chosen = _choice(node)
    read = ir.path_text(chosen.subject) if isinstance(chosen, ir.Match) else ir.path_text(node)
    return at.fault("M611", at.site(span, read), _describe(chosen))


def _choice(node: ir.Value) -> ir.Value:
    """The value below changes that leave a missing value missing."""
    while isinstance(node, ir.Cast | ir.Timestamp | ir.Required | ir.Pick | ir.Omit | ir.Rename | ir.Flatten):
        node = node.value
    return node


def _describe(node: ir.Value) -> str:
    match node:
        case ir.Match(subject, cases, None):
            place = next(_places(subject), "")
            fits = "no case fits the value" + (f" at {place}" if place else "")
            return f"{fits}, or its case has none" if any(may_miss(case.value) for case in cases) else fits
        case ir.Coalesce() | ir.When() | ir.Match() | ir.FromRequest():
            places = list(dict.fromkeys(_places(node)))
            more = ", …" if len(places) > _MAX_PLACES else ""
            return f"looked at {', '.join(places[:_MAX_PLACES])}{more}" if places else ""
        case _:
            return ""


def _places(node: ir.Value) -> Iterator[str]:
    """The paths and the parts of a request that a value is chosen from, in the order of the text."""
    match node:
        case ir.Path(root, _, text):
            yield f"`{shorten(text, _MAX_LENGTH)}`" + (" of the body" if root is ir.Root.BODY else "")
        case ir.FromRequest(ir.RequestPart.RECEIVED_AT):
            yield "the time of receipt"
        case ir.FromRequest(part, name):
            yield f"the {part.value} `{shorten(name, _MAX_LENGTH)}`"
        case ir.Match(subject):
            yield from _places(subject)
            for value in ir.alternatives(node):
                yield from _places(value)
        case ir.VarRead(name):
            yield f"the var `{name}`"
        case ir.Template():
            yield "a text"
        case ir.Cast() | ir.Timestamp() | ir.Pick() | ir.Omit() | ir.Rename() | ir.Flatten():
            yield from _places(node.value)
        case _:
            for value in ir.alternatives(node):
                yield from _places(value)
