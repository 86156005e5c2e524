"""Scalars: the texts, numbers and words that a template writes as values of the JSON, place by place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mapper.checker.inference.printing import numerals
from mapper.checker.inference.text_filters import json_numerals
from mapper.checker.templates.emission import emit_part, write
from mapper.checker.templates.json_grammar import JsonFault, JsonFinding, JsonPlace, Path, step
from mapper.checker.templates.printed_values import json_kinds, parts_of
from mapper.checker.types import NULL_ONLY, Numbers, Type, join, join_all, literal_type, only
from mapper.checker.types.named import BOOLEAN, DIGITS, NUMBER, kind_type
from mapper.checker.types.text_facts import texts_in
from mapper.checker.types.text_languages import language_of
from mapper.ir import liquid as ir
from mapper.regex.characters import ranges
from mapper.regex.comparisons import is_within
from mapper.regex.languages import EMPTY, UNKNOWN, Language, concatenated, shortest_with, union, word

_WORDS = ("true", "false", "null")


@dataclass(frozen=True, slots=True)
class Token:
    """A scalar that is being written: its possible texts so far, without the quotes of a string.

    `operand` is the expression of the output that wrote all of it, if one did, and `value` are its values.
    """

    language: Language
    operand: ir.Operand | None = None
    value: Type | None = None


@dataclass(frozen=True, slots=True)
class WrittenValue:
    """A value written at a place of the JSON: one of a set, the texts in it as JSON means them.

    `operand` is the expression that is printed as the value, if it is nothing else.
    """

    path: Path
    value: Type
    operand: ir.Operand | None = None


@dataclass(slots=True)
class Scalars:
    """The outcome of writing: tokens that are open at the places it leads to, and the values that ended."""

    tokens: dict[JsonPlace, Token] = field(default_factory=dict)
    written: list[WrittenValue] = field(default_factory=list)

    def leave(self, place: JsonPlace, token: Token | None) -> None:
        """Note a token that may be open at a place."""
        if token is not None:
            self.tokens[place] = either(self.tokens.get(place, token), token)


def either(one: Token, other: Token) -> Token:
    """The texts of either token."""
    if one == other:
        return one
    whole = union(one.language, other.language)
    value = None if one.value is None or other.value is None else join(one.value, other.value)
    return Token(whole, one.operand if one.operand is other.operand else None, value)


def follow(place: JsonPlace, token: Token | None, text: str) -> tuple[Token | None, list[WrittenValue]]:
    """The token that is open after a fixed text, and the values that end in it; up to the first fault."""
    ended: list[WrittenValue] = []
    start = 0
    for index, character in enumerate(text):
        after, _ = step(place, character)
        if isinstance(after, JsonFault):
            return None, ended
        was, inside = _in_scalar(place), _in_scalar(after)
        if inside and not was:
            token, start = Token(EMPTY), index + after.in_string
        elif was and not inside:
            end = index + (place.mode == "literal")
            ended += _ended(place, _longer(token, text[start:end]))
            token = None
        place = after
    return (_longer(token, text[start:]) if _in_scalar(place) else None), ended


def _in_scalar(place: JsonPlace) -> bool:
    return place.in_number or place.mode == "literal" or (place.in_string and not place.is_key)


def _longer(token: Token | None, text: str) -> Token | None:
    if not text:
        return token
    return Token(UNKNOWN if token is None else concatenated(token.language, word(text)))


def _grown(token: Token | None, more: Token) -> Token:
    if token is None or token.language == EMPTY:
        return more
    return Token(concatenated(token.language, more.language))


def _ended(place: JsonPlace, token: Token | None) -> Iterator[WrittenValue]:
    if token is not None:  # else it was noted when it was printed
        value = _value_of(place, token.language) if token.value is None else token.value
        yield WrittenValue(place.path, value, token.operand)


def _value_of(place: JsonPlace, language: Language) -> Type:
    """The values that some texts mean where they stand."""
    if place.in_string:
        return _a_text(_decoded(language))
    if place.in_number:
        return _a_number(language)
    words = [literal_type(json.loads(text)) for text in language.few or () if text in _WORDS]
    return join_all(words) if words else join(BOOLEAN, NULL_ONLY)


def _a_text(language: Language) -> Type:
    return Type(texts=texts_in(language))


def _a_number(language: Language) -> Type:
    """The numbers that are written as some texts."""
    if language.few is None:
        is_whole = is_within(language, language_of(numerals(DIGITS.numbers or Numbers()))) is True
        low = 0 if shortest_with(language, ranges("-")) is None else None
        return Type(numbers=Numbers(low=low, integral=is_whole))
    try:
        return join_all(literal_type(json.loads(text)) for text in language.few)
    except ValueError:  # a text that is no number, which is a flaw of its own
        return NUMBER


def _decoded(language: Language) -> Language:
    """The texts that the contents of strings stand for; any text if there are many and some have escapes."""
    if shortest_with(language, ranges("\\")) is None:
        return language
    if language.few is None:
        return UNKNOWN
    try:
        return union(*(word(json.loads(f'"{text}"')) for text in language.few))
    except ValueError:  # a text that is no string, which is a flaw of its own
        return UNKNOWN


def print_scalars(
    place: JsonPlace,
    token: Token | None,
    value: Type,
    operand: ir.Operand | None,
    places: Iterable[JsonPlace],
) -> Scalars:
    """The outcome of printing a value at a place where a token may be open; it leads to the places."""
    written = None if value.texts is None else value.texts.json
    if written is not None and place.takes_value and value == only(value, "string"):
        return _print_json(place, written, operand, places)
    outcome = Scalars()
    for kind, language in parts_of(value):
        few = language.few
        whole = _whole(place, kind, value, language)
        if few is None:
            _print_many(place, token, kind, Token(language, operand, whole), outcome)
            continue
        for text in few:
            after = write(place, text)[0]
            if isinstance(after, JsonPlace):
                left, ended = follow(place, token, text)
                is_all = token is None or token.language == EMPTY
                if left is not None and is_all and _in_scalar(place if place.in_string else after):
                    left = replace(left, operand=operand)
                outcome.leave(after, left)
                outcome.written += ended
    outcome.written += [WrittenValue(place.path, kind_type(kind)) for kind in json_kinds(value)]
    return outcome


def _whole(place: JsonPlace, kind: str, value: Type, language: Language) -> Type | None:
    """The value in the JSON if one of this kind is printed as all of it; None if its text alone is known."""
    if kind == "a number" and place.takes_value:
        return only(value, "number")
    if kind == "a text" and place.in_string and shortest_with(language, ranges("\\")) is None:
        return only(value, "string")
    return None


def _print_many(place: JsonPlace, token: Token | None, kind: str, whole: Token, outcome: Scalars) -> None:
    part = emit_part(place, kind, whole.language)
    is_number = (place.takes_value or place.in_number) and all(after.in_number for after in part.places)
    if is_number or (place.in_string and not place.is_key):
        grown = Token(UNKNOWN) if part.breaks else _grown(token, whole)
        for after in part.places:
            outcome.leave(after, grown if _in_scalar(after) else None)
        return
    if _in_scalar(place):
        outcome.written += _ended(place, Token(UNKNOWN))
    outcome.written += [_any_of(shown) for shown in part.seen if shown.kind in _SCALAR]
    for after in part.places:
        outcome.leave(after, Token(UNKNOWN) if _in_scalar(after) else None)


_SCALAR = ("null", "boolean", "number", "string")


def _any_of(shown: JsonFinding) -> WrittenValue:
    return WrittenValue(shown.path, kind_type(shown.kind))


def _print_json(
    place: JsonPlace, written: Type, operand: ir.Operand | None, places: Iterable[JsonPlace]
) -> Scalars:
    """The outcome of printing the JSON of a value where a value may begin."""
    numbers = only(written, "number")
    language = json_numerals(written.numbers or Numbers())
    tokens = {after: Token(language, operand, numbers) for after in places if after.in_number}
    others = only(written, *(written.kinds - {"number"}))
    return Scalars(tokens, [WrittenValue(place.path, others, operand)])
