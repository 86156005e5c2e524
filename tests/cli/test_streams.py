"""Standard streams that are closed, full or without a reader, under every command."""

from __future__ import annotations

import json
import shutil
from itertools import product
from pathlib import Path

import pytest

from mapper.cli.dispatch import COMMANDS
from support.calls import EVENT, ORDER, ORDERS, UNSET, lines, ndjson, shell, write
from support.forked import ForkedCall, run_forked
from support.spools import SpoolBench, order, served

# Calls of every command that print to standard output, to standard error, and to a file.
CALLS = {
    "help": ("--help",),
    "version": ("--version",),
    "no command": (),
    "wrong word": ("chek",),
    "check": ("check", "orders"),
    "check for machines": ("check", "--format", "json", "mappings/unset.yaml"),
    "test": ("test", "orders"),
    "run": ("run", "orders", "in"),
    "run into a file": ("run", "orders", "in", "-o", "out", "--rejected", "rejected"),
    "infer": ("infer", "in"),
    "new": ("new", "more", "--from", "in"),
    "schema": ("schema",),
    "completion": ("completion", "bash"),
    "trace": ("trace", "orders", "mappings/orders/paid.json"),
    "explain": ("explain", "M301"),
    "serve": ("serve", "--check", "mappings/receivers/clean.yaml"),
    "serve for machines": ("serve", "--check", "mappings/receivers/faulty.yaml", "--format", "json"),
    "dead": ("dead",),
    "dead as lines": ("dead", "--lines"),
    "replay": ("replay", "--spool", "none"),
    "spool": ("spool", "stats"),
    "spool for machines": ("spool", "export"),
}
PRINTS_OUTPUT = {
    *("help", "version", "check", "check for machines", "test", "run", "explain"),
    *("infer", "new", "schema", "completion", "trace"),
    *("serve", "serve for machines", "dead", "dead as lines", "spool", "spool for machines"),
}
PRINTS_ERRORS = {
    *("no command", "wrong word", "check for machines", "run", "run into a file", "serve for machines"),
    *("dead as lines", "replay", "infer"),
}
STATES = ("plain", "closed", "full", "gone")

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")


def _project(folder: Path) -> Path:
    write(folder / "mappings/orders.yaml", ORDERS)
    write(folder / "mappings/unset.yaml", UNSET)
    write(folder / "mappings/orders/paid.json", json.dumps(ORDER))
    write(folder / "in", ndjson(ORDER, {}))
    source = "receiver: 1\nsources: [{path: /a, mapping: ../orders.yaml, verify: none}]\n"
    write(folder / "mappings/receivers/clean.yaml", source)
    write(folder / "mappings/receivers/faulty.yaml", f"odd: 1\n{source}")
    return folder


def _words(name: str, out: str, err: str) -> tuple[set[int], str]:
    """The exit codes a call may end with, and the words that standard error then has to hold."""
    if "closed" in (out, err):
        closed = "standard output is closed" if out == "closed" else "standard error is closed"
        return {2}, closed
    broken = [
        state
        for state, printing in ((out, PRINTS_OUTPUT), (err, PRINTS_ERRORS))
        if state != "plain" and name in printing
    ]
    if not broken:
        return {0, 1, 2}, ""
    # The first broken stream that is written to ends the command; which one comes first depends on it.
    codes = {{"full": 1, "gone": 141}[state] for state in broken}
    if name in ("no command", "wrong word", "replay"):
        codes.add(2)
    if out == "full" and name in PRINTS_OUTPUT and err == "plain":
        return (
            codes,
            "`standard output` cannot be used" if name == "run" else "standard output cannot be written",
        )
    return codes, ""


def test_every_command_has_a_call() -> None:
    assert COMMANDS.keys() <= {words[0] for words in CALLS.values() if words}


