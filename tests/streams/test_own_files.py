"""The files that a run makes for itself: things in their place are refused, and two runs never share one."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mapper.api import load
from mapper.diagnostics.stop import Stop
from mapper.streams.batch_mapper import RunSetup
from mapper.streams.outputs import OutputStream
from mapper.streams.run import begin_run, finish_run, plan_run
from mapper.transform.request import Request
from mapper.transform.whole_file import open_part, read_part, replace_file, write_file
from support.calls import ORDER, Call, lines, ndjson, write
from support.examples import thinned
from support.runs import REFUSED, REJECTED, Runs
from support.watched_disk import DiskCall

SOON = {**ORDER, "at": "soon"}
BODIES = ndjson(ORDER, SOON, {**ORDER, "test": True})


def a_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def a_link_to_nothing(path: Path, victim: Path) -> None:
    path.symlink_to(victim.with_name("nothing"))


def a_second_name(path: Path, victim: Path) -> None:
    path.hardlink_to(victim)


def a_folder(path: Path, victim: Path) -> None:
    path.mkdir()


def a_pipe(path: Path, victim: Path) -> None:
    os.mkfifo(path)


OBSTACLES = {
    "a symbolic link": a_link,
    "a symbolic  link": a_link_to_nothing,
    "a file with a second name": a_second_name,
    "a folder": a_folder,
    "a pipe or a device": a_pipe,
}
OWN = [f"{name}.part" for name in ("out", "skipped", "rejected")] + ["out.progress", "out.progress.new"]
ARGUMENTS = ("run", "orders", "in", "-o", "out", "--skipped", "skipped", "--rejected", "rejected")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such pipes on this system")
@pytest.mark.parametrize(("kind", "name", "resume"), thinned(3, OBSTACLES, OWN, [False, True]))
def test_what_has_the_name_of_an_own_file_is_refused(
    quick: Path, call: Call, kind: str, name: str, resume: bool
) -> None:
    write(quick / "in", BODIES)
    victim = write(quick / "victim", "theirs")
    OBSTACLES[kind](quick / name, victim)
    ended = call(*ARGUMENTS, *["--resume"] * resume)
    assert ended.code in (1, REFUSED)
    assert ended.err.endswith(f"{' '.join(kind.split())} is in the place of `{name}`; remove it\n")
    assert victim.read_text() == "theirs"
    assert not (quick / "nothing").exists()
    # Only a run that could not write its journal has begun.
    left = {path.name for path in quick.iterdir()} - {"in", "victim", "mappings", name}
    assert left <= ({"out.part", "skipped.part", "rejected.part"} if name.endswith(".new") else set())
    if kind == "a folder":
        (quick / name).rmdir()
    else:
        (quick / name).unlink()
    assert call(*ARGUMENTS, *["--resume"] * resume).code == REJECTED
    assert victim.read_text() == "theirs"


def test_a_file_that_another_program_changes(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that are removed, replaced, cut or written to are no outputs."""
    runs = Runs(quick, inputs={"a": BODIES * 60}, options=["a"])
    runs.fresh(monkeypatch)
    assert runs.run() == REJECTED
    whole = runs.files()

    def spoil(path: Path, how: str) -> None:
        match how:
            case "removed":
                path.unlink()
            case "replaced":
                shutil.copy(path, f"{path}2")
                os.replace(f"{path}2", path)
            case "cut":
                os.truncate(path, path.stat().st_size // 2)
            case "longer":
                write(path, path.read_bytes() + b"\n")

    for how in ("removed", "replaced", "cut", "longer"):
        for number in (120, 190):
            folder = runs.fresh(monkeypatch)
            seen = []

            def report(call: DiskCall) -> None:
                seen.append(call)  # noqa: B023
                if len(seen) == number:  # noqa: B023
                    spoil(folder / "rejected-of/rejected.part", how)  # noqa: B023

            assert runs.watched(report) == 1, (how, number)
            assert len(seen) >= number
            files = runs.files()
            assert "rejected-of/rejected" not in files
            assert all(files.get(name, data) == data for name, data in whole.items())
            again = runs.run("--resume")
            assert again == REFUSED or runs.files() == whole


class TestLocks:
    def test_a_lock_on_a_file_that_has_been_published_is_given_back(
        self, project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another run ends between the opening of its part and the lock."""
        fcntl = pytest.importorskip("fcntl")
        write(project / "in", ndjson(ORDER))
        theirs = write(project / "out.part", "their whole file").stat().st_ino
        flock, taken = fcntl.flock, []

        def late(descriptor: int, operation: int) -> None:
            if not taken:
                (project / "out.part").replace(project / "out")
            taken.append(os.fstat(descriptor).st_ino)
            if len(taken) == 2:
                assert (project / "out").read_text() == "their whole file"
            flock(descriptor, operation)

        monkeypatch.setattr(fcntl, "flock", late)
        assert call("run", "orders", "in", "-o", "out").code == 0
        assert taken[0] == theirs
        assert len(taken) == 2
        assert len(lines(project / "out")) == 1
        assert {path.name for path in project.iterdir()} == {"in", "mappings", "out"}

    def test_a_run_that_resumes_reads_the_journal_behind_the_lock(
        self, project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(project / "in", ndjson(ORDER))
        open_output = OutputStream.open

        def late(output: OutputStream) -> None:
            with monkeypatch.context() as patched:
                patched.setattr(OutputStream, "open", open_output)
                assert call("run", "orders", "in", "-o", "out").code == 0
            open_output(output)

        monkeypatch.setattr(OutputStream, "open", late)
        ended = call("run", "orders", "in", "-o", "out", "--resume")
        assert (ended.code, "`out` is there and `out.progress` is not" in ended.err) == (REFUSED, True)
        assert {path.name for path in project.iterdir()} == {"in", "mappings", "out"}

    def test_a_run_leaves_the_journal_of_the_next_one(
        self, project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Once the events have their name, another run may begin before this one has ended."""
        write(project / "in", ndjson(ORDER))
        sync = OutputStream.sync_name

        def late(output: OutputStream) -> None:
            if (project / "out").exists():
                write(project / "out.progress.new", "theirs").replace(project / "out.progress")
            sync(output)

        monkeypatch.setattr(OutputStream, "sync_name", late)
        assert call("run", "orders", "in", "-o", "out").code == 0
        assert (project / "out.progress").read_text() == "theirs"

    def test_many_runs_at_once(self, quick: Path) -> None:
        """Each run either is refused or writes the whole file."""
        pytest.importorskip("fcntl")
        write(quick / "in", BODIES * 40)
        setup = RunSetup(load(quick / "mappings/orders.yaml"), Request(), None, True, False, False)
        ends: list[str] = []

        def run(number: int) -> None:
            plan = plan_run(["in"], "auto", ["out", "skipped", None], is_replay=False, jobs=1)
            try:
                recording = begin_run(plan, setup, [], resume=number % 3 == 0)
                if not recording.is_whole:
                    finish_run(plan, setup, recording, lambda _: None)
                ends.append("done")
            except Stop as stop:
                ends.append(str(stop))
            except BaseException as error:
                ends.append(repr(error))

        for _ in range(6):
            threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(lines(quick / "out")) == 40
            assert len(lines(quick / "skipped")) == 40
            assert {path.name for path in quick.iterdir()} == {"in", "mappings", "out", "skipped"}
            (quick / "out").unlink()
            (quick / "skipped").unlink()
        assert len(ends) == 36
        assert "done" in ends
        for end in ends:
            assert end == "done" or end.startswith(("another run is writing `", "nothing to resume: `")), end


class TestWholeFiles:
    """The one way to write a file whole or not at all."""

    @pytest.mark.parametrize("broken", ["write", "fsync", "replace"])
    def test_a_failed_write_leaves_the_old_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
    ) -> None:
        path = write(tmp_path / "file", "old")

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, broken, fail)
            with pytest.raises(OSError, match="No space left"):
                write_file(path, b"new")
        assert path.read_text() == "old"
        assert [one.name for one in tmp_path.iterdir()] == ["file"]
        write_file(path, b"new")
        assert path.read_text() == "new"
        assert [one.name for one in tmp_path.iterdir()] == ["file"]

    def test_links_permissions_and_pipes(self, tmp_path: Path) -> None:
        path = write(tmp_path / "file", "old")
        path.chmod(0o640)
        (tmp_path / "link").symlink_to(path)
        write_file(tmp_path / "link", b"new")
        assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
        assert (tmp_path / "link").is_symlink()
        (tmp_path / "hanging").symlink_to(tmp_path / "made")
        write_file(tmp_path / "hanging", b"new")
        assert (tmp_path / "made").read_text() == "new"
        reading, writing = os.pipe()
        write_file(Path(f"/dev/fd/{writing}"), b"piped")
        os.close(writing)
        with open(reading, "rb") as stream:
            assert stream.read() == b"piped"

    @pytest.mark.parametrize("make", [a_link, a_second_name, a_folder, a_pipe])
    def test_other_things_stay(self, tmp_path: Path, make: Callable[[Path, Path], None]) -> None:
        victim = write(tmp_path / "victim", "theirs")
        make(tmp_path / "part", victim)
        kind = (tmp_path / "part").lstat().st_mode
        uses: list[Callable[[Path], object]] = [
            open_part,
            lambda path: replace_file(tmp_path / "new", b"new", path),
        ]
        if make is not a_second_name:
            uses.append(lambda path: read_part(path, 9))
        for use in uses:
            with pytest.raises(OSError, match=r"is in the place of `part`; remove it"):
                use(tmp_path / "part")
        assert victim.read_text() == "theirs"
        assert (tmp_path / "part").lstat().st_mode == kind
        assert not (tmp_path / "new").exists()

    def test_reports_and_expectations_are_whole_or_old(
        self, project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expectation = project / "mappings/orders/paid.expected.json"
        old = write(expectation, '{"events": [], "skipped": [], "rejected": []}').read_bytes()
        report = write(project / "report.xml", "old")

        def fail(descriptor: int, data: bytes) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", fail)
            for option in (["--update"], ["--junit", "report.xml"]):
                ended = call("test", *option)
                assert (ended.code, "No space left on device" in ended.err) == (1, True)
        assert (expectation.read_bytes(), report.read_text()) == (old, "old")
        assert {path.name for path in project.iterdir()} == {"mappings", "report.xml"}
        assert call("test", "--update", "--junit", "report.xml").code in (0, 1)
        assert expectation.read_bytes() != old
        assert report.read_text().startswith("<?xml")
