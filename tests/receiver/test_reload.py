"""Reload: a changed mapping replaces the old one if it compiles and its samples pass."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("watchfiles", reason="the extra `receiver` is not installed")

from mapper.receiver.configuration import Configuration, RequestSource
from mapper.receiver.receiver import Receiver
from mapper.receiver.reload import Reloaded, Reloader
from mapper.receiver.settings import SpoolSettings
from support.asgi import ask
from support.calls import EVENT, ONE_EVENT, ORDER, ORDERS, write
from support.spools import served

OTHER = ORDERS.replace("event_properties: {path: $.details, as: object, default: {}}", "event_properties: {}")
WITH_HEADER = ORDERS.replace("{path: $.details, as: object, default: {}}", "{trace: {header: X-Trace}}")


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    mapping = served(tmp_path)
    source = RequestSource("/orders", (mapping.path,), ())
    configuration = Configuration((source,), spool=SpoolSettings(tmp_path / "spool", min_free=0))
    receiver = Receiver(configuration, {mapping.path: mapping})
    yield receiver
    receiver.stop()


def properties(receiver: Receiver) -> object:
    """Those of the event of an order that is posted now."""
    (path,) = receiver.mappings
    (mapping,) = receiver.worker.mappings["/orders"].mappings
    assert receiver.mappings[path] is mapping
    (event,) = mapping.transform(ORDER).events
    return event["event_properties"]


def test_a_changed_mapping_is_used(receiver: Receiver, tmp_path: Path) -> None:
    told: list[Reloaded] = []
    reloader = Reloader(receiver, told.append)
    assert reloader.look() == Reloaded()
    write(tmp_path / "orders.yaml", OTHER)
    assert reloader.look().replaced == ("orders",)
    assert properties(receiver) == {}
    assert reloader.look() == Reloaded()
    assert [one.replaced for one in told] == [("orders",)]


def test_a_mapping_that_does_not_compile_is_not_used(receiver: Receiver, tmp_path: Path) -> None:
    told: list[Reloaded] = []
    reloader = Reloader(receiver, told.append)
    write(tmp_path / "orders.yaml", "mapping: orders\n")
    assert reloader.look().is_degraded
    reloader.look()
    assert len(told) == 1
    assert {diagnostic.severity.value for diagnostic in told[0].diagnostics} == {"error"}
    assert properties(receiver) == EVENT["event_properties"]
    write(tmp_path / "orders.yaml", ORDERS)
    assert not reloader.look().is_degraded
    assert len(told) == 2


def test_a_mapping_whose_samples_fail_is_not_used(receiver: Receiver, tmp_path: Path) -> None:
    write(tmp_path / "orders/paid.json", json.dumps(ORDER))
    write(tmp_path / "orders/paid.expected.json", json.dumps(ONE_EVENT))
    write(tmp_path / "orders.yaml", OTHER)
    reloader = Reloader(receiver)
    (text,) = reloader.look().failed
    assert text.endswith("fail: `orders/paid`; see `mapper test`")
    assert properties(receiver) == EVENT["event_properties"]
    (tmp_path / "orders/paid.json").unlink()
    (tmp_path / "orders/paid.expected.json").unlink()
    assert reloader.look().replaced == ("orders",)


def test_headers_that_a_new_mapping_reads_are_kept(receiver: Receiver, tmp_path: Path) -> None:
    receiver.intake.start()
    app = receiver.app()
    write(tmp_path / "orders.yaml", WITH_HEADER)
    assert ask(app, "POST", "/orders", [("X-Trace", "before")], b"{}").status == 200
    assert Reloader(receiver).look().replaced == ("orders",)
    assert ask(app, "POST", "/orders", [("X-Trace", "after")], b"{}").status == 200
    kept = [one.request.head.headers for one in receiver.spool.waiting(["/orders"])]
    assert kept == [(), (("x-trace", "after"),)]


def test_changes_are_seen(receiver: Receiver, tmp_path: Path) -> None:
    seen = threading.Event()
    reloader = Reloader(receiver, lambda reloaded: seen.set())
    reloader.start()
    try:
        for number in range(50):
            write(tmp_path / "orders.yaml", OTHER + f"# {number}\n")
            if seen.wait(1):
                break
    finally:
        reloader.stop()
    assert properties(receiver) == {}
