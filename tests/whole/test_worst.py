"""The worst: no mapping and no body that the search knows or finds takes more than the limits promise."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace

import pytest

import mapper
from mapper.runtime.limits import DEFAULT
from support.frames import compiled, text_of
from support.growth import assert_linear
from support.limit_trials import Trial
from support.places import ROOT, TESTS
from worst import bodies, mappings
from worst.__main__ import KINDS
from worst.search import MOST_MEGABYTES, MOST_SECONDS, Search, Taken, measured


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_short_search_finds_nothing(kind: str) -> None:
    """What took too much once, and what a few seconds of the search find; a machine may be half as fast."""
    most = str(2 * MOST_SECONDS)
    command = [sys.executable, str(TESTS / "worst"), kind, "--seconds", "5", "--most-seconds", most]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, cwd=ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert int(ended.stdout.split()[-2]) >= len(KINDS[kind].SEEDS)


def test_a_search_finds_what_takes_much() -> None:
    def change(dice: random.Random, genes: str) -> str:
        return genes + dice.choice("ab")

    search = Search(
        lambda dice: "", change, lambda genes: Taken(MOST_SECONDS * genes.count("b") / 9), random.Random(1)
    )
    found: list[str] = []
    search.run(60, ["a"], lambda genes, taken: (found.append(genes), search.stop()))
    assert found[0].count("b") == 10
    assert search.worst(1) == [(found[0], Taken(MOST_SECONDS * 10 / 9))]


def test_what_a_try_takes_is_measured() -> None:
    def keep(size: int) -> str:
        return f"{len(bytes(size) + b'x')}"

    assert measured(lambda: lambda: keep(200 * 1024 * 1024)).megabytes > 150
    assert measured(lambda: lambda: keep(10)).megabytes < 50
    assert measured(lambda: lambda: str(sum(range(10**7)))).seconds > 0.02
    assert measured(lambda: lambda: str(1 // 0)).failure.startswith("ZeroDivisionError")
    assert Taken(failure="x").share > 1 > Taken(MOST_SECONDS / 2, MOST_MEGABYTES / 2).share


@pytest.mark.slow
@pytest.mark.parametrize("field", ["{}", "$.a{}"])
def test_the_largest_mapping_on_the_most_items(field: str) -> None:
    """Each value of the YAML becomes a field of each event: 20,000 nodes, and a body of 10,000 items."""
    fields = ", ".join(f"k{n}: {field.format(n)}" for n in range(int(DEFAULT.mapping_nodes * 0.495)))
    body = b"[" + b",".join([b'{"a":1}'] * DEFAULT.items) + b"]"
    taken = measured(Trial("{" + fields + "}", body).prepared)
    assert taken.failure == ""
    assert taken.note in ("M625", "M630"), "it ends at the limits of the results or of the work"
    assert taken.seconds <= 2 * MOST_SECONDS, "a machine may be half as fast"
    assert taken.megabytes <= MOST_MEGABYTES


def test_many_genes_are_mappings_that_compile() -> None:
    """Others say nothing about the time of a call."""
    dice, correct = random.Random(3), 0
    for _ in range(20):
        text = bodies.written(bodies.change(dice, replace(bodies.draw(dice), schema="")))["m.yaml"]
        correct += not any(d.severity is mapper.Severity.ERROR for d in mapper.check(text))
    assert correct >= 10


STATEMENTS = {
    "assigned": "{% assign vN = 'x' %}",
    "captured": "{% capture vN %}{{ a }}{% endcapture %}",
    "assigned in a branch": "{% if a %}{% assign vN = 'x' %}{% endif %}",
    "assigned by the library": "{% assign vN = 'x' %}{% increment c %}",
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_many_variables_take_linear_time(name: str) -> None:
    def template(count: int) -> mapper.Transform:
        steps = "".join(STATEMENTS[name].replace("N", str(number)) for number in range(count))
        return compiled(text_of(steps))

    small, large = template(60), template(480)

    def many(transform: mapper.Transform) -> None:
        for _ in range(20):
            assert transform({"a": "y"}).events

    assert_linear(many, small, large)


def test_a_mapping_that_took_long_is_checked_within_the_budget() -> None:
    taken = mappings.measure(mappings.SEEDS[1])
    assert taken.failure == "", taken
