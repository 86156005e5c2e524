"""Dead letters: listed by what is wrong, written as lines of `run --rejected`, mended and replayed once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mapper.cli import main
from mapper.receiver.outcomes.dead_letters import (
    DeadLetter,
    DeadLetterFilter,
    Replayed,
    Replayer,
    all_dead_letters,
    letter_lines,
)
from mapper.receiver.outcomes.served_mapping import ServedMapping
from mapper.receiver.outcomes.worker import SourceMappings
from support.calls import ORDERS
from support.spools import DAY, SOURCE, SpoolBench, content_of, order, served

ALL = DeadLetterFilter()
NO_USER = {"id": "r", "type": "placed", "at": "2026-11-23T19:00:00Z"}
MENDED = ORDERS.replace(
    "{path: $.customer, as: string, on_missing: reject}", '{path: $.customer, default: "-"}'
)


@pytest.fixture
def bench(tmp_path: Path) -> SpoolBench:
    bench = SpoolBench(tmp_path / "spool", served(tmp_path))
    bench.take({"orders": [order(1), NO_USER, {**order(2), "at": "soon"}]}, b"no json", NO_USER | {"id": "s"})
    bench.take(NO_USER | {"id": "t"}, at="2026-11-24T20:00:00.000Z")
    return bench


def letters(bench: SpoolBench, **chosen: str) -> list[DeadLetter]:
    return bench.spool.read(lambda db: list(all_dead_letters(db, DeadLetterFilter(**chosen))))


def replay(bench: SpoolBench, mapping: ServedMapping | None = None, **options: Any) -> Replayed:
    mappings = {SOURCE: SourceMappings((mapping or bench.mapping,))}
    replayer = Replayer(bench.spool, mappings, 30 * DAY)
    return replayer.replay(options.pop("chosen", ALL), **options)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"code": "M611"}, [1, 4, 5]),
        ({"code": "M61"}, []),
        ({"field": "user_id"}, [1, 4, 5]),
        ({"field": "timestamp", "code": "M614"}, [2]),
        ({"since": "2026-11-24T00:00:00.000Z"}, [5]),
        ({"source": "/other"}, []),
        ({"mapping": "orders", "version": "zz"}, []),
    ],
)
def test_letters_are_found_by(bench: SpoolBench, chosen: dict[str, str], expected: list[int]) -> None:
    assert [letter.id for letter in letters(bench, **chosen)] == expected
    assert letters(bench, version=bench.mapping.version[:8]) == letters(bench)


def test_no_value_of_an_item_is_in_a_letter(bench: SpoolBench) -> None:
    assert "soon" not in repr(letters(bench))


def test_lines_are_those_of_a_run_and_are_replayed_by_one(
    bench: SpoolBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = []
    for number in (1, 2, 3, 4):
        request = bench.spool.request(number)
        assert request is not None
        mine = [letter for letter in letters(bench) if letter.request == number]
        lines += list(letter_lines(mine, request))
    found = [json.loads(line) for line in lines]
    assert [line["codes"] for line in found] == [["M611"], ["M614"], ["M601"], ["M611"], ["M611"]]
    assert found[0]["payload"] == NO_USER
    assert found[2]["payload_text"] == "no json"
    assert found[1]["body_above"] is True
    (tmp_path / "rejected").write_bytes(b"".join(lines))
    mended = served(tmp_path, MENDED, "mended.yaml")
    capsys.readouterr()
    code = main(["run", str(mended.path), "--replay", str(tmp_path / "rejected")])
    events = [json.loads(line)["event_id"] for line in capsys.readouterr().out.splitlines()]
    assert (code, events) == (1, ["r", "s", "t"])


def test_mended_letters_become_events_once(bench: SpoolBench, tmp_path: Path) -> None:
    mended = served(tmp_path, MENDED, "mended.yaml")
    before = content_of(bench.folder)
    tried = replay(bench, mended, dry_run=True)
    assert content_of(bench.folder) == before
    done = replay(bench, mended)
    assert (tried.letters, tried.counts) == (done.letters, done.counts)
    assert done.counts == {"events": 3, "fresh": 3, "rejected": 2}
    assert [letter.codes for letter in letters(bench)] == [("M614",), ("M601",)]
    assert bench.totals()["queued out"] == 4
    bench.check()
    again = replay(bench, mended)
    assert again.counts == {"rejected": 2}
    assert bench.totals()["queued out"] == 4
    bench.check()


def test_a_mapping_may_be_named(bench: SpoolBench, tmp_path: Path) -> None:
    other = served(tmp_path, MENDED, "mended.yaml")
    done = replay(bench, other=other, chosen=DeadLetterFilter(code="M611"))
    assert done.counts == {"events": 3, "fresh": 3, "rejected": 0}
    assert len(letters(bench)) == 2
    bench.check()


def test_a_body_that_was_rejected_as_a_whole_may_have_many_items(bench: SpoolBench, tmp_path: Path) -> None:
    repairing = MENDED + "repair: [trailing_commas]\n"
    bench.take(b'{"orders": [{"id": "x"}, {"id": "y", "test": true},]}')
    mended = served(tmp_path, repairing, "mended.yaml")
    done = replay(bench, mended, chosen=DeadLetterFilter(code="M601"))
    assert (done.letters, done.counts["skipped"], done.counts["rejected"]) == (2, 1, 2)
    bench.check()


def test_letters_that_cannot_be_replayed_stay(bench: SpoolBench, tmp_path: Path) -> None:
    moved = served(tmp_path, MENDED.replace("each: [$.orders, $]", "each: $.orders[*]"), "mended.yaml")
    done = replay(bench, moved, chosen=DeadLetterFilter(field="timestamp"))
    assert dict(done.refused) == {"`each` of the mapping changed since the item was rejected": 1}
    other = served(tmp_path, MENDED.replace("mapping: orders", "mapping: others"), "others.yaml")
    assert dict(replay(bench, other).refused) == {f"no mapping `orders` is served for `{SOURCE}`": 5}
    assert len(letters(bench)) == 5
    bench.check()


def test_letters_of_a_request_are_replayed_together_however_many(bench: SpoolBench, tmp_path: Path) -> None:
    bench.take({"orders": [NO_USER | {"id": f"n{number}"} for number in range(2_500)]})
    done = replay(bench, served(tmp_path, MENDED, "mended.yaml"))
    assert done.counts["fresh"] == 2_503
    bench.check()
