"""Proof: a template, its source schema and its target become a verdict, with payloads if it is refuted.

Proven means: for each item that the source schema admits, the template renders one JSON value, or stops (a
rejection), or skips the item. A suspicion becomes a refutation only if a payload shows it. Half surrogate
pairs count as characters here; the run rejects them (RFC 8259 §8.2 leaves their meaning open).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from mapper import ir
from mapper.budget import TooComplex, limited
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.payload_types import payload_types, types_of_schema
from mapper.checker.inference.program_types import infer_program
from mapper.checker.inference.type_scope import initial_scope
from mapper.checker.templates.assumptions import assume, few
from mapper.checker.templates.environment import Environment
from mapper.checker.templates.holes import holes_of, read_holes
from mapper.checker.templates.json_grammar import JsonPlace
from mapper.checker.templates.payload_search import PayloadSearch
from mapper.checker.templates.payloads import TemplateInput
from mapper.checker.templates.rendering import PrepareTemplate, TemplateRendering, renderer_of
from mapper.checker.templates.target_fit import TargetMisfit, misfits
from mapper.checker.templates.value_fit import ValueMisfit, value_misfits
from mapper.checker.templates.walk import TemplateFlaw, TooManyStates, Walk, WalkState
from mapper.checker.types import ANY_MEMBER, Type
from mapper.checker.types.named import object_with
from mapper.diagnostics.source import Span
from mapper.ir import liquid as text_ir
from mapper.ir.liquid import nodes_run
from mapper.ir.vars import VARS
from mapper.schemas.schema import Schema

_MAX_FLAWS = 24


class TemplateVerdict(Enum):
    """The result of a proof."""

    PROVEN = "proven"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Refutation:
    """A payload that breaks the JSON, the flaw in the template, and the rendered text."""

    flaw: TemplateFlaw
    given: TemplateInput
    rendered: TemplateRendering


@dataclass(frozen=True, slots=True)
class TemplateDoubt:
    """Something that could neither be proven nor shown to fail."""

    span: Span
    why: str
    misfit: ValueMisfit | None = None


@dataclass(frozen=True, slots=True)
class ShownMisfit:
    """Valid JSON of a wrong shape, and a payload that shows it, with the event rendered of it."""

    misfit: TargetMisfit | ValueMisfit
    given: TemplateInput
    event: object = None


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdict on a template and the evidence."""

    verdict: TemplateVerdict
    refutations: tuple[Refutation, ...] = ()
    doubts: tuple[TemplateDoubt, ...] = ()
    shown_misfits: tuple[ShownMisfit, ...] = ()


def prove(
    program: ir.Program, source: Schema | None, target: Schema | None, prepare: PrepareTemplate
) -> Proof:
    """The proof of a program whose output is a template; without a target any JSON value will do.

    `prepare` compiles the program, so that each refutation is rendered before it is reported. An exception
    that it raises is not caught.
    """
    template = program.output
    assert isinstance(template, ir.Template)
    if template.body is None:
        return _undecided(template, "it uses tags or expressions that are not followed")
    if _sets_forloop(template.body):
        return _undecided(template, "it sets a variable named `forloop`")
    try:
        return _proven(program, template, source, target, prepare)
    except RecursionError:
        return _undecided(template, "the template or its schema nests too deep")


def _undecided(template: ir.Template, why: str) -> Proof:
    return Proof(TemplateVerdict.UNDECIDED, doubts=(TemplateDoubt(template.span, why),))


def _proven(
    program: ir.Program,
    template: ir.Template,
    source: Schema | None,
    target: Schema | None,
    prepare: PrepareTemplate,
) -> Proof:
    item_is_body = all(not path.segments for path in program.each)
    payload = payload_types(program, source, None)
    scopes = dict(initial_scope(payload.item, payload.item if item_is_body else payload.body).roots)
    body = template.body or ()
    known = {**scopes, VARS: _vars(program, infer_program(program, payload))} if program.vars else scopes
    walk, flaws = _walk(program, body, known, keeps_values=target is not None)
    reading = read_holes((body, *(rule.condition.test for rule in program.rules)), scopes)
    renderer = renderer_of(program, prepare, source)
    search = PayloadSearch(renderer, reading, scopes, item_is_body, nodes_run(program))
    found = [] if target is None else _all_misfits(program, walk, flaws, source, target)
    for misfit in found:
        if isinstance(misfit, ValueMisfit):
            reading.constants |= dict.fromkeys(misfit.texts)
            reading.numbers |= dict.fromkeys(misfit.numbers)
            reading.lengths |= dict.fromkeys(misfit.lengths)
    shown_misfits, unsure = _misfits(found, search)
    doubts = [TemplateDoubt(span, why) for why, span in walk.doubts.items()] + unsure
    refutations, unshown = _refutations(template, flaws, search)
    doubts += unshown
    verdict = TemplateVerdict.UNDECIDED if doubts else TemplateVerdict.PROVEN
    if refutations or any(shown.misfit.always for shown in shown_misfits):
        verdict = TemplateVerdict.REFUTED
    return Proof(verdict, tuple(refutations), _once(doubts), tuple(shown_misfits))


def _vars(program: ir.Program, inferred: Inference) -> Type:
    """The vars as an object with the possible values of each, by the types inferred."""
    types = {var.name: inferred.type_of(var.value) or ANY_MEMBER for var in program.vars}
    return object_with({name: ANY_MEMBER if each.is_never else each for name, each in types.items()})


