"""Named types, and small changes of a type."""

from __future__ import annotations

from dataclasses import replace

from mapper.checker.types.facts import Arrays, Numbers, Objects, Texts, Type
from mapper.checker.types.text_languages import HEX_DIGESTS, TIMES
from mapper.runtime.digits import EXACT

NEVER = Type()
MISSING_ONLY = Type(missing=True)
NULL_ONLY = Type(null=True)


def text_type(**known: object) -> Type:
    """The texts for which some facts of `Texts` hold."""
    return Type(texts=replace(Texts(), **known))  # type: ignore[arg-type]


TEXT = text_type()
BOOLEAN = Type(booleans=frozenset({True, False}))
NUMBER = Type(numbers=Numbers())
INTEGER = Type(numbers=Numbers(integral=True))
DIGITS = Type(numbers=Numbers(integral=True, plain=True))
COUNT = Type(numbers=Numbers(low=0, high=EXACT - 1, integral=True, plain=True))  # no list or text is longer
ARRAY = Type(arrays=Arrays())
OBJECT = Type(objects=(Objects(),))
EMPTY_OBJECT = Type(objects=(Objects({}, MISSING_ONLY),))
UUID = text_type(blank=False, shortest=36, longest=36, formats=frozenset({"uuid"}))


def time_with_digits(digits: int) -> Type:
    """The times in UTC that are written with so many digits of a second: 0, 3, 6 or 9."""
    length = 21 + digits if digits else 20
    return text_type(blank=False, shortest=length, longest=length, formats=frozenset({TIMES[digits]}))


def digest_type(name: str) -> Type:
    """The digests of an algorithm, in lower-case hex."""
    digits = HEX_DIGESTS[name]
    return text_type(blank=False, shortest=digits, longest=digits, formats=frozenset({name}))


TIME = time_with_digits(3)
DIGEST = digest_type("sha256")

_KINDS = {
    "null": NULL_ONLY,
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "number": NUMBER,
    "string": TEXT,
    "array": ARRAY,
    "object": OBJECT,
}


def kind_type(kind: str) -> Type:
    """All values of a JSON type, by its name in JSON Schema."""
    return _KINDS[kind]


def only(given: Type, *kinds: str) -> Type:
    """The part of a type with values of some kinds; `missing` counts as a kind here."""
    return Type(
        missing=given.missing and "missing" in kinds,
        null=given.null and "null" in kinds,
        booleans=given.booleans if "boolean" in kinds else frozenset(),
        numbers=given.numbers if "number" in kinds else None,
        texts=given.texts if "string" in kinds else None,
        arrays=given.arrays if "array" in kinds else None,
        objects=given.objects if "object" in kinds else (),
        unfollowed=given.unfollowed,
    )


def without_missing(given: Type) -> Type:
    """The type without missing."""
    return replace(given, missing=False)


def without_nothing(given: Type) -> Type:
    """The type without missing and null."""
    return replace(given, missing=False, null=False)


def array_of(element: Type, shortest: int = 0, longest: int | None = None) -> Type:
    """The arrays whose elements are of a type."""
    if element.is_never:
        longest = 0
    return Type(arrays=Arrays(element, shortest, longest))


def object_with(members: dict[str, Type], rest: Type = MISSING_ONLY) -> Type:
    """The objects with these members; closed unless `rest` allows others."""
    return Type(objects=(Objects(members, rest),))
