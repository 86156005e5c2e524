"""Observations: values of payloads become counts for each field, in memory that does not grow with them.

Values come in columns, many values of one field at once: counting is left to Python's own loops as far as
possible, so that it costs about as much as parsing.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from mapper.authoring.privacy import MAX_CONSTANT, is_field_name
from mapper.authoring.text_forms import TEXT_FORMS
from mapper.runtime.blank import is_white

MAX_NAMES = 400  # names of one object; one with more is a map
MAX_FIELDS = 8_000  # of all objects together; further names are counted as keys that are data
MAX_DEPTH = 30  # levels; a schema nests twice as deep
# An object is a map if it has so many names, and each of its objects few of them, all of one type.
LEAST_NAMES = 20
GREATEST_SHARE = 0.1
MAX_CONSTANTS = 24  # different texts of a field that are counted one by one
_FEW = 4  # objects of one shape, below which columns are made one value at a time


@dataclass(slots=True)
class SeenTexts:
    """The texts of a field: how many, how many are blank, the forms of all others, the different ones."""

    count: int = 0
    blank: int = 0
    forms: tuple[str, ...] = tuple(TEXT_FORMS)
    constants: Counter[str] | None = field(default_factory=Counter)  # None if there are too many

    def add(self, texts: Sequence[str]) -> None:
        """Count texts."""
        self.count += len(texts)
        distinct: Iterable[str] = texts
        if self.constants is not None:
            distinct = counted = Counter(texts)
            self._join(counted)
        white = sum(map(str.isspace, texts)) + texts.count("")
        if white or "\ufeff" in texts:  # white space of ECMA-262 that Python does not know
            self.blank += sum(map(is_white, texts))
        if self.forms:
            solid = [text for text in distinct if not is_white(text)]
            self.forms = tuple(name for name in self.forms if all(map(TEXT_FORMS[name].check, solid)))

    def join(self, other: SeenTexts) -> None:
        """Count the texts of another field, too."""
        self.count += other.count
        self.blank += other.blank
        self.forms = tuple(name for name in self.forms if name in other.forms)
        if other.constants is None:
            self.constants = None
        elif self.constants is not None:
            self._join(other.constants)

    def _join(self, counted: Counter[str]) -> None:
        """Add counts of texts; a long text ends them, for it is no constant and must not be held."""
        assert self.constants is not None
        if len(counted) > MAX_CONSTANTS or any(len(text) > MAX_CONSTANT for text in counted):
            self.constants = None
            return
        self.constants.update(counted)
        if len(self.constants) > MAX_CONSTANTS:
            self.constants = None


@dataclass(slots=True)
class SeenNumbers:
    """The numbers of a field: integers, other numbers, and bounds of all."""

    integers: int = 0
    floats: int = 0
    low: float = float("inf")
    high: float = float("-inf")

    @property
    def count(self) -> int:
        """All numbers."""
        return self.integers + self.floats

    def add(self, numbers: Sequence[Any], *, is_integer: bool) -> None:
        """Count numbers of one type."""
        if is_integer:
            self.integers += len(numbers)
        else:
            self.floats += len(numbers)
        self.low, self.high = min(self.low, min(numbers)), max(self.high, max(numbers))

    def join(self, other: SeenNumbers) -> None:
        """Count the numbers of another field, too."""
        self.integers += other.integers
        self.floats += other.floats
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)


@dataclass(slots=True)
class Observed:
    """The values seen at one place. `others` are the members of objects whose keys are data.

    `members` is empty once the objects are known to be maps (`is_map`).
    """

    nulls: int = 0
    booleans: int = 0
    numbers: SeenNumbers = field(default_factory=SeenNumbers)
    texts: SeenTexts = field(default_factory=SeenTexts)
    arrays: int = 0
    elements: Observed | None = None
    objects: int = 0
    members: dict[str, Observed] = field(default_factory=dict)
    others: Observed | None = None
    is_map: bool = False

    @property
    def count(self) -> int:
        """All values."""
        return self.nulls + self.booleans + self.numbers.count + self.texts.count + self.arrays + self.objects

    @property
    def kinds(self) -> frozenset[str]:
        """The types of its values, without null; integers are numbers."""
        counts = {
            "boolean": self.booleans,
            "number": self.numbers.count,
            "string": self.texts.count,
            "array": self.arrays,
            "object": self.objects,
        }
        return frozenset(name for name, count in counts.items() if count)

    @property
    def is_like_a_map(self) -> bool:
        """True if the names are keys: many, few in each object, and with values of one type."""
        members = self.members.values()
        if len(members) < LEAST_NAMES:
            return False
        share = sum(member.count for member in members) / (self.objects * len(members))
        return share <= GREATEST_SHARE and len({kind for member in members for kind in member.kinds}) == 1

    @property
    def size(self) -> int:
        """The number of fields below it."""
        inner = [self.elements, self.others, *self.members.values()]
        return len(self.members) + sum(one.size for one in inner if one is not None)

    def join(self, other: Observed) -> None:
        """Count the values of another place, too."""
        self.nulls += other.nulls
        self.booleans += other.booleans
        self.numbers.join(other.numbers)
        self.texts.join(other.texts)
        self.arrays += other.arrays
        self.objects += other.objects
        self.elements = _joined(self.elements, other.elements)
        self.others = _joined(self.others, other.others)
        for name, member in other.members.items():
            if name in self.members:
                self.members[name].join(member)
            else:
                self.members[name] = member
        if self.is_map or other.is_map or len(self.members) > MAX_NAMES:
            self.become_map()

    def become_map(self) -> None:
        """Take all members as those of a map."""
        self.is_map = True
        for member in self.members.values():
            self.others = _joined(self.others, member)
        self.members = {}


@contextmanager
def no_collection() -> Iterator[None]:
    """Inside, Python looks for no cycles: JSON has none, and looking takes longer than counting."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _joined(one: Observed | None, other: Observed | None) -> Observed | None:
    if one is None or other is None:
        return one or other
    one.join(other)
    return one


