"""Inputs that cannot be read to their end, or change meanwhile: no name appears, and `--resume` goes on."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest

from mapper.streams.gzip_files import PIECE, GzipReader
from support.calls import ENVIRONMENT, ORDER, Call, Ended, lines, ndjson, shell, write
from support.runs import OUTPUTS, REFUSED, REJECTED, UNREAD, Runs
from support.watched_disk import DiskCall

SOON = {**ORDER, "at": "soon"}
TEST = {**ORDER, "test": True}
BODIES = ndjson(ORDER, SOON, {"orders": [ORDER, TEST, SOON]}, TEST) + b"broken\n\n"
DOCUMENT = json.dumps({"orders": [ORDER, SOON, TEST] * 5}, indent=1).encode()
HINT = "the run is not whole; the same command with `--resume` goes on once its input is whole\n"


def in_members(data: bytes) -> bytes:
    """The data as a gzip file with two members, the first of them with several blocks."""
    packer, size = zlib.compressobj(6, zlib.DEFLATED, 31), len(data) // 7
    blocks = [data[at : at + size] for at in range(0, 4 * size, size)]
    first = b"".join(packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH) for block in blocks)
    return first + packer.flush() + gzip.compress(data[4 * size :], mtime=0)


def damages(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """A gzip file cut at many places, with flipped bits, and with other bytes behind it."""
    for size in {0, 1, 2, 9, 10, 11, len(data) - 1, len(data) - 8, *chance.sample(range(len(data)), 8)}:
        yield data[:size]
    for at in chance.sample(range(10, len(data)), 8):
        flipped = bytearray(data)
        flipped[at] ^= 1 << chance.randrange(8)
        yield bytes(flipped)
    for more in (b"x", b"\n", b"\x1f", b"\x1f\x8b", b"\0\0x", b"\0" * 2 * PIECE + b"x", data[:-3]):
        yield data + more


def is_damaged(data: bytes) -> bool:
    """True if the standard library, too, takes it for no gzip file, or it was cut at its first byte."""
    try:
        gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return True
    return not data


def replayed(home: Path) -> bytes:
    """Lines of rejected items, some of which need those above them."""
    os.chdir(home)
    write(home / "in", BODIES * 9)
    shell("$MAPPER run orders in -o out --rejected no", cwd=home)
    return (home / "no").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lines", "document", "whole", "replay"])
def test_damaged_gzip(quick: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    content, options = {
        "lines": (BODIES * 8, ["a", "b.gz"]),
        "document": (DOCUMENT, ["a", "b.gz"]),
        "whole": (DOCUMENT, ["a", "b.gz", "--input=json"]),
        "replay": (b"", ["--replay=b.gz"]),
    }[kind]
    content = content or replayed(quick)
    inputs = {"a": ndjson(SOON) if kind == "whole" else BODIES * 6, "b.gz": in_members(content)}
    runs, chance = Runs(quick, inputs=inputs, options=options), random.Random(8)
    runs.fresh(monkeypatch)
    assert runs.run() == REJECTED
    whole, first = runs.files(), runs.folder
    found = [data for data in damages(inputs["b.gz"], chance) if is_damaged(data)]
    assert len(found) > 15
    for damaged in found:
        folder = runs.fresh(monkeypatch)
        write(folder / "b.gz", damaged)
        assert runs.run() == UNREAD, damaged
        files = runs.files()
        assert "events-of/events.progress" in files
        assert not files.keys() & whole.keys()
        assert runs.run("--resume") == UNREAD  # it is not whole yet
        # The file that is whole cannot be told from the damaged one by its time of change.
        damaged_at = (folder / "b.gz").stat().st_mtime_ns
        shutil.copy2(first / "b.gz", folder)
        os.utime(folder / "b.gz", ns=(damaged_at, damaged_at))
        assert runs.run("--resume") == REJECTED
        assert runs.files() == whole
        shutil.rmtree(folder)


def test_gzip_with_padding_is_read_to_its_end() -> None:
    for zeros in (0, 1, PIECE - 30, PIECE, 3 * PIECE + 1):
        data = gzip.compress(b"one") + b"\0" * zeros + gzip.compress(b"two") + b"\0" * zeros
        assert GzipReader(BytesIO(data)).read() == b"onetwo"


def test_gzip_from_a_slow_pipe(project: Path) -> None:
    write(project / "in.gz", gzip.compress(ndjson(ORDER)))
    script = "(head -c 1 in.gz; sleep 0.2; tail -c +2 in.gz) | $MAPPER run orders - <({}) -o out"
    script = script.format("head -c 1 in.gz; sleep 0.2; tail -c +2 in.gz")
    assert shell(script, cwd=project).code == 0
    assert len(lines(project / "out")) == 2


def test_the_word_for_a_damaged_input(project: Path, call: Call) -> None:
    data = gzip.compress(ndjson(ORDER) * 9)
    for name, content, words in (
        ("cut", data[:-3], "is damaged: it ends in the middle"),
        ("garbage", data + b"?", "is damaged: it ends in the middle"),
        ("other", data + b"??", "is damaged: Error -3 while decompressing data: incorrect header check"),
        ("empty.gz", b"", "is damaged: it ends in the middle"),
    ):
        write(project / name, content)
        ended = call("run", "orders", name, "-o", "out")
        assert ended == Ended(UNREAD, "", f"{HINT}mapper: `{name}` {words}\n")
        assert not (project / "out").exists()
        assert {path.name for path in project.glob("out*")} == {"out.part", "out.progress"}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file that cannot be read on this system")
def test_a_real_read_error(project: Path, call: Call) -> None:
    write(project / "in", ndjson(ORDER))
    ended = call("run", "orders", "in", "/proc/self/mem", "-o", "out")
    assert (ended.code, ended.err) == (
        UNREAD,
        "mapper: `/proc/self/mem` cannot be read: Input/output error\n",
    )
    assert {path.name for path in project.iterdir()} == {"in", "mappings"}


def test_several_jobs_find_the_same_damage(project: Path, call: Call) -> None:
    inputs = {"a": ndjson(ORDER) * 9, "b.gz": gzip.compress(ndjson(ORDER) * 9)[:-4]}
    for name, data in inputs.items():
        write(project / name, data)
    ends = [call("run", "orders", *inputs, "-o", f"out{jobs}", "--jobs", jobs) for jobs in (1, 2)]
    assert ends[0].code == UNREAD
    assert ends[0] == ends[1]
    assert (project / "out1.part").read_bytes() == (project / "out2.part").read_bytes()


def test_only_what_followed_the_broken_input_is_done_again(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(quick, inputs={"a": BODIES * 20, "b.gz": gzip.compress(BODIES)}, options=["a", "b.gz"])
    runs.fresh(monkeypatch)
    write(runs.folder / "b.gz", gzip.compress(BODIES * 20)[:-1])
    assert runs.run() == UNREAD
    write(runs.folder / "b.gz", gzip.compress(BODIES))
    read: list[DiskCall] = []
    assert runs.watched(read.append, "--resume") == REJECTED
    parts = sum(call.name == "pread" for call in read)
    assert 0 < parts < 2 * (2_500 // 600 + 2)  # the parts behind the last checkpoint in `a`
    files = runs.files()
    runs.fresh(monkeypatch)
    assert runs.run() == REJECTED
    assert runs.files() == files


# --- inputs and folders that change in the middle of a run


def grow(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as stream:
        stream.write(b'{"id": ')


def grow_by_lines(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as stream:
        stream.write(ndjson(ORDER))


def shrink(folder: Path, name: str) -> None:
    os.truncate(folder / name, (folder / name).stat().st_size - 700)


def empty(folder: Path, name: str) -> None:
    os.truncate(folder / name, 0)


def replace(folder: Path, name: str) -> None:
    write(folder / "other", (folder / name).read_bytes()[:-70]).replace(folder / name)


def overwrite(folder: Path, name: str) -> None:
    with (folder / name).open("r+b") as stream:
        stream.seek(-90, os.SEEK_END)
        stream.write(b"?" * 80)


def remove(folder: Path, name: str) -> None:
    (folder / name).unlink()


CHANGES = (grow, grow_by_lines, shrink, empty, replace, overwrite, remove)


class ChangesOnce:
    """Does something before the call with a number; calls come from several threads."""

    def __init__(self, number: int, change: Callable[[], object]) -> None:
        self.left, self.change = number, change
        self._lock = threading.Lock()

    def __call__(self, call: DiskCall) -> None:
        with self._lock:
            self.left -= 1
            is_now = self.left == 0
        if is_now:
            self.change()


@pytest.mark.parametrize(
    ("name", "step"),
    [("a", 41), *(pytest.param(name, 3, marks=pytest.mark.slow) for name in ("a", "b.gz"))],
    ids=["a, some calls", "a, many calls", "b.gz, many calls"],
)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_an_input_that_changes(
    quick: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path, str], None], name: str, step: int
) -> None:
    inputs = {"a": BODIES * 8, "b.gz": in_members(BODIES * 8)}
    runs = Runs(quick, inputs=inputs, options=["a", "b.gz"])
    runs.fresh(monkeypatch)
    assert runs.run() == REJECTED
    before = runs.files()
    folder = runs.fresh(monkeypatch)
    change(folder, name)
    after = runs.files() if runs.run() == REJECTED else None  # None if the changed input is itself broken
    codes, left = set(), 0
    number = 1 + (len(change.__name__) if step > 1 else 0)
    while left <= 0:
        folder = runs.fresh(monkeypatch)
        report = ChangesOnce(number, lambda folder=folder: change(folder, name))  # type: ignore[misc]
        code = runs.watched(report)
        left, files = report.left, runs.files()
        codes.add(code)
        if code == REJECTED:
            assert files in (before, after), number
        else:
            assert code in (REFUSED, UNREAD), number
            assert not files.keys() & before.keys()
            shutil.copy2(quick / "run1" / name, folder)
            assert runs.run(*["--resume"] * bool(files)) == REJECTED
            assert runs.files() == before
        shutil.rmtree(folder)
        number += step
    assert codes >= {REJECTED, UNREAD}


# A run in which the input grows when the first outcomes are written.
GROWING = """
import sys
from mapper.cli import main
from mapper.streams.recording import Recording
write = Recording.write
def grow_and_write(*given):
    if Recording.write is not write:
        Recording.write = write
        with open("in", "ab") as stream:
            stream.write(b'{"id"')
    write(*given)
