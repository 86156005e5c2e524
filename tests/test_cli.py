"""Command line: what people and machines see, and how it ends."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mapper import catalog
from mapper.cli import main
from mapper.cli.dispatch import build_parser
from mapper.cli.selection import parse_selection
from mapper.cli.stop import Stop
from mapper.codes import CODES
from mapper.version import __version__

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
ORDERS = """\
mapping: orders
version: 1
each: [$.orders, $]
skip:
  - when: test == true
    reason: test order
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: {path: $.type, as: string, on_missing: reject}
  user_id: {path: $.customer, as: string, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject}
  event_properties: {path: $.details, as: object, default: {}}
"""
SCOPES = """\
mapping: scopes
version: 1
event:
  event_id: {header: X-Id, default: none}
  event_name: {query: name, default: none}
  user_id: {setting: user, default: none}
  timestamp: {received_at: true, default: none}
  event_properties: {}
"""
UNSET = "mapping: unset\nversion: 1\nevent:\n  event_id: one\n"
ORDER = {"id": "o1", "type": "paid", "customer": "c1", "at": "2026-11-23T20:00:00Z", "details": {"total": 12}}
EVENT = {
    "event_id": "o1",
    "event_name": "paid",
    "user_id": "c1",
    "timestamp": "2026-11-23T20:00:00.000Z",
    "event_properties": {"total": 12},
}
ONE_EVENT = {"events": [EVENT], "skipped": [], "rejected": []}


@dataclass(frozen=True)
class Ended:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def closing(self) -> str:
        return self.out.splitlines()[-1]


Call = Callable[..., Ended]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one mapping and one case that passes; it is the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    write(tmp_path / "mappings/orders.yaml", ORDERS)
    add_case(tmp_path, "paid", ORDER, ONE_EVENT)
    return tmp_path


@pytest.fixture
def call(capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Calls `main` in this process."""

    def run(*arguments: str | Path) -> Ended:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as error:  # argparse ends so after --help, --version and wrong options
            code = int(error.code or 0)
        captured = capfdbinary.readouterr()
        return Ended(code, captured.out.decode(), captured.err.decode())

    return run


