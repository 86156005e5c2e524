"""Stored: saved transforms and pickles; fields change under a valid seal, bytes under a broken one."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from tempfile import NamedTemporaryFile
from zlib import crc32

import mapper
from fuzz.changes import OF_DATA, Changes, Pool, changed_bytes
from fuzz.commands import BODIES, MAPPINGS
from fuzz.loop import Fuzzer, Input
from fuzz.places import Tree, as_bytes, read_json
from fuzz.promises import assert_rendered
from mapper.transform import saved
from mapper.transform.sealed import seal, unseal
from mapper.transform.transform import _unpickle

SEALED = ("mapper transform", 1)


class StoredFuzzer(Fuzzer):
    """What cannot be used is refused with TransformError; what was only moved about still maps."""

    name = "stored"

    def __init__(self, seed: int = 0) -> None:
        self.packed = {
            name: saved.pack(mapper.compile(f"mapping: {name}\n{text}")._compiled)
            for name, text in MAPPINGS.items()
        }
        self.trees: dict[str, Tree] = {}
        self.codes: dict[str, bytes] = {}
        for name, data in self.packed.items():
            text, self.codes[name] = _parts(data)
            self.trees[name] = read_json(text)
        self.changes = Changes(OF_DATA, Pool(self.trees.values()))

    def make(self, chance: Random) -> Input:
        """A stored form with changes; the code objects stay, as they are trusted."""
        name = chance.choice(sorted(self.packed))
        if chance.random() < 0.2:
            text = self.packed[name].decode("latin-1")
            return Input(as_bytes(changed_bytes(chance, text)), name)
        text = self.changes.to(chance, self.trees[name], chance.choice((1, 1, 2, 4)))
        return self._sealed(name, text)

    def _sealed(self, name: str, text: str) -> Input:
        return Input(seal(*SEALED, as_bytes(text.replace("\n", " ")) + b"\n" + self.codes[name]), name)

    def run(self, given: Input) -> Iterable[str]:
        """Open it as a file or as a pickle."""
        try:
            if crc32(given.data) % 2:
                transform = _unpickle(given.data)
            else:
                with NamedTemporaryFile(prefix="fuzz-") as file:
                    file.write(given.data)
                    file.flush()
                    transform = mapper.Transform.open(file.name)
        except mapper.TransformError as error:
            return ["refused: " + str(error).split("` ")[-1].split("(")[0][:60]]
        assert isinstance(unseal(*SEALED, given.data), bytes), "a form without a valid seal is used"
        body = BODIES[given.setting][0].encode("latin-1")
        assert transform(body).items
        assert_rendered(transform.diagnostics)
        _ = repr(transform), transform.plan, transform.description, transform.mapping_line(1)
        return ["opened"]

    def tree(self, given: Input) -> Tree:
        """Its fields, if it is sealed."""
        is_sealed = isinstance(unseal(*SEALED, given.data), bytes)
        return read_json(_parts(given.data)[0] if is_sealed else given.data.decode("latin-1"))

    def again(self, given: Input, text: str) -> Input:
        """Other fields, sealed if the first ones were."""
        if isinstance(unseal(*SEALED, given.data), bytes):
            return self._sealed(given.setting, text)
        return Input(as_bytes(text), given.setting)

    def paste(self, given: Input) -> str:
        """The fields of a saved form."""
        return f"from mapper.transform.transform import _unpickle\n_unpickle({given.data!r})"


def _parts(data: bytes) -> tuple[str, bytes]:
    content = unseal(*SEALED, data)
    assert isinstance(content, bytes)
    text, _, codes = content.partition(b"\n")
    return text.decode("latin-1"), codes
