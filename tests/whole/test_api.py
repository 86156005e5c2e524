"""The Python API: what it returns, what it raises, and what it promises to leave alone."""

from __future__ import annotations

import copy
import linecache
import pickle
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from importlib.util import find_spec

import msgspec
import pytest

import mapper
from support.places import ROOT

TEXT = """\
mapping: orders
version: 1
description: orders of a shop
each: $.orders[*]
skip:
  - when: test == true
    reason: test order
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Order
  user_id: {path: $.customer.id, as: string, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject}
  event_properties: {total: $.total, lines: $.lines}
"""
ORDER = {
    "id": 7,
    "customer": {"id": "c-1"},
    "at": "2026-11-23T20:00:00Z",
    "total": 9.5,
    "lines": [{"sku": "a"}],
}
EVENT = {
    "event_id": "7",
    "event_name": "Order",
    "user_id": "c-1",
    "timestamp": "2026-11-23T20:00:00.000Z",
    "event_properties": {"total": 9.5, "lines": [{"sku": "a"}]},
}


@pytest.fixture(scope="module")
def transform() -> mapper.Transform:
    return mapper.compile(TEXT, filename="orders.yaml")


def test_every_item_has_one_outcome(transform: mapper.Transform) -> None:
    payload = {"orders": [ORDER, {"test": True}, {**ORDER, "customer": None}, 5]}
    result = transform(payload)
    assert result.events == [EVENT]
    assert [(s.index, s.reason, s.item) for s in result.skipped] == [(1, "test order", {"test": True})]
    assert [(r.index, r.location, r.codes) for r in result.rejected] == [
        (2, "$.orders[2]", ("M611",)),
        (3, "$.orders[3]", ("M604",)),
    ]
    assert result.rejected[0].item is payload["orders"][2]
    assert result.items == 4


def test_rejection_has_two_addresses(transform: mapper.Transform) -> None:
    result = transform({"orders": [{**ORDER, "at": "yesterday"}]})
    (diagnostic,) = result.rejected[0].diagnostics
    assert diagnostic.code == "M614"
    assert diagnostic.location == "$.orders[0].at"
    assert diagnostic.span is not None
    assert (diagnostic.span.file.name, diagnostic.span.line) == ("orders.yaml", 12)
    assert "yesterday" not in diagnostic.message


def test_bytes_and_parsed_json_give_the_same(transform: mapper.Transform) -> None:
    payload = {"orders": [ORDER, {"test": True}, {}]}
    body = msgspec.json.encode(payload)
    assert transform(body) == transform(payload)
    assert transform(bytearray(body)).events == transform(memoryview(body)).events == [EVENT]


def test_a_trusted_parser_is_taken_at_its_word(transform: mapper.Transform) -> None:
    payload = {"orders": [ORDER, {"test": True}, {**ORDER, "customer": None}, 5]}
    assert transform(payload, trusted=True) == transform(payload)
    blank = {"orders": [{**ORDER, "id": " "}]}
    assert transform(blank, trusted=True).rejected[0].codes == ("M612",)  # events are validated all the same
    for odd, code in ((float("nan"), "M607"), ("\ud800", "M623"), (object(), "M612")):
        payload = {"orders": [{**ORDER, "total": odd}]}
        assert transform(payload).rejected[0].codes == (code,)
        assert transform(payload, trusted=True).events[0]["event_properties"]["total"] is odd
        alone = mapper.compile(TEXT.replace("each: $.orders[*]\n", ""))
        assert alone(payload["orders"][0]).rejected
        assert alone(payload["orders"][0], trusted=True).events
    broken = b'{"orders": [{"total": NaN}]}'
    assert (
        transform(broken, trusted=True).rejected[0].codes == transform(broken).rejected[0].codes == ("M601",)
    )


def test_json_gives_events_as_bytes(transform: mapper.Transform) -> None:
    body = msgspec.json.encode({"orders": [ORDER, {"test": True}]})
    result = transform.json(body)
    assert [msgspec.json.decode(event) for event in result.events] == [EVENT]
    assert result.ndjson == result.events[0] + b"\n"
    assert (result.items, [s.reason for s in result.skipped]) == (2, ["test order"])


