"""Text at run time: lookups, comparisons, output and limits of lowered Liquid, without the library.

Everything means the same as in the library's interpreter under `mapper.runtime.liquid.library`; tests
compare them. A variable that is not there is MISSING.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from io import StringIO
from itertools import islice
from typing import NoReturn

from mapper.runtime.digits import (
    EXACT,
    LOST_DIGITS,
    NUMBERS,
    OUT_OF_RANGE,
    is_out_of_range,
    may_have_lost_digits,
    may_have_too_many_digits,
    read_integer,
    write_integer,
)
from mapper.runtime.faults import Fault
from mapper.runtime.json import equality
from mapper.runtime.json.exact import write
from mapper.runtime.json.types import WORDS, type_of
from mapper.runtime.limits import active
from mapper.runtime.missing import MISSING
from mapper.runtime.work import (
    PRINTED,
    SMALL_INTEGER,
    VALUE,
    WRITTEN,
    spend,
    spend_on,
    spend_on_comparison,
    spend_on_json,
    spend_on_search,
)
from mapper.runtime.work import size_of as units_of

# An assigned variable that has no value yet; reading it falls through to the item's key.
UNSET = object()

VARIABLES = 10  # texts of the largest size that the variables of a template may hold together


class Headers(dict[str, object]):
    """The headers of a request, found by names in any case (RFC 9110 §5.1)."""

    def __getitem__(self, key: str) -> object:
        return super().__getitem__(_lower(key))

    def __contains__(self, key: object) -> bool:
        return super().__contains__(_lower(key))

    def get(self, key: object, default: object = None) -> object:
        """The header of that name, or `default`."""
        return super().get(_lower(key), default)


def _lower(key: object) -> str:
    return key.lower() if isinstance(key, str) else key  # type: ignore[return-value]


class GivenNames(dict[str, object]):
    """All variables of a text, in place of the item; the interpreter makes them."""


def variables(item: object, body: object, request: object) -> dict[str, object]:
    """All variables a template can read: the keys of the item, under the reserved names."""
    if isinstance(item, GivenNames):
        return item
    names: dict[str, object] = dict(item) if isinstance(item, dict) else {}
    names["item"] = item
    names["envelope"] = body
    names["header"] = Headers(getattr(request, "headers", None) or {})
    names["query"] = getattr(request, "query", None) or {}
    names["setting"] = getattr(request, "settings", None) or {}
    names["received_at"] = getattr(request, "received_at", None)
    if names["received_at"] is None:
        del names["received_at"]
    return names


def member(value: object, key: object) -> object:
    """The value under a key: a member of an object, an element of a list, or their size, first and last."""
    if key is MISSING:
        return MISSING
    try:
        if isinstance(value, dict) and key in value:
            return value[key]
        if isinstance(key, str):
            return _special_member(value, key)
        if isinstance(value, list | tuple | range) and isinstance(key, int):
            return value[key]
    except (IndexError, TypeError):
        pass
    return MISSING


def _special_member(value: object, key: str) -> object:
    if key == "size" and isinstance(value, str | list | tuple | dict | range):
        return len(value)
    if key == "first":
        if isinstance(value, dict):
            return next(islice(value.items(), 1), MISSING)
        return value[0] if isinstance(value, list | tuple | range) else MISSING
    if key == "last" and isinstance(value, list | tuple | range):
        return value[-1]
    return MISSING


def is_truthy(value: object) -> bool:
    """Everything but nil, missing and false is true; so are 0 and the empty text."""
    return value is not None and value is not False and value is not MISSING


def is_empty(value: object) -> bool:
    """`== empty`: "", [] and {}."""
    return not value and isinstance(value, str | list | dict)


def equal(left: object, right: object) -> bool:
    """Liquid's `==`: as in JSON, except that a missing variable equals nil, as in Shopify's Liquid."""
    if left is None or left is MISSING:
        return right is None or right is MISSING
    return equality.equal(left, right)


def less(left: object, right: object, site: int) -> bool:
    """Liquid's `<`: of two texts or two numbers; nil is never less; anything else is Fault M618."""
    if isinstance(left, str) and isinstance(right, str):
        spend_on_comparison(left, right)
        return left < right
    if isinstance(left, NUMBERS) and isinstance(right, NUMBERS):
        return left < right
    if left is None or right is None or left is MISSING or right is MISSING:
        return False
    raise Fault("M618", site, f"`<` and `>` cannot compare {kind(left)} and {kind(right)}")


def at_most(left: object, right: object) -> bool:
    """Liquid's `<=`: of two texts or two numbers; nil never; anything else if both are equal."""
    if isinstance(left, str) and isinstance(right, str):
        spend_on_comparison(left, right)
        return left <= right
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    if isinstance(left, NUMBERS) and isinstance(right, NUMBERS):
        return left <= right
    if left is None or right is None or left is MISSING or right is MISSING:
        return False
    return equality.equal(left, right)


