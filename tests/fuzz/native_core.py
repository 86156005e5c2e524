"""The native core under sanitizers: `python tests/fuzz/native_core.py --bodies 100000 --programs 100000`.

The core is built with ASan and UBSan in a folder of its own. Then mutated bodies go through the programs of
all shipped mappings, and programs with wrong numbers through the loader and a few bodies. One outcome in
`--compared` is compared with that of Python. Any finding ends the run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
REQUEST = {
    "headers": {"X-Request-Id": "abc"},
    "query": {"event_name": "Q", "eventType": "T", "q": "x"},
    "settings": {"anonymous_users": "keep", "event_name_from": "code", "s": [1]},
    "received_at": "2026-03-01T00:00:00Z",
}


def main() -> int:
    """Build, and run the same file with the sanitizers loaded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--compared", type=int, default=10, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-sse2", action="store_true", help="the loops of other processors")
    parser.add_argument("--core", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.core:
        return run(given)
    from mapper.native.building import build_core

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "_core.abi3.so"
        build_core(path, *SANITIZED, *(("-U__SSE2__",) if given.without_sse2 else ()))
        library = subprocess.run(
            ["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
        ).stdout.strip()
        environment = os.environ | {
            "LD_PRELOAD": library,
            "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
            "PYTHONMALLOC": "malloc",
        }
        command = [sys.executable, __file__, *sys.argv[1:], "--core", str(path)]
        return subprocess.run(command, env=environment).returncode


def run(given: argparse.Namespace) -> int:
    """All rounds, with the core at the given path in place of the installed one."""
    core = load(given.core)
    chance = random.Random(given.seed)
    bodies(chance, given.bodies, given.compared)
    programs(core, chance, given.programs)
    return 0


def load(path: str) -> ModuleType:
    spec = spec_from_file_location("mapper.native._core", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["mapper.native._core"] = module
    spec.loader.exec_module(module)
    return module


def transforms() -> list[tuple[object, list[bytes]]]:
    """All shipped mappings that the core has programs for, each with bodies to begin with."""
    import mapper
    from mapper.catalog import find_mappings
    from mapper.samples.cases import Sample, find_cases
    from support.native import native_path

    found = []
    for path in find_mappings():
        transform = mapper.load(path)
        if native_path(transform) is not None:
            samples = (case.load() for case in find_cases(path))
            found.append((transform, [one.body for one in samples if isinstance(one, Sample)]))
    return found


def mutated(chance: random.Random, body: bytes) -> bytes:
    from support.both_paths import mutated_bytes, mutated_value

    if chance.random() < 0.6:
        try:
            value = mutated_value(chance, json.loads(body))
        except (ValueError, RecursionError):
            return mutated_bytes(chance, body)
        separators = chance.choice([(",", ":"), (", ", ": "), (" ,\n", "\t:")])
        body = json.dumps(value, ensure_ascii=chance.random() < 0.5, separators=separators).encode()
    if chance.random() < 0.6:
        body = mutated_bytes(chance, body)
    return body[: chance.randrange(len(body) + 1)] if chance.random() < 0.1 else body


def bodies(chance: random.Random, rounds: int, compared: int) -> None:
    """Mutated bodies of all mappings; some outcomes are compared with those of Python."""
    import mapper
    from support.native import assert_native, native_outcomes

    given = transforms()
    requests = [mapper.Request(), mapper.Request(**REQUEST)]
    taken = 0
    for number in range(rounds):
        transform, samples = chance.choice(given)
        body, request = mutated(chance, chance.choice(samples)), chance.choice(requests)
        outcomes = native_outcomes(transform, body, request)
        taken += outcomes is not None
        if number % compared == 0:
            assert_native(transform, body, request)
    print(f"{rounds:,} bodies, {taken:,} taken, {-(-rounds // compared):,} compared: no finding")


def programs(core: ModuleType, chance: random.Random, rounds: int) -> None:
    """Programs with a few numbers changed, or cut: refused, or harmless for any body."""
    from mapper.transform.request import Request

    given = [(transform._compiled.native, samples) for transform, samples in transforms()]
    loaded = 0
    for _ in range(rounds):
        program, samples = chance.choice(given)
        numbers, texts = list(program.numbers), program.texts.encode()
        for _ in range(chance.choice((1, 1, 2, 5))):
            at = chance.randrange(len(numbers)) if chance.random() < 0.8 else chance.randrange(16)
            near = min(2**32 - 1, max(0, numbers[at] + chance.choice((-2, -1, 1, 2))))
            numbers[at] = chance.choice(
                (near, near, 0, chance.randrange(40), chance.choice(numbers), 0xFFFF, 2**32 - 1)
            )
        if chance.random() < 0.05:
            del numbers[chance.randrange(len(numbers)) :]
        packed = b"".join(number.to_bytes(4, sys.byteorder) for number in numbers)
        if chance.random() < 0.1:
            texts = texts[: chance.randrange(len(texts) + 1)]
        try:
            made = core.Program(packed, texts)
        except ValueError:
            continue
        loaded += 1
        values = (None, b'"2026-03-01T00:00:00.000Z"', b"1", b"{}", b'"x"')
        count = numbers[10]
        for _ in range(3):
            scope = tuple(chance.choice(values) for _ in range(count))
            made.map(mutated(chance, chance.choice(samples)), Request(), scope, answer(chance), 100)
    print(f"{rounds:,} programs, {loaded:,} loaded: no finding")


def answer(chance: random.Random):
    """A function in place of the module of calls: any JSON, nothing, or an exception."""
    numbers = (b"12", b"1.5", b"1e300", b"-0")
    texts = (None, b"null", b'"x"', b'"\\u0001"', b"{}", b'{"a":1}', b"[]", b"", *numbers)

    def call(*_: object) -> object:
        if chance.random() < 0.2:
            raise ValueError
        return chance.choice((*texts, 1))

    return call


if __name__ == "__main__":
    sys.exit(main())
