"""Rendered texts: one JSON object in which no key stands twice, whatever its texts look like."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.runtime.faults import Fault
from mapper.runtime.liquid.rendered import parse_rendered

texts = st.text(alphabet='a:"\\é ,{}[]', max_size=4)
values = st.recursive(
    texts | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(texts, inner), max_size=3).map(tuple),
    max_leaves=8,
)


def written(value: object, ascii_only: bool) -> str:
    """A value as JSON text; a tuple of pairs is an object, whose keys may be repeated."""
    if isinstance(value, tuple):
        pairs = (f"{json.dumps(k, ensure_ascii=ascii_only)} : {written(v, ascii_only)}" for k, v in value)
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(written(inner, ascii_only) for inner in value)}]"
    return json.dumps(value, ensure_ascii=ascii_only)


def repeats_a_key(value: object) -> bool:
    if isinstance(value, tuple):
        return len(dict(value)) < len(value) or any(repeats_a_key(inner) for _, inner in value)
    return isinstance(value, list) and any(map(repeats_a_key, value))


@given(st.lists(st.tuples(texts, values), max_size=4).map(tuple), st.booleans())
def test_a_key_that_stands_twice_is_refused(value: tuple[tuple[str, object], ...], ascii_only: bool) -> None:
    text = written(value, ascii_only)
    if repeats_a_key(value):
        with pytest.raises(Fault, match="M621") as caught:
            parse_rendered(text, 0)
        assert caught.value.detail == "a key stands twice in one object"
    else:
        assert parse_rendered(text, 0) == json.loads(text)