def as_infinity(value: object) -> object:
    """An infinity for a number out of range: the library would take for ever to convert some Decimals."""
    if isinstance(value, int | Decimal) and is_out_of_range(value):
        return math.inf if value > 0 else -math.inf
    return value


def contains(left: object, right: object) -> bool:
    """Liquid's `contains`: a part of a text, an element of a list, a key of an object; else false."""
    if not is_truthy(left) or not is_truthy(right):
        return False
    if isinstance(left, str):
        part = compared_text(right)
        spend_on(left, part)
        spend_on_search(left, part)
        return part in left
    if isinstance(left, list | tuple):
        spend(2 * VALUE * len(left))
        return any(equal(element, right) for element in left)
    if isinstance(left, range):
        return isinstance(right, int) and right in left
    return isinstance(left, dict) and isinstance(right, str) and right in left


def default(value: object, instead: object = "") -> object:
    """The filter of that name: `instead` for nil, missing, false, "", [] and {}; never for 0."""
    if value is None or value is False or value is MISSING or is_empty(value):
        return instead
    return value


def kind(value: object) -> str:
    """The type of a value in words, for messages that must not show the value."""
    if value is None or value is MISSING:
        return "nothing"
    if isinstance(value, range):
        return "a range"
    return WORDS[type_of(value)] if isinstance(value, str | int | float | list | dict) else "a value"


def to_text(value: object, site: int = -1) -> str:
    """A value as Liquid prints it: nil as nothing, a list as its elements run together, an object as JSON.

    Raises Fault M618 for a float of 2^53 or more: it may have lost digits (`mapper.runtime.digits`), and the
    text may become an id. As JSON it stays a number.
    """
    if isinstance(value, str):
        return value
    if value is MISSING or value is None:
        return ""
    try:
        if type(value) is float and -EXACT < value < EXACT:
            return str(value)
        if type(value) is int:
            if value.bit_length() > SMALL_INTEGER:
                spend(units_of(value))
            return write_integer(value)
        text = _printed(value, site)
        spend(len(text), site)
        return text
    except (ValueError, OverflowError, TypeError):  # a number JSON does not have, a name that is not text
        raise Fault("M618", site, f"{kind(value)} that cannot be printed") from None


def compared_text(value: object) -> str:
    """The text of a value that is only compared: as `to_text`, for numbers of any size."""
    if isinstance(value, int) and is_out_of_range(value):
        return str(Decimal(value))
    return str(value) if may_have_lost_digits(value) else to_text(value)


def _printed(value: object, site: int) -> str:
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        spend(PRINTED * len(value), site)
        return "".join([_printed(element, site) for element in value])
    if isinstance(value, dict):
        return to_json(value, WRITTEN)
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    if may_have_lost_digits(value):
        raise Fault("M618", site, LOST_DIGITS)
    if value != value:
        raise ValueError("NaN is no JSON")
    if isinstance(value, int):
        if value.bit_length() > SMALL_INTEGER:
            spend(units_of(value), site)
        return write_integer(value)
    return str(value)


def as_value(value: object, site: int) -> object:
    """The value of an expression as JSON has it: a range, and a pair of an object, become lists.

    Raises Fault M620 for a range longer than a text may be. `blank` and `empty` are printed.
    """
    if isinstance(value, range):
        if length_of(value) > active().text_length:
            raise length_fault(site)
        spend_on(value)
        return list(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Headers):
        return dict(value)
    known = value is None or value is MISSING or isinstance(value, (str, list, dict, *NUMBERS))
    return value if known else to_text(value, site)


def to_json(value: object, units: int = 0) -> str:
    """Compact JSON with non-ASCII text kept; missing is null; raises ValueError for NaN and infinities.

    It counts so many units beside those of the text.

    A value that nests deeper than Python's stack, or contains itself, is a RecursionError.
    """
    try:
        printed = _encode()(value)
    except ValueError:  # perhaps an integer of more digits than the host lets Python print
        printed = write(value, is_ascii=False, is_strict=True)
    else:
        if may_have_too_many_digits(printed):
            printed = write(value, is_ascii=False, is_strict=True)
    spend_on_json(printed, units)
    return printed


@cache
def _encode() -> Callable[[object], str]:
    """One encoder for all values: `JSONEncoder` makes one each time, longer than a short value takes."""
    from json import encoder  # a service without templates starts without it

    whole = encoder.JSONEncoder(
        ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain, check_circular=False
    )
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:  # another Python than CPython
        return whole.encode
    parts = make(None, _plain, encoder.encode_basestring, None, ":", ",", False, False, False)
    return lambda value: "".join(parts(value, 0))


def _plain(value: object) -> object:
    if isinstance(value, range):
        if len(value) > active().text_length:
            raise ValueError("range too long")
        return list(value)
    if isinstance(value, Decimal):
        raise ValueError(OUT_OF_RANGE)
    return None


