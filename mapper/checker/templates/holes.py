"""Holes: the places of a payload that a template reads, and values to put there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TypeAlias

from mapper.budget import MAX_NODES, nodes_of
from mapper.checker.inference.printing import numerals
from mapper.checker.inference.type_scope import of_key
from mapper.checker.templates.environment import spot_of_value
from mapper.checker.types import MISSING_ONLY, Arrays, Numbers, Texts, Type, join_all
from mapper.checker.types.facts import element_of
from mapper.checker.types.lattice import member_of, of_element
from mapper.checker.types.text_languages import language_of
from mapper.ir import liquid as ir
from mapper.ir.jsonpath import Path
from mapper.regex.characters import BEYOND_ASCII, EVERY, ranges
from mapper.regex.languages import shortest, shortest_with
from mapper.runtime.missing import MISSING

# Steps from a scope of the request: names, indexes, and None for each element of a list.
Hole: TypeAlias = tuple[str | int | None, ...]

_HOSTILE = ('"', "\\", "\n", "\t", "\r", "\x01", "/", "0", "-", "{", ",", " ")
_NUMBERS = (1, 0, -1, 1.5, 1e300, 12345678901234567890)
_MAX_DEPTH = 4


@dataclass(slots=True)
class HoleReading:
    """The holes that a template reads, and the holes from which each of its variables is made.

    `constants` and `numbers` are values that are worth trying in them, `lengths` numbers of elements.
    """

    holes: dict[Hole, None] = field(default_factory=dict)
    names: dict[str, set[Hole]] = field(default_factory=dict)
    constants: dict[str, None] = field(default_factory=dict)
    numbers: dict[int | float, None] = field(default_factory=dict)
    lengths: dict[int, None] = field(default_factory=dict)


def read_holes(body: Iterable[object], scopes: Iterable[str]) -> HoleReading:
    """The holes of a template's statements."""
    reading = HoleReading()
    _HoleReader(reading, frozenset(scopes)).statements(tuple(body), {})
    return reading


def holes_of(operand: object, reading: HoleReading, scopes: Iterable[str]) -> set[Hole]:
    """The holes that the value of an expression or statement comes from."""
    reader = _HoleReader(reading, frozenset(scopes))
    found: set[Hole] = set()
    for node in ir.walk(operand):
        if isinstance(node, ir.Lookup):
            found |= reading.names.get(node.name, set())
            found |= {hole for hole in (reader.hole(node, {}), *reader.below(node)) if hole in reading.holes}
    return found


@dataclass(frozen=True, slots=True)
class _HoleReader:
    reading: HoleReading
    scopes: frozenset[str]

    def statements(self, node: object, aliases: dict[str, Hole]) -> None:
        """Record the holes that a node reads; `aliases` are the variables of enclosing loops."""
        if isinstance(node, tuple):
            for part in node:
                self.statements(part, aliases)
            return
        if isinstance(node, ir.For):
            self._loop(node, aliases)
            return
        if isinstance(node, ir.Assign | ir.Capture):
            inside = node.value if isinstance(node, ir.Assign) else node.body
            known = self.reading.names.setdefault(node.name, set())
            known |= set(self._all(inside, aliases))
            alias = _source(inside)
            if alias is not None and (hole := self.hole(alias, aliases)) is not None:
                aliases[node.name] = hole
        if isinstance(node, ir.Scalar) and isinstance(node.value, str):
            self.reading.constants[node.value] = None
        elif isinstance(node, ir.Scalar) and isinstance(node.value, int | float):
            self.reading.numbers[node.value] = None
        if isinstance(node, ir.Lookup):
            hole = self.hole(node, aliases)
            if hole is not None:
                self.reading.holes[hole] = None
            self.reading.holes |= dict.fromkeys(self.below(node))
        for child in _children(node):
            self.statements(child, aliases)

    def _loop(self, loop: ir.For, aliases: dict[str, Hole]) -> None:
        for part in (loop.source, loop.limit, loop.offset, loop.otherwise):
            self.statements(part, aliases)
        source = _source(loop.source)
        base = None if source is None else self.hole(source, aliases)
        inner = dict(aliases)
        if base is not None:
            inner[loop.name] = (*base, None)
            self.reading.holes[(*base, None)] = None
            self.reading.names.setdefault(loop.name, set()).add((*base, None))
        else:
            inner.pop(loop.name, None)
            self.reading.names.setdefault(loop.name, set()).update(self._all(loop.source, aliases))
        before = set(self.reading.holes)
        self.statements(loop.body, inner)
        if base is not None:
            added = {h for h in self.reading.holes if h not in before and h[: len(base)] == base}
            self.reading.names[loop.name] |= added

    def _all(self, node: object, aliases: dict[str, Hole]) -> Iterator[Hole]:
        for each in ir.walk(node):
            if isinstance(each, ir.Lookup):
                hole = self.hole(each, aliases)
                if hole is not None:
                    yield hole
                yield from self.below(each)
                yield from self.reading.names.get(each.name, ())

    def hole(self, lookup: ir.Lookup, aliases: dict[str, Hole]) -> Hole | None:
        """The hole of a variable; None if it has none, or if it depends on the payload."""
        keys = []
        for key in lookup.rest:
            if isinstance(key, ir.Lookup) or key == "size":
                break
            keys.append({"first": 0, "last": None}.get(key, key) if isinstance(key, str) else key)
        if lookup.var is not None:
            place = spot_of_value(lookup.var.value)
            return None if place is None else (*place, *keys)
        if lookup.name == "forloop":
            return None
        if lookup.name in aliases:
            return (*aliases[lookup.name], *keys)
        return (lookup.name, *keys) if lookup.name in self.scopes else ("item", lookup.name, *keys)

    def below(self, lookup: ir.Lookup) -> Iterator[Hole]:
        """The holes from which the var that is read is made, unless it is another name of one hole."""
        if lookup.var is None or spot_of_value(lookup.var.value) is not None:
            return
        for node in ir.walk_with_vars(lookup.var.value):
            hole: Hole | None = self.hole(node, {}) if isinstance(node, ir.Lookup) else None
            if isinstance(node, Path):
                hole = spot_of_value(node)
            if hole is not None:
                yield hole


