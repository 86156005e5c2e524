"""The shipped JSON Schema of the mapping language says the same as the reader of mappings."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.language.document import read_document
from mapper.language.mapping_schema import mapping_schema
from mapper.language.modifiers import CASTS, MODIFIERS, ON_ERROR
from mapper.language.reader import TOP_LEVEL, read_spec
from mapper.language.value_reader import OPERATORS, plain_value
from support.examples import tries
from support.places import ROOT

FILE = ROOT / "schemas" / "mapping.schema.json"
# Codes of the spec's shape. What a text says (a path, a zone, a window's bound) no schema can tell.
SHAPE = {"M103", "M104", "M105", "M106", "M107", "M111", "M113", "M114", "M117", "M119", "M122"}

VALUES_OF_EVENTS: list[Any] = [
    {"path": "$.a", "as": "string"},
    {"first_of": ["$.a", 1, None, True], "default": {"x": ["$.y"]}},
    {"path": "$.t", "as": "timestamp", "from": ["iso8601", "epoch_s"], "zone": "UTC"},
    {"path": "$.t", "as": "timestamp", "within": ["2000-01-01", None], "on_error": "omit"},
    {"match": "$.t", "cases": {"x": 1, "y": "$.y"}, "else": {"literal": {"path": 1}}},
    {"match": "$.t", "cases": [{"in": ["x", 1, True, None], "then": "$.y"}, {"in": ["z"], "then": 1}]},
    {"when": "x == 1", "then": "$.a", "else": {"object": {"path": "$.p"}}},
    {"merge": ["$.a", {"b": 1}], "pick": ["x"], "omit": ["y"], "rename": {"a": "b"}},
    {"path": "$.o", "flatten": {"separator": "_", "lists": "index"}, "on_error": "reject"},
    {"path": "$.o", "flatten": {"lists": "keep"}, "prune": ["empty"]},
    {"path": "$.o", "prune": [None, "blank", "empty"], "default": {}},
    {"map": "$.a[*]", "to": {"b": "$.b"}, "on_missing": "reject"},
    {"x": {"hash": ["$.a"]}, "y": {"header": "H"}, "z": {"query": "q"}, "s": {"setting": "s"}},
    {"x": {"received_at": True}, "y": {"envelope": "$.x", "as": "json", "on_error": "null"}},
    {"path": "$.a", "as": "integer", "on_error": "default", "default": 0},
]
SEEDS: list[dict[str, Any]] = [
    {
        "mapping": "a",
        "version": 1,
        "description": "d",
        "source": "s.json",
        "each": ["$[:].json", "$"],
        "event": {},
    },
    {"mapping": "a", "encoding_errors": "replace", "repair": ["comments", "inner_quotes"], "event": {"a": 1}},
    {"mapping": "a", "encoding_errors": "reject", "repair": "trailing_commas", "event": {"a": 1}},
    {"mapping": "a", "body": {"format": "none"}, "event": {"a": {"query": "a"}}},
    {"mapping": "a", "body": {"schema": "s.json"}, "each": "$.x", "repair": "comments", "event": {"a": 1}},
    {
        "mapping": "a",
        "body": {"format": "form", "names": "brackets", "field": "p", "schema": "s.json"},
        "event": {"a": "$.a"},
    },
    {"mapping": "a", "template": "{}", "dialect": "d", "target": "t.json", "each": "$.x"},
    {"mapping": "a", "skip": [{"when": "a == blank", "reason": "r"}], "event": {"a": "$.a"}},
    *({"mapping": "a", "event": {"a": value}} for value in VALUES_OF_EVENTS),
]

WORDS = [
    *TOP_LEVEL,
    *OPERATORS,
    *MODIFIERS,
    *CASTS,
    *ON_ERROR,
    "when",
    "reason",
    "cases",
    "else",
    "in",
    "then",
    "odd",
    "format",
    "names",
]
VALUES: list[Any] = [
    "$.a",
    "text",
    "",
    "{{ a }}",
    1,
    1.5,
    True,
    False,
    None,
    [],
    {},
    ["$.a"],
    {"a": 1},
    "reject",
    "timestamp",
    "comments",
    ["comments", "replace"],
    "form",
    "none",
    "brackets",
]


def by_schema(document: object) -> bool:
    return Draft202012Validator(mapping_schema()).is_valid(document)


def by_reader(document: object) -> list[str]:
    report = Report()
    text = yaml.safe_dump(
        document, allow_unicode=True, default_style='"' if isinstance(document, str) else None
    )
    node = read_document(SourceFile("<mapping>", text), report)
    if node is not None:
        read_spec(node, report)
    return [d.code for d in report.diagnostics if d.code in SHAPE]


def test_file_is_current(update: bool) -> None:
    text = json.dumps(mapping_schema(), indent=2) + "\n"
    if update:
        FILE.write_text(text, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == text, "run `pytest --update`"


def test_schema_is_valid() -> None:
    Draft202012Validator.check_schema(mapping_schema())


REPEATED = [
    {"path": "$.o", "prune": ["null", "blank", "null"]},
    {"path": "$.o", "prune": [None, None]},
    {"path": "$.o", "prune": [None, "empty", "null"]},
]


@pytest.mark.parametrize("value", REPEATED)
def test_an_entry_that_stands_twice_is_refused(value: dict[str, Any]) -> None:
    document = {"mapping": "m", "event": {"event_id": value}}
    assert not by_schema(document)
    assert "M104" in by_reader(document)


@pytest.mark.parametrize("document", SEEDS)
def test_seeds_are_accepted(document: dict[str, Any]) -> None:
    assert by_reader(document) == []
    assert by_schema(document)


@pytest.mark.parametrize("path", sorted((ROOT / "mappings").glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_mappings_fit(path: Path) -> None:
    # YAML 1.1 would make dates of the bounds of `within`; our own reading of scalars is what counts.
    node = read_document(SourceFile(path.name, path.read_text(encoding="utf-8")), report := Report())
    assert node is not None
    assert by_schema(plain_value(node, report))


@pytest.mark.parametrize("seed", range(tries(60)))
def test_reader_and_schema_agree(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(15):
        document = deepcopy(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 3)):
            if document:
                mutate(document, chance)
        assert by_schema(document) == (not (found := by_reader(document))), (document, found)


def mutate(document: dict[str, Any], chance: random.Random) -> None:
    """Change one place of a document: drop, rename, replace or add."""
    place: Any = document
    while True:
        inner = [
            v
            for v in (place.values() if isinstance(place, dict) else place)
            if isinstance(v, dict | list) and v
        ]
        if not inner or chance.random() < 0.25:
            break
        place = chance.choice(inner)
    if isinstance(place, list):
        place[chance.randrange(len(place))] = deepcopy(chance.choice(VALUES))
        return
    key = chance.choice(list(place))
    match chance.randrange(4):
        case 0:
            del place[key]
        case 1:
            place[chance.choice(WORDS)] = place.pop(key)
        case 2:
            place[key] = deepcopy(chance.choice(VALUES))
        case _:
            place[chance.choice(WORDS)] = deepcopy(chance.choice(VALUES))
