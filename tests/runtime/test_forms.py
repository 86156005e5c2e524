"""Forms: the pairs of the WHATWG parser, names with brackets, and hostile forms."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.forms import pairs
from mapper.runtime.forms.brackets import nest
from mapper.runtime.forms.pairs import FormFault, _parse, read_pairs
from mapper.runtime.forms.percents import unquoted
from mapper.runtime.limits import DEFAULT, Limits
from mapper.runtime.repair.policy import Policy
from mapper.transform.body import read_body
from support.examples import examples
from support.growth import assert_linear
from support.places import ROOT

FLAT, NESTED = Policy(format="form"), Policy(format="form", nests=True)
PAYLOAD = Policy(format="form", field="payload")


def read(form: bytes | str, policy: Policy = FLAT, limits: Limits = DEFAULT) -> Any:
    """The value of a form, or the code of its rejection."""
    found = read_body(form.encode() if isinstance(form, str) else form, policy, limits)
    return found.code if isinstance(found, Diagnostic) else found.value


def message(form: str, policy: Policy = FLAT) -> str:
    found = read_body(form.encode(), policy)
    assert isinstance(found, Diagnostic)
    return found.message


# https://github.com/web-platform-tests/wpt/blob/master/url/urlencoded-parser.any.js, as far as it is UTF-8.
PAIRS: list[tuple[str, list[tuple[str, str]]]] = [
    ("test", [("test", "")]),
    ("\ufefftest=\ufeff", [("\ufefftest", "\ufeff")]),
    ("%EF%BB%BFtest=%EF%BB%BF", [("\ufefftest", "\ufeff")]),
    ("†&†=x", [("†", ""), ("†", "x")]),
    ("%C2", []),
    ("%C2x", []),
    ("_charset_=utf-8&test=%C2x", []),
    ("", []),
    ("a", [("a", "")]),
    ("a=b", [("a", "b")]),
    ("a=", [("a", "")]),
    ("=b", [("", "b")]),
    ("&", []),
    ("&a", [("a", "")]),
    ("a&", [("a", "")]),
    ("a&a", [("a", ""), ("a", "")]),
    ("a&b&c", [("a", ""), ("b", ""), ("c", "")]),
    ("a=b&c=d", [("a", "b"), ("c", "d")]),
    ("a=b&c=d&", [("a", "b"), ("c", "d")]),
    ("&&&a=b&&&&c=d&", [("a", "b"), ("c", "d")]),
    ("a=a&a=b&a=c", [("a", "a"), ("a", "b"), ("a", "c")]),
    ("a==a", [("a", "=a")]),
    ("a=a+b+c+d", [("a", "a b c d")]),
    ("%61=a", [("a", "a")]),
    ("%61+%4d%4D=", [("a MM", "")]),
    ("id=0&value=%3B;", [("id", "0"), ("value", ";;")]),
]


@pytest.mark.parametrize(("form", "pairs"), PAIRS)
def test_pairs_are_those_of_the_standard(form: str, pairs: list[tuple[str, str]]) -> None:
    if "%C2" in form:  # the standard replaces such bytes
        with pytest.raises(FormFault, match="M602"):
            read_pairs(form, 100, replaces=False)
        return
    assert read_pairs(form, 100, replaces=False).pairs == pairs


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=6))
@examples(200)
def test_what_a_library_writes_is_read_back(pairs: list[tuple[str, str]]) -> None:
    if any(re.search("[\ud800-\udfff]", name + value) for name, value in pairs):
        return
    assert read_pairs(urlencode(pairs), 100, replaces=False).pairs == pairs
    assert read(urlencode(pairs)) == dict(pairs) or any(name == "_charset_" for name, _ in pairs)


BRACKETS: list[tuple[str, Any]] = [
    ("a[b][c]=1&a[b][d]=2&e=3", {"a": {"b": {"c": "1", "d": "2"}}, "e": "3"}),
    ("a%5Bb%5D=1", {"a": {"b": "1"}}),
    ("a[b]=1&a[b]=2", {"a": {"b": "2"}}),
    ("a[1]=y&a[0]=x", {"a": ["x", "y"]}),
    ("a[0][b]=1&a[0][c]=2&a[1][b]=3", {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
    ("a[00]=x", {"a": {"00": "x"}}),
    ("a[1]=x", {"a": {"1": "x"}}),
    ("a[-1]=x", {"a": {"-1": "x"}}),
    ("a[999999999]=x", {"a": {"999999999": "x"}}),
    ("0=a&1=b", {"0": "a", "1": "b"}),
    ("a[][]=1&a[][]=2", {"a": [["1"], ["2"]]}),
    ("a[][b][]=1&a[][b][]=2", {"a": [{"b": ["1"]}, {"b": ["2"]}]}),
    ("a[b][]=1&a[b][]=2", {"a": {"b": ["1", "2"]}}),
    ("__proto__[x]=1&a[__proto__]=2&if=3", {"__proto__": {"x": "1"}, "a": {"__proto__": "2"}, "if": "3"}),
    ("[]=1&[a]=2&a]=3&a[=4", {"[]": "1", "[a]": "2", "a]": "3", "a[": "4"}),
    ("a[b=5&a[b]c=6&a[[b]]=7", {"a[b": "5", "a[b]c": "6", "a[[b]]": "7"}),
    ("a=1&a[b]=2", "M628"),
    ("a[b]=1&a=2", "M628"),
    ("a[b]=1&a[b][c]=2", "M628"),
    ("a[b][c]=1&a[b]=2", "M628"),
    ("a[]=1&a[0]=2", "M628"),
    ("a[0]=1&a[]=2", "M628"),
    ("a[]=1&a[][b]=2", "M628"),
    ("a[][b]=1&a[][c]=2", "M628"),
]


@pytest.mark.parametrize(("form", "expected"), BRACKETS)
def test_brackets(form: str, expected: Any) -> None:
    assert read(form, NESTED) == expected


def test_the_table_of_the_documentation_is_true() -> None:
    page = (ROOT / "docs/bodies.md").read_text("utf-8")
    table = page.partition("| names in a form |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.*) \| (.*) \|$", table, re.MULTILINE)
    assert len(rows) == 8
    for forms, meaning in rows:
        expected = [json.loads(text) for text in re.findall(r"`(\{.*?\})`", meaning)]
        for number, form in enumerate(re.findall("`(.*?)`", forms)):
            want = expected[number if len(expected) > 1 else 0] if expected else "M628"
            found = read(form, NESTED)
            assert (found == want) or want.items() <= found.items(), form


def test_a_huge_form_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(pairs, "_parse", refuse)
    monkeypatch.setattr(pairs, "_read_percents", refuse)
    for policy in (FLAT, NESTED, PAYLOAD):
        assert read(b"&" * 1_000_000, policy) == "M608"
        assert read(b"a=1&" * 100_000, policy) == "M608"
        assert read(b"a[b]=%zz&" * 100_000, policy) == "M608"


@pytest.mark.parametrize("part", ["[x]", "[]", "[0]"])
def test_deep_names_are_bounded(part: str) -> None:
    assert read("a" + part * (DEFAULT.nesting - 1) + "=1", NESTED) != "M606"
    assert read("a" + part * DEFAULT.nesting + "=1", NESTED) == "M606"
    assert read("a" + part * 1_000_000 + "=1", NESTED) == "M606"
    assert read("a" + "[" * 1_000_000 + "=1", NESTED) == {"a" + "[" * 1_000_000: "1"}


def test_many_deep_names_take_linear_work() -> None:
    def assert_read(form: str) -> None:
        assert isinstance(read(form, NESTED), dict)

    names: tuple[Callable[[int], str], ...] = (lambda n: f"a{'[x]' * 150}[k{n}]", lambda n: f"a[{n}]")
    for name in names:
        forms = ("&".join(f"{name(number)}=1" for number in range(count)) for count in (300, 2_400))
        assert_linear(assert_read, *forms)


def test_a_name_from_a_form_cannot_fill_or_steer_a_terminal() -> None:
    found = message("a%1B[31m%0A" + "x" * 500 + "%E2%80%AE=%FF")
    assert found == message("a%1B[31m%0A" + "x" * 700 + "%E2%80%AE=%FF")
    assert "\x1b" not in found
    assert "\n" not in found
    assert len(found) < 120


def test_values_are_not_in_messages() -> None:
    for form in ("a=secret%", "a=secret%ff", "a=secret&a[b]=secret", "_charset_=secret&a=%c3%a9"):
        assert "secret" not in message(form, NESTED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1.0, "b": 12345678901234567890}', {"a": 1.0, "b": 12345678901234567890}),
        ("[]", []),
        ("null", None),
        ("", "M601"),
        ("{", "M601"),
        ("{} {}", "M601"),
        ("[" * 20_000, "M606"),
    ],
)
def test_a_field_of_json(text: str, expected: Any) -> None:
    found = read(urlencode({"x": "1", "payload": text, "y": "2"}), PAYLOAD)
    assert found == (expected if isinstance(expected, str) else {"x": "1", "payload": expected, "y": "2"})
    assert list(found) == ["x", "payload", "y"] or isinstance(found, str)


def test_the_message_names_the_field() -> None:
    found = read_body(b"payload=%7B", PAYLOAD)
    assert isinstance(found, Diagnostic)
    assert found.message.startswith("the field `payload` is not JSON")
    assert found.location == "$.payload"


def test_nest_takes_what_a_host_has_parsed() -> None:
    parsed: Any = [("a", {"b": 1}), ("c[d]", [1]), (7, None)]
    assert nest(parsed, 9, 9) == {"a": {"b": 1}, "c": {"d": [1]}, 7: None}


@given(st.text("a+ %4é\ud800😀Cc3A9=&f", max_size=60), st.sampled_from(["strict", "replace"]))
@examples(400)
def test_percents_mean_what_the_library_reads(text: str, errors: str) -> None:
    def read_by(function: Callable[..., object]) -> object:
        try:
            return function(text, errors=errors)
        except UnicodeDecodeError:
            return UnicodeDecodeError

    assert read_by(unquoted) == read_by(unquote_plus)
    if text.isascii():
        library = partial(parse_qsl, keep_blank_values=True, separator="&")
        assert read_by(_parse) == read_by(library)


@pytest.mark.parametrize("before", range(8))
def test_percents_across_the_ends_of_chunks(before: int) -> None:
    text = "a" * before + "%C3%A9%" * 30_000
    assert unquoted(text, "strict") == "a" * before + "é%" * 30_000


def test_percents_and_names_take_little_memory() -> None:
    for form, policy in (("a=" + "%41" * 300_000, FLAT), ("a" + "[b]" * 300_000 + "=", NESTED)):
        tracemalloc.start()
        read(form, policy)
        assert tracemalloc.get_traced_memory()[1] < 8 * len(form)
        tracemalloc.stop()


def test_names_make_a_number_of_objects() -> None:
    form = "&".join(f"a[{number}][b]=1" for number in range(4))
    assert read(form, NESTED, Limits(values=5)) == {"a": [{"b": "1"}] * 4}
    assert read(form, NESTED, Limits(values=4)) == "M608"
