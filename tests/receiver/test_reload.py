"""Reload: a changed mapping replaces the old one if it compiles and its samples pass."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

pytest.importorskip("watchfiles", reason="the extra `receiver` is not installed")

import watchfiles

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_source
from mapper.receiver import reload
from mapper.receiver.configuration.configuration import Configuration, RequestSource
from mapper.receiver.configuration.configuration_reader import ReadConfiguration, read_configuration
from mapper.receiver.configuration.settings import SpoolSettings
from mapper.receiver.outcomes.served_mapping import load_mappings
from mapper.receiver.receiver import Receiver
from mapper.receiver.reload import Reloaded, Reloader
from mapper.receiver.spool.reports import open_reader, verify
from support.asgi import ask
from support.calls import EVENT, ONE_EVENT, ORDER, ORDERS, write
from support.spools import order, rows_of, served
from support.waiting import PATIENCE, until

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


def in_place(path: Path, text: str) -> None:
    """As some editors write a file: for a moment it is empty, or half of it is there."""
    path.write_text(text[: len(text) // 2], "utf-8")
    path.write_text(text, "utf-8")


@pytest.mark.parametrize("change", [write, in_place])
def test_changes_are_seen(receiver: Receiver, tmp_path: Path, change: Callable[[Path, str], object]) -> None:
    told: SimpleQueue[Reloaded] = SimpleQueue()
    reloader = Reloader(receiver, told.put)
    reloader.start()
    try:
        for text, expected in ((OTHER, {}), (ORDERS, EVENT["event_properties"])):
            change(tmp_path / "orders.yaml", text)
            while not told.get(timeout=PATIENCE).replaced:
                pass  # half of the file was looked at
            assert properties(receiver) == expected
    finally:
        reloader.stop()


# --- configurations and secrets

CONFIGURATION = """\
receiver: 1
spool: {min_free: 1B}
sources:
  - {path: /orders, mapping: ./orders.yaml, verify: {header: X-Key, secrets: [{file: key}, {file: old}]}}
"""
MORE = "  - {path: /more, mapping: ./more.yaml, verify: none}\n"


class Home:
    """A folder with a configuration, and its receiver."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "receiver.yaml"
        write(self.file, CONFIGURATION)
        write(folder / "orders.yaml", ORDERS)
        write(folder / "key", "new-key\n")
        write(folder / "old", "old-key\n")
        read = self.read(Report())
        assert read.configuration is not None
        self.receiver = Receiver(read.configuration, load_mappings(read.mappings, Report()))
        self.receiver.intake.start()
        self.told: list[Reloaded] = []
        self.reloader = Reloader(self.receiver, self.told.append, self.read)
        self.app = self.receiver.app()

    def read(self, report: Report) -> ReadConfiguration:
        file = read_source(self.file, report)
        assert file is not None
        found = read_configuration(file, report, environment={})
        return ReadConfiguration(found.configuration, found.mappings, (*found.files, self.file))

    def post(self, key: str, path: str = "/orders") -> int:
        return ask(self.app, "POST", path, [("X-Key", key)], json.dumps(order(1)).encode()).status

    def ready(self) -> tuple[int, str, str]:
        answer = ask(self.app, "GET", "/readyz")
        found = json.loads(answer.body)
        return answer.status, found["status"], answer.body.decode()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.reloader.stop()
    home.receiver.stop()


def test_a_rotated_secret_counts_after_a_look(home: Home) -> None:
    assert [home.post(key) for key in ("new-key", "old-key", "next-key")] == [200, 200, 401]
    write(home.folder / "key", "next-key\n")
    write(home.folder / "old", "new-key\n")
    assert home.post("next-key") == 401, "nobody has looked yet"
    assert home.reloader.look() == Reloaded(is_configured=True)
    assert [home.post(key) for key in ("new-key", "old-key", "next-key")] == [200, 401, 200]
    assert home.reloader.look() == Reloaded()
    assert len(home.told) == 1


def test_sources_come_and_go(home: Home) -> None:
    write(home.folder / "more.yaml", ORDERS.replace("mapping: orders", "mapping: more"))
    write(home.file, CONFIGURATION + MORE)
    assert home.post("", "/more") == 404
    assert home.reloader.look() == Reloaded(is_configured=True)
    assert home.post("", "/more") == 200
    write(home.file, CONFIGURATION)
    assert home.reloader.look().is_configured
    assert home.post("", "/more") == 404
    assert home.post("new-key") == 200


