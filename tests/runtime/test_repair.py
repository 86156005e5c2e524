"""Repairs: the cases; against the oracle; on documents broken in every declared way; and bounded."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mapper.runtime.repair.edits import MAX_REPAIRS, Repaired
from mapper.runtime.repair.policy import NAMES, REPAIRS, Policy, Repair
from mapper.runtime.repair.readings import (
    MAX_CHARACTERS,
    STEPS_A_CHARACTER,
    STEPS_AT_LEAST,
    Ambiguous,
    Readings,
    repair,
)
from mapper.runtime.repair.readings import TooDeepError as TooDeep
from mapper.runtime.repair.readings import TooManyWaysError as TooManyWays
from mapper.transform.body import read_body
from mapper.transform.json_text import Body
from support.agreement import same
from support.examples import examples
from support.places import TESTS
from support.readings import readings
from support.yaml_text import load_yaml

CASES = TESTS / "cases" / "repair"
LISTED = [
    (path.stem, index, case)
    for path in sorted(CASES.glob("*.yaml"))
    for index, case in enumerate(load_yaml(path)["cases"])
]
NOT_JSON, AMBIGUOUS = "M601", "M609"


def read(body: bytes, *allowed: str, encoding_errors: str = "reject", form: str = "json") -> Body | str:
    """The body, or the code of its rejection."""
    found = read_body(body, Policy(allowed, encoding_errors == "replace", form))
    return found if isinstance(found, Body) else found.code


@pytest.mark.parametrize(("file", "index", "case"), LISTED, ids=[f"{f}-{i}" for f, i, _ in LISTED])
def test_case(file: str, index: int, case: dict[str, Any]) -> None:
    assert set(case) <= {"repair", "encoding_errors", "format", "body", "hex", "value", "repairs", "code"}
    body = bytes.fromhex(case["hex"]) if "hex" in case else case["body"].encode()
    errors, form = case.get("encoding_errors", "reject"), case.get("format", "json")
    found = read(body, *case.get("repair", ()), encoding_errors=errors, form=form)
    if "code" in case:
        assert found == case["code"]
        return
    assert isinstance(found, Body), found
    assert same(found.value, case["value"])
    assert [f"{r.name} {r.count} at {r.line}:{r.column}" for r in found.repairs] == case["repairs"]


def test_every_repair_has_cases() -> None:
    repaired = {line.split()[0] for _, _, case in LISTED for line in case.get("repairs", ())}
    assert repaired == set(NAMES)


# --- one meaning: the fast reader and the oracle that tries everything

TOKENS = [
    *"{}[]:, \n\t1x",
    '"',
    '"',
    '"a"',
    '"a":',
    '"b": ',
    "“",
    "”",
    "//",
    "\\",
    '\\"',
    "\\n",
    "null",
    "}",
    "]",
]
ABOUT_RIGHT = st.sampled_from(
    [
        '{"a": "x", "b": "y"}',
        '{"a": ["x", {"b": 1}], "c": }',
        '[1, "a", {"b": []}]',
        '{“a”: “x”, "b": "“"}',
        '{"a": "x"y", // c "d"\n "b": "z"\n}',
    ]
)


@st.composite
def almost_json(draw: st.DrawFn) -> str:
    """Short texts: tokens at random, or a document with some of them put in or out."""
    if draw(st.booleans()):
        return "".join(draw(st.lists(st.sampled_from(TOKENS), max_size=12)))
    text = draw(ABOUT_RIGHT)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(["", *TOKENS])) + text[at + draw(st.integers(0, 1)) :]
    return text


@examples(400)
@given(almost_json(), st.sets(st.sampled_from(sorted(REPAIRS))))
@example('["","","""]', {"inner_quotes"})
@example('{"a": "\\n", "b": """}', {"inner_quotes"})
@example('{"a": "x" // "y"\n}', {"inner_quotes", "comments"})
def test_reads_what_the_oracle_reads(text: str, allowed: set[str]) -> None:
    expected = readings(text, allowed)
    found = repair(text, allowed)
    if not expected:
        assert found is None
    elif len(expected) > 1 or ("inner_quotes" in allowed and "\\" in text):
        assert isinstance(found, Ambiguous)
    else:
        assert isinstance(found, Repaired)
        assert same(json.loads(found.text), expected[0])


# --- the intended document or a rejection: documents rendered naively, broken in every declared way

