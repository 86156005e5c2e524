"""Mappings: trees of YAML whose nodes are changed, grafted and swapped, their expressions token by token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from zlib import crc32

import mapper
from fuzz.changes import OF_DATA, OF_MAPPINGS, Changes, Pool, changed_bytes
from fuzz.hostile import OPERATORS
from fuzz.loop import Fuzzer, Input
from fuzz.places import Tree, as_bytes, read_json, read_yaml
from fuzz.promises import assert_mapped, assert_rendered, assert_spans
from fuzz.seeds import PAYLOADS, REQUEST, Seed, random_seeds, shipped_seeds, written_seeds
from mapper import compiler, ir
from mapper.compiler import Analysis
from mapper.diagnostics.codes import CODES
from mapper.diagnostics.diagnostic import Diagnostic
from support.agreement import assert_agreement

RANDOM = 150  # mappings of random_mappings among the seeds
LONG = 1_200  # bytes of an input that is not learned from
LEARNED = 4_000  # inputs that reached something new, kept as seeds
CHECKED = 16  # one text in so many is checked, too: `compile` has checked it already
CALL = re.compile(r"\b([a-z_]+)\(")
SHOWN = re.compile(r'`[^`]*`|"[^"]*"|\d+')


class MappingFuzzer(Fuzzer):
    """Any text as a mapping: it is diagnosed, or it compiles and accounts for every payload."""

    name = "mappings"

    def __init__(self, seed: int = 0, others: int = RANDOM) -> None:
        shipped = {each.filename: each for each in shipped_seeds()}
        clean = _trees(each for each in written_seeds() if each.is_clean)
        wrong = _trees(each for each in written_seeds() if not each.is_clean)
        chance, whole = _trees(random_seeds(seed, others)), _trees(shipped.values())
        # The shipped ones are ten times as long as the others, and so is the time that they take.
        self.groups = [group for group in (*[clean] * 60, *[chance] * 30, *[wrong] * 9, whole) if group]
        every = [*clean, *wrong, *chance, *whole]
        self.changes = Changes(OF_MAPPINGS, Pool((tree for tree, _ in every), 600, 0.9, OPERATORS))
        self.bodies = Changes(OF_DATA, Pool((body for _, body in every), largest=300))
        self.learned: list[tuple[Tree, Tree]] = []
        self.rendered: set[str] = set()

    def make(self, chance: Random) -> Input:
        """A mapping with one to some changes, and a body that may have some."""
        if self.learned and chance.random() < 0.3:
            group = self.learned
        else:
            group = self.groups[int(chance.random() * len(self.groups))]
        # The time of an execution grows with the text: of two, the shorter one is taken.
        one, other = (group[int(chance.random() * len(group))] for _ in range(2))
        tree, body = min(one, other, key=lambda each: len(each[0].text))
        text = self.changes.to(chance, tree, chance.choice((1, 1, 1, 1, 2, 2, 3, 6)))
        if chance.random() < 0.04:
            text = changed_bytes(chance, text)
        payload = self.bodies.to(chance, body, chance.choice((0, 1, 2)))
        return Input(text.encode("utf-8", "surrogatepass"), payload)

    def keep(self, given: Input) -> None:
        """Go on from an input that reached something new."""
        if len(given.data) < LONG:
            self.learned.append((self.tree(given), read_json(given.setting)))
        if len(self.learned) > LEARNED:
            del self.learned[: LEARNED // 4]

    def run(self, given: Input) -> Iterable[str]:
        """Compile it, which checks it, and map two bodies on both paths and with the interpreter."""
        mark = crc32(given.data)
        text = given.data.decode("utf-8", "surrogatepass")
        return self.compiled(text, "<mapping>", (given.setting, PAYLOADS[mark % len(PAYLOADS)]), mark)

    def compiled(self, text: str, filename: str, bodies: Sequence[str], mark: int) -> list[str]:
        """The same for a mapping of any name; `mark` chooses what is only tried now and then."""
        transform: mapper.Transform | None = None
        with _programs() as programs:
            try:
                transform = mapper.compile(text, filename=filename)
                found = transform.diagnostics
            except mapper.CompileError as error:
                found = error.diagnostics
        if mark % CHECKED == 0:
            assert mapper.check(text, filename=filename) == found, "check and compile differ"
        is_refused = any(each.severity is mapper.Severity.ERROR for each in found)
        assert is_refused == (transform is None), "an error, and compiled; or none, and refused"
        if transform is None:
            return self._examined(found)
        reached = [*self._examined(found), "compiled"]
        reached += {f"{call}()" for call in CALL.findall(transform.python)}
        for number, body in enumerate(bodies):
            data = as_bytes(body)
            reached += assert_mapped(transform, data, REQUEST if mark & 1 else None)
            if (mark >> 1) % len(bodies) == number:
                assert_agreement(transform, data, REQUEST, programs[-1])
        return [word for word in reached if not word.startswith("skipped: ")]

    def _examined(self, found: Iterable[Diagnostic]) -> list[str]:
        """Each diagnostic has a known code and a place in its file; one of a new sort can be printed."""
        reached: list[str] = []
        for diagnostic in found:
            assert diagnostic.code in CODES, "an unknown code"
            assert diagnostic.code[:2] not in ("M6", "M9"), f"{diagnostic.code} while compiling"
            assert_spans(diagnostic)
            sort = f"{diagnostic.code}: {SHOWN.sub('..', diagnostic.message)[:60]}"
            reached += [diagnostic.code, sort]
            if sort not in self.rendered:
                assert_rendered([diagnostic])
                self.rendered.add(sort)
        return reached

    def tree(self, given: Input) -> Tree:
        """The mapping as a tree."""
        return read_yaml(given.data.decode("utf-8", "surrogatepass"))

    def again(self, given: Input, text: str) -> Input:
        """Another mapping for the same body."""
        return Input(text.encode("utf-8", "surrogatepass"), given.setting)

    def paste(self, given: Input) -> str:
        """The mapping, checked and called."""
        text, request = given.data.decode("utf-8", "surrogatepass"), "fuzz.seeds.REQUEST"
        bodies = (as_bytes(given.setting), PAYLOADS[crc32(given.data) % len(PAYLOADS)].encode())
        return (
            f"text = {text!r}\nprint(mapper.check(text))\ntransform = mapper.compile(text)\n"
            f"for body in {bodies!r}:\n"
            f"    print(transform(body, {request}), transform.json(body, {request}))"
        )


def _trees(seeds: Iterable[Seed]) -> list[tuple[Tree, Tree]]:
    return [(read_yaml(each.mapping), read_json(each.body)) for each in seeds]


@contextmanager
def _programs() -> Iterator[list[ir.Program | None]]:
    """The programs that are compiled in the meantime, for the interpreter."""
    analyse = compiler._analyse
    programs: list[ir.Program | None] = []

    def analysed(analysis: Analysis, folder: Path | None) -> None:
        analyse(analysis, folder)
        programs.append(analysis.program)

    compiler._analyse = analysed
    try:
        yield programs
    finally:
        compiler._analyse = analyse
