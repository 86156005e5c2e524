"""Positions: each span of a JSON text cuts out its value or name."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mapper.schemas.positions import locate_json
from support.random_schemas import SCALARS


@given(
    st.recursive(SCALARS, lambda i: st.dictionaries(st.text(), i) | st.lists(i)), st.sampled_from([None, 2])
)
def test_positions_cut_out_the_values(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=indent is None)
    found = locate_json(text)
    assert not found.duplicates
    for pointer, (start, end) in found.values.items():
        node = value
        for step in pointer:
            node = node[step]
        assert json.loads(text[start:end]) == node
    for pointer, (start, end) in found.names.items():
        assert json.loads(text[start:end]) == pointer[-1]
