"""Prove: a template, its source schema and its target become a verdict, with payloads where it is refuted.

Proven means: whatever item the source schema admits, the template renders one JSON value, or stops (a
rejection), or skips the item. What looks suspicious is only called refuted when a payload shows it. Half
surrogate pairs count as characters here; they are no JSON text's fault, and are rejected when they come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum

from mapper import ir
from mapper.budget import TooComplex, limited
from mapper.checker.templates.admitted import whole_item
from mapper.checker.templates.assumptions import assume, few
from mapper.checker.templates.environment import Env, scopes
from mapper.checker.templates.holes import holes_of, read_holes
from mapper.checker.templates.json_grammar import Place
from mapper.checker.templates.payload_search import Search
from mapper.checker.templates.payloads import Given
from mapper.checker.templates.rendering import PrepareTemplate, Rendered, trial_of
from mapper.checker.templates.target_fit import Misfit, misfits
from mapper.checker.templates.value_sets import Value
from mapper.checker.templates.walk import State, TooMany, Trouble, Walk
from mapper.diagnostics.source import Span
from mapper.ir import liquid as text_ir
from mapper.ir.liquid import nodes_run
from mapper.schemas.schema import Schema

_MOST_TROUBLES = 24


class Verdict(Enum):
    """What is known of a template."""

    PROVEN = "proven"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Refutation:
    """A payload that breaks the JSON: where in the template, why, and what is rendered."""

    trouble: Trouble
    given: Given
    rendered: Rendered


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that could neither be proven nor shown to fail."""

    span: Span
    why: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """Valid JSON of a wrong shape, and a payload that shows it."""

    misfit: Misfit
    given: Given


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdict on a template and the evidence."""

    verdict: Verdict
    refutations: tuple[Refutation, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    wrongs: tuple[Wrong, ...] = ()
    printed: Mapping[int, AbstractSet[str]] = field(default_factory=dict)


def prove(
    program: ir.Program, source: Schema | None, target: Schema | None, prepare: PrepareTemplate
) -> Proof:
    """The proof of a program whose output is a template; without a target any JSON value will do.

    `prepare` compiles the program, so that each refutation is rendered before it is reported. Raises whatever
    it raises.
    """
    template = program.output
    assert isinstance(template, ir.Template)
    if template.body is None:
        why = "it uses tags or expressions that are not followed"
        return Proof(Verdict.UNDECIDED, doubts=(Doubt(template.span, why),))
    if _sets_forloop(template.body):
        why = "it sets a variable named `forloop`"
        return Proof(Verdict.UNDECIDED, doubts=(Doubt(template.span, why),))
    try:
        return _proven(program, template, source, target, prepare)
    except RecursionError:
        return Proof(
            Verdict.UNDECIDED, doubts=(Doubt(template.span, "the template or its schema nests too deep"),)
        )


def _proven(
    program: ir.Program,
    template: ir.Template,
    source: Schema | None,
    target: Schema | None,
    prepare: PrepareTemplate,
) -> Proof:
    item_is_body = all(not path.segments for path in program.each)
    world = scopes(whole_item(None if source is None else source.document), item_is_body=item_is_body)
    body = template.body or ()
    walk, troubles = _walk(program, body, world)
    reading = read_holes((body, *(rule.condition.test for rule in program.skips)), world)
    trial = trial_of(program, prepare, source)
    search = Search(trial, reading, world, item_is_body, nodes_run(program))
    wrongs, unsure = _wrongs(walk, target, search) if target is not None else ([], [])
    return _judged(template, walk, troubles, search, (wrongs, unsure))


def _sets_forloop(body: Sequence[text_ir.Statement]) -> bool:
    named = (text_ir.Assign, text_ir.Capture, text_ir.Count)
    return any(isinstance(node, named) and node.name == "forloop" for node in text_ir.walk(tuple(body)))


def _walk(
    program: ir.Program, body: tuple[text_ir.Statement, ...], world: dict[str, Value]
) -> tuple[Walk, list[Trouble]]:
    """Everything the automaton finds."""
    walk = Walk()
    envs = [Env(world)]
    for rule in program.skips:
        if rule.condition.test is not None:
            envs = few([env for before in envs for env in assume(rule.condition.test, False, before)])
    span = program.output.span
    try:
        with limited():  # steps of its own: what cannot be followed is in doubt, and no error
            ends = walk.run(body, [State(Place(), env) for env in envs])
    except (TooMany, TooComplex):
        walk.doubts["there are more ways through the template than are followed"] = span
        ends = []
    end = span.part(max(span.end - span.start - 1, 0), span.end - span.start)
    for state in ends:
        if not state.place.is_complete:
            is_empty = state.place == Place()
            why = "the text is empty" if is_empty else "the text ends too early"
            walk.troubles[Trouble(end, why, "nothing" if is_empty else "")] = None
    return walk, list(walk.troubles)


def _judged(
    template: ir.Template,
    walk: Walk,
    troubles: list[Trouble],
    search: Search,
    fit: tuple[list[Wrong], list[Doubt]],
) -> Proof:
    wrongs, unsure = fit
    doubts = [Doubt(span, why) for why, span in walk.doubts.items()] + unsure
    refutations, unshown = _refutations(template, troubles, search)
    doubts += unshown
    verdict = Verdict.UNDECIDED if doubts else Verdict.PROVEN
    if refutations or any(wrong.misfit.always for wrong in wrongs):
        verdict = Verdict.REFUTED
    return Proof(verdict, tuple(refutations), _once(doubts), tuple(wrongs), walk.printed)


def _once(doubts: list[Doubt]) -> tuple[Doubt, ...]:
    """One doubt for each place."""
    return tuple({(d.span.start, d.span.end): d for d in reversed(doubts)}.values())[::-1]


def _refutations(
    template: ir.Template, troubles: list[Trouble], search: Search
) -> tuple[list[Refutation], list[Doubt]]:
    broken = search.prepare() if not search.bases else []
    if not troubles:
        return _second_look(template, search), []
    refutations: list[Refutation] = []
    doubts: list[Doubt] = []
    for trouble in _one_each(troubles):
        tried = len(refutations) + len(doubts) < _MOST_TROUBLES and bool(search.bases or not broken)
        found = search.find(_relevant(trouble, search), _is_broken) if tried else None
        if found is None:
            doubts.append(Doubt(trouble.span, _sentence(trouble)))
        else:
            refutations.append(Refutation(trouble, *found))
    if not refutations and broken:
        given, rendered = search.smallest(*broken[0], _is_broken)
        fitting = [t for t in troubles if t.why == rendered.broken]
        return [Refutation((fitting or troubles)[0], given, rendered)], []
    return refutations, doubts


def _is_broken(rendered: Rendered) -> bool:
    return bool(rendered.broken)


def _one_each(troubles: list[Trouble]) -> list[Trouble]:
    """One trouble of each place, in the order of the text: the one that is easiest to understand."""
    ordered = sorted(
        troubles, key=lambda t: (t.span.start, not t.why.startswith("a quote"), t.kind != "a text")
    )
    return list({(t.span.start, t.cause is None): t for t in reversed(ordered)}.values())[::-1]


def _relevant(trouble: Trouble, search: Search) -> set[tuple[str | int | None, ...]]:
    holes = set() if trouble.cause is None else holes_of(trouble.cause, search.reading, search.scopes)
    return holes or set(search.reading.holes)


def _second_look(template: ir.Template, search: Search) -> list[Refutation]:
    """Render hostile payloads although nothing was found: what then breaks is shown, not believed proven."""
    found = search.find(set(search.reading.holes), _is_broken, budget=150)
    if found is None:
        return []
    return [Refutation(Trouble(template.span.part(0, 1), found[1].broken), *found)]


def _sentence(trouble: Trouble) -> str:
    if not trouble.kind:
        return trouble.why
    return f"{trouble.kind} may be printed here: {trouble.why}"


def _wrongs(walk: Walk, target: Schema, search: Search) -> tuple[list[Wrong], list[Doubt]]:
    """What is JSON and does not fit the target; each shown by a payload, or in doubt."""
    if not search.bases:
        search.prepare()
    wrongs: list[Wrong] = []
    doubts: list[Doubt] = []
    for misfit in misfits(walk.seen, target):
        found = search.find(set(search.reading.holes), misfit.shown_by, budget=600)
        if found is not None:
            wrongs.append(Wrong(misfit, found[0]))
        elif misfit.kind != "null" or misfit.always:
            doubts.append(Doubt(misfit.span, f"{_what(misfit)} may be written here"))
    return wrongs, doubts


def _what(misfit: Misfit) -> str:
    names = {"lacks": f"an object without `{misfit.key}`", "adds": f"the key `{misfit.key}`"}
    return names.get(misfit.kind) or f"{'an' if misfit.kind[0] in 'ao' else 'a'} {misfit.kind}"
