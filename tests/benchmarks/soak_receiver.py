"""The soak of the receiver: `python tests/benchmarks/soak_receiver.py --minutes 30` lets it run under faults.

It measures how many requests a second `mapper serve` takes, maps and delivers to a server, to files and to
PostgreSQL. Then it sends a share of that for the given time, while destinations fail in all ways, mappings
are changed, and the receiver is ended and killed. At the end all must be delivered, nothing twice if it need
not be, and memory, disk, open files and threads must not have grown. Restarts are in the first third, so the
other two thirds are of one process. `samples.csv` in the folder has the figures of the whole time.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from benchmarks.soak_figures import Sampler, judge  # noqa: E402
from benchmarks.soak_traffic import Fate, Marks, Sender, fate_of, number_of  # noqa: E402
from mapper.receiver.spool.reports import open_reader, read_stats, verify  # noqa: E402
from support.answering_server import (  # noqa: E402
    BREAK,
    CUT,
    HANG,
    AnsweringServer,
    Reply,
    answer,
    answering,
)
from support.calls import ORDERS, write  # noqa: E402
from support.postgres import PostgresServer, find_programs, postgres_server  # noqa: E402
from support.vendor_posts import FILES, KEYS, SOURCES  # noqa: E402

NAMES = ("http", "files", "postgres")
CYCLE = 300.0  # seconds, about, in which each fault comes once
IMPOSSIBLE = "900000GB"
BROKEN = ORDERS.replace("as: timestamp", "as: tmestamp")
# The faults of the server, by the share of a cycle from which and until which they last.
HTTP_FAULTS = {
    "500": (0.04, 0.10),
    "429": (0.13, 0.19),
    "hang": (0.22, 0.28),
    "break": (0.31, 0.37),
    "401": (0.40, 0.46),
}


@dataclass
class FaultyServer:
    """Decides how the server answers; `given` counts the answers by their kind."""

    mode: str = "well"
    given: Counter[str] = field(default_factory=Counter)

    def reply(self, body: bytes) -> Reply:
        mode = self.mode
        self.given[mode] += 1
        match mode:
            case "500":
                return Reply(answer(500, b"a fault"))
            case "429":
                return Reply(answer(429, Retry_After="2"))
            case "hang":
                return HANG
            case "break":
                return BREAK if self.given[mode] % 2 else CUT
            case "401":
                return Reply(answer(401))
        if b'"refused"' in body:
            self.given["400"] += 1
            return Reply(answer(400, b"this one is refused"))
        return Reply()


@dataclass
class ServedReceiver:
    """`mapper serve` as a process that is ended, killed and started again on the same port."""

    folder: Path
    http: str
    dsn: str
    keep: float
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def __post_init__(self) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        write(self.folder / "orders.yaml", ORDERS)
        for name, text in FILES.items():
            write(self.folder / name, text + "\n")

    @property
    def pid(self) -> int | None:
        """The number of the process."""
        return None if self.process is None else self.process.pid

    def _configure(self, min_free: str) -> None:
        lines = ["receiver: 1", f"listen: 127.0.0.1:{self.port}"]
        lines.append(
            f"spool: {{folder: ./spool, keep: {self.keep:.0f}s, max_bytes: 100MB, min_free: {min_free}}}"
        )
        lines += ["sources:", "  - {path: /orders, mapping: ./orders.yaml, verify: {header: X-API-KEY,"]
        lines.append("     secrets: [{env: KEY}]}}")
        for name, (route, profile, check) in SOURCES.items():
            lines.append(f"  - {{path: {route}, mapping: {name}, profile: {profile}, {check}}}")
        lines.append("destinations:")
        lines.append(f'  - {{name: http, http: {{url: "{self.http}", events_per_request: 20, timeout: 2s}}}}')
        lines.append("  - {name: files, files: {folder: ./files, rotate: 30s, gzip: true}}")
        lines.append("  - {name: postgres, postgres: {dsn: {env: DSN}, table: events}}")
        write(self.folder / "receiver.yaml", "\n".join(lines) + "\n")

    def start(self, min_free: str = "1B") -> None:
        self._configure(min_free)
        environment = {**os.environ, **KEYS, "PYTHONPATH": str(ROOT), "DSN": self.dsn}
        command = [sys.executable, "-m", "mapper", "serve", "receiver.yaml", "--log", "json"]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        self.starts += 1
        deadline = time.monotonic() + 60
        while self.asked("/livez") is None:
            assert self.process.poll() is None, (self.folder / "serve.log").read_text()
            assert time.monotonic() < deadline, "the receiver does not answer"
            time.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def asked(self, path: str) -> str | None:
        """The answer to a request; None if there is none that tells of success."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as found:
                return str(found.read().decode())
        except OSError:
            return None

    def metrics(self) -> dict[str, float]:
        """The metrics by their names with labels."""
        lines = (self.asked("/metrics") or "").splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def waits(self) -> float | None:
        """Requests and events that wait; None if it does not answer."""
        found = self.metrics()
        names = ("mapper_waiting_requests", "mapper_pending_events")
        return sum(value for name, value in found.items() if name.startswith(names)) if found else None

    def drain(self, seconds: float) -> bool:
        """Wait until nothing waits; False if some still does."""
        deadline = time.monotonic() + seconds
        while self.waits() != 0:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True


