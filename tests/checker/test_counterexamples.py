"""Counterexamples: bodies around one item, and payloads that need a value in the body around it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mapper
from mapper.checker.search.counterexamples import item_places, unwrapped, wrapped
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.runtime.missing import MISSING

ITEM = {"n": "x"}
SOURCE = {"type": "object", "properties": {"n": {"type": "string"}}}
TARGET = {"type": "object", "properties": {"f": {"type": "integer"}}, "additionalProperties": False}
VALUE = {"when": "envelope.kind == 'x'", "then": {"path": "$.n", "as": "integer"}, "else": 1}


def text_of(*each: str) -> str:
    names = {"source": "source.schema.json", "target": "target.schema.json"}
    return json.dumps({"mapping": "case", "version": 1, **names, "each": list(each), "event": {"f": VALUE}})


def places_of(*each: str) -> tuple[tuple[str | int, ...], ...]:
    program = analyse(SourceFile("case.yaml", text_of(*each)), None, Report()).program
    assert program is not None
    return tuple(item_places(program.each, None))


@pytest.mark.parametrize(
    ("each", "around", "body"),
    [
        (["$"], MISSING, ITEM),
        (["$.items[*]"], MISSING, {"items": [ITEM]}),
        (["$.items[:]"], {"kind": "x"}, {"kind": "x", "items": [ITEM]}),
        (["$.items[*]", "$"], MISSING, ITEM),
        (["$.a[*].b[*]"], {"a": [{"kind": "x"}]}, {"a": [{"kind": "x", "b": [ITEM]}]}),
    ],
)
def test_a_body_around_one_item(each: list[str], around: object, body: object) -> None:
    places = places_of(*each)
    assert wrapped(places, ITEM, around) == body
    assert unwrapped(places, body) == ITEM


def test_an_item_at_the_root_joins_the_body() -> None:
    assert wrapped(places_of("$"), ITEM, {"kind": "x"}) == {"kind": "x", "n": "x"}


def test_a_filter_has_no_body_around_one_item() -> None:
    assert wrapped(places_of("$.items[?@.n]"), ITEM, MISSING) is MISSING


def test_a_body_with_two_elements_holds_no_single_item() -> None:
    places = places_of("$.items[*]")
    assert unwrapped(places, wrapped(places, ITEM, {"items": [None, {"n": 1}]})) is MISSING


def test_a_payload_keeps_the_values_around_its_item(tmp_path: Path) -> None:
    (tmp_path / "source.schema.json").write_text(json.dumps(SOURCE), "utf-8")
    (tmp_path / "target.schema.json").write_text(json.dumps(TARGET), "utf-8")
    (tmp_path / "case.yaml").touch()
    (found,) = mapper.check(text_of("$.batch[:].items[:]"), filename=str(tmp_path / "case.yaml"))
    assert (found.code, found.severity) == ("M405", mapper.Severity.WARNING)
    assert found.hints[-1] == (
        'smallest payload that fails: `{"kind": "x", "batch": [{"items": [{"n": ""}]}]}`'
    )
