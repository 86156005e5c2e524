"""`mapper check`: what people and machines see, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mapper import catalog
from support.calls import (
    ORDERS,
    UNSET,
    Call,
    Ended,
    write,
)


class TestCheck:
    def test_a_clean_mapping(self, project: Path, call: Call) -> None:
        not_checked = (
            "values of the payload may be anything, because there is no source schema;"
            " `mapper infer` makes one of samples"
        )
        lines = f"mappings/orders.yaml: not checked: {not_checked}\nno problems in 1 mapping\n"
        assert call("check") == Ended(0, lines, "")

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


def test_check_says_what_it_assumed(tmp_path: Path, call: Call) -> None:
    mapping = tmp_path / "plain.yaml"
    mapping.write_text("mapping: plain\ntemplate: '{}'\n", encoding="utf-8")
    done = call("check", str(mapping), "--assumed")
    assert "plain.yaml: assumed: no source schema" in done.out
    assert "assumed" not in call("check", str(mapping)).out