FAULTS: dict[str, Callable[[Home], object]] = {
    "a key that is not known": lambda home: write(home.file, CONFIGURATION + "secrets: 1\n"),
    "no YAML": lambda home: write(home.file, "receiver: [1\n"),
    "a secret that is gone": lambda home: (home.folder / "key").unlink(),
    "a secret that is empty": lambda home: write(home.folder / "old", "\n"),
    "a new mapping that is not there": lambda home: write(home.file, CONFIGURATION + MORE),
    "a new mapping that does not compile": lambda home: (
        write(home.folder / "more.yaml", "mapping: more\n"),
        write(home.file, CONFIGURATION + MORE),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_configuration_changes_nothing_and_is_told(home: Home, name: str) -> None:
    assert home.ready()[:2] == (200, "ready")
    FAULTS[name](home)
    write(home.folder / "orders.yaml", OTHER)
    found = home.reloader.look()
    assert not found.is_configured
    assert found.replaced == ("orders",), "mappings are looked at all the same"
    assert [home.post("new-key"), home.post("old-key"), home.post("", "/more")] == [200, 200, 404]
    status, word, text = home.ready()
    assert (status, word) == (200, "degraded")
    assert all(diagnostic.code in text for diagnostic in found.diagnostics)
    assert str(home.folder) not in text
    assert not [key for key in ("new-key", "old-key") if key in text]
    write(home.file, CONFIGURATION)
    write(home.folder / "key", "new-key\n")
    write(home.folder / "old", "old-key\n")
    assert home.reloader.look() == Reloaded()
    assert home.ready()[:2] == (200, "ready")
    assert [one.is_degraded for one in home.told] == [True, False]


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("listen", "listen: 127.0.0.1:9\n"),
        ("spool", "spool: {folder: ./other}\n"),
        ("destinations", "destinations: [{name: a, files: {folder: ./a}}]\n"),
    ],
)
def test_keys_that_need_a_restart_are_told(home: Home, key: str, line: str) -> None:
    text = "\n".join(row for row in CONFIGURATION.splitlines() if not row.startswith(key)) + "\n"
    write(home.file, text.replace(", {file: old}", "") + line)
    found = home.reloader.look()
    assert found.is_configured
    assert found.failed == (f"`{key}` changed; that counts after a restart",)
    assert [home.post(key) for key in ("new-key", "old-key")] == [200, 401]
    assert home.ready()[1] == "degraded"
    assert not (home.folder / "other").exists()


def test_a_receiver_that_refuses_requests_is_not_ready(home: Home) -> None:
    assert ask(home.app, "GET", "/livez").status == 200
    home.receiver.intake.stop()
    assert home.ready()[:2] == (503, "overloaded")
    assert ask(home.app, "GET", "/livez").status == 200
    for path, status in (("/livez", 200), ("/readyz", 503)):
        assert ask(home.app, "HEAD", path).status == status
        assert ask(home.app, "POST", path).status == 405


def test_changed_secrets_and_configurations_are_seen(home: Home) -> None:
    home.reloader.start()
    write(home.folder / "key", "next-key\n")
    until(lambda: home.post("next-key") == 200)
    other = home.folder / "elsewhere"
    write(other / "key", "here\n")
    write(home.file, CONFIGURATION.replace("{file: key}", "{file: elsewhere/key}"))
    until(lambda: home.post("here") == 200)
    write(other / "key", "there\n")  # the folder that is named now is watched, too
    until(lambda: home.post("there") == 200)