LETTERS = 'ab ",:{}[]/\\\n\t“”é'
NAME = st.text("ab :,/{é", max_size=3)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(LETTERS, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME, inner, max_size=3),
    max_leaves=6,
)


class Renderer:
    """Writes a document as a careless template does; `chance` says at each place whether to be careless."""

    def __init__(self, breakages: set[str], chance: Callable[[], bool], *, on_lines: bool) -> None:
        self.breakages, self.chance, self.on_lines = breakages, chance, on_lines

    def breaks(self, name: str) -> bool:
        return name in self.breakages and self.chance()

    def write(self, value: object) -> str:
        match value:
            case dict():
                entries = [f"{self.string(k, is_name=True)}: {self.member(v)}" for k, v in value.items()]
                return self.inside("{", entries, "}")
            case list():
                return self.inside("[", [self.write(entry) for entry in value], "]")
            case str():
                return self.string(value, is_name=False)
            case _:
                return json.dumps(value)

    def member(self, value: object) -> str:
        return "" if value is None and self.breaks("missing_values") else self.write(value)

    def inside(self, opening: str, entries: list[str], closing: str) -> str:
        end = "\n" if self.on_lines else ""
        last = "," if entries and self.breaks("trailing_commas") else ""
        comments = ["// it's \"so\", isn't it\n" if self.breaks("comments") else "" for _ in range(2)]
        return f"{opening}{comments[0]}{end}{f', {end}'.join(entries)}{last} {comments[1]}{end}{closing}"

    def string(self, text: str, *, is_name: bool) -> str:
        quotes = "“”" if self.breaks("curly_quotes") else '""'
        if "inner_quotes" in self.breakages and not is_name:
            return quotes[0] + text + quotes[1]  # no escape at all
        escaped = json.dumps(text, ensure_ascii=False)[1:-1]
        if self.breaks("control_characters"):
            escaped = (
                escaped.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\0", "\\\\")
            )
        return quotes[0] + escaped + quotes[1]


@examples(400)
@given(
    DOCUMENTS,
    st.sets(st.sampled_from(sorted(REPAIRS)), min_size=1, max_size=3),
    st.sets(st.sampled_from(sorted(REPAIRS)), max_size=2),
    st.booleans(),
    st.randoms(use_true_random=False),
)
@example(['","', '"'], {"inner_quotes"}, set(), False, random.Random(0))
@example({"a": 'x", "b": "y', "c": '"'}, {"inner_quotes"}, set(), False, random.Random(0))
@example({"a": "x”, “b”: “y"}, {"curly_quotes"}, set(), False, random.Random(0))
@example({"a": "\\n", "b": '"'}, {"inner_quotes"}, set(), True, random.Random(0))
def test_the_intended_document_or_a_rejection(
    document: object, breakages: set[str], more: set[str], on_lines: bool, chance: random.Random
) -> None:
    renderer = Renderer(breakages, lambda: chance.random() < 0.5, on_lines=on_lines)
    body = renderer.write(document).encode()
    if isinstance(read(body), Body):
        return  # JSON as it stands: strict parsing comes first, and nobody can tell
    found = read(body, *(breakages | more))
    if isinstance(found, Body):
        assert same(found.value, document)
        assert {r.name for r in found.repairs} <= breakages | more
        assert found.repairs
    else:
        assert found in (NOT_JSON, AMBIGUOUS)


# How many of the bodies each breakage leaves are repaired, not only not misread. Texts as people write them.
WORDS = [
    "Jo",
    'the "Flash"',
    'say "hi", ok',
    "it's",
    "a/b",
    '12" wide',
    "http://x.example",
    "{x}",
    "a: b",
    "",
]
ALWAYS = {"control_characters", "missing_values", "trailing_commas", "comments"}
OFTEN = {(name, on_lines): 1.0 for name in ALWAYS for on_lines in (True, False)} | {
    ("inner_quotes", True): 0.9,
    ("inner_quotes", False): 0.2,
    ("curly_quotes", True): 0.9,
    ("curly_quotes", False): 0.2,
}


def everyday(chance: random.Random, depth: int = 0) -> object:
    """An object as events are: names, texts, numbers, objects within."""
    text = " ".join(chance.choices(WORDS, k=2)) + chance.choice(["", "\t", "\n", "\\"])
    value: Callable[[], object] = lambda: chance.choice([text, chance.choice(WORDS), 5, None, True])  # noqa: E731
    fields = {f"k{index}": value() for index in range(chance.randint(1, 4))}
    return {**fields, "o": everyday(chance, depth + 1)} if depth < 2 else {**fields, "l": [1, {"x": value()}]}


