"""Casts of texts that a pattern describes: what is proven holds for examples, what is not is shown by one."""

from __future__ import annotations

from itertools import islice

import pytest

from mapper import ir
from mapper.checker.inference.cast_types import cast_type
from mapper.checker.types import admits, read_types
from mapper.regex.examples import examples
from mapper.regex.expressions import matching
from mapper.runtime.casts import CONVERSIONS
from mapper.runtime.missing import INVALID

# Each pattern with the casts that all of its texts pass.
PATTERNS = {
    "^[0-9]{1,9}$": "integer",
    "^-?[0-9]{1,18}$": "integer",
    "^[0-9]{40}$": "integer",
    "^[1-9][0-9]{0,4}$": "integer number",
    "^(0|-?[1-9][0-9]{0,4})$": "integer number",
    r"^[0-9]{1,3}\.0{2}$": "integer",
    r"^[1-9][0-9]{0,3}(\.[0-9]{1,2})?$": "number",
    r"^-?0\.[0-9]{1,9}$": "number",
    r"^[1-9](\.[0-9])?[eE][0-9]$": "",  # all of them pass, which is not followed
    "^[0-9]+$": "",  # may have too many digits
    "^[0-9]*$": "",
    "^[0-9]{0,3}$": "",
    "^[0-9]{1,3}": "",
    "^[0-9]{1,9}x?$": "",
    r"^\+[0-9]{1,9}$": "",
    "^[0-9]{1,3}(,[0-9]{3})?$": "",
    "^(true|false)$": "boolean",
    "^([Tt]rue|FALSE|0|1)$": "boolean",
    "^[01]$": "integer number boolean",
    "^(true|false|yes)$": "",
    "^(true|false)?$": "",
}
CASTS = ("integer", "number", "boolean")


@pytest.mark.parametrize("kind", CASTS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_cast_of_a_pattern(pattern: str, kind: str) -> None:
    casting = cast_type(ir.CastKind(kind), read_types({"type": "string", "pattern": pattern}).upper)
    assert casting.bad.is_never is (kind in PATTERNS[pattern].split())
    texts = [*islice(examples(matching(pattern)), 40)]
    assert texts
    results = [CONVERSIONS[kind](text) for text in texts]
    assert not casting.bad.is_never or INVALID not in results
    for result in results:
        assert result is INVALID or admits(casting.good, result)


@pytest.mark.parametrize(
    ("pattern", "low", "high"),
    [
        ("^[0-9]{1,3}$", 0, 1000),
        ("^-?[0-9]{2}$", -1000, 1000),
        ("^[0-9]{40}$", 0, None),
        (r"^0\.[0-9]{2}$", 0, 10_000),
    ],
)
def test_bounds_follow_from_the_digits(pattern: str, low: int | None, high: int | None) -> None:
    kind = ir.CastKind.NUMBER if "." in pattern else ir.CastKind.INTEGER
    numbers = cast_type(kind, read_types({"type": "string", "pattern": pattern}).upper).good.numbers
    assert numbers is not None
    assert (numbers.low, numbers.high) == (low, high)
