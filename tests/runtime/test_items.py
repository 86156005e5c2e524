"""Items: `select` finds all items of a body, or more than may be mapped, and `locate` their places."""

from __future__ import annotations

import tracemalloc
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.runtime.items import UnmatchedElement, locate, select
from support.examples import examples
from support.frames import FRAME

STEPS = st.sampled_from([("name", "a"), ("name", "b"), ("index", 0), ("index", -1), ("all",), ("elements",)])
ALTERNATIVES = st.lists(st.lists(STEPS, max_size=4).map(tuple), min_size=1, max_size=3).map(tuple)
BODIES = st.recursive(
    st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=25,
)


def shown(items: list[object] | None) -> Any:
    return items and [("unmatched", i.value) if isinstance(i, UnmatchedElement) else i for i in items]


@given(ALTERNATIVES, BODIES, st.integers(0, 6))
@examples(300)
def test_all_items_are_found_or_more_than_are_asked_for(alternatives: Any, body: Any, most: int) -> None:
    every = select(alternatives, body, 1_000)
    some = select(alternatives, body, most)
    if every is not None and len(every) > most:
        assert some is not None
        assert len(some) > most
        assert shown(some) == shown(every[: len(some)])
    else:
        assert shown(some) == shown(every)


@given(ALTERNATIVES.filter(lambda found: () not in found), BODIES)
@examples(300)
def test_the_places_are_those_of_the_items(alternatives: Any, body: Any) -> None:
    items = select(alternatives, body, 1_000) or []
    places = (locate(alternatives, body) or []) if items else []
    assert len(items) == len(places)
    for item, place in zip(items, places, strict=True):
        node = body
        for key in place:
            node = node[key]
        assert node == (item.value if isinstance(item, UnmatchedElement) else item)


def test_too_many_items_take_no_memory() -> None:
    """A body that is refused for the number of its items takes little more than the value it is read as."""
    transforms = [
        mapper.compile(FRAME.replace("[$.events, $]", each).replace("PROPERTIES", "{path: $.p}"))
        for each in ("$.x", "$.x[*]", "$.x[:]", "'$.x[*].a'", "'$[*][*]'")
    ]
    body = {"x": [{}] * 200_000}
    for transform in transforms:
        tracemalloc.start()
        result = transform(body)
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
        tracemalloc.stop()
        assert [r.codes[0] for r in result.rejected] in (["M608"], ["M603"])
