"""Characters: the tables agree with Python and with ECMA-262, and operations with sets."""

from __future__ import annotations

from functools import reduce
from unicodedata import category

from hypothesis import given
from hypothesis import strategies as st

from mapper.regex.characters import (
    DIGITS,
    ECMA_SPACE,
    HEX_DIGITS,
    LAST,
    WORD,
    CharacterSet,
    Ranges,
    inverse,
    joined,
    partition,
    shared,
)
from mapper.runtime.blank import WHITE_SPACE


def texts(ranges: Ranges) -> set[str]:
    return {chr(point) for low, high in ranges for point in range(low, high + 1)}


def test_white_space_is_that_of_blank_texts() -> None:
    """ECMA-262 §12.2 and §12.3: four control characters, the byte order mark, Zs, and the ends of lines."""
    spaces = {c for c in map(chr, range(LAST + 1)) if category(c) == "Zs"}
    assert texts(ECMA_SPACE) == {*"\t\n\v\f\r\ufeff\u2028\u2029", *spaces} == set(WHITE_SPACE)


def test_tables_of_ascii() -> None:
    ascii_characters = {chr(point) for point in range(0x80)}
    assert texts(DIGITS) == {c for c in ascii_characters if c.isdigit()}
    assert texts(HEX_DIGITS) == set("0123456789abcdefABCDEF")
    assert texts(WORD) == {c for c in ascii_characters if c.isalnum() or c == "_"}
    assert all(table == joined(table) for table in (DIGITS, HEX_DIGITS, WORD, ECMA_SPACE))


def test_categories_hold_the_characters_that_python_says() -> None:
    names = {category(chr(point)) for point in range(LAST + 1)}
    found = {name: CharacterSet(categories=(((name,), False),)).ranges for name in names}
    assert sum(high - low + 1 for ranges in found.values() for low, high in ranges) == LAST + 1
    assert all(category(chr(p)) == name for name, ranges in found.items() for pair in ranges for p in pair)
    assert joined(pair for ranges in found.values() for pair in ranges) == ((0, LAST),)


_POINTS = st.integers(0, 40)
_RANGES = st.lists(st.tuples(_POINTS, _POINTS).map(lambda pair: (min(pair), max(pair)))).map(joined)


@given(st.lists(_RANGES, min_size=1, max_size=4))
def test_operations_are_those_of_sets(several: list[Ranges]) -> None:
    sets = [texts(each) for each in several]
    assert texts(reduce(shared, several)) == reduce(set.intersection, sets)
    assert texts(joined(pair for each in several for pair in each)) == set.union(*sets)
    assert shared(inverse(several[0]), several[0]) == ()
    assert joined((*inverse(several[0]), *several[0])) == ((0, LAST),)
    for part, bits in partition(several):
        low = part[0][0]
        assert bits == sum(1 << number for number, each in enumerate(sets) if chr(low) in each)
        assert all(
            texts(shared(part, ((0, 50),))) <= each or not shared(part, given)
            for each, given in zip(sets, several, strict=True)
        )
    assert joined(pair for part, _ in partition(several) for pair in part) == ((0, LAST),)
