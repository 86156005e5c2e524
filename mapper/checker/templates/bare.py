"""Bare templates: a Liquid file without a mapping around it becomes a proof."""

from __future__ import annotations

from pathlib import Path

from mapper import ir
from mapper.catalog.references import find_and_load_dialect
from mapper.checker.dialect_checks import check_dialect
from mapper.checker.inference.payload_types import payload_types
from mapper.checker.inference.program_types import infer_program
from mapper.checker.templates.proof import Proof, prove
from mapper.checker.templates.proof_report import report_proof
from mapper.checker.templates.rendering import PrepareTemplate
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.expressions.liquid import parse_template
from mapper.schemas.refusals import within_budget
from mapper.schemas.schema import load_schema


def prove_template(
    file: SourceFile,
    dialect: str | None,
    source: Path | None,
    target: Path | None,
    report: Report,
    prepare: PrepareTemplate,
) -> Proof | None:
    """The proof of a bare template; None after reporting the reason that there is none.

    `dialect` is the name of a dialect, `source` and `target` are files of schemas; `prepare` as in `prove`.
    """
    whole = Span(file, 0, len(file.text))
    name = None if dialect is None else SpannedText(dialect, Span(SourceFile("", dialect), 0, 0))
    named = find_and_load_dialect(name, Path(file.name).parent, report)
    item, event = (None if path is None else load_schema(path, report, None) for path in (source, target))
    template = parse_template(SpannedText(file.text, whole, exact=True), report, named)
    if template is None or report.has_errors:
        return None
    path = ir.Path(ir.Root.BODY, (), "$", whole)
    program = ir.Program("template", (path,), (), template, frozenset(), whole)

    def work() -> Proof:
        proof = prove(program, item, event, prepare)
        report_proof(proof, program, event, named, report)
        if named is not None:
            check_dialect(program, infer_program(program, payload_types(program, item, None)), named, report)
        return proof

    return within_budget(work, report, whole)
