"""`--limit`: the limits of `mapper.Limits` on the command line, in one process and in many."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from mapper.runtime.limits import Limits
from support.calls import ORDER, Call, add_case, lines, ndjson, write


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_run_keeps_to_it(project: Path, call: Call, jobs: str) -> None:
    bodies = ndjson(*[{"orders": [ORDER] * count} for count in (1, 2, 3, 1)])
    write(project / "in.ndjson", bodies)
    command = ("run", "orders", "in.ndjson", "-o", "out", "--rejected", "no", "--jobs", jobs)
    ended = call(*command, "--limit", "items=2")
    assert ended.code == 1
    assert len(lines(project / "out")) == 4
    assert [rejected["codes"] for rejected in lines(project / "no")] == [["M608"]]
    assert call(*command, "--limit", "items=2", "--limit", "items=3").code == 0, "the last one counts"
    assert len(lines(project / "out")) == 7


def test_it_can_be_more_than_the_default(project: Path, call: Call) -> None:
    write(project / "in.ndjson", ndjson({"orders": [ORDER] * 10_001}))
    assert call("run", "orders", "in.ndjson", "-o", "out").code == 1
    assert call("run", "orders", "in.ndjson", "-o", "out", "--limit", "items=10001").code == 0
    assert len(lines(project / "out")) == 10_001


def test_limits_of_compiling(project: Path, call: Call) -> None:
    write(project / "in.ndjson", ndjson(ORDER))
    ended = call("run", "orders", "in.ndjson", "--limit", "mapping_bytes=100")
    assert (ended.code, ended.out) == (1, "")
    assert "M010" in ended.err
    assert "M110" in call("test", "--limit", "mapping_nodes=20").out
    assert "M110" in call("check", "--limit", "mapping_nodes=20").out
    assert call("check", "--limit", "mapping_nodes=2000").code == 0


def test_samples_are_tested_under_it(project: Path, call: Call) -> None:
    two = {"orders": [ORDER, ORDER]}
    add_case(project, "two", two, {"events": [], "skipped": [], "rejected": [{"item": 0, "codes": ["M608"]}]})
    assert call("test", "-k", "two").code == 1
    assert call("test", "-k", "two", "--limit", "items=1").code == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("items", "must be NAME=VALUE"),
        ("itms=1", "did you mean `items`?"),
        ("qqqqqqq=1", "there are body_bytes, nesting, items"),
        ("items=", "`--limit items` must be a whole number"),
        ("items=many", "`--limit items` must be a whole number"),
        ("items=-1", "`--limit items` must be a whole number"),
        ("items=1.5", "`--limit items` must be a whole number"),
        ("items=\u0663", "`--limit items` must be a whole number"),
        ("items=" + "9" * 5000, "`--limit items` must be a whole number of at most 18 digits"),
        ("items=0", "Limits.items must be at least 1"),
        ("nesting=401", "Limits.nesting must be at most 400"),
    ],
)
@pytest.mark.parametrize("command", ["run", "test", "check"])
def test_a_wrong_limit(command: str, given: str, said: str, project: Path, call: Call) -> None:
    write(project / "in.ndjson", ndjson(ORDER))
    arguments = ("orders", "in.ndjson") if command == "run" else ()
    ended = call(command, *arguments, "--limit", given)
    assert ended.code == 2
    assert said in ended.err


def test_every_limit_can_be_set(project: Path, call: Call) -> None:
    write(project / "in.ndjson", ndjson(ORDER))
    given = [
        f"--limit={field.name}={min(getattr(Limits(), field.name), 400) * 100}" for field in fields(Limits)
    ]
    given = [option.replace("nesting=20000", "nesting=300") for option in given]
    ended = call("run", "orders", "in.ndjson", *given)
    assert json.loads(ended.out)["event_id"] == "o1"
    shown = call("run", "--help").out
    assert all(field.name in shown for field in fields(Limits))
