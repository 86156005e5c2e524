"""Command line: what people and machines see, and how it ends."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from calls import (
    ORDERS,
    ROOT,
    UNSET,
    Call,
    Ended,
    shell,
    write,
)

from mapper import catalog
from mapper.cli.dispatch import build_parser
from mapper.diagnostics.codes import CODES
from mapper.version import __version__


class TestUsage:
    def test_the_version(self, call: Call) -> None:
        assert call("--version") == Ended(0, f"mapper {__version__}\n", "")

    def test_the_module_runs_as_a_program(self, tmp_path: Path) -> None:
        assert shell("$MAPPER --version", cwd=tmp_path).out == f"mapper {__version__}\n"

    def test_help_names_every_command_and_the_exit_codes(self, call: Call) -> None:
        text = call("--help").out
        files = {path.stem for path in (ROOT / "mapper/cli").glob("*.py")}
        for command in ("check", "test", "run", "explain"):
            assert command in files
            assert f"\n    {command} " in text
        assert "exit codes:" in text

    @pytest.mark.parametrize("command", ["check", "test", "run", "explain"])
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


class TestCheck:
    def test_a_clean_mapping(self, project: Path, call: Call) -> None:
        assert call("check") == Ended(0, "no problems in 1 mapping\n", "")

    def test_problems_come_with_place_and_summary(self, project: Path, call: Call) -> None:
        write(project / "mappings/unset.yaml", UNSET)
        ended = call("check")
        assert ended.code == 1
        assert "error[M501]" in ended.out
        assert "--> mappings/unset.yaml:" in ended.out
        assert ended.closing == "4 errors in 2 mappings"

    def test_every_fault_of_every_file_in_one_run(self, project: Path, call: Call) -> None:
        write(project / "mappings/broken.yaml", "mapping: [")
        write(project / "mappings/latin.yaml", b"mapping: \xe9")
        ended = call("check", "--format", "concise")
        assert ended.code == 1
        assert {line.split(":")[0] for line in ended.out.splitlines()} == {
            "mappings/broken.yaml",
            "mappings/latin.yaml",
        }
        assert ended.err.endswith("in 3 mappings\n")

    def test_warnings_are_problems_when_strict(self, project: Path, call: Call) -> None:
        filtered = ORDERS.replace("each: [$.orders, $]", "each: $.orders[?@.id]")
        write(project / "mappings/orders.yaml", filtered)
        ended = call("check")
        assert (ended.code, ended.closing) == (0, "1 warning in 1 mapping")
        assert call("check", "--strict").code == 1

    def test_json_is_one_object_a_line(self, project: Path, call: Call) -> None:
        write(project / "mappings/unset.yaml", UNSET)
        ended = call("check", "unset", "--format", "json")
        found = [json.loads(line) for line in ended.out.splitlines()]
        assert [d["code"] for d in found] == ["M501"] * 4
        assert ended.err == "4 errors in 1 mapping\n"

    def test_github_annotations(self, project: Path, call: Call) -> None:
        write(project / "mappings/unset.yaml", UNSET)
        ended = call("check", "unset", "--format", "github")
        assert all(
            line.startswith("::error file=mappings/unset.yaml,line=") for line in ended.out.splitlines()
        )

    def test_names_files_and_folders_each_once(self, project: Path, call: Call) -> None:
        write(project / "more/second.yml", ORDERS)
        ended = call("check", "orders", "mappings/orders.yaml", "mappings", "more", "more/second.yml")
        assert ended.closing == "no problems in 2 mappings"

    def test_without_a_folder_the_shipped_mappings(
        self, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        ended = call("check")
        assert ended.closing == f"no problems in {len(catalog.find_mappings())} mappings"
        assert ended.code == 0


class TestExplain:
    def test_by_code_and_by_name(self, call: Call) -> None:
        page = call("explain", "M301")
        assert page.code == 0
        assert page.out.startswith("M301 unknown-field: ")
        assert "Wrong mapping\n" in page.out
        assert "Right mapping\n" in page.out
        assert call("explain", "unknown-field") == call("explain", "m301") == page

    def test_the_examples_mark_where_they_differ(self, call: Call) -> None:
        lines = call("explain", "M301").out.splitlines()
        assert len([line for line in lines if line.startswith("  - ")]) >= 1
        assert len([line for line in lines if line.startswith("  + ")]) >= 1

    def test_the_list_holds_every_code(self, call: Call) -> None:
        listed = [line.split()[:2] for line in call("explain").out.splitlines()]
        assert listed == [[code.number, code.slug] for code in CODES.values()]

    @pytest.mark.parametrize("code", sorted(CODES))
    def test_every_code_has_a_page(self, call: Call, code: str) -> None:
        assert len(call("explain", code).out.splitlines()) >= 3


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


def test_check_says_what_it_assumed(tmp_path: Path, call: Call) -> None:
    mapping = tmp_path / "plain.yaml"
    mapping.write_text("mapping: plain\ntemplate: '{}'\n", encoding="utf-8")
    done = call("check", str(mapping), "--assumed")
    assert "plain.yaml: assumed: no source schema" in done.out
    assert "assumed" not in call("check", str(mapping)).out
