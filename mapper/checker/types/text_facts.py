"""Facts of texts: combined, compared and tested on single values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TypeVar

from mapper.checker.types.facts import Bound, Pattern, Texts
from mapper.checker.types.text_languages import (
    NECESSARY,
    OWN_FORMATS,
    TIMES,
    all_have,
    all_match,
    implies_content,
    is_none,
    language_of,
    lengths_of,
    never_blank,
    none_matches,
)
from mapper.regex.languages import Language, union
from mapper.regex.searches import searcher
from mapper.runtime.blank import is_blank_text
from mapper.runtime.schema.formats import conforms

MAX_VALUES = 64  # listed values; more are described by facts
_MAX_PATTERN = 1_000  # characters of a pattern that is made of others
_OF_GROUPS = re.compile(r"\\[1-9k]|\(\?<(?![=!])")
MAX_FACTS = 64  # patterns, formats, excluded texts; of more, only some are kept

_OWN = {name: re.compile(pattern[1:-1]).fullmatch for name, pattern in OWN_FORMATS.items()}
NO_TIME = "no-date-time"  # the format of texts without the format date-time
_IMPLIED = dict.fromkeys(TIMES.values(), frozenset({"date-time"}))
_WITH_CONTENT = frozenset({"date-time", "date", "time", "uuid", "email", "uri", "ipv4", "ipv6"})

_Fact = TypeVar("_Fact")

# The format of unknown texts that are supposed to fit wherever they are used.
TRUSTED = "trusted"


def fits_format(text: str, name: str) -> bool:
    """Return True if a text has a format; any text has an unknown format."""
    if name == TRUSTED:
        return True
    if name == NO_TIME:
        return not conforms(text, "date-time")
    if name in _OWN:
        return bool(_OWN[name](text))
    return conforms(text, name)


def _matches(text: str, pattern: Pattern) -> bool:
    return bool(searcher(pattern)(text)) if isinstance(pattern, str) else pattern.holds(text)


def texts_in(language: Language) -> Texts | None:
    """The texts of an automaton; None if there are none."""
    if language.is_anything or language.is_none:
        return None if language.is_none else Texts()
    if language.few is not None:
        return Texts(values=frozenset(language.few))
    least, most = lengths_of(language)
    return settle(Texts(patterns=frozenset({language}), shortest=least, longest=most))


def fits(text: str, texts: Texts) -> bool:
    """Return True if a text is one of these."""
    if texts.values is not None:
        return text in texts.values and text not in texts.excluded
    return (
        (texts.blank is None or texts.blank is is_blank_text(text))
        and texts.shortest <= len(text)
        and (texts.longest is None or len(text) <= texts.longest)
        and text not in texts.excluded
        and all(_matches(text, pattern) for pattern in texts.patterns)
        and not any(searcher(pattern)(text) for pattern in texts.unmatched)
        and all(fits_format(text, name) for name in texts.formats)
    )


def settle(texts: Texts) -> Texts | None:
    """The facts with their consequences; None if no text has them all."""
    if texts.values is not None:
        facts = replace(texts, values=None)
        kept = frozenset(value for value in texts.values if fits(value, facts))
        return Texts(values=kept) if kept else None
    blank, shortest, longest = texts.blank, texts.shortest, texts.longest
    if blank is None and (texts.formats & _WITH_CONTENT or any(map(implies_content, texts.patterns))):
        blank = False
    if "" in texts.excluded:
        shortest = max(shortest, 1)
    if blank is False:
        shortest = max(shortest, 1)
    if longest is not None and shortest > longest:
        return None
    if NO_TIME in texts.formats and _has(texts, "date-time"):
        return None
    if longest == 0:
        return settle(replace(texts, values=frozenset({""})))
    settled = replace(texts, blank=blank, shortest=shortest)
    is_empty = bool(texts.patterns & texts.unmatched) or (bool(texts.patterns) and is_none(settled))
    return None if is_empty else settled


def meet_texts(left: Texts, right: Texts, bound: Bound = Bound.UPPER) -> Texts | None:
    """The texts that are in both; None if there are none, or too many facts for a lower bound."""
    for one, other in ((left, right), (right, left)):
        if one.values is not None:
            kept = frozenset(value for value in one.values if fits(value, one) and fits(value, other))
            return Texts(values=kept) if kept else None
    if left.blank is not None and right.blank is not None and left.blank is not right.blank:
        return None
    if bound is Bound.LOWER and _is_crowded(left, right):
        return None
    longest = [length for length in (left.longest, right.longest) if length is not None]
    return settle(
        Texts(
            blank=left.blank if left.blank is not None else right.blank,
            shortest=max(left.shortest, right.shortest),
            longest=min(longest) if longest else None,
            formats=_both(left.formats, right.formats),
            patterns=_both(left.patterns, right.patterns),
            unmatched=_both(left.unmatched, right.unmatched),
            excluded=_both(left.excluded, right.excluded),
            json=right.json if left.json is None else left.json,
        )
    )


def _both(left: frozenset[_Fact], right: frozenset[_Fact]) -> frozenset[_Fact]:
    """The facts of both; of too many, those of the larger side: fewer facts permit more, which is safe."""
    both = left | right
    return both if len(both) <= max(MAX_FACTS, len(left), len(right)) else max(left, right, key=len)


def _is_crowded(left: Texts, right: Texts) -> bool:
    """True if some facts of both would be dropped."""
    pairs: tuple[tuple[frozenset[Pattern], frozenset[Pattern]], ...] = (
        (frozenset(left.formats), frozenset(right.formats)),
        (left.patterns, right.patterns),
        (frozenset(left.unmatched), frozenset(right.unmatched)),
        (frozenset(left.excluded), frozenset(right.excluded)),
    )
    return any(_both(one, other) != one | other for one, other in pairs)


def without_texts(texts: Texts, values: Collection[str]) -> Texts | None:
    """The texts but for some; None if none is left. Of too many values, only the shortest are left out."""
    if texts.values is None and len(values) + len(texts.excluded) > MAX_FACTS:
        shortest = sorted(values, key=lambda value: (len(value), value))
        values = shortest[: max(0, MAX_FACTS - len(texts.excluded))]
    return settle(replace(texts, excluded=texts.excluded | set(values)))


def join_texts(left: Texts, right: Texts, bound: Bound = Bound.UPPER) -> Texts:
    """The texts that are in either, and perhaps more; of a lower bound, perhaps fewer."""
    if left.values is not None and right.values is not None:
        values = left.values | right.values
        if len(values) <= MAX_VALUES:
            return Texts(values=values)
    if texts_within(left, right):
        return right
    if texts_within(right, left):
        return left
    exact = _joined_lengths(left, right) or _joined_patterns(left, right)
    if exact is not None or bound is Bound.LOWER:
        return exact or (left if left.values is None else right)
    one, other = described(left), described(right)
    longest = None if one.longest is None or other.longest is None else max(one.longest, other.longest)
    common: frozenset[Pattern] = frozenset(
        p for p in left.patterns | right.patterns if _searches(left, p) and _searches(right, p)
    )
    return Texts(
        blank=one.blank if one.blank is other.blank else None,
        shortest=min(one.shortest, other.shortest),
        longest=longest,
        formats=frozenset(n for n in one.formats | other.formats if _has(one, n) and _has(other, n)),
        patterns=common | _of_either(left, right, common),
        unmatched=frozenset(
            p for p in left.unmatched | right.unmatched if _lacks(left, p) and _lacks(right, p)
        ),
        excluded=frozenset(
            e for e in left.excluded | right.excluded if not (fits(e, left) or fits(e, right))
        ),
        json=left.json if left.json == right.json else None,
    )


def _joined_lengths(left: Texts, right: Texts) -> Texts | None:
    """The texts of either if only their lengths differ, without a gap; else None."""
    if left.values is not None or replace(left, shortest=right.shortest, longest=right.longest) != right:
        return None
    low, high = sorted((left, right), key=lambda texts: texts.shortest)
    if low.longest is not None and low.longest + 1 < high.shortest:
        return None
    longest = None if low.longest is None or high.longest is None else max(low.longest, high.longest)
    return replace(left, shortest=low.shortest, longest=longest)


def _joined_patterns(left: Texts, right: Texts) -> Texts | None:
    """The texts of either if only their one pattern differs; else None."""
    if left.values is not None or len(left.patterns) != 1 or len(right.patterns) != 1:
        return None
    pattern = _alternatives((*left.patterns, *right.patterns))
    joined = replace(left, patterns=right.patterns) == right
    return replace(left, patterns=frozenset({pattern})) if joined and pattern else None


def _of_either(left: Texts, right: Texts, common: frozenset[Pattern]) -> frozenset[Pattern]:
    """One pattern that all texts of both match, made of another pattern of each; none if one has none."""
    if any(isinstance(each, Language) for each in left.patterns | right.patterns):
        either = union(language_of(left), language_of(right))
        return frozenset() if either.is_anything else frozenset({either})
    parts = [_pattern_of(texts, common) for texts in (left, right)]
    pattern = _alternatives(parts) if all(parts) else ""
    return frozenset({pattern}) if pattern else frozenset()


def _pattern_of(texts: Texts, common: frozenset[Pattern]) -> str:
    """A pattern that all texts match, besides the common ones; empty if no other is known."""
    if texts.values is not None:
        if sum(map(len, texts.values)) > _MAX_PATTERN:
            return ""
        return f"^(?:{'|'.join(map(literal_pattern, sorted(texts.values)))})$"
    written = (each for each in texts.patterns - common if isinstance(each, str))
    known = (*written, *(NECESSARY[name] for name in texts.formats & NECESSARY.keys()))
    return min(known, key=lambda pattern: (len(pattern), pattern), default="")


def literal_pattern(text: str) -> str:
    """The pattern that matches wherever a text holds another one."""
    return re.sub(r"[$()*+./?\\\[\]^{|}]", r"\\\g<0>", text)


def _alternatives(patterns: Collection[Pattern]) -> str:
    """A pattern with the matches of any; empty if it would be too long, or mean something else."""
    written = {each for each in patterns if isinstance(each, str)}
    if not all(each in written for each in patterns):
        return ""
    pattern = "|".join(f"(?:{each})" for each in sorted(written))
    # Names and numbers of groups would not be those of the parts.
    return "" if len(pattern) > _MAX_PATTERN or _OF_GROUPS.search(pattern) else pattern


def described(texts: Texts) -> Texts:
    """The facts that hold for listed values, without the list."""
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
    """Return True if every text is known to have a format."""
    if texts.values is not None:
        return all(fits_format(value, name) for value in texts.values)
    if name in texts.formats or any(name in _IMPLIED.get(own, ()) for own in texts.formats):
        return True
    return _has_automaton(texts) and all_have(texts, name)


def _searches(texts: Texts, pattern: Pattern) -> bool:
    """Return True if every text is known to match a pattern."""
    if texts.values is not None:
        return all(_matches(value, pattern) for value in texts.values)
    if pattern in texts.patterns or (pattern == r"\S" and texts.blank is False):
        return True
    return all_match(texts, pattern)


def _lacks(texts: Texts, pattern: str) -> bool:
    """Return True if every text is known not to match a pattern."""
    if texts.values is not None:
        return not any(searcher(pattern)(value) for value in texts.values)
    return pattern in texts.unmatched or none_matches(texts, pattern)


def _has_automaton(texts: Texts) -> bool:
    """True if more is known of the texts than their lengths."""
    return bool(texts.patterns or texts.unmatched or texts.formats or texts.blank)


def _has_content(left: Texts, right: Texts) -> bool:
    is_known = bool(left.unmatched or left.patterns)
    return right.blank is False and left.blank is None and is_known and never_blank(left)


def texts_within(left: Texts, right: Texts) -> bool:
    """Return True if all texts of the left are known, or supposed, to be among those of the right."""
    if TRUSTED in left.formats:
        return right.blank is not True
    if left.values is not None:
        return right.json is None and all(fits(value, right) for value in left.values)
    if right.values is not None:
        few = language_of(left).few if _has_automaton(left) else None
        return few is not None and all(fits(value, right) for value in few if fits(value, left))
    return (
        (right.blank is None or left.blank is right.blank or _has_content(left, right))
        and _has_lengths(left, right.shortest, right.longest)
        and all(not fits(text, left) for text in right.excluded)
        and all(_has(left, name) for name in right.formats)
        and all(_searches(left, pattern) for pattern in right.patterns)
        and all(_lacks(left, pattern) for pattern in right.unmatched)
        and (right.json is None or right.json == left.json)
    )


def _has_lengths(texts: Texts, shortest: int, longest: int | None) -> bool:
    """Return True if every text is known to have a length within some bounds."""
    is_long = shortest <= texts.shortest
    is_short = longest is None or (texts.longest is not None and texts.longest <= longest)
    if (is_long and is_short) or not _has_automaton(texts):
        return is_long and is_short
    least, most = lengths_of(language_of(texts))
    is_short = is_short or (longest is not None and most is not None and most <= longest)
    return (is_long or shortest <= least) and is_short


def outside_texts(texts: Texts, bound: Bound) -> Iterator[Texts]:
    """The texts that are not among some, fact by fact."""
    for part in _lacking_a_fact(texts, bound):
        settled = settle(part)
        if settled is not None:
            yield settled


def _lacking_a_fact(texts: Texts, bound: Bound) -> Iterator[Texts]:
    """The texts that lack a fact, fact by fact."""
    if texts.values is not None:
        if bound is Bound.UPPER or len(texts.values) <= MAX_FACTS:
            kept = sorted(texts.values, key=lambda value: (len(value), value))[:MAX_FACTS]
            yield Texts(excluded=frozenset(kept))
        return
    if bound is Bound.UPPER and texts.formats - {"date-time", NO_TIME}:
        yield Texts()
        return
    for each in texts.patterns:
        if isinstance(each, str):
            yield Texts(unmatched=frozenset({each}))
        elif bound is Bound.UPPER:
            yield Texts()
    for pattern in texts.unmatched:
        yield Texts(patterns=frozenset({pattern}))
    for name, other in (("date-time", NO_TIME), (NO_TIME, "date-time")):
        if name in texts.formats:
            yield Texts(formats=frozenset({other}))
    if texts.excluded:
        yield Texts(values=texts.excluded)
    if texts.blank is not None:
        yield Texts(blank=not texts.blank)
    if texts.shortest:
        yield Texts(longest=texts.shortest - 1)
    if texts.longest is not None:
        yield Texts(shortest=texts.longest + 1)
