"""Reporting: a proof becomes diagnostics, with the payload and the broken text."""

from __future__ import annotations

from dataclasses import replace

from mapper import ir
from mapper.checker.answers import OpenQuestion, Question, Refuted, report_answer
from mapper.checker.templates.clocks import check_clocks
from mapper.checker.templates.json_texts import JsonTemplate
from mapper.checker.templates.proof import Proof, Refutation, ShownMisfit
from mapper.checker.templates.rendering import TemplateRendering
from mapper.checker.templates.walk import TemplateFlaw
from mapper.diagnostics.diagnostic import Label, Report, Severity
from mapper.diagnostics.source import SourceFile, Span
from mapper.expressions.liquid.dialects import Dialect
from mapper.ir import liquid as text_ir
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
    _report_doubts(proof, report)
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


def _report_doubts(proof: Proof, report: Report) -> None:
    for doubt in proof.doubts:
        question = Question(_CLAIM, doubt.why, doubt.span, hints=(_NARROWER,))
        report_answer(question, OpenQuestion(), report)


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
        groups.setdefault((misfit.path, misfit.span.start, misfit.key), []).append(shown)
    return list(groups.values())


def _report_misfit(shown_misfits: list[ShownMisfit], target: Schema | None, report: Report) -> None:
    shown = shown_misfits[0]
    misfit = shown.misfit
    path = ".".join(misfit.path) or "the event"
    hint = ""
    if misfit.kind == "lacks":
        where = f" of `{path}`" if misfit.path else ""
        verb = "never writes" if misfit.always else "does not always write"
        message = f"the template {verb} the required key `{misfit.key}`{where}"
        label = "the object ends without it"
    elif misfit.kind == "adds":
        message, label = f"the target has no key `{misfit.key}`", "this object holds it"
    else:
        wanted = " or ".join(misfit.wanted) or "nothing"
        found = _listed([each.misfit.kind_with_article for each in shown_misfits])
        message = f"`{path}` is {found}" if misfit.always else f"`{path}` can be {found}"
        label = f"the target asks for {wanted}"
        hint = "write it without the quotes, and with a `default`" if misfit.kind == "string" else ""
    definition = target.definition_of(misfit.schema) if target is not None else None
    more = (Label(definition, "asked for here"),) if definition is not None else ()
    # A value that is wrong only sometimes is rejected at run time, as with any other mapping.
    severity = Severity.ERROR if misfit.always else Severity.WARNING
    question = Question(_CLAIM, label, misfit.span, "M413", message, label, (hint,), severity, more)
    report_answer(question, Refuted(shown.given.text), report)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