Recording.write = grow_and_write
sys.exit(main(["run", "orders", "-o", "out"]))
"""


@pytest.mark.slow
def test_standard_input_from_a_file_that_grows(project: Path) -> None:
    write(project / "in", ndjson(ORDER) * 30_000)
    command = [sys.executable, "-c", GROWING]
    with (project / "in").open("rb") as given:
        ended = subprocess.run(
            command, cwd=project, env=ENVIRONMENT, stdin=given, capture_output=True, text=True, check=False
        )
    assert (ended.returncode, ended.stderr) == (3, "mapper: `<stdin>` changed while it was read\n")
    assert not (project / "out").exists()


def test_a_change_is_told(project: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project / "in", ndjson(ORDER))
    monkeypatch.setattr("mapper.streams.recording.Recording.write", lambda *_: grow(project, "in"))
    ended = call("run", "orders", "in", "-o", "out")
    assert ended == Ended(UNREAD, "", f"{HINT}mapper: `in` changed while it was read\n")
    assert "changed while it was read" in call("run", "orders", "in").err
    assert not (project / "out").exists()


def test_a_folder_that_goes_away(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(quick, inputs={"a": BODIES * 8}, options=["a"])
    runs.fresh(monkeypatch)
    assert runs.run() == REJECTED
    whole = runs.files()
    for output in OUTPUTS:
        for number in range(25, 120, 19):
            folder = runs.fresh(monkeypatch)
            # All of it at once: another thread may be about to make a file in it.
            lost = folder / f"{output}-of"
            report = ChangesOnce(number, partial(lost.rename, quick / f"lost{runs.count}"))
            code = runs.watched(report)
            if report.left <= 0:
                assert code == 1
                files = runs.files()
                assert all(files.get(name, data) == data for name, data in whole.items())
                lost.mkdir()
                again = runs.run("--resume")
                assert again in (REJECTED, REFUSED)  # refused if a part is lost
                assert again == REFUSED or runs.files() == whole
                assert runs.run() == REJECTED
                assert runs.files() == whole
