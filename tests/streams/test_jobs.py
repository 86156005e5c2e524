"""`mapper run --jobs`: files are cut into parts that others read, and all comes out as with one job."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.api import load
from mapper.streams.batch_mapper import MAX_LINES, BatchMapper, BatchResult, RunSetup
from mapper.streams.batches import UNKNOWN, Batch, BrokenInput, Files, Position
from mapper.streams.inputs import PROBE, read_batches
from mapper.streams.pool import work_through
from mapper.streams.read_ahead import TURN
from mapper.streams.recording import Recording
from mapper.transform.request import Request
from support.calls import ENVIRONMENT, ORDER, Call, ndjson, shell, write
from support.processes import workers_of

CHUNK = 1_000
SOON = {**ORDER, "at": "soon"}
TEST = {**ORDER, "test": True}
MIXED = ndjson(ORDER, SOON, {"orders": [ORDER, TEST, SOON]}, TEST, []) + b"broken\n\n"

ODD = {
    "empty": b"",
    "blank": b"\n \r\n\t\n" * 400,
    "mixed": MIXED * 20,
    "no newline at the end": (MIXED * 20).rstrip(b"\n"),
    "half a line at the end": MIXED * 20 + b'{"id": ',
    "crlf": (MIXED * 20).replace(b"\n", b"\r\n"),
    "mark": b"\xef\xbb\xbf" + MIXED * 20,
    "only a mark": b"\xef\xbb\xbf",
    "empty lines before": b"\n" * 2_500 + MIXED,
    "long line first": ndjson({**SOON, "details": {"text": "x" * 9 * CHUNK}}) + MIXED * 10,
    "long lines amid": (MIXED + ndjson({**SOON, "details": {"text": "é" * (PROBE + CHUNK)}})) * 3,
    "lines that end where a part does": ndjson({**SOON, "details": {}}).rstrip().ljust(CHUNK - 1)
    + b"\n" * 41,
    "document": json.dumps({"orders": [ORDER, SOON, TEST] * 200}, indent=1).encode(),
    "short lines": b"1\n\n" * MAX_LINES + MIXED,
    'quoted","line":7,"\\name': MIXED * 10,
    "ünïcode ☃": MIXED * 10,
    "\udc80 no utf-8": MIXED * 10,
}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mapper.streams.inputs.CHUNK", CHUNK)


@pytest.fixture
def setup(project: Path) -> RunSetup:
    return RunSetup(load(project / "mappings/orders.yaml"), Request(), None, True, False, False)


def outputs(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("events", "skipped", "rejected")]


def cut(path: Path, start: Position | None = None) -> list[Batch]:
    return list(read_batches([str(path)], "ndjson", start or Position()))


class TestSame:
    """The number of jobs shows nowhere."""

    OUTPUTS = ("-o", "events", "--skipped", "skipped", "--rejected", "rejected")

    @pytest.mark.slow
    def test_odd_files(self, project: Path, call: Call) -> None:
        for name, content in ODD.items():
            write(project / name, content)
        alone = call("run", "orders", *ODD, *self.OUTPUTS)
        found = outputs(project)
        assert alone.code == 1
        assert all(map(len, found))
        assert call("run", "orders", *ODD, *self.OUTPUTS, "--jobs", 3) == alone
        assert outputs(project) == found

    @pytest.mark.slow
    def test_what_is_not_read_in_place(self, project: Path) -> None:
        content = (MIXED + ndjson({**ORDER, "details": {"text": "x" * 5_000}})) * 200
        assert len(content) > 1.05 * 2**20, "more than is read at once"
        write(project / "in", content)
        write(project / "in.gz", gzip.compress(content, 1))
        ends = []
        for jobs in (1, 2):
            options = f"{' '.join(self.OUTPUTS)} --jobs {jobs}"
            ended = shell(f"$MAPPER run orders in.gz <(cat in) - {options} < in", cwd=project)
            found = [re.sub(rb'"file":"/dev/[^"]*"', b"", data) for data in outputs(project)]
            ends.append((re.sub(r"/dev/fd/\d+", "", ended.err), found))
        assert "4,200 bodies" in ends[0][0]
        assert ends[0] == ends[1]

    @pytest.mark.slow
    def test_documents(self, project: Path, call: Call) -> None:
        text = json.dumps({"orders": [ORDER, SOON, TEST]}, indent=1).encode()
        documents = {
            "a": text,
            "b": b"\xef\xbb\xbf" + text,
            "c": b"\n \n",
            "d": b"",
            "e": b"\n" + text + b"\n",
        }
        documents |= {"f": b"\xef\xbb\xbf\n\n" + text, "g": text + b"]", "h": b"\xef\xbb\xbf", "i": text}
        for name, content in documents.items():
            write(project / name, content)
        for form in ("json", "auto"):
            options = ("--input", form, *self.OUTPUTS)
            alone = call("run", "orders", *documents, *options)
            found = outputs(project)
            assert found[0].count(b"\n") == 5
            assert call("run", "orders", *documents, *options, "--jobs", 2) == alone
            assert outputs(project) == found
            for name, content in documents.items():
                write(project / f"{name}.gz", gzip.compress(content))
            packed = call("run", "orders", *(f"{name}.gz" for name in documents), *options)
            assert packed.err.replace(".gz:", ":") == alone.err
            assert [data.replace(b'.gz"', b'"') for data in outputs(project)] == found

    def test_lines_are_those_of_the_file(self, project: Path, call: Call) -> None:
        bodies = ndjson(ORDER) * 7 + ndjson(SOON)
        write(project / "in", bodies * 100)
        call("run", "orders", "in", *self.OUTPUTS, "--jobs", 2)
        found = [json.loads(line)["line"] for line in (project / "rejected").read_bytes().splitlines()]
        assert found == list(range(8, 801, 8))


class TestParts:
    """Where a plain file is cut."""

    contents = st.lists(
        st.binary(max_size=30) | st.integers(1, 3 * CHUNK).map(lambda size: b"x" * size), max_size=30
    ).map(b"\n".join)

    # The first bytes of gzip make a file that is not plain.
    @given(
        contents.filter(lambda content: content[:2] != b"\x1f\x8b"),
        st.sampled_from([64, 100, CHUNK]),
        st.sampled_from([1, 7, PROBE]),
    )
    def test_parts_are_whole_lines_and_depend_on_the_bytes_alone(
        self, content: bytes, chunk: int, probe: int
    ) -> None:
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(Files()) as files,
            pytest.MonkeyPatch.context() as patched,
        ):
            patched.setattr("mapper.streams.inputs.CHUNK", chunk)
            patched.setattr("mapper.streams.inputs.PROBE", probe)
            path = write(Path(folder) / "in", content)
            batches = cut(path)
            lines = [files.lines(batch) for batch in batches]
            assert b"".join(line for part in lines for line in part) == content
            assert [batch.size for batch in batches] == [sum(map(len, part)) for part in lines]
            assert all(part[-1].endswith(b"\n") for part in lines[:-1])
            assert all(batch.size - len(part[-1]) < chunk for batch, part in zip(batches, lines, strict=True))
            assert [batch.start.line for batch in batches] == [1, *[UNKNOWN] * (len(batches) - 1)][
                : len(batches)
            ]
            for number, batch in enumerate(batches):
                again = cut(path, replace(batch.start, line=5))
                assert [(one.start.offset, one.size) for one in again] == [
                    (one.start.offset, one.size) for one in batches[number:]
                ]

    @pytest.mark.slow
    def test_a_run_taken_up_inside_a_part_ends_where_the_part_does(
        self, project: Path, setup: RunSetup
    ) -> None:
        path = write(project / "in", b"1\n\n" * 5 * MAX_LINES)
        with pytest.MonkeyPatch.context() as patched, closing(Files()) as files:
            patched.setattr("mapper.streams.inputs.CHUNK", 14 * MAX_LINES)

            def ends(start: Position) -> Iterator[Position]:
                for _, outcome in work_through(read_batches([str(path)], "ndjson", start), setup, 1):
                    yield outcome.after

            whole = list(ends(Position()))
            assert [later.line - former.line for former, later in pairwise(whole)][:2] == [MAX_LINES] * 2
            assert whole[-1] == Position(0, 15 * MAX_LINES, 10 * MAX_LINES + 1)
            for number, position in enumerate(whole):
                assert list(ends(position)) == whole[number + 1 :]
            (first, *_) = BatchMapper(setup, files)(cut(path)[1])
            assert first.after.line < 2 * MAX_LINES  # counted from the beginning of the part


class TestChanged:
    """Inputs that are not what they were when they were opened."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return write(tmp_path / "in", MIXED * 30)

    def test_replaced(self, path: Path) -> None:
        first, second, *_ = cut(path)
        with closing(Files()) as files:
            before = files.lines(first)
            path.rename(path.with_name("old"))
            write(path, "other")
            assert files.lines(first) == before  # the file that was opened is still read
            assert sum(map(len, files.lines(second))) == second.size
        with closing(Files()) as files, pytest.raises(BrokenInput, match="cannot be read: it was replaced"):
            files.lines(first)
        path.unlink()
        with closing(Files()) as files, pytest.raises(BrokenInput, match="cannot be read: No such file"):
            files.lines(first)

    def test_shorter(self, path: Path) -> None:
        batches = cut(path)
        os.truncate(path, batches[-1].start.offset + 1)
        with closing(Files()) as files:
            files.lines(batches[0])
            with pytest.raises(BrokenInput, match="cannot be read: it became shorter meanwhile"):
                files.lines(batches[-1])

    def test_shorter_while_it_is_cut(self, path: Path) -> None:
        batches = read_batches([str(path)], "ndjson", Position())
        next(batches)
        os.truncate(path, 2 * CHUNK)
        with pytest.raises(BrokenInput, match="cannot be read: it became shorter meanwhile"):
            list(batches)

    def test_longer(self, path: Path) -> None:
        write(path, MIXED * 30 + b'{"half": ')
        batches = cut(path)
        with path.open("ab") as stream:
            stream.write(b'"a line"}\n' + MIXED * 30)
        with closing(Files()) as files:
            assert files.lines(batches[-1])[-1] == b'{"half": '

    @pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
    def test_the_command_ends_with_a_word(
        self, project: Path, call: Call, monkeypatch: pytest.MonkeyPatch, jobs: int
    ) -> None:
        write(project / "in", MIXED * 30)

        def cut_and_shorten(*arguments: object) -> Iterator[Batch]:
            batches = list(read_batches(*arguments))  # type: ignore[arg-type]
            os.truncate("in", batches[-1].start.offset)
            yield from batches

        monkeypatch.setattr(
            "mapper.streams.run.read_batches", lambda *rest, in_groups: cut_and_shorten(*rest)
        )
        ended = call("run", "orders", "in", "-o", "out", "--jobs", jobs)
        assert ended.code == 3
        assert ended.err.splitlines() == [
            "the run is not whole; the same command with `--resume` goes on once its input is whole",
            "mapper: `in` cannot be read: it became shorter meanwhile",
        ]
        assert (project / "out.part").stat().st_size


