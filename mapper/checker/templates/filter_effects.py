"""Filters: what a Liquid filter makes of a set of values, texts followed character by character.

A filter that is not here may print anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from typing import TypeAlias
from urllib.parse import quote_plus

from mapper.budget import remembered
from mapper.checker.templates.value_sets import (
    BOOLEAN,
    COUNT,
    IMPOSSIBLE,
    INTEGER,
    NUMBER,
    Items,
    Value,
    a_number,
    a_text,
    anything,
    joined,
    members_of,
    printed,
)
from mapper.regex.characters import EVERY, Ranges, inverse, ranges, shared, span
from mapper.regex.characters import joined as joined_ranges
from mapper.regex.languages import (
    ANYTHING,
    EMPTY,
    Language,
    Piece,
    TooLarge,
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

Given: TypeAlias = Sequence[Value]
Rule: TypeAlias = Callable[[Value, Given, dict[str, Value]], Value]

_ASCII: Ranges = ((0, 0x7F),)
_BEYOND: Ranges = ((0x80, 0x10FFFF),)
_UPPER, _LOWER = span("A", "Z"), span("a", "z")
_LETTERS = joined_ranges((*_UPPER, *_LOWER))
_CONTROL: Ranges = ((0, 0x1F),)
_HEX = joined_ranges((*span("0", "9"), *span("a", "f"), *span("A", "F")))
_WHITE: Ranges = ((9, 13), (28, 32), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x3000))


def filtered(name: str, value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    """What the filter may give; what stops the template gives nothing."""
    rule = _RULES.get(name)
    try:
        return anything() if rule is None else rule(value, args, kwargs)
    except TooLarge:
        return anything()


def printed_word(value: Value) -> str | None:
    """The one text a value is printed as; None where there are several."""
    return printed(value).only


# --- default, json, dates


def _default(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    keeps_false = "allow_false" in kwargs
    kept = replace(value, missing=False, null=False, false=value.false and keeps_false)
    replaces = value.missing or value.null or value.false
    if value.text is not None and value.text.has_empty:
        text = without_empty(value.text)
        kept, replaces = replace(kept, text=None if text.is_none else text), True
    if value.items is not None and not value.items.least:
        items = value.items
        rest = None if items.most == 0 else Items(items.element, 1, items.most)
        kept, replaces = replace(kept, items=rest), True
    replaces = replaces or value.members is not None
    instead = args[0] if args else a_text(EMPTY)
    return joined(kept, instead) if replaces else kept


def _json(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    texts: list[Language] = []
    if value.missing or value.null:
        texts.append(word("null"))
    if value.true:
        texts.append(word("true"))
    if value.false:
        texts.append(word("false"))
    if value.number is not None and value.number.few:
        texts.append(value.number)
    if value.text is not None or value.json:
        texts.append(_json_string(ANYTHING if value.json or value.text is None else value.text))
    kinds = {"array"} if value.items is not None else set()
    kinds |= {"object"} if value.members is not None else set()
    kinds |= {"number"} if value.number is not None and not value.number.few else set()
    whole = union(*texts)
    return Value(text=None if whole.is_none else whole, json=frozenset(kinds))


@remembered(64)
def _json_string(language: Language) -> Language:
    short: list[Piece] = [(ranges(c), partial(_literally, json.dumps(c)[1:-1])) for c in '"\\\n\r\t\b\f']
    others = shared(_CONTROL, inverse(ranges("\n\r\t\b\f")))
    coded = concatenated(word("\\u00"), one_of(_HEX), one_of(_HEX))
    return concatenated(word('"'), replaced(language, [*short, (others, lambda _: coded)]), word('"'))


def _literally(text: str, _hit: Ranges) -> Language:
    return word(text)


_DIRECTIVE = re.compile(r"%([-0^#_]*)(\d*)(:?[A-Za-z%+])")
_DATE_TEXT = many(joined_ranges((*_LETTERS, *span("0", "9"), *ranges(" +-:/.,"))))
_DIGITS = repeated(one_of(span("0", "9")), least=1)


# The seconds of the years 1 to 9999.
_EPOCH = intersection(
    INTEGER, concatenated(*[optional(one_of(joined_ranges((*span("0", "9"), *ranges("-")))))] * 13)
)


def _date(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    pattern = printed_word(args[0]) if args else None
    if not pattern:
        return a_text(ANYTHING if pattern is None else optional(printed(value)))
    written = EMPTY
    end = 0
    for found in _DIRECTIVE.finditer(pattern):
        written = concatenated(written, word(pattern[end : found.start()]), _directive(*found.groups()))
        end = found.end()
    written = concatenated(written, word(pattern[end:]))
    return a_text(union(written, _no_date(value), EMPTY if value.is_nil else written))


def _directive(flags: str, width: str, letter: str) -> Language:
    if letter == "n":
        return word("\n")
    if letter == "t":
        return word("\t")
    if letter == "%":
        return word("%")
    if letter == "s" and not flags and not width:
        return _EPOCH
    if letter in "YCymdHIMSjGgVUWuwNL" and not flags and not width:
        return _DIGITS
    return union(_DATE_TEXT, word(f"%{flags}{width}{letter}"))


def _no_date(value: Value) -> Language:
    """The values that stay as they are: texts that are no dates, booleans."""
    only_clock = value.text is not None and set(value.text.few or ("",)) <= {"now", "today"}
    return printed(
        replace(value, number=None, items=None, members=None, text=None if only_clock else value.text)
    )


# --- texts


def _over(change: Callable[[Language], Language]) -> Rule:
    def rule(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
        return a_text(change(printed(value)))

    return rule


def _pieces(pieces: list[Piece]) -> Rule:
    cached = remembered(64)(lambda language: replaced(language, pieces))
    return _over(cached)


def _upper(hit: Ranges) -> Language:
    shifted = [(low - 32, high - 32) for low, high in shared(hit, _LOWER)]
    return _case(hit, shifted, _LOWER)


def _lower(hit: Ranges) -> Language:
    shifted = [(low + 32, high + 32) for low, high in shared(hit, _UPPER)]
    return _case(hit, shifted, _UPPER)


def _case(hit: Ranges, shifted: list[tuple[int, int]], source: Ranges) -> Language:
    # What lies beyond ASCII may become several letters, plain ones among them, never a mark of JSON.
    unchanged = shared(shared(hit, _ASCII), inverse(source))
    changed = one_of(joined_ranges([*shifted, *unchanged]))
    if not shared(hit, _BEYOND):
        return changed
    return union(changed, many(joined_ranges((*_LETTERS, *_BEYOND))))


def _either_case(hit: Ranges) -> Language:
    return union(one_of(hit), _upper(hit), _lower(hit))


def _dropped(hit: Ranges) -> Language:
    return optional(one_of(hit))


def _gone(_hit: Ranges) -> Language:
    return EMPTY


def _replace(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    old = printed_word(args[0]) if args else None
    new = printed(args[1]) if len(args) > 1 else EMPTY
    return _exchange(printed(value), old, new, always=True)


def _replace_once(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    old = printed_word(args[0]) if args else None
    new = printed(args[1]) if len(args) > 1 else EMPTY
    return _exchange(printed(value), old, new, always=False)


def _exchange(language: Language, old: str | None, new: Language, *, always: bool) -> Value:
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


def _append(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    return a_text(concatenated(printed(value), *(printed(arg) for arg in args)))


def _prepend(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    return a_text(concatenated(*(printed(arg) for arg in args), printed(value)))


def _truncate(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    end = printed(args[1]) if len(args) > 1 else word("...")
    shorter = replaced(printed(value), [(EVERY, _dropped)])
    spaced = replaced(shorter, [(_WHITE, lambda hit: union(one_of(hit), optional(word(" "))))])
    return a_text(union(printed(value), concatenated(spaced, end)))


def _slice(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    text = a_text(parts_of(printed(replace(value, items=None))))
    return joined(text, _as_list(value.items)) if value.items is not None else text


def _as_list(items: Items | None) -> Value:
    return IMPOSSIBLE if items is None else Value(items=Items(items.element, 0, items.most))


def _split(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    pieces = a_text(parts_of(printed(value)))
    return Value(items=Items(lambda: pieces))


_SAFE = joined_ranges((*_LETTERS, *span("0", "9"), *ranges("_.-~+%")))
_BASE64 = many(joined_ranges((*_LETTERS, *span("0", "9"), *ranges("+/=_-"))))


def _quoted(hit: Ranges) -> Language:
    few = one_of(hit).few
    if few is not None:
        return union(*(word(quote_plus(text, errors="replace")) for text in few))
    return many(shared(_SAFE, EVERY))


_HTML: list[Piece] = [(ranges(c), partial(_literally, escape(c))) for c in "&<>'\""]


# --- numbers and lists


def _numeric(language: Language) -> Rule:
    return lambda value, args, kwargs: a_number(language)


def _same_list(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    if value.items is None or replace(value, items=None) != IMPOSSIBLE:
        return anything()
    element = _flat(value.items.element(), 0)
    return Value(null=True, items=Items(lambda: element))


def _flat(element: Value, depth: int) -> Value:
    """An element, or those of the lists in its place: list filters take lists of lists apart."""
    if element.items is None:
        return element
    if depth > 4:
        return anything()
    return joined(element, _flat(element.items.element(), depth + 1))


def _element(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    if value.members is not None:
        return anything()
    return joined(Value(null=True), value.items.element() if value.items is not None else IMPOSSIBLE)


def _join(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    between = printed(args[0]) if args else word(" ")
    inner = printed(replace(value, items=None, missing=False, null=False)) if value != IMPOSSIBLE else EMPTY
    if value.items is not None:
        inner = union(inner, printed(_flat(value.items.element(), 0)))
    return a_text(optional(concatenated(inner, repeated(concatenated(between, inner)))))


def _map(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    name = printed_word(args[0]) if args else None
    if name is None or value.items is None or replace(value, items=None) != IMPOSSIBLE:
        return anything()
    element = _flat(value.items.element(), 0)
    if element.text is not None or element.number is not None or element.items is not None:
        return anything()
    inner = joined(Value(null=True), members_of(element, name))
    return Value(null=True, items=Items(lambda: inner))


def _concat(value: Value, args: Given, kwargs: dict[str, Value]) -> Value:
    lists = [value, *args]
    if any(v.items is None or replace(v, items=None) != IMPOSSIBLE for v in lists):
        return anything()
    element = joined(*(_flat(v.items.element(), 0) for v in lists if v.items is not None))
    return Value(null=True, items=Items(lambda: element))


_ANY_NUMBER = _numeric(NUMBER)
_RULES: dict[str, Rule] = {
    "default": _default,
    "json": _json,
    "date": _date,
    "date_tz": _date,
    "upcase": _pieces([(EVERY, _upper)]),
    "downcase": _pieces([(EVERY, _lower)]),
    "capitalize": _pieces([(EVERY, _either_case)]),
    "strip": _pieces([(_WHITE, _dropped)]),
    "lstrip": _pieces([(_WHITE, _dropped)]),
    "rstrip": _pieces([(_WHITE, _dropped)]),
    "strip_newlines": _pieces([(ranges("\n"), _gone), (ranges("\r"), _dropped)]),
    "strip_html": _pieces([(EVERY, _dropped)]),
    "newline_to_br": _pieces([(ranges("\n"), partial(_literally, "<br />\n")), (ranges("\r"), _dropped)]),
    "escape": _pieces(_HTML),
    "escape_once": _over(lambda _: many(inverse(ranges("<>'\"")))),
    "url_encode": _pieces([(EVERY, _quoted)]),
    "base64_encode": _over(lambda _: _BASE64),
    "base64_url_safe_encode": _over(lambda _: _BASE64),
    "replace": _replace,
    "replace_first": _replace_once,
    "replace_last": _replace_once,
    "remove": _replace,
    "remove_first": _replace_once,
    "remove_last": _replace_once,
    "append": _append,
    "prepend": _prepend,
    "truncate": _truncate,
    "truncatewords": _truncate,
    "slice": _slice,
    "split": _split,
    "size": _numeric(COUNT),
    **dict.fromkeys(("at_least", "at_most", "divided_by", "minus", "modulo", "plus"), _ANY_NUMBER),
    **dict.fromkeys(("abs", "ceil", "floor", "round", "times"), _ANY_NUMBER),
    "sum": lambda value, args, kwargs: Value(null=True, number=NUMBER),
    "first": _element,
    "last": _element,
    "join": _join,
    "map": _map,
    "concat": _concat,
    **dict.fromkeys(("compact", "reject", "reverse", "sort", "sort_natural", "uniq", "where"), _same_list),
    "find": lambda value, args, kwargs: anything(),
    "find_index": lambda value, args, kwargs: Value(null=True, number=COUNT),
    "has": lambda value, args, kwargs: replace(BOOLEAN, null=True),
}
