"""Promises: what must hold of a body in a mapping, and of a diagnostic, whatever they are."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

import mapper
from mapper.diagnostics.codes import CODES
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.render import FORMATS, render

encode = msgspec.json.encode
decode = msgspec.json.decode


def assert_mapped(transform: mapper.Transform, body: bytes, request: mapper.Request | None) -> Iterable[str]:
    """Every item is one event, skip or rejection, and both paths have the same ones; the codes reached."""
    result = transform(body, request)
    written = transform.json(body, request)
    assert len(result.events) == len(written.events), "the paths differ in events"
    for event, text in zip(result.events, written.events, strict=True):
        assert (whole := encode(event)) == text or whole == encode(decode(text)), (
            "the paths differ in an event"
        )
    reached = assert_accounted(result, body)
    assert len(result.skipped) == len(written.skipped), "the paths differ in skips"
    assert len(result.rejected) == len(written.rejected), "the paths differ in rejections"
    for one, other in zip(result.skipped, written.skipped, strict=True):
        assert (one.index, one.reason) == (other.index, other.reason), "the paths differ in a skip"
        assert repr(one.item) == repr(other.item), "the paths differ in a skipped item"
    for left, right in zip(result.rejected, written.rejected, strict=True):
        assert (left.index, left.location) == (right.index, right.location), "the paths differ in a rejection"
        assert left.diagnostics == right.diagnostics, "the paths differ in a diagnostic"
        assert repr(left.item) == repr(right.item), "the paths differ in a rejected item"
    assert result.repairs == written.repairs, "the paths differ in repairs"
    return reached


def assert_accounted(result: mapper.Result, payload: object) -> list[str]:
    """Conservation: indexes occur once, rejections have codes and places."""
    rejected = result.rejected
    indexes = [other.index for other in (*result.skipped, *rejected)]
    assert len(set(indexes)) == len(indexes), "an index occurs twice"
    assert all(0 <= index < result.items for index in indexes), "an index beyond the items"
    reached: list[str] = []
    for rejection in rejected:
        codes = rejection.codes
        assert codes, "a rejection without a diagnostic"
        assert "M901" not in codes, "a defect: M901"
        assert rejection.location.startswith("$"), "a rejection without a place"
        for diagnostic in rejection.diagnostics:
            assert diagnostic.code in CODES, "an unknown code"
            assert (diagnostic.location or "").startswith("$"), "a diagnostic without a location"
            assert_spans(diagnostic)
        if "M601" in codes or "M602" in codes:
            assert rejection.index == 0
            assert rejection.item == payload, "a body that is not kept"
        reached += codes
    reached += [f"skipped: {skip.reason}" for skip in result.skipped[:1]]
    reached += [f"repaired: {repair.name}" for repair in result.repairs]
    if result.events:
        reached.append("event")
    return reached


def assert_spans(diagnostic: Diagnostic) -> None:
    """Every label is inside its file."""
    for label in diagnostic.labels:
        span = label.span
        assert 0 <= span.start <= span.end <= len(span.file.text), (
            f"{diagnostic.code}: a span outside its file"
        )


def assert_rendered(diagnostics: Iterable[Diagnostic]) -> None:
    """They can be printed in every format, as text that a terminal can show."""
    found = tuple(diagnostics)
    for each in FORMATS:
        text = render(found, each)
        assert bool(text) == bool(found) or each == "json", f"{each}: nothing is printed"
        text.encode("utf-8")
        assert not any(ord(c) < 32 and c != "\n" for c in text), f"{each}: a control character is printed"