class TestWorkers:
    @pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
    def test_what_was_given_out_comes_before_an_error(
        self, project: Path, setup: RunSetup, jobs: int
    ) -> None:
        batches = cut(write(project / "in", MIXED * 30))

        def breaking() -> Iterator[Batch]:
            yield from batches
            raise PermissionError("no more")

        found = []
        done = work_through(breaking(), setup, jobs)
        with closing(done), pytest.raises(PermissionError, match="no more"):
            found.extend(outcome.after.offset for _, outcome in done)
        assert found == [batch.start.offset + batch.size for batch in batches]

    @pytest.mark.slow
    def test_a_worker_that_is_lost_in_a_plain_file_is_told(self, project: Path) -> None:
        write(project / "in", ndjson(ORDER) * 20_000)
        if not Path("/proc/self/task").exists():
            pytest.skip("this system does not tell the children of a process")
        with subprocess.Popen(
            [sys.executable, "-m", "mapper", "run", "orders", "in", "--jobs", "2"],
            cwd=project,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,  # not read before the kill, so that the run cannot end before it
            stderr=subprocess.PIPE,
        ) as process:
            os.kill(workers_of(process, 2)[1], signal.SIGKILL)
            _, err = process.communicate(timeout=300)
        assert process.returncode == 1
        place = re.search(rb"a worker process was lost at `in:(\d+)` \(killed by SIGKILL\)\n$", err)
        assert place is not None
        assert 1 < int(place[1]) <= 20_000


@pytest.mark.parametrize("ends_badly", [False, True])
def test_turns_are_short_while_a_run_lasts_and_no_longer(
    project: Path, call: Call, monkeypatch: pytest.MonkeyPatch, ends_badly: bool
) -> None:
    usual, seen = sys.getswitchinterval(), set()
    record = Recording.write

    def slow(recording: Recording, outcome: BatchResult) -> None:
        seen.add(sys.getswitchinterval())
        if ends_badly:
            raise KeyboardInterrupt
        record(recording, outcome)

    monkeypatch.setattr(Recording, "write", slow)
    (project / "in.ndjson").write_bytes(ndjson(ORDER))
    ended = call("run", "mappings/orders.yaml", "in.ndjson", "-o", "out")
    assert ended.code == (130 if ends_badly else 0)
    assert [*seen] == [pytest.approx(TURN)]
    assert sys.getswitchinterval() == usual
