"""`mapper.arrow.map_batches`: the rows are the outcomes of `transform.json`, and nothing is lost."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import mapper
from mapper.catalog import find_mappings
from mapper.samples.cases import Sample, find_cases
from support.examples import examples
from support.random_mappings import bodies, mappings
from support.shipped import SHIPPED, shipped

pa = pytest.importorskip("pyarrow", reason="the extra `arrow` is not installed")

import mapper.arrow  # noqa: E402
from mapper.arrow import mapping  # noqa: E402
from support.outcome_rows import check_rows  # noqa: E402

HEADERS = pa.map_(pa.string(), pa.string())
TYPES = [pa.binary(), pa.large_binary(), pa.binary_view(), pa.string(), pa.large_string(), pa.string_view()]
ORDERS = """\
mapping: orders
version: 1
each: $.orders[*]
skip:
  - {when: test == true, reason: "a test: {{ id }}"}
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Order
  user_id: {path: $.user, as: string, on_missing: reject, on_error: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject, on_error: reject}
  event_properties: {all: $.all}
"""
SEEN = """\
mapping: seen
version: 1
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: {header: x-name, default: none}
  user_id: {query: user, default: nobody}
  timestamp: {received_at: true, on_missing: reject}
  event_properties: {tenant: {setting: tenant}}
