"""The texts of the API's objects: representations, diagnostics, tables of notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

import mapper
from mapper.transform.result_table import MAX_ROWS
from support.calls import Call, write

TEXT = """\
mapping: orders
version: 1
each: $.orders[*]
skip:
  - {when: test == true, reason: "a <b>test</b>"}
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Order
  user_id: {path: $.user, as: string, on_missing: reject, on_error: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject, on_error: reject}
  event_properties: {}
"""
GOOD = {"id": "secret-1", "user": "secret-2", "at": "2026-11-23T20:00:00Z"}
WRONG = "mapping: a\nversion: 1\nevent:\n  event_id: {path: $.id, as: strng}\n  event_nam: x\n"


class Cells(HTMLParser):
    """The rows of a table."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def results(body: object) -> Iterator[mapper.Result | mapper.JsonResult]:
    transform = mapper.compile(TEXT)
    yield transform(body)
    yield transform.json(json.dumps(body).encode())


def test_a_result_counts_its_items() -> None:
    body = {"orders": [GOOD, GOOD, {"test": True}, {}]}
    assert [repr(one) for one in results(body)] == [
        "<Result 2 events, 1 skipped, 1 rejected>",
        "<JsonResult 2 events, 1 skipped, 1 rejected>",
    ]
    assert repr(mapper.compile(TEXT)({"orders": [GOOD]})) == "<Result 1 event, 0 skipped, 0 rejected>"
    repaired = mapper.compile(TEXT + "repair: [trailing_commas]\n")(b'{"orders": [],}')
    assert repr(repaired) == "<Result 0 events, 0 skipped, 0 rejected, repaired: trailing_commas>"


def test_a_notebook_shows_a_table_without_values() -> None:
    body = {"orders": [GOOD, {"test": True}, {}, {"test": True}, {**GOOD, "user": ["secret-3"]}]}
    for one in results(body):
        html = one._repr_html_()
        cells = Cells()
        cells.feed(html)
        assert "secret" not in html
        assert cells.tags == {"table", "caption", "tr", "th", "td"}
        assert cells.rows[:3] == [
            ["outcome", "reason", "items", "first"],
            ["event", "", "1", ""],
            ["skipped", "a <b>test</b>", "2", "1"],
        ]
        assert [row[0] for row in cells.rows[3:]] == ["rejected", "rejected"]
        assert [row[3] for row in cells.rows[3:]] == ["2", "4"]


def test_a_table_of_many_reasons_is_short() -> None:
    skipped = [mapper.Skipped(number, f"reason {number}", None) for number in range(MAX_ROWS + 7)]
    cells = Cells()
    cells.feed(mapper.Result(skipped=skipped)._repr_html_())
    assert len(cells.rows) == MAX_ROWS + 2
    assert cells.rows[-1] == ["", "and 7 more", "7", ""]


def test_a_diagnostic_is_the_text_of_the_terminal(tmp_path: Path, call: Call) -> None:
    path = write(tmp_path / "a.yaml", WRONG)
    found = mapper.check(WRONG, filename=str(path))
    printed = call("check", path).out
    assert len(found) > 1
    assert "\n\n".join(map(str, found)) + "\n" == mapper.render(found)
    assert printed.startswith(mapper.render(found))
    assert mapper.render(found, "concise") == call("check", path, "--format", "concise").out
    with pytest.raises(ValueError, match="no such format"):
        mapper.render(found, "html")


def test_an_error_names_every_fault() -> None:
    with pytest.raises(mapper.CompileError) as caught:
        mapper.compile(WRONG)
    errors = [one for one in caught.value.diagnostics if one.severity is mapper.Severity.ERROR]
    text = str(caught.value)
    assert len(errors) > 2
    assert all(f"{one.code} {one.message}" in text for one in errors)
    assert f"\n  {errors[-1].span.line}:" in text  # type: ignore[union-attr]
    assert text.count("\n") == len(errors)
    one = WRONG.replace("event_nam", "event_name").replace("{path: $.id, as: strng}", "x") + "  user_id: x\n"
    with pytest.raises(mapper.CompileError) as caught:
        mapper.compile(one + "  event_properties: {}\n")
    assert "\n" not in str(caught.value)
    assert "M501" in str(caught.value)


class FrameworkHeaders:
    """Headers of some frameworks: the methods of a mapping, lines that repeat, no base class."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.pairs = pairs

    def items(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def keys(self) -> Iterator[str]:
        return (key for key, _ in self.pairs)


def test_a_request_takes_the_headers_of_a_framework() -> None:
    headers = FrameworkHeaders(("X-Request-Id", "r"), ("Via", "a"), ("via", "b"))
    request = mapper.Request(headers=headers)  # type: ignore[arg-type]
    assert request.headers == {"x-request-id": "r", "via": "a, b"}


class SeveralValues(dict[str, list[str]]):
    """Query parameters that keep all values, and give the first."""

    def items(self) -> Iterator[tuple[str, str]]:  # type: ignore[override]
        return ((key, values[0]) for key, values in super().items())


def test_a_query_of_several_values_is_that_of_its_items() -> None:
    request = mapper.Request(query=SeveralValues({"a": ["1", "2"]}))  # type: ignore[arg-type]
    assert request.query == {"a": "1"}


@pytest.mark.parametrize("value", [None, "a", ["a"], [("a", "b")], {1: "a"}, FrameworkHeaders((1, "a"))])  # type: ignore[arg-type]
def test_what_is_no_mapping_is_refused(value: object) -> None:
    for name in ("headers", "query", "settings"):
        with pytest.raises(TypeError, match=f"Request.{name} must be a mapping with text keys"):
            mapper.Request(**{name: value})  # type: ignore[arg-type]


def test_schemas_are_found_beside_a_file_that_is_not_saved_yet(tmp_path: Path) -> None:
    write(
        tmp_path / "own.schema.json",
        '{"type": "object", "additionalProperties": false, "properties": {"id": {"type": "string"}}}',
    )
    text = TEXT.replace("version: 1", "version: 1\nsource: own.schema.json").replace(
        "each: $.orders[*]\n", ""
    )
    text = text.replace("test == true", "id == 'x'")
    new = tmp_path / "new.yaml"
    codes = {one.code for one in mapper.check(text, filename=str(new))}
    assert "M004" not in codes
    assert "M301" in codes  # the schema was read: it knows no `user`
    assert not new.exists()
    assert "M004" in {one.code for one in mapper.check(text, filename="<mapping>")}
    assert "M004" in {one.code for one in mapper.check(text, filename=str(tmp_path / "no" / "new.yaml"))}
