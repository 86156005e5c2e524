"""Holds generated code and the interpreter together: same items, same outcomes, same codes."""

from __future__ import annotations

import msgspec

import mapper
from mapper.compiler import analyse
from mapper.diagnostics import Report
from mapper.interpreter.program import interpret_item
from mapper.runtime.items import Leftover, select
from mapper.source import SourceFile

VALIDATED_LATER = ("M612",)
BEFORE_ITEMS = ("M604", "M605")


def assert_agreement(transform: mapper.Transform, payload: object, request: mapper.Request | None = None) -> None:
    """Run every item of a payload through the interpreter; assert that the transform gave the same outcome."""
    request = request or mapper.Request()
    if isinstance(payload, bytes):
        try:
            payload = msgspec.json.decode(payload)
        except (ValueError, RecursionError):
            return
    compiled = transform._compiled
    program = analyse(SourceFile(compiled.filename, compiled.text), None, Report()).program
    assert program is not None
    items = select(transform._alternatives, payload)
    if items is None:
        return
    result = transform(payload, request)
    assert result.items == len(items)
    for index, item in enumerate(items):
        found = _outcome(result, index)
        if isinstance(item, Leftover) or found[1] in BEFORE_ITEMS:
            continue
        expected = interpret_item(program, item, payload, request)
        if found[1] in VALIDATED_LATER:
            assert expected[0] == "event"
        else:
            assert same(found, expected), (found, expected, transform.python)


def _outcome(result: mapper.Result, index: int) -> tuple[str, object]:
    for skip in result.skipped:
        if skip.index == index:
            return "skipped", skip.reason
    for rejection in result.rejected:
        if rejection.index == index:
            return "rejected", rejection.codes[0]
    others = {s.index for s in result.skipped} | {r.index for r in result.rejected}
    return "event", result.events[index - sum(1 for other in others if other < index)]


def same(left: object, right: object) -> bool:
    """Equality that tells 1, 1.0 and true apart, and the order of keys."""
    return repr(left) == repr(right)
