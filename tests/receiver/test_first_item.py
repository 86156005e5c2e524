"""First item: the bytes that are signed are cut out of the body as they are."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.receiver.configuration.first_item import MAX_BYTES, first_item

CASES: dict[str, tuple[bytes, tuple[bytes, ...]]] = {
    "an object is one item, with the blanks around it": (b' {"a": 1}\n', (b' {"a": 1}\n',)),
    "an object is not read": (b'{"a": ', (b'{"a": ',)),
    "one element": (b'[{"a":1}]', (b'{"a":1}',)),
    "two elements": (b'[{"a":1},{"b":2}]', (b'{"a":1}',)),
    "blanks around the element": (b' [ \n{"a" : 1e-7 }\t, {}]', (b'{"a" : 1e-7 }',)),
    "brackets and quotes in texts": (rb'[{"a":"]}\"]","b":[{}]},1]', (rb'{"a":"]}\"]","b":[{}]}',)),
    "a text that ends with backslashes": (rb'[{"a":"\\"},"b"]', (rb'{"a":"\\"}',)),
    "a wrapped element": (b'[{"json": {"a":1} },{}]', (b'{"json": {"a":1} }', b'{"a":1}')),
    "a wrapped text": (b'[{"json":"a"}]', (b'{"json":"a"}', b'"a"')),
    "an element with more than `json`": (b'[{"json":{"a":1},"b":2}]', (b'{"json":{"a":1},"b":2}',)),
    "an array as element": (b"[[1,[2]],3]", (b"[1,[2]]",)),
    "a text as element": (b'["a,]", 1]', (b'"a,]"',)),
    "a number as element": (b"[-1.5e3,2]", (b"-1.5e3",)),
    "null as element": (b"[null]", (b"null",)),
    "the rest may be damaged": (b'[{"a":1},{"b":\xff', (b'{"a":1}',)),
    "an empty batch": (b"[ ]", ()),
    "an empty body": (b" \n", ()),
    "no JSON": (b"a=1&b=2", ()),
    "a text": (b'"a"', ()),
    "no end": (b'[{"a":1}', ()),
    "an element without end": (b'[{"a":[1]', ()),
    "a text without end": (b'[{"a":"b}]', ()),
    "a closing bracket alone": (b"[}", ()),
    "a comma alone": (b"[,]", ()),
    "two values side by side": (b'[{"a":1} {"b":2}]', ()),
}


@pytest.mark.parametrize("name", CASES)
def test_the_first_item(name: str) -> None:
    body, candidates = CASES[name]
    found = first_item(body)
    assert found.candidates == candidates
    assert bool(found.fault) == (not candidates)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, min_size=1, max_size=3), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_the_first_element_is_cut_out(
    items: list[object], indent: int | str | None, ascii_only: bool
) -> None:
    body = json.dumps(items, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    element = first_item(body).candidates[0]
    assert json.loads(element.decode("utf-8", "surrogatepass")) == items[0]
    assert element in body
    assert element == element.strip()


def test_a_deep_or_large_item_is_refused_in_little_time() -> None:
    for opened in (b"[", b'[{"a":', b'["', b'[{"json":'):
        assert first_item(opened * MAX_BYTES).candidates == ()
    assert "too large" in first_item(b"[" * (2 * MAX_BYTES)).fault
    for length, is_found in ((MAX_BYTES, True), (MAX_BYTES + 1, False)):
        item = b'"' + b"x" * (length - 2) + b'"'
        assert first_item(b"[" + item + b"]").candidates == ((item,) if is_found else ())
    deep = b"[" * 50_000 + b"]" * 50_000
    assert first_item(b"[" + deep + b"]").candidates == (deep,)


def test_any_bytes_have_an_answer() -> None:
    chance = random.Random(1)
    for _ in range(2_000):
        body = bytes(chance.choice(b'[]{}",:\\ aj\xff1') for _ in range(chance.randrange(20)))
        found = first_item(b"[" + body)
        assert bool(found.fault) == (not found.candidates)
