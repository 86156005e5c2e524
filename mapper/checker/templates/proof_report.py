"""Reporting: a proof becomes diagnostics, with the payload and the broken text."""

from __future__ import annotations

from dataclasses import replace

from mapper import ir
from mapper.checker.answers import OpenQuestion, Question, Refuted, report_answer
from mapper.checker.mismatches import demand
from mapper.checker.obstacles import keyword_labels, obstacle_in
from mapper.checker.templates.clocks import check_clocks
from mapper.checker.templates.json_texts import JsonTemplate
from mapper.checker.templates.proof import Proof, Refutation, ShownMisfit
from mapper.checker.templates.rendering import TemplateRendering
from mapper.checker.templates.target_fit import TargetMisfit, values_at
from mapper.checker.templates.value_fit import ValueMisfit
from mapper.checker.templates.walk import TemplateFlaw
from mapper.checker.types.named import kind_type
from mapper.diagnostics.diagnostic import Label, Report, Severity
from mapper.diagnostics.source import SourceFile, Span
from mapper.expressions.liquid.dialects import Dialect
from mapper.ir import liquid as text_ir
from mapper.runtime.blank import is_blank_text
from mapper.schemas.schema import Schema

_CLAIM = "the template renders the JSON it should"
_UNREACHED = "it is not certain that a payload for which it fails gets here"
_NARROWER = "a narrower source schema or a simpler template may settle it"
# The quotes that word processors put in place of the straight one.
_CURLY = ("\u201c", "\u201d", "\u201e", "\u00ab", "\u00bb", "\u2018", "\u2019")


def report_proof(
    proof: Proof, program: ir.Program, target: Schema | None, dialect: Dialect | None, report: Report
) -> None:
    """Report a proof: M411 and M413 for what a payload shows, M412 for doubts."""
    for refutation in proof.refutations:
        report_answer(_question(refutation.flaw, dialect), _refuted(refutation), report)
    for shown_misfits in _by_place(proof.shown_misfits):
        _report_misfit(shown_misfits, target, report)
    _report_doubts(proof, report, target)
    if isinstance(program.output, text_ir.Template):
        check_clocks(program.output, report)


def report_json_text(proof: Proof, text: JsonTemplate, dialect: Dialect | None, report: Report) -> None:
    """Report the proof of Liquid under `as: json`: M411, a warning if failures are declared, or M412.

    A payload shows nothing if it is not certain that it reaches the Liquid.
    """
    severity = Severity.WARNING if text.is_declared else Severity.ERROR
    for refutation in proof.refutations:
        question = replace(_question(refutation.flaw, dialect), severity=severity)
        report_answer(question, _refuted(refutation) if text.is_sure else OpenQuestion(_UNREACHED), report)
    _report_doubts(proof, report)


def _report_doubts(proof: Proof, report: Report, target: Schema | None = None) -> None:
    for doubt in proof.doubts:
        question, answer = Question(_CLAIM, doubt.why, doubt.span, hints=(_NARROWER,)), OpenQuestion()
        misfit = doubt.misfit
        if misfit is not None and target is not None:
            label = demand(kind_type(misfit.kind), misfit.wanted.upper)
            question = replace(
                question, claim=f"the target takes all values of {_title(misfit)}", doubt=label
            )
            obstacle = "" if misfit.operand is None else obstacle_in(misfit.operand)
            answer = OpenQuestion(obstacle=obstacle, more=keyword_labels(misfit.wanted, target))
        report_answer(question, answer, report)


def _title(misfit: TargetMisfit | ValueMisfit) -> str:
    return f"`{'.'.join(misfit.path)}`" if misfit.path else "the event"


def _question(flaw: TemplateFlaw, dialect: Dialect | None) -> Question:
    headline, label = _words(flaw)
    return Question(_CLAIM, label, _place(flaw), "M411", headline, label, (_way_out(flaw, dialect),))


def _refuted(refutation: Refutation) -> Refuted:
    rendered, label = refutation.rendered, _words(refutation.flaw)[1]
    more = _rendered_label(rendered, "" if rendered.broken == label else rendered.broken)
    return Refuted(refutation.given.text, more)


def _words(flaw: TemplateFlaw) -> tuple[str, str]:
    if flaw.cause is None:
        return "the template renders text that is not JSON", flaw.why
    if flaw.kind == "nothing":
        return "the template renders text that is not JSON where a value is absent", "this may print nothing"
    what = flaw.kind or "what is printed"
    return f"{what} printed here can break the JSON", "its text stands in the JSON as it is"


