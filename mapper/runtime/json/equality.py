"""Equality: the one rule by which two JSON values are equal, and keys of sets that follow it.

Numbers are equal if their values are (1 and 1.0, exactly for integers of any size), a boolean equals only
itself, and the order of an object's members does not matter. This is the rule of JSON Schema 2020-12 (core
§4.2.2) for `const`, `enum` and `uniqueItems` and of RFC 9535 §2.3.5.2.2 for comparisons. Liquid builds on it
(`mapper.runtime.liquid.semantics.equal`).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from mapper.runtime.work import ENTERED, PAIR, STRIDE, VALUE, Meter, meter, size_of_names, spend_on_key

_CONTAINERS = (dict, list, tuple)  # Liquid makes a tuple of a member's name and value
_MANY = 1_000  # members and elements: to compare the few of small values is faster than to remember them
_FIXED = frozenset({int, float, bool, type(None)})
_NUMBERS = (int, float, Decimal)  # Decimal: numbers of a body that no float holds


def equal(left: object, right: object) -> bool:
    """Return True if two JSON values are equal; MISSING equals only itself, as "Nothing" of RFC 9535 does.

    Values may nest to any depth. Parts that contain themselves are compared once.
    """
    # Python's own `==` has True equal to 1, and ends in a RecursionError for values that nest deep.
    counting = meter()
    if not isinstance(left, _CONTAINERS) or not isinstance(right, _CONTAINERS):
        return _are_equal_scalars(left, right, counting)
    pairs: list[tuple[object, object]] = [(left, right)]
    # A payload from a host may hold one object often, or inside itself. Each pair is kept alive, so that no
    # other gets its ids: a type of the host's own may make its members when it is asked for them.
    met: dict[tuple[int, int], tuple[object, object]] = {}
    entered = 0
    while pairs:
        one, other = pairs.pop()
        if not isinstance(one, _CONTAINERS):
            if counting is not None:
                counting.spend(PAIR)
            if type(one) in _FIXED and type(one) is type(other):  # as most are: for them `!=` will do
                if one != other:
                    return False
            elif not _are_equal_scalars(one, other, counting):
                return False
            continue
        if counting is not None:
            counting.spend(ENTERED)
        entered += len(one)
        if one and entered > _MANY:
            if (id(one), id(other)) in met:
                continue
            met[id(one), id(other)] = one, other
        if isinstance(one, dict):
            if not isinstance(other, dict) or len(one) != len(other):
                return False
            if counting is not None:
                counting.spend(VALUE * len(one) + size_of_names(one))
            if one.keys() != other.keys():
                return False
            pairs.extend((value, other[key]) for key, value in one.items())
        else:
            kind = list if isinstance(one, list) else tuple
            if not isinstance(other, kind) or len(one) != len(other):
                return False
            pairs.extend(zip(one, other, strict=True))
    return True


def _are_equal_scalars(left: object, right: object, counting: Meter | None) -> bool:
    # Objects of other types are asked only if both are of one type: they may claim to equal everything.
    if isinstance(left, str):
        if not isinstance(right, str) or len(left) != len(right):
            return False
        if counting is not None:
            counting.spend(len(left) // STRIDE)
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, _NUMBERS):
        return isinstance(right, _NUMBERS) and left == right
    return left is right or (type(left) is type(right) and left == right)


def identity(value: object) -> object:
    """A hashable key; two keys are equal if and only if the values are.

    It recurses: values nest at most `nesting.MAX_NESTING` levels deep before they get here.
    """
    spend_on_key(value)
    if isinstance(value, dict):
        return "object", frozenset((key, identity(member)) for key, member in value.items())
    if isinstance(value, list | tuple):
        return "list", tuple(identity(element) for element in value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and value.bit_length() > 60:
        return hex(value)  # numbers that far apart can share one hash, and a sender could choose many of them
    return isinstance(value, bool), value


def has_repetitions(values: Iterable[object]) -> bool:
    """Return True if two of the values are equal, in time that is linear in their size."""
    seen: set[object] = set()
    for value in values:
        key = identity(value)
        if key in seen:
            return True
        seen.add(key)
    return False
