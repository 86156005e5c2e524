"""Rejections explain themselves when asked: the same words at any time, whatever became of the payload."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from typing import Any

import pytest

import mapper
from support.places import ROOT

TEXT = """\
mapping: orders
each: $.orders
skip:
  - when: test == true
    reason: test order
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: {path: $.name, default: Order}
  user_id: {path: $.customer.id, as: string, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject}
  event_properties: {merge: [$.more]}
"""
ORDER: dict[str, Any] = {"id": 7, "customer": {"id": "c-1"}, "at": "2026-11-23T20:00:00Z"}
REJECTED: dict[str, dict[str, Any]] = {
    "M604": {},
    "M611": {**ORDER, "id": None},
    "M612": {**ORDER, "name": {"first": [1, 2]}, "more": {"a": [{"b": 1}]}},
    "M613": {**ORDER, "id": [1, {"a": 2}]},
    "M614": {**ORDER, "at": "yesterday"},
    "M615": {**ORDER, "more": [1, [2]]},
}


@pytest.fixture(scope="module")
def transform() -> mapper.Transform:
    return mapper.compile(TEXT, filename="orders.yaml")


def payload() -> dict[str, Any]:
    items: list[Any] = [copy.deepcopy(item) for item in REJECTED.values()]
    return {"orders": [5, *items[1:]]}


def explained(rejections: list[mapper.Rejected]) -> list[str]:
    return [
        repr([(d, d.value, d.location, d.span) for d in r.diagnostics]) + repr(r.codes) for r in rejections
    ]


def rejections(transform: mapper.Transform) -> list[mapper.Rejected]:
    found = transform(payload()).rejected
    assert [r.index for r in found] == list(range(len(REJECTED)))
    return found


def test_each_code_is_met(transform: mapper.Transform) -> None:
    assert [r.codes for r in rejections(transform)] == [(code,) for code in REJECTED]
    assert [r.location for r in rejections(transform)] == [f"$.orders[{n}]" for n in range(len(REJECTED))]


def test_a_payload_that_changes_changes_no_diagnostics(transform: mapper.Transform) -> None:
    expected = explained(rejections(transform))
    given = payload()
    found = transform(given).rejected
    for item in given["orders"][1:]:
        for part in [*item.values(), *[p for v in item.values() if isinstance(v, dict) for p in v.values()]]:
            if isinstance(part, dict | list):
                part.clear()
        item.clear()
    given.clear()
    assert explained(found) == expected


def test_items_of_bytes_may_be_changed_before_the_diagnostics_are_read(transform: mapper.Transform) -> None:
    body = (
        b'{"orders": [{"id": 7, "customer": {"id": "c"}, "at": "2026-11-23T20:00:00Z", "name": {"a": [1]}}]}'
    )
    for map_body in (transform, transform.json):
        expected = explained(map_body(body).rejected)
        (rejected,) = map_body(body).rejected
        assert isinstance(rejected.item, dict)
        rejected.item["name"].clear()
        rejected.item.clear()
        assert explained([rejected]) == expected
        assert rejected.item == {}


def test_records_stay_what_they_were(transform: mapper.Transform) -> None:
    assert rejections(transform) == rejections(transform)
    for one, other, again in zip(
        rejections(transform), rejections(transform), rejections(transform), strict=True
    ):
        pickled = pickle.dumps(one)
        assert pickle.loads(pickled) == other
        assert copy.copy(one) == copy.deepcopy(one) == other
        assert repr(again) == repr(other)
        assert repr(again).startswith(f"Rejected(index={one.index}, location='$.orders[{one.index}]', diag")
        assert dataclasses.astuple(again)[:2] == (one.index, one.location)
        assert dataclasses.replace(again, index=9) == dataclasses.replace(other, index=9)
        assert again == mapper.Rejected(other.index, other.location, other.diagnostics, other.item)
        assert again.diagnostics is again.diagnostics
        with pytest.raises(dataclasses.FrozenInstanceError):
            again.diagnostics = ()  # type: ignore[misc]
        with pytest.raises(AttributeError, match="nothing"):
            again.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_threads_get_the_same_diagnostics(transform: mapper.Transform) -> None:
    for one in rejections(transform) * 20:
        seen: list[object] = []
        barrier = threading.Barrier(4)

        def look(one: mapper.Rejected = one, seen: list[object] = seen, start: Any = barrier.wait) -> None:
            start()
            seen.append(one.diagnostics)

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [found is one.diagnostics for found in seen] == [True] * 4


class Payload(dict[str, Any]):
    """A payload that tells when it is gone."""


def test_a_rejection_keeps_no_payload_alive(transform: mapper.Transform) -> None:
    given = Payload(payload())
    gone = weakref.ref(given)
    found = transform(given).rejected
    del given
    assert gone() is None
    assert explained(found) == explained(rejections(transform))


def test_diagnostics_do_not_depend_on_the_stack_that_is_left(transform: mapper.Transform) -> None:
    def deep(levels: int, one: mapper.Rejected) -> object:
        try:
            return deep(levels + 1, one)
        except RecursionError:
            return one.diagnostics

    expected = explained(rejections(transform))
    found = rejections(transform)
    (invalid,) = [one for one, code in zip(found, REJECTED, strict=True) if code == "M612"]
    with suppress(RecursionError):  # not even the call was possible
        deep(0, invalid)
    assert explained(found) == expected


def test_rejecting_imports_no_jsonschema() -> None:
    code = f"""
import sys, mapper
transform = mapper.compile({TEXT!r}, filename="orders.yaml")
body = b'{{"orders": [{{"id": 7, "customer": {{"id": "c"}}, "at": "2026-11-23T20:00:00Z", "name": 1}}]}}'
found = transform.json(body).rejected + transform(body).rejected
print("jsonschema" in sys.modules, [r.codes for r in found], "jsonschema" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == "False [('M612',), ('M612',)] True"


def test_no_memory_for_an_item_is_a_rejection(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes no copy of the module's text, which may be larger than what memory is left."""

    def fail(_: object) -> str:
        raise MemoryError

    transform = mapper.compile(TEXT)
    monkeypatch.setitem(transform._module, "to_string", fail)
    for module in ("diagnostics.source", "transform.compiled"):
        monkeypatch.setattr(f"mapper.{module}.digest", fail)
    result = transform({"orders": [ORDER, {**ORDER, "id": "7"}]})
    assert (len(result.events), [r.codes for r in result.rejected]) == (1, [("M902",)])
    (found,) = result.rejected[0].diagnostics
    assert (found.message, found.location) == ("no memory is left to map it", "$.orders[0]")
