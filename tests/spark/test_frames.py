"""mapper.spark.transform: the rows of Spark are the outcomes of `transform.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

import mapper
import mapper.spark
from mapper.diagnostics.errors import ColumnError
from support.shipped import SHIPPED, shipped
from support.spark_rows import HOSTILE, by_body, expected_rows, samples_of

MANY = 100_000
REQUEST = {"received_at": "ts", "headers": "headers", "query": "query", "settings": "settings"}
COLUMNS = (
    "value binary, n int, ts string, headers map<string,string>, query map<string,string>, settings string"
)
CONSERVATION = """
    SELECT n, count(*) AS found, max(items) AS items FROM outcomes GROUP BY n
    HAVING found != items OR min(item) != 0 OR max(item) != items - 1 OR count(DISTINCT item) != items
"""


@pytest.mark.parametrize("name", SHIPPED)
def test_outcomes_equal_those_of_transform_json(spark: Any, name: str) -> None:
    """Also for samples of other vendors' forms, hostile bodies, null, and bodies that are not UTF-8."""
    samples = [(sample.body, sample.request) for sample in samples_of(name)]
    samples += [(body, mapper.Request()) for body in HOSTILE]
    rows: list[tuple[Any, ...]] = [
        (
            body,
            n,
            request.received_at,
            dict(request.headers),
            dict(request.query),
            json.dumps(dict(request.settings)),
        )
        for n, (body, request) in enumerate(samples)
    ]
    rows.append((None, len(rows), None, None, None, None))
    found = mapper.spark.transform(
        spark.createDataFrame(rows, COLUMNS).coalesce(2), name, request=REQUEST, keep=["n"]
    ).outcomes
    by_number = by_body(found.collect())
    null = by_number.pop(len(samples))
    assert null == [("rejected", 0, (["M601"], "$", None))]
    expected = {n: expected_rows(shipped(name), body, request) for n, (body, request) in enumerate(samples)}
    assert by_number == {n: outcomes for n, outcomes in expected.items() if outcomes}


def test_a_body_gives_as_many_rows_as_it_has_items(spark: Any) -> None:
    """In SQL: one body with 10^5 items, one with none, some that are rejected, and null."""
    item = {"event_name": "E", "user_id": "u", "timestamp": "2026-03-02T08:15:00.000Z"}
    items = [item | {"event_id": f"e{n}"} if n % 3 else n for n in range(MANY)]
    bodies = [json.dumps({"events": items}).encode(), b'{"events": []}', *HOSTILE, None]
    df = spark.createDataFrame([(body, n) for n, body in enumerate(bodies)], "value binary, n int")
    transform = mapper.load("server", limits=mapper.Limits(items=MANY))
    outcomes = mapper.spark.transform(df, transform, keep=["n"])
    outcomes.outcomes.persist().createOrReplaceTempView("outcomes")
    assert spark.sql(CONSERVATION).collect() == []
    expected = [transform.json(body) for body in bodies if body is not None]
    counts = {row["outcome"]: row["count"] for row in outcomes.outcomes.groupBy("outcome").count().collect()}
    assert counts["event"] == sum(len(result.events) for result in expected) > MANY / 2
    assert counts["rejected"] == sum(len(result.rejected) for result in expected) + 1 > MANY / 4
    assert outcomes.rejected.count() == counts["rejected"]
    assert outcomes.skipped.count() == 0
    outcomes.outcomes.unpersist()


TARGET = """\
{"type": "object", "additionalProperties": false, "required": ["total", "at", "tags", "place"],
 "properties": {
   "total": {"type": "integer"}, "at": {"type": "string", "format": "date-time"},
   "tags": {"type": "array", "items": {"type": "string"}},
   "place": {"type": "object", "additionalProperties": false, "required": ["city"],
             "properties": {"city": {"type": "string"}}}}}
"""
MAPPING = """\
mapping: orders
version: 1
target: orders.schema.json
event:
  total: 7
  at: 2026-11-23T20:00:00.000Z
  tags: {literal: [a, b]}
  place: {city: {path: $.city, as: string, on_missing: reject}}
"""


def test_the_types_are_those_of_a_target_of_ones_own(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "orders.schema.json").write_text(TARGET)
    (tmp_path / "orders.yaml").write_text(MAPPING)
    df = spark.createDataFrame([(b'{"city": "Pune"}',), (b"{}",)], "value binary")
    rows = mapper.spark.transform(df, tmp_path / "orders.yaml").outcomes
    types = dict(rows.dtypes)
    assert types["total"] == "bigint"
    assert types["at"] == "timestamp"
    assert types["tags"] == "array<string>"
    assert types["place"] == "struct<city:string>"
    event, rejected = rows.orderBy("outcome").collect()
    assert (event["total"], event["tags"], event["place"]["city"]) == (7, ["a", "b"], "Pune")
    assert (rejected["total"], rejected["place"]) == (None, None)


def test_faults_are_found_before_a_job_begins(spark: Any) -> None:
    df = spark.createDataFrame([(1, b"{}")], "number int, value binary")
    with pytest.raises(ColumnError, match="no column `values`, which is to be the body"):
        mapper.spark.transform(df, "server", body="values")
    with pytest.raises(ColumnError, match="`number` for the body is int32"):
        mapper.spark.transform(df, "server", body="number")
    with pytest.raises(ColumnError, match="`number` for `received_at`"):
        mapper.spark.transform(df, "server", request={"received_at": "number"})
    with pytest.raises(ColumnError, match="is a list of names"):
        mapper.spark.transform(df, "server", keep="number")
    with pytest.raises(mapper.CompileError, match="no mapping"):
        mapper.spark.transform(df, "no-such-mapping")


def test_names_of_columns_may_hold_dots_and_quotes(spark: Any) -> None:
    df = spark.createDataFrame([(b"{", 1)], "`a.b` binary, `n``.x` int")
    (row,) = mapper.spark.transform(df, "server", body="a.b", keep=["n`.x"]).outcomes.collect()
    assert (row["outcome"], row["n`.x"]) == ("rejected", 1)
