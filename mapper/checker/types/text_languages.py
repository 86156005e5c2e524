"""Text languages: the automata behind the facts of texts.

Facts that name the same patterns and formats are compared by name. These automata decide the rest: if all
texts with some facts have another one, too.
"""

from __future__ import annotations

from functools import reduce

from mapper.budget import remembered
from mapper.checker.types.facts import Pattern, Texts
from mapper.regex.characters import ECMA_SPACE
from mapper.regex.comparisons import difference, is_disjoint, is_within
from mapper.regex.expressions import matching
from mapper.regex.languages import ANYTHING, Language, intersection, many, union, word
from mapper.runtime.schema.formats import DATE_TIME, TIME_OF_DAY, UUID
from mapper.runtime.times.calendar import DATE

# The formats of times in UTC, by the digits of a second; `as: timestamp` writes three.
TIMES = {0: "time-to-seconds", 3: "canonical-time", 6: "time-to-microseconds", 9: "time-to-nanoseconds"}
# Digests in lower-case hex, with their digits; `hash` writes them, and the filters of these names.
HEX_DIGESTS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}

# The formats of the language itself, as patterns.
OWN_FORMATS = {
    **{
        name: r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
        + (rf"\.[0-9]{{{digits}}}Z$" if digits else "Z$")
        for digits, name in TIMES.items()
    },
    **{name: rf"^[0-9a-f]{{{digits}}}$" for name, digits in HEX_DIGESTS.items()},
    "numeral": r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$",
    "whole-numeral": r"^-?[0-9]+(?:\.0+)?$",
}
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_EXACT = {
    **OWN_FORMATS,
    "date-time": f"^{DATE_TIME}$",
    "date": f"^{DATE}$",
    "time": f"^{TIME_OF_DAY}$",
    "uuid": f"^{UUID}$",
    "email": "@",
    "idn-email": "@",
    "ipv4": rf"^{_BYTE}(?:\.{_BYTE}){{3}}$",
}
# Patterns that all texts of a format match, and patterns whose texts all have a format.
NECESSARY = {
    **_EXACT,
    "ipv6": r"^[0-9A-Fa-f:.]+$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]*$",
}
_ADDRESS = (
    r"^[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~-]*)*"
    r"(?:\?[A-Za-z0-9=&._~/-]*)?(?:#[A-Za-z0-9._~/-]*)?$"
)
SUFFICIENT = {
    **_EXACT,
    **dict.fromkeys(("uri", "uri-reference", "iri", "iri-reference"), _ADDRESS),
}
_MAX_COUNTED = 64  # characters of texts whose lengths become part of an automaton


def texts_of(pattern: Pattern) -> Language:
    """The texts that match a pattern."""
    return matching(pattern) if isinstance(pattern, str) else pattern


def language_of(texts: Texts) -> Language:
    """A set with all of the texts; lengths count if they are small."""
    if texts.values is not None:
        return union(*map(word, sorted(texts.values)))
    whole = _of_any_length(texts)
    fewest, most = (0, None) if whole.is_anything else lengths_of(whole)
    is_long = texts.shortest <= fewest or texts.shortest > _MAX_COUNTED
    is_short = texts.longest is None or texts.longest > _MAX_COUNTED
    if is_long and (is_short or (most is not None and texts.longest is not None and most <= texts.longest)):
        return whole
    counted = f"{0 if is_long else texts.shortest},{'' if is_short else texts.longest}"
    return intersection(whole, matching(f"^[^]{{{counted}}}$"))


def is_none(texts: Texts) -> bool:
    """Return True if no text is known to have the facts, which are not listed."""
    language = _of_any_length(texts)
    if language.is_none:
        return True
    least, most = lengths_of(language)
    return (texts.longest is not None and least > texts.longest) or (
        most is not None and most < texts.shortest
    )


def _of_any_length(texts: Texts) -> Language:
    formats = frozenset(texts.formats & NECESSARY.keys())
    return _language(texts.patterns, texts.unmatched, formats, texts.blank)


@remembered(1024)
def _language(
    patterns: frozenset[Pattern],
    unmatched: frozenset[str],
    formats: frozenset[str],
    blank: bool | None,
) -> Language:
    parts = [texts_of(pattern) for pattern in (*patterns, *(NECESSARY[name] for name in formats))]
    if blank is True:
        parts.append(many(ECMA_SPACE))
    if blank is False and not parts:
        parts.append(matching(r"\S"))
    found = reduce(intersection, sorted(parts, key=lambda part: len(part.edges)), ANYTHING)
    return reduce(difference, map(matching, sorted(unmatched)), found)


@remembered(1024)
def lengths_of(language: Language) -> tuple[int, int | None]:
    """The lengths of the shortest and the longest text of a set that is not empty; None if there is none."""
    least, states = 0, language.starts
    while states and not states & language.finals:
        least += 1
        states = frozenset(target for state in states for _, target in language.edges[state])
    if not language.is_finite:
        return least, None
    longest: dict[int, int] = {}
    stack = list(language.starts)
    while stack:
        state = stack[-1]
        targets = [target for _, target in language.edges[state]]
        waiting = [target for target in targets if target not in longest]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        longest[state] = max((1 + longest[target] for target in targets), default=0)
    return least, max((longest[state] for state in language.starts), default=0)


def all_match(texts: Texts, pattern: Pattern) -> bool:
    """Return True if each text with the facts is known to match a pattern."""
    return is_within(language_of(texts), texts_of(pattern)) is True


def none_matches(texts: Texts, pattern: str) -> bool:
    """Return True if each text with the facts is known not to match a pattern."""
    return is_disjoint(language_of(texts), matching(pattern)) is True


def never_blank(texts: Texts) -> bool:
    """Return True if each text with the facts is known to be more than white space."""
    return is_disjoint(language_of(texts), many(ECMA_SPACE)) is True


def all_have(texts: Texts, name: str) -> bool:
    """Return True if each text with the facts is known to have a format."""
    return name in SUFFICIENT and all_match(texts, SUFFICIENT[name])


def implies_content(pattern: Pattern) -> bool:
    """True if each text with a match is more than white space; False if that is not certain."""
    return is_disjoint(texts_of(pattern), many(ECMA_SPACE)) is True
