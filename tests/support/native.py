"""The native core in tests: what it gives by itself, and that this is what Python gives."""

from __future__ import annotations

from typing import Any

import pytest

import mapper
from mapper.native import load_core
from mapper.transform.native_path import NativePath

needs_core = pytest.mark.skipif(load_core() is None, reason="there is no native core")


def native_path(transform: mapper.Transform) -> NativePath | None:
    """The native path of a transform, None if the core does nothing for it."""
    path = transform._first or transform._load_first()
    return path if isinstance(path, NativePath) else None


def native_outcomes(transform: mapper.Transform, body: bytes, request: mapper.Request) -> list[Any] | None:
    """The outcomes that the core gives for the items of a body; None for each item that it leaves, or all."""
    path = native_path(transform)
    if path is None or len(body) > path._max_bytes:
        return None
    most = path._narrow.most_uncounted(len(body))
    found = path._map(body, request, path._values(request), path._call, most)
    if found is None or type(found) is tuple:
        return found and found[1]  # type: ignore[no-any-return]
    return [found]


def assert_native(transform: mapper.Transform, body: bytes, request: mapper.Request | None = None) -> int:
    """What the core gives is what Python gives, byte for byte; the number of items that the core maps."""
    request = request or mapper.Request()
    outcomes = native_outcomes(transform, body, request)
    if outcomes is None:
        return 0
    expected = transform._decoded.json(body, request)
    assert marks(transform.json(body, request)) == marks(expected)
    assert len(outcomes) == expected.items
    reasons = {skip.index: skip.reason for skip in expected.skipped}
    rejected = {rejection.index for rejection in expected.rejected}
    events = iter(expected.events)
    for index, outcome in enumerate(outcomes):
        event = None if index in reasons or index in rejected else next(events)
        if type(outcome) is int:
            assert transform._module["REASONS"][outcome] == reasons[index]
        elif outcome is not None:
            assert outcome == event
    return sum(outcome is not None for outcome in outcomes)


def marks(result: mapper.JsonResult) -> list[Any]:
    """A result in a form that compares."""
    skipped = [(skip.index, skip.reason, repr(skip.item)) for skip in result.skipped]
    rejected = [(one.index, one.location, one.codes, repr(one.item)) for one in result.rejected]
    return [result.events, skipped, rejected, result.repairs]
