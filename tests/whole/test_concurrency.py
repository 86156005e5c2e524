"""Concurrency: one transform in many threads and processes gives the bytes of one; so does compiling."""

from __future__ import annotations

import ast
import json
import linecache
import multiprocessing
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import is_dataclass
from datetime import tzinfo
from enum import Enum
from functools import cache, partial
from types import MappingProxyType, ModuleType, NoneType
from typing import TypeVar

import pytest

import mapper
from mapper.catalog import find_mappings
from mapper.regex.iregexp import Pattern
from mapper.runtime.limits import Limits
from mapper.samples.cases import find_cases
from support.places import ROOT

THREADS = 12
Done = TypeVar("Done")
SHIPPED = {path.stem: path for path in find_mappings()}

# Everything that keeps state while it works: loops, captures, cycles, patterns, dates, casts, hashes.
MIXED = """\
mapping: mixed
each: $.items
skip: [{when: kind == "skip", reason: left out}]
event:
  event_id: {hash: [$.id, $.p], on_missing: reject}
  event_name: "{% cycle 'a', 'b' %}{% cycle 'a', 'b' %}{{ name | default: 'Seen' }}"
  user_id: {path: $.id, as: string, on_missing: reject}
  timestamp:
    {path: $.at, as: timestamp, from: ["%d/%m/%Y", iso8601, epoch_s], zone: "+05:30", on_missing: reject}
  event_properties:
    object:
      all: "$..n"
      found: "$.list[?match(@.k, $.pattern) || search(@.k, 'b+')].k"
      text: "{% for x in list %}{% capture t %}{{ x.k | upcase }}{% endcapture %}{{ t }}{% endfor %}"
      rows: "{% tablerow x in list cols: 2 %}{{ x.n }}{% increment c %}{% endtablerow %}"
      date: "{{ at | date: '%Y-%m-%d' }}"
"""


def body(number: int) -> bytes:
    items = [
        {
            "id": number * 10 + index,
            "at": [f"{index + 1:02}/11/2026", "2026-11-23T20:00:00Z", 1_795_464_000 + number][index % 3],
            "p": {"n": index, "m": {"n": [number]}},
            "pattern": f"a{{{index + 1}}}b*",
            "list": [{"k": "a" * (index + 1), "n": number}, {"k": "bb", "n": index}],
            **({"kind": "skip"} if index == 2 else {"name": 5} if index == 3 else {}),
        }
        for index in range(5)
    ]
    return json.dumps({"items": [*items, {"id": None}, {"deep": nested(250)}]}).encode()


def nested(depth: int) -> object:
    return [nested(depth - 1)] if depth else 0


BODIES = [body(number) for number in range(12)]


def outcome(transform: mapper.Transform, payload: bytes) -> bytes:
    """Everything a call gives, as bytes."""
    result = transform.json(payload, mapper.Request(received_at="2026-11-23T20:00:00Z"))
    others = [(s.index, s.reason) for s in result.skipped]
    others += [(r.index, repr(r.diagnostics) + r.location + repr(r.item)) for r in result.rejected]
    return result.ndjson + repr(others).encode()


