"""Cases of values: rows of the files in tests/cases/values, and random JSON documents."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from mapper.runtime.casts import COLLISION
from mapper.runtime.missing import INVALID, MISSING
from support.places import TESTS
from support.yaml_text import load_yaml

CASES = TESTS / "cases" / "values"
NAMED = {"INVALID": INVALID, "MISSING": MISSING, "COLLISION": COLLISION}
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


def rows(name: str, *keys: str) -> list[object]:
    """The rows of a file that have one of the keys, or all rows."""
    loaded = load_yaml(CASES / name)
    return [
        pytest.param(row, id=ascii(" ".join(map(str, row.values()))))
        for row in loaded
        if not keys or any(key in row for key in keys)
    ]


def named(value: object) -> object:
    """The marker that a text names, or the value itself."""
    return NAMED.get(value, value) if isinstance(value, str) else value


def same(left: object, right: object) -> bool:
    """Equal in value and type all the way down, and in the order of keys."""
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right
