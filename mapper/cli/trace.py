"""Trace: a mapping and a body become the reasons for each field, skip and rejection."""

from __future__ import annotations

import argparse
import json
import textwrap
from itertools import groupby
from pathlib import Path
from typing import Any

from mapper import api
from mapper.cli import screen
from mapper.cli.request_options import add_scopes, read_scopes
from mapper.cli.screen import Screen
from mapper.cli.targets import find_target
from mapper.diagnostics.errors import CompileError
from mapper.diagnostics.render import render
from mapper.diagnostics.render.visible import shorten
from mapper.diagnostics.source import Span
from mapper.diagnostics.stop import Stop
from mapper.interpreter.traces import ItemTrace
from mapper.interpreter.tracing import Leaf
from mapper.runtime.faults import show
from mapper.runtime.json.types import in_words, type_of
from mapper.runtime.limits import DEFAULT
from mapper.runtime.missing import MISSING

DESCRIPTION = """\
Tells for each field of each event where its value came from and why the alternatives before it lost; for
each skip and rejection, which rule or field was the reason. Payload values are hidden."""
EXAMPLES = """\
examples:
  mapper trace orders order.json
  mapper trace orders order.json --field user_id --item 3"""
WIDTH = 56  # of a line of text without its indentation
MAX_ALIKE = 3  # alternatives that lost for the same reason, one after the other; the rest is counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("mapping", metavar="MAPPING", help="a mapping's name or file")
    parser.add_argument("body", metavar="BODY", type=Path, help="a file that holds one request body")
    parser.add_argument("--field", metavar="FIELD", help="only this output field and those below it")
    parser.add_argument("--item", metavar="N", type=int, help="only this item; the first is 1")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--show-values", action="store_true", help="print values of the payload")
    add_scopes(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the trace; 1 if an item that is shown was rejected or the mapping does not compile."""
    path = find_target(arguments.mapping)
    request, body = read_scopes(arguments), _read(arguments.body)
    try:
        traces = api.trace(api.load(path), body, request)
    except CompileError as error:
        screen.err().block(render(error.diagnostics, "text"))
        return 1
    if arguments.item is not None:
        traces = tuple(one for one in traces if one.index == arguments.item - 1)
        if not traces:
            raise Stop(f"the body has no item {arguments.item}")
    output = screen.out()
    if arguments.format == "json":
        items = [_document(one, arguments) for one in traces]
        output.block(json.dumps({"items": items}, indent=2) + "\n")
    else:
        for one in traces:
            _print(output, one, arguments)
    return 1 if any(one.outcome == "rejected" for one in traces) else 0


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(DEFAULT.body_bytes + 1)
    except OSError as error:
        raise Stop(f"cannot read `{path}`: {error.strerror or error}") from None
    if len(data) > DEFAULT.body_bytes:
        raise Stop(f"`{path}` is larger than {DEFAULT.body_bytes:,} bytes")
    return data


def _selected(one: ItemTrace, wanted: str | None) -> list[Leaf]:
    return [
        leaf
        for leaf in one.steps.leaves
        if wanted is None or f"{_name(leaf)}.".replace("[", ".").startswith(f"{wanted}.".replace("[", "."))
    ]


def _name(leaf: Leaf) -> str:
    return leaf.path.removeprefix(".") or "event"


def _print(output: Screen, one: ItemTrace, arguments: argparse.Namespace) -> None:
    style = {"event": "green", "skipped": "yellow", "rejected": "red"}[one.outcome]
    output.line((f"item {one.index + 1}: {one.outcome}", f"bold {style}"))
    for rule in one.steps.rules:
        word = "reject" if rule.rejects else "skip"
        if rule.applied:
            output.line(f"  {_place(rule.span)} {word}: {shorten(rule.reason, WIDTH - 16)}")
        elif rule.code:
            output.line(f"  {_place(rule.span)} {word}: cannot be decided, ", (rule.code, "red"))
        else:
            continue
        _print_list(output, "reads", rule.places)
    for diagnostic in one.diagnostics:
        message = textwrap.wrap(shorten(diagnostic.message, 4 * WIDTH), WIDTH - 6) or [""]
        output.line((f"  {diagnostic.code}", "red"), f" {message[0]}")
        for rest in message[1:]:
            output.line(f"       {rest}")
    leaves = _selected(one, arguments.field)
    if arguments.field and not leaves:
        output.line(f"  `{shorten(arguments.field)}` was not reached")
    for leaf in leaves:
        _print_leaf(output, leaf, arguments.show_values)
    if not one.steps.is_whole:
        output.line("  too many steps to show")


def _print_leaf(output: Screen, leaf: Leaf, show_values: bool) -> None:
    state = leaf.state
    if show_values and state == "value":
        state = shorten(show(leaf.value))
    color = {"value": "green", "missing": "yellow"}.get(leaf.state, "red")
    output.line(("  " + shorten(_name(leaf)), "bold"), f" {_place(leaf.span)} ", (state, color))
    _print_list(output, "reads", leaf.places)
    for verdict, choices in groupby(leaf.choices, lambda choice: choice.verdict):
        first, *others = choices
        hidden = others[MAX_ALIKE - 1 :]
        for choice in (first, *others[: MAX_ALIKE - 1]):
            output.line(f"    {_place(choice.span)} {_text(choice.span)}: {verdict}")
        if hidden:
            output.line(f"    and {len(hidden)} more: {verdict}")
    for cast in leaf.conversions:
        line = f"    {_place(cast.span)} cast"
        output.line(f"{line}: {_shown(cast.before, show_values)} -> {_shown(cast.after, show_values)}")


def _print_list(output: Screen, title: str, places: tuple[str, ...]) -> None:
    for place in places:
        output.line(f"    {title} ", (shorten(place, WIDTH - 10), "cyan"))


def _shown(value: object, show_values: bool) -> str:
    if value is MISSING:
        return "missing"
    if isinstance(value, Exception):
        return "failed"
    return shorten(show(value), 16) if show_values else in_words([type_of(value)])


def _place(span: Span) -> str:
    return f"{span.line}:{span.column}"


def _text(span: Span) -> str:
    return shorten(" ".join(span.text.split()), 24)


def _document(one: ItemTrace, arguments: argparse.Namespace) -> dict[str, Any]:
    """An item as `schemas/trace.schema.json` describes it."""
    values = arguments.show_values
    return {
        "item": one.index + 1,
        "outcome": one.outcome,
        "reason": one.reason,
        "codes": [diagnostic.code for diagnostic in one.diagnostics],
        "whole": one.steps.is_whole,
        "rules": [
            {"place": _place(r.span), "reason": r.reason, "rejects": r.rejects, "applied": r.applied}
            | {"reads": list(r.places)}
            | ({"code": r.code} if r.code else {})
            for r in one.steps.rules
        ],
        "leaves": [
            {"field": _name(leaf), "place": _place(leaf.span), "state": leaf.state}
            | {"reads": list(leaf.places)}
            | {"choices": [{"place": _place(c.span), "verdict": c.verdict} for c in leaf.choices]}
            | {
                "casts": [
                    {"before": _shown(c.before, values), "after": _shown(c.after, values)}
                    for c in leaf.conversions
                ]
            }
            | ({"value": show(leaf.value)} if values and leaf.state == "value" else {})
            for leaf in _selected(one, arguments.field)
        ],
    }