@dataclass
class Soak:
    """All parts of a soak."""

    receiver: ServedReceiver
    faulty: FaultyServer
    server: AnsweringServer
    postgres: PostgresServer
    problems: list[str] = field(default_factory=list)
    third: int = 0

    def capacity(self, sender: Sender, seconds: float) -> float:
        """Requests a second from the first one until all are delivered to all destinations."""
        begun = time.monotonic()
        sender.start()
        time.sleep(seconds)
        sender.stop()
        if not self.receiver.drain(300):
            self.problems.append("what was sent to measure the capacity was not delivered in five minutes")
        return sender.next / (time.monotonic() - begun)

    def actions(self, seconds: float) -> Iterator[tuple[float, str, Callable[[], None]]]:
        """What is done, with the second at which it is."""
        cycles = 3 * max(1, round(seconds / CYCLE / 3))
        length = seconds / cycles
        for cycle in range(cycles):

            def at(share: float, cycle: int = cycle) -> float:
                return (cycle + share) * length

            for mode, (begin, end) in HTTP_FAULTS.items():
                yield at(begin), f"the server: {mode}", lambda mode=mode: self._answer(mode)  # type: ignore[misc]
                yield at(end), "the server: well", lambda: self._answer("well")
            yield at(0.48), "PostgreSQL stops", self.postgres.stop
            yield at(0.56), "PostgreSQL starts", self.postgres.start
            yield at(0.60), "a mapping changes", lambda cycle=cycle: self._map(f"{ORDERS}# {cycle}\n")  # type: ignore[misc]
            yield at(0.63), "a mapping breaks", lambda: self._map(BROKEN)
            yield at(0.67), "the mapping is mended", lambda: self._map(ORDERS)
            if cycle < cycles // 3:
                yield at(0.70), "SIGTERM and start", self._restart
                yield at(0.76), "SIGKILL and start", self._kill
                yield at(0.82), "the disk has too little room", lambda: self._restart(IMPOSSIBLE)
                yield at(0.86), "the disk has room again", self._restart

    def run(self, seconds: float) -> None:
        """Do all that is due, until the time is over; what takes long delays the rest."""
        begun, late = time.monotonic(), 0.0
        for at, name, action in sorted(self.actions(seconds), key=lambda one: one[0]):
            late = max(late, time.monotonic() - begun - at)
            time.sleep(max(0.0, begun + late + at - time.monotonic()))
            self.third = int(3 * at / seconds)
            print(f"{time.monotonic() - begun:7.1f} s  {name}", flush=True)
            try:
                action()
            except Exception as error:  # the soak goes on, and ends with this problem
                self.problems.append(f"{name}: {error!r}")
        time.sleep(max(0.0, begun + late + seconds - time.monotonic()))

    def _answer(self, mode: str) -> None:
        self.faulty.mode = mode

    def _map(self, text: str) -> None:
        write(self.receiver.folder / "orders.yaml", text)
        wanted = float(text == BROKEN)
        deadline = time.monotonic() + 60
        while self.receiver.metrics().get("mapper_degraded") != wanted:
            if time.monotonic() > deadline:
                self.problems.append(f"a changed mapping was not seen: `mapper_degraded` is not {wanted:.0f}")
                return
            time.sleep(0.2)

    def _restart(self, min_free: str = "1B") -> None:
        code = self.receiver.end()
        if code:
            self.problems.append(f"after SIGTERM the receiver ended with {code}")
        self.receiver.start(min_free)

    def _kill(self) -> None:
        self.receiver.end(signal.SIGKILL)
        self.receiver.start()

    def check(self, sender: Sender) -> dict[str, object]:
        """Hold what is in each place against what was accepted; figures of the places."""
        numbers = [number for number in range(sender.next) if sender.accepted[number]]
        lost = [number for number in range(sender.next) if not sender.accepted[number]]
        self._expect("requests that were never accepted", lost)
        places: dict[str, Marks | Counter[int]] = {
            "http": self.server.taken,  # type: ignore[dict-item]
            "files": self._in_files(),
            "postgres": self._in_postgres(),
        }
        dead = {"http": Fate.REFUSED, "postgres": Fate.POISON}
        for name, found in places.items():
            wanted = [n for n in numbers if _makes_event(n) and fate_of(n) is not dead.get(name)]
            self._expect(f"events that are not in {name}", [n for n in wanted if not found[n]])
            others = [n for n in numbers if not _makes_event(n) or fate_of(n) is dead.get(name)]
            self._expect(f"events that should not be in {name}", [n for n in others if found[n]])
            if name != "http":
                twice = [n for n in numbers if found[n] > 1]
                self._expect(f"events that are more than once in {name}", twice)
        self._check_spool(numbers, sender)
        self._check_log()
        return {name: sum(1 for n in numbers if found[n]) for name, found in places.items()}

    def _expect(self, what: str, numbers: Sequence[int]) -> None:
        if numbers:
            shown = ", ".join(f"{n} ({fate_of(n).name})" for n in numbers[:5])
            self.problems.append(f"{len(numbers)} {what}: {shown}")

    def _in_files(self) -> Counter[int]:
        """How often each number is in the files; each must be whole."""
        found: Counter[int] = Counter()
        for path in (self.receiver.folder / "files").iterdir():
            for line in gzip.decompress(path.read_bytes()).splitlines():
                found[number_of(json.loads(line)["event_id"])] += 1
        return found

    def _in_postgres(self) -> Counter[int]:
        if conflicts := self.postgres.query("SELECT count(*) FROM events_conflicts")[0][0]:
            self.problems.append(f"{conflicts} conflicts in PostgreSQL")
        return Counter(number_of(name) for (name,) in self.postgres.query("SELECT event_id FROM events"))

    def _check_log(self) -> None:
        """Each line of the log is an object, also those of faults that nobody foresaw."""
        with (self.receiver.folder / "serve.log").open() as log:
            for line in log:
                if not (line.startswith("{") and isinstance(json.loads(line), dict)):
                    self.problems.append(f"a line of the log is no object: {line[:200]!r}")
                    return

    def _check_spool(self, numbers: Sequence[int], sender: Sender) -> None:
        totals: Counter[str] = Counter()
        with open_reader(self.receiver.folder / "spool") as db:
            self.problems += verify(db)
            for stats in read_stats(db):
                for (name, detail), count in stats.totals.items():
                    totals[f"{name} {detail}".strip() if detail in NAMES else name] += count
        fates = Counter(fate_of(number) for number in numbers)
        unsure = sender.unsure
        for name, kinds in (
            ("accepted", tuple(Fate)),
            ("skipped", (Fate.SKIPPED,)),
            ("rejected", (Fate.REJECTED, Fate.NOT_JSON)),
        ):
            least, more = (sum(counts[kind] for kind in kinds) for counts in (fates, unsure))
            if not least <= totals[name] <= least + more:
                self.problems.append(f"{totals[name]} {name} in the spool, and {least} (+ {more}) were sent")
        for name, count in (
            ("dead http", fates[Fate.REFUSED]),
            ("dead postgres", fates[Fate.POISON]),
            ("dead files", 0),
            ("queued http", totals["fresh"]),
        ):
            if totals[name] != count:
                self.problems.append(f"{totals[name]} {name} in the spool in place of {count}")
        if fates[Fate.CONFLICT] > totals["conflict"]:
            self.problems.append(f"{totals['conflict']} conflicts in place of {fates[Fate.CONFLICT]}")
        if not totals["removed"]:
            self.problems.append("retention has removed nothing")
        print("totals:", dict(sorted(totals.items())))


