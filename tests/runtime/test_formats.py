"""Formats: texts are judged as jsonschema judges them, and in linear time."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from datetime import date
from itertools import product

import pytest

from mapper.runtime.schema.formats import CHECKED, MAX_SYNTAX, conforms, format_checker, is_date_time, is_uuid
from support.places import TESTS
from support.validators import CHECKER

PATTERNS = json.loads((TESTS / "conformance" / "ecma" / "inputs.json").read_text("utf-8"))

# The names of other properties than categories are not known here; a name may be one.
REFUSED = [text for text in PATTERNS["refused"] if not text.startswith(r"\p{")]

# --- formats

SLOW_FORMATS = {
    ("iri", "http://" + "a" * 1_000_000): True,
    ("iri", "http://" + "a" * 1_000_000 + "^"): False,
    ("iri-reference", "/\u00e9" * 500_000): True,
    ("iri-reference", "a" * 1_000_000): True,
    ("regex", r"[\x00-\uffff]" * 700): True,
    ("regex", "(" * 5_000 + ")" * 5_000): False,
    ("regex", "a" * (MAX_SYNTAX + 1)): False,
    ("uri-template", "{" * 1_000_000): False,
    ("uri-template", "/{a}" * 2_500): True,
    ("uri-template", "/{a}" * 250_000): False,
}


@pytest.mark.parametrize("case", SLOW_FORMATS, ids=lambda case: f"{case[0]} {case[1][:12]}")
def test_formats_that_the_library_takes_long_to_check(case: tuple[str, str]) -> None:
    assert format_checker().conforms(case[1], case[0]) is SLOW_FORMATS[case]


@pytest.mark.parametrize(
    ("text", "is_absolute", "is_reference"),
    [
        ("http://example.com/\u00e9?\ue000#\u00e9", True, True),
        ("http://example.com/\ue000", False, False),
        ("http://ex\u00e4mple.com:80", True, True),
        ("http://example.com:8\u00e9", False, False),
        ("\u00e9:b", False, False),
        ("h\u00e9:b", False, False),
        ("b/\u00e9:b", False, True),
        ("\u00e9", False, True),
        ("a\n", False, False),
        ("a:\x85", False, False),
        ("a:\ufffe", False, False),
        ("", False, True),
    ],
)
def test_iris_are_those_of_rfc_3987(text: str, is_absolute: bool, is_reference: bool) -> None:
    assert format_checker().conforms(text, "iri") is is_absolute
    assert format_checker().conforms(text, "iri-reference") is is_reference


@pytest.mark.parametrize(
    "text", [*PATTERNS["patterns"], r"(a)\1", r"(?<n>a)\k<n>", r"\p{Script=Greek}", r"\2(a)(b)"]
)
def test_a_regex_is_a_pattern_of_ecma_262(text: str) -> None:
    assert format_checker().conforms(text, "regex")


@pytest.mark.parametrize(
    "text", [*REFUSED, r"(a)\2", r"(?<n>a)\k<m>", r"\k", r"\p{=}", r"[\1]", r"(?<n>a)\2"]
)
def test_a_regex_is_nothing_else(text: str) -> None:
    assert not format_checker().conforms(text, "regex")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_regex_is_what_node_compiles() -> None:
    chance = random.Random(1)
    alphabet = r"ab()|*+?{}1,[]^$\.dwk:=!<>i-"
    texts = ["".join(chance.choices(alphabet, k=chance.randrange(1, 12))) for _ in range(4_000)]
    texts = [
        text for text in texts if not re.search(r"\\[,:=!<>-]", text)
    ]  # signs that may have a backslash here
    done = subprocess.run(
        ["node", str(TESTS / "conformance" / "ecma" / "search.mjs")],
        input=json.dumps([[text, []] for text in texts]),
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = [found is not None for found in json.loads(done.stdout)]
    assert [
        text for text, good in zip(texts, wanted, strict=True) if good is not conforms(text, "regex")
    ] == []
    assert sum(wanted) > 300


def texts_near(*texts: str) -> set[str]:
    """The texts and all that lie one edit away from them, by characters that matter to formats."""
    alphabet = "0139TtZz:-+. \n{}u_@٣"
    near = set(texts)
    for text in texts:
        for index in range(len(text) + 1):
            near.add(text[:index] + text[index + 1 :])
            near.update(text[:index] + c + text[index:] for c in alphabet)
            near.update(text[:index] + c + text[index + 1 :] for c in alphabet)
    return near


def test_date_time_agrees_with_jsonschema() -> None:
    texts = texts_near("2024-02-29T23:59:59Z", "1999-12-31t00:00:00.123+05:30", "0001-01-01T00:00:00.0z")
    texts |= {f"{year:04}-02-{day}T00:00:00Z" for year in range(10_000) for day in ("28", "29")}
    texts |= {f"{y}-{m:02}-{d:02}T00:00:00Z" for y in (2023, 2024) for m in range(14) for d in range(33)}
    wrong = [t for t in texts if bool(is_date_time(t)) is not CHECKER.conforms(t, "date-time")]
    assert wrong == []
    assert is_date_time(f"{date(2024, 2, 29)}T00:00:00Z")


def test_uuid_agrees_with_jsonschema() -> None:
    plain = "2eb8aa08-aa98-11ea-b4aa-73b441d16380"
    texts = texts_near(plain, plain.upper(), f"{{{plain}}}", f"urn:uuid:{plain}", plain.replace("-", ""))
    assert [t for t in texts if bool(is_uuid(t)) is not CHECKER.conforms(t, "uuid")] == []
    assert is_uuid(plain)


def test_time_agrees_with_jsonschema() -> None:
    texts = texts_near("23:59:59Z", "00:00:00.123+05:30", "10:20:30.0z")
    assert [t for t in texts if conforms(t, "time") is not CHECKER.conforms(t, "time")] == []
    assert conforms("23:59:59Z", "time")


SPELLED = {
    "date": "2024-02-29",
    "date-time": "2024-02-29T23:59:59Z",
    "duration": "P1DT2H",
    "hostname": "a-1.example",
    "idn-hostname": "a-1.example",
    "ipv4": "10.20.30.40",
    "ipv6": "2001:db8::1",
    "iri": "https://a.example/b?c#d",
    "iri-reference": "/b?c#d",
    "time": "23:59:59Z",
    "uri": "https://a.example/b?c#d",
    "uri-reference": "/b?c#d",
    "uri-template": "/b/{c}?d",
    "uuid": "2eb8aa08-aa98-11ea-b4aa-73b441d16380",
}
# An address in an email is not looked at; all others may have such signs.
WITH_WHITE_SPACE = {"email", "idn-email", "json-pointer", "regex", "relative-json-pointer"}


def test_formats_have_white_space_or_not() -> None:
    assert SPELLED.keys() | WITH_WHITE_SPACE == CHECKED


@pytest.mark.parametrize("name", SPELLED)
def test_a_format_without_white_space_has_none_anywhere(name: str) -> None:
    text = SPELLED[name]
    assert conforms(text, name)
    for index, odd in product(range(len(text) + 1), "\n\r\t \x00\x7f"):
        assert not conforms(text[:index] + odd + text[index:], name)
        assert not conforms(text[:index] + odd + text[index + 1 :], name)


@pytest.mark.parametrize("name", ["date", "date-time", "ipv4", "ipv6", "time", "uuid"])
def test_a_format_of_ascii_has_no_other_digits(name: str) -> None:
    text = SPELLED[name]
    for index, odd in product(range(len(text) + 1), "_٣"):
        assert not conforms(text[:index] + odd + text[index:], name)
        assert not conforms(text[:index] + odd + text[index + 1 :], name)


def test_every_format_of_the_draft_is_checked() -> None:
    assert set(format_checker().checkers) == CHECKED