def shell(command: str, *, cwd: Path, stdin: bytes = b"") -> Ended:
    """Calls `mapper` (as `$MAPPER`) in a shell."""
    environment = {**ENVIRONMENT, "MAPPER": f"{sys.executable} -m mapper"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=cwd, env=environment, input=stdin, capture_output=True, timeout=60
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def add_case(
    project: Path, name: str, body: object, expected: object = None, mapping: str = "orders"
) -> Path:
    folder = project / "mappings" / mapping
    write(folder / f"{name}.json", json.dumps(body))
    path = folder / f"{name}.expected.json"
    return path if expected is None else write(path, json.dumps(expected))


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def ndjson(*bodies: object) -> bytes:
    return b"".join(json.dumps(body).encode() + b"\n" for body in bodies)


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
    def test_help_of_a_command_shows_examples_that_parse(self, call: Call, command: str) -> None:
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


class TestTest:
    def test_a_clean_run(self, project: Path, call: Call) -> None:
        add_case(
            project,
            "test",
            {**ORDER, "test": True},
            {"events": [], "skipped": [{"item": 0, "reason": "test order"}], "rejected": []},
        )
        add_case(
            project, "lost", {}, {"events": [], "skipped": [], "rejected": [{"item": 0, "codes": ["M611"]}]}
        )
        ended = call("test")
        table = [line.split() for line in ended.out.splitlines()[:2]]
        assert table == [
            ["mapping", "cases", "events", "skipped", "rejected", "result"],
            ["orders", "3", "1", "1", "1", "passed"],
        ]
        assert ended.closing.startswith("1 mapping, 3 cases, all passed in ")
        assert (ended.code, ended.err) == (0, "")

    def test_a_pipe_gets_no_colour_and_aligned_columns(self, project: Path, call: Call) -> None:
        out = call("test").out
        assert "\x1b" not in out
        head, row = out.splitlines()[:2]
        assert head.index("result") == row.index("passed")
        assert head.index("cases") + len("cases") == row.index("1") + 1

    def test_differences_path_by_path(self, project: Path, call: Call) -> None:
        changed = {**EVENT, "user_id": "c2", "event_properties": {"total": "12", "odd key": None}}
        add_case(project, "paid", ORDER, {**ONE_EVENT, "events": [changed]})
        ended = call("test")
        assert ended.code == 1
        assert "1 failed" in ended.out.splitlines()[1]
        block = ended.out[ended.out.index("orders/paid failed") :].splitlines()
        assert block[:-1] == [
            "orders/paid failed  mappings/orders/paid.expected.json",
            "  $.events[0].user_id",
            '    expected  "c2"',
            '    found     "c1"',
            "  $.events[0].event_properties.total",
            '    expected  "12" (string)',
            "    found     12 (integer)",
            "  $.events[0].event_properties['odd key']",
            "    expected  null",
            "    found     nothing",
            "",
        ]
        assert ended.closing.startswith("1 mapping, 1 case: 1 failed in ")

    def test_an_unexpected_rejection_is_explained(self, project: Path, call: Call) -> None:
        add_case(project, "paid", {**ORDER, "at": "soon"}, ONE_EVENT)
        out = call("test").out
        assert "error[M614]" in out
        assert "--> mappings/orders.yaml:11:" in out
        assert "$.at" in out
        assert '"soon"' not in out
        assert "soon" in call("test", "--show-values").out

    def test_one_event_more_is_one_difference(self, project: Path, call: Call) -> None:
        bodies = {"orders": [{**ORDER, "id": str(n)} for n in range(3)]}
        events = [{**EVENT, "event_id": str(n)} for n in (1, 2)]
        add_case(project, "paid", bodies, {**ONE_EVENT, "events": events})
        out = call("test").out
        assert out.count("    found ") == 1
        assert "  $.events[0]\n    expected  nothing\n" in out

    def test_a_mapping_that_does_not_compile(self, project: Path, call: Call) -> None:
        write(project / "mappings/unset.yaml", UNSET)
        add_case(project, "one", {}, ONE_EVENT, mapping="unset")
        ended = call("test")
        assert ended.code == 1
        assert "does not compile" in ended.out.splitlines()[2]
        assert "error[M501]" in ended.out
        assert ended.closing.startswith("2 mappings, 1 case: 1 passed, 1 mapping not compiled in ")

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("extra.json", "{", "`mappings/orders/extra.json` is not JSON"),
            ("extra.json", "{}", "`mapper test --update` writes `extra.expected.json`"),
            ("paid.expected.json", "{}", "the expectation has a wrong shape"),
            ("stray.expected.json", "{}", "add `stray.json` or delete the expectation"),
        ],
    )
    def test_faulty_sample_files(
        self, project: Path, call: Call, name: str, content: str, words: str
    ) -> None:
        write(project / "mappings/orders" / name, content)
        ended = call("test")
        assert ended.code == 1
        assert "error[M011]" in ended.out
        assert words in ended.out

    def test_no_cases_is_no_failure_but_nothing_tested_is(self, project: Path, call: Call) -> None:
        write(project / "mappings/empty.yaml", ORDERS)
        ended = call("test")
        assert ended.code == 0
        assert "no cases" in ended.out.splitlines()[1]
        ended = call("test", "empty")
        assert ended.code == 1
        assert ended.closing.startswith("1 mapping, 0 cases, nothing tested in ")

    def test_an_empty_folder(self, project: Path, call: Call) -> None:
        (project / "mappings/orders.yaml").unlink()
        assert call("test") == Ended(1, "", "mapper: no mappings here\n")

    def test_update_writes_what_differs_and_says_so(self, project: Path, call: Call) -> None:
        add_case(project, "paid", ORDER, {**ONE_EVENT, "events": []})
        fresh = add_case(project, "fresh", {**ORDER, "id": 1.0})
        same = add_case(project, "same", ORDER, ONE_EVENT)
        untouched = same.read_text()
        ended = call("test", "--update")
        assert ended.code == 0
        assert "updated mappings/orders/paid.expected.json  (1 difference)\n" in ended.out
        assert "created mappings/orders/fresh.expected.json\n" in ended.out
        assert ended.closing.startswith("1 mapping, 3 cases: 1 passed, 1 created, 1 updated in ")
        assert json.loads(fresh.read_text()) == {**ONE_EVENT, "events": [{**EVENT, "event_id": "1"}]}
        assert same.read_text() == untouched
        assert "all passed" in call("test").out

    def test_update_does_not_hide_an_unreadable_sample(self, project: Path, call: Call) -> None:
        write(project / "mappings/orders/paid.json", "{")
        assert call("test", "--update").code == 1

    def test_selected_cases_only(self, project: Path, call: Call) -> None:
        write(project / "mappings/other.yaml", ORDERS)
        add_case(project, "paid", ORDER, {**ONE_EVENT, "events": []}, mapping="other")
        ended = call("test", "-k", "paid and not other")
        assert (ended.code, "other" in ended.out) == (0, False)
        assert call("test", "-k", "OTHER/p").code == 1
        assert call("test", "-k", "nope") == Ended(1, "", "mapper: no case matches `-k nope`\n")

    def test_machine_formats_tell_the_differences(self, project: Path, call: Call) -> None:
        add_case(project, "paid", ORDER, {**ONE_EVENT, "events": [{**EVENT, "user_id": "c2"}]})
        ended = call("test", "--format", "json")
        (line,) = map(json.loads, ended.out.splitlines())
        assert (line["code"], line["location"]) == ("M013", "$.events[0].user_id")
        assert line["file"] == "mappings/orders/paid.expected.json"
        assert 'expected "c2"; found "c1"' in line["message"]
        assert "1 failed" in ended.err
        assert call("test", "--format", "github").out.startswith(
            "::error file=mappings/orders/paid.expected.json,"
        )
        assert call("test", "--format", "concise").out.startswith(
            "mappings/orders/paid.expected.json:1:1: error[M013]"
        )

    def test_junit(self, project: Path, call: Call) -> None:
        add_case(project, "bad\x01name", ORDER, {**ONE_EVENT, "events": [{**EVENT, "user_id": "<c2>\x00&"}]})
        write(project / "mappings/unset.yaml", UNSET)
        assert call("test", "--junit", "report.xml").code == 1
        root = ElementTree.parse(project / "report.xml").getroot()
        assert {key: root.get(key) for key in ("tests", "failures", "errors")} == {
            "tests": "6",
            "failures": "1",
            "errors": "4",
        }
        cases = {(c.get("classname"), c.get("name")): c for c in root.iter("testcase")}
        assert cases["orders", "paid"].find("failure") is None
        failure = cases["orders", "bad\ufffdname"].find("failure")
        assert failure is not None
        assert '"<c2>' in str(failure.text)
        assert len([c for c in cases if c[0] == "unset"]) >= 1
        assert all(float(c.get("time", "x")) >= 0 for c in cases.values())

    def test_the_shipped_mappings_pass(self, tmp_path: Path) -> None:
        ended = shell("$MAPPER test", cwd=tmp_path)
        assert (ended.code, ended.err) == (0, "")
        assert ", all passed in " in ended.closing


