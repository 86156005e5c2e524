"""Scalars: the texts, numbers and words that a template writes as values of the JSON, place by place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mapper.checker.templates.emission import emit_part, write
from mapper.checker.templates.json_grammar import JsonFault, JsonFinding, JsonPlace, Path, step
from mapper.checker.templates.value_sets import (
    BOOLEAN,
    NUMBER,
    Items,
    Members,
    ValueSet,
    a_number,
    a_text,
    anything,
    constant,
    joined,
    json_kinds,
    parts_of,
    something,
)
from mapper.ir import liquid as ir
from mapper.regex.characters import ranges
from mapper.regex.languages import EMPTY, UNKNOWN, Language, concatenated, shortest_with, union, word

_OF_KIND: dict[str, ValueSet] = {
    "null": ValueSet(null=True),
    "boolean": BOOLEAN,
    "number": a_number(NUMBER),
    "string": a_text(UNKNOWN),
    "array": ValueSet(items=Items(something)),
    "object": ValueSet(members=Members(lambda _: anything())),
}


@dataclass(frozen=True, slots=True)
class Token:
    """A scalar that is being written: its possible texts so far, without the quotes of a string.

    `operand` is the expression of the output that wrote all of it, if one did; as JSON if it `is_whole`.
    """

    language: Language
    operand: ir.Operand | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class WrittenValue:
    """A value written at a place of the JSON: one of a set, the texts in it as JSON means them.

    `operand` is the expression that is printed as the value, if it is nothing else. If `is_whole`, its value
    is written as JSON, else as text.
    """

    path: Path
    value: ValueSet
    operand: ir.Operand | None = None
    is_whole: bool = False


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
    is_same = one.operand is other.operand and one.is_whole is other.is_whole
    whole = union(one.language, other.language)
    return Token(whole, one.operand, one.is_whole) if is_same else Token(whole)


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


def _grown(token: Token | None, language: Language, operand: ir.Operand | None) -> Token:
    if token is None or token.language == EMPTY:
        return Token(language, operand)
    return Token(concatenated(token.language, language))


def _ended(place: JsonPlace, token: Token | None) -> Iterator[WrittenValue]:
    if token is None:  # it was noted when it was printed
        return
    if place.in_string:
        value = a_text(_decoded(token.language))
    elif place.in_number:
        value = a_number(token.language)
    else:
        few = token.language.few or ()
        words = [constant(json.loads(text)) for text in few if text in ("true", "false", "null")]
        value = joined(*words) if words else replace(BOOLEAN, null=True)
    yield WrittenValue(place.path, value, token.operand, token.is_whole)


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
    place: JsonPlace, token: Token | None, value: ValueSet, operand: ir.Operand | None
) -> Scalars:
    """The outcome of printing a value at a place where a token may be open."""
    outcome = Scalars()
    for kind, language in parts_of(value):
        few = language.few
        if few is None:
            _print_many(place, token, kind, language, operand, outcome)
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
    outcome.written += [WrittenValue(place.path, _OF_KIND[kind]) for kind in json_kinds(value)]
    return outcome


def _print_many(
    place: JsonPlace,
    token: Token | None,
    kind: str,
    language: Language,
    operand: ir.Operand | None,
    outcome: Scalars,
) -> None:
    part = emit_part(place, kind, language)
    is_number = (place.takes_value or place.in_number) and all(after.in_number for after in part.places)
    if is_number or (place.in_string and not place.is_key):
        grown = Token(UNKNOWN) if part.breaks else _grown(token, language, operand)
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
    return WrittenValue(shown.path, _OF_KIND[shown.kind])


def printed_json(
    place: JsonPlace, value: ValueSet, operand: ir.Operand, places: Iterable[JsonPlace]
) -> Scalars:
    """The outcome of printing the JSON of a value where a value may begin; it leads to the places."""
    number = NUMBER if value.json or value.number is None else value.number
    tokens = {after: Token(number, operand, is_whole=True) for after in places if after.in_number}
    whole = replace(value, missing=False, null=value.is_nil, number=None, json=frozenset())
    written = [WrittenValue(place.path, whole, operand, is_whole=True)]
    written += [WrittenValue(place.path, _OF_KIND[kind]) for kind in value.json]
    return Scalars(tokens, written)
