"""Danger: the reason why matching a regular expression could take too long.

A pattern is refused if one text can be matched on exponentially many paths, for then a text that almost fits
keeps Python's backtracking matcher busy for hours. `(a+)+`, `(a|a)*`, `(\\w+\\s?)*` are refused;
`(\\w+\\.)*\\w+` is not, because the full stop separates its rounds. The pattern's position automaton
(Glushkov) decides: the pattern is refused if a repeating position can return to itself on two paths over one
text (Weber and Seidl, 1991). A repetition of at least 10 rounds counts as endless, a look-around is judged by
itself, a back-reference matches anything.

A pattern that takes the square or the cube of the length, such as `\\s+$`, is allowed if an automaton can
search in place of `re`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from mapper.regex.automata import NoAutomaton
from mapper.regex.graphs import reachable
from mapper.regex.searches import automaton_of
from mapper.regex.syntax import as_python

_MANY = 10
MAX_LENGTH = 10_000
MAX_POSITIONS = 400
_MAX_RECURRING = 200
_QUANTIFIER = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})[?+]?")
_CLASS = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]", re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[0-7]{3}|.)", re.DOTALL
)
_GROUP = re.compile(r"\((?:\?(?:P<\w+>|<(?![=!])\w+>|>|\(\w+\)|[aiLmsux]*(?:-[imsx]+)?:))?")
_LOOK = re.compile(r"\(\?<?[=!]")
_SET_OPERATION = re.compile(r"\[\^?(?:\[|.+?(?:--|&&|~~|\|\|))", re.DOTALL)
_SKIPPED = re.compile(r"\(\?(?:#[^)]*|[aiLmsux]+)\)")
_FOLDED = re.compile(r"\(\?[aLmsux]*i")
_SAMPLE = "".join(map(chr, range(0x180))) + "\u0394\u0416\u0660\u0915\u2028\u3000\u4e00\ufeff\U0001f600"


@dataclass(slots=True)
class _Piece:
    """A part of the pattern: the positions it may begin and end with; `nullable` if it may match nothing."""

    nullable: bool = True
    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()


@dataclass
class _Automaton:
    """Reads a pattern into positions (one a character matcher) and the steps between them."""

    text: str
    at: int = 0
    atoms: list[str] = field(default_factory=list)
    steps: dict[int, set[int]] = field(default_factory=dict)
    doubled: set[tuple[int, int]] = field(default_factory=set)

    def alternatives(self) -> _Piece:
        """Read up to a closing bracket or the end."""
        result = self.sequence()
        while self.text.startswith("|", self.at):
            self.at += 1
            other = self.sequence()
            result = _Piece(
                result.nullable or other.nullable, result.first | other.first, result.last | other.last
            )
        return result

    def sequence(self) -> _Piece:
        result = _Piece()
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            piece = self.quantified(self.item())
            self.link(result.last, piece.first)
            result = _Piece(
                result.nullable and piece.nullable,
                result.first | piece.first if result.nullable else result.first,
                result.last | piece.last if piece.nullable else piece.last,
            )
        return result

    def item(self) -> _Piece:
        if (match := _SKIPPED.match(self.text, self.at)) is not None:
            self.at = match.end()
            return _Piece()
        if (match := _LOOK.match(self.text, self.at)) is not None:
            self.group(match.end())
            return _Piece()
        if (match := _GROUP.match(self.text, self.at)) is not None:
            return self.group(match.end())
        return self.atom()

    def group(self, start: int) -> _Piece:
        self.at = start
        piece = self.alternatives()
        self.at += 1
        return piece

    def atom(self) -> _Piece:
        match = _CLASS.match(self.text, self.at) or _ESCAPE.match(self.text, self.at)
        atom = match.group() if match else self.text[self.at]
        self.at += len(atom)
        if atom in ("^", "$", r"\b", r"\B", r"\A", r"\Z"):
            return _Piece()
        self.atoms.append("(?s:.)" if re.fullmatch(r"\\[1-9]", atom) else atom)
        position = frozenset((len(self.atoms) - 1,))
        return _Piece(False, position, position)

    def quantified(self, piece: _Piece) -> _Piece:
        while (match := _QUANTIFIER.match(self.text, self.at)) is not None:
            self.at = match.end()
            min_rounds, max_rounds = _bounds(match.group())
            if max_rounds is None or max_rounds >= _MANY:
                self.link(piece.last, piece.first)
            piece = _Piece(piece.nullable or min_rounds == 0, piece.first, piece.last)
        return piece

    def link(self, sources: Iterable[int], targets: Iterable[int]) -> None:
        """Add the steps; one that is there already can be taken on two paths."""
        targets = frozenset(targets)
        for source in sources:
            known = self.steps.setdefault(source, set())
            self.doubled.update((source, target) for target in targets & known)
            known |= targets


def _bounds(quantifier: str) -> tuple[int, int | None]:
    match quantifier[0]:
        case "*":
            return 0, None
        case "+":
            return 1, None
        case "?":
            return 0, 1
    min_rounds, comma, max_rounds = quantifier.rstrip("?+")[1:-1].partition(",")
    return int(min_rounds or 0), (int(max_rounds) if max_rounds else None) if comma else int(min_rounds)


def find_danger(pattern: str) -> str | None:
    """The reason to refuse a pattern: it may take too long, or it cannot be judged. None if it is safe."""
    if len(pattern) > MAX_LENGTH:
        return "it is too long to be judged"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # about set operations, which are judged below
            flags = re.compile(pattern).flags
    except (re.error, RecursionError, OverflowError) as error:
        return f"it is no regular expression: {error}"
    if flags & re.VERBOSE:
        return "the verbose flag is not part of JSON Schema's patterns"
    automaton = _Automaton(pattern)
    try:
        automaton.alternatives()
    except RecursionError:
        return "it nests too deep to be judged"
    if automaton.at != len(pattern) or len(automaton.atoms) > MAX_POSITIONS:
        return "it is too long to be judged"
    for atom in automaton.atoms:
        if _SET_OPERATION.match(atom):
            return f"`{atom}` may one day mean an operation on sets: escape its bracket or its doubled sign"
    if _FOLDED.search(pattern):
        flags |= re.IGNORECASE
    return _ambiguity(automaton, flags & (re.IGNORECASE | re.DOTALL | re.ASCII)) or _cost(pattern)


def _cost(pattern: str) -> str | None:
    try:
        automaton_of(pattern)
    except NoAutomaton as fault:
        return f"a text may take the square of its length, and {fault}"
    except RecursionError:
        return "it nests too deep to be judged"
    return None


def _ambiguity(automaton: _Automaton, flags: int) -> str | None:
    steps = {source: frozenset(targets) for source, targets in automaton.steps.items()}
    loops = {p: reachable(lambda at: steps.get(at, ()), targets) for p, targets in steps.items()}
    for source, target in sorted(automaton.doubled):
        if source in loops.get(target, ()):
            atom = automaton.atoms[source]
            return f"`{atom}` is repeated inside a repetition without anything that parts the rounds"
    sample = _SAMPLE + "".join(sorted(_named_characters(automaton.text)))
    characters = [_characters(atom, flags, sample) for atom in automaton.atoms]
    judged: set[int] = set()
    for position in sorted(steps):
        if position in judged or position not in loops[position]:
            continue
        round_trip = {p for p in loops[position] if position in loops.get(p, ())}
        judged |= round_trip  # one position speaks for all it shares loops with
        if len(round_trip) > _MAX_RECURRING:
            return "it repeats too much to be judged"
        if _comes_back_twice(position, steps, round_trip, characters):
            return f"alternatives inside a repetition match the same text as `{automaton.atoms[position]}`"
    return None


def _comes_back_twice(
    position: int, steps: dict[int, frozenset[int]], inside: set[int], characters: list[int]
) -> bool:
    """True if two different paths over one text lead from `position` back to it."""
    start = (position, position)
    seen = {(start, False)}
    stack = [(start, False)]
    while stack:
        (left, right), parted = stack.pop()
        for a in steps[left] & inside:
            for b in steps[right] & inside:
                if not characters[a] & characters[b]:
                    continue
                state = ((a, b), parted or a != b)
                if state == (start, True):
                    return True
                if state not in seen:
                    seen.add(state)
                    stack.append(state)
    return False


def _named_characters(pattern: str) -> set[str]:
    """The characters beyond the sample that the pattern names, in both cases."""
    escaped = re.findall(r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})", pattern)
    named = set(pattern) | {chr(int(short or long, 16)) for short, long in escaped}
    return {c for c in named | {c.swapcase() for c in named} if len(c) == 1 and c not in _SAMPLE}


@lru_cache(maxsize=512)
def _characters(atom: str, flags: int, sample: str) -> int:
    """The sample characters that a single-character matcher matches, as a bit set."""
    source = as_python(atom) if len(atom) > 1 or atom in ".^$" else re.escape(atom)
    compiled = re.compile(source, flags)
    return sum(1 << index for index, c in enumerate(sample) if compiled.fullmatch(c))
