"""Characters: the tables agree with Python."""

from __future__ import annotations

from mapper.regex.characters import DIGITS, HEX_DIGITS, LAST, WHITE_SPACE, Ranges, joined


def texts(ranges: Ranges) -> set[str]:
    return {chr(point) for low, high in ranges for point in range(low, high + 1)}


def test_white_space_is_that_of_python() -> None:
    assert texts(WHITE_SPACE) == {c for c in map(chr, range(LAST + 1)) if c.isspace()}


def test_tables_of_ascii() -> None:
    ascii_characters = {chr(point) for point in range(0x80)}
    assert texts(DIGITS) == {c for c in ascii_characters if c.isdigit()}
    assert texts(HEX_DIGITS) == set("0123456789abcdefABCDEF")
    assert all(table == joined(table) for table in (DIGITS, HEX_DIGITS, WHITE_SPACE))