def _place(flaw: TemplateFlaw) -> Span:
    """The place of a flaw; in the template's own text the character that is wrong."""
    if flaw.cause is not None:
        return flaw.span
    file, at = flaw.span.file, flaw.span.start
    # Indentation that the mapping has and the template has not was cut; step over it.
    text = flaw.span.text
    if len(text) > flaw.offset and "\n" not in text[: flaw.offset]:
        return Span(file, at + flaw.offset, at + flaw.offset + 1)
    return flaw.span


def _way_out(flaw: TemplateFlaw, dialect: Dialect | None) -> str:
    if flaw.cause is None:
        is_curly = _place(flaw).text in _CURLY
        return 'curly quotes come from word processors; JSON is written with `"`' if is_curly else ""
    if flaw.kind == "nothing":
        return "add a `default`"
    if dialect is None or not dialect.filters or "json" in dialect.filters:
        return "print it with the `json` filter, which adds the quotes and escapes what is inside"
    return f"`{dialect.name}` has no filter that writes JSON: let the source schema promise harmless texts"


def _rendered_label(rendered: TemplateRendering, why: str) -> tuple[Label, ...]:
    text = rendered.text
    if not text:
        return ()
    at = min(rendered.at, max(len(text.rstrip()) - 1, 0))
    return (Label(Span(SourceFile("<rendered>", text), at, at + 1), why),)


def _by_place(shown_misfits: tuple[ShownMisfit, ...]) -> list[list[ShownMisfit]]:
    """Values of several wrong types at one place are one fault."""
    groups: dict[object, list[ShownMisfit]] = {}
    for shown in shown_misfits:
        misfit = shown.misfit
        is_value = isinstance(misfit, ValueMisfit)
        groups.setdefault((misfit.path, misfit.span.start, misfit.key, is_value), []).append(shown)
    return list(groups.values())


def _report_misfit(shown_misfits: list[ShownMisfit], target: Schema | None, report: Report) -> None:
    shown = shown_misfits[0]
    misfit = shown.misfit
    path = ".".join(misfit.path) or "the event"
    hint = ""
    if isinstance(misfit, ValueMisfit):
        message, label, hint = _value_words(misfit, shown.event)
    elif misfit.kind == "lacks":
        where = f" of `{path}`" if misfit.path else ""
        verb = "never writes" if misfit.always else "does not always write"
        message = f"the template {verb} the required key `{misfit.key}`{where}"
        label = "the object ends without it"
    elif misfit.kind == "adds":
        message, label = f"the target has no key `{misfit.key}`", "this object holds it"
    else:
        wanted = " or ".join(misfit.wanted) or "nothing"
        found = _listed([each.misfit.what for each in shown_misfits])
        message = f"`{path}` is {found}" if misfit.always else f"`{path}` can be {found}"
        label = f"the target asks for {wanted}"
        hint = "write it without the quotes, and with a `default`" if misfit.kind == "string" else ""
    schema = misfit.wanted.schema if isinstance(misfit, ValueMisfit) else misfit.schema
    definition = target.definition_of(schema) if target is not None else None
    more = (Label(definition, "asked for here"),) if definition is not None else ()
    # A value that is wrong only sometimes is rejected at run time, as with any other mapping.
    severity = Severity.ERROR if misfit.always else Severity.WARNING
    question = Question(_CLAIM, label, misfit.span, "M413", message, label, (hint,), severity, more)
    report_answer(question, Refuted(shown.given.text), report)


def _value_words(misfit: ValueMisfit, event: object) -> tuple[str, str, str]:
    """The message, the label and the hint about a value that the target does not allow."""
    title, wanted = _title(misfit), misfit.wanted.upper
    refused = [value for value in values_at(event, misfit.path) if misfit.refuses(value)]
    if misfit.always:
        return f"{title} never fits the target", demand(kind_type(misfit.kind), wanted), ""
    if all(isinstance(value, str) and is_blank_text(value) for value in refused):
        label = "this can be an empty or white-space text"
        return (
            f"{title} can be blank",
            label,
            "declare it with a `reject` rule, or let the schema promise more",
        )
    return f"{title} may not have the form the target asks for", demand(kind_type(misfit.kind), wanted), ""


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
