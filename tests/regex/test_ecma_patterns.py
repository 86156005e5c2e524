"""Patterns of schemas mean what they mean to node's engine: to searches, automata and languages alike.

tests/conformance/ecma holds the inputs, the table of the engine's answers, and the script that made it. If
node is installed, random patterns are compared with it as well.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterable
from itertools import islice
from typing import Any

import pytest

from mapper.regex.automaton import NoAutomaton, compile_automaton
from mapper.regex.examples import examples
from mapper.regex.expressions import matching
from mapper.regex.reading import PatternFault, read_ecma
from mapper.regex.searches import searcher
from mapper.runtime.blank import is_blank_text
from support.places import TESTS

FOLDER = TESTS / "conformance" / "ecma"
INPUTS: dict[str, list[str]] = json.loads((FOLDER / "inputs.json").read_text("utf-8"))
TABLE: dict[str, str | None] = json.loads((FOLDER / "table.json").read_text("utf-8"))
NODE = shutil.which("node")


def answers(pattern: str, texts: Iterable[str]) -> list[set[bool]]:
    """The answers of all that search each text: the chosen search, the automaton, the language."""
    search, automaton, language = searcher(pattern), compile_automaton(read_ecma(pattern)), matching(pattern)
    found = []
    for text in texts:
        known = {search(text) is not None, automaton.holds(text)}
        if language.is_exact:
            known.add(language.holds(text))
        else:
            assert language.holds(text) or known == {False}, "a set that is not exact holds too many texts"
        found.append(known)
    return found


@pytest.mark.parametrize("pattern", INPUTS["patterns"])
def test_the_engine_finds_a_pattern_in_the_same_texts(pattern: str) -> None:
    row = TABLE[pattern]
    assert row is not None
    found = answers(pattern, INPUTS["texts"])
    different = [
        text
        for text, digit, known in zip(INPUTS["texts"], row, found, strict=True)
        if known != {digit == "1"}
    ]
    assert not different
    assert matching(pattern).is_exact


@pytest.mark.parametrize("pattern", INPUTS["refused"])
def test_the_engine_refuses_the_same_patterns(pattern: str) -> None:
    assert TABLE[pattern] is None
    with pytest.raises(PatternFault) as raised:
        read_ecma(pattern)
    assert 0 <= raised.value.position <= len(pattern)
    assert raised.value.message


def test_blank_texts_are_those_without_a_character_that_is_no_white_space() -> None:
    for text in (*map(chr, range(0x10000)), *INPUTS["texts"]):
        assert is_blank_text(text) is (searcher(r"\S")(text) is None)


# --- random patterns

ATOMS = (
    *("a", "b", "c", ".", "[ab]", "[^a]", r"\s", r"\S", r"\w", r"\W", r"\d", r"\D", "é", "[a-é]", r"[^\s\d]"),
    *(r"[\w-]", "[^]", "[]", r"\p{Lu}", r"\P{L}", r"[\p{Nd}a]", r"\x41", r"\n", r"[\-a]", "😀", r"\u{1F600}"),
)
PLACES = ("^", "$", r"\b", r"\B")
ROUNDS = ("*", "+", "?", "{2}", "{0,2}", "{1,3}", "{0}", "{2,}", "*?", "+?", "{1,15}", "{13,}")
LOOKS = ("(?={})", "(?!{})", "(?<={})", "(?<!{})")
CHARACTERS = "aab bcAéx1_-\n\u2028\ufeff\u0085\x1c😀É٣\u00a0"


def random_pattern(chance: random.Random, depth: int) -> str:
    kind = chance.random()
    if depth == 0 or kind < 0.25:
        return chance.choice(ATOMS) if chance.random() < 0.8 else chance.choice(PLACES)
    first = random_pattern(chance, depth - 1)
    if kind < 0.5:
        return first + random_pattern(chance, depth - 1)
    if kind < 0.65:
        return f"(?:{first}|{random_pattern(chance, depth - 1)})"
    if kind < 0.85:
        return f"(?:{first}){chance.choice(ROUNDS)}"
    return chance.choice(LOOKS).format(first) if kind < 0.95 else f"({first})"


def is_small(pattern: str) -> bool:
    """False for a pattern that is refused as too large."""
    try:
        compile_automaton(read_ecma(pattern))
    except NoAutomaton:
        return False
    return True


def random_pairs(seed: int, count: int) -> list[tuple[str, list[str]]]:
    chance = random.Random(seed)
    pairs = []
    for _ in range(count):
        pattern = random_pattern(chance, chance.randrange(1, 6))
        if not is_small(pattern):
            continue
        # V8 also looks between the halves of a surrogate pair, which ECMA-262 does not.
        splits = any(sign in pattern for sign in (r"\b", r"\B", "(?<"))
        known = CHARACTERS.replace("😀", "") if splits else CHARACTERS
        pairs.append((pattern, ["".join(chance.choices(known, k=chance.randrange(9))) for _ in range(8)]))
    return pairs


def of_node(pairs: list[tuple[str, list[str]]]) -> list[list[bool] | None]:
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(FOLDER / "search.mjs")],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=True,
    )
    found: Any = json.loads(done.stdout)
    return found  # type: ignore[no-any-return]


SEEDS = [*range(2), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 40))]


@pytest.mark.skipif(NODE is None, reason="node is not installed; the table above holds its answers")
@pytest.mark.parametrize("seed", SEEDS)
def test_node_agrees_about_random_patterns(seed: int) -> None:
    pairs = random_pairs(seed, 200)
    tried = 0
    for (pattern, texts), wanted in zip(pairs, of_node(pairs), strict=True):
        assert wanted is not None, pattern
        assert answers(pattern, texts) == [{is_found} for is_found in wanted], (pattern, texts)
        tried += sum(wanted)
    assert tried > len(pairs)
    assert sum(not matching(pattern).is_exact for pattern, _ in pairs) < len(pairs) // 20
    # The engine tries one way after the other, so long texts may take it hours.
    samples = [
        (pattern, list(islice(examples(matching(pattern), longest=12), 8)))
        for pattern, _ in pairs
        if r"\B" not in pattern and matching(pattern).is_exact
    ]
    for (pattern, texts), wanted in zip(samples, of_node(samples), strict=True):
        assert wanted is not None
        assert all(wanted), (pattern, texts)
        assert len(set(texts)) == len(texts)


# --- what is not as in ECMA-262


@pytest.mark.parametrize("sign", [chr(c) for c in range(0x20, 0x7F) if not chr(c).isalnum()])
def test_a_sign_may_have_a_backslash(sign: str) -> None:
    for pattern in (rf"^\{sign}$", rf"^[\{sign}]$"):
        assert answers(pattern, (sign, "a")) == [{True}, {False}]


@pytest.mark.parametrize(
    ("pattern", "position"),
    [(r"(a)\1", 4), (r"(?<n>a)\k<n>", 8), (r"a\p{Script=Greek}", 3), (r"\p{Alphabetic}", 2)],
)
def test_what_has_no_automaton_is_refused_at_its_place(pattern: str, position: int) -> None:
    with pytest.raises(PatternFault) as raised:
        read_ecma(pattern)
    assert raised.value.position == position


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        (r"\Aa", "write `^`"),
        (r"a\Z", "write `$`"),
        ("(?P<n>a)", "`(?<name>...)`"),
        ("(?i)a", "write both cases"),
        ("(?#c)a", "no comments"),
        ("(?>a)", "`(?:...)`"),
        ("a{", "`{2,5}`"),
        ("{a", r"write `\{`"),
    ],
)
def test_a_fault_has_a_hint(pattern: str, hint: str) -> None:
    with pytest.raises(PatternFault) as raised:
        read_ecma(pattern)
    assert hint in raised.value.message
