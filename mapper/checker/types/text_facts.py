"""Facts of texts and numbers: combined, compared and tested on single values."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from mapper.checker.types.facts import Numbers, Texts
from mapper.regex.implications import implies_content, reads_alike
from mapper.regex.searches import searcher
from mapper.runtime.missing import is_blank_text
from mapper.runtime.schema.formats import conforms

MAX_VALUES = 64
MAX_FACTS = 64  # patterns, formats, texts left out: of more, only some are known

# One text stands for all texts of a shape: same length, each character out of the same class.
_SHAPES = {
    "canonical-time": ("2026-11-23T20:00:00.000Z", "0123456789"),
    "sha256": ("0123456789abcdef" * 4, "0123456789abcdef"),
}
_SHAPED = {
    "canonical-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII).fullmatch,
    "sha256": re.compile(r"[0-9a-f]{64}").fullmatch,
    "numeral": re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch,
    "whole-numeral": re.compile(r"-?[0-9]+(?:\.0+)?").fullmatch,
}
_IMPLIED = {"canonical-time": frozenset({"date-time"})}
_WITH_CONTENT = frozenset({"date-time", "date", "time", "uuid", "email", "uri", "ipv4", "ipv6"})


TRUSTED = "trusted"  # of texts nothing is known of, and which are supposed to fit where they go


def fits_format(text: str, name: str) -> bool:
    """Whether a text has a format; unknown formats hold for any text."""
    if name == TRUSTED:
        return True
    if name in _SHAPED:
        return bool(_SHAPED[name](text))
    return conforms(text, name)


def fits(text: str, texts: Texts) -> bool:
    """Whether a text is one of these."""
    if texts.values is not None:
        return text in texts.values and text not in texts.excluded
    return (
        (texts.blank is None or texts.blank is is_blank_text(text))
        and texts.shortest <= len(text)
        and (texts.longest is None or len(text) <= texts.longest)
        and text not in texts.excluded
        and all(searcher(pattern)(text) for pattern in texts.patterns)
        and all(fits_format(text, name) for name in texts.formats)
    )


def settle(texts: Texts) -> Texts | None:
    """The same facts with what follows from them; None where no text has them all."""
    if texts.values is not None:
        facts = replace(texts, values=None)
        kept = frozenset(value for value in texts.values if fits(value, facts))
        return Texts(values=kept) if kept else None
    blank, shortest, longest = texts.blank, texts.shortest, texts.longest
    if blank is None and (texts.formats & _WITH_CONTENT or any(map(implies_content, texts.patterns))):
        blank = False
    if blank is None and "" in texts.excluded:
        shortest = max(shortest, 1)
    if blank is False:
        shortest = max(shortest, 1)
    if longest is not None and shortest > longest:
        return None
    if longest == 0:
        return settle(replace(texts, values=frozenset({""})))
    return replace(texts, blank=blank, shortest=shortest)


def meet_texts(left: Texts, right: Texts) -> Texts | None:
    """The texts of both."""
    for one, other in ((left, right), (right, left)):
        if one.values is not None:
            kept = frozenset(value for value in one.values if fits(value, one) and fits(value, other))
            return Texts(values=kept) if kept else None
    if left.blank is not None and right.blank is not None and left.blank is not right.blank:
        return None
    longest = [bound for bound in (left.longest, right.longest) if bound is not None]
    return settle(
        Texts(
            blank=left.blank if left.blank is not None else right.blank,
            shortest=max(left.shortest, right.shortest),
            longest=min(longest) if longest else None,
            formats=_both(left.formats, right.formats),
            patterns=_both(left.patterns, right.patterns),
            excluded=_both(left.excluded, right.excluded),
        )
    )


def _both(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    """The facts of both; of too many, those of the larger side, for to know less is never wrong."""
    both = left | right
    return both if len(both) <= max(MAX_FACTS, len(left), len(right)) else max(left, right, key=len)


def join_texts(left: Texts, right: Texts) -> Texts:
    """The least facts that hold for both."""
    if left.values is not None and right.values is not None:
        values = left.values | right.values
        if len(values) <= MAX_VALUES:
            return Texts(values=values)
    if texts_within(left, right):
        return right
    if texts_within(right, left):
        return left
    one, other = _spread(left), _spread(right)
    longest = None if one.longest is None or other.longest is None else max(one.longest, other.longest)
    return Texts(
        blank=one.blank if one.blank is other.blank else None,
        shortest=min(one.shortest, other.shortest),
        longest=longest,
        formats=frozenset(n for n in one.formats | other.formats if _has(one, n) and _has(other, n)),
        patterns=frozenset(
            p for p in left.patterns | right.patterns if _searches(left, p) and _searches(right, p)
        ),
        excluded=frozenset(
            e for e in left.excluded | right.excluded if not (fits(e, left) or fits(e, right))
        ),
    )


def _spread(texts: Texts) -> Texts:
    """Listed values as facts."""
    if texts.values is None:
        return texts
    blanks = {is_blank_text(value) for value in texts.values}
    lengths = [len(value) for value in texts.values]
    formats = frozenset(
        name for name in ("date-time", "uuid") if all(fits_format(value, name) for value in texts.values)
    )
    return Texts(
        blank=blanks.pop() if len(blanks) == 1 else None,
        shortest=min(lengths),
        longest=max(lengths),
        formats=formats,
    )


def _has(texts: Texts, name: str) -> bool:
    if texts.values is not None:
        return all(fits_format(value, name) for value in texts.values)
    return name in texts.formats or any(name in _IMPLIED.get(own, ()) for own in texts.formats)


@lru_cache(maxsize=1024)
def _shape_fits(name: str, pattern: str) -> bool | None:
    """Whether all texts of a shape match (True), none does (False), or that cannot be told (None)."""
    text, alphabet = _SHAPES[name]
    return bool(searcher(pattern)(text)) if reads_alike(pattern, alphabet) else None


def _searches(texts: Texts, pattern: str) -> bool:
    """Whether every text is known to match a pattern."""
    if texts.values is not None:
        return all(searcher(pattern)(value) for value in texts.values)
    if pattern in texts.patterns or (pattern == r"\S" and texts.blank is False):
        return True
    return any(name in _SHAPES and _shape_fits(name, pattern) for name in texts.formats)


def texts_within(left: Texts, right: Texts) -> bool:
    """Whether all texts of the left are known to be among those of the right, or supposed to be."""
    if TRUSTED in left.formats:
        return right.blank is not True
    if left.values is not None:
        return all(fits(value, right) for value in left.values)
    if right.values is not None:
        return False
    return (
        (right.blank is None or left.blank is right.blank)
        and right.shortest <= left.shortest
        and (right.longest is None or (left.longest is not None and left.longest <= right.longest))
        and all(not fits(text, left) for text in right.excluded)
        and all(_has(left, name) for name in right.formats)
        and all(_searches(left, pattern) for pattern in right.patterns)
    )


def fits_number(number: int | float, numbers: Numbers) -> bool:
    """Whether a number is one of these."""
    if numbers.values is not None and number not in numbers.values:
        return False
    if numbers.integral and isinstance(number, float) and not number.is_integer():
        return False
    if numbers.low is not None and (number < numbers.low or (numbers.open_low and number == numbers.low)):
        return False
    return numbers.high is None or not (
        number > numbers.high or (numbers.open_high and number == numbers.high)
    )


def settle_numbers(numbers: Numbers) -> Numbers | None:
    """The same facts with what follows from them; None where no number has them all."""
    if numbers.values is not None:
        kept = frozenset(value for value in numbers.values if fits_number(value, numbers))
        return Numbers(values=kept) if kept else None
    low, high = numbers.low, numbers.high
    if low is not None and high is not None:
        if low > high or (low == high and (numbers.open_low or numbers.open_high)):
            return None
        if low == high:
            return settle_numbers(replace(numbers, values=frozenset({low})))
    return numbers


def meet_numbers(left: Numbers, right: Numbers) -> Numbers | None:
    """The numbers of both."""
    for one, other in ((left, right), (right, left)):
        if one.values is not None:
            kept = frozenset(value for value in one.values if fits_number(value, other))
            return Numbers(values=kept) if kept else None
    low, open_low = _tighter(left.low, left.open_low, right.low, right.open_low, 1)
    high, open_high = _tighter(left.high, left.open_high, right.high, right.open_high, -1)
    integral = left.integral or right.integral
    return settle_numbers(
        Numbers(low=low, high=high, open_low=open_low, open_high=open_high, integral=integral)
    )


def _tighter(
    one: int | float | None, one_open: bool, other: int | float | None, other_open: bool, sign: int
) -> tuple[int | float | None, bool]:
    if one is None or other is None:
        return (other, other_open) if one is None else (one, one_open)
    if one == other:
        return one, one_open or other_open
    return (one, one_open) if (one > other) is (sign > 0) else (other, other_open)


def join_numbers(left: Numbers, right: Numbers) -> Numbers:
    """The least facts that hold for both."""
    if left.values is not None and right.values is not None:
        values = left.values | right.values
        if len(values) <= MAX_VALUES:
            return Numbers(values=values)
    one, other = _bounded(left), _bounded(right)
    low, open_low = _looser(one.low, one.open_low, other.low, other.open_low, 1)
    high, open_high = _looser(one.high, one.open_high, other.high, other.open_high, -1)
    return Numbers(
        low=low,
        high=high,
        open_low=open_low,
        open_high=open_high,
        integral=one.integral and other.integral,
    )


def _bounded(numbers: Numbers) -> Numbers:
    if numbers.values is None:
        return numbers
    integral = all(isinstance(value, int) or value.is_integer() for value in numbers.values)
    return Numbers(low=min(numbers.values), high=max(numbers.values), integral=integral)


def _looser(
    one: int | float | None, one_open: bool, other: int | float | None, other_open: bool, sign: int
) -> tuple[int | float | None, bool]:
    if one is None or other is None:
        return None, False
    if one == other:
        return one, one_open and other_open
    return (one, one_open) if (one > other) is (sign < 0) else (other, other_open)


def numbers_within(left: Numbers, right: Numbers) -> bool:
    """Whether all numbers of the left are known to be among those of the right."""
    if left.values is not None:
        return all(fits_number(value, right) for value in left.values)
    if right.values is not None or (right.integral and not left.integral):
        return False
    if right.low is not None and (
        left.low is None or left.low < right.low or (left.low == right.low and right.open_low > left.open_low)
    ):
        return False
    return right.high is None or not (
        left.high is None
        or left.high > right.high
        or (left.high == right.high and right.open_high > left.open_high)
    )
