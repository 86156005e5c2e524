"""Random values of a type."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mapper.checker.types import Objects, Type, admits
from mapper.checker.types.facts import element_of
from mapper.checker.types.lattice import member_of
from mapper.checker.types.witnesses import witnesses
from mapper.runtime.missing import MISSING

WORDS = ["", " ", "x", "page", "track", "identify", "group", "delete", "[]", "5", "{}", "é\u2028", "true"]
TIMES = ["2026-11-23T20:00:00Z", "2026-11-23 20:00:00.977", "1969-12-31", "9999-12-31T23:59:59-23:00"]
NUMERALS = ["1795464000", "1795464000000", "-1", "1e5", "$D_1664890781"]
texts = st.sampled_from(WORDS + TIMES + NUMERALS) | st.text(max_size=6)
numbers = st.sampled_from([0, 1, -1, 1.5, 1_795_464_000, 1_795_464_000_000, 2**63, 1e300]) | st.integers()
anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def values_of(draw: st.DrawFn, given: Type, depth: int = 0) -> Any:
    """A value of a type, or MISSING."""
    choices = [kind for kind in sorted(given.kinds) if depth < 5 or kind not in ("array", "object")]
    if given.missing:
        choices.append("missing")
    match draw(st.sampled_from(choices or ["null"])):
        case "missing":
            return MISSING
        case "null":
            return None
        case "boolean":
            return draw(st.sampled_from(sorted(given.booleans)))
        case "number":
            known = Type(numbers=given.numbers)
            return fitting(draw, known, draw(numbers))
        case "string":
            known = Type(texts=given.texts)
            return fitting(draw, known, draw(texts))
        case "array":
            arrays = given.arrays
            assert arrays is not None
            longest = arrays.shortest + 3 if arrays.longest is None else arrays.longest
            count = draw(st.integers(arrays.shortest, longest))
            elements = [draw(values_of(element_of(arrays), depth + 1)) for _ in range(count)]
            return [element for element in elements if element is not MISSING]
        case _:
            return draw_object(draw, draw(st.sampled_from(given.objects)), depth)


def fitting(draw: st.DrawFn, given: Type, value: object) -> object:
    """The value, or a witness of the type if it does not fit."""
    if admits(given, value):
        return value
    return draw(st.sampled_from(list(witnesses(given))))


def draw_object(draw: st.DrawFn, part: Objects, depth: int) -> dict[str, object]:
    """An object of one part of a type."""
    found = {}
    for name, member in part.members.items():
        if member.missing and draw(st.booleans()):
            continue
        value = draw(values_of(member_of(part, name), depth + 1))
        if value is not MISSING:
            found[name] = value
    if part.rest is None and draw(st.booleans()):
        extra = draw(st.dictionaries(st.sampled_from(["x", "price", "items"]), anything, max_size=2))
        others = {name: value for name, value in extra.items() if name not in part.members}
        found |= {name: value for name, value in others.items() if admits(member_of(part, name), value)}
    return found
