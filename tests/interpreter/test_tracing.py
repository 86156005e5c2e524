"""Traces: a leaf names the places that, changed, change it, and no change elsewhere does."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import mapper
from mapper import ir
from mapper.catalog import find_mappings
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.interpreter.tracing import MAX_PLACES, Leaf, TraceSteps, trace_item
from mapper.interpreter.watching import BODY, Reading, watched
from mapper.samples.cases import Sample, find_cases
from support.random_mappings import items, mappings, requests
from support.shipped import SHIPPED, shipped

STEP = re.compile(r"\.(\w+)|\['((?:[^'\\]|\\.)*)'\]|\[(-?\d+)\]")
GONE = object()
# Among these is one that a type, a test, a format or a time tells from another.
OTHERS = ["zq", "", 7, True, None, {"zq": 1}, ["zq"], "2001-02-03T04:05:06Z", 86_400, GONE]


def steps_of(place: str) -> list[str | int]:
    """The names and indexes of a place in the body."""
    return [
        int(index) if index else name or re.sub(r"\\u(....)|\\(.)", _unescaped, quoted)
        for name, quoted, index in STEP.findall(place)
    ]


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else match[2]


def changed(body: Any, place: list[str | int], value: object) -> Any:
    """The body with another value at a place, which need not be there."""
    if not place:
        return None if value is GONE else value
    body, (first, *rest) = deepcopy(body), place
    if isinstance(first, str):
        body = body if isinstance(body, dict) else {}
        body[first] = changed(body.get(first), rest, value)
        if not rest and value is GONE:
            del body[first]
    else:
        body = body if isinstance(body, list) else []
        at = first if first >= 0 else max(len(body) + first, 0)
        body += [None] * (at + 1 - len(body))
        body[at] = changed(body[at], rest, value)
        if not rest and value is GONE:
            del body[at]
    return body


def scalars(value: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from scalars(member, (*place, name))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from scalars(element, (*place, index))
    else:
        yield place


def found(leaf: Leaf) -> object:
    """All that the trace tells of a leaf but the places."""
    return leaf.state, repr(leaf.value), [(c.span.start, c.verdict) for c in leaf.choices]


@dataclass(frozen=True)
class Traced:
    """A program and an item, in a body that is the item itself or another value."""

    program: ir.Program
    item: Any
    body: Any
    request: mapper.Request

    @cached_property
    def steps(self) -> TraceSteps:
        reading = Reading()
        return trace_item(self.program, self.item, watched(self.body, BODY, reading), self.request, reading)

    @cached_property
    def leaves(self) -> dict[str, object]:
        return {leaf.path: found(leaf) for leaf in self.steps.leaves}

    def places(self, leaf: Leaf) -> list[tuple[str, list[str | int]]]:
        """The root and the steps of the places in item and body."""
        return [(place[0], steps_of(place)) for place in leaf.places if place[0] in "$^"]

    def with_other(self, root: str, place: list[str | int], value: object) -> Traced:
        """The same with another value at a place."""
        if self.item is self.body:
            body = changed(self.body, place, value)
            return replace(self, item=body, body=body)
        if root == "$":
            return replace(self, item=changed(self.item, place, value))
        return replace(self, body=changed(self.body, place, value))


def with_places_that_change_them(one: Traced, most: int) -> tuple[int, list[object]]:
    """Of the first leaves the number that name places, and those that no change of their places changes.

    Of a skip the places are those of the conditions on the way, of which one alone may change nothing.
    """
    count, unchanged = 0, list[object]()
    for leaf in one.steps.leaves[:most]:
        places = [] if leaf.state == "skipped" else one.places(leaf)
        count += bool(places)
        if places and all(
            one.with_other(root, place, value).leaves.get(leaf.path) == found(leaf)
            for root, place in places
            for value in OTHERS
        ):
            unchanged.append((leaf.path, leaf.places))
    return count, unchanged


def assert_other_places_do_not(one: Traced, most: int) -> int:
    """A text in place of a scalar changes only leaves that name it or a value around it; the pairs tried."""
    count = 0
    for place in list(scalars(one.item))[:most]:
        leaves = one.with_other("$", [*place], "zq").leaves
        for leaf in one.steps.leaves:
            is_named = any(
                [*place[: len(p)]] == p or p[: len(place)] == [*place]
                for root, p in one.places(leaf)
                if root == "$" or one.item is one.body
            )
            if not is_named and len(leaf.places) < MAX_PLACES and leaf.path in leaves:
                count += 1
                assert leaves[leaf.path] == found(leaf), (leaf.path, leaf.places, place)
    return count


def program_of(text: str, folder: Path | None = None, name: str = "case.yaml") -> ir.Program | None:
    report = Report()
    program = analyse(SourceFile(name, text), folder, report).program
    return None if report.has_errors else program


@pytest.mark.parametrize("name", SHIPPED)
def test_leaves_of_samples_name_the_places_that_change_them(name: str) -> None:
    path = next(path for path in find_mappings() if path.stem == name)
    program = program_of(path.read_text("utf-8"), path.parent, str(path))
    assert program is not None
    leaves = others = 0
    for case in find_cases(path):
        sample = case.load()
        if leaves < 40 and isinstance(sample, Sample):
            body = shipped(name)._decoded.open(sample.body, sample.request)
            for item in body.items[:1]:
                one = Traced(program, item, body.value, sample.request)
                count, unchanged = with_places_that_change_them(one, 12)
                assert not unchanged
                leaves += count
                others += assert_other_places_do_not(one, 6)
    assert leaves
    assert others


def test_leaves_of_random_mappings_name_the_places_that_change_them() -> None:
    """Some random mappings give the same whatever they read, so a few leaves may stay as they are."""
    counts = Counter[str]()

    # The counts below are those of so many, whatever the profile.
    @settings(max_examples=60, suppress_health_check=[*HealthCheck])
    @given(mappings, items, requests)
    def look(mapping: Any, item: Any, request: mapper.Request) -> None:
        program = program_of(json.dumps({**mapping, "each": "$"}))
        if program is not None:
            one = Traced(program, item, item, request)
            counts["others"] += assert_other_places_do_not(one, 6)
            count, unchanged = with_places_that_change_them(one, 6)
            counts.update(leaves=count, unchanged=len(unchanged))

    look()
    assert counts["others"] >= 20
    assert counts["leaves"] >= 10 * max(counts["unchanged"], 1)