@pytest.mark.slow
def test_a_broken_stream_ends_a_command_with_a_word(tmp_path: Path) -> None:
    pairs = [pair for pair in product(STATES, STATES) if "plain" in pair or pair[0] == pair[1]]
    cases = [(name, out, err) for name in CALLS for out, err in pairs]
    bench = SpoolBench(tmp_path / "spool", served(tmp_path))
    bench.take(order(1), {**order(2), "customer": None})
    bench.spool.close()
    calls = []
    for number, (name, out, err) in enumerate(cases):
        folder = _project(tmp_path / str(number))
        if name.startswith(("dead", "spool")):
            shutil.copytree(bench.folder, folder / "spool")
        calls.append(ForkedCall(str(folder), CALLS[name], stdout=out, stderr=err))
    for (name, out, err), call, end in zip(cases, calls, run_forked(calls), strict=True):
        case = f"{name}, stdout {out}, stderr {err}: {end}"
        codes, words = _words(name, out, err)
        assert end.code in codes, case
        assert "Traceback" not in end.err + end.out, case
        assert "Exception ignored" not in end.err, case
        if err == "plain":
            assert words in end.err, case
        for file, expected in (("out", [EVENT]), ("rejected", None)):
            path = Path(call.folder, file)
            if path.exists():  # it has its name, so it is whole
                found = lines(path)
                assert found == expected if expected else len(found) == 1, case
        if "closed" in (out, err):
            assert not Path(call.folder, "out.part").exists(), case


def test_a_closed_input_is_named_if_it_is_needed(tmp_path: Path) -> None:
    folder = str(_project(tmp_path))
    calls = [
        ForkedCall(folder, ("run", "orders"), stdin="closed"),
        ForkedCall(folder, ("run", "orders", "-", "-o", "none"), stdin="closed"),
        ForkedCall(folder, ("run", "orders", "in", "-o", "out"), stdin="closed"),
        ForkedCall(folder, ("check", "orders"), stdin="closed"),
        ForkedCall(folder, ("run", "orders", "in", "-o", "none"), "closed", "closed", "closed"),
    ]
    unread, named, read, checked, nothing = run_forked(calls)
    assert (unread.code, unread.out, unread.err) == (2, "", "mapper: standard input is closed\n")
    assert (named.code, named.err) == (2, "mapper: standard input is closed\n")
    assert read.code == 1
    assert lines(tmp_path / "out") == [EVENT]
    assert checked.code == 0
    assert (nothing.code, nothing.out, nothing.err) == (2, "", "")
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_the_shell_closes_streams_as_the_forks_do(tmp_path: Path) -> None:
    _project(tmp_path)
    script = """
        $MAPPER run orders in -o out >&-; echo $?
        $MAPPER run orders in -o out 2>&-; echo $?
        $MAPPER run orders in -o jobs --jobs 2 <&- 2> messages; echo $?
        ls
    """
    ended = shell(script, cwd=tmp_path)
    assert ended.out.split() == ["2", "2", "1", "in", "jobs", "mappings", "messages"]
    assert ended.err == ("mapper: standard output is closed; use `> /dev/null` if nothing is to be printed\n")
    assert lines(tmp_path / "jobs") == [EVENT]


@pytest.mark.parametrize("unbuffered", ["", pytest.param("1", marks=pytest.mark.slow)])
def test_errors_name_the_thing_that_failed(tmp_path: Path, unbuffered: str) -> None:
    folder = str(_project(tmp_path))
    write(tmp_path / "many", ndjson(ORDER) * 3_000)
    (tmp_path / "full").symlink_to("/dev/full")
    calls = {
        "`standard output` cannot be used: No space left": ForkedCall(
            folder, ("run", "orders", "many"), stdout="full"
        ),
        "`full` cannot be used: No space left": ForkedCall(folder, ("run", "orders", "many", "-o", "full")),
        "`/proc/self/mem` cannot be read: ": ForkedCall(folder, ("run", "orders", "/proc/self/mem")),
        "is a directory": ForkedCall(folder, ("run", "orders", "mappings")),
        "standard output cannot be written: No space left": ForkedCall(
            folder, ("check", "orders"), stdout="full"
        ),
        "`no/report.xml`": ForkedCall(folder, ("test", "orders", "--junit", "no/report.xml")),
    }
    for words, end in zip(calls, run_forked(calls.values(), {"PYTHONUNBUFFERED": unbuffered}), strict=True):
        assert words in end.err.splitlines()[-1], end
        assert end.code in (1, 2, 3), end
