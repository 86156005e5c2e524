"""Schemas: those of the source, the target and the body of a mapping, changed as trees."""

from __future__ import annotations

import atexit
import json
from collections.abc import Iterable
from pathlib import Path
from random import Random
from shutil import copytree, rmtree
from tempfile import mkdtemp
from zlib import crc32

from fuzz.changes import OF_DATA, Changes, Pool
from fuzz.commands import MEMORY_DISK
from fuzz.loop import Input
from fuzz.mappings import MappingFuzzer
from fuzz.places import Tree, read_json
from fuzz.seeds import random_schemas
from mapper.catalog import find_mappings
from mapper.samples.cases import Sample, find_cases
from support.language_cases import CASES, read_case, write_mapping

NAMES = ("source", "target", "schema")
RANDOM = 100  # random schemas, whose parts are grafted


class SchemaFuzzer(MappingFuzzer):
    """Any text as a schema: the mapping with it is refused, or compiles and accounts for every payload."""

    name = "schemas"

    def __init__(self, seed: int = 0, others: int = RANDOM) -> None:
        base = MEMORY_DISK if MEMORY_DISK.is_dir() else None
        self.folder = Path(mkdtemp(prefix="fuzz-", dir=base))
        atexit.register(rmtree, self.folder, ignore_errors=True)
        # By the file of a schema: its text, the mapping that names it, and a body.
        self.seeds: dict[str, tuple[Tree, Path, str]] = {}
        for path in sorted(CASES.glob("*/*.yaml")):
            self._add_case(path)
        for path in find_mappings():
            self._add_shipped(path)
        self.names = sorted(self.seeds)
        known = [tree for tree, _, _ in self.seeds.values()]
        self.changes = Changes(OF_DATA, Pool([*known, *random_schemas(seed, others)], largest=400))
        self.bodies = Changes(OF_DATA, Pool(read_json(body) for _, _, body in self.seeds.values()))
        self.learned = []
        self.rendered = set()

    def _add_case(self, path: Path) -> None:
        case = read_case(path)
        folder = self.folder / path.parent.name / path.stem
        for name in NAMES:
            if name in case:
                folder.mkdir(parents=True, exist_ok=True)
                mapping = write_mapping(case, folder)
                file = str((folder / f"{name}.schema.json").relative_to(self.folder))
                text = (self.folder / file).read_text("utf-8")
                self.seeds[file] = read_json(text), mapping, json.dumps(case.get("payload", {}))

    def _add_shipped(self, path: Path) -> None:
        schema = path.parents[1] / "schemas" / f"{path.stem}.schema.json"
        samples = [case.load() for case in find_cases(path)]
        body = next((each.body for each in samples if isinstance(each, Sample)), b"{}")
        folder = self.folder / "shipped" / path.stem
        copytree(path.parent / "dialects", folder / "dialects")
        mapping = folder / path.name
        mapping.write_text(path.read_text("utf-8"), "utf-8")
        tree = read_json(schema.read_text("utf-8"))
        (folder / schema.name).write_text(tree.text, "utf-8")
        self.seeds[str((folder / schema.name).relative_to(self.folder))] = (
            tree,
            mapping,
            body.decode("latin-1"),
        )

    def make(self, chance: Random) -> Input:
        """A schema with one to some changes, of two the shorter one."""
        file = min(
            (chance.choice(self.names) for _ in range(2)), key=lambda each: len(self.seeds[each][0].text)
        )
        tree = self.seeds[file][0]
        for other, _ in self.learned[int(chance.random() * 8 * len(self.learned)) :][:1]:
            tree = other
        text = self.changes.to(chance, tree, chance.choice((1, 1, 1, 2, 2, 3, 6)))
        return Input(text.encode("utf-8", "surrogatepass"), file)

    def keep(self, given: Input) -> None:
        """Go on from an input that reached something new."""
        if len(given.data) < 2_000:
            self.learned.append((self.tree(given), self.tree(given)))

    def run(self, given: Input) -> Iterable[str]:
        """Compile the mapping with this schema, and map its body, one with changes, and one that is odd."""
        tree, mapping, body = self.seeds[given.setting]
        file, mark = self.folder / given.setting, crc32(given.data)
        odd = self.bodies.to(Random(mark), read_json(body), 2)
        file.write_bytes(given.data)
        try:
            return self.compiled(mapping.read_text("utf-8"), str(mapping), (body, odd, "{}"), mark)
        finally:
            file.write_text(tree.text, "utf-8")

    def tree(self, given: Input) -> Tree:
        """The schema as a tree."""
        return read_json(given.data.decode("utf-8", "surrogatepass"))

    def again(self, given: Input, text: str) -> Input:
        """Another schema in its place."""
        return Input(text.encode("utf-8", "surrogatepass"), given.setting)

    def paste(self, given: Input) -> str:
        """The fuzzer, and the schema."""
        call = f"SchemaFuzzer(others=0).run(Input({given.data!r}, {given.setting!r}))"
        return f"from fuzz.loop import Input\nfrom fuzz.schemas import SchemaFuzzer\nprint({call})"
