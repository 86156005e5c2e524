"""Changes: what a fuzzer does to a tree: replace, graft, cut, double, swap, wrap, unwrap, rename, retype."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from random import Random

from fuzz.hostile import BITS, BROKEN, KEYS, LARGE, NESTED, SCALARS, WRAPS
from fuzz.places import Place, Splice, Tree, keyed, spliced

# The tokens of paths, templates and conditions.
_TOKEN = re.compile(
    r"""\s+|[A-Za-z_]\w*|\d+|'[^']*'|"[^"]*"|\{\{-?|-?\}\}|\{%-?|-?%\}|[=!<>&|]{2}|.""", re.DOTALL
)
_VALUE = re.compile(r"-?\d+(\.\d+)?|true|false|null|\[.*\]|\{.*\}")


class Pool:
    """Texts of values that stood in other trees, by the key above them, to be grafted; and their keys."""

    def __init__(
        self,
        trees: Iterable[Tree],
        largest: int = 3_000,
        new_keys: float = 0.5,
        wraps: Sequence[tuple[str, str]] = WRAPS,
    ) -> None:
        self.new_keys = new_keys  # the share of doubles that get another key
        self.wraps = wraps
        by_key: dict[str, set[str]] = defaultdict(set)
        keys: set[str] = set()
        words: set[str] = set()
        for tree in trees:
            for place in tree.places:
                if len(place.flow) <= largest:
                    by_key[place.above].add(place.flow)
                keys.add(tree.text[place.key_start : place.key_end])
                if place.is_text and len(place.flow) < 300:
                    words.update(tokens(_plain(place.flow)))
        self.by_key = {key: sorted(values) for key, values in sorted(by_key.items())}
        self.all = sorted({value for values in self.by_key.values() for value in values})
        self.keys = sorted(keys - {""})
        self.words = sorted(words)

    def like(self, chance: Random, place: Place) -> str:
        """A value that stood under the same key, or under any."""
        same = self.by_key.get(place.above)
        return chance.choice(same if same and chance.random() < 0.8 else self.all)


Change = Callable[[Random, Tree, Place, Pool], list[Splice]]


def tokens(text: str) -> list[str]:
    """The tokens of a path, a template or a condition."""
    return _TOKEN.findall(text)


def _plain(flow: str) -> str:
    try:
        return str(json.loads(flow, strict=False))
    except ValueError:
        return flow.strip("\"'")


def changed_text(chance: Random, text: str, words: Sequence[str]) -> str:
    """A text with one to three of its tokens replaced, cut, doubled, swapped or put in."""
    parts = tokens(text)
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(len(parts) + 1)
        other = chance.choice(BITS) if chance.random() < 0.5 or not words else chance.choice(words)
        match chance.randrange(5):
            case 0:
                parts[at : at + 1] = [other]
            case 1:
                parts[at:at] = [other]
            case 2:
                del parts[at : at + chance.choice((1, 1, 2, 4))]
            case 3:
                parts[at:at] = parts[at : at + chance.choice((1, 2, 3))]
            case _ if len(parts) > 1:
                left, right = chance.randrange(len(parts)), chance.randrange(len(parts))
                parts[left], parts[right] = parts[right], parts[left]
            case _:
                parts.append(other)
    return "".join(parts)


def _replaced(chance: Random, tree: Tree, place: Place, pool: Pool) -> list[Splice]:
    roll = chance.random()
    among = SCALARS if roll < 0.65 else NESTED if roll < 0.97 else BROKEN if roll < 0.985 else LARGE
    return [(place.start, place.end, chance.choice(among))]


def _grafted(chance: Random, tree: Tree, place: Place, pool: Pool) -> list[Splice]:
    return [(place.start, place.end, pool.like(chance, place))]


def _cut(chance: Random, tree: Tree, place: Place, pool: Pool) -> list[Splice]:
    return [(*place.cut, "")]


