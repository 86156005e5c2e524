"""`mapper run --resume`: a run that was killed and resumed holds each item exactly once, in order."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mapper.diagnostics.stop import Stop
from mapper.streams.batches import Files, Position
from mapper.streams.inputs import read_batches
from support.calls import ENVIRONMENT, ORDER, Call, lines, ndjson, write
from support.places import TESTS
from support.processes import command_of, workers_of

KILLABLE = TESTS / "support" / "killable.py"
CHUNK, CHECKPOINT = 4_000, 9_000
DONE = 1  # the input holds items to be rejected
NOTHING_TO_RESUME = 2

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def bodies(seed: int) -> bytes:
    """Bodies of one or several orders, some of them to be skipped or rejected, with odd lines between."""
    chance, found, number = random.Random(seed), [], 0
    for _ in range(150):
        orders = []
        for _ in range(chance.choice([1, 1, 1, 2, 7])):
            kind = chance.choice([{}, {}, {}, {"test": True}, {"at": "soon"}])
            orders.append(
                {**ORDER, "id": f"n{number}", "details": {"pad": "é" * chance.randrange(90)}, **kind}
            )
            number += 1
        line = json.dumps(orders[0] if len(orders) == 1 else {"orders": orders}).encode()
        found.append(line + chance.choice([b"\n", b"\n", b"\r\n", b"\n\n"]))
        if chance.random() < 0.05:
            found.append(b'{"id": "n%d", "broken\n' % number)
            number += 1
    return b"".join(found)


def ids(folder: Path, suffix: str) -> list[list[str]]:
    """The ids in the events, the skipped and the rejected, in the order of their files."""
    found = []
    for name in ("events", "skipped", "rejected"):
        data = (folder / (name + suffix)).read_bytes()
        data = gzip.decompress(data) if suffix.endswith(".gz") else data
        assert data.endswith(b"\n") or not data
        found.append([identity(json.loads(line)) for line in data.splitlines()])
    return found


def identity(line: dict[str, Any]) -> str:
    if "event_id" in line:
        return str(line["event_id"])
    return str(line["payload"]["id"] if "payload" in line else line["payload_text"].split('"')[3])


def try_all(trials: Sequence[dict[str, Any]]) -> list[list[int]]:
    """How each attempt of each trial ended."""
    done = subprocess.run(
        [sys.executable, KILLABLE],
        input=json.dumps(trials).encode(),
        env=ENVIRONMENT,
        capture_output=True,
        timeout=600,
        check=True,
    )
    ended: list[list[int]] = json.loads(done.stdout)
    return ended


class Field:
    """Folders to run in, all with the same inputs, and what an undisturbed run gives there."""

    def __init__(self, project: Path, *, packed_in: bool, packed_out: bool) -> None:
        self.project = project
        self.suffix = ".ndjson.gz" if packed_out else ".ndjson"
        self.inputs = [bodies(1), bodies(2)]
        names = ["a", "b"]
        for name, data in zip(names, self.inputs, strict=True):
            write(
                project / name, gzip.compress(data[:999]) + gzip.compress(data[999:]) if packed_in else data
            )
        outputs = [f"-o=events{self.suffix}", f"--skipped=skipped{self.suffix}"]
        self.arguments = ["run", "orders", *names, *outputs, f"--rejected=rejected{self.suffix}"]
        self.arguments[4:5] = ["-o", f"events{self.suffix}"]

    def trial(self, name: str, attempts: Sequence[dict[str, Any]], *, jobs: int = 1) -> dict[str, Any]:
        """A folder and the runs to make in it; all but the first resume, and the last is undisturbed."""
        folder = self.project / "trials" / name
        shutil.copytree(self.project / "mappings", folder / "mappings")
        for source in ("a", "b"):
            shutil.copy2(self.project / source, folder / source)
        resumed = [{**one, "more": ["--resume"]} for one in [*attempts[1:], {}]]
        return {
            "folder": str(folder),
            "chunk": CHUNK,
            "checkpoint": CHECKPOINT,
            "done": DONE,
            "arguments": [*self.arguments, f"--jobs={jobs}"],
            "attempts": [*attempts[:1], *resumed] if attempts else [{}],
        }

    def check(self, trials: Sequence[dict[str, Any]]) -> Iterator[list[int]]:
        """Run the trials; each ends with the files of the undisturbed run, byte for byte, and no others."""
        plain = self.trial("undisturbed", [])
        (reference,) = try_all([plain])
        assert reference == [DONE]
        want = ids(Path(plain["folder"]), self.suffix)
        all_ids = Counter(name for part in want for name in part)
        items = sum(data.count(b'"id": "n') for data in self.inputs)
        # The ids of the second input are those of the first once more.
        assert (sum(all_ids.values()), set(all_ids.values())) == (items, {1, 2})
        for part in want:
            numbers = [int(name[1:]) for name in part]
            falls = sum(later < earlier for earlier, later in pairwise(numbers))
            assert falls == 1
        for trial, ended in zip(trials, try_all(trials), strict=True):
            folder = Path(trial["folder"])
            assert ended[-1] == DONE, (ended, (folder / "log").read_text())
            files = {path.name for path in folder.iterdir()}
            assert files == {path.name for path in Path(plain["folder"]).iterdir()}
            # Where a run was whole when it was killed, the log says that there is nothing to resume.
            for name in files - ({"mappings", "log"} if NOTHING_TO_RESUME in ended else {"mappings"}):
                assert (folder / name).read_bytes() == (Path(plain["folder"]) / name).read_bytes(), name
            yield ended


@pytest.mark.slow
@pytest.mark.parametrize(("packed_in", "packed_out"), [(False, False), (True, True)])
def test_killed_at_any_step(roomy: Path, packed_in: bool, packed_out: bool) -> None:
    field, chance = Field(roomy, packed_in=packed_in, packed_out=packed_out), random.Random(3)
    steps = [1, 2, 3, 4, 5, 6, *sorted(chance.sample(range(7, 260), 8))]
    trials = []
    for step in steps:
        kills = [
            {"step": n, "when": chance.choice(["before", "amid", "after"])} for n in (step, step // 3 + 1)
        ]
        trials.append(field.trial(f"{step}", kills))
    ends = Counter(code for ended in field.check(trials) for code in ended)
    assert ends[-signal.SIGKILL] > len(steps)
    assert ends.keys() == {-signal.SIGKILL, DONE}


@pytest.mark.slow
def test_killed_amid_a_body(roomy: Path) -> None:
    """Nearly every body is written in several parts; one that was not finished is mapped again."""
    field, chance = Field(roomy, packed_in=False, packed_out=False), random.Random(6)
    trials = []
    for step in (12, 41, 77, *sorted(chance.sample(range(90, 900), 5))):
        kills = [{"step": n, "when": chance.choice(["before", "amid", "after"])} for n in (step, step // 2)]
        # Every part that is not amid a body becomes a checkpoint.
        trials.append({**field.trial(f"{step}", kills), "portion": 100, "checkpoint": 0})
    ends = Counter(code for ended in field.check(trials) for code in ended)
    assert ends.keys() == {-signal.SIGKILL, DONE}
    assert ends[-signal.SIGKILL] > len(trials)


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
def test_killed_at_any_time(roomy: Path, packed: bool) -> None:
    field, chance = Field(roomy, packed_in=packed, packed_out=packed), random.Random(4)
    trials = []
    for number in range(4):
        signals = [signal.SIGKILL, signal.SIGINT, signal.SIGTERM]
        # From 1 ms to 250 ms, early ones more often: a fast machine ends a run in little time.
        delays = sorted(0.25 * 250 ** -chance.random() for _ in range(6))
        kills = [{"signal": chance.choice(signals), "delay": delay} for delay in delays]
        trials.append(field.trial(f"{number}", kills))
    ends = Counter(code for ended in field.check(trials) for code in ended)
    assert ends[DONE] == len(trials)
    assert ends.total() > len(trials)


@pytest.mark.slow
def test_several_jobs_give_the_same_bytes_and_survive(roomy: Path) -> None:
    field, chance = Field(roomy, packed_in=False, packed_out=True), random.Random(5)
    kills = [{"step": chance.randrange(9, 90), "when": "amid"}, {"signal": signal.SIGINT, "delay": 0.9}]
    killed, whole = field.check([field.trial("killed", kills, jobs=2), field.trial("whole", [], jobs=3)])
    assert killed[0] == -signal.SIGKILL
    assert whole == [DONE]


@pytest.mark.parametrize("rooms", [[700, 30_000], pytest.param([9_001, 60_000], marks=pytest.mark.slow)])
def test_a_full_disk(roomy: Path, rooms: list[int]) -> None:
    field = Field(roomy, packed_in=False, packed_out=False)
    trials = [field.trial(f"{room}", [{"room": room}, {"room": room + 1_000}]) for room in rooms]
    for ended in field.check([{**trial, "done": None} for trial in trials]):
        assert ended == [1, 1, DONE]


class TestResume:
    """What is refused, and what is said."""

    @pytest.fixture
    def stopped(self, project: Path) -> Path:
        """A run that ended for want of room, after its first entry in the journal."""
        write(project / "in", bodies(1))
        trial = {
            "folder": str(project),
            "chunk": CHUNK,
            "checkpoint": CHECKPOINT,
            "done": None,
            "arguments": ["run", "orders", "in", "-o", "out"],
            "attempts": [{"room": 15_000}],
        }
        assert try_all([trial]) == [[1]]
        assert "the same command with `--resume` goes on" in (project / "log").read_text()
        return project

    def test_the_numbers_are_those_of_the_whole_run(self, stopped: Path, call: Call) -> None:
        whole = call("run", "orders", "in", "-o", "other")
        assert not (stopped / "out").exists()
        resumed = call("run", "orders", "in", "-o", "out", "--resume")
        assert resumed == whole
        assert (stopped / "out").read_bytes() == (stopped / "other").read_bytes()

    @pytest.mark.slow
    def test_without_resume_it_starts_anew(self, stopped: Path, call: Call) -> None:
        write(stopped / "in", ndjson(ORDER))
        assert call("run", "orders", "in", "-o", "out").code == 0
        assert len(lines(stopped / "out")) == 1
        assert {path.name for path in stopped.iterdir()} == {"in", "out", "mappings", "log"}

    OTHER_RUNS = (
        (["in", "-o", "out", "--header", "a=b"], "the request changed"),
        (["in", "-o", "out", "--input", "ndjson"], "an option changed"),
        (["in", "in", "-o", "out"], "an option changed"),
        (["in", "-o", "out", "--limit", "items=5"], "a limit changed"),
        (["in", "-o", "out", "--skipped", "skipped"], "an option changed"),
        (["in", "-o", "new", "--skipped", "in2"], "nothing to resume: `in2` is there"),
        (["in"], "`--resume` needs files"),
        (["-o", "out"], "`--resume` needs files"),
        (["in", "-o", "/dev/null"], "`--resume` needs files"),
    )

    @pytest.mark.slow
    def test_another_run_is_not_resumed(self, stopped: Path, call: Call) -> None:
        write(stopped / "in2", "")
        before = (stopped / "out.part").read_bytes()
        for arguments, words in self.OTHER_RUNS:
            ended = call("run", "orders", *arguments, "--resume")
            assert (ended.code, ended.out) == (2, ""), arguments
            assert words in ended.err
            assert (stopped / "out.part").read_bytes() == before, arguments

    def test_changed_files_are_noticed(self, stopped: Path, call: Call) -> None:
        arguments = ["run", "orders", "in", "-o", "out", "--resume"]
        mapping = stopped / "mappings/orders.yaml"
        text = mapping.read_text()
        write(mapping, text.replace("test order", "a test"))
        assert "the mapping changed since" in call(*arguments).err
        write(mapping, text)
        part = (stopped / "out.part").read_bytes()
        write(stopped / "out.part", part[:50])
        assert "`out.part` is shorter than it was" in call(*arguments).err
        write(stopped / "out.part", part)
        with (stopped / "in").open("ab") as stream:
            stream.write(ndjson(ORDER))
        assert "the input `in` changed since" in call(*arguments).err
        write(stopped / "out.progress", "{}")
        ended = call(*arguments)
        assert (ended.code, "is no journal" in ended.err) == (2, True)

    def test_where_nothing_is_there_it_begins(self, project: Path, call: Call) -> None:
        write(project / "in", ndjson(ORDER))
        assert call("run", "orders", "in", "-o", "out", "--resume").code == 0
        ended = call("run", "orders", "in", "-o", "out", "--resume")
        assert (ended.code, "`out` is there and `out.progress` is not" in ended.err) == (2, True)

    def test_two_runs_do_not_write_one_file(self, project: Path, call: Call) -> None:
        fcntl = pytest.importorskip("fcntl")
        write(project / "in", ndjson(ORDER))
        with write(project / "out.part", "theirs").open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            ended = call("run", "orders", "in", "-o", "out")
        assert (ended.code, ended.err) == (2, "mapper: another run is writing `out`\n")
        assert (project / "out.part").read_text() == "theirs"

    def test_a_file_that_was_there_stays_until_the_new_one_is_whole(self, project: Path, call: Call) -> None:
        write(project / "in", ndjson(ORDER)).chmod(0o600)
        out = write(project / "deep/out", "old")
        out.chmod(0o640)
        (project / "link").symlink_to(out)
        assert call("run", "orders", "in", "-o", "link").code == 0
        assert ((project / "link").is_symlink(), len(lines(out))) == (True, 1)
        assert out.stat().st_mode & 0o777 == 0o640

    def test_names_the_run_needs_for_itself(self, project: Path, call: Call) -> None:
        write(project / "in", ndjson(ORDER))
        for name in ("out.part", "out.progress", "out.progress.new"):
            write(project / name, ndjson(ORDER))
            for arguments in ([name, "-o", "out"], ["in", "-o", "out", "--rejected", name]):
                ended = call("run", "orders", *arguments)
                assert (ended.code, "makes for itself" in ended.err) == (2, True)
            assert (project / name).read_bytes() == ndjson(ORDER)


class TestJobs:
    @pytest.fixture
    def running(self, project: Path) -> Iterator[subprocess.Popen[bytes]]:
        """A run with two workers that reads from a pipe."""
        if not Path("/proc/self/task").exists():
            pytest.skip("this system does not tell the children of a process")
        with subprocess.Popen(
            [sys.executable, "-m", "mapper", "run", "orders", "-o", "out", "--jobs", "2"],
            cwd=project,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            yield process
            process.kill()

    def test_a_worker_that_is_lost_is_told(self, running: subprocess.Popen[bytes]) -> None:
        os.kill(workers_of(running, 2)[1], signal.SIGKILL)
        _, err = running.communicate(ndjson(ORDER) * 20_000, timeout=300)
        assert running.returncode == 1
        assert re.fullmatch(
            rb"mapper: a worker process was lost at `<stdin>:\d+` \(killed by SIGKILL\)\n", err
        )

    @pytest.mark.slow
    def test_workers_end_with_a_run_that_is_killed(self, running: subprocess.Popen[bytes]) -> None:
        workers = workers_of(running, 2)
        running.kill()
        running.wait()
        deadline = time.monotonic() + 300
        while any(map(command_of, workers)):  # what has ended and waits to be collected has no command line
            assert time.monotonic() < deadline, "the workers live on"
            time.sleep(0.02)

    @pytest.mark.parametrize("number", ["0", "-1", "x", "1000"])
    def test_wrong_numbers(self, project: Path, call: Call, number: str) -> None:
        assert call("run", "orders", f"--jobs={number}").code == 2

    def test_an_input_that_is_replaced_meanwhile(self, tmp_path: Path) -> None:
        path = write(tmp_path / "in", ndjson(ORDER))
        (batch,) = read_batches([str(path)], "auto", Position())
        with closing(Files()) as files:
            assert files.lines(batch) == [ndjson(ORDER)]
            path.rename(tmp_path / "old")
            write(path, "other")
            assert files.lines(batch) == [ndjson(ORDER)]
        with closing(Files()) as files, pytest.raises(Stop, match="replaced"):
            files.lines(batch)
