"""`mapper test`: the table, the differences, and what becomes of expectations."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mapper.cli.selection import parse_selection
from mapper.diagnostics.stop import Stop
from support.calls import (
    EVENT,
    ONE_EVENT,
    ORDER,
    ORDERS,
    UNSET,
    Call,
    Ended,
    add_case,
    shell,
    write,
)


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
        failure = cases["orders", "bad\\x01name"].find("failure")
        assert failure is not None
        assert '"<c2>' in str(failure.text)
        assert len([c for c in cases if c[0] == "unset"]) >= 1
        assert all(float(c.get("time", "x")) >= 0 for c in cases.values())

    @pytest.mark.slow
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
