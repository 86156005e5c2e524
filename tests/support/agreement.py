"""Agreement of generated code and the interpreter: same items, same outcomes, same codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

import msgspec

import mapper
from mapper import ir
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.expressions.jsonpath import parse_path
from mapper.interpreter.items import interpret_item
from mapper.interpreter.path_evaluation import evaluate_path
from mapper.runtime.items import UnmatchedElement, select
from mapper.runtime.json.nesting import nests_deeper
from mapper.runtime.schema.validation import is_json
from mapper.transform.body import read_body
from mapper.transform.json_text import Body
from support.validators import reference

VALIDATED_LATER = "M612"
TOO_DEEP = "M606"  # the interpreter has no limits
BEFORE_ITEMS = ("M604", "M605")


@lru_cache(maxsize=4)  # many payloads of one transform follow each other
def program_of(transform: mapper.Transform) -> ir.Program:
    """The program of a transform, analysed anew."""
    compiled = transform._compiled
    folder = Path(compiled.filename).parent if Path(compiled.filename).is_file() else None
    program = analyse(SourceFile(compiled.filename, compiled.text), folder, Report()).program
    assert program is not None
    return program


@cache
def _validity(target: str) -> Callable[[object], bool]:
    return reference(json.loads(target)).is_valid  # type: ignore[no-any-return]


def assert_agreement(
    transform: mapper.Transform,
    payload: object,
    request: mapper.Request | None = None,
    program: ir.Program | None = None,
) -> None:
    """Run every item of a payload through the interpreter; the transform must give the same outcomes."""
    request = request or mapper.Request()
    compiled = transform._compiled
    if not compiled.policy.reads_json:
        body = read_body(payload if isinstance(payload, bytes) else b"", compiled.policy)
        if not isinstance(body, Body):
            return
        payload = body.value
    elif isinstance(payload, bytes):
        try:
            payload = msgspec.json.decode(payload)
        except (ValueError, RecursionError):
            return
    program = program or program_of(transform)
    result = transform(payload, request)
    items = select(transform._decoded.alternatives, payload, compiled.limits.items)
    if items is None:
        assert (result.items, result.rejected[0].codes, result.rejected[0].item) == (1, ("M603",), payload)
        return
    assert_accounted(result, items)
    valid = _validity(compiled.target)
    for index, item in enumerate(items):
        found = _outcome(result, index)
        if found[0] == "rejected" and found[1] in BEFORE_ITEMS:
            assert not isinstance(item, dict)
            continue
        if found == ("rejected", TOO_DEEP) and nests_deeper(payload, compiled.limits.nesting):
            continue
        expected = interpret_item(program, item, payload, request)
        observed = interpret_item(program, item, payload, request, lambda *_: None)
        assert same(observed, expected), "observing changes the outcome"
        if expected[0] == "event" and not (is_json(expected[1]) and valid(expected[1])):
            expected = ("rejected", VALIDATED_LATER)
        assert same(found, expected), (
            f"{_name(found)} is interpreted as {_name(expected)}: {found} {expected}"
        )


def assert_accounted(result: mapper.Result, items: list[object]) -> None:
    """Every item has one outcome, and skips and rejections hold the items they speak of."""
    assert result.items == len(items)
    others = [*result.skipped, *result.rejected]
    assert len({other.index for other in others}) == len(others)
    for other in others:
        item = items[other.index]
        assert other.item is (item.value if isinstance(item, UnmatchedElement) else item)
    for rejection in result.rejected:
        assert rejection.diagnostics
        assert all(diagnostic.location is not None for diagnostic in rejection.diagnostics)


def assert_located(result: mapper.Result, payload: object) -> None:
    """The location of every rejection leads to its item."""
    for rejection in result.rejected:
        file = SourceFile("<location>", rejection.location)
        text = SpannedText(rejection.location, Span(file, 0, len(file.text)), exact=True)
        path = parse_path(text, ir.Root.BODY, Report())
        assert path is not None, rejection.location
        assert evaluate_path(path, payload, payload) is rejection.item


def _outcome(result: mapper.Result, index: int) -> tuple[str, object]:
    for skip in result.skipped:
        if skip.index == index:
            return "skipped", skip.reason
    for rejection in result.rejected:
        if rejection.index == index:
            assert len(rejection.codes) == 1
            return "rejected", rejection.codes[0]
    others = {s.index for s in result.skipped} | {r.index for r in result.rejected}
    return "event", result.events[index - sum(1 for other in others if other < index)]


def _name(outcome: tuple[str, object]) -> str:
    return outcome[0] if outcome[0] == "event" else f"{outcome[0]} {outcome[1]}"


def same(left: object, right: object) -> bool:
    """Equality that tells 1, 1.0 and true apart, and the order of keys."""
    return repr(left) == repr(right)
