"""Conservation: the rules for every call of every transform, in tests and in fuzzers."""

from __future__ import annotations

import json

import mapper
from mapper.diagnostics.codes import CODES


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
    return result
