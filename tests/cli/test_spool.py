"""`mapper dead`, `mapper replay` and `mapper spool`: beside a receiver, and without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

from mapper.receiver.outcomes.dead_letters import Replayer
from mapper.receiver.outcomes.replay_requests import answering
from mapper.receiver.spool.control import ControlServer, ask
from support.calls import ORDERS, Call, write
from support.spools import DAY, SOURCE, SpoolBench, order, served

NO_USER = {"id": "r", "type": "placed", "at": "2026-11-23T19:00:00Z"}
MENDED = ORDERS.replace(
    "{path: $.customer, as: string, on_missing: reject}", '{path: $.customer, default: "-"}'
)
CONFIGURATION = """\
receiver: 1
sources: [{path: /orders, mapping: ./orders.yaml, verify: none}]
"""


@pytest.fixture
def bench(project: Path) -> Iterator[SpoolBench]:
    bench = SpoolBench(project / "spool", served(project), destinations=("events",))
    bench.take(order(1), {"orders": [NO_USER, order(2, test=True)]}, order(1), b"no json")
    yield bench
    bench.spool.close()


def test_dead_letters_are_listed_without_values(bench: SpoolBench, call: Call) -> None:
    ended = call("dead")
    version = bench.mapping.version[:8]
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0] == f"#1 2026-11-23T20:00:00.000Z /orders orders@{version}, request 2, $.orders[0]"
    assert lines[1].startswith("    M611 `user_id`")
    assert lines[-1] == "2 dead letters"
    assert "no json" not in ended.out
    assert call("dead", "--code", "m601").closing == "1 dead letter"
    assert call("dead", "--field", "user_id", "--of", "orders", "--version", version).code == 1
    assert call("dead", "--since", "2026-11-24T00:00:00+01:00").out == "0 dead letters\n"


def test_lines_of_dead_letters_are_those_of_run(bench: SpoolBench, call: Call, project: Path) -> None:
    ended = call("dead", "--lines")
    assert [json.loads(line)["file"] for line in ended.out.splitlines()] == [SOURCE, SOURCE]
    write(project / "rejected", ended.out)
    write(project / "orders.yaml", MENDED)
    again = call("run", "orders.yaml", "--replay", "rejected")
    assert [json.loads(line)["event_id"] for line in again.out.splitlines()] == ["r"]


def test_lines_of_dead_letters_hold_requests_if_asked_for(
    bench: SpoolBench, call: Call, project: Path
) -> None:
    lines = [json.loads(line) for line in call("dead", "--lines", "--requests").out.splitlines()]
    assert [line["request"]["received_at"] for line in lines] == ["2026-11-23T20:00:00.000Z"] * 2
    write(project / "rejected", "".join(json.dumps(line) + "\n" for line in lines))
    mended = MENDED.replace("{path: $.details, as: object, default: {}}", "{at: {received_at: true}}")
    write(project / "orders.yaml", mended)
    (again,) = call("run", "orders.yaml", "--replay", "rejected").out.splitlines()
    assert json.loads(again)["event_properties"] == {"at": "2026-11-23T20:00:00.000Z"}


@pytest.mark.parametrize("since", ["yesterday", "2h ago", "2026-11-24T00:00:00", "999999d"])
def test_a_time_that_cannot_be_read(call: Call, project: Path, since: str) -> None:
    ended = call("dead", "--since", since)
    assert (ended.code, ended.out) == (2, "")


def test_a_replay_without_a_receiver(bench: SpoolBench, call: Call, project: Path) -> None:
    bench.spool.close()
    write(project / "receiver.yaml", CONFIGURATION)
    words = ("replay", "--configuration", "receiver.yaml")
    assert call(*words).out == "2 dead letters replayed: 2 rejected\n"
    write(project / "orders.yaml", MENDED)
    ended = call(*words, "--dry-run", "--code", "M611")
    assert (ended.code, ended.out) == (0, "1 dead letter would be replayed: 1 fresh\n")
    assert call(*words, "--code", "M611").out == "1 dead letter replayed: 1 fresh\n"
    assert call("dead").closing == "1 dead letter"
    assert "4" in call("spool", "stats").out
    assert call("spool", "verify").out == "every request, item and event is accounted for\n"


def test_a_replay_by_the_receiver_that_has_the_spool(bench: SpoolBench, call: Call, project: Path) -> None:
    mended = served(project, MENDED, "mended.yaml")
    replayer = Replayer(bench.spool, bench.worker.mappings, 30 * DAY)
    control = ControlServer(bench.folder, answering(lambda asked: asked.run(replayer)))
    assert ask(bench.folder, {}) is None
    control.start()
    try:
        answer = ask(bench.folder, {"other": 1})
        assert answer is not None
        assert "does not understand" in answer["error"]
        assert call("replay", "--code", "M611").out == "1 dead letter replayed: 1 rejected\n"
        ended = call("replay", "--code", "M611", "--mapping", str(mended.path))
        assert (ended.code, ended.out) == (0, "1 dead letter replayed: 1 fresh\n")
        write(project / "broken.yaml", "mapping: broken\n")
        ended = call("replay", "--mapping", "broken.yaml")
        assert ended.code == 1
        assert "broken.yaml` does not compile" in ended.err
    finally:
        control.stop()
    assert not (bench.folder / "control").exists()
    bench.check()


def test_a_socket_in_a_deep_folder(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20) / ("deeper" * 20)
    folder.mkdir(parents=True)
    control = ControlServer(folder, lambda question: {"seen": question})
    control.start()
    try:
        assert ask(folder, {"a": 1}) == {"seen": {"a": 1}}
    finally:
        control.stop()


def test_the_totals_and_requests_of_a_spool(bench: SpoolBench, call: Call) -> None:
    found = {}
    for line in call("spool", "stats").out.splitlines()[1:]:
        name, _, text = line.strip().partition(" ")
        found[name] = text.strip()
    assert found["accepted"] == "4"
    assert (found["items"], found["fresh"], found["duplicate"]) == ("5", "1", "1")
    assert found["`events`"] == "0 delivered, 1 pending"
    lines = [json.loads(line) for line in call("spool", "export").out.splitlines()]
    assert [line["request"] for line in lines] == [1, 2, 3, 4]
    assert lines[3]["body_text"] == "no json"
    bench.spool.change(lambda db: db.execute("DELETE FROM skips"))
    ended = call("spool", "verify")
    assert (ended.code, ended.closing) == (1, "1 faults")
    assert "skipped = rows + removed does not hold: 1 and 0" in ended.out


def test_lines_hold_all_values_as_they_are(bench: SpoolBench, call: Call) -> None:
    text = '\x9b\u202e\u2028\U0001f600 ##vso[a] ##[b] \\ " \x1b'
    number = b"123456789012345678901234567890"
    bench.take({"id": 1, "text": text}, b'{"id": 2, "n": %s}' % number)
    dead, exported = call("dead", "--lines").out, call("spool", "export").out
    assert dead.isascii()
    assert exported.isascii()
    assert json.loads(dead.splitlines()[2])["payload"]["text"] == text
    assert number.decode() in dead
    assert json.loads(json.loads(exported.splitlines()[4])["body_text"])["text"] == text


@pytest.mark.parametrize("words", [("dead",), ("spool", "stats"), ("replay",)])
def test_a_folder_without_a_spool(project: Path, call: Call, words: tuple[str, ...]) -> None:
    ended = call(*words, "--spool", "absent")
    assert ended.code == 2
    assert "no spool in `absent`" in ended.err
    assert not (project / "absent").exists()