class TestSelection:
    @pytest.mark.parametrize(
        ("text", "taken"),
        [
            ("a", {"a/x", "b/a"}),
            ("A", {"a/x", "b/a"}),
            ("a/", {"a/x"}),
            ("not a", {"b/x", "c/y"}),
            ("not not a", {"a/x", "b/a"}),
            ("a or c", {"a/x", "b/a", "c/y"}),
            ("a and b", {"b/a"}),
            ("b and x or c", {"b/x", "c/y"}),
            ("b and (x or c)", {"b/x"}),
            ("not (b or c)", {"a/x"}),
        ],
    )
    def test_expressions(self, text: str, taken: set[str]) -> None:
        selects = parse_selection(text)
        assert {name for name in ("a/x", "b/a", "b/x", "c/y") if selects(name)} == taken

    @pytest.mark.parametrize("text", ["", "and", "a and", "a b", "(a", "a)", "not", "or a", "()"])
    def test_faults(self, text: str) -> None:
        with pytest.raises(Stop, match="cannot read `-k "):
            parse_selection(text)


class TestRun:
    def test_events_go_out_and_the_numbers_add_up(self, project: Path, call: Call) -> None:
        bodies = [
            ORDER,
            {"orders": [ORDER, {**ORDER, "test": True}]},
            {**ORDER, "at": "soon"},
            {"orders": []},
        ]
        write(project / "in.ndjson", ndjson(*bodies))
        ended = call("run", "orders", "in.ndjson")
        assert ended.code == 1
        assert [json.loads(line) for line in ended.out.splitlines()] == [EVENT, EVENT]
        assert ended.err.splitlines()[-4:] == [
            "4 bodies · 4 items = 2 events + 1 skipped + 1 rejected",
            "  skipped   1  test order",
            "  rejected  1  M614 unreadable-time",
            "  `--rejected FILE` keeps rejected items, `mapper explain CODE` tells more",
        ]

    def test_clean_input_ends_with_zero(self, project: Path, call: Call) -> None:
        write(project / "in.json", json.dumps(ORDER))
        ended = call("run", "mappings/orders.yaml", "in.json", "-o", "out.ndjson")
        assert ended == Ended(0, "", "1 body · 1 item = 1 event + 0 skipped + 0 rejected\n")
        assert lines(project / "out.ndjson") == [EVENT]

    def test_the_first_rejection_of_each_kind_is_shown(self, project: Path, call: Call) -> None:
        soon, later = {**ORDER, "at": "soon"}, {**ORDER, "at": "later"}
        write(project / "in.ndjson", ndjson(ORDER, {"orders": [ORDER, soon]}, later, []))
        ended = call("run", "orders", "in.ndjson")
        assert "in.ndjson:2, item 1\nerror[M614]" in ended.err
        assert ended.err.count("error[M614]") == 1
        assert "soon" not in ended.err
        shown = call("run", "orders", "in.ndjson", "--show-values").err
        assert "soon" in shown
        assert "later" not in shown

    def test_nothing_is_lost(self, project: Path, call: Call) -> None:
        soon = {**ORDER, "at": "soon"}
        raw = [b'{"a": \n', b"\n", b"\xff\xfe\n", ndjson({"orders": [ORDER, soon, {**ORDER, "test": True}]})]
        write(project / "in.ndjson", b"".join(raw))
        ended = call("run", "orders", "in.ndjson", "--rejected", "no.ndjson", "--skipped", "skip.ndjson")
        assert ended.code == 1
        broken, bytes_, item = lines(project / "no.ndjson")
        assert (broken["line"], broken["codes"], broken["payload_text"]) == (1, ["M601"], '{"a": ')
        assert base64.b64decode(str(bytes_["payload_base64"])) == b"\xff\xfe"
        assert bytes_["line"] == 3
        assert item == {
            "file": "in.ndjson",
            "line": 4,
            "item": 1,
            "codes": ["M614"],
            "location": "$.orders[1]",
            "messages": item["messages"],
            "payload": soon,
        }
        assert lines(project / "skip.ndjson") == [
            {
                "file": "in.ndjson",
                "line": 4,
                "item": 2,
                "reason": "test order",
                "payload": {**ORDER, "test": True},
            }
        ]

    def test_values_stay_out_of_messages_unless_asked_for(self, project: Path, call: Call) -> None:
        write(project / "in.ndjson", ndjson({**ORDER, "at": "soon"}))
        call("run", "orders", "in.ndjson", "--rejected", "no.ndjson")
        (line,) = lines(project / "no.ndjson")
        assert "soon" not in json.dumps(line["messages"])
        call("run", "orders", "in.ndjson", "--rejected", "no.ndjson", "--show-values")
        (line,) = lines(project / "no.ndjson")
        assert "soon" in json.dumps(line["values"])

    @pytest.mark.parametrize(
        ("content", "ids"),
        [
            (b"", []),
            (b"\n \r\n\t\n", []),
            (ndjson(ORDER, {**ORDER, "id": "o2"}), ["o1", "o2"]),
            (ndjson(ORDER).rstrip(), ["o1"]),
            (ndjson(ORDER, {**ORDER, "id": "o2"}).replace(b"\n", b"\r\n\r\n"), ["o1", "o2"]),
            (b"\xef\xbb\xbf" + ndjson(ORDER), ["o1"]),
            (json.dumps(ORDER, indent=2).encode(), ["o1"]),
            (b"\xef\xbb\xbf\n" + json.dumps(ORDER, indent=2).encode() + b"\n\n", ["o1"]),
            (json.dumps({"orders": [ORDER, ORDER]}, indent=2).encode(), ["o1", "o1"]),
            (b'{"orders": [\n' + b",\n".join([json.dumps(ORDER).encode()] * 3) + b"\n]}", ["o1"] * 3),
        ],
    )
    @pytest.mark.parametrize("packed", [False, True])
    def test_forms_of_input(
        self, project: Path, call: Call, content: bytes, ids: list[str], packed: bool
    ) -> None:
        write(project / "in", gzip.compress(content) if packed else content)
        ended = call("run", "orders", "in")
        assert [json.loads(line)["event_id"] for line in ended.out.splitlines()] == ids
        assert ended.code == 0

    def test_a_broken_first_line_does_not_hide_the_others(self, project: Path, call: Call) -> None:
        write(project / "in", b'{"orders": [{"id": 1,\n' + ndjson(ORDER, ORDER))
        ended = call("run", "orders", "in")
        assert len(ended.out.splitlines()) == 2
        assert "3 bodies · 3 items = 2 events + 0 skipped + 1 rejected" in ended.err

    def test_a_document_longer_than_the_look_ahead_is_still_read_by_lines(
        self, project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mapper.cli.bodies.LOOK_AHEAD", 100)
        write(project / "in", b'{"broken"\n' + ndjson(*[{**ORDER, "id": str(n)} for n in range(5)]))
        ended = call("run", "orders", "in")
        assert [json.loads(line)["event_id"] for line in ended.out.splitlines()] == list("01234")

    def test_a_form_that_is_declared_is_not_guessed(self, project: Path, call: Call) -> None:
        write(project / "in", ndjson(ORDER, ORDER))
        assert "1 body ·" in call("run", "orders", "in", "--input", "json").err
        write(project / "in", json.dumps(ORDER, indent=1))
        assert "7 rejected" not in call("run", "orders", "in", "--input", "json").err
        assert "0 events" in call("run", "orders", "in", "--input", "ndjson").err

    def test_long_integers_and_odd_text_come_out_as_they_went_in(self, project: Path, call: Call) -> None:
        details = {"long": 2**63, "text": "é\u2028\U0001f600", "real": 1.0}
        write(project / "in", ndjson({**ORDER, "details": details}))
        event = json.loads(call("run", "orders", "in").out)
        assert json.dumps(event["event_properties"]) == json.dumps(details)

    def test_standard_input(self, project: Path) -> None:
        for arguments in ("", "-"):
            ended = shell(f"$MAPPER run orders {arguments}", cwd=project, stdin=gzip.compress(ndjson(ORDER)))
            assert (ended.code, json.loads(ended.out)) == (0, EVENT)

    def test_a_pipe_by_name_is_opened_once(self, project: Path) -> None:
        write(project / "in", ndjson(ORDER))
        ended = shell("$MAPPER run orders <(cat in) in", cwd=project)
        assert (ended.code, len(ended.out.splitlines())) == (0, 2)

    def test_several_inputs(self, project: Path, call: Call) -> None:
        write(project / "a", ndjson(ORDER))
        write(project / "b", ndjson({}, ORDER))
        call("run", "orders", "a", "b", "--rejected", "no")
        assert [(line["file"], line["line"]) for line in lines(project / "no")] == [("b", 1)]

    def test_the_scopes_of_a_request(self, project: Path, call: Call) -> None:
        mapping = write(project / "mappings/scopes.yaml", SCOPES)
        write(project / "in", "{}")
        options = ["--header", "x-ID=h=1", "--query", "name=q", "--setting", "user=s"]
        (event,) = map(
            json.loads,
            call(
                "run", mapping, "in", *options, "--received-at", "2026-11-23T21:00:00+01:00"
            ).out.splitlines(),
        )
        expected = ["h=1", "q", "s", "2026-11-23T20:00:00.000Z", {}]
        assert list(event.values()) == expected
        request = {"headers": {"X-Id": "h0"}, "query": {"name": "q"}, "settings": {"user": "s"}}
        write(project / "request.json", json.dumps({**request, "received_at": "2026-11-23T20:00:00Z"}))
        (event,) = map(
            json.loads,
            call("run", mapping, "in", "--request", "request.json", "--header", "X-Id=h=1").out.splitlines(),
        )
        assert list(event.values()) == expected

    def test_a_mapping_that_does_not_compile_writes_nothing(self, project: Path, call: Call) -> None:
        write(project / "mappings/unset.yaml", UNSET)
        write(project / "out", "kept")
        write(project / "in", "{}")
        ended = call("run", "unset", "in", "-o", "out")
        assert (ended.code, ended.out) == (1, "")
        assert "error[M501]" in ended.err
        assert (project / "out").read_text() == "kept"

    def test_a_gzip_file_that_breaks_off(self, project: Path, call: Call) -> None:
        bodies = ndjson(*[{**ORDER, "id": os.urandom(50).hex()} for _ in range(2_000)])
        write(project / "in.gz", gzip.compress(bodies)[:-5_000])
        write(project / "more", ndjson(ORDER))
        ended = call("run", "orders", "in.gz", "more")
        assert ended.code == 1
        assert "mapper: `in.gz` is damaged: " in ended.err
        events = ended.out.splitlines()
        assert len(events) > 500
        assert json.loads(events[-1]) == EVENT
        assert f"{len(events):,} events + 0 skipped + 0 rejected" in ended.err

    def test_memory_does_not_grow_with_the_input(self, project: Path, call: Call) -> None:
        peaks = []
        for count in (100, 4_000):  # the second file has 4 MB
            write(project / "in", ndjson({**ORDER, "details": {"text": "x" * 1_000}}) * count)
            tracemalloc.start()
            assert call("run", "orders", "in", "-o", "out").code == 0
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert peaks[1] < peaks[0] + 500_000

    def test_a_reader_that_leaves_is_no_error(self, project: Path) -> None:
        write(project / "in", ndjson(ORDER) * 20_000)
        ended = shell("$MAPPER run orders in | head -1; echo ${PIPESTATUS[0]}", cwd=project)
        event, code = ended.out.splitlines()
        assert (json.loads(event), code, ended.err) == (EVENT, "141", "")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
    @pytest.mark.parametrize("where", ["> /dev/full", "-o /dev/full", "--rejected /dev/full > /dev/null"])
    def test_a_full_disk_is_one_line(self, project: Path, where: str) -> None:
        write(project / "in", ndjson(ORDER, {}) * 10_000)
        ended = shell(f"$MAPPER run orders in {where}", cwd=project)
        assert ended.code == 1
        assert ended.err.splitlines()[-1].startswith("mapper: ")
        assert "No space left" in ended.err.splitlines()[-1]
        assert "Traceback" not in ended.err

    def test_an_interrupt_ends_quietly(self, project: Path) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "mapper", "run", "orders"],
            cwd=project,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(ndjson(ORDER))
        process.stdin.flush()
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (130, b"mapper: interrupted\n")


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
