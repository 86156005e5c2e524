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
from mapper.interpreter.tracing import MAX_PLACES, Leaf
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
MIN_COLUMNS, MAX_COLUMNS = 60, 120  # of a line, if the terminal is as wide
TAKEN = ("taken", "taken as `else`", "default taken")
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
        index = None if arguments.item is None else arguments.item - 1
        traces = api.trace(api.load(path), body, request, index=index)
    except CompileError as error:
        screen.err().block(render(error.diagnostics, "text"))
        return 1
    if arguments.item is not None and not traces:
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
    columns = min(max(output.columns or MAX_COLUMNS, MIN_COLUMNS), MAX_COLUMNS)
    output.line((f"item {one.index + 1}: {one.outcome}", f"bold {style}"))
    for rule in one.steps.rules:
        word = "reject" if rule.rejects else "skip"
        if rule.applied:
            output.line(f"  {_place(rule.span)} {word}: {shorten(rule.reason, columns - 20)}")
        elif rule.code:
            output.line(f"  {_place(rule.span)} {word}: cannot be decided, ", (rule.code, "red"))
        else:
            continue
        _print_places(output, rule.places, columns)
    for diagnostic in one.diagnostics:
        _print_folded(output, (f"  {diagnostic.code} ", "red"), shorten(diagnostic.message, 240), columns)
    leaves = _selected(one, arguments.field)
    if arguments.field and not leaves:
        output.line(f"  `{shorten(arguments.field)}` was not reached")
    for leaf in leaves:
        _print_leaf(output, leaf, arguments.show_values, columns)
    if not one.steps.is_whole:
        output.line("  too many steps to show")


def _print_leaf(output: Screen, leaf: Leaf, show_values: bool, columns: int) -> None:
    state = leaf.state
    if show_values and state == "value":
        state = shorten(show(leaf.value))
    color = {"value": "green", "missing": "yellow"}.get(leaf.state, "red")
    name = _name(leaf)
    # Of a long name the end tells more than the beginning.
    name = name if len(name) <= columns - 30 else f"…{name[-(columns - 31) :]}"
    output.line(("  " + name, "bold"), f" {_place(leaf.span)} ", (shorten(state, 20), color))
    _print_places(output, leaf.places, columns)
    for verdict, alike in groupby(leaf.choices, lambda choice: choice.verdict):
        choices = list(alike)
        for choice in choices[:MAX_ALIKE]:
            style = "green" if verdict in TAKEN else "dim"
            text = shorten(" ".join(choice.span.text.split()), columns - 36)
            output.line(f"    {_place(choice.span)} {text}: ", (verdict, style))
        if choices[MAX_ALIKE:]:
            output.line(f"    and {len(choices) - MAX_ALIKE} more: ", (verdict, "dim"))
    for cast in leaf.conversions:
        line = f"    {_place(cast.span)} cast"
        output.line(f"{line}: {_shown(cast.before, show_values)} -> {_shown(cast.after, show_values)}")


def _print_places(output: Screen, places: tuple[str, ...], columns: int) -> None:
    if places:
        more = ", …" if len(places) == MAX_PLACES else ""
        listed = ", ".join(shorten(place, columns - 14) for place in places) + more
        _print_folded(output, ("    reads ", ""), listed, columns, "cyan")


def _print_folded(output: Screen, head: tuple[str, str], text: str, columns: int, style: str = "") -> None:
    """A text beside its head, in as many lines as it needs."""
    room = columns - len(head[0])
    first, *others = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    output.line(head, (first, style))
    for rest in others:
        output.line(" " * len(head[0]), (rest, style))


def _shown(value: object, show_values: bool) -> str:
    if value is MISSING:
        return "missing"
    if isinstance(value, Exception):
        return "failed"
    return shorten(show(value), 16) if show_values else in_words([type_of(value)])


def _place(span: Span) -> str:
    return f"{span.line}:{span.column}"


def _document(one: ItemTrace, arguments: argparse.Namespace) -> dict[str, Any]:
    """An item as `schemas/reports/trace.schema.json` describes it."""
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
