"""Item fields: items of payloads become their fields, each with the values that were seen.

A field is named by a path of names alone. Lists are not entered: nobody can say which of
several values is meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mapper.authoring.privacy import is_field_name, words_of
from mapper.authoring.text_forms import EPOCH_UNITS, TEXT_FORMS, epoch_of
from mapper.expressions.jsonpath import is_shorthand, quote_name
from mapper.runtime.blank import is_white
from mapper.runtime.missing import INVALID
from mapper.runtime.times.formats import DATE_FORMAT, ISO_FORMATS, read_time

MAX_LEVELS = 4
MAX_TIME = 40  # characters of a text that may be a time
MAX_FIELDS = 3_000

Names = tuple[str, ...]


class TimeFormat(NamedTuple):
    """A format as `from:` names it; `needs_zone` if its texts say nothing of their zone."""

    name: str
    needs_zone: bool


@dataclass(slots=True)
class ItemField:
    """A field: the names that lead to it, and its values by the number of the item.

    Null and blank texts are left out of `values`: they count as missing.
    """

    names: Names
    values: dict[int, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """As JSONPath: `$.customer.id`."""
        return "$" + "".join(f".{name}" if is_shorthand(name) else quote_name(name) for name in self.names)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its last name."""
        return tuple(words_of(self.names[-1]))

    @property
    def distinct(self) -> int:
        """The number of different values, which are texts and numbers."""
        return len({str(value) for value in self.values.values()})

    def share_of(self, *kinds: type) -> float:
        """The share of values of some types; true and false are no integers here."""
        return sum(type(value) in kinds for value in self.values.values()) / len(self.values)

    @property
    def repeats(self) -> float:
        """The share of values that were seen before in another item."""
        return 1 - self.distinct / len(self.values)

    def time_formats(self) -> Counter[TimeFormat]:
        """How many values are read by each format of times; those that are no times are not counted."""
        found = map(time_format, self.values.values())
        return Counter(one for one in found if one is not None)


def time_format(value: object) -> TimeFormat | None:
    """The format that reads a value as a time, None if there is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        name = epoch_of(value, value)
        return TimeFormat(name, False) if name else None
    if not isinstance(value, str) or not 8 <= len(value) <= MAX_TIME:
        return None
    if value.isdigit():
        name = next((unit for unit in EPOCH_UNITS if TEXT_FORMS[unit].check(value)), "")
        return TimeFormat(name, False) if name else None
    for needs_zone, zone in ((False, None), (True, "UTC")):
        for name in (*ISO_FORMATS, DATE_FORMAT):
            if read_time(value, (name,), zone, "00:00") is not INVALID:
                return TimeFormat(name, needs_zone)
    return None


def fields_of(items: Iterable[object]) -> list[ItemField]:
    """The fields of items, those of objects among them, in the order in which they are first seen."""
    found: dict[Names, ItemField] = {}
    for number, item in enumerate(items):
        for names, value in _walk(item, ()):
            if names not in found:
                if len(found) >= MAX_FIELDS:
                    continue
                found[names] = ItemField(names)
            if value is not None and not (isinstance(value, str) and is_white(value)):
                found[names].values[number] = value
    return [one for one in found.values() if one.values]


def _walk(value: object, names: Names) -> Iterator[tuple[Names, object]]:
    if names:
        yield names, value
    if isinstance(value, dict) and len(names) < MAX_LEVELS:
        for name, member in value.items():
            if isinstance(name, str) and is_field_name(name):
                yield from _walk(member, (*names, name))
