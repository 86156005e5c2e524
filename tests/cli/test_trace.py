"""`mapper trace`: the outcome is the transform's, and each field names its place and what it has read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import mapper
from mapper.catalog import find_mappings
from mapper.interpreter.traces import ItemTrace
from mapper.samples.cases import Sample, find_cases
from support.calls import (
    Call,
)
from support.examples import examples
from support.random_mappings import bodies, mappings, requests
from support.shipped import SHIPPED, shipped

ROOT = Path(__file__).parents[2]
NOT_MAPPED = {"M601", "M602", "M603", "M604", "M605", "M606", "M608", "M612", "M619", "M620", "M629", "M630"}
MAPPING = """\
mapping: shop
version: 1
each: $.orders[*]
skip:
  - when: customer.id == blank and state != "paid"
    reason: guest order
event:
  event_id: {path: $.number, as: string, on_missing: reject}
  event_name: {literal: Order}
  user_id:
    first_of: [$.customer.id, $.customer.email]
    on_missing: reject
  timestamp: {path: $.at, as: timestamp, from: [epoch_s], on_missing: reject}
  event_properties: {total: {path: $.total, as: number}}
"""
BODY = {
    "orders": [
        {"number": 1, "at": 5, "state": "paid", "customer": {"email": None}},
        {"number": 2, "at": 3},
        {"number": 3, "at": "secret\x1b[31m", "state": "paid", "customer": {"id": "u"}},
    ]
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "shop.yaml").write_text(MAPPING)
    (tmp_path / "body.json").write_text(json.dumps(BODY))
    return str(tmp_path / "shop.yaml"), str(tmp_path / "body.json")


def read(event: object, path: str) -> Any:
    """The value at the path of a leaf."""
    value: Any = event
    for name, quoted, index in re.findall(r"\.(\w+)|\['([^']*)'\]|\[(\d+)\]", path):
        value = value[int(index)] if index else value[name or quoted]
    return value


def assert_traced(traces: tuple[ItemTrace, ...], result: mapper.Result) -> None:
    """Traces have the outcomes of the transform, and the interpreted leaves explain them."""
    assert [one.event for one in traces if one.outcome == "event"] == result.events
    assert [(o.index, o.reason) for o in traces if o.outcome == "skipped"] == [
        (other.index, other.reason) for other in result.skipped
    ]
    for one in traces:
        codes = {diagnostic.code for diagnostic in one.diagnostics}
        applied = [rule for rule in one.steps.rules if rule.applied]
        failed = [leaf for leaf in one.steps.leaves if leaf.state not in ("value", "missing")]
        if one.outcome == "event":
            assert not applied
            assert not failed
            for leaf in one.steps.leaves:
                if leaf.state == "value" and leaf.value is not None and "\\" not in leaf.path:
                    assert repr(read(one.event, leaf.path)) == repr(leaf.value)
        elif not codes & NOT_MAPPED:
            assert len(applied) + len(failed) >= 1, (one, codes)


@pytest.mark.parametrize("name", SHIPPED)
def test_traces_of_samples_are_those_of_the_transform(name: str) -> None:
    path = next(path for path in find_mappings() if path.stem == name)
    for case in find_cases(path):
        sample = case.load()
        if isinstance(sample, Sample):
            transform = shipped(name)
            result = transform(sample.body, sample.request)
            assert_traced(mapper.trace(transform, sample.body, sample.request), result)


def test_json_fits_its_schema_and_hides_values(call: Call, files: tuple[str, str]) -> None:
    found = call("trace", *files, "--format", "json")
    assert found.code == 1
    schema = json.loads((ROOT / "schemas" / "trace.schema.json").read_text())
    document = json.loads(found.out)
    assert not list(Draft202012Validator(schema).iter_errors(document))
    assert [item["outcome"] for item in document["items"]] == ["rejected", "skipped", "rejected"]
    assert "secret" not in found.out
    assert "secret" in call("trace", *files, "--format", "json", "--show-values").out


def test_text_tells_why_a_field_is_missing(call: Call, files: tuple[str, str]) -> None:
    found = call("trace", *files, "--item", "1", "--field", "user_id")
    assert "user_id 10:3 M611\n" in found.out
    assert "11:16 $.customer.id: missing\n" in found.out
    assert "11:31 $.customer.email: null\n" in found.out
    assert "event_id" not in found.out


def test_text_is_narrow_and_shows_no_control_characters(call: Call, files: tuple[str, str]) -> None:
    text = call("trace", *files, "--show-values").out
    assert max(map(len, text.splitlines())) <= 60
    assert "\x1b" not in text


def test_an_item_that_is_not_there_is_wrong_usage(call: Call, files: tuple[str, str]) -> None:
    assert call("trace", *files, "--item", "9").code == 2


@examples(15, *HealthCheck)
@given(mappings, st.lists(bodies, min_size=1, max_size=2), requests)
def test_random_traces_are_those_of_the_transform(
    mapping: Any, payloads: list[Any], request: mapper.Request
) -> None:
    text = json.dumps(mapping)
    if any(d.severity is mapper.Severity.ERROR for d in mapper.check(text)):
        return
    transform = mapper.compile(text)
    for payload in payloads:
        assert_traced(mapper.trace(transform, payload, request), transform(payload, request))
