"""Value sets: the possible values of a Liquid expression, and the texts that they are printed as."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from mapper.budget import remembered
from mapper.regex.characters import DIGITS, ranges, span
from mapper.regex.languages import (
    ANYTHING,
    EMPTY,
    Language,
    concatenated,
    many,
    one_of,
    optional,
    repeated,
    union,
    word,
)
from mapper.runtime.liquid.semantics import compared_text

_SIGN = optional(word("-"))
_WHOLE = union(word("0"), concatenated(one_of(span("1", "9")), many(DIGITS)))
_EXPONENT = concatenated(
    one_of(ranges("eE")), optional(one_of(ranges("+-"))), repeated(one_of(DIGITS), min_rounds=1)
)
_FRACTION = concatenated(word("."), repeated(one_of(DIGITS), min_rounds=1))

COUNT = _WHOLE
INTEGER = concatenated(_SIGN, _WHOLE)
NUMBER = concatenated(INTEGER, optional(_FRACTION), optional(_EXPONENT))

_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Items:
    """A list: its possible elements and number of elements (`max_items` None: any number)."""

    element: Callable[[], ValueSet]
    min_items: int = 0
    max_items: int | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """An object: the possible values of each member; `required` ones are always there."""

    member: Callable[[str], ValueSet]
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A set of values by kind; `json` is text that is one JSON value of those types."""

    missing: bool = False
    null: bool = False
    true: bool = False
    false: bool = False
    number: Language | None = None
    text: Language | None = None
    items: Items | None = None
    members: Members | None = None
    json: frozenset[str] = frozenset()

    @property
    def is_impossible(self) -> bool:
        """True if no value is in it."""
        return not (self.is_nil or self.true or self.false or self.has_content)

    @property
    def is_nil(self) -> bool:
        """True if it can be missing or null."""
        return self.missing or self.null

    @property
    def has_content(self) -> bool:
        """True if it can be a number, text, list, object or JSON text."""
        parts = (self.number, self.text, self.items, self.members)
        return any(part is not None for part in parts) or bool(self.json)

    @property
    def truthy(self) -> ValueSet:
        """Its values that count as true."""
        return replace(self, missing=False, null=False, false=False)

    @property
    def falsy(self) -> ValueSet:
        """Its values that count as false."""
        return ValueSet(missing=self.missing, null=self.null, false=self.false)

    @property
    def only_nil(self) -> ValueSet:
        """Missing and null, as far as it can be either."""
        return ValueSet(missing=self.missing, null=self.null)


IMPOSSIBLE = ValueSet()
MISSING = ValueSet(missing=True)
BOOLEAN = ValueSet(true=True, false=True)


def a_text(language: Language) -> ValueSet:
    """A text of the language."""
    return IMPOSSIBLE if language.is_none else ValueSet(text=language)


def a_number(language: Language = NUMBER) -> ValueSet:
    """A number that is printed as a text of the language."""
    return ValueSet(number=language)


def constant(value: object) -> ValueSet:
    """One value a template or schema holds."""
    match value:
        case None:
            return ValueSet(null=True)
        case bool():
            return ValueSet(true=value, false=not value)
        case int() | float():
            return a_number(word(compared_text(value)))
        case str():
            return a_text(word(value))
        case list():
            inner = joined(*map(constant, value))
            return ValueSet(items=Items(lambda: inner, len(value), len(value)))
        case dict():
            known = {name: constant(entry) for name, entry in value.items()}
            return ValueSet(members=Members(lambda name: known.get(name, MISSING)))
        case _:
            return anything()


@lru_cache(maxsize=1)
def anything() -> ValueSet:
    """Any JSON value, or none."""
    return replace(something(), missing=True)


@lru_cache(maxsize=1)
def something() -> ValueSet:
    """Any JSON value that is there."""
    return ValueSet(
        False, True, True, True, NUMBER, ANYTHING, Items(something), Members(lambda _: anything())
    )


