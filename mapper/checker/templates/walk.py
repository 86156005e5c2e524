"""Walk: a template run on sets of values; every place its text can reach, every flaw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import assert_never

from mapper.checker.inference.printing import printed
from mapper.checker.templates.assumptions import assume, few
from mapper.checker.templates.element_counts import (
    LoopCounts,
    counts_of,
    is_counted,
    uncounted,
    with_one_count,
)
from mapper.checker.templates.emission import emit, write
from mapper.checker.templates.environment import Environment, LoopRound, joined_environments
from mapper.checker.templates.json_grammar import BLANKS, JsonFinding, JsonPlace, joined_keys, without_keys
from mapper.checker.templates.rounds import LoopRounds, rounds_of
from mapper.checker.templates.scalars import (
    Scalars,
    Token,
    WrittenValue,
    either,
    follow,
    print_scalars,
)
from mapper.checker.types import ANY_MEMBER, MISSING_ONLY, Type, join, join_all
from mapper.checker.types.named import DIGITS
from mapper.checker.types.text_facts import texts_in
from mapper.checker.types.text_languages import language_of
from mapper.diagnostics.source import Span
from mapper.ir import liquid as ir
from mapper.regex.languages import EMPTY, UNKNOWN, Language, concatenated, repeated, union, word

_MAX_STATES = 160
_MAX_ENVS = 4
_MAX_PLACES = 6
_ROUNDS = 16
_WIDEN_AFTER = 3
_MAX_STEPS = 50_000


@dataclass(frozen=True, slots=True)
class TemplateFlaw:
    """A way in which a template may render something that is not JSON.

    `cause` is the output whose value does it, None if the template's own text does. `kind` names the values
    that do it, `why` is the rule of JSON that is broken. `offset` is that of the wrong character in the
    template's text.
    """

    span: Span = field(compare=False)
    why: str
    kind: str = ""
    cause: ir.Statement | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class WalkState:
    """One path through the template so far: the place in the JSON, and the possible values of variables.

    Inside a capture there is no place in the JSON, but the `captured` texts. `silent` is the output that
    printed nothing although a value may begin. `token` is the scalar of the JSON that is being written.
    """

    place: JsonPlace
    env: Environment
    captured: Language | None = None
    silent: ir.Output | None = None
    token: Token | None = None


class TooManyStates(Exception):
    """The template has more paths than are followed."""


@dataclass
class Walk:
    """Follows a template and collects its findings.

    `seen` has the span of each value that begins. If it `keeps_values`, `written` has that of each that ends.
    """

    flaws: dict[TemplateFlaw, None] = field(default_factory=dict)
    doubts: dict[str, Span] = field(default_factory=dict)
    seen: dict[JsonFinding, Span] = field(default_factory=dict)
    written: dict[WrittenValue, Span] = field(default_factory=dict)
    keeps_values: bool = False
    steps: int = 0
    _left: list[tuple[str, WalkState]] = field(default_factory=list)

    def run(self, statements: Iterable[ir.Statement], states: list[WalkState]) -> list[WalkState]:
        """The states after the statements; those that leave a loop are put aside."""
        for statement in statements:
            if not states:
                break
            self.steps += len(states)
            if self.steps > _MAX_STEPS:
                raise TooManyStates
            states = merged([after for state in states for after in self._one(statement, state)])
        return states

    def _one(self, statement: ir.Statement, state: WalkState) -> list[WalkState]:
        match statement:
            case ir.Write():
                return self._write(statement, state)
            case ir.Output(value):
                return self._print(statement, state.env.evaluate(value), state)
            case ir.Count():
                return self._print(statement, DIGITS, state)
            case ir.Cycle(key, values):
                turns = join_all(map(state.env.evaluate, values))
                if key != str([value.value if isinstance(value, ir.Scalar) else value for value in values]):
                    # Cycles of one name share their turn, and the shorter one may have no value for it.
                    turns = join(MISSING_ONLY, turns)
                return self._print(statement, turns, state)
            case ir.Assign(name, value):
                return [replace(state, env=state.env.assigned(name, state.env.evaluate(value)))]
            case ir.Capture():
                return self._capture(statement, state)
            case ir.Branches():
                return self._branches(statement, state)
            case ir.Choices():
                return self._choices(statement, state)
            case ir.For():
                return self._for(statement, state)
            case ir.Break() | ir.Continue():
                self._left.append(("break" if isinstance(statement, ir.Break) else "continue", state))
                return []
            case ir.Abort():
                return []
            case _ as never:
                assert_never(never)

    # --- text

    def _write(self, statement: ir.Write, state: WalkState) -> list[WalkState]:
        if state.captured is not None:
            return [replace(state, captured=concatenated(state.captured, word(statement.text)))]
        after, seen = write(state.place, statement.text)
        for shown in seen:
            self._show(shown, statement)
        if isinstance(after, JsonPlace):
            is_blank = not statement.text.strip(BLANKS)
            token = None
            if self.keeps_values:
                token, ended = follow(state.place, state.token, statement.text)
                self._end(ended, statement)
            return [replace(state, place=after, silent=state.silent if is_blank else None, token=token)]
        index, bad = after
        if state.silent is not None and not statement.text[:index].strip(BLANKS):
            flaw = TemplateFlaw(state.silent.span, bad.why, "nothing", state.silent)
        else:
            flaw = TemplateFlaw(statement.span, bad.why, "", None, index)
        self.flaws[flaw] = None
        return []

    def _print(
        self, statement: ir.Output | ir.Count | ir.Cycle, value: Type, state: WalkState
    ) -> list[WalkState]:
        if state.captured is not None:
            text = language_of(printed(value))
            return [] if value.is_never else [replace(state, captured=concatenated(state.captured, text))]
        outcome = emit(state.place, value)
        for broken in outcome.breaks:
            self.flaws[TemplateFlaw(statement.span, broken.why, broken.kind, statement)] = None
        for doubt in outcome.doubts:
            self.doubts.setdefault(doubt, statement.span)
        for shown in outcome.seen:
            self._show(shown, statement)
        silent = statement if isinstance(statement, ir.Output) else None
        scalars = Scalars()
        if self.keeps_values:
            operand = statement.value if isinstance(statement, ir.Output) else None
            scalars = print_scalars(state.place, state.token, value, operand, outcome.places)
        self._end(scalars.written, statement)
        return [
            replace(
                state,
                place=place,
                silent=silent if place == state.place and place.takes_value else None,
                token=scalars.tokens.get(place),
            )
            for place in outcome.places
        ]

    def _end(self, written: list[WrittenValue], statement: ir.Statement) -> None:
        for each in written:
            self.written.setdefault(each, statement.span)

    def _show(self, shown: JsonFinding, statement: ir.Statement) -> None:
        if shown.kind == "repeated":
            why = "the key may be the same as another of this object"
            cause = None if isinstance(statement, ir.Write) else statement
            self.flaws[TemplateFlaw(statement.span, why, "", cause)] = None
        else:
            self.seen.setdefault(shown, statement.span)

    def _capture(self, statement: ir.Capture, state: WalkState) -> list[WalkState]:
        outer, self._left = self._left, []
        inner = self.run(statement.body, [replace(state, captured=EMPTY)])
        # A `break` or `continue` inside a capture drops the captured text.
        self._left = [*outer, *((leaves, replace(s, captured=state.captured)) for leaves, s in self._left)]
        after = []
        for end in inner:
            text = Type(texts=texts_in(end.captured or EMPTY))
            env = end.env.assigned(statement.name, text)
            after.append(replace(state, env=env))
        return after

    # --- branches

    def _branches(self, statement: ir.Branches, state: WalkState) -> list[WalkState]:
        after: list[WalkState] = []
        envs = [state.env]
        for branch in statement.branches:
            inside = few([env for before in envs for env in assume(branch.test, True, before)])
            after += self.run(branch.body, [replace(state, env=env) for env in inside])
            envs = few([env for before in envs for env in assume(branch.test, False, before)])
        return after + self.run(statement.otherwise, [replace(state, env=env) for env in envs])

    def _choices(self, statement: ir.Choices, state: WalkState) -> list[WalkState]:
        # States in which nothing has matched yet, and those in which something has.
        fresh, matched = [state], list[WalkState]()
        for choice in statement.choices:
            if choice.values is None:
                matched, fresh = matched + self.run(choice.body, fresh), []
                continue
            for value in choice.values:
                test = ir.Compare("==", statement.subject, value, statement.span)
                both = [(s, True) for s in matched] + [(s, False) for s in fresh]
                hits = [replace(s, env=env) for s, _ in both for env in assume(test, True, s.env)]
                missed = [(replace(s, env=env), m) for s, m in both for env in assume(test, False, s.env)]
                matched = merged([*self.run(choice.body, hits), *(s for s, was in missed if was)])
                fresh = merged([s for s, was in missed if not was])
        return matched + fresh

    # --- loops

    def _for(self, statement: ir.For, state: WalkState) -> list[WalkState]:
        rounds = rounds_of(statement, state.env)
        if state.captured is not None:
            return self._captured_loop(statement, rounds, state)
        after = self.run(statement.otherwise, [state]) if rounds.min_rounds == 0 else []
        if rounds.max_rounds == 0:
            return after
        if rounds.min_rounds <= 1:
            after += self._round(statement, rounds, [state], True, True, after)
        if rounds.max_rounds is None or rounds.max_rounds > 1:
            after += self._many(statement, rounds, state, after)
        return after

    def _many(
        self, statement: ir.For, rounds: LoopRounds, state: WalkState, after: list[WalkState]
    ) -> list[WalkState]:
        """Two rounds or more, with the states at rest before the last."""
        begun = self._round(statement, rounds, [state], True, False, after)
        counts = LoopCounts(counts_of(s.place for s in begun))
        known = [replace(s, place=counts.begin(s.place)) for s in begun]
        marks, broken = {_mark(s) for s in known}, list[WalkState]()
        fresh = known
        for count in range(_ROUNDS):
            if not fresh or rounds.max_rounds == 2:
                break
            if count >= _WIDEN_AFTER:
                fresh = [
                    replace(s, env=_widened(s.env, statement), token=s.token and Token(UNKNOWN))
                    for s in fresh
                ]
            found = self._round(statement, rounds, fresh, False, False, broken)
            counts.end(s.place for s in found)
            rested = merged([replace(s, place=counts.begin(s.place)) for s in found])
            fresh = [s for s in rested if _mark(s) not in marks]
            marks |= {_mark(s) for s in fresh}
            known = known + fresh
            if len(known) > _MAX_STATES:
                raise TooManyStates
        else:
            if fresh:
                why = "each round of this loop leaves the JSON in another state"
                self.doubts.setdefault(why, statement.span)
        after += [replace(s, place=uncounted(s.place)) for s in broken]
        fewest = max(rounds.min_rounds - 2, 0)
        most = None if rounds.max_rounds is None else max(rounds.max_rounds - 2, 0)
        known = merged([replace(s, place=counts.after(s.place, fewest, most)) for s in known])
        return self._round(statement, rounds, known, False, True, after)

    def _round(
        self,
        statement: ir.For,
        rounds: LoopRounds,
        states: list[WalkState],
        first: bool | None,
        last: bool | None,
        left: list[WalkState],
    ) -> list[WalkState]:
        """One round; states that break out of the loop go to `left`."""
        loop = LoopRound(statement.name, statement.label, rounds.element, first, last)
        outer, self._left = self._left, []
        ends = self.run(statement.body, [replace(s, env=s.env.inside(loop)) for s in states])
        for leaves, state in self._left:
            if leaves == "continue":
                ends.append(state)
            else:
                left.append(replace(state, env=state.env.outside()))
        self._left = outer
        return merged([replace(s, env=s.env.outside()) for s in ends])

    def _captured_loop(self, statement: ir.For, rounds: LoopRounds, state: WalkState) -> list[WalkState]:
        """A loop inside a capture: the texts that its rounds can write, one after another."""
        env = _widened(state.env, statement)
        start = replace(state, env=env, captured=EMPTY)
        left: list[WalkState] = []
        only, first, middle, last = (
            _texts(self._round(statement, rounds, [start], is_first, is_last, left))
            for is_first, is_last in ((True, True), (True, False), (False, False), (False, True))
        )
        otherwise = _texts(self.run(statement.otherwise, [start])) if rounds.min_rounds == 0 else None
        several = concatenated(first, repeated(middle), last)
        language = union(only, several) if otherwise is None else union(only, several, otherwise)
        if left:
            language = repeated(union(only, first, middle, last, otherwise or EMPTY, _texts(left)))
        return [replace(state, env=env, captured=concatenated(state.captured or EMPTY, language))]


def _texts(states: list[WalkState]) -> Language:
    return union(*(s.captured for s in states if s.captured is not None))


def _widened(env: Environment, statement: ir.For) -> Environment:
    """The environment without facts about variables that the loop assigns."""
    for node in ir.walk(statement.body):
        if isinstance(node, ir.Assign | ir.Capture):
            env = env.assigned(node.name, ANY_MEMBER)
    return env


def _mark(state: WalkState) -> object:
    return state.place, state.captured, state.env.mark, state.token


def merged(states: list[WalkState]) -> list[WalkState]:
    """The same states, without repetition; those at one place with few environments."""
    groups: dict[object, list[WalkState]] = {}
    for state in _fewer(states):
        key: object = state.place if state.captured is None else "captured"
        groups.setdefault(key, []).append(state)
    result: list[WalkState] = []
    for group in groups.values():
        if group[0].captured is not None:
            result += _merged_captures(group)
            continue
        unique = _with_one_token(group)
        silent = next((s.silent for s in group if s.silent is not None), None)
        if len(unique) > _MAX_ENVS:
            env = joined_environments(s.env for s in unique)
            unique = [replace(unique[0], env=env, token=_token_of(unique))]
        result += [replace(s, silent=silent) for s in unique]
    if len(result) > _MAX_STATES:
        raise TooManyStates
    return result


def _with_one_token(group: list[WalkState]) -> list[WalkState]:
    """The states at one place, one for each environment."""
    by_env: dict[object, list[WalkState]] = {}
    for state in reversed(group):
        by_env.setdefault(state.env.mark, []).append(state)
    return [replace(same[-1], token=_token_of(same)) for same in by_env.values()]


def _token_of(states: list[WalkState]) -> Token | None:
    tokens = [state.token for state in states if state.token is not None]
    return reduce(either, tokens) if tokens else None


def _fewer(states: list[WalkState]) -> list[WalkState]:
    """Merge states that differ only in numbers of elements; if there are many places, in keys, too."""
    places = {state.place for state in states}
    if len(places) > 1 and any(map(is_counted, places)):
        wider = with_one_count([state.place for state in states])
        states = [replace(state, place=place) for state, place in zip(states, wider, strict=True)]
        places = {state.place for state in states}
    if len(places) <= _MAX_PLACES:
        return states
    of_bare: dict[JsonPlace, JsonPlace] = {}
    for state in states:
        bare = without_keys(state.place)
        of_bare[bare] = joined_keys(of_bare[bare], state.place) if bare in of_bare else state.place
    return [replace(state, place=of_bare[without_keys(state.place)]) for state in states]


def _merged_captures(group: list[WalkState]) -> list[WalkState]:
    by_env: dict[object, list[WalkState]] = {}
    for state in group:
        by_env.setdefault(state.env.mark, []).append(state)
    unique = []
    for same in by_env.values():
        texts = {id(s.captured): s for s in same}
        unique.append(same[0] if len(texts) == 1 else replace(same[0], captured=_texts(list(texts.values()))))
    if len(unique) <= _MAX_ENVS:
        return unique
    return [replace(unique[0], env=joined_environments(s.env for s in unique), captured=_texts(unique))]
