"""A script that serves a receiver in processes that are killed one after the other.

It takes its trial as JSON in an argument, prints the port, and kills a number of forked servers at random
moments, some of them amid the start; the last one ends with SIGTERM when standard input is closed. Forking
saves the start of Python; the servers, the sockets and the signals are real. Between two servers a power cut
may leave only what was synced.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mapper.diagnostics.diagnostic import Report
from mapper.receiver.configuration.configuration import Address, Configuration, RequestSource
from mapper.receiver.configuration.keys import Secret
from mapper.receiver.configuration.settings import (
    DestinationSettings,
    FilesSettings,
    HttpSettings,
    PostgresSettings,
    SpoolSettings,
)
from mapper.receiver.delivery.places import places_of
from mapper.receiver.outcomes.served_mapping import load_mappings
from mapper.receiver.receiver import Receiver
from mapper.receiver.serving import listen, serve
from mapper.receiver.spool import outcome_writer, spool
from mapper.receiver.spool.tables import EventKind

AMID_START = 0.25  # the share of the kills whose time begins with the process; others are of one that serves


def serve_until_killed(
    trial: dict[str, Any],
    configuration: Configuration,
    mappings: Any,
    socket: Any,
    on_ready: Callable[[], None],
) -> None:
    """Serve in this process, with one of the promises taken out if the trial says so."""
    connect = spool._connect

    def connect_without_sync(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    without = trial.get("without")
    if without == "sync":
        spool._connect = connect_without_sync
    elif without == "ids":
        outcome_writer._kind = lambda db, portion, row: EventKind.FRESH
    receiver = Receiver(configuration, mappings)
    serve(receiver, socket, on_ready)


def cut_power(folder: Path, synced: Path) -> None:
    """Leave what was synced of each file."""
    watched = os.environ.pop("SYNCED_OF")  # what is done here is not done by a server
    for path in folder.iterdir():
        path.unlink()
    for path in synced.iterdir():
        if path.suffix[1:].isdigit():  # a copy that was not made to its end
            path.unlink()
        else:
            shutil.copy(path, folder / path.name)
    os.environ["SYNCED_OF"] = watched


def destinations_of(trial: dict[str, Any]) -> tuple[DestinationSettings, ...]:
    """The destinations that a trial names: a URL, a folder and a DSN."""
    kinds: dict[str, Any] = {
        "http": lambda url: HttpSettings(url, concurrency=4, timeout=5.0),
        "files": lambda folder: FilesSettings(Path(folder), rotate=0.3, gzip=True),
        "postgres": lambda dsn: PostgresSettings(Secret("trial", dsn.encode()), "events"),
    }
    return tuple(DestinationSettings(name, kinds[name](trial[name])) for name in kinds if name in trial)


def main() -> None:
    trial = json.loads(sys.argv[1])
    folder = Path(trial["folder"])
    chance = random.Random(trial["seed"])
    path = Path(trial["mapping"])
    configuration = Configuration(
        (RequestSource("/orders", (path,), ()),),
        spool=SpoolSettings(folder, min_free=0),
        destinations=destinations_of(trial),
    )
    places_of(configuration.destinations, configuration.spool)  # imports their packages
    mappings = load_mappings([path], Report())
    assert mappings[path].transform.json(b"{}").rejected  # imports all that a request needs
    socket = listen(Address(port=0))
    print(socket.getsockname()[1], flush=True)
    child = 0

    def give_up(*_: object) -> None:
        os.kill(child, signal.SIGKILL)
        os._exit(1)

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(600 + 10 * trial["kills"])
    for number in range(trial["kills"] + 1):
        ready, say = os.pipe()
        child = os.fork()
        if child == 0:
            is_last = number == trial["kills"]

            def on_ready(say: int = say, is_last: bool = is_last) -> None:
                os.write(say, b".")
                if is_last:
                    print("killed", flush=True)

            serve_until_killed(trial, configuration, mappings, socket, on_ready)
            os._exit(0)
        os.close(say)
        if chance.random() > AMID_START:
            os.read(ready, 1)
        os.close(ready)
        if number < trial["kills"]:
            time.sleep(chance.uniform(0.05, trial["longest"]))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            if trial.get("synced"):
                cut_power(folder, Path(trial["synced"]))
        else:
            sys.stdin.read()
            os.kill(child, signal.SIGTERM)
            ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            print(ended, flush=True)


if __name__ == "__main__":
    main()