def _sets_forloop(body: Sequence[text_ir.Statement]) -> bool:
    named = (text_ir.Assign, text_ir.Capture, text_ir.Count)
    return any(isinstance(node, named) and node.name == "forloop" for node in text_ir.walk(tuple(body)))


def _walk(
    program: ir.Program,
    body: tuple[text_ir.Statement, ...],
    scopes: dict[str, Type],
    *,
    keeps_values: bool,
) -> tuple[Walk, list[TemplateFlaw]]:
    """The walk through the template, and the flaws that it found."""
    walk = Walk(keeps_values=keeps_values)
    envs = [Environment(scopes)]
    for rule in program.rules:
        if rule.condition.test is not None:
            envs = few([env for before in envs for env in assume(rule.condition.test, False, before)])
    span = program.output.span
    try:
        with limited():  # steps of its own: a template that is too complex is in doubt, it is not an error
            ends = walk.run(body, [WalkState(JsonPlace(), env) for env in envs])
    except (TooManyStates, TooComplex):
        walk.doubts["there are more ways through the template than are followed"] = span
        ends = []
    end = span.part(max(span.end - span.start - 1, 0), span.end - span.start)
    for state in ends:
        if not state.place.is_complete:
            is_empty = state.place == JsonPlace()
            why = "the text is empty" if is_empty else "the text ends too early"
            walk.flaws[TemplateFlaw(end, why, "nothing" if is_empty else "")] = None
    return walk, list(walk.flaws)


def _once(doubts: list[TemplateDoubt]) -> tuple[TemplateDoubt, ...]:
    """One doubt for each place."""
    return tuple({(d.span.start, d.span.end): d for d in reversed(doubts)}.values())[::-1]


def _refutations(
    template: ir.Template, flaws: list[TemplateFlaw], search: PayloadSearch
) -> tuple[list[Refutation], list[TemplateDoubt]]:
    broken = search.prepare() if not search.bases else []
    if not flaws:
        return _second_look(template, search), []
    refutations: list[Refutation] = []
    doubts: list[TemplateDoubt] = []
    for flaw in _one_each(flaws):
        tried = len(refutations) + len(doubts) < _MAX_FLAWS and bool(search.bases or not broken)
        found = search.find(_relevant(flaw, search), _is_broken) if tried else None
        if found is None:
            doubts.append(TemplateDoubt(flaw.span, _sentence(flaw)))
        else:
            refutations.append(Refutation(flaw, *found))
    if not refutations and broken:
        given, rendered = search.smallest(*broken[0], _is_broken)
        fitting = [t for t in flaws if t.why == rendered.broken]
        return [Refutation((fitting or flaws)[0], given, rendered)], []
    return refutations, doubts


def _is_broken(rendered: TemplateRendering) -> bool:
    return bool(rendered.broken)


def _one_each(flaws: list[TemplateFlaw]) -> list[TemplateFlaw]:
    """One flaw at each place, in the order of the text; the one that is easiest to understand."""
    ordered = sorted(flaws, key=lambda t: (t.span.start, not t.why.startswith("a quote"), t.kind != "a text"))
    return list({(t.span.start, t.cause is None): t for t in reversed(ordered)}.values())[::-1]


def _relevant(flaw: TemplateFlaw, search: PayloadSearch) -> set[tuple[str | int | None, ...]]:
    holes = set() if flaw.cause is None else holes_of(flaw.cause, search.reading, search.scopes)
    return holes or set(search.reading.holes)


def _second_look(template: ir.Template, search: PayloadSearch) -> list[Refutation]:
    """Render hostile payloads although no flaw was found: a gap of the walk is no proof."""
    found = search.find(set(search.reading.holes), _is_broken, budget=150)
    if found is None:
        return []
    return [Refutation(TemplateFlaw(template.span.part(0, 1), found[1].broken), *found)]


def _sentence(flaw: TemplateFlaw) -> str:
    if not flaw.kind:
        return flaw.why
    return f"{flaw.kind} may be printed here: {flaw.why}"


def _all_misfits(
    program: ir.Program,
    walk: Walk,
    flaws: list[TemplateFlaw],
    source: Schema | None,
    target: Schema,
) -> list[TargetMisfit | ValueMisfit]:
    """All that the target may refuse of the JSON; if that may be broken, its values are not asked about."""
    found = list(misfits(walk.seen, target))
    if flaws:
        return list(found)

    try:
        with limited():  # as for the walk
            values = value_misfits(walk, target, types_of_schema(target), found)
            # Without a source schema nearly every value is in doubt: only a certain fault is told.
            return [*found, *(each for each in values if source is not None or each.always)]
    except TooComplex:
        walk.doubts["there are too many values to compare with the target"] = program.output.span
        return list(found)


def _misfits(
    found: list[TargetMisfit | ValueMisfit], search: PayloadSearch
) -> tuple[list[ShownMisfit], list[TemplateDoubt]]:
    """JSON that does not fit the target: shown by a payload, or in doubt."""
    if found and not search.bases:
        search.prepare()
    shown_misfits: list[ShownMisfit] = []
    doubts: list[TemplateDoubt] = []
    for misfit in found:
        shown = search.find(set(search.reading.holes), misfit.shown_by, budget=600)
        if shown is not None:
            shown_misfits.append(ShownMisfit(misfit, shown[0], shown[1].value))
        else:
            why = f"{misfit.what} may be written here"
            asked = misfit if isinstance(misfit, ValueMisfit) else None
            doubts.append(TemplateDoubt(misfit.span, why, asked))
    return shown_misfits, doubts
