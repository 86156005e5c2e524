"""Cased texts: the texts of a set in upper or lower case."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mapper.budget import remembered
from mapper.checker.types.facts import Texts
from mapper.checker.types.text_languages import SUFFICIENT, language_of, lengths_of, never_blank
from mapper.regex.characters import EVERY, Ranges, inverse, joined, shared, span
from mapper.regex.comparisons import is_within
from mapper.regex.expressions import matching
from mapper.regex.languages import Language, many, one_of, replaced, union

_ASCII: Ranges = ((0, 0x7F),)
_BEYOND: Ranges = ((0x80, 0x10FFFF),)
_UPPER, _LOWER = span("A", "Z"), span("a", "z")
_LETTERS = joined((*_UPPER, *_LOWER))
_MOST_UPPER, _MOST_LOWER = 3, 2  # letters that one becomes


def _cased(hit: Ranges, source: Ranges, shift: int) -> Language:
    # Letters beyond ASCII may become several letters, plain ones among them, never a mark of JSON.
    shifted = [(low + shift, high + shift) for low, high in shared(hit, source)]
    changed = one_of(joined([*shifted, *shared(shared(hit, _ASCII), inverse(source))]))
    return union(changed, many(joined((*_LETTERS, *_BEYOND)))) if shared(hit, _BEYOND) else changed


upper_of = partial(_cased, source=_LOWER, shift=-32)
lower_of = partial(_cased, source=_UPPER, shift=32)


def in_case(texts: Texts, change: Callable[[str], str]) -> Texts:
    """A set with all of the texts after a change of case: `str.upper` or `str.lower`."""
    if texts.values is not None:
        return Texts(values=frozenset(map(change, texts.values)))
    language = language_of(texts)
    changed = _changed(language, change is str.upper)
    shortest = 1 if texts.shortest else 0
    most_of_one = _MOST_UPPER if change is str.upper else _MOST_LOWER
    longest = None if texts.longest is None else most_of_one * texts.longest
    if is_within(language, many(_ASCII)) is True:  # any other letter may become several
        least, most = lengths_of(language)
        shortest = max(texts.shortest, least)
        longest = min((each for each in (texts.longest, most) if each is not None), default=None)
    return Texts(
        blank=False if texts.blank is False or never_blank(texts) else None,
        shortest=shortest,
        longest=longest,
        formats=frozenset(
            name
            for name in texts.formats & SUFFICIENT.keys()
            if is_within(changed, matching(SUFFICIENT[name])) is True
        ),
        patterns=frozenset() if changed.is_anything else frozenset({changed}),
    )


@remembered(64)
def _changed(language: Language, is_upper: bool) -> Language:
    return replaced(language, [(EVERY, upper_of if is_upper else lower_of)])