def _source(node: object) -> ir.Lookup | None:
    while isinstance(node, ir.FilterCall):
        node = node.value
    return node if isinstance(node, ir.Lookup) else None


def _children(node: object) -> Iterator[object]:
    if is_dataclass(node) and not isinstance(node, type):
        for each in fields(node):
            if each.compare:
                yield getattr(node, each.name)


# --- values for holes


def value_of(hole: Hole, scopes: Mapping[str, Type]) -> Type:
    """The values that are possible in a hole."""
    value = scopes[str(hole[0])]
    for key in hole[1:]:
        if key is None:
            value = MISSING_ONLY if value.arrays is None else of_element(value)
        else:
            value = of_key(value, key)
    return value


def plain(value: Type, depth: int = 0) -> object:
    """A plain value of those possible: a text, a number, an object, a list, true, null, in this order.

    A list or object of more than MAX_NODES is cut short, and so may be none of those possible.
    """
    if value.texts is not None:
        language = language_of(value.texts)
        found = shortest_with(language, EVERY)
        return found if found is not None else shortest(language)
    if value.numbers is not None:
        return _numbers(value.numbers, (1,))[0]
    if value.objects:
        return an_object(value, depth)
    if value.arrays is not None:
        arrays = value.arrays
        element = [] if depth > _MAX_DEPTH else [plain(element_of(arrays), depth + 1)]
        return element * _length(element, arrays) if arrays.longest != 0 else []
    if value.booleans:
        return True in value.booleans
    return None if value.null or not value.missing else MISSING


def an_object(value: Type, depth: int = 0) -> dict[str, object]:
    """A smallest object."""
    if not value.objects or depth > _MAX_DEPTH:
        return {}
    made: dict[str, object] = {}
    nodes = 0
    for name in sorted(frozenset.intersection(*(frozenset(part.members) for part in value.objects))):
        member = join_all(member_of(part, name) for part in value.objects)
        if member.missing:
            continue
        entry = plain(member, depth + 1)
        nodes += nodes_of(entry, MAX_NODES)
        if nodes > MAX_NODES:
            break
        made[name] = entry
    return made


def _length(elements: object, arrays: Arrays) -> int:
    """As many elements as a list needs, but no more than make MAX_NODES."""
    return min(max(arrays.shortest, 1), MAX_NODES // nodes_of(elements, MAX_NODES) + 1)


def _numbers(numbers: Numbers, others: Iterable[int | float]) -> list[object]:
    """Numbers of a type: its few, as they may be written, or others."""
    few = language_of(numerals(numbers)).few
    return [json.loads(text) for text in few[:8]] if few else list(others)


def candidates(value: Type, reading: HoleReading, depth: int = 0) -> list[object]:
    """Possible values to try: nothing first, then short ones, then hostile ones."""
    found: list[object] = []
    if value.missing:
        found.append(MISSING)
    if value.null:
        found.append(None)
    if value.texts is not None:
        found += _texts(value.texts, reading.constants)
    if value.numbers is not None:
        found += _numbers(value.numbers, dict.fromkeys((*_NUMBERS, *reading.numbers)))
    found += sorted(value.booleans, reverse=True)
    if value.arrays is not None:
        found += _lists(value.arrays, reading, depth)
    if value.objects:
        found += [an_object(value), {**an_object(value), "a": 1}]
    return found


def _lists(arrays: Arrays, reading: HoleReading, depth: int) -> list[object]:
    if depth > 1:
        return []
    max_items = 2 if arrays.longest is None else arrays.longest
    inner = candidates(element_of(arrays), reading, depth + 1)[: 6 if depth else 40] if max_items else []
    elements = [e for e in inner if e is not MISSING]
    lists: list[object] = [[element] * _length(element, arrays) for element in elements]
    if max_items > 1:
        lists += [
            [one, other] + [one] * (_length([one, other], arrays) - 2)
            for one in elements[:3]
            for other in elements[:3]
        ]
    fitting = (
        n for n in reading.lengths if arrays.shortest <= n and (arrays.longest is None or n <= max_items)
    )
    lists += [[element] * length for element in elements[:1] for length in fitting]
    return ([] if arrays.shortest else [list[object]()]) + lists


def _texts(texts: Texts, constants: Iterable[str]) -> list[object]:
    language = language_of(texts)
    if language.few is not None:
        return list(language.few)
    tried: list[str | None] = [shortest(language), shortest_with(language, EVERY)]
    tried += [shortest_with(language, ranges(c)) for c in _HOSTILE]
    tried += [shortest_with(language, BEYOND_ASCII)]
    tried += [text for text in (*constants, "00", "-", "true", '",') if language.holds(text)]
    return [text for text in dict.fromkeys(tried) if text is not None]
