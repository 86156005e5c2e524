"""The benchmark of the receiver: `python tests/benchmarks/bench_receiver.py` prints durable answers a second.

A client in a process of its own posts over 64 kept connections. The contenders are the whole receiver; one
that makes requests durable and does not map them; the same application without a spool; and a bare loop that
writes the same bodies to a file and syncs it, in groups as large as those of the whole receiver. All run in
turn, round after round; each figure is the median of its rounds. A bad answer ends the run with code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from benchmarks.bench_spool import bare  # noqa: E402
from mapper.diagnostics.diagnostic import Report  # noqa: E402
from mapper.receiver.configuration.configuration import Address, Configuration, RequestSource  # noqa: E402
from mapper.receiver.configuration.settings import SpoolSettings  # noqa: E402
from mapper.receiver.outcomes.served_mapping import load_mappings  # noqa: E402
from mapper.receiver.receiver import Receiver  # noqa: E402
from mapper.receiver.request import ReceivedRequest  # noqa: E402
from mapper.receiver.serving import listen, serve  # noqa: E402
from mapper.receiver.spool.acceptance import Overloaded  # noqa: E402
from support.calls import ORDERS, write  # noqa: E402
from support.spools import order  # noqa: E402

KINDS = ("whole", "durable", "without")
FIGURES = ("connections", "requests", "bytes")


@dataclass(frozen=True)
class Load:
    """One run of the client: seconds as a whole, those of each answer, and answers without success."""

    seconds: float
    median: float
    p99: float
    bad: int


def body_of(number: int, size: int) -> bytes:
    """The body of a request, of about a size in bytes."""
    return json.dumps(order(number, details={"t": "x" * max(0, size - 120)})).encode()


def post_all(port: int, connections: int, count: int, size: int) -> Load:
    """Post over some connections, one request at a time on each."""
    ways: list[socket.socket] = []
    chosen = selectors.DefaultSelector()
    for _ in range(connections):
        way = socket.create_connection(("127.0.0.1", port))
        way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ways.append(way)
        chosen.register(way, selectors.EVENT_READ)
    begun: dict[socket.socket, float] = {}
    taken: list[float] = []
    sent = bad = 0

    def post(way: socket.socket) -> None:
        nonlocal sent
        body = body_of(sent, size)
        sent += 1
        begun[way] = time.perf_counter()
        head = f"POST /orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
        way.sendall(head.encode() + body)

    start = time.perf_counter()
    for way in ways:
        post(way)
    while len(taken) < sent:
        for key, _ in chosen.select():
            way = cast(socket.socket, key.fileobj)
            answer = way.recv(65536)
            # An answer is small, and is sent at once or as its head and its body.
            while not answer.endswith((b"accepted\n", b"}")):
                more = way.recv(65536)
                if not more:
                    raise ConnectionError("the receiver closed a connection")
                answer += more
            taken.append(time.perf_counter() - begun[way])
            bad += not answer.startswith(b"HTTP/1.1 200")
            if sent < count:
                post(way)
    seconds = time.perf_counter() - start
    for way in ways:
        way.close()
    taken.sort()
    return Load(seconds, taken[len(taken) // 2], taken[len(taken) * 99 // 100], bad)


class NoSpool:
    """An intake that keeps nothing."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def overloaded(self) -> Overloaded | None:
        return None

    def accept(self, request: ReceivedRequest) -> Future[None] | Overloaded:
        done: Future[None] = Future()
        done.set_result(None)
        return done


def serve_kind(folder: Path, kind: str) -> None:
    """Serve until SIGTERM; prints the port, and at the end the number of commits of the intake."""
    write(folder / "orders.yaml", ORDERS)
    path = folder / "orders.yaml"
    configuration = Configuration(
        (RequestSource("/orders", (path,), ()),), spool=SpoolSettings(folder / "spool", min_free=0)
    )
    receiver = Receiver(configuration, load_mappings([path], Report()))
    commits = 0

    def count() -> None:
        nonlocal commits
        commits += 1
        if kind == "whole":
            receiver.worker.wake()

    receiver.intake.on_written = lambda seconds: count()
    if kind == "durable":
        receiver.worker.mappings = {}  # requests wait, as those of an unknown source do
    elif kind == "without":
        receiver.intake = NoSpool()  # type: ignore[assignment]
        receiver._app = receiver._new_app()
    listening = listen(Address(port=0))
    serve(receiver, listening, lambda: print(listening.getsockname()[1], flush=True))
    print(commits, flush=True)


def measured(folder: Path, kind: str, arguments: argparse.Namespace) -> tuple[Load, int]:
    """One run of a kind: the load, and the commits that it took."""
    script = [sys.executable, __file__]
    command = [*script, "--serve", kind, "--folder", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            figures = [
                f"--{name}={getattr(arguments, name)}" for name in ("connections", "requests", "bytes")
            ]
            client = subprocess.run([*script, "--post", port, *figures], capture_output=True, check=True)
        finally:
            process.terminate()
        return Load(**json.loads(client.stdout)), int(process.stdout.read() or 0)


def run(arguments: argparse.Namespace) -> int:
    """All rounds, and their table; the code to end with."""
    loads: dict[str, list[Load]] = {kind: [] for kind in KINDS}
    rates: list[float] = []
    groups: list[float] = []
    bodies = [body_of(number, arguments.bytes) for number in range(arguments.requests)]
    for _ in range(arguments.rounds):
        for kind in KINDS:
            with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
                load, commits = measured(Path(folder), kind, arguments)
            loads[kind].append(load)
            if kind == "whole":
                groups.append(arguments.requests / commits)
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            rates.append(len(bodies) / bare(Path(folder), bodies, max(1, round(groups[-1]))))
    bare_rate = statistics.median(rates)
    table = Table("", "answers/s", "p50 ms", "p99 ms", "/ bare", title=f"{arguments.connections} connections")
    for kind, found in loads.items():
        rate = statistics.median(arguments.requests / one.seconds for one in found)
        times = (statistics.median(getattr(one, name) for one in found) * 1000 for name in ("median", "p99"))
        table.add_row(kind, f"{rate:,.0f}", *(f"{one:.1f}" for one in times), f"{rate / bare_rate:.2f}")
    size = statistics.median(groups)
    table.add_row(f"bare loop, groups of {size:.0f}", f"{bare_rate:,.0f}", "", "", "1.00")
    Console().print(table)
    bad = sum(one.bad for found in loads.values() for one in found)
    if bad:
        print(f"{bad} bad answers")
    return 1 if bad else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=20_000, help="requests in a round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--bytes", type=int, default=1000, help="size of a body, about")
    parser.add_argument("--folder", type=Path, help="a folder on the disk that is measured")
    parser.add_argument("--serve", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--post", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        with suppress(asyncio.CancelledError):
            serve_kind(arguments.folder, arguments.serve)
        return 0
    if arguments.post:
        load = post_all(arguments.post, arguments.connections, arguments.requests, arguments.bytes)
        print(json.dumps(asdict(load)))
        return 0
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
