"""The native core gives the bytes that Python gives, or leaves the item; and it leaves few."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.catalog import find_mappings
from mapper.samples.cases import Sample, find_cases, request_of
from support.both_paths import mutated_bytes, mutated_value
from support.language_cases import CASES, read_case, write_mapping
from support.native import assert_native, native_path, needs_core
from support.random_mappings import bodies, mappings, requests
from support.shipped import SHIPPED, shipped

pytestmark = needs_core

ROUNDS = 100  # bodies of each mapping
MAPPED = [name for name in SHIPPED if not name.endswith("-template")]  # the others are one template
LAYOUTS = [(",", ":"), (", ", ": "), ("\n ,", " :\t")]


def samples(name: str) -> list[Sample]:
    path = next(path for path in find_mappings() if path.stem == name)
    return [sample for sample in (case.load() for case in find_cases(path)) if isinstance(sample, Sample)]


@pytest.mark.parametrize("name", MAPPED)
def test_samples(name: str) -> None:
    """Half of the samples are faults; the core leaves those to Python, and few others."""
    mapped = outcomes = 0
    for sample in samples(name):
        mapped += assert_native(shipped(name), sample.body, sample.request)
        result = shipped(name).json(sample.body, sample.request)
        outcomes += len(result.events) + len(result.skipped)
    assert mapped >= (0.4 if name == "webengage" else 0.8) * outcomes > 0  # its samples have many in arrays


@pytest.mark.parametrize("name", MAPPED)
def test_hostile_bodies(name: str) -> None:
    chance = random.Random(name)
    mapped = 0
    given = [sample for sample in samples(name) if sample.body[:1] in b"{["]
    for _ in range(ROUNDS):
        sample = chance.choice(given)
        body = sample.body
        if chance.random() < 0.7:
            try:
                value = mutated_value(chance, json.loads(body))
            except ValueError:
                continue
            layout, ascii_only = chance.choice(LAYOUTS), chance.random() < 0.5
            body = json.dumps(value, ensure_ascii=ascii_only, separators=layout).encode()
        if chance.random() < 0.5:
            body = mutated_bytes(chance, body)
        mapped += assert_native(shipped(name), body, sample.request)
    assert mapped >= 0.2 * ROUNDS


def test_language(tmp_path: Path) -> None:
    """All cases of the language, as they are and mutated; most mappings have a native program."""
    native = mapped = total = 0
    for number, path in enumerate(sorted(CASES.rglob("*.yaml"))):
        case = read_case(path)
        if "errors" in case or "body" in case:
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        transform = mapper.load(str(write_mapping(case, folder)))
        native += native_path(transform) is not None
        request = request_of(case.get("request", {}))
        chance = random.Random(path.stem)
        values = [case["payload"], *(mutated_value(chance, case["payload"]) for _ in range(3))]
        for value in values:
            total += 1
            body = json.dumps(value, ensure_ascii=False, separators=chance.choice(LAYOUTS)).encode()
            mapped += assert_native(transform, body, request) > 0
    assert native > 100
    assert mapped > 0.4 * total


@given(mappings, st.lists(bodies, min_size=1, max_size=4), requests, st.randoms(use_true_random=False))
def test_random_mappings(
    mapping: dict[str, Any], payloads: list[Any], request: mapper.Request, chance: random.Random
) -> None:
    try:
        transform = mapper.compile(json.dumps(mapping))
    except mapper.CompileError:
        return
    for payload in payloads:
        body = json.dumps(payload).encode()
        assert_native(transform, body, request)
        assert_native(transform, mutated_bytes(chance, body), request)
