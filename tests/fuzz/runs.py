"""Runs: inputs of `mapper run` and lines of `--replay`."""

from __future__ import annotations

import gzip
import re
from abc import abstractmethod
from collections.abc import Iterable
from random import Random
from zlib import crc32

from fuzz.changes import OF_DATA, Changes, Pool, changed_bytes
from fuzz.commands import BODIES, MAPPINGS, Ended, Workplace
from fuzz.loop import Fuzzer, Input
from fuzz.places import Tree, as_bytes, read_json

NAMES = tuple(MAPPINGS)


class RunFuzzer(Fuzzer):
    """Inputs are files of `mapper run`."""

    def __init__(self, seed: int = 0) -> None:
        self.place = Workplace()
        self.trees = self.seeds()
        self.changes = Changes(OF_DATA, Pool(tree for trees in self.trees.values() for tree in trees))

    @abstractmethod
    def seeds(self) -> dict[str, list[Tree]]:
        """Lines to begin with, of each mapping."""

    def made(self, chance: Random, name: str) -> bytes:
        """One to four lines, some of them changed."""
        lines = []
        for _ in range(chance.choice((1, 1, 2, 3, 4))):
            tree = chance.choice(self.trees[name])
            text = self.changes.to(chance, tree, chance.choice((0, 1, 1, 2, 3)))
            lines.append(changed_bytes(chance, text) if chance.random() < 0.05 or not tree.places else text)
        ends = chance.choices(("\n", "\r\n", "\n\n", "\n  \n", ""), (20, 2, 1, 1, 1), k=len(lines))
        return as_bytes("".join(line + end for line, end in zip(lines, ends, strict=True)))

    def tree(self, given: Input) -> Tree:
        """The text; a file of one line is a tree."""
        return read_json(given.data.decode("latin-1"))

    def again(self, given: Input, text: str) -> Input:
        """Another file for the same mapping."""
        return Input(as_bytes(text), given.setting)

    def paste(self, given: Input) -> str:
        """The call in a folder with the file."""
        kind, module = type(self).__name__, type(self).__module__
        call = f"{kind}().run(Input({given.data!r}, {given.setting!r}))"
        return f"from fuzz.loop import Input\nfrom {module} import {kind}\nprint({call})"


def reached(ended: Ended) -> list[str]:
    """The exit code, the codes printed, and the first words of a message that ends the run."""
    words = [f"exit code {ended.code}"]
    for line in ended.printed.splitlines():
        if line.startswith("mapper: "):
            words.append(" ".join(re.sub("`[^`]*`", "..", line).split()[:9]))
        if line.startswith("  rejected "):
            words += [word.rstrip(",") for word in line.split() if word[0] == "M" and word[1:4].isdigit()]
    return words


class InputFuzzer(RunFuzzer):
    """Any file is read to its end or refused; each body gives what the transform gives."""

    name = "inputs"

    def seeds(self) -> dict[str, list[Tree]]:
        """Bodies."""
        return {name: [read_json(body) for body in BODIES[name]] for name in NAMES}

    def make(self, chance: Random) -> Input:
        """Lines of bodies, or one body over several lines; some packed, and some of these changed."""
        name = chance.choice(NAMES)
        data = self.made(chance, name)
        if chance.random() < 0.1:
            data = b"\xef\xbb\xbf" + data
        if chance.random() < 0.3:
            data = gzip.compress(data, mtime=0) * chance.choice((1, 1, 1, 2))
            if chance.random() < 0.6:
                data = changed_bytes(chance, data.decode("latin-1")).encode("latin-1", "replace")
        return Input(data, f"{name} {chance.choice(('auto', 'ndjson', 'ndjson', 'json'))}")

    def run(self, given: Input) -> Iterable[str]:
        """Run it; then its rejected items are mapped again, and rejected again."""
        name, form = given.setting.split()
        self.place.write("in", given.data)
        ended = self.place.run(name, "in", "--input", form)
        words = reached(ended)
        if ended.code == 1:
            lines = self.place.read("no")
            self.place.write("in", lines)
            again = self.place.run(name, "--replay", "in")
            assert again.code == 1, "a replay that rejects nothing"
            assert self.place.read("no") == lines, "a replay that rejects something else"
        return words


class ReplayFuzzer(RunFuzzer):
    """Lines of `--rejected` with fields that are gone, doubled, of other types, deep or huge."""

    name = "replays"

    def seeds(self) -> dict[str, list[Tree]]:
        """The lines that runs of all bodies reject."""
        found: dict[str, list[Tree]] = {}
        for name in NAMES:
            self.place.write("in", as_bytes("\n".join(BODIES[name]) + "\n"))
            self.place.run(name, "in", "--input", "ndjson")
            found[name] = [read_json(line) for line in self.place.read("no").decode("latin-1").splitlines()]
        return found

    def make(self, chance: Random) -> Input:
        """Lines, in any order."""
        name = chance.choice(NAMES)
        return Input(self.made(chance, name), name)

    def run(self, given: Input) -> Iterable[str]:
        """Replay them; what is rejected is rejected again."""
        self.place.write("in", given.data)
        ended = self.place.run(given.setting, "--replay", "in")
        words = reached(ended)
        if ended.code == 1 and crc32(given.data) % 4 == 0:
            lines = self.place.read("no")
            self.place.write("in", lines)
            assert self.place.run(given.setting, "--replay", "in").code == 1, "a replay that rejects nothing"
            assert self.place.read("no") == lines, "a replay that rejects something else"
        return words
