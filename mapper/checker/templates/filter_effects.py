"""Effects of filters: what each makes of a set of values, texts followed character by character.

There is one rule for each word of `Gives` and `Effect`, the words of a filter's row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TypeAlias
from urllib.parse import quote_plus

from mapper.budget import remembered
from mapper.checker.templates.date_texts import date_texts
from mapper.checker.templates.value_sets import (
    BOOLEAN,
    COUNT,
    IMPOSSIBLE,
    NUMBER,
    Items,
    ValueSet,
    a_number,
    a_text,
    anything,
    joined,
    members_of,
    printed,
)
from mapper.checker.types.cased_texts import lower_of, upper_of
from mapper.checker.types.text_languages import SUFFICIENT
from mapper.regex.characters import (
    DIGITS,
    ECMA_SPACE,
    EVERY,
    HEX_DIGITS,
    Ranges,
    inverse,
    ranges,
    shared,
    span,
)
from mapper.regex.characters import joined as joined_ranges
from mapper.regex.comparisons import difference
from mapper.regex.expressions import matching
from mapper.regex.languages import (
    ANYTHING,
    EMPTY,
    Language,
    Piece,
    alphabet,
    beginnings,
    concatenated,
    intersection,
    many,
    one_of,
    optional,
    parts_of,
    repeated,
    replaced,
    union,
    without_empty,
    word,
)
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.liquid.filters.row import DIGESTS, Effect, Gives
from mapper.runtime.work import LONGEST_DATE

Given: TypeAlias = Sequence[ValueSet]
Rule: TypeAlias = Callable[[ValueSet, Given, dict[str, ValueSet]], ValueSet]

_ASCII: Ranges = ((0, 0x7F),)
_BEYOND: Ranges = ((0x80, 0x10FFFF),)
_UPPER, _LOWER = span("A", "Z"), span("a", "z")
_LETTERS = joined_ranges((*_UPPER, *_LOWER))
_CONTROL: Ranges = ((0, 0x1F),)
_MAX_SLICE = 64  # characters at the beginning of a text that are counted


def filtered(name: str, value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    """The values that the filter may give; nothing if it stops the template."""
    row = ROWS[name]
    match row.effect:
        case None:
            return OF_RESULT[row.gives](value, args, kwargs)
        case Effect():
            return OF_EFFECT[row.effect](value, args, kwargs)
        case _:
            return a_text(_becoming(printed(value), tuple(row.effect.items())))


def _only_text(args: Given) -> str | None:
    """The one text that the first argument is printed as; None if there are several."""
    return printed(args[0]).only if args else None


# --- default, json, dates


def _default(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    kept = replace(value.truthy, false=value.false and "allow_false" in kwargs)
    replaces = value.is_nil or value.false or value.members is not None
    if value.text is not None and value.text.has_empty:
        text = without_empty(value.text)
        kept, replaces = replace(kept, text=None if text.is_none else text), True
    if value.items is not None and not value.items.min_items:
        items = value.items
        rest = None if items.max_items == 0 else Items(items.element, 1, items.max_items)
        kept, replaces = replace(kept, items=rest), True
    instead = args[0] if args else a_text(EMPTY)
    return joined(kept, instead) if replaces else kept


def _json(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    words = {"null": value.is_nil, "true": value.true, "false": value.false}
    texts = [word(text) for text, can_be in words.items() if can_be]
    if value.number is not None and value.number.few:
        texts.append(value.number)
    if value.text is not None or value.json:
        texts.append(_json_string(ANYTHING if value.json or value.text is None else value.text))
    kinds = {"array"} if value.items is not None else set()
    kinds |= {"object"} if value.members is not None else set()
    kinds |= {"number"} if value.number is not None and not value.number.few else set()
    whole = union(*texts)
    return ValueSet(text=None if whole.is_none else whole, json=frozenset(kinds))


@remembered(64)
def _json_string(language: Language) -> Language:
    short: list[Piece] = [(ranges(c), partial(_literally, json.dumps(c)[1:-1])) for c in '"\\\n\r\t\b\f']
    others = shared(_CONTROL, inverse(ranges("\n\r\t\b\f")))
    coded = concatenated(word("\\u00"), one_of(HEX_DIGITS), one_of(HEX_DIGITS))
    pieces: list[Piece] = [*short, (others, lambda _: coded)]
    found = concatenated(word('"'), replaced(language, pieces), word('"'))
    # Escapes of many counted characters are too many states; it is a string all the same.
    return (
        found if found.is_exact or language.is_anything else replace(_json_string(ANYTHING), is_exact=False)
    )


def _literally(text: str, _hit: Ranges) -> Language:
    return word(text)


def _date(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    pattern = _only_text(args)
    if not pattern:
        return a_text(ANYTHING if pattern is None else optional(printed(value)))
    written = date_texts(pattern)
    return a_text(union(written, _no_date(value), EMPTY if value.is_nil else written))


def _no_date(value: ValueSet) -> Language:
    """The values that stay as they are: texts that are no dates, booleans."""
    text = value.text
    if text is not None:
        only_clock = set(text.few or ("",)) <= {"now", "today"}
        text = None if only_clock else difference(text, _dates())
    text = None if text is None or text.is_none else text
    return printed(replace(value, number=None, items=None, members=None, text=text))


@cache
def _dates() -> Language:
    """Texts that are read as dates: those of the formats, unless they are too long."""
    either = union(*(matching(SUFFICIENT[name]) for name in ("date", "date-time")))
    return intersection(either, matching(f"^[^]{{0,{LONGEST_DATE}}}$"))


# --- texts


def _over(change: Callable[[Language], Language]) -> Rule:
    def rule(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
        return a_text(change(printed(value)))

    return rule


def _pieces(pieces: list[Piece]) -> Rule:
    cached = remembered(64)(lambda language: replaced(language, pieces))
    return _over(cached)


@remembered(64)
def _becoming(language: Language, texts: tuple[tuple[str, str | None], ...]) -> Language:
    becomes = ((ranges(c), _dropped if text is None else partial(_literally, text)) for c, text in texts)
    return replaced(language, becomes)


def _either_case(hit: Ranges) -> Language:
    letters = alphabet(union(one_of(hit), upper_of(hit), lower_of(hit)))
    return many(letters) if shared(hit, _BEYOND) else one_of(letters)


def _dropped(hit: Ranges) -> Language:
    return optional(one_of(hit))


def _replace(value: ValueSet, args: Given, kwargs: dict[str, ValueSet], *, always: bool = True) -> ValueSet:
    language, old = printed(value), _only_text(args)
    new = printed(args[1]) if len(args) > 1 else EMPTY
    if old is None:
        return a_text(ANYTHING)
    if not old:
        padded = replaced(language, [(EVERY, lambda hit: concatenated(optional(new), one_of(hit)))])
        return a_text(concatenated(padded, optional(new)))
    if len(old) == 1:
        pieces: list[Piece] = [(ranges(old), lambda hit: new if always else union(new, word(old)))]
        return a_text(replaced(language, pieces))
    # Of a longer text the first character gives way to the new text and the others vanish, or all stay.
    first, others = old[0], set(old[1:]) - {old[0]}
    becomes = union(new, word(first), EMPTY if first in old[1:] else new)
    return a_text(
        replaced(language, [(ranges(first), lambda _: becomes), (ranges("".join(sorted(others))), _dropped)])
    )


def _append(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    return a_text(concatenated(printed(value), *(printed(arg) for arg in args)))


def _prepend(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    return a_text(concatenated(*(printed(arg) for arg in args), printed(value)))


def _truncate(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    end = printed(args[1]) if len(args) > 1 else word("...")
    shorter = replaced(printed(value), [(EVERY, _dropped)])
    spaced = replaced(shorter, [(ECMA_SPACE, lambda hit: union(one_of(hit), optional(word(" "))))])
    return a_text(union(printed(value), concatenated(spaced, end)))


def _slice(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    given = printed(replace(value, items=None))
    begin, length = (_only_text(args[:1]), _only_text(args[1:])) if len(args) > 1 else (None, None)
    if begin == "0" and length is not None and length.isdecimal() and int(length) <= _MAX_SLICE:
        text = a_text(beginnings(given, int(length)))
    else:
        text = a_text(parts_of(given))
    return (
        joined(text, ValueSet(items=replace(value.items, min_items=0))) if value.items is not None else text
    )


def _split(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    pieces = a_text(parts_of(printed(value)))
    return ValueSet(items=Items(lambda: pieces))


_SAFE = joined_ranges((*_LETTERS, *DIGITS, *ranges("_.-~+%")))
_HEX = many(joined_ranges((*span("a", "f"), *DIGITS, *ranges("-"))))
_BASE64 = many(joined_ranges((*_LETTERS, *DIGITS, *ranges("+/=_-"))))


def _quoted(hit: Ranges) -> Language:
    few = one_of(hit).few
    if few is not None:
        return union(*(word(quote_plus(text, errors="replace")) for text in few))
    return many(shared(_SAFE, EVERY))


# --- numbers and lists


def _always(result: ValueSet) -> Rule:
    return lambda value, args, kwargs: result


def _element_of(value: ValueSet) -> ValueSet | None:
    """The elements of a list, those of lists in it too; None if the value may be anything but a list."""
    if value.items is None or replace(value, items=None) != IMPOSSIBLE:
        return None
    return _flat(value.items.element(), 0)


def _list_of(element: ValueSet | None) -> ValueSet:
    return anything() if element is None else ValueSet(null=True, items=Items(lambda: element))


def _same_list(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    return _list_of(_element_of(value))


def _flat(element: ValueSet, depth: int) -> ValueSet:
    """An element, or those of the lists in its place: list filters take lists of lists apart."""
    if element.items is None:
        return element
    if depth > 4:
        return anything()
    return joined(element, _flat(element.items.element(), depth + 1))


def _element(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    if value.members is not None:
        return anything()
    return joined(ValueSet(null=True), value.items.element() if value.items is not None else IMPOSSIBLE)


def _join(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    between = printed(args[0]) if args else word(" ")
    inner = printed(replace(value, items=None, missing=False, null=False)) if value != IMPOSSIBLE else EMPTY
    if value.items is not None:
        inner = union(inner, printed(_flat(value.items.element(), 0)))
    return a_text(optional(concatenated(inner, repeated(concatenated(between, inner)))))


def _map(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    name, element = _only_text(args), _element_of(value)
    if name is None or element is None or element.text or element.number or element.items:
        return anything()
    return _list_of(joined(ValueSet(null=True), members_of(element, name)))


def _concat(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    elements = [_element_of(each) for each in (value, *args)]
    known = [element for element in elements if element is not None]
    return _list_of(joined(*known) if len(known) == len(elements) else None)


def _anything(value: ValueSet, args: Given, kwargs: dict[str, ValueSet]) -> ValueSet:
    return anything()


OF_EFFECT: dict[Effect, Rule] = {
    Effect.UPPER: _pieces([(EVERY, upper_of)]),
    Effect.LOWER: _pieces([(EVERY, lower_of)]),
    Effect.CAPITAL: _pieces([(EVERY, _either_case)]),
    Effect.TRIMMED: _pieces([(ECMA_SPACE, _dropped)]),
    Effect.THINNED: _pieces([(EVERY, _dropped)]),
    **dict.fromkeys((Effect.CUT, Effect.CUT_WORDS), _truncate),
    Effect.REPLACED: _replace,
    Effect.REPLACED_ONCE: partial(_replace, always=False),
    Effect.UNMARKED: _over(lambda _: many(inverse(ranges("<>'\"")))),
    Effect.BASE64: _over(lambda _: _BASE64),
    Effect.URL: _pieces([(EVERY, _quoted)]),
}
OF_RESULT: dict[Gives, Rule] = {
    **dict.fromkeys((Gives.TEXT, Gives.CONTENT, Gives.CODED, Gives.FOUND), _anything),
    Gives.APPENDED: _append,
    Gives.PREPENDED: _prepend,
    Gives.JOINED: _join,
    Gives.JSON: _json,
    **dict.fromkeys(DIGESTS - {Gives.BASE64_DIGEST}, _always(a_text(_HEX))),
    Gives.BASE64_DIGEST: _always(a_text(_BASE64)),
    Gives.DATE: _date,
    Gives.TEXTS: _split,
    **dict.fromkeys((Gives.ARITHMETIC, Gives.ROUNDED, Gives.WHOLE), _always(a_number(NUMBER))),
    Gives.NUMBER: _always(ValueSet(null=True, number=NUMBER)),
    Gives.COUNT: _always(a_number(COUNT)),
    Gives.INDEX: _always(ValueSet(null=True, number=COUNT)),
    Gives.TRUTH: _always(replace(BOOLEAN, null=True)),
    Gives.ELEMENT: _element,
    Gives.ELEMENTS: _same_list,
    Gives.BOTH: _concat,
    Gives.PROPERTIES: _map,
    Gives.PART: _slice,
    Gives.DEFAULTED: _default,
}
