"""Journals: that of a run that is resumed; fields change under a valid seal, bytes under a broken one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from random import Random
from unittest import mock

from fuzz.changes import changed_bytes
from fuzz.commands import BODIES, OUTPUTS, Ended
from fuzz.loop import Input
from fuzz.places import Tree, as_bytes, read_json
from fuzz.runs import RunFuzzer, reached
from mapper.streams.journal import VERSION
from mapper.streams.recording import Recording
from mapper.transform.sealed import seal, unseal

JOURNAL = "out.progress"
SEALED = ("mapper journal", VERSION)


class JournalFuzzer(RunFuzzer):
    """The journal of a run that was ended: fields change under a valid seal, bytes under a broken one."""

    name = "journals"

    def seeds(self) -> dict[str, list[Tree]]:
        """The journals of runs that were ended before the last step, by what was done then."""
        self.files: dict[str, dict[str, bytes]] = {}
        self.whole: dict[str, bytes] = {}
        self.place.write("in", as_bytes("\n".join(BODIES["orders"]) + "\n"))
        self.place.run("orders", "in", "--input", "ndjson")
        self.whole = {name: self.place.read(name) for name in OUTPUTS}
        for step in ("finish", "_publish"):
            with mock.patch.object(Recording, step, side_effect=KeyboardInterrupt):
                self.place.clear()
                self._call()
            self.files[step] = {path.name: path.read_bytes() for path in self.place.path.glob("*.*")}
        return {name: [read_json(_content(files).decode())] for name, files in self.files.items()}

    def _call(self, *arguments: str) -> Ended:
        files = ("-o", "out", "--skipped", "skip", "--rejected", "no")
        return self.place.call("run", "orders.yaml", "in", "--input", "ndjson", *files, *arguments)

    def make(self, chance: Random) -> Input:
        """A journal with changes."""
        name = chance.choice(sorted(self.files))
        if chance.random() < 0.2:
            text = self.files[name][JOURNAL].decode("latin-1")
            return Input(as_bytes(changed_bytes(chance, text)), name)
        text = self.changes.to(chance, self.trees[name][0], chance.choice((1, 1, 1, 2, 4)))
        return Input(seal(*SEALED, as_bytes(text)), name)

    def run(self, given: Input) -> Iterable[str]:
        """Resume: refused, or whole; unless it was sealed again, the outputs are those of one run."""
        self.place.clear()
        for name, data in self.files[given.setting].items():
            self.place.write(name, data)
        self.place.write(JOURNAL, given.data)
        ended = self._call("--resume")
        assert ended.code in (0, 1, 2, 3), f"exit code {ended.code}"
        if ended.code < 2:
            found = {name: self.place.read(name) for name in OUTPUTS}
            content = unseal(*SEALED, given.data)
            is_ours = given.data == self.files[given.setting][JOURNAL]
            assert isinstance(content, bytes), "a journal without a valid seal is used"
            assert not is_ours or found == self.whole, "a resumed run has other outputs"
        else:
            assert not any((self.place.path / name).exists() for name in OUTPUTS), "a name too early"
        return reached(ended)

    def tree(self, given: Input) -> Tree:
        """Its content, if it is sealed."""
        content = unseal(*SEALED, given.data)
        return read_json((content if isinstance(content, bytes) else given.data).decode("latin-1"))

    def again(self, given: Input, text: str) -> Input:
        """Another content, sealed if the first one was."""
        data = as_bytes(text)
        is_sealed = isinstance(unseal(*SEALED, given.data), bytes)
        return Input(seal(*SEALED, data) if is_sealed else data, given.setting)


def _content(files: dict[str, bytes]) -> bytes:
    content = unseal(*SEALED, files[JOURNAL])
    assert isinstance(content, bytes)
    assert json.loads(content)
    return content