def test_a_stream_gives_the_outcomes_one_by_one(transform: mapper.Transform) -> None:
    body = msgspec.json.encode({"orders": [ORDER, {"test": True}, {}, ORDER]})
    stream = transform.stream(body)
    event, skipped, rejected = next(stream), next(stream), next(stream)
    assert (stream.items, stream.events, stream.is_finished) == (4, 1, False)
    assert isinstance(event, bytes)
    assert msgspec.json.decode(event) == EVENT
    assert isinstance(skipped, mapper.Skipped)
    assert (skipped.index, skipped.reason) == (1, "test order")
    assert isinstance(rejected, mapper.Rejected)
    assert (rejected.index, rejected.location) == (2, "$.orders[2]")
    assert list(stream) == [event]
    assert stream.is_finished
    assert stream.items == stream.events + stream.skipped + stream.rejected
    assert repr(stream) == "Stream(items=4, events=2, skipped=1, rejected=1)"


def test_payload_is_never_changed(transform: mapper.Transform) -> None:
    payload = {"orders": [copy.deepcopy(ORDER), {"test": True}, {}]}
    before = copy.deepcopy(payload)
    transform(payload)
    assert payload == before


def test_events_share_no_literals() -> None:
    text = TEXT.replace("{total: $.total, lines: $.lines}", "{path: $.p, default: {literal: {a: []}}}")
    first, second = mapper.compile(text)({"orders": [ORDER, ORDER]}).events
    first["event_properties"]["a"].append(1)  # type: ignore[index]
    assert second["event_properties"] == {"a": []}


def test_transform_pickles(transform: mapper.Transform) -> None:
    again = pickle.loads(pickle.dumps(transform))
    assert again({"orders": [ORDER]}) == transform({"orders": [ORDER]})
    assert again.python == transform.python


def test_result_and_compile_error_pickle(transform: mapper.Transform) -> None:
    result = transform({"orders": [{}]})
    assert pickle.loads(pickle.dumps(result)) == result
    with pytest.raises(mapper.CompileError) as caught:
        mapper.compile("mapping: a")
    assert pickle.loads(pickle.dumps(caught.value)).diagnostics == caught.value.diagnostics


def test_a_result_is_a_value_that_shows_no_payload() -> None:
    text = TEXT.replace("each: $.orders[*]", "each: $")
    assert text != TEXT
    whole = mapper.compile(text)
    outcomes = [whole(item) for item in (ORDER, {"test": True}, {})]
    assert [(len(r.events), len(r.skipped), len(r.rejected), r.items) for r in outcomes] == [
        (1, 0, 0, 1),
        (0, 1, 0, 1),
        (0, 0, 1, 1),
    ]
    for one, item in zip(outcomes, (ORDER, {"test": True}, {}), strict=True):
        assert one == whole(item) == whole(msgspec.json.encode(item))
        assert (one.events, one.skipped) == (whole([item]).events, whole([item]).skipped)
        assert one != mapper.Result()
        assert all(str(value) not in repr(one) for value in EVENT.values())
        with pytest.raises(AttributeError):
            one.events = []  # type: ignore[misc]
    assert outcomes[1].skipped[0].item == {"test": True}


def test_threads_share_a_transform(transform: mapper.Transform) -> None:
    wanted = transform({"orders": [ORDER] * 50})
    results: list[mapper.Result] = []
    threads = [
        threading.Thread(target=lambda: results.append(transform({"orders": [ORDER] * 50})))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [wanted] * 16


def test_generated_source_is_deterministic_and_listed(transform: mapper.Transform) -> None:
    assert mapper.compile(TEXT, filename="orders.yaml").python == transform.python
    name = transform._decoded._event.__code__.co_filename
    assert name.startswith("<mapper orders ")
    assert name not in linecache.cache  # only what is looked at takes memory there
    assert "".join(linecache.getlines(name, transform._decoded._event.__globals__)) == transform.python
    line = next(i for i, text in enumerate(transform.python.splitlines(), 1) if "'total'" in text)
    assert transform.mapping_line(line) == 13
    assert transform.mapping_line(1) is None
    assert transform.mapping_line(100_000) is None


def test_source_is_the_same_in_another_process(transform: mapper.Transform) -> None:
    code = f"import mapper,sys; sys.stdout.write(mapper.compile({TEXT!r}, filename='orders.yaml').python)"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout.decode()
        for seed in ("1",)
    }
    assert seen == {transform.python}


