"""Usage: versions, help, wrong arguments and colour of every command."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mapper.cli.dispatch import build_parser, version_line
from mapper.diagnostics.render.visible import visible
from mapper.version import __version__
from support.calls import (
    ENVIRONMENT,
    ORDERS,
    UNSET,
    Call,
    Ended,
    shell,
    write,
)
from support.places import ROOT
from support.waiting import PATIENCE


class TestUsage:
    def test_the_version(self, call: Call) -> None:
        assert call("--version") == Ended(0, f"{version_line()}\n", "")
        assert version_line().startswith(f"mapper {__version__} (with")

    def test_the_module_runs_as_a_program(self, tmp_path: Path) -> None:
        assert shell("$MAPPER --version", cwd=tmp_path).out == f"{version_line()}\n"

    def test_help_names_every_command_and_the_exit_codes(self, call: Call) -> None:
        text = call("--help").out
        files = {path.stem for path in (ROOT / "mapper/cli").glob("*.py")}
        for command in ("check", "test", "run", "explain", "serve"):
            assert command in files
            assert f"\n    {command} " in text
        assert "exit codes:" in text

    @pytest.mark.parametrize("columns", [60, 100])
    @pytest.mark.parametrize("arguments", ["check --help", "run --help", "explain M628"])
    def test_texts_are_wrapped(
        self, call: Call, arguments: str, columns: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        paragraphs = call(*arguments.split()).out.split("\n\n")[1:]
        lines = [len(line) for one in paragraphs if "\n  " not in one for line in one.splitlines()]
        assert columns - 20 < max(lines) <= columns

    @pytest.mark.parametrize("command", ["check", "test", "run", "explain", "serve"])
    def test_help_of_a_command_shows_examples_that_parse(
        self, call: Call, command: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "100")
        ended = call(command, "--help")
        assert ended.code == 0
        examples = [line.strip() for line in ended.out.splitlines() if line.startswith("  mapper ")]
        assert len(examples) >= 2
        for example in examples:
            words = shlex.split(re.split(r" [<|] |   ", example)[0])
            assert vars(build_parser(command).parse_args(words[1:]))
        assert max(map(len, ended.out.splitlines())) <= 120

    @pytest.mark.parametrize("word", ["\x1b[31mred", "a\u202eb.yaml", "two\nlines"])
    def test_names_that_would_move_the_cursor_are_escaped(
        self, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        write(tmp_path / "m.yaml", "mapping: m\nevent: {}\n")
        for arguments in (["check", word], ["run", "m.yaml", word], ["explain", word]):
            ended = call(*arguments)
            assert ended.code == 2
            assert ended.err == f"{visible(ended.err.removesuffix(chr(10)))}\n"
            assert visible(word)[1:4] in ended.err

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ([], "COMMAND"),
            (["chek"], "did you mean `check`?"),
            (["frobnicate"], "see `mapper --help`"),
            (["check", "--colour"], "--colour"),
            (["check", "--format", "xml"], "invalid choice"),
            (["check", "nothing"], "there are `"),
            (["check", "ordrs"], "did you mean `orders`?"),
            (["check", "other/orders.yaml"], "no mapping file `other/orders.yaml`"),
            (["check", "mappings/orders/paid.json"], "a mapping ends in .yaml"),
            (["check", "mappings/orders"], "no mappings in `mappings/orders`"),
            (["test", "nothing"], "no mapping `nothing`"),
            (["test", "-k", "(a"], "ends too early"),
            (["run"], "MAPPING"),
            (["run", "nothing"], "no mapping `nothing`"),
            (["run", "mappings"], "is a folder"),
            (["run", "orders", "none.ndjson"], "cannot read `none.ndjson`: no such file"),
            (["run", "orders", "mappings"], "cannot read `mappings`: is a directory"),
            (["run", "orders", "--header", "X"], "must be KEY=VALUE"),
            (["run", "orders", "--received-at", "noon"], "the request cannot be used"),
            (["run", "orders", "--request", "none.json"], "cannot read `none.json`"),
            (["run", "orders", "--request", "mappings/orders.yaml"], "is not JSON"),
            (["run", "orders", "--request", "list.json"], "must hold an object"),
            (["run", "orders", "list.json", "-o", "list.json"], "used twice"),
            (["run", "orders", "list.json", "-o", "a", "--rejected", "./a"], "used twice"),
            (["run", "orders", "list.json", "-o", "none/a"], "cannot write `none/a`"),
            (["explain", "M3010"], "did you mean `M301`"),
            (["explain", "unknown-fild"], "did you mean `unknown-field`"),
            (["explain", "xyz"], "lists all of them"),
        ],
    )
    def test_wrong_usage_ends_with_two_and_one_line(
        self, project: Path, call: Call, arguments: list[str], words: str
    ) -> None:
        write(project / "list.json", "[]")
        ended = call(*arguments)
        assert (ended.code, ended.out) == (2, "")
        assert words in ended.err
        assert ended.err.splitlines()[-1].startswith("mapper")
        assert (project / "list.json").read_text() == "[]"


class TestColour:
    @pytest.mark.parametrize(
        ("variables", "coloured"),
        [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
    )
    def test_colour_is_for_terminals(
        self,
        project: Path,
        call: Call,
        monkeypatch: pytest.MonkeyPatch,
        variables: dict[str, str],
        coloured: bool,
    ) -> None:
        write(project / "mappings/unset.yaml", UNSET)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        for arguments in (["check"], ["test"], ["explain", "M301"]):
            assert ("\x1b[" in call(*arguments).out) == coloured, arguments


@pytest.mark.parametrize(
    ("arguments", "usage", "words"),
    [
        ("check --stict", "check", "no option `--stict`; did you mean `--strict`?"),
        ("check --stict=s3cret", "check", "no option `--stict`; did you mean `--strict`?"),
        ("run orders --receved-at 2026", "run", "no option `--receved-at`; did you mean `--received-at`?"),
        ("run --receved-at", "run", "no option `--receved-at`; did you mean `--received-at`?"),
        ("spool stats --spol x", "spool", "no option `--spol`; did you mean `--spool`?"),
        ("explain M301 --zzz", "explain", "no option `--zzz`"),
        ("--vrsion", "", "no option `--vrsion`; did you mean `--version`?"),
    ],
)
def test_an_unknown_option_gets_a_hint_and_the_usage_of_its_command(
    call: Call, arguments: str, usage: str, words: str
) -> None:
    ended = call(*arguments.split())
    assert ended.code == 2
    assert ended.err.startswith(f"usage: mapper {usage}".rstrip())
    assert ended.err.splitlines()[-1].endswith(f" error: {words}")
    assert "s3cret" not in ended.err


def test_a_word_behind_two_dashes_is_no_option(call: Call) -> None:
    assert call("check", "--", "--odd.yaml").err == "mapper: no mapping file `--odd.yaml`\n"


@pytest.mark.slow
def test_run_on_a_terminal_says_that_it_waits(tmp_path: Path) -> None:
    write(tmp_path / "orders.yaml", ORDERS)
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "mapper", "run", "orders.yaml"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdin=theirs, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "waiting for bodies on the terminal" in process.stderr.readline()
        os.write(ours, b"\x04")
        assert process.stderr.readline().startswith("0 bodies")
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    os.close(theirs)
    assert "waiting" not in shell("$MAPPER run orders.yaml < /dev/null", cwd=tmp_path).err
