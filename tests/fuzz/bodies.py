"""Bodies: trees of JSON with hostile values, changed bytes, forms; in shipped mappings and random ones."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from zlib import crc32

import mapper
from fuzz.changes import OF_DATA, Changes, Pool, changed_bytes
from fuzz.loop import Fuzzer, Input
from fuzz.places import Tree, as_bytes, read_json
from fuzz.promises import assert_mapped
from fuzz.seeds import FORM, PAYLOADS, REQUEST, Seed, random_seeds, shipped_seeds, written_seeds
from mapper import ir
from support.agreement import assert_agreement, program_of

RANDOM = 60  # mappings beside the shipped ones, at one time
FIRST = 5  # of them before the first body is made
BODIES = 1_000  # made before one more is there, or one is replaced
INTERPRETED = 64  # one body in so many is interpreted, too


class BodyFuzzer(Fuzzer):
    """Any bytes in any mapping: every item is accounted for, the same on both paths."""

    name = "bodies"

    def __init__(self, seed: int = 0) -> None:
        bodies = [read_json(each.body) for each in shipped_seeds()]
        self.trees: dict[str, list[Tree]] = {}
        self.transforms: dict[str, mapper.Transform] = {}
        self.programs: dict[str, ir.Program] = {}
        for each, tree in zip(shipped_seeds(), bodies, strict=True):
            self.trees.setdefault(each.filename, []).append(tree)
        for name in self.trees:
            self.transforms[name] = mapper.load(name)
        self.shipped = sorted(self.transforms)
        self.spare = [read_json(text) for text in PAYLOADS]
        self.changes = Changes(OF_DATA, Pool(bodies))
        self.seed, self.made = seed, 0
        self.waiting: list[Seed] = []
        self.others: list[str] = []
        while len(self.others) < FIRST:
            self._refresh()

    def _refresh(self) -> None:
        """Put a mapping that compiles among the others, in place of the oldest one if there are enough."""
        while True:
            if not self.waiting:
                self.seed += 1
                chance = Random(self.seed)
                self.waiting = random_seeds(self.seed, 12)
                self.waiting += chance.sample(written_seeds(), 8)
                chance.shuffle(self.waiting)
            each = self.waiting.pop()
            if each.mapping in self.trees:
                continue
            try:
                transform = mapper.compile(each.mapping)
            except mapper.CompileError:
                continue
            break
        if len(self.others) >= RANDOM:
            gone = self.others.pop(0)
            del self.trees[gone], self.transforms[gone]
            self.programs.pop(gone, None)
        self.others.append(each.mapping)
        self.trees[each.mapping] = [read_json(each.body), *self.spare]
        self.transforms[each.mapping] = transform

    def make(self, chance: Random) -> Input:
        """A body of a sample, changed as a tree, and some also as bytes."""
        self.made += 1
        if self.made % BODIES == 0:
            self._refresh()
        names = self.others if chance.random() < 0.4 else self.shipped
        name = names[int(chance.random() * len(names))]
        trees = self.trees[name]
        roll = chance.random()
        if roll < 0.01:
            text = changed_bytes(chance, FORM)
        else:
            tree = trees[int(chance.random() * len(trees))]
            text = self.changes.to(chance, tree, 1 + int(chance.expovariate(0.6)))
            if roll < 0.06 or not tree.places:
                text = changed_bytes(chance, text)
        return Input(as_bytes(text), name)

    def run(self, given: Input) -> Iterable[str]:
        """Map it on both paths, with the parts of a request or without."""
        transform = self.transforms.get(given.setting) or mapper.compile(given.setting)
        request = REQUEST if len(given.data) % 3 else None
        if crc32(given.data) % INTERPRETED == 0:
            if given.setting not in self.programs:
                self.programs[given.setting] = program_of(transform)
            assert_agreement(transform, given.data, request, self.programs[given.setting])
        return assert_mapped(transform, given.data, request)

    def tree(self, given: Input) -> Tree:
        """The body as a tree."""
        return read_json(given.data.decode("latin-1"))

    def again(self, given: Input, text: str) -> Input:
        """Another body for the same mapping."""
        return Input(as_bytes(text), given.setting)

    def paste(self, given: Input) -> str:
        """Both calls."""
        how = f"load({given.setting!r})" if given.setting in self.shipped else f"compile({given.setting!r})"
        request = "fuzz.seeds.REQUEST" if len(given.data) % 3 else "None"
        return (
            f"transform, body, request = mapper.{how}, {given.data!r}, {request}\n"
            "print(transform(body, request), transform.json(body, request))"
        )