def size_of(value: object) -> int:
    """The size of a variable for the limits: characters of a text, elements of a list, else 1."""
    return len(value) if isinstance(value, str | list | tuple) else 1


def buffer() -> StringIO:
    """The buffer of a template with loops; `tell()` gives its length in characters."""
    return StringIO(newline="\n")


def held_by(value: object) -> int:
    """The size of a variable; 0 of one that has no value yet."""
    return 0 if value is UNSET else size_of(value)


def hold(held: int, value: object, site: int) -> int:
    """The size of all variables of a template with one more; raises Fault M620 if they hold too much.

    That is more than `VARIABLES` texts of the largest size.
    """
    held += size_of(value)
    if held > VARIABLES * active().text_length:
        raise Fault("M620", site, "the template's variables hold too much")
    return held


def clock(value: object, received: object, site: int) -> object:
    """The operand of a date filter in a dialect that knows `"now"`: then the moment of receipt replaces it.

    Raises Fault M618 if the request has none. A clock would make two runs of the same body differ.
    """
    if value != "now" and value != "today":
        return value
    if not isinstance(received, str):
        raise Fault("M618", site, "`now` is the time of receipt, and the request has none")
    return datetime.fromisoformat(received)


def too_long(site: int) -> NoReturn:
    """Raise Fault M620: a text has grown beyond the limit."""
    raise length_fault(site)


def length_fault(site: int) -> Fault:
    """Fault M620 of a text or list that has grown beyond the limit."""
    return Fault("M620", site, f"more than {active().text_length:,} characters or elements")


def rounds_fault(site: int) -> Fault:
    """Fault M619 of a loop that runs beyond the limit."""
    return Fault("M619", site, f"more than {active().loop_rounds:,} rounds")


def interval(start: object, stop: object, site: int) -> range:
    """The range `(start..stop)`; an end that is not a whole number counts as 0.

    Raises Fault M618 for an end out of range.
    """
    low, high = _whole(start, site), _whole(stop, site)
    return range(low, high + 1) if low <= high else range(0)


def _whole(value: object, site: int) -> int:
    if is_out_of_range(value):
        raise Fault("M618", site, OUT_OF_RANGE)
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (ValueError, TypeError, OverflowError):
        return 0


def elements(source: object) -> Sequence[object]:
    """The elements of a loop: those of a list or range, pairs of an object, a text as one element."""
    if isinstance(source, list | tuple | range):
        return source
    if isinstance(source, dict):
        spend_on(source)
        return list(source.items())
    return [source] if isinstance(source, str) and source else ()


def window(length: int, limit: object, offset: object) -> tuple[int, int]:
    """Start and stop of a loop over `length` elements; raises ValueError for a limit that is no number."""
    start = _count(offset) or 0
    count = _count(limit)
    first = min(max(start, 0), length)
    last = length if count is None else min(start + count, length)
    return first, max(first, last)


def _count(value: object) -> int | None:
    if value is None or value is MISSING:
        return None
    if isinstance(value, str):
        return read_integer(value)
    if isinstance(value, int | float) and not is_out_of_range(value):
        return int(value)
    raise ValueError("expected a whole number")


def loop_over(
    source: Sequence[object], limit: object, offset: object, site: int
) -> tuple[Sequence[object], int]:
    """The elements that a `for` with `limit` and `offset` visits, and the index for `offset: continue`."""
    try:
        first, last = window(length_of(source), limit, offset)
    except (ValueError, OverflowError):
        raise Fault("M618", site, "`limit` and `offset` take whole numbers") from None
    return source[first:last], last


def length_of(source: Sequence[object]) -> int:
    """The length of a loop's source; of ranges too long for `len` too."""
    if isinstance(source, range):
        return max(source.stop - source.start, 0)
    return len(source)


def rounds(source: Sequence[object], outer: int, site: int, units: int = 0) -> int:
    """The number of rounds of this loop and those around it together; Fault M619 if they are too many.

    `units` is the work of one round, apart from what its filters and loops do.
    """
    count = length_of(source) * outer
    if count > active().loop_rounds:
        raise rounds_fault(site)
    spend(length_of(source) * units, site)
    return count


def group_of(values: Sequence[object]) -> str:
    """The name of a `cycle` group without one: its values."""
    try:
        return str(values)
    except ValueError:  # an integer of more digits than the host lets Python print
        known = (str, list, dict, *NUMBERS)
        given = [value if isinstance(value, known) else str(value) for value in values]
        return write(given, is_ascii=True, is_strict=False)


def cycle(turns: dict[str, int], group: str, values: Sequence[object]) -> object:
    """The value whose turn it is in a `cycle` group."""
    turn = turns.setdefault(group, 0)
    turns[group] = (turn + 1) % len(values)
    return values[turn] if turn < len(values) else MISSING
