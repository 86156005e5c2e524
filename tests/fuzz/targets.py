"""Targets: what is done with each input of a fuzzer, and what must hold of it; no fuzzer is needed here."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import mapper  # noqa: E402
from mapper.catalog import mapping_names  # noqa: E402
from mapper.checker import templates  # noqa: E402
from mapper.diagnostics.codes import CODES  # noqa: E402
from support.conservation import assert_conserved  # noqa: E402

Target = Callable[[bytes], None]

NAMES = mapping_names()
REQUEST = mapper.Request(
    headers={"x-request-id": "r"},
    query={"q": "1"},
    settings={"event_name": "Seen"},
    received_at="2026-11-23T20:00:00Z",
)
PAYLOADS = (
    b'{"a": 1, "b": [1, "x", null, {"a": 2}], "c": {"a": "t", "b": {}}, "at": "2026-11-23T20:00:00Z"}',
    b'[{"id": 7, "type": "track", "properties": {"n": 1e3}}, {}, [], 5, {"a": [[], ""]}]',
    b'{"events": [{"a": "", "b": false}, null], "profiles": [{"identity": "u", "ts": 1795464000}]}',
    b"not JSON",
)


@cache
def _shipped(name: str) -> mapper.Transform:
    return mapper.load(name)


def body(data: bytes) -> None:
    """The first byte chooses a shipped mapping, the rest is the body."""
    if data:
        name = NAMES[data[0] % len(NAMES)]
        assert_conserved(_shipped(name), data[1:], REQUEST if data[0] & 128 else None)


def mapping(data: bytes) -> None:
    """The text of a mapping: it is diagnosed, or it compiles and accounts for every payload."""
    text = data.decode("utf-8", "replace")
    if len(data) % 16:
        with _proving_once():
            _check_and_map(text)
    else:
        _check_and_map(text)


@contextmanager
def _proving_once() -> Iterator[None]:
    """`compile` takes over what `check` has proven of the same text, which takes most of the time of both."""
    prove = templates.prove
    proven: list[Any] = []

    def once(*of: Any) -> Any:
        if not proven:
            proven.append(prove(*of))
        return proven[0]

    try:
        templates.prove = once
        yield
    finally:
        templates.prove = prove


def _check_and_map(text: str) -> None:
    found = mapper.check(text)
    for diagnostic in found:
        assert diagnostic.code in CODES
        assert diagnostic.code[:2] not in ("M6", "M9"), diagnostic
        span = diagnostic.span
        assert span is None or 0 <= span.start <= span.end <= len(span.file.text)
    refused = any(d.severity is mapper.Severity.ERROR for d in found)
    try:
        transform = mapper.compile(text)
    except mapper.CompileError:
        assert refused
        return
    assert not refused
    assert transform.diagnostics == found
    for payload in PAYLOADS:
        assert_conserved(transform, payload, REQUEST)


TARGETS: dict[str, Target] = {"body": body, "mapping": mapping}


def corpus(name: str) -> list[bytes]:
    """The seeds of a target."""
    return [path.read_bytes() for path in sorted((HERE / "corpus" / name).iterdir())]


def words(name: str) -> list[bytes]:
    """The dictionary of a target."""
    lines = (HERE / f"{name}.dict").read_text("utf-8").splitlines()
    quoted = (line[1:-1] for line in lines if line.startswith('"'))
    return [text.encode().decode("unicode_escape").encode("latin-1") for text in quoted]


def mutations(name: str, count: int, seed: int) -> Iterator[bytes]:
    """Inputs for where there is no fuzzer: seeds cut, repeated, crossed and strewn with words."""
    chosen = random.Random(seed)
    seeds, dictionary = corpus(name), words(name)
    for _ in range(count):
        data = chosen.choice(seeds)
        for _ in range(chosen.randint(1, 5)):
            start = chosen.randint(0, len(data))
            end = min(len(data), start + int(chosen.expovariate(0.1)))
            other = chosen.choice(seeds)
            at = chosen.randint(0, len(other))
            piece = chosen.choice(
                (
                    chosen.choice(dictionary),
                    chosen.randbytes(chosen.randint(0, 3)),
                    data[start:end] * 2,
                    other[at : at + int(chosen.expovariate(0.05))],
                    b"",
                )
            )
            data = data[:start] + piece + data[end:]
        yield data