def _doubled(chance: Random, tree: Tree, place: Place, pool: Pool) -> list[Splice]:
    key = tree.text[place.key_start : place.key_end]
    if key and pool.keys and chance.random() < pool.new_keys:
        key = chance.choice(pool.keys)
    again = keyed(key, place.flow if chance.random() < 0.5 else pool.like(chance, place))
    times = chance.choice((1, 1, 1, 2, 30))
    return [(place.key_start, place.key_start, (again + place.gap) * times)]


def _swapped(chance: Random, tree: Tree, place: Place, pool: Pool) -> list[Splice]:
    other = chance.choice(tree.places)
    return [(place.start, place.end, other.flow), (other.start, other.end, place.flow)]


def _copied(chance: Random, tree: Tree, place: Place, pool: Pool) -> list[Splice]:
    """A value of the same tree: a part of itself, or that around it."""
    return [(place.start, place.end, chance.choice(tree.places).flow)]


def _wrapped(chance: Random, tree: Tree, place: Place, pool: Pool) -> list[Splice]:
    before, after = chance.choice(pool.wraps)
    return [(place.start, place.end, before + place.flow + after)]


def _renamed(chance: Random, tree: Tree, place: Place, pool: Pool) -> list[Splice]:
    if place.key_start == place.key_end:
        return _replaced(chance, tree, place, pool)
    key = chance.choice(KEYS) if chance.random() < 0.2 or not pool.keys else chance.choice(pool.keys)
    return [(place.key_start, place.key_end, key)]


def _retyped(chance: Random, tree: Tree, place: Place, pool: Pool) -> list[Splice]:
    """A text becomes the value it spells, or its length; all else becomes text."""
    if place.is_text:
        new = place.flow[1:-1]
        new = new if _VALUE.fullmatch(new) else str(len(new))
    else:
        new = json.dumps(place.flow, ensure_ascii=False)
    return [(place.start, place.end, new)]


def _worded(chance: Random, tree: Tree, place: Place, pool: Pool) -> list[Splice]:
    if not place.is_text:
        return _grafted(chance, tree, place, pool)
    text = changed_text(chance, _plain(place.flow), pool.words)
    return [(place.start, place.end, json.dumps(text, ensure_ascii=False))]


# How often each change is made: to data, and to mappings, many of which should still compile.
OF_DATA: dict[Change, int] = {
    _replaced: 40,
    _grafted: 10,
    _cut: 10,
    _doubled: 8,
    _swapped: 5,
    _copied: 5,
    _wrapped: 6,
    _renamed: 8,
    _retyped: 6,
    _worded: 4,
}
OF_MAPPINGS: dict[Change, int] = {
    _replaced: 2,
    _grafted: 40,
    _cut: 3,
    _doubled: 2,
    _swapped: 2,
    _copied: 3,
    _wrapped: 6,
    _renamed: 3,
    _retyped: 1,
    _worded: 38,
}


class Changes:
    """Makes changes, as often as the weights say, with grafts from a pool."""

    def __init__(self, weights: dict[Change, int], pool: Pool) -> None:
        self.pool = pool
        self._drawn = [change for change, weight in weights.items() for _ in range(weight)]

    def to(self, chance: Random, tree: Tree, count: int) -> str:
        """The text of the tree after so many changes in places that do not overlap."""
        splices: list[Splice] = []
        for _ in range(count if tree.places else 0):
            place = tree.places[int(chance.random() * len(tree.places))]
            splices += chance.choice(self._drawn)(chance, tree, place, self.pool)
        return spliced(tree.text, splices)


def changed_bytes(chance: Random, text: str) -> str:
    """The text with one to three stretches cut, doubled or replaced, without regard to its tree."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 0, 1, 1, 2, 8, 40)))
        new = chance.choice((chance.choice(BROKEN), chance.choice(SCALARS), text[start:end] * 2, ""))
        text = text[:start] + new + text[end:]
    return text
