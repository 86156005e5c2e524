"""Chunks: a long array that is mapped a few items at a time gives what the decoded path gives."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.runtime.json.narrow import NeedsFullDecode, splitter, take_apart
from mapper.runtime.json.nesting import is_deeper
from mapper.transform import chunks as chunk_module
from mapper.transform import narrow_path
from mapper.transform import transform as transforms
from mapper.transform.chunks import chunks
from mapper.transform.decoded_path import DecodedPath
from support.both_paths import assert_same, decoded, mutated_bytes
from support.examples import examples, thinned
from support.json_values import JSON, height

MAPPING = """\
mapping: chunks
version: 1
each: {each}
skip:
  - when: kind == "test"
    reason: a test
event:
  event_id: {{path: $.id, as: string, on_missing: reject}}
  event_name: Seen
  user_id: u-1
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {{merge: [$.p, {{a: {a}}}]}}
"""


@cache
def job(each: str = "$", a: str = "$.x") -> mapper.Transform:
    return mapper.compile(MAPPING.format(each=each, a=a))


def item(number: int, **more: object) -> dict[str, object]:
    return {"id": number, "p": {"list": [{"sku": n} for n in range(number % 7)], "é": "😀"}, **more}


PLAIN = [item(number) for number in range(100)]
FORMS: list[dict[str, Any]] = [{"separators": (",", ":")}, {}, {"indent": 2}, {"separators": (" , ", " : ")}]


def written(items: object, form: dict[str, Any]) -> bytes:
    return json.dumps(items, ensure_ascii=False, **form).encode()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("around", [("", ""), (" \n", "\t\n")])
def test_a_long_array_is_mapped_in_chunks(
    form: dict[str, Any], around: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("taken apart as a whole")

    body = around[0].encode() + written(PLAIN, form) + around[1].encode()
    transform = job()
    expected = decoded(transform, body, mapper.Request())
    monkeypatch.setattr(narrow_path, "take_apart", refuse)
    monkeypatch.setattr(DecodedPath, "json", refuse)
    result = transform.json(body)
    assert [json.loads(event)["event_id"] for event in result.events] == [str(n) for n in range(100)]
    assert len(expected[0]) == 100


ODD: list[Any] = [
    *(
        7,
        None,
        "x",
        [],
        [[]],
        {},
        {"id": None},
        {"id": []},
        item(1, kind="test"),
        item(2, p=[1]),
        item(3, p="x"),
    ),
    *({"p": {}, "id": 4}, item(5, x={"id": 1}), item(6, x=[{"id": 1}, {"id": 2}]), item(7, x='},{"id":1')),
    *(item(8, x='"},{"id'), item(9, x="[" * 300), item(10, x='\\"]'), item(11, p={"a": 1}), {"id": "\ud800"}),
    *(item(12, x=[{}] * 250), item(13, x=10**400)),
]


@pytest.mark.parametrize(("odd", "form"), thinned(3, ODD, FORMS), ids=repr)
def test_odd_items(odd: object, form: dict[str, Any]) -> None:
    for places in ((0,), (50,), (99,), (3, 4, 5, 6, 70, 71)):
        items = [odd if number in places else plain for number, plain in enumerate(PLAIN)]
        body = json.dumps(items, **form).encode()
        for transform in (job(), job("['$.items', '$[*]']")):
            assert_same(transform, body)
        assert_same(job("['$.items', $]"), b'{"items":' + body + b"}")


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_portions_of_a_stream(odd: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a body is too large to be mapped at once, its stream takes a few of its elements at a time."""
    made: list[bytes] = []

    def portions(elements: Any) -> Iterator[bytes]:
        for text in cut(elements):
            made.append(text)
            yield text

    cut = chunk_module.portions
    monkeypatch.setattr(narrow_path, "portions", portions)
    monkeypatch.setattr(chunk_module, "_LARGEST", 900)
    monkeypatch.setattr(transforms, "PORTION", 1)
    for places in ((0,), (50,), (99,), (3, 4, 5, 6, 70, 71)):
        items = [odd if number in places else plain for number, plain in enumerate(PLAIN)]
        assert_same(job(), json.dumps(items).encode())
        made.clear()
        list(job().stream(json.dumps(PLAIN, ensure_ascii=False).encode()))
        assert len(made) > 5
        assert [item for text in made for item in json.loads(text)] == PLAIN


@pytest.mark.parametrize(
    ("depth", "place", "filler"),
    thinned(5, [198, 199, 200, 201, 300, 2000], [0, 1, 50, 99], ["", "}]" * 300, '\\"}', '"]']),
)
def test_no_item_nests_too_deep(depth: int, place: int, filler: str) -> None:
    nested = b'{"a":' * (depth - 1) + b"[]" + b"}" * (depth - 1)
    around = json.dumps(filler).encode()
    deep = b'{"id":"d","f":' + around + b',"x":' + nested + b',"g":' + around + b"}"
    items = [written(plain, FORMS[0]) for plain in PLAIN]
    items[place] = deep
    body = b"[" + b",".join(items) + b"]"
    for transform in (job(), job(a="$.y")):
        assert_same(transform, body)
        result = transform.json(body)
        assert [r.codes for r in result.rejected] == ([("M606",)] if depth > 199 else [])
        assert len(result.events) == 100 - len(result.rejected)


