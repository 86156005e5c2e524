"""Metrics: the numbers are those of the spool, no label is a text of a request, and the key is asked for."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("prometheus_client", reason="the extra `receiver` is not installed")

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from mapper.receiver import Receiver
from mapper.receiver.configuration.settings import SpoolSettings
from mapper.receiver.destinations.destination import Verdict
from mapper.receiver.outcomes.worker import new_portion
from mapper.receiver.spool.figures import FORMER, DiskFigures, read_figures
from mapper.receiver.spool.tables import EventRow, Portion, RejectionRow, SkipRow
from mapper.receiver.web.metrics import OperatingState, metric_families
from mapper.receiver.web.tally import MAX_REASONS, MINUTES, OTHER, MinuteCounts, ReceiverTally, written_part
from support.asgi import Answer, ask
from support.calls import ORDERS, write
from support.spools import SOURCE, CountedRequests, SpoolBench, order, received, served
from support.waiting import until

CONFIGURATION = """\
receiver: 1
spool: {{min_free: 1B}}
{more}
sources:
  - {{path: /orders, mapping: ./orders.yaml, verify: {{header: X-Key, secrets: [{{file: key}}]}}}}
"""
HOSTILE = '\n# {evil="<script>"} \x1b[31m'


@dataclass
class Running:
    """A receiver whose threads run, and its answers."""

    receiver: Receiver
    counted: CountedRequests

    def ask(self, method: str, target: str, body: object = b"", **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return ask(self.receiver.app(), method, target, named, data)

    def post(self, item: object, key: str = "s3cret") -> Answer:
        return self.ask("POST", "/orders", item, x_key=key)

    def metrics(self) -> dict[str, float]:
        """The values by name and labels, as text."""
        text = self.ask("GET", "/metrics").body.decode()
        return {
            sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def wait(self) -> None:
        """Until all that is accepted is mapped and delivered."""
        until(self.counted.are_all)
        until(lambda: not any(each.pending for each in self.receiver.state().figures.queues.values()))


@contextmanager
def running(folder: Path, more: str = "") -> Iterator[Running]:
    write(folder / "receiver.yaml", CONFIGURATION.format(more=more))
    write(folder / "orders.yaml", ORDERS)
    write(folder / "key", "s3cret\n")
    receiver = Receiver.read(folder / "receiver.yaml")
    counted = CountedRequests(receiver)
    receiver.start()
    try:
        yield Running(receiver, counted)
    finally:
        receiver.stop()


def test_the_numbers_are_those_of_the_requests(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        for number in range(3):
            assert served.post(order(number)).status == 200
        assert served.post(order(0)).status == 200
        assert served.post(order(0, customer="c-2")).status == 200
        assert served.post(order(9, at="<script>")).status == 200
        assert served.post(order(1), key="wrong").status == 401
        served.wait()
        found = served.metrics()
    assert found["mapper_requests_total  /orders 200"] == 6
    assert found["mapper_requests_total wrong /orders 401"] == 1
    assert found["mapper_accepted_total /orders"] == found["mapper_mapped_total /orders"] == 6
    assert found["mapper_events_total fresh /orders"] == 3
    assert found["mapper_events_total duplicate /orders"] == 1
    assert found["mapper_events_total conflict /orders"] == 1
    assert found["mapper_dead_letters /orders"] == 1
    rejected = {name: value for name, value in found.items() if name.startswith("mapper_rejected_total")}
    assert rejected == {"mapper_rejected_total M614 timestamp /orders": 1}
    assert found["mapper_delivered_total events delivered"] == 3
    assert found["mapper_pending_events events"] == found["mapper_pending_seconds events"] == 0
    assert found["mapper_answer_seconds_count"] == 7
    assert 1 <= found["mapper_commit_seconds_count"] <= 6
    assert found["mapper_commit_seconds_bucket +Inf"] == found["mapper_commit_seconds_count"]
    assert found["mapper_ready"] == 1
    assert found["mapper_degraded"] == found["mapper_waiting_requests"] == 0
    assert found["mapper_disk_free_bytes"] > found["mapper_disk_min_free_bytes"] == 1
    assert 0 < found["mapper_spool_bytes"] < found["mapper_spool_max_bytes"]


def test_both_formats_can_be_parsed(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        served.post(order(1))
        plain = served.ask("GET", "/metrics")
        modern = served.ask("GET", "/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert plain.headers["content-type"].startswith("text/plain; version=")
    assert plain.headers["cache-control"] == "no-store"
    names = {family.name for family in openmetrics.text_string_to_metric_families(modern.body.decode())}
    assert {"mapper_requests", "mapper_commit_seconds", "process_resident_memory_bytes"} <= names


def test_a_key_is_asked_for_if_there_is_one(tmp_path: Path) -> None:
    write(tmp_path / "reader", "t0ken")
    with running(tmp_path, "metrics: {secrets: [{file: key}, {file: reader}]}") as served:
        for wrong in ("", "Bearer", "Bearer wrong", "Basic t0ken", "t0ken", "Bearer \xff"):
            answer = served.ask("GET", "/metrics", authorization=wrong)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer"), wrong
            assert b"mapper" not in answer.body
        for right in ("Bearer t0ken", "bearer s3cret"):
            assert served.ask("GET", "/metrics", authorization=right).status == 200
        assert served.ask("POST", "/metrics", authorization="Bearer t0ken").status == 405
        assert served.ask("GET", "/readyz").status == 200


def test_no_label_is_a_text_of_a_request(tmp_path: Path) -> None:
    """Neither values, nor names in objects, nor paths and headers that nobody knows."""
    with running(tmp_path) as served:
        served.post(order(HOSTILE, at=HOSTILE, **{HOSTILE: HOSTILE}))
        served.post([{HOSTILE: 1}])
        served.post(HOSTILE.encode())
        served.ask("POST", "/evil", b"", x_key="s3cret")
        served.ask("EVIL", "/orders", b"", x_key="s3cret")
        served.ask("POST", "/orders?evil=evil", b"", x_key="evil", evil="evil")
        served.wait()
        text = served.ask("GET", "/metrics").body.decode()
    assert "evil" not in text.lower()
    assert "<" not in text
    assert "s3cret" not in text


def test_a_broken_spool_is_said(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        served.receiver.spool.broken = "the disk is gone"
        assert served.ask("GET", "/metrics").status == 503
        served.receiver.spool.broken = None


def test_what_is_not_configured_any_more_is_one_series(tmp_path: Path) -> None:
    bench = SpoolBench(tmp_path / "spool", served(tmp_path), destinations=("a", "b", "c"))
    bench.take(order(1), order("x", at=1))
    with sqlite3.connect(tmp_path / "spool" / "spool.db") as db:
        figures = read_figures(db, ["/other"], ["a"])
    db.close()
    assert figures.sources["/other"].totals.total() == 0
    assert figures.sources[FORMER].totals["accepted"] == 2
    assert figures.sources[FORMER].dead_letters == 1
    assert set(figures.queues) == {"a", FORMER}
    assert (figures.queues["a"].pending, figures.queues[FORMER].pending) == (1, 2)
    assert 0 < figures.queues["a"].age < 3600
    assert figures.oldest_waiting == ""


def portion(*rows: EventRow | SkipRow | RejectionRow, source: str = "s") -> Portion:
    return Portion(1, source, "", "m", "v", written=frozenset({"a", "a.b"}), rows=list(rows))


def rejection(*reasons: tuple[str, str]) -> RejectionRow:
    codes, messages = zip(*reasons, strict=True)
    return RejectionRow(0, "$", False, codes, (), messages)


def test_a_minute_is_forgotten_after_an_hour() -> None:
    now = [6_000.0]
    tally = ReceiverTally(clock=lambda: now[0])
    rejected = rejection(("M613", "`a.b`: it cannot be"))
    tally.entered([portion(EventRow(0, "1", b"", b"{}"), SkipRow(1, "no"), rejected)])
    now[0] += 60 * (MINUTES - 1)
    tally.entered([portion(rejected)])
    assert tally.last_hour("s") == [
        MinuteCounts(1, 1, 1), *[MinuteCounts()] * (MINUTES - 2), MinuteCounts(0, 0, 1)
    ]  # fmt: skip
    now[0] += 60
    tally.entered([portion(rejected)])
    assert tally.last_hour("s")[-2:] == [MinuteCounts(0, 0, 1)] * 2
    assert len(tally._minutes["s"]) == 2
    assert tally.last_hour("other") == [MinuteCounts()] * MINUTES


def test_fields_are_those_that_the_mapping_writes() -> None:
    tally = ReceiverTally()
    tally.entered(
        [portion(rejection(("M1", "`a.b.evil`: x"), ("M1", "`a.b`: y"), ("M2", "`evil`: z"), ("M3", "x")))]
    )
    assert dict(tally.rejected) == {("s", "M1", "a.b"): 1, ("s", "M2", ""): 1, ("s", "M3", ""): 1}
    assert written_part("a.c.d", frozenset({"a"})) == "a"


def test_the_number_of_series_is_bounded() -> None:
    tally = ReceiverTally()
    for number in range(MAX_REASONS + 50):
        tally.entered([portion(rejection((f"M{number}", "x")))])
    assert len(tally.rejected) == MAX_REASONS + 1
    assert tally.rejected["s", OTHER, OTHER] == 50


def test_the_mapping_tells_the_fields_that_it_writes(tmp_path: Path) -> None:
    mapping = served(tmp_path)
    assert {"event_id", "event_name", "user_id", "timestamp"} <= mapping.written
    request = new_portion(1, received({}), mapping, "")
    assert request.written == mapping.written
    assert all(re.fullmatch(r"[\w.]+", name) for name in mapping.written)


def test_what_a_destination_had_already_is_counted_apart(tmp_path: Path) -> None:
    """Conflicts between receivers are known to their destination alone."""
    bench = SpoolBench(tmp_path / "spool", served(tmp_path))
    bench.take({"orders": [order(number) for number in range(6)]})
    for count, verdict in ((3, Verdict.DELIVERED), (2, Verdict.DUPLICATE), (1, Verdict.CONFLICT)):
        bench.settle(count, verdict)
    figures = bench.spool.read(lambda db: read_figures(db, [SOURCE], ["out"]))
    state = OperatingState(figures, DiskFigures(), SpoolSettings(), 0, 0, True, False)
    (family,) = [one for one in metric_families(ReceiverTally(), state) if one.name == "mapper_delivered"]
    found = {sample.labels["kind"]: sample.value for sample in family.samples}
    assert found == {"delivered": 3, "duplicate": 2, "conflict": 1}
