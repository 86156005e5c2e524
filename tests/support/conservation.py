"""Conservation: the rules for every call of every transform, in tests and in fuzzers."""

from __future__ import annotations

import json

import mapper
from mapper.diagnostics.codes import CODES


def in_full(stream: mapper.Stream) -> mapper.JsonResult:
    """The result of all outcomes of a stream, which come in the order of their items and are all of them."""
    events: list[bytes] = []
    skipped: list[mapper.Skipped] = []
    rejected: list[mapper.Rejected] = []
    assert (stream.events, stream.skipped, stream.rejected) == (0, 0, 0)
    for index, outcome in enumerate(stream):
        if isinstance(outcome, bytes):
            events.append(outcome)
        elif isinstance(outcome, mapper.Skipped):
            assert outcome.index == index
            skipped.append(outcome)
        else:
            assert isinstance(outcome, mapper.Rejected)
            assert outcome.index == index
            rejected.append(outcome)
        counts = (len(events), len(skipped), len(rejected))
        assert (stream.events, stream.skipped, stream.rejected) == counts
        assert stream.is_finished == (sum(counts) == stream.items)
    assert stream.is_finished
    assert next(stream, None) is None
    return mapper.JsonResult(events, skipped, rejected, stream.repairs)


def assert_conserved(
    transform: mapper.Transform, payload: object, request: mapper.Request | None
) -> mapper.Result:
    """Check one payload: the call itself, and `json` if the payload is bytes."""
    result = transform(payload, request)
    assert result.items == len(result.events) + len(result.skipped) + len(result.rejected)
    indexes = [other.index for other in (*result.skipped, *result.rejected)]
    assert len(set(indexes)) == len(indexes)
    assert all(0 <= index < result.items for index in indexes)
    for rejection in result.rejected:
        assert rejection.diagnostics
        for diagnostic in rejection.diagnostics:
            assert diagnostic.code in CODES
            assert diagnostic.code != "M901", diagnostic
            assert diagnostic.location is not None
            assert diagnostic.location.startswith("$")
        assert rejection.location.startswith("$")
        if set(rejection.codes) & {"M601", "M602"}:
            assert (rejection.index, rejection.item) == (0, payload)
    if isinstance(payload, bytes):
        written = transform.json(payload, request)
        assert [json.loads(event) for event in written.events] == result.events
        assert written.skipped == result.skipped
        assert [(r.index, r.codes) for r in written.rejected] == [(r.index, r.codes) for r in result.rejected]
        streamed = in_full(transform.stream(payload, request))
        assert (streamed.events, streamed.skipped) == (written.events, written.skipped)
        assert [(r.index, r.location) for r in streamed.rejected] == [
            (r.index, r.location) for r in written.rejected
        ]
    return result