@pytest.mark.parametrize(("breakage", "on_lines"), sorted(OFTEN))
def test_most_everyday_bodies_are_repaired(breakage: str, on_lines: bool) -> None:
    repaired = broken = 0
    for seed in range(120):
        chance = random.Random(seed)
        document = everyday(chance)
        if breakage == "inner_quotes":  # what else such a sender leaves as it is, is no quote
            document = json.loads(
                json.dumps(document).replace("\\\\", "").replace("\\n", "").replace("\\t", "")
            )
        body = Renderer({breakage}, lambda: True, on_lines=on_lines).write(document).encode()
        if isinstance(read(body), Body):
            continue
        found = read(body, breakage)
        broken += 1
        if isinstance(found, Body):
            assert same(found.value, document)
            assert [r.name for r in found.repairs] == [breakage]
            repaired += 1
    assert broken > 40
    assert repaired / broken >= OFTEN[breakage, on_lines], repaired / broken


# --- bounds


def hostile(size: int) -> dict[str, str]:
    """Texts with as many ways to read them, or to look at them, as fit in `size` characters."""
    units = {
        "quotes": '"',
        "empty strings": '"",',
        "quotes in a list": '["',
        "names": '{"a":"',
        "names and quotes": '"a":"x",',
        "comments": "//\n",
        "quotes in comments": '"//',
        "quotes in lines of comments": '"//"\n',
        "brackets": "[",
        "strings with brackets": '"[",',
        "objects": '{"a":',
        "curly": "“",
        "curly lists": "“a”,",
        "blanks": '"   ',
        "backslashes": "\\",
        "escapes": '\\"',
        "control characters": "\x01",
        "digits after quotes": '"[",1',
    }
    long = {name: unit * (size // len(unit)) for name, unit in units.items()}
    return {
        **long,
        "open list": '["' + '","' * (size // 3),
        "long line": '["a", ' + '"x" y", ' * (size // 8) + '"b"]',
        "closed": "[" + '"",' * (size // 3) + '""x"]',
        "one string": '{"a": "' + '" ' * (size // 2) + '", "b": 1,}',
        "digits": '["[","[","",' + "1" * size + "]",
    }


@pytest.mark.parametrize("name", hostile(8))
@pytest.mark.parametrize("allowed", [set(REPAIRS), {"inner_quotes"}, {"curly_quotes", "comments"}])
def test_steps_are_linear_in_the_length(name: str, allowed: set[str]) -> None:
    for size in (500, 8_000):
        text = hostile(size)[name]
        reader = Readings(text, frozenset(allowed))
        try:
            reader.follow()
        except TooDeep:
            with pytest.raises(TooDeep):
                repair(text, allowed)
        except TooManyWays:
            found = repair(text, allowed)
            assert isinstance(found, Ambiguous)
            assert found.offset is None
        assert reader.steps <= STEPS_AT_LEAST + STEPS_A_CHARACTER * len(text) + 1


def test_a_long_body_of_everyday_faults_is_within_the_steps() -> None:
    line = '{"name": "the "Flash"",\n "rating": , // none\n "note": "a/b",\n}'
    body = "[" + ",\n".join([line] * 2_000) + "]"
    found = read(body.encode(), "inner_quotes", "missing_values", "trailing_commas", "comments")
    assert isinstance(found, Body)
    assert found.value == [{"name": 'the "Flash"', "rating": None, "note": "a/b"}] * 2_000
    assert found.repairs[0] == Repair("inner_quotes", 4_000, 1, 16)


def test_what_is_too_long_or_too_broken_is_not_repaired() -> None:
    assert read(b"[1,]", "trailing_commas") == Body([1], True, (Repair("trailing_commas", 1, 1, 3),))
    assert read(b"[1," + b" " * MAX_CHARACTERS + b"]", "trailing_commas") == NOT_JSON
    most = b"[" + b"[1,]," * (MAX_REPAIRS - 1) + b"1,]"
    assert isinstance(read(most, "trailing_commas"), Body)
    assert read(b"[" + most + b",]", "trailing_commas") == NOT_JSON


def test_deep_bodies_stay_too_deep() -> None:
    for body in (b"[" * 50_000 + b"1," + b"]" * 50_000, b"[[1,]," + b"[" * 50_000 + b"]" * 50_001):
        assert read(body, "trailing_commas") == "M606"
