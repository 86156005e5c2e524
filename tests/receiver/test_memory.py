"""Memory: a receiver takes no more of it however many requests come, and its spool stays in its bounds."""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra `receiver` is not installed")

from mapper.receiver import receiver as receiver_module
from mapper.receiver.configuration.configuration import Configuration, RequestSource
from mapper.receiver.configuration.settings import SpoolSettings
from mapper.receiver.receiver import Receiver
from mapper.receiver.request import ReceivedRequest
from mapper.receiver.spool.acceptance import Overloaded
from mapper.receiver.spool.reports import verify
from support.spools import DAY, SpoolBench, order, received, served
from support.waiting import PATIENCE, until

AT_ONCE = 64
STATUS = Path("/proc/self/status")
MEGABYTE = 1_000_000


def resident() -> int:
    """The bytes of this process that are in memory."""
    gc.collect()
    (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def post_all(
    receiver: Receiver, numbers: range, request: Callable[[int], ReceivedRequest], after: Callable[[], None]
) -> int:
    """Post requests, some at once, and again those that are refused; how many refusals there were."""
    refused = 0
    deadline = time.monotonic() + 900
    for first in numbers[::AT_ONCE]:
        left = [request(number) for number in range(first, min(first + AT_ONCE, numbers.stop))]
        while left:
            taken = [receiver.intake.accept(one) for one in left]
            left = [one for one, answer in zip(left, taken, strict=True) if isinstance(answer, Overloaded)]
            for answer in taken:
                if not isinstance(answer, Overloaded):
                    answer.result(PATIENCE)
            if left:
                assert time.monotonic() < deadline, "the receiver takes no more requests"
                refused += 1
                time.sleep(0.05)
        after()
    return refused


def check_that_memory_is_flat(folder: Path, settings: SpoolSettings, count: int) -> None:
    """Requests of a kilobyte; each fourth one is rejected, each eighth one has come before."""
    mapping = served(folder)
    configuration = Configuration((RequestSource("/orders", (mapping.path,), ()),), spool=settings)
    receiver = Receiver(configuration, {mapping.path: mapping})
    used: list[int] = []

    def request(number: int) -> ReceivedRequest:
        item = order(number - (number % 8 == 1), details={"text": "x" * 900})
        if number % 4 == 3:
            del item["customer"]
        return received(item, at=now())

    def look() -> None:
        used.append(receiver.spool.used)
        while receiver.spool.waiting_count > 2000:  # as vendors do that have to wait
            time.sleep(0.01)

    receiver.start()
    try:
        post_all(receiver, range(count // 5), request, look)
        early = resident()
        post_all(receiver, range(count // 5, count), request, look)
        assert resident() - early < 8 * MEGABYTE
        until(lambda: not receiver.spool.waiting_count)
        assert receiver.spool.read(verify) == []
        assert max(used) < settings.max_bytes + 2 * MEGABYTE
        (total,) = receiver.spool.read(
            lambda db: db.execute("SELECT count FROM totals WHERE name = 'mapped'").fetchone()
        )
        assert total == count
    finally:
        receiver.stop()
    size = sum(path.stat().st_size for path in settings.folder.glob("spool.db*"))
    assert size < settings.max_bytes + 2 * MEGABYTE


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="no /proc")
def test_memory_is_flat_and_a_spool_within_its_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old requests go by age, so the spool holds those of seconds; all bodies together are 100 MB."""
    monkeypatch.setattr(receiver_module, "TIDY", 0.2)
    settings = SpoolSettings(tmp_path / "spool", keep=1.0, max_bytes=100 * MEGABYTE, min_free=0)
    check_that_memory_is_flat(tmp_path, settings, 100_000)


@pytest.mark.slow
def test_a_body_of_very_many_items_takes_bounded_memory(tmp_path: Path) -> None:
    """More items than a body may have: one rejection, and a peak of some copies of the body."""
    bench = SpoolBench(tmp_path / "spool", served(tmp_path), window=30 * DAY)
    body = json.dumps({"orders": [order(number) for number in range(100_000)]}).encode()
    bench.take({"orders": [order(1)]})
    tracemalloc.start()
    try:
        bench.take(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(body), peak / len(body)
    assert bench.totals()["rejected"] == 1
    bench.check()