"""
ORDER = {"id": "o", "user": "u", "at": "2026-11-23T20:00:00Z", "all": {"n": 1.50}}
HOSTILE = [
    *(b"", b" ", b"null", b"[]", b"{}", b"[", b"\xff\xfe{}", b"\xed\xa0\x80", b"1e999", b'{"orders": NaN}'),
    *(b'{"orders": []}', b'{"orders": [[]]}', b'{"orders": [null, 1, "x"]}', b'{"orders": {}}'),
    b'{"orders": [{"id": "\\ud800", "user": "u", "at": 1}]}',
    b'{"orders": [{"id": "o", "user": "u", "at": "2026-11-23T20:00:00Z", "all": {"\\ud800": 1}}]}',
    b'{"orders": [{"id": "o", "user": "u", "at": "2026-11-23T20:00:00Z", "all": {"a": 1, "a": 2}}]}',
    b'{"orders": [{"test": true, "id": "\\ud83d"}, {"test": true, "id": "\\u0000"}]}',
    b'{"orders": [{"all": ' + b"[" * 300 + b"]" * 300 + b"}]}",
    b'{"orders": [{"all": ' + b"[" * 3000 + b"]" * 3000 + b"}]}",
    b'{"orders": ' + b"[" * 20000 + b"]" * 20000 + b"}",
    json.dumps({"orders": [{f"k{n}": n for n in range(3000)}]}).encode(),
    json.dumps({"orders": [ORDER, {}, {"test": True}, ORDER]}).encode(),
]


@pytest.fixture(scope="module")
def orders() -> mapper.Transform:
    return mapper.compile(ORDERS)


def table(values: Iterable[Any], kind: Any = None, **columns: Any) -> Any:
    return pa.record_batch({"value": pa.array(list(values), kind or pa.binary()), **columns})


def rows_of(transform: mapper.Transform, batches: Any, **options: Any) -> list[dict[str, Any]]:
    found = []
    schema = None
    for batch in mapper.arrow.map_batches(transform, batches, **options):
        batch.validate(full=True)
        assert 0 < batch.num_rows <= mapping.MAX_ROWS
        schema = schema or batch.schema
        assert batch.schema == schema
        found += batch.to_pylist()
    return found


def check(transform: mapper.Transform, given: list[bytes], request: mapper.Request | None = None) -> None:
    """Every body in one batch, and in batches of one row, with its number beside it."""
    columns: dict[str, Any] = {"number": pa.array(range(len(given)))}
    parts = {}
    if request is not None:
        columns |= {
            "settings": pa.array([json.dumps(request.settings)] * len(given)),
            "headers": pa.array([list(request.headers.items())] * len(given), HEADERS),
            "query": pa.array([json.dumps(request.query)] * len(given)),
            "at": pa.array([request.received_at] * len(given), pa.string()),
        }
        parts = {"settings": "settings", "headers": "headers", "query": "query", "received_at": "at"}
    batch = table(given, **columns)
    rows = rows_of(transform, [batch], request=parts, keep=["number"])
    alone = [batch.slice(row, 1) for row in range(len(given))]
    assert rows_of(transform, alone, request=parts, keep=["number"]) == rows
    for number, body in enumerate(given):
        check_rows(transform, body, request, [row for row in rows if row["number"] == number])


def samples(name: str) -> list[Sample]:
    path = next(path for path in find_mappings() if path.stem == name)
    loaded = [case.load() for case in find_cases(path)]
    return [sample for sample in loaded if isinstance(sample, Sample)]


@pytest.mark.parametrize("name", SHIPPED)
def test_rows_of_all_samples(name: str) -> None:
    found = samples(name)
    assert found
    check(shipped(name), [sample.body for sample in found])
    for sample in found:
        check(shipped(name), [sample.body], sample.request)


def test_rows_of_hostile_bodies(orders: mapper.Transform) -> None:
    check(orders, HOSTILE)
    for name in SHIPPED:
        check(shipped(name), HOSTILE)


@examples(40, *HealthCheck)
@given(text=mappings, given=st.lists(bodies, min_size=1, max_size=3))
def test_rows_of_random_mappings(text: Any, given: list[Any]) -> None:
    try:
        transform = mapper.compile(json.dumps(text))
    except mapper.CompileError:
        return
    check(transform, [json.dumps(body).encode() for body in given])


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_any_type_of_bytes_or_text_is_a_body(orders: mapper.Transform, kind: Any) -> None:
    body = json.dumps({"orders": [ORDER]})
    given = table([body, None, "é"], kind, note=pa.array(["a", None, "c"], pa.string_view()))
    rows = rows_of(orders, [given, given.slice(1)], keep=["note"])
    assert [row["outcome"] for row in rows] == ["event", *["rejected"] * 4]
    assert [row["note"] for row in rows] == ["a", None, "c", None, "c"]
    assert [row["rejected_item"] for row in rows] == [None, None, "é".encode(), None, "é".encode()]


def test_null_is_one_rejected_row(orders: mapper.Transform) -> None:
    (row,) = rows_of(orders, [table([None])])
    assert (row["outcome"], row["item"], row["items"], row["codes"]) == ("rejected", 0, 1, ["M601"])
    assert row["rejected_item"] is None
    assert "null" in row["messages"][0]


def test_every_item_is_a_row(orders: mapper.Transform) -> None:
    """Conservation as SQL has it: the rows of each body are as many as `items` says."""
    given = [*HOSTILE, None]
    rows = rows_of(orders, [table(given, offset=pa.array(range(len(given))))], keep=["offset"])
    counts = Counter(row["offset"] for row in rows)
    assert all(counts[row["offset"]] == row["items"] for row in rows)
    without = set(range(len(given))) - counts.keys()
    assert without == {number for number, body in enumerate(given) if body and not orders.json(body).items}
    assert [HOSTILE[number] for number in without] == [b'{"orders": []}', b'{"orders": {}}']


def test_a_body_of_many_items_comes_in_bounded_batches() -> None:
    count = 100_000
    orders = mapper.compile(ORDERS, limits=mapper.Limits(items=count))
    items = b",".join(b'{"id":%d,"user":"u","at":"2026-11-23T20:00:00Z"}' % number for number in range(count))
    given = table([b'{"orders":[%b]}' % items], note=pa.array(["x" * 100]))
    seen = 0
    for batch in mapper.arrow.map_batches(orders, [given], keep=["note"]):
        assert batch.num_rows <= mapping.MAX_ROWS
        assert batch.column("item").to_pylist() == list(range(seen, seen + batch.num_rows))
        assert batch.column("event_id")[0].as_py() == str(seen)
        seen += batch.num_rows
    assert seen == count


@pytest.mark.parametrize("large", ["event", "rejected", "kept"])
def test_batches_of_large_rows_have_few(
    orders: mapper.Transform, large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "MAX_BYTES", 1 << 18)
    text = "x" * (1 << 16)
    item = {**ORDER, "all": text} if large == "event" else {"all": text} if large == "rejected" else ORDER
    tables = table([json.dumps({"orders": [item] * 30}).encode()], note=pa.array([text], pa.string_view()))
    found = list(mapper.arrow.map_batches(orders, [tables], keep=["note"] if large == "kept" else []))
    assert sum(batch.num_rows for batch in found) == 30
    assert all(batch.nbytes <= mapping.MAX_BYTES + 2 * len(text) for batch in found)
    assert 6 <= len(found) <= 10


def test_a_table_of_any_library_is_an_input(orders: mapper.Transform) -> None:
    batch = table([json.dumps({"orders": [ORDER]}).encode()] * 3)
    whole = rows_of(orders, [batch])
    assert len(whole) == 3
    for form in (pa.Table.from_batches([batch]), batch, pa.Table.from_batches([batch]).to_reader()):
        assert rows_of(orders, form) == whole
    assert rows_of(orders, []) == []
    assert rows_of(orders, [table([])]) == []


REQUESTS: dict[str, tuple[Any, Any]] = {
    "a map": (pa.array([[("X-Name", "a"), ("x-name", "b"), ("y", None)]], HEADERS), "a, b"),
    "a struct": (pa.array([{"x-name": "a", "y": None}]), "a"),
    "a list of structs": (
        pa.array(
            [[{"key": "x-name", "value": b"a"}, {"key": "x-name", "value": b"b"}]],
            pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())])),
        ),
        "a, b",
    ),
    "JSON text": (pa.array(['{"X-NAME": "a"}']), "a"),
    "null": (pa.array([None], HEADERS), "none"),
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_headers_come_from_a_column(kind: str) -> None:
    column, wanted = REQUESTS[kind]
    given = table([b'{"id": 1}'], h=column, at=pa.array([0], pa.timestamp("s", "UTC")))
    (row,) = rows_of(mapper.compile(SEEN), [given], request={"headers": "h", "received_at": "at"})
    assert row["event_name"] == wanted


def test_all_parts_of_a_request_come_from_columns() -> None:
    given = table(
        [b'{"id": 1}'],
        query=pa.array([[("user", "a"), ("user", "b")]], HEADERS),
        settings=pa.array([{"tenant": {"n": [1, None]}}]),
        at=pa.array([-1], pa.timestamp("ns", "Europe/Berlin")),
    )
    parts = {"query": "query", "settings": "settings", "received_at": "at"}
    (row,) = rows_of(mapper.compile(SEEN), [given], request=parts)
    assert row["user_id"] == "b"
    assert json.loads(row["event_properties"]) == {"tenant": {"n": [1, None]}}
    assert row["timestamp"] == datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_time_of_receipt_is_that_of_the_column(unit: str) -> None:
    column = pa.array([datetime(2026, 11, 23, 20, tzinfo=UTC), None], pa.timestamp(unit, "UTC"))
    given = table([b'{"id": 1}'] * 2, at=column)
    first, second = rows_of(mapper.compile(SEEN), [given], request={"received_at": "at"})
    assert first["timestamp"] == datetime(2026, 11, 23, 20, tzinfo=UTC)
    assert second["codes"] == ["M611"], "no clock is asked"


WRONG_REQUESTS: dict[str, tuple[str, Any, str]] = {
    "no date": ("received_at", pa.array(["secret"]), "RFC 3339"),
    "no year of the calendar": (
        "received_at",
        pa.array([2**62], pa.timestamp("s", "UTC")),
        "years 1 to 9999",
    ),
    "no JSON": ("headers", pa.array(["{secret"]), "not JSON"),
    "JSON but no object": ("headers", pa.array(["[1]"]), "no object"),
    "JSON of numbers": ("headers", pa.array(['{"secret": 1}']), "texts"),
    "not UTF-8": (
        "headers",
        pa.array([[("secret", b"\xff")]], pa.map_(pa.string(), pa.binary())),
        "not UTF-8",
    ),
    "settings that are no JSON": ("settings", pa.array([{"a": datetime(2026, 1, 1)}]), "datetime"),
}


@pytest.mark.parametrize("kind", WRONG_REQUESTS)
def test_a_request_that_cannot_be_read_is_a_rejected_row(kind: str) -> None:
    part, column, words = WRONG_REQUESTS[kind]
    (row,) = rows_of(mapper.compile(SEEN), [table([b'{"id": 1}'], c=column)], request={part: "c"})
    assert (row["outcome"], row["codes"], row["items"]) == ("rejected", ["M011"], 1)
    assert row["rejected_item"] == b'{"id": 1}'
    assert words in row["messages"][0]
    assert "secret" not in row["messages"][0]


WRONG_CALLS: dict[str, tuple[dict[str, Any], str]] = {
    "no such body": (
        {"body": "valeu"},
        "no column `valeu`, which is to be the body; the columns are `value`",
    ),
    "a body of numbers": ({"body": "n"}, "the column `n` for the body is int64; bodies are binary or string"),
    "no such kept column": ({"keep": ["topic"]}, "no column `topic`, which is to be kept"),
    "a kept column with the name of an own": ({"keep": ["item"]}, "keep={'kept_item': 'item'}"),
    "a kept column with the name of an event's": ({"keep": ["User_Id"]}, "keep={'kept_User_Id': 'User_Id'}"),
    "a name kept twice": ({"keep": ["n", "n"]}, "twice"),
    "a text as names": ({"keep": "n"}, "['n']"),
    "no part of a request": ({"request": {"header": "n"}}, "headers"),
    "numbers as headers": ({"request": {"headers": "n"}}, "the column `n` for `headers` is int64"),
    "numbers as settings": ({"request": {"settings": "n"}}, "the column `n` for `settings` is int64"),
    "numbers as a time": ({"request": {"received_at": "n"}}, "the column `n` for `received_at` is int64"),
    "a time without a zone": ({"request": {"received_at": "naive"}}, "without a time zone"),
    "a column of views": ({"keep": ["views"]}, "Arrow repeats no"),
}


@pytest.mark.parametrize("kind", WRONG_CALLS)
def test_a_wrong_column_is_named(orders: mapper.Transform, kind: str) -> None:
    options, words = WRONG_CALLS[kind]
    given = table(
        [b"{}"],
        n=pa.array([1]),
        item=pa.array([1]),
        User_Id=pa.array([1]),
        naive=pa.array([0], pa.timestamp("us")),
        views=pa.array([["a"]], pa.list_(pa.string_view())),
    )
    with pytest.raises(mapper.arrow.ColumnError) as caught:
        list(mapper.arrow.map_batches(orders, [given], **options))
    assert words in str(caught.value)
    assert isinstance(caught.value, mapper.MapperError)


def test_batches_of_other_columns_are_refused(orders: mapper.Transform) -> None:
    with pytest.raises(mapper.arrow.ColumnError, match="batch 2 has other columns"):
        list(mapper.arrow.map_batches(orders, [table([b"{}"]), table([b"{}"], n=pa.array([1]))]))
    with pytest.raises(mapper.arrow.ColumnError, match="batch 1 is of the type dict"):
        list(mapper.arrow.map_batches(orders, [{"value": b"{}"}]))
    double = pa.RecordBatch.from_arrays([pa.array([b"{}"])] * 2, names=["value", "value"])
    with pytest.raises(mapper.arrow.ColumnError, match="2 columns have the name `value`"):
        list(mapper.arrow.map_batches(orders, [double]))
    with pytest.raises(TypeError, match="must be a mapper"):
        mapper.arrow.map_batches("orders", [])  # type: ignore[arg-type]


def test_a_target_whose_members_have_names_of_own_columns(tmp_path: Any) -> None:
    target = {
        "type": "object",
        "properties": {"item": {"type": "string"}, "Reason": {"type": "integer"}},
        "required": ["item"],
    }
    (tmp_path / "own.schema.json").write_text(json.dumps(target))
    item = "{path: $.i, as: string, on_missing: reject}"
    text = f"mapping: own\nversion: 1\ntarget: own.schema.json\nevent: {{item: {item}, Reason: 1}}\n"
    transform = mapper.compile(text, filename=str(tmp_path / "own.yaml"))
    with pytest.raises(mapper.arrow.ColumnError, match="a prefix, as prefix='event_'"):
        mapper.arrow.outcome_schema(transform)
    body = b'{"i": 1}'
    rows = rows_of(transform, [table([body])], prefix="event_")
    assert (rows[0]["event_item"], rows[0]["event_Reason"]) == ("1", 1)
    check_rows(transform, body, None, rows, "event_")


def test_kept_columns_may_have_other_names(orders: mapper.Transform) -> None:
    given = table([json.dumps({"orders": [ORDER, ORDER]}).encode()], item=pa.array([7], pa.int32()))
    rows = rows_of(orders, [given], keep={"kafka_item": "item"})
    assert [(row["kafka_item"], row["item"]) for row in rows] == [(7, 0), (7, 1)]
    schema = mapper.arrow.outcome_schema(orders, given.schema, {"kafka_item": "item"})
    assert schema.names[:2] == ["outcome", "kafka_item"]
    assert schema.field("kafka_item").type == pa.int32()


def test_the_mapping_column_is_the_version(orders: mapper.Transform) -> None:
    (row,) = rows_of(orders, [table([b"["])])
    assert row["mapping"] == orders.version == mapper.compile(ORDERS).version
    assert orders.version != mapper.compile(ORDERS.replace("Order\n", "Other\n")).version


@pytest.mark.slow
def test_memory_is_flat_over_many_batches(orders: mapper.Transform) -> None:
    """Ten times as many batches take the same memory, of Python and of Arrow."""
    body = json.dumps({"orders": [ORDER, {}, {"test": True}] * 50}).encode()
    one = table([body] * 8, note=pa.array(["x" * 100] * 8))

    def peak(count: int) -> int:
        before, largest = pa.total_allocated_bytes(), 0
        tracemalloc.start()
        for _ in mapper.arrow.map_batches(orders, (one for _ in range(count)), keep=["note"]):
            largest = max(largest, pa.total_allocated_bytes() - before)
        largest += tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return largest

    peak(2)
    assert peak(30) <= 1.2 * peak(3)
