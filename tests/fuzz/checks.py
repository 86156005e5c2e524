"""Checks: random schemas, mappings and payloads; what the checker says, and its silence, holds."""

from __future__ import annotations

import atexit
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from fuzz.commands import MEMORY_DISK
from fuzz.loop import Fuzzer, Input
from fuzz.places import Tree, read_json
from support.checked_mappings import checked
from support.claims import is_surely_wrong, judge
from support.realistic_mappings import realistic
from support.schema_values import values_of_schema

PAYLOADS = 12  # for a mapping
MAKERS: dict[str, Callable[[Random], Any]] = {"any": checked, "realistic": realistic}

# Kinds of broken claims that are known, for the short run. The list only ever shrinks.
KNOWN: frozenset[str] = frozenset()


class CheckFuzzer(Fuzzer):
    """A mapping with its schemas and payloads: each claim of the checker holds for each payload.

    Kinds of broken claims that are `known` are counted and are no findings.
    """

    name = "checks"

    def __init__(self, seed: int = 0, known: Iterable[str] = ()) -> None:
        base = MEMORY_DISK if MEMORY_DISK.is_dir() else None
        self.folder = Path(mkdtemp(prefix="fuzz-", dir=base))
        atexit.register(rmtree, self.folder, ignore_errors=True)
        self.known = frozenset(known)

    def make(self, chance: Random) -> Input:
        """A mapping of one of the kinds; every third one is realistic."""
        kind = chance.choice(("any", "any", "realistic"))
        for _ in range(chance.choice((1, 3, 3, 3))):
            case = MAKERS[kind](chance)
            if not is_surely_wrong(self.folder, case):
                break
        case["payloads"] = values_of_schema(case["source"], chance, PAYLOADS)
        return Input(json.dumps(case).encode(), kind)

    def run(self, given: Input) -> Iterable[str]:
        """Check it, and map its payloads."""
        judgement = judge(self.folder, json.loads(given.data))
        for broken in judgement.broken:
            assert broken in self.known, broken
        known = (f"known: {broken}" for broken in judgement.broken)
        kind = given.setting
        counted = [f"{kind}: {word}" for word in judgement.words if not word.startswith(("M", "open: "))]
        codes = [word for word in judgement.words if word.startswith("M")]
        opened = [f"{kind}: {word}" for word in judgement.words if word.startswith("open: ")]
        return [kind, *counted, *codes, *opened, *known]

    def summary(self, reached: Counter[str]) -> Iterator[str]:
        """For each kind of mappings the share of those with an open question."""
        for kind in MAKERS:
            if reached[kind]:
                share = reached[f"{kind}: has an open question"] / reached[kind]
                yield f"{kind}: {share:.1%} of {reached[kind]:,} mappings have an open question"

    def tree(self, given: Input) -> Tree:
        """Mapping, schemas and payloads as one tree."""
        return read_json(given.data.decode())

    def again(self, given: Input, text: str) -> Input:
        """Another case of the same kind."""
        return Input(text.encode("utf-8", "surrogatepass"), given.setting)

    def paste(self, given: Input) -> str:
        """The case and its judgement."""
        return (
            "from pathlib import Path\nfrom tempfile import mkdtemp\nimport json\n"
            f"from support.claims import is_surely_wrong, judge\ncase = json.loads({given.data.decode()!r})\n"
            "print(judge(Path(mkdtemp()), case))"
        )