@dataclass(slots=True)
class Observer:
    """Counts values of payloads. `fields` is the number of places; `is_full` if there is room for no more."""

    root: Observed = field(default_factory=Observed)
    fields: int = 0
    is_full: bool = False

    def add(self, values: list[Any]) -> None:
        """Count items."""
        with no_collection():
            self._observe(self.root, values, 0)

    def _observe(self, node: Observed, values: list[Any], depth: int) -> None:
        kinds = Counter(map(type, values))
        for kind, count in kinds.items():
            column: list[Any] = (
                values if len(kinds) == 1 else [value for value in values if type(value) is kind]
            )
            if kind is str:
                node.texts.add(column)
            elif kind is dict:
                node.objects += count
                if depth < MAX_DEPTH:
                    self._objects(node, column, depth + 1)
            elif kind is list:
                node.arrays += count
                elements = list(chain.from_iterable(column)) if depth < MAX_DEPTH else []
                if elements:
                    node.elements = node.elements or Observed()
                    self._observe(node.elements, elements, depth + 1)
            elif kind is bool:
                node.booleans += count
            elif kind is type(None):
                node.nulls += count
            else:  # an integer, a float, or a Decimal of a number that is out of range
                node.numbers.add(column, is_integer=kind is int)

    def _objects(self, node: Observed, objects: list[dict[str, Any]], depth: int) -> None:
        is_large = not node.is_map and max(map(len, objects)) > MAX_NAMES
        columns = {} if node.is_map or is_large else _columns(objects)
        if is_large or len(columns.keys() | node.members.keys()) > MAX_NAMES:
            self._become_map(node)
        if node.is_map:
            self._others(node, list(chain.from_iterable(map(dict.values, objects))), depth)
            return
        others: list[Any] = []
        for name, column in columns.items():
            member = node.members.get(name)
            if member is None and is_field_name(name) and self._has_room():
                self.fields += 1
                member = node.members[name] = Observed()
            if member is None:
                others += column
            else:
                self._observe(member, column, depth)
        self._others(node, others, depth)

    def _has_room(self) -> bool:
        """True if one more field can be counted; maps that were taken for objects give their room back."""
        if self.fields >= MAX_FIELDS and not self.is_full:
            self._free(self.root)
            self.is_full = self.fields >= MAX_FIELDS
        return not self.is_full

    def _free(self, node: Observed) -> None:
        if node.is_like_a_map:
            self._become_map(node)
        for inner in (node.elements, node.others, *node.members.values()):
            if inner is not None:
                self._free(inner)

    def _become_map(self, node: Observed) -> None:
        before = node.size
        node.become_map()
        self.fields -= before - node.size

    def _others(self, node: Observed, values: list[Any], depth: int) -> None:
        if values:
            node.others = node.others or Observed()
            self._observe(node.others, values, depth)


def _columns(objects: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The values of each name. Objects of one shape are taken together, which is several times faster."""
    shapes: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in objects:
        shapes.setdefault(tuple(one), []).append(one)
    columns: dict[str, list[Any]] = {}
    for shape, alike in shapes.items():
        if len(alike) < _FEW:
            for one in alike:
                for name, value in one.items():
                    columns.setdefault(name, []).append(value)
        else:
            for name, column in zip(shape, zip(*map(dict.values, alike), strict=True), strict=True):
                columns.setdefault(name, []).extend(column)
    return columns
