"""Doublings: mappings and schemas that double something are checked in little memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper import budget
from mapper.checker.inference.printing import concatenated
from mapper.checker.types.facts import Numbers, Texts
from mapper.checker.types.from_schema import read_schema
from mapper.checker.types.number_facts import join_numbers, meet_numbers
from mapper.checker.types.witnesses import smallest
from mapper.diagnostics.codes import CODES
from mapper.regex.languages import MAX_STATES, UNKNOWN, union, word
from mapper.regex.languages import concatenated as one_after_another
from support import doublings

# Time and memory of a check do not depend on the versions of libraries: one run of them is enough.
pytestmark = pytest.mark.slow

MOST_MEGABYTES = 150
MOST_SECONDS = 10  # on a busy machine; most take less than one
TEXT_LENGTH = mapper.Limits().text_length

Check = Callable[..., set[str]]


@pytest.fixture(scope="module")
def worker() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(Path(doublings.__file__))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


@pytest.fixture
def check(worker: subprocess.Popen[str], tmp_path: Path) -> Check:
    """Checks and compiles a mapping in a process of its own, within the bounds; returns the codes."""

    def checked(text: str, text_length: int = TEXT_LENGTH) -> set[str]:
        path = tmp_path / "m.yaml"
        path.write_text(text, "utf-8")
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(json.dumps({"path": str(path), "text_length": text_length}) + "\n")
        worker.stdin.flush()
        found: dict[str, Any] = json.loads(worker.stdout.readline())
        assert "raised" not in found, found
        assert found["status"] == 0, found
        assert found["megabytes"] < MOST_MEGABYTES, found
        assert found["seconds"] < MOST_SECONDS, found
        codes = set(found["codes"])
        assert codes <= CODES.keys() - {"M901"}, found
        return codes

    return checked


@pytest.mark.parametrize("name", doublings.LIQUID)
def test_a_template_that_doubles(name: str, check: Check) -> None:
    check(doublings.read_fields(doublings.liquid(name, 60)))
    for count in (12, 60):
        check(doublings.whole(doublings.liquid(name, count)))


@pytest.mark.parametrize("seed", range(8))
def test_a_template_of_doublings_of_all_kinds(seed: int, check: Check, tmp_path: Path) -> None:
    mapping = doublings.read_fields(doublings.mixed_liquid(seed, 40))
    check(doublings.with_source(tmp_path, {"type": "string"}, mapping))
    check(doublings.whole(doublings.mixed_liquid(seed, 40)))


@pytest.mark.parametrize("name", doublings.VALUES)
def test_values_inside_of_values(name: str, check: Check) -> None:
    for count in (10, 60):
        check(doublings.fields(f"{{t: {doublings.VALUES[name](count)}}}"))


@pytest.mark.parametrize("name", doublings.SOURCES)
def test_a_schema_with_large_bounds(name: str, check: Check, tmp_path: Path) -> None:
    for count in (4, 60):
        part = doublings.SOURCES[name](count)
        check(doublings.with_source(tmp_path, part, doublings.fields(doublings.READING)))
        mapping = doublings.with_target(
            tmp_path, part, doublings.fields("{a: $.p, b: {path: $.p, default: 1}}")
        )
        check(doublings.with_source(tmp_path, part, mapping))
        shapes = "{a: {path: $.p, flatten: {lists: index}}, b: {path: $.p, prune: ['null', blank, empty]}}"
        check(doublings.with_source(tmp_path, part, doublings.fields(shapes)))
        mapping = doublings.whole("{% assign s = p | append: p %}", '"{{ s }}{{ p | upcase }}"')
        check(doublings.with_source(tmp_path, part, mapping))


@pytest.mark.parametrize("name", ["append", "capture", "concat", "replace by itself", "split and join"])
def test_limits_of_a_run_do_not_widen_those_of_the_check(name: str, check: Check) -> None:
    check(doublings.read_fields(doublings.liquid(name, 60)), 10**12)
    check(doublings.whole(doublings.liquid(name, 60)), 10**12)


def test_much_computing_is_refused(check: Check) -> None:
    """Each of these texts is short enough, all of them together are not."""
    steps = "".join(f"{{% assign t{number} = s | append: '{number}' %}}" for number in range(2_000))
    first = "{% assign s = '" + "x" * 9_000 + "' %}"
    assert check(doublings.fields('{t: "' + first + steps + '"}')) == {"M415"}


# --- what the bounds are made of


def test_short_texts_are_joined_exactly_and_long_ones_as_facts() -> None:
    half = Texts(values=frozenset({"x" * (budget.MAX_CHARACTERS // 2)}))
    assert concatenated(half, half).values == {"x" * budget.MAX_CHARACTERS}
    more = concatenated(half, Texts(values=frozenset({"y" * (budget.MAX_CHARACTERS // 2 + 1)})))
    assert more.values is None
    assert (more.shortest, more.longest, more.blank) == (budget.MAX_CHARACTERS + 1,) * 2 + (False,)


def test_automata_have_a_limit_that_many_ways_to_one_text_do_not_pass() -> None:
    assert word("x" * MAX_STATES) is UNKNOWN
    assert word("x" * 10).only == "x" * 10
    either = union(one_after_another(word("a"), word("b")), one_after_another(word("a"), word("b"), word("")))
    assert one_after_another(*[either] * 30).few in (None, ("ab" * 30,))


def test_what_is_remembered_costs_its_steps_in_every_compilation() -> None:
    @budget.remembered(8)
    def dear(given: int) -> int:
        budget.spend(7)
        if given < 0:
            raise ValueError("less than nothing")
        return given

    for _ in range(2):
        with budget.limited(100) as left:
            assert dear(1) == dear(1) == 1
            assert left.left == 93
            with pytest.raises(ValueError, match="less than nothing"):
                dear(-1)
            assert left.left == 86
    assert dear(1) == 1


def test_values_are_counted_as_often_as_they_are_read() -> None:
    shared: Any = "x"
    for _ in range(40):
        shared = [shared, shared]
    assert budget.nodes_of(shared, 1_000) == 1_001
    assert budget.nodes_of({"a": [1, None], "b": "x" * 160}, 1_000) == 5 + 160 // budget.CHARACTERS_A_STEP
    assert smallest(read_schema(doublings.SOURCES["some items of some items"](5))) is not shared
    part = read_schema({"type": "array", "minItems": 150, "items": {"type": "string"}})
    assert smallest(part) == [""] * 150


def test_bounds_beyond_floats_are_compared() -> None:
    low, large = Numbers(low=1e308), Numbers(low=10**400)
    assert meet_numbers(low, large) == large == meet_numbers(large, low)
    assert join_numbers(low, large) == low == join_numbers(large, low)
    high, vast = Numbers(high=1e308), Numbers(high=10**400)
    assert meet_numbers(high, vast) == high
    assert join_numbers(high, vast) == vast
