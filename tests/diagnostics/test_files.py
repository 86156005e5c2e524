"""Files: names, encodings and sizes of source files, and the diagnostic if one cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import display_name, read_source
from mapper.runtime.limits import DEFAULT


def test_names_are_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mappings").mkdir()
    monkeypatch.chdir(tmp_path)
    assert display_name(tmp_path / "mappings" / "a.yaml") == "mappings/a.yaml"
    assert display_name(Path("mappings") / "a.yaml") == "mappings/a.yaml"
    assert display_name(Path("/elsewhere/a.yaml")) == "/elsewhere/a.yaml"


def test_read_source_keeps_line_ends_and_drops_the_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffa: 名\r\n".encode())
    file = read_source(path, Report())
    assert file is not None
    assert file.text == "a: 名\r\n"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("missing.yaml", None, "M001"),
        ("a\x00b.yaml", None, "M001"),
        ("latin.yaml", b"a: caf\xe9", "M002"),
        ("cut.yaml", "a: 名".encode()[:-1], "M002"),
        ("utf16.yaml", "a: 1".encode("utf-16-le"), "M002"),
        ("utf32.yaml", "a: 1".encode("utf-32"), "M002"),
        ("large.yaml", b"#" * (DEFAULT.mapping_bytes + 1), "M010"),
    ],
)
def test_unreadable_files(tmp_path: Path, name: str, data: bytes | None, code: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    report = Report()
    assert read_source(tmp_path / name, report) is None
    assert [d.code for d in report.diagnostics] == [code]


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    report = Report()
    assert read_source(tmp_path, report) is None
    assert [d.code for d in report.diagnostics] == ["M001"]
