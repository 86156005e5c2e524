"""Bad mappings: each ends in a clear diagnostic, and hostile texts in a mapping stay text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import mapper
from mapper.api import check_file
from support.examples import examples
from support.frames import PLAIN_BODY, PLAIN_MAPPING

MAPPINGS = {
    "empty": (b"", "M102"),
    "comment only": (b"# nothing\n", "M102"),
    "a list": (b"- a\n- b\n", "M103"),
    "a scalar": (b"hello\n", "M103"),
    "not yaml": (b"mapping: [a\n", "M101"),
    "not utf-8": (b"mapping: \xff\n", "M002"),
    "utf-16": ("mapping: a\n".encode("utf-16"), "M002"),
    "nul": (b"mapping: a\0b\n", "M101"),
    "tabs": (b"mapping: a\nevent:\n\tevent_id: x\n", "M101"),
    "duplicate key": (PLAIN_MAPPING.encode() + b"mapping: again\n", "M104"),
    "unknown key": (PLAIN_MAPPING.encode() + b"evnt: {}\n", "M105"),
    "python tag": (b"mapping: !!python/object/apply:os.system ['true']\n", "M109"),
    "two documents": (PLAIN_MAPPING.encode() + b"---\n" + PLAIN_MAPPING.encode(), "M112"),
    "bad path": (PLAIN_MAPPING.replace("$.p,", "'$.p[',").encode(), "M201"),
    "unknown filter": (PLAIN_MAPPING.replace("Seen", '"{{ a | nosuch }}"').encode(), "M212"),
    "unknown target key": (PLAIN_MAPPING.encode() + b"  colour: red\n", "M302"),
    "missing schema": (PLAIN_MAPPING.encode() + b"source: nowhere.schema.json\n", "M004"),
    "schema elsewhere": (PLAIN_MAPPING.encode() + b"source: ../../etc/passwd\n", "M005"),
    "too large": (PLAIN_MAPPING.encode() + b"#" * 2_000_000, "M010"),
    "too deep": (b"mapping: " + b"[" * 5_000, "M110"),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_bad_mapping(name: str, tmp_path: Path) -> None:
    data, code = MAPPINGS[name]
    path = tmp_path / "m.yaml"
    path.write_bytes(data)
    found = check_file(path)[0]
    assert code in [d.code for d in found], found
    with pytest.raises(mapper.CompileError):
        mapper.load(path)


def test_billion_laughs(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    path = tmp_path / "m.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert {d.code for d in check_file(path)[0]} == {"M108"}


def test_missing_file() -> None:
    (diagnostic,) = check_file(Path("no/such.yaml"))[0]
    assert diagnostic.code == "M001"


HOSTILE = [
    "it's",
    'a"b',
    "{x}",
    "{{x}}",
    '"); import os; (',
    "'); import os; ('",
    "a\nb",
    "a\\b",
    "\u2028",
    "\x00",
    "%s",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text(text: str) -> None:
    assert_comes_back(text)


@examples(60)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
@example("__import__('os')")
def test_any_text_stays_text(text: str) -> None:
    assert_comes_back(text)


# Longer than any text that is tried, so that they never meet.
MATCHED, READ = "which case of the match was taken", "what the quoted path has read"


def assert_comes_back(text: str) -> None:
    """A text as key of the output, as literal, in a path and in a case of a match."""
    name = "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in text)
    if any(0xD800 <= ord(c) < 0xE000 for c in text):
        assert {d.code for d in mapper.check(f'mapping: "{name}"\nevent: {{}}\n')} & {"M101"}
        return
    if text in PLAIN_BODY:
        return  # would take the place of what the frame reads
    units = memoryview(text.encode("utf-16-le")).cast("H")
    path = "".join(f"\\\\u{unit:04x}" for unit in units)
    lines = [
        PLAIN_MAPPING.replace("event_properties: {path: $.p, as: object, default: {}}", "event_properties:"),
        f'    object: {{"{name}": {{literal: "{name}"}},',
        f'      "{MATCHED}": {{match: "$[\'{MATCHED}\']", cases: {{"{name}": 1}}, else: 0}},',
        f'      "{READ}": "$[\'{path}\']"',
        "    }",
    ]
    transform = mapper.compile("\n".join(lines))
    event = transform({**PLAIN_BODY, MATCHED: text, text: "found"}).events[0]
    properties = event["event_properties"]
    assert isinstance(properties, dict)
    assert properties == {text: text, MATCHED: 1, READ: "found"}


@examples(100)
@given(
    st.text()
    | st.sampled_from(PLAIN_MAPPING.splitlines()).map(lambda line: PLAIN_MAPPING.replace(line, line[::-1]))
)
def test_any_mapping_text_is_diagnosed(text: str) -> None:
    for diagnostic in mapper.check(text):
        assert not diagnostic.code.startswith("M9")


UNUSABLE: dict[str, list[object]] = {
    "from": ["", "%", "% ", "%Y", "%Q", "%s%s", "iso", ["epoch_s", "% "]],
    "time_of_day": ["", "25:99"],
    "zone": ["", "Mars/Olympus"],
    "within": [["x", "y"], ["2026-01-01", "2025-01-01"]],
    "write": ["", "%", {"pattern": "% "}, {"precision": "x"}, {"pattern": "%Y", "zone": "Mars/Olympus"}],
}


@pytest.mark.parametrize(
    ("modifier", "value"), [(name, value) for name, values in UNUSABLE.items() for value in values]
)
def test_nothing_is_computed_with_an_unusable_modifier(modifier: str, value: object) -> None:
    """The value of a case is known, so the checker casts it."""
    cast = {"path": "$.a", "as": "timestamp", "from": "date", "time_of_day": "12:00", "zone": "UTC"}
    known = {"match": "$.a", "cases": {"2026-11-23": cast | {modifier: value}, "5": cast | {modifier: value}}}
    found = mapper.check(json.dumps({"mapping": "m", "event": {"event_id": known}}))
    assert any(each.severity is mapper.Severity.ERROR for each in found)
