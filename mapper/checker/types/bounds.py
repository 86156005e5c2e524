"""Bounds: a set of values between two types, and the operations on such sets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mapper.checker.types.complements import complement
from mapper.checker.types.facts import ANYTHING, Arrays, Bound, Objects, Type
from mapper.checker.types.lattice import is_subtype, join, meet
from mapper.checker.types.named import NEVER


@dataclass(frozen=True, slots=True)
class Bounds:
    """The values of a set: all are of `upper`, and all of `lower` are among them. `settled` makes them."""

    upper: Type
    lower: Type

    @property
    def is_exact(self) -> bool:
        """True if both types are the set itself."""
        return self.upper is self.lower

    def side(self, bound: Bound) -> Type:
        """One of the two types."""
        return self.upper if bound is Bound.UPPER else self.lower


def settled(upper: Type, lower: Type) -> Bounds:
    """The bounds; one type for both sides if they are the same."""
    is_exact = upper is lower or is_subtype(upper, lower)
    return Bounds(upper, upper if is_exact else lower)


def exactly(given: Type) -> Bounds:
    """The values of a type."""
    return Bounds(given, given)


ALL = exactly(ANYTHING)
NONE = exactly(NEVER)
UNKNOWN = Bounds(ANYTHING, NEVER)


def both(left: Bounds, right: Bounds) -> Bounds:
    """The values of both sets."""
    if left is ALL or right is ALL:
        return right if left is ALL else left
    return settled(meet(left.upper, right.upper), meet(left.lower, right.lower, bound=Bound.LOWER))


def either(parts: Iterable[Bounds]) -> Bounds:
    """The values of any of the sets."""
    upper, lower = NEVER, NEVER
    for part in parts:
        upper, lower = join(upper, part.upper), join(lower, part.lower, Bound.LOWER)
    return settled(upper, lower)


def outside(given: Bounds) -> Bounds:
    """The values that are not in a set."""
    if given is ALL or given is NONE:
        return NONE if given is ALL else ALL
    return settled(complement(given.lower, Bound.UPPER), complement(given.upper, Bound.LOWER))


def if_array(upper: Arrays | None, lower: Arrays | None) -> Bounds:
    """The arrays between two bounds, and all values that are not arrays."""
    return settled(replace(ANYTHING, arrays=upper), replace(ANYTHING, arrays=lower))


def if_object(upper: tuple[Objects, ...], lower: tuple[Objects, ...]) -> Bounds:
    """The objects between two bounds, and all values that are not objects."""
    return settled(replace(ANYTHING, objects=upper), replace(ANYTHING, objects=lower))