def _makes_event(number: int) -> bool:
    return fate_of(number) in (Fate.DELIVERED, Fate.POISON, Fate.REFUSED)


def soak(arguments: argparse.Namespace, folder: Path) -> int:
    """The whole soak; the exit code."""
    seconds = arguments.minutes * 60
    faulty = FaultyServer()
    with answering(faulty.reply) as server, postgres_server() as postgres:
        server.requests, server.taken = deque(maxlen=1), Marks()  # type: ignore[assignment]
        receiver = ServedReceiver(folder, server.url, postgres.dsn, max(30.0, seconds / 12))
        parts = Soak(receiver, faulty, server, postgres)
        receiver.start()
        try:
            sender = Sender(receiver.port)
            capacity = parts.capacity(sender, min(30.0, seconds / 10))
            sender.rate = capacity * arguments.rate
            print(f"{capacity:,.0f} requests a second are delivered, {sender.rate:,.0f} are sent", flush=True)
            sampler = Sampler(receiver, lambda: (postgres.pid, parts.third), min(10.0, seconds / 60))
            sampler.start()
            sender.start()
            parts.run(seconds)
            sampler.stop()
            sender.stop()
            if not receiver.drain(max(120.0, seconds / 3)):
                parts.problems.append(f"{receiver.waits()} requests and events still wait")
            if receiver.end():
                parts.problems.append("the receiver ended with a fault")
            print("delivered:", parts.check(sender))
            print("answers of the server:", dict(faulty.given))
            print(
                "answers of the receiver:", dict(sender.statuses), f"slowest success {sender.slowest:.2f} s"
            )
            parts.problems += judge(sampler.rows)
        finally:
            if receiver.process is not None and receiver.process.poll() is None:
                receiver.process.kill()
    for problem in parts.problems:
        print(f"problem: {problem}")
    print("flat, and all is accounted for" if not parts.problems else f"{len(parts.problems)} problems")
    return 1 if parts.problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long it is sent for")
    parser.add_argument("--rate", type=float, default=0.5, help="the share of the capacity that is sent")
    parser.add_argument("--folder", type=Path, help="a new folder that is kept; default: a temporary one")
    arguments = parser.parse_args()
    if find_programs() is None:
        print("PostgreSQL is not installed")
        return 2
    if arguments.folder is not None:
        arguments.folder.mkdir(parents=True)
        return soak(arguments, arguments.folder.resolve())
    with tempfile.TemporaryDirectory() as folder:
        return soak(arguments, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
