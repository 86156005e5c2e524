"""Fuzzing, the short run: each fuzzer some hundred times, same inputs; CONTRIBUTING has the long run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from random import Random

import pytest
import yaml

import mapper
from fuzz import promises
from fuzz.__main__ import FUZZERS, main, make_fuzzer
from fuzz.bodies import BodyFuzzer
from fuzz.changes import OF_DATA, OF_MAPPINGS, Changes, Pool
from fuzz.checks import KNOWN, CheckFuzzer
from fuzz.loop import IMPORTS, Fuzzer, Input, fuzz
from fuzz.mappings import MappingFuzzer
from fuzz.places import Tree, keyed, read_json, read_yaml, spliced
from fuzz.schemas import SchemaFuzzer
from mapper.transform.result import JsonResult
from support.examples import slow_but
from support.places import ROOT, TESTS

# Executions, and things that they must reach at least: a fuzzer that reaches little tries little.
RUNS = {
    "bodies": (1_000, 16, ("event", "M601", "M611", "M613")),
    "mappings": (150, 90, ("compiled", "event", "M104", "M201", "M401")),
    "schemas": (60, 30, ("compiled", "event", "M007", "M401")),
    "inputs": (60, 8, ("exit code 0", "exit code 1", "exit code 3", "M601", "M611")),
    "replays": (100, 8, ("exit code 1", "exit code 2", "M611")),
    "journals": (80, 6, ("exit code 1", "exit code 2", "M611")),
    "stored": (400, 4, ("opened",)),
    "checks": (30, 15, ("any: clean", "any: refuted", "realistic: clean", "M401")),
}


# Each with few seeds, so that it begins at once.
SMALL: dict[str, Callable[[], Fuzzer]] = {
    "bodies": lambda: BodyFuzzer(7),
    "mappings": lambda: MappingFuzzer(7, others=10),
    "schemas": lambda: SchemaFuzzer(7, others=20),
    "checks": lambda: CheckFuzzer(7, KNOWN),
}


@cache
def fuzzer(name: str) -> Fuzzer:
    return SMALL[name]() if name in SMALL else make_fuzzer(name, 7)


NAMES = slow_but(["schemas"], RUNS)


@pytest.mark.parametrize("name", NAMES)
def test_a_short_run_finds_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.loop.SLOW", 300.0)  # how long one takes here, depends on the machine
    monkeypatch.setattr("fuzz.loop.HANGS", 300.0)
    monkeypatch.setattr("fuzz.loop.Lines.grew", lambda lines: False)  # new lines depend on the tests before
    count, least, wanted = RUNS[name]
    printed: list[str] = []
    outcome = fuzz(fuzzer(name), 7, count, report=printed.append)
    assert not outcome.findings, "\n".join(printed)
    assert outcome.executions == count
    assert set(wanted) <= set(outcome.reached), sorted(outcome.reached)
    assert len(outcome.reached) >= least, sorted(outcome.reached)


def test_every_fuzzer_has_a_short_run() -> None:
    assert set(RUNS) == set(FUZZERS)


def test_the_command_prints_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(FUZZERS, "planted", ("", ""))
    monkeypatch.setattr("fuzz.__main__.make_fuzzer", lambda name, seed: Planted())
    monkeypatch.setattr("fuzz.__main__.limit_memory", lambda: None)
    monkeypatch.setattr(sys, "argv", ["fuzz", "planted", "--count", "30"])
    assert main() == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("30 executions, ")
    assert " a second of processor time, " in printed[-1]
    assert printed[-1].endswith("; 1 findings")
    assert printed[-2].startswith("          30  FINDING AssertionError (a planted fault)")


def test_the_command_starts() -> None:
    command = [sys.executable, str(TESTS / "fuzz"), "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert all(name in ended.stdout for name in RUNS)


# --- fuzzers that find something


class Planted(Fuzzer):
    """Fails for every text of JSON with a true value in it."""

    name = "planted"

    def make(self, chance: Random) -> Input:
        return Input(b'{"a": [1, 2, {"b": "x", "c": true}], "d": ' + b"9" * chance.randint(1, 3) + b"}")

    def run(self, given: Input) -> Iterable[str]:
        if b"true" in given.data:
            raise AssertionError("a planted fault")
        return ["M601"]

    def tree(self, given: Input) -> Tree:
        return read_json(given.data.decode())

    def again(self, given: Input, text: str) -> Input:
        return Input(text.encode())

    def paste(self, given: Input) -> str:
        return f"run({given.data!r})"


def test_a_finding_is_counted_shrunk_and_printed() -> None:
    printed: list[str] = []
    outcome = fuzz(Planted(), 0, 20, report=printed.append)
    (finding,) = outcome.findings.values()
    assert finding.count == 20
    assert finding.given.data == b"true"
    assert len(printed) == 1
    assert "a planted fault" in printed[0]
    assert "run(b'true')" in printed[0]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_printed_can_be_run(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    given = fuzzer(name).make(Random(2))
    with suppress(mapper.CompileError, mapper.TransformError):
        exec(f"{IMPORTS}\n{fuzzer(name).paste(given)}", {})
        assert capsys.readouterr().out


def test_an_execution_that_takes_long_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(Planted):
        def run(self, given: Input) -> Iterable[str]:
            while True:
                pass

    monkeypatch.setattr("fuzz.loop.HANGS", 0.02)
    monkeypatch.setattr("fuzz.loop.TRIES", 3)
    outcome = fuzz(Endless(), 0, 2)
    assert [(each.kind, each.count) for each in outcome.findings.values()] == [("slow", 2)]


LOSES: dict[str, tuple[str, object]] = {
    "an event less": ("events", lambda found: found[:-1]),
    "another event": ("events", lambda found: [b'{"a": 1}' for _ in found]),
    "a rejection less": ("rejected", lambda found: found[:-1]),
    "a skip less": ("skipped", lambda found: found[:-1]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSES)
def test_paths_that_differ_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    field, lose = LOSES[name]
    json = mapper.Transform.json

    def wrong(self: mapper.Transform, body: bytes, request: mapper.Request | None = None) -> JsonResult:
        found = json(self, body, request)
        parts = {each: getattr(found, each) for each in ("events", "skipped", "rejected", "repairs")}
        return JsonResult(**parts | {field: lose(parts[field])})  # type: ignore[operator]

    monkeypatch.setattr(mapper.Transform, "json", wrong)
    monkeypatch.setattr("fuzz.loop.TRIES", 0)
    assert fuzz(fuzzer("bodies"), 1, 300).findings


def test_a_diagnostic_outside_its_file_is_found() -> None:
    (found,) = mapper.check("event: 1")[:1]
    promises.assert_rendered([found])
    promises.assert_spans(found)
    (label,) = found.labels
    object.__setattr__(label.span, "end", 99)
    with pytest.raises(AssertionError, match="outside its file"):
        promises.assert_spans(found)


# --- trees


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_json, '{"a": [1, {"b": "x\\"y"}, []], "c": {}}'),
        (read_yaml, 'a:\n- 1\n- b: "x\\"y"\n- []\nc: {}\n'),
        (read_yaml, '{"a": [1, {"b": "x\\"y"}, []], "c": {}}'),
    ],
)
def test_places_are_those_of_the_text(read: object, text: str) -> None:
    tree: Tree = read(text)  # type: ignore[operator]
    assert [place.above for place in tree.places] == ["", "a", "a", "a", "b", "a", "c"]
    assert [value_of(place.flow) for place in tree.places[1:]] == [
        *([1, {"b": 'x"y'}, []], 1, {"b": 'x"y'}, 'x"y', [], {}),
    ]
    for place in tree.places[1:]:
        assert value_of(text[place.start : place.end]) == value_of(place.flow)
        less = text[: place.cut[0]] + text[place.cut[1] :]
        assert size(value_of(less)) == size(value_of(text)) - size(value_of(place.flow))
        again = keyed(text[place.key_start : place.key_end], place.flow) + place.gap
        more = spliced(text, [(place.key_start, place.key_start, again)])
        doubled = value_of(more)
        is_element = place.key_start == place.start
        assert size(doubled) == size(value_of(text)) + is_element * size(value_of(place.flow))


def value_of(text: str) -> object:
    return yaml.safe_load(text)


def size(value: object) -> int:
    """The number of values in a value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(size, inner))


def test_every_change_changes_something() -> None:
    tree = read_json('{"a": [1, {"b": "x"}], "c": {"d": "$.a[0]"}}')
    pool = Pool([tree, read_json('{"e": ["y", 2], "c": null}')])
    for change in {*OF_DATA, *OF_MAPPINGS}:
        texts = {Changes({change: 1}, pool).to(Random(seed), tree, 1) for seed in range(20)}
        assert len(texts - {tree.text}) > 3, change


def test_the_same_seed_makes_the_same_inputs() -> None:
    def made(seed: int) -> list[Input]:
        chance = Random(seed)
        return [Planted().make(chance) for _ in range(20)] + [fuzzer("mappings").make(chance)]

    assert made(1) == made(1) != made(2)
