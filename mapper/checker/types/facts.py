"""Facts: the data of a type, with one part for each kind of JSON value.

A Type is the union of its parts: missing, null, some booleans, numbers, texts, arrays and objects. A part
that is False, None or empty means that no such value is possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeAlias

from mapper.regex.languages import Language
from mapper.runtime.blank import is_blank_text

# A regular expression, or a set of texts that no expression writes.
Pattern: TypeAlias = str | Language

KINDS = ("null", "boolean", "number", "string", "array", "object")


class Bound(Enum):
    """The side on which a result may differ from a set of values that facts cannot describe.

    UPPER holds all of its values and perhaps others, LOWER none but its values and perhaps not all.
    """

    UPPER = "upper"
    LOWER = "lower"

    @property
    def opposite(self) -> Bound:
        """The side of a set from which this side of its complement follows."""
        return Bound.LOWER if self is Bound.UPPER else Bound.UPPER


@dataclass(frozen=True, slots=True)
class Numbers:
    """Some numbers: the listed ones, or those within the bounds (None: no bound).

    A bound is excluded if it is open. `integral` admits whole numbers only, 1.0 among them. Every number is a
    multiple of each of the `steps`, and none of the `excluded`. If `plain`, each whole number is written in
    digits alone: 1, not 1.0 or 1e0.
    """

    values: frozenset[int | float] | None = None
    low: int | float | None = None
    high: int | float | None = None
    open_low: bool = False
    open_high: bool = False
    integral: bool = False
    steps: frozenset[int | float] = frozenset()
    excluded: frozenset[int | float] = frozenset()
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Texts:
    """Some texts: the listed ones, or those for which all facts hold.

    `blank` is True if all are empty or white space, False if none is. Lengths count characters. Every text
    has all `formats`, matches all `patterns` and none of the `unmatched`, and is none of the `excluded`. If
    `json` is known, each is the JSON of a value of that type.
    """

    values: frozenset[str] | None = None
    blank: bool | None = None
    shortest: int = 0
    longest: int | None = None
    formats: frozenset[str] = frozenset()
    patterns: frozenset[Pattern] = frozenset()
    unmatched: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    json: Type | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Arrays:
    """Some arrays, by the type of all elements (None: anything) and the number of elements.

    If `unique`, no two elements of an array are equal.
    """

    element: Type | None = field(default=None, hash=False)
    shortest: int = 0
    longest: int | None = None
    unique: bool = False


@dataclass(frozen=True, slots=True)
class NameRule:
    """All members with some names, but for those that an object names itself, are of a type or absent."""

    names: Texts
    member: Type


@dataclass(frozen=True, slots=True)
class Objects:
    """Some objects: `members` by name, any other member is of `rest` (None: anything, or not there).

    A member that may be absent has a type that may be missing. `fewest` and `most` (None: no limit) bound the
    number of members. The `rules` hold for those other members, too, by their names.
    """

    members: Mapping[str, Type] = field(default_factory=dict, hash=False)
    rest: Type | None = field(default=None, hash=False)
    fewest: int = 0
    most: int | None = None
    rules: tuple[NameRule, ...] = field(default=(), hash=False)

    @property
    def nonempty(self) -> bool:
        """True if the number of members is said to be at least one."""
        return self.fewest > 0

    @property
    def sure_members(self) -> int:
        """The least number of members of an object."""
        return max(self.fewest, sum(not member.missing for member in self.members.values()))

    @property
    def possible_members(self) -> int | None:
        """The greatest number of members of an object; None if there is no limit."""
        named = sum(member.is_present for member in self.members.values()) if self.is_closed else None
        limits = [limit for limit in (self.most, named) if limit is not None]
        return min(limits, default=None)

    @property
    def is_closed(self) -> bool:
        """True if there are no members but the named ones."""
        return self.rest is not None and not self.rest.is_present

    @property
    def may_be_empty(self) -> bool:
        """True if an object without any member is among them."""
        return not self.nonempty and all(member.missing for member in self.members.values())


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """A part of a schema that facts do not follow, by its text; values of the type `surely` fit it.

    A value that fits such a part fits it wherever it is written again, whatever its keywords mean.
    """

    text: str
    surely: Type = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Type:
    """The possible values of a node: those of its parts that fit all that is `unfollowed` by its facts."""

    missing: bool = False
    null: bool = False
    booleans: frozenset[bool] = frozenset()
    numbers: Numbers | None = None
    texts: Texts | None = None
    arrays: Arrays | None = None
    objects: tuple[Objects, ...] = ()
    unfollowed: frozenset[Unfollowed] = frozenset()

    @property
    def is_present(self) -> bool:
        """True if some value is possible, also if it is null."""
        return bool(self.null or self.booleans or self.numbers or self.texts or self.arrays or self.objects)

    @property
    def is_never(self) -> bool:
        """True if nothing is possible, not even a missing value."""
        return not (self.missing or self.is_present)

    @property
    def may_be_nothing(self) -> bool:
        """True if it may be missing or null."""
        return self.missing or self.null

    @property
    def may_be_blank(self) -> bool:
        """True if an empty or white-space text is possible."""
        texts = self.texts
        if texts is None or texts.blank is False:
            return False
        return texts.values is None or any(is_blank_text(value) for value in texts.values)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of JSON values that are possible."""
        return frozenset(self._kinds())

    def _kinds(self) -> Iterator[str]:
        parts = (self.null, self.booleans, self.numbers, self.texts, self.arrays, self.objects)
        for kind, part in zip(KINDS, parts, strict=True):
            if part:
                yield kind

    def with_missing(self, missing: bool = True) -> Type:
        """The type with its part `missing` set."""
        return self if self.missing is missing else replace(self, missing=missing)


def element_of(part: Arrays) -> Type:
    """The type of an element of an array."""
    return ANYTHING if part.element is None else part.element


ANYTHING = Type(
    null=True,
    booleans=frozenset({True, False}),
    numbers=Numbers(),
    texts=Texts(),
    arrays=Arrays(),
    objects=(Objects(),),
)
ANY_MEMBER = ANYTHING.with_missing()