def chunked_alternative(transform: mapper.Transform) -> int | None:
    """The alternative of `each` whose items are mapped in chunks."""
    transform.json(b"[]")
    assert isinstance(transform._narrow, narrow_path.NarrowPath)
    return transform._narrow._chunkable


def test_what_looks_at_the_whole_body_gets_the_whole_body() -> None:
    transform = job(a="{text: '{{ envelope[0].id }}'}")
    body = written(PLAIN, {})
    assert chunked_alternative(transform) is None
    assert_same(transform, body)
    assert chunked_alternative(job()) == 0


def test_where_what_is_selected_depends_on_neighbours_there_are_no_chunks() -> None:
    transform = job("['$[*].items', $]")
    assert chunked_alternative(transform) is None
    for place in (None, 0, 99):
        items = [
            {**plain, "items": [item(1000)]} if number == place else plain
            for number, plain in enumerate(PLAIN)
        ]
        assert_same(transform, written(items, {}))


def test_too_many_items_are_too_many_in_chunks() -> None:
    body = b"[" + b",".join([b'{"id":1}'] * 10_001) + b"]"
    assert_same(job(), body)
    assert job().json(body).rejected[0].codes == ("M608",)


@examples(100)
@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b"]), JSON, min_size=1), min_size=1), st.integers(1, 40)
)
def test_chunks_that_are_arrays_are_the_array(items: list[Any], most: int) -> None:
    text = json.dumps(items * 30, separators=(",", ":")).encode()
    try:
        found = [msgspec.json.decode(chunk) for chunk in chunks(text, most)]
    except ValueError:
        return
    assert [item for chunk in found for item in chunk] == json.loads(text)
    assert all(height(item) <= most for chunk in found for item in chunk)


@examples(100)
@given(JSON, st.sampled_from(FORMS))
def test_what_is_called_shallow_is_shallow(value: object, form: dict[str, Any]) -> None:
    text = json.dumps(value, **form).encode()
    for most in range(9):
        assert is_deeper(text, most) == (height(value) > most)
        try:
            way, items = take_apart(text, (splitter(()),), most)
        except NeedsFullDecode:
            assert height(value) > most
        else:
            elements = value if way == 0 and isinstance(value, list) else [value]
            assert way < 0 or len(items) == len(elements)
            assert way < 0 or all(height(element) <= most for element in elements)


@pytest.mark.parametrize("seed", range(30))
def test_damaged_bodies(seed: int) -> None:
    chance = random.Random(seed)
    items = [chance.choice([*PLAIN, *ODD]) if chance.random() < 0.05 else plain for plain in PLAIN]
    body = json.dumps(items, **chance.choice(FORMS)).encode()
    assert_same(job(), mutated_bytes(chance, body))


@pytest.mark.parametrize("level", [(b'{"":', b"}"), (b"[", b"]"), (b'[{"":', b"}]"), (b'{"":[', b"]}")])
@pytest.mark.parametrize("core", [b"{}", b"[]", b"0", b'"}]"'])
def test_small_bodies_that_nest_too_deep(level: tuple[bytes, bytes], core: bytes) -> None:
    """A level takes few bytes; bodies below the number for too many levels are not looked at."""
    found = set()
    for count in (*range(95, 105), *range(190, 205)):
        body = b'{"id":1,"":' + level[0] * count + core + level[1] * count + b"}"
        assert_same(job(), body)
        depth = (
            1 + count * sum(level[0].count(bracket) for bracket in (b"{", b"[")) + (core in (b"{}", b"[]"))
        )
        codes = [r.codes for r in job().json(body).rejected]
        assert codes == ([("M606",)] if depth > 200 else [])
        found.add(bool(codes))
    assert found == {True, False}


@pytest.mark.parametrize("items", ["[{}]", '[{"id":1},{},7]', '{"x":1}', '[{"id":1}]', "7", '"x"', "[]"])
@pytest.mark.parametrize("before", ["5", "{}", "[{}]", '{"b":1}', "[]", "null"])
def test_of_equal_names_the_last_counts(before: str, items: str) -> None:
    for each, body in (
        ("['$.a', $]", f'{{"a":{before},"a":{items}}}'),
        ("['$.a.b', '$.a[*]']", f'{{"a":{before},"a":{{"b":{before},"b":{items}}}}}'),
    ):
        assert_same(job(each), body.encode())
        assert_same(job(each), body.replace(",", " ,\n ").encode())