def test_attributes(transform: mapper.Transform) -> None:
    assert (transform.name, transform.description) == ("orders", "orders of a shop")
    assert transform.diagnostics == ()
    assert repr(transform) == "<Transform 'orders'>"


def test_all_problems_in_one_pass() -> None:
    text = """\
mapping: wrong
version: 2
sorce: nothing.json
source: nothing.schema.json
each: $.a[
skip:
  - when: uid ==
    reason: r
event:
  event_id: {path: $.id, as: strng}
  event_nam: x
  user_id: {path: $.u, frm: x}
  timestamp: {path: $.t, as: timestamp, zone: Mars/Olympus}
  event_properties:
    a: "{{ b | upcas }}"
    b: {first_of: []}
"""
    with pytest.raises(mapper.CompileError) as caught:
        mapper.compile(text)
    codes = [d.code for d in caught.value.diagnostics]
    for code in ("M114", "M105", "M004", "M201", "M217", "M302", "M116", "M212", "M107", "M501", "M502"):
        assert code in codes, codes
    assert len(codes) >= 11
    assert mapper.check(text) == caught.value.diagnostics


def test_check_is_silent_for_a_clean_mapping() -> None:
    assert mapper.check(TEXT) == ()


@pytest.mark.parametrize("call", [lambda: mapper.compile(b"x"), lambda: mapper.check(None)])
def test_a_mapping_is_text(call: object) -> None:
    with pytest.raises(TypeError):
        call()  # type: ignore[operator]


def test_misuse_raises_plain_errors(transform: mapper.Transform) -> None:
    with pytest.raises(TypeError, match=r"mapper\.Request"):
        transform({}, {"headers": {}})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bytes of a body"):
        transform.json({"orders": []})  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        mapper.Request(headers={1: "x"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="aware"):
        mapper.Request(received_at=datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="RFC 3339"):
        mapper.Request(received_at="today")
    with pytest.raises(TypeError):
        mapper.Request(received_at=5)  # type: ignore[arg-type]


# What rejections, repairs, files, time zones and compiling need, and what is slow to import.
LATE = {
    *("argparse", "calendar", "difflib", "hashlib", "jinja2", "json", "jsonpath_ng", "jsonschema", "liquid"),
    *("pathlib", "referencing", "rich", "tempfile", "urllib", "yaml", "zoneinfo"),
    *(
        "mapper.transform.cached",
        "mapper.catalog",
        "mapper.checker",
        "mapper.cli",
        "mapper.codegen",
        "mapper.compiler",
    ),
    *(
        "mapper.language.document",
        "mapper.expressions",
        "mapper.ir",
        "mapper.diagnostics.render",
        "mapper.runtime.repair.encodings",
    ),
    *(
        "mapper.runtime.repair.readings",
        "mapper.regex.automaton",
        "mapper.runtime.json.deep",
        "mapper.runtime.liquid.library",
        "mapper.runtime.times.times",
    ),
    *("mapper.transform.saved", "mapper.schemas.schema", "mapper.language.spec", "mapper.checker.types"),
}


def test_import_is_light() -> None:
    assert all(find_spec(name) for name in LATE)
    code = "import sys; before = set(sys.modules); import mapper; print(*(set(sys.modules) - before))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "mapper.transform.transform" in loaded
    assert not {name for name in loaded if any(f"{name}.".startswith(f"{late}.") for late in LATE)}


def test_load_tells_what_there_is() -> None:
    with pytest.raises(mapper.CompileError) as caught:
        mapper.load("segmnt")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "M003"
    assert "`segment`" in diagnostic.hints[0]
    with pytest.raises(mapper.CompileError, match="M001"):
        mapper.load("no/such/file.yaml")


def test_request_is_normalised() -> None:
    request = mapper.Request(
        headers={"X-Request-Id": "r"},
        received_at=datetime(2026, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    )
    assert request.headers == {"x-request-id": "r"}
    assert request.received_at == "2026-01-01T00:00:00.000Z"
    assert "r" not in repr(request).replace("Request", "").replace("received_at", "")


def test_damaged_pickle_is_refused(transform: mapper.Transform) -> None:
    data = pickle.dumps(transform)
    with pytest.raises(mapper.TransformError, match=r"the pickle is damaged.*compile it again"):
        pickle.loads(data.replace(b"orders", b"Orders", 1))