def joined(*values: ValueSet) -> ValueSet:
    """The values that are in any of the sets."""
    given = [value for value in dict.fromkeys(values) if value != IMPOSSIBLE]
    if len(given) <= 1:
        return given[0] if given else IMPOSSIBLE
    return ValueSet(
        missing=any(v.missing for v in given),
        null=any(v.null for v in given),
        true=any(v.true for v in given),
        false=any(v.false for v in given),
        number=_either([v.number for v in given]),
        text=_either([v.text for v in given]),
        items=_any_items([v.items for v in given if v.items is not None]),
        members=_any_members([v.members for v in given if v.members is not None]),
        json=frozenset().union(*(v.json for v in given)),
    )


def _either(languages: list[Language | None]) -> Language | None:
    given = [language for language in languages if language is not None]
    return union(*given) if given else None


def _any_items(given: list[Items]) -> Items | None:
    unique = list(dict.fromkeys(given))
    if len(unique) <= 1:
        return unique[0] if unique else None
    max_items = None if any(i.max_items is None for i in unique) else max(i.max_items or 0 for i in unique)
    return Items(lambda: joined(*(i.element() for i in unique)), min(i.min_items for i in unique), max_items)


def _any_members(given: list[Members]) -> Members | None:
    unique = list(dict.fromkeys(given))
    if len(unique) <= 1:
        return unique[0] if unique else None
    return Members(lambda name: joined(*(m.member(name) for m in unique)))


@remembered(4096)
def members_of(value: ValueSet, key: str | int) -> ValueSet:
    """The values that a template finds under a key."""
    found = [MISSING] if _can_lack(value, key) else []
    if value.members is not None:
        found.append(value.members.member(str(key)) if isinstance(key, str) else MISSING)
    if value.items is not None and (isinstance(key, int) or key in ("first", "last")):
        found.append(value.items.element())
    if key == "size":
        found.append(a_number(COUNT))
    if key == "first" and value.members is not None:
        found.append(anything())
    return joined(*found)


def _can_lack(value: ValueSet, key: str | int) -> bool:
    others = (value.number, value.text, None if _has_element(value.items, key) else value.items)
    return value.is_nil or value.true or value.false or bool(value.json) or any(others)


def _has_element(items: Items | None, key: str | int) -> bool:
    least = 0 if items is None else items.min_items
    return (least > 0 and key in ("first", "last")) or (isinstance(key, int) and 0 <= key < least)


Part: TypeAlias = tuple[str, Language]


def parts_of(value: ValueSet) -> Iterator[Part]:
    """The kinds of value it can be, each with the texts it is printed as; JSON texts are not among them."""
    if value.missing:
        yield "nothing", EMPTY
    elif value.null:
        yield "null", EMPTY
    if value.true:
        yield "true", word("true")
    if value.false:
        yield "false", word("false")
    if value.number is not None or "number" in value.json:
        yield "a number", NUMBER if value.number is None or "number" in value.json else value.number
    if value.text is not None:
        yield "a text", value.text
    if value.items is not None:
        yield "a list", _printed_items(value.items, 0)


def json_kinds(value: ValueSet) -> frozenset[str]:
    """The types of JSON it can be printed as whole."""
    return (value.json - {"number"}) | (frozenset({"object"}) if value.members is not None else frozenset())


def printed(value: ValueSet, depth: int = 0) -> Language:
    """All texts it can be printed as; ANYTHING if JSON text is among them."""
    if (value.text is not None and value.text.is_anything) or json_kinds(value) or depth > _MAX_DEPTH:
        return ANYTHING
    pieces = [language for name, language in parts_of(replace(value, items=None))]
    if value.items is not None:
        pieces.append(_printed_items(value.items, depth + 1))
    return union(*pieces)


def _printed_items(items: Items, depth: int) -> Language:
    if items.max_items == 0:
        return EMPTY
    if depth > _MAX_DEPTH:
        return ANYTHING
    return repeated(printed(items.element(), depth + 1), min_rounds=1 if items.min_items else 0)
