"""Text filters: the texts that filters make of texts, followed character by character.

There is one rule for each word of `Effect`, the word of a filter's row for the characters of its result.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from math import isfinite
from typing import TypeAlias
from urllib.parse import quote_plus

from mapper.budget import remembered
from mapper.checker.inference.date_texts import date_texts
from mapper.checker.inference.printing import numerals, printed, spellings
from mapper.checker.types import ANY_MEMBER, join, meet, only, text_type, without_missing
from mapper.checker.types.cased_texts import in_case, lower_of, upper_of
from mapper.checker.types.facts import Numbers, Texts, Type
from mapper.checker.types.lattice import of_element
from mapper.checker.types.text_facts import described, texts_in
from mapper.checker.types.text_languages import SUFFICIENT, language_of
from mapper.regex import languages
from mapper.regex.characters import (
    DIGITS,
    ECMA_SPACE,
    EVERY,
    HEX_DIGITS,
    Ranges,
    inverse,
    joined,
    ranges,
    shared,
    span,
)
from mapper.regex.comparisons import difference
from mapper.regex.expressions import matching
from mapper.regex.languages import (
    ANYTHING,
    EMPTY,
    NONE,
    Language,
    Piece,
    alphabet,
    beginnings,
    inexact,
    intersection,
    many,
    one_of,
    optional,
    parts_of,
    repeated,
    replaced,
    union,
    word,
)
from mapper.runtime.liquid.filters.row import Becomes, Effect
from mapper.runtime.liquid.semantics import to_json
from mapper.runtime.work import LONGEST_DATE

Arguments: TypeAlias = tuple[Type, ...]
Rule: TypeAlias = Callable[[Texts, Arguments], Type]

_BEYOND: Ranges = ((0x80, 0x10FFFF),)
_LETTERS = joined((*span("A", "Z"), *span("a", "z")))
_CONTROL: Ranges = ((0, 0x1F),)
_SAFE = joined((*_LETTERS, *DIGITS, *ranges("_.-~+%")))
_BASE64 = many(joined((*_LETTERS, *DIGITS, *ranges("+/=_-"))))
_BETWEEN_WORDS = joined((*ECMA_SPACE, *span("\x1c", "\x1f"), *ranges("\x85")))
_MAX_SLICE = 64  # characters at the beginning of a text that are counted
_MOST_STATES = 1000  # of a text in which each character may be replaced by another text
_FEW = 8  # lists inside each other


def effected(effect: Effect | Becomes, value: Type, arguments: Arguments) -> Type:
    """The texts that an effect makes of printed values."""
    texts = printed(value)
    if isinstance(effect, Effect):
        return OF_EFFECT[effect](texts, arguments)
    longest = max((len(text) for text in effect.values() if text is not None), default=1)
    return _made(_becoming(language_of(texts), tuple(effect.items())), _times(texts, max(longest, 1)))


def _made(language: Language, longest: int | None = None, shortest: int = 0) -> Type:
    """The texts of an automaton, within some lengths: it may count fewer characters than these."""
    return meet(Type(texts=texts_in(language)), text_type(longest=longest, shortest=shortest))


def _times(texts: Texts, factor: int) -> int | None:
    longest = described(texts).longest
    return None if longest is None else factor * longest


def only_text(arguments: Arguments) -> str | None:
    """The one text that the first argument is printed as; None if there are several."""
    values = printed(arguments[0]).values if arguments else None
    return next(iter(values)) if values is not None and len(values) == 1 else None


def _language(given: Type) -> Language:
    return language_of(printed(given))


# --- characters


def _pieces(pieces: list[Piece], factor: int | None = None) -> Rule:
    change = remembered(64)(lambda language: replaced(language, pieces))

    def rule(texts: Texts, _arguments: Arguments) -> Type:
        return _made(change(language_of(texts)), None if factor is None else _times(texts, factor))

    return rule


def _always(language: Language) -> Rule:
    return lambda _texts, _arguments: _made(language)


def _in_case(change: Callable[[str], str]) -> Rule:
    return lambda texts, _arguments: Type(texts=in_case(texts, change))


@remembered(64)
def _becoming(language: Language, texts: tuple[tuple[str, str | None], ...]) -> Language:
    becomes = ((ranges(c), _dropped if text is None else partial(_literally, text)) for c, text in texts)
    return replaced(language, becomes)


def _literally(text: str, _hit: Ranges) -> Language:
    return word(text)


def _dropped(hit: Ranges) -> Language:
    return optional(one_of(hit))


def _trimmed(texts: Texts, arguments: Arguments) -> Type:
    has_space = shared(alphabet(language_of(texts)), ECMA_SPACE)
    return _TRIMMED(texts, arguments) if has_space else Type(texts=texts)


_TRIMMED = _pieces([(ECMA_SPACE, _dropped)], 1)


def _either_case(hit: Ranges) -> Language:
    letters = alphabet(union(one_of(hit), upper_of(hit), lower_of(hit)))
    return many(letters) if shared(hit, _BEYOND) else one_of(letters)


_EITHER_CASE = _pieces([(EVERY, _either_case)])


def _capitalized(texts: Texts, arguments: Arguments) -> Type:
    known = described(texts)
    upper, lower = in_case(known, str.upper).longest, in_case(known, str.lower).longest
    # Only the first character becomes upper case, and that makes one more than lower case does.
    longest = None if upper is None or lower is None else min(upper, lower + 1)
    return meet(_EITHER_CASE(texts, arguments), text_type(longest=longest))


def _quoted(hit: Ranges) -> Language:
    few = one_of(hit).few
    if few is not None:
        return union(*(word(quote_plus(text, errors="replace")) for text in few))
    return many(shared(_SAFE, EVERY))


# --- parts and other texts


def _replaced(texts: Texts, arguments: Arguments, *, always: bool = True) -> Type:
    language, old = language_of(texts), only_text(arguments)
    new = _language(arguments[1]) if len(arguments) > 1 else EMPTY
    size = len(language.edges) * len(new.edges)
    if old is None or size > _MOST_STATES or (language.is_anything and new.is_anything):
        return text_type()
    if not old:
        padded = replaced(language, [(EVERY, lambda hit: languages.concatenated(optional(new), one_of(hit)))])
        return _made(languages.concatenated(padded, optional(new)))
    if len(old) == 1:
        pieces: list[Piece] = [(ranges(old), lambda hit: new if always else union(new, word(old)))]
        return _made(replaced(language, pieces))
    # Of a longer text the first character gives way to the new text and the others vanish, or all stay.
    first, others = old[0], set(old[1:]) - {old[0]}
    becomes = union(new, word(first), EMPTY if first in old[1:] else new)
    return _made(
        replaced(language, [(ranges(first), lambda _: becomes), (ranges("".join(sorted(others))), _dropped)])
    )


def _cut(texts: Texts, arguments: Arguments, *, is_counted: bool = True) -> Type:
    end = _language(arguments[1]) if len(arguments) > 1 else word("...")
    language = language_of(texts)
    spaced: list[Piece] = [(_BETWEEN_WORDS, lambda hit: union(one_of(hit), optional(word(" "))))]
    shorter = replaced(replaced(language, [(EVERY, _dropped)]), spaced)
    if not is_counted:  # words that all stay have one blank between them, too
        return _made(languages.concatenated(shorter, optional(end)))
    return meet(_made(union(language, languages.concatenated(shorter, end))), _counted(texts, arguments))


def _counted(texts: Texts, arguments: Arguments) -> Type:
    """A text that is cut by `truncate` is as long as its argument says, if the new end is no longer."""
    given = arguments[0].numbers if arguments else None
    lengths = [50] if not arguments else [*(given.values or ())] if given is not None else []
    ends = printed(arguments[1]).values if len(arguments) > 1 else {"..."}
    is_number = not arguments or (arguments[0].kinds == {"number"} and not arguments[0].missing)
    is_clear = is_number and all(type(each) is int for each in lengths)
    if not (is_clear and lengths and ends) or min(lengths) < max(map(len, ends)):
        return text_type()
    known = described(texts)  # a text that is short enough stays
    longest = int(max(lengths)) if known.longest is None else min(int(max(lengths)), known.longest)
    return text_type(shortest=min(int(min(lengths)), known.shortest), longest=longest)


def part_of_text(value: Type, arguments: Arguments, longest: int | None) -> Type:
    """The parts of printed texts between the positions in the arguments, of so many characters."""
    language = _language(value)
    first, count = only_text(arguments[:1]), only_text(arguments[1:])
    if first == "0" and count is not None and count.isdecimal() and int(count) <= _MAX_SLICE:
        return _made(beginnings(language, int(count)), longest)
    return _made(parts_of(language), longest)


def pieces_of(value: Type) -> Type:
    """The pieces of printed texts, split anywhere."""
    texts = printed(value)
    return _made(parts_of(language_of(texts)), _times(texts, 1))


def joined_text(value: Type, arguments: Arguments) -> Type:
    """The printed elements of a list with a text between them."""
    between = _language(arguments[0]) if arguments else word(" ")
    single = only(value, *(value.kinds - {"array", "null"}))
    inner = union(EMPTY if single.is_never else _language(single), _language(flat(of_element(value))))
    return _made(optional(languages.concatenated(inner, repeated(languages.concatenated(between, inner)))))


def flat(element: Type, depth: int = 0) -> Type:
    """An element, or those of the lists in its place: list filters take lists of lists apart."""
    if element.arrays is None:
        return element
    if depth > _FEW:
        return ANY_MEMBER
    return join(only(element, *(element.kinds - {"array"})), flat(of_element(element), depth + 1))


# --- JSON and dates


def json_text(value: Type, _arguments: Arguments) -> Type:
    """The JSON of values."""
    written = replace(without_missing(value), null=value.may_be_nothing)
    found = Texts(blank=False, shortest=1)
    if not (value.arrays or value.objects):
        found = texts_in(scalar_json(written)) or found
    return Type(texts=replace(found, json=written))


def scalar_json(written: Type) -> Language:
    """The JSON of the values that are no lists or objects."""
    words = {"null": written.null, "true": True in written.booleans, "false": False in written.booleans}
    parts = [word(text) for text, can_be in words.items() if can_be]
    if written.texts is not None:
        parts.append(_json_string(language_of(written.texts)))
    if written.numbers is not None:
        parts.append(json_numerals(written.numbers))
    return union(*parts)


def json_numerals(numbers: Numbers) -> Language:
    """The JSON of numbers: of floats beyond 2^53 with an exponent, while Liquid prints none of these."""
    if numbers.values is None:
        return language_of(numerals(numbers if numbers.plain else Numbers()))
    found = (each for number in numbers.values for each in spellings(number, is_plain=numbers.plain))
    return union(*(word(to_json(each)) for each in found if isinstance(each, int) or isfinite(each)))


@remembered(64)
def _json_string(language: Language) -> Language:
    short: list[Piece] = [(ranges(c), partial(_literally, json.dumps(c)[1:-1])) for c in '"\\\n\r\t\b\f']
    others = shared(_CONTROL, inverse(ranges("\n\r\t\b\f")))
    coded = languages.concatenated(word("\\u00"), one_of(HEX_DIGITS), one_of(HEX_DIGITS))
    pieces: list[Piece] = [*short, (others, lambda _: coded)]
    found = languages.concatenated(word('"'), replaced(language, pieces), word('"'))
    # Escapes of many counted characters are too many states; it is a string all the same.
    return found if found.is_exact or language.is_anything else inexact(_json_string(ANYTHING))


def date_text(value: Type, arguments: Arguments) -> Type:
    """Dates written by the pattern in the argument; what is no date stays as it is."""
    pattern = only_text(arguments)
    if not pattern:
        return text_type() if pattern is None else _made(optional(_language(value)))
    written = date_texts(pattern)
    return _made(union(written, _no_date(value), EMPTY if value.may_be_nothing else written))


def _no_date(value: Type) -> Language:
    """The values that stay as they are: all but numbers and texts that are dates."""
    left = only(value, "missing", *(value.kinds - {"number"}))
    texts = left.texts
    if texts is not None:
        only_clock = texts.values is not None and texts.values <= {"now", "today"}
        rest = None if only_clock else texts_in(difference(language_of(texts), _dates()))
        left = replace(left, texts=rest)
    return NONE if left.is_never else _language(left)


@cache
def _dates() -> Language:
    """Texts that are read as dates: those of the formats, unless they are too long."""
    either = union(*(matching(SUFFICIENT[name]) for name in ("date", "date-time")))
    return intersection(either, matching(f"^[^]{{0,{LONGEST_DATE}}}$"))


OF_EFFECT: dict[Effect, Rule] = {
    Effect.UPPER: _in_case(str.upper),
    Effect.LOWER: _in_case(str.lower),
    Effect.CAPITAL: _capitalized,
    Effect.TRIMMED: _trimmed,
    Effect.THINNED: _pieces([(EVERY, _dropped)], 1),
    Effect.CUT: _cut,
    Effect.CUT_WORDS: partial(_cut, is_counted=False),
    Effect.REPLACED: _replaced,
    Effect.REPLACED_ONCE: partial(_replaced, always=False),
    Effect.UNMARKED: _always(many(inverse(ranges("<>'\"")))),
    Effect.BASE64: _always(_BASE64),
    Effect.URL: _pieces([(EVERY, _quoted)]),
}