@contextmanager
def switching() -> Iterator[None]:
    """Threads take turns as often as Python allows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def at_once(calls: list[Callable[[], Done]]) -> list[Done]:
    """What the calls give when all begin at the same moment, each in its thread."""
    gate = threading.Barrier(len(calls))

    def wait_and_call(call: Callable[[], Done]) -> Done:
        gate.wait()
        return call()

    with switching(), ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(wait_and_call, call) for call in calls]]


@cache
def mixed() -> mapper.Transform:
    return mapper.compile(MIXED)


def all_outcomes(transform: mapper.Transform, shift: int = 0) -> list[bytes]:
    """The outcomes of all bodies, worked on from another one on in each thread."""
    order = [(number + shift) % len(BODIES) for number in range(len(BODIES))]
    found = {number: outcome(transform, BODIES[number]) for number in order}
    return [found[number] for number in range(len(BODIES))]


def test_threads_give_what_one_gives() -> None:
    expected = all_outcomes(mixed())
    assert b'"event_id"' in expected[0]
    assert b"M606" in expected[0]
    fresh = mapper.compile(MIXED)
    for found in at_once([partial(all_outcomes, fresh, shift) for shift in range(THREADS)]):
        assert found == expected


@pytest.mark.parametrize("name", SHIPPED)
def test_threads_of_a_shipped_mapping(name: str) -> None:
    samples = [
        sample
        for case in find_cases(SHIPPED[name])
        if not isinstance(sample := case.load(), mapper.Diagnostic)
    ]
    transform = mapper.load(name)

    def run() -> list[str]:
        return [
            repr(transform(s.body, s.request)) + repr(transform(s.body, s.request).events) for s in samples
        ]

    expected = run()
    assert all(found == expected for found in at_once([run] * THREADS))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_give_what_one_gives(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no `{method}` here")
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        found = list(pool.map(partial(outcome, mixed()), BODIES, chunksize=7))
    assert found == all_outcomes(mixed())


# --- compiling


def test_the_same_mapping_compiled_at_once() -> None:
    expected = mapper.compile(MIXED).python
    transforms = at_once([partial(mapper.compile, MIXED)] * THREADS)
    assert {transform.python for transform in transforms} == {expected}
    assert len({tuple(all_outcomes(transform)) for transform in transforms[:4]}) == 1


def test_different_mappings_compiled_at_once() -> None:
    names = list(SHIPPED) * (THREADS // len(SHIPPED))
    texts = {name: mapper.load(name).python for name in SHIPPED}
    bad = [partial(mapper.check, MIXED.replace("$..n", f"$.[{number}")) for number in range(4)]
    loads: list[Callable[[], object]] = [partial(mapper.load, name) for name in names]
    found = at_once([*loads, *bad])
    for name, transform in zip(names, found[: len(names)], strict=True):
        assert isinstance(transform, mapper.Transform)
        assert transform.python == texts[name]
    assert len({repr([d.code for d in diagnostics]) for diagnostics in found[len(names) :]}) == 1  # type: ignore[attr-defined]


def test_limits_of_one_thread_are_not_those_of_another() -> None:
    text = MIXED.replace("left out", "other")
    limits = [Limits(items=most) for most in range(1, THREADS + 1)]
    transforms = at_once([partial(mapper.compile, text, limits=limit) for limit in limits])
    calls = [
        partial(lambda t: [r.codes for r in t(BODIES[0]).rejected], transform) for transform in transforms
    ]
    for most, codes in enumerate(at_once(calls), start=1):
        assert ((("M608",) in codes) and len(codes) == 1) is (most < 7)


def test_unpickled_at_once() -> None:
    data = pickle.dumps(mixed())
    transforms = at_once([partial(pickle.loads, data)] * THREADS)
    expected = all_outcomes(mixed())
    assert all(outcome(transform, BODIES[0]) == expected[0] for transform in transforms)
    event = mixed()._decoded._event
    linecache.checkcache()
    assert "".join(linecache.getlines(event.__code__.co_filename, event.__globals__)) == mixed().python


# --- no shared mutable state

FROZEN = (str, bytes, int, float, NoneType, Enum, re.Pattern, MappingProxyType, tzinfo)


def is_frozen(value: object) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(map(is_frozen, value))
    if is_dataclass(value) and not isinstance(value, Pattern):
        return bool(type(value).__dataclass_params__.frozen)  # type: ignore[attr-defined]
    # An automaton remembers steps it has worked out; what it answers does not change by that.
    return isinstance(value, FROZEN) or callable(value) or type(value) in (object, Pattern)


@pytest.mark.parametrize(
    "transform", [mixed, *(partial(mapper.load, name) for name in SHIPPED)], ids=["mixed", *SHIPPED]
)
def test_generated_modules_hold_no_state(transform: Callable[[], mapper.Transform]) -> None:
    made = transform()
    names = made._decoded._event.__globals__
    before = repr({name: value for name, value in names.items() if name != "__builtins__"})
    tree = ast.parse(made.python)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for function in functions.values():
        assert not [node for node in ast.walk(function) if isinstance(node, ast.Global | ast.Nonlocal)]
        assert not function.args.defaults
        assert not function.args.kw_defaults
    changed = {name for name in names if name.isupper() or name.startswith("_")} - {
        "__builtins__",
        "__name__",
    }
    stored = {
        node.value.id
        for function in functions.values()
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript | ast.Attribute)
        and isinstance(node.ctx, ast.Store | ast.Del)
        and isinstance(node.value, ast.Name)
    }
    assert not changed & stored
    for payload in BODIES[:3]:
        outcome(made, payload)
    assert repr({name: value for name, value in names.items() if name != "__builtins__"}) == before
    loose = {name: value for name, value in names.items() if name != "__builtins__" and not is_frozen(value)}
    assert set(loose) <= {"FIELDS", "SITES"}, loose
    assert not [value for value in names.values() if isinstance(value, ModuleType)]


UNPICKLED = """
import pickle, sys, threading
saved = sys.stdin.buffer.read()
sys.setswitchinterval(1e-6)
gate = threading.Barrier(16)
def unpickle():
    gate.wait()
    pickle.loads(saved)
threads = [threading.Thread(target=unpickle) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.slow
def test_the_first_transform_of_a_process_is_unpickled_by_several_threads_at_once() -> None:
    """Without a lock, four of ten such processes crash."""
    saved = pickle.dumps(mapper.compile(MIXED))
    for _ in range(6):
        subprocess.run(
            [sys.executable, "-c", UNPICKLED], input=saved, env={"PYTHONPATH": str(ROOT)}, check=True
        )
