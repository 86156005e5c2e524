"""Replays: rejected items are mapped again. The record batches of partitions need no Java."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

import pyarrow as pa

import mapper
import mapper.spark
from mapper.arrow import map_batches
from mapper.diagnostics.errors import ColumnError
from mapper.spark.replays import ReplayWork, _needs
from support.shipped import SHIPPED, shipped
from support.spark_rows import HOSTILE, samples_of

NEEDS_BODIES = {"amplitude-cohort", "clevertap", "moengage", "webengage"}
REQUEST = {"received_at": "ts", "settings": "settings"}


def given_batch(samples: list[tuple[bytes | None, mapper.Request]]) -> pa.RecordBatch:
    """Each body twice, beside others and without another number: no row may be lost for its looks."""
    rows = [each for each in samples for _ in range(2)]
    return pa.RecordBatch.from_pydict(
        {
            "value": pa.array([body for body, _ in rows], pa.binary()),
            "ts": pa.array([request.received_at for _, request in rows], pa.string()),
            "settings": pa.array([json.dumps(dict(request.settings)) for _, request in rows], pa.string()),
        }
    )


def rejected_rows(
    transform: mapper.Transform, batch: pa.RecordBatch, keep: tuple[str, ...]
) -> pa.RecordBatch:
    table = pa.Table.from_batches(map_batches(transform, [batch], "value", REQUEST, keep))
    (one,) = table.filter(pa.compute.equal(table["outcome"], "rejected")).combine_chunks().to_batches()
    return one


def replay(
    transform: mapper.Transform, rejected: pa.RecordBatch, body: str | None, keep: tuple[str, ...]
) -> list[dict[str, Any]]:
    needs = replace(_needs(transform), reads=frozenset())
    work = ReplayWork(transform, needs, body, REQUEST, keep, "")
    assert set(work.columns()) <= set(rejected.schema.names)
    return pa.Table.from_batches(work.map([rejected]), schema=work.schema(rejected.schema)).to_pylist()


def bodies(name: str) -> list[tuple[bytes | None, mapper.Request]]:
    found: list[tuple[bytes | None, mapper.Request]] = [(s.body, s.request) for s in samples_of(name)]
    return [*found, *((body, mapper.Request()) for body in HOSTILE), (None, mapper.Request())]


def ordered(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(map(repr, rows))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_replay_by_the_same_mapping_changes_nothing(name: str) -> None:
    transform = shipped(name)
    keep = ("value", "ts", "settings")
    rejected = rejected_rows(transform, given_batch(bodies(name)), keep)
    assert rejected.num_rows > 10
    assert ordered(replay(transform, rejected, "value", keep)) == ordered(rejected.to_pylist())
    needs = _needs(transform)
    assert (needs.reads != frozenset()) == (name in NEEDS_BODIES)
    if name not in NEEDS_BODIES:
        assert ordered(replay(transform, rejected, None, keep)) == ordered(rejected.to_pylist())


ORDERS = """\
mapping: orders
version: 1
each: {EACH}
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Order
  user_id: {NEW}
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {OTHER}
"""


def orders(user: str = "$.user", each: str = "$.orders[*]", other: str = "{}") -> mapper.Transform:
    value = f"{{path: {user}, as: string, on_missing: reject}}"
    return mapper.compile(
        ORDERS.replace("{NEW}", value).replace("{EACH}", each).replace("{OTHER}", other),
        filename="orders.yaml",
    )


BODIES = [
    b'{"orders": [{"id": 12345678901234567890, "buyer": "b"}, {"id": 2, "user": "u"}, 7, {"id": 1.50}]}',
    b'{"orders": [{"id": "x", "buyer": "b"}], "tenant": "t"}',
    b'{"orders": 5}',
    b"{",
]


@pytest.mark.parametrize("body", [None, "value"])
def test_a_mended_mapping_gives_what_it_gives_of_the_whole_body(body: str | None) -> None:
    old, new = orders("$.user"), orders("$.buyer")
    batch = given_batch([(data, mapper.Request()) for data in BODIES])
    keep = ("value", "ts", "settings")
    rejected = rejected_rows(old, batch, keep)
    again = replay(new, rejected, body, keep)
    whole = pa.Table.from_batches(map_batches(new, [batch], "value", REQUEST, keep)).to_pylist()
    were_rejected = {(row["value"], row["item"]) for row in rejected.to_pylist()}
    expected = [row for row in whole if (row["value"], row["item"]) in were_rejected]
    assert ordered(again) == ordered(expected)
    assert sum(row["outcome"] == "event" for row in again) == 4  # two bodies, twice
    assert {row["mapping"] for row in again} == {new.version}
    # A replay of the replay finds the same items.
    rest = [row for row in again if row["outcome"] == "rejected"]
    twice = replay(new, pa.RecordBatch.from_pylist(rest, schema=rejected.schema), body, keep)
    assert ordered(twice) == ordered(rest)


@pytest.mark.parametrize("body", [None, "value"])
def test_items_to_which_the_mapping_does_not_lead_any_more_stay_as_they_were(body: str | None) -> None:
    keep = ("value", "ts", "settings")
    rejected = rejected_rows(
        orders("$.user"), given_batch([(data, mapper.Request()) for data in BODIES[:2]]), keep
    )
    again = replay(orders("$.buyer", each="$.others[*]"), rejected, body, keep)
    assert ordered(again) == ordered(rejected.to_pylist())


def test_a_body_that_had_no_items_may_have_many_now() -> None:
    rejected = rejected_rows(
        orders(),
        given_batch([(b'{"sales": [{"id": 1, "user": "u"}, 2]}', mapper.Request())]),
        ("ts", "settings"),
    )
    assert [row["codes"] for row in rejected.to_pylist()] == [["M603"]] * 2
    again = replay(orders(each="$.sales[*]"), rejected, None, ("ts", "settings"))
    assert [(row["outcome"], row["item"], row["items"]) for row in again] == [
        ("event", 0, 2),
        ("rejected", 1, 2),
    ] * 2


def test_items_of_one_body_are_mapped_together(monkeypatch: pytest.MonkeyPatch) -> None:
    many = json.dumps({"orders": list(range(1_000))}).encode()
    keep = ("value", "ts", "settings")
    rejected = rejected_rows(orders(), given_batch([(many, mapper.Request())]), keep)
    assert rejected.num_rows == 2_000
    mapped: list[int] = []
    monkeypatch.setattr(
        "mapper.spark.replays.map_batches",
        lambda transform, batches, *rest, **named: (
            mapped.extend(batch.num_rows for batch in batches)
            or map_batches(transform, batches, *rest, **named)
        ),
    )
    assert len(replay(orders(), rejected, "value", keep)) == 2_000
    assert max(mapped) == 2


def test_rejections_of_spark_are_mapped_again(spark: Any, tmp_path: Path) -> None:
    df = spark.createDataFrame([(data, n) for n, data in enumerate(BODIES)], "value binary, n int")
    rejected = mapper.spark.transform(df, orders("$.user"), keep=["n"]).rejected
    again = mapper.spark.replay(rejected, orders("$.buyer"))
    rows = again.outcomes.select("outcome", "n", "item", "items", "event_id").collect()
    assert sorted(map(tuple, rows), key=repr) == sorted(
        [
            ("event", 0, 0, 4, "12345678901234567890"),
            ("rejected", 0, 2, 4, None),
            ("rejected", 0, 3, 4, None),
            ("event", 1, 0, 1, "x"),
            ("rejected", 2, 0, 1, None),
            ("rejected", 3, 0, 1, None),
        ],
        key=repr,
    )
    with pytest.raises(ColumnError, match=r"keep the bodies when you map them.* body='value'"):
        mapper.spark.replay(rejected, orders(other="{t: {envelope: $.tenant}}"))
    with pytest.raises(ColumnError, match="no column `outcome`"):
        mapper.spark.replay(df, orders())