@pytest.mark.parametrize("times", [1, 2], ids=["made", "made again"])
def test_folders_that_are_made_later_are_watched(
    home: Home, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `./mappings` of a receiver without a configuration, of which nothing is there at first."""
    read, watch, folder = home.reloader.read, watchfiles.watch, home.folder / "mappings"
    read_with = set[str]()
    watched: list[tuple[float, tuple[Path, ...]]] = []  # since when, and the folders

    def read_with_folder(report: Report) -> ReadConfiguration:
        assert read is not None
        read_with.update(path.name for path in folder.glob("*"))
        found = read(report)
        return replace(found, files=(*found.files, folder))

    def watch_and_note(*folders: Path, **options: Any) -> Iterator[set[Any]]:
        since = time.monotonic()
        for changes in watch(*folders, **options):
            yield changes
            watched.append((since, folders))  # the look for what changed before is asked for

    monkeypatch.setattr(reload, "SEEING", 100)
    monkeypatch.setattr("watchfiles.watch", watch_and_note)
    home.reloader.read = read_with_folder
    home.reloader.start()
    for _ in range(times):
        if folder.exists():
            folder.rmdir()
        made = time.monotonic()
        folder.mkdir()
        until(lambda made=made: any(since > made and folder in folders for since, folders in watched))
    write(folder / "shop.yaml", "")
    until(lambda: "shop.yaml" in read_with)


def test_a_look_can_be_asked_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def see_nothing(*folders: Path, stop_event: threading.Event, **options: object) -> Iterator[set[object]]:
        stop_event.wait()
        yield from ()

    monkeypatch.setattr("watchfiles.watch", see_nothing)
    home.reloader.start()
    home.reloader.ask()
    write(home.folder / "key", "next-key\n")
    home.reloader.ask()
    until(lambda: home.post("next-key") == 200)


def test_a_folder_that_goes_away_before_it_is_watched_ends_no_watch(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    home.receiver.on_fault = told.append
    watch, failures = watchfiles.watch, [FileNotFoundError("No path was found.")]

    def watch_the_second_time(*folders: Path, **options: Any) -> Iterator[set[Any]]:
        if failures:
            raise failures.pop()
        return watch(*folders, **options)

    monkeypatch.setattr("watchfiles.watch", watch_the_second_time)
    home.reloader.start()
    write(home.folder / "key", "next-key\n")
    until(lambda: home.post("next-key") == 200)
    assert told == []


def test_faults_of_watching_are_told_and_looks_can_still_be_asked_for(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: SimpleQueue[str] = SimpleQueue()
    home.receiver.on_fault = told.put

    def refuse(*_: object, **__: object) -> None:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr("watchfiles.watch", refuse)
    home.reloader.start()
    assert told.get(timeout=PATIENCE) == (
        "changes of files are not seen, until SIGHUP: OS file watch limit reached."
    )
    read, home.reloader.read = home.reloader.read, lambda report: 1 // 0  # type: ignore[assignment, return-value]
    home.reloader.ask()
    assert (
        told.get(timeout=PATIENCE)
        == "changed files cannot be looked at: ZeroDivisionError, a defect of mapper"
    )
    home.reloader.read = read
    write(home.folder / "key", "next-key\n")
    home.reloader.ask()
    until(lambda: home.post("next-key") == 200)


def test_requests_that_come_while_mappings_change_are_mapped_by_one_of_them(home: Home) -> None:
    """Each event is that of the version that stands beside it, and the law holds."""
    receiver = home.receiver
    receiver.worker.start()
    versions: dict[str, object] = {}
    statuses = Counter[int]()
    ended = threading.Event()

    def post() -> None:
        number = 0
        while not ended.is_set() or number < 100:
            number += 1
            body = json.dumps(order(number, details={"a": 1})).encode()
            statuses[ask(home.app, "POST", "/orders", [("X-Key", "new-key")], body).status] += 1

    posting = threading.Thread(target=post)
    posting.start()
    for text in (OTHER, ORDERS) * 4:
        (mapping,) = receiver.mappings.values()
        versions[mapping.version] = {} if text is ORDERS else {"a": 1}
        write(home.folder / "orders.yaml", text)
        assert home.reloader.look().replaced == ("orders",)
        (mapping,) = receiver.mappings.values()
        query = "SELECT 1 FROM events WHERE version = ? LIMIT 1"
        until(lambda query=query, used=mapping.version: rows_of(home.folder / "spool", query, used))
    ended.set()
    posting.join()
    assert set(statuses) == {200}
    until(lambda: not receiver.spool.waiting_count)
    receiver.worker.stop()
    rows = rows_of(home.folder / "spool", "SELECT version, event FROM events")
    assert len(rows) == statuses[200]
    assert len({version for version, _ in rows}) == 2
    for version, event in rows:
        assert json.loads(event)["event_properties"] == versions[version]
    with open_reader(home.folder / "spool") as db:
        assert verify(db) == []
