"""Inputs: lines or one document are told apart, whatever the bodies are."""

from __future__ import annotations

import gzip
import json
import tempfile
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from mapper.streams.batches import Files, Position, bodies_of
from mapper.streams.inputs import read_batches

inner = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2)


class TestBodies:
    """The form of an input is found out, whatever the bodies are."""

    bodies = st.lists(st.dictionaries(st.text(), inner) | st.lists(inner), min_size=1, max_size=4)

    @staticmethod
    def read(content: bytes) -> list[tuple[int, object]]:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            found: list[tuple[int, object]] = []
            line = 1
            with closing(Files()) as files:
                for batch in read_batches([file.name], "auto", Position()):
                    if batch.is_whole:
                        return [(batch.start.line, json.loads(files.read(batch)))]
                    line = batch.start.line or line
                    lines = files.lines(batch)
                    found += [(number, json.loads(body)) for number, body in bodies_of(lines, line)]
                    line += len(lines)
            return found

    @given(bodies, st.sampled_from([b"\n", b"\r\n", b"\n\n"]), st.booleans())
    def test_lines(self, bodies: list[object], end: bytes, packed: bool) -> None:
        content = end.join(json.dumps(body).encode() for body in bodies)
        found = self.read(gzip.compress(content) if packed else content)
        step = 2 if end == b"\n\n" else 1
        assert found == [(1 + step * index, body) for index, body in enumerate(bodies)]

    @given(bodies, st.integers(0, 3), st.booleans())
    def test_documents_over_several_lines(self, bodies: list[object], indent: int, packed: bool) -> None:
        content = json.dumps(bodies, indent=indent).encode()
        assert self.read(gzip.compress(content) if packed else content) == [(1, bodies)]
