"""Compiler: the pipeline, one stage a line.

text → document → spec → ir.Program (expressions are parsed on the way) → checked → two modules → Transform

The proofs of templates and the code generator are imported when they are needed. Each is a sixth of all
imports; most mappings have no template, and no code is generated for a wrong mapping.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mapper import ir
from mapper.catalog.references import References, load_references
from mapper.checker import Inference, check_dialect, check_program
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.errors import CompileError
from mapper.diagnostics.source import SourceFile, Span
from mapper.expressions.lowering import lower
from mapper.ir.items import takes_objects_only
from mapper.language.document import read_document
from mapper.language.reader import read_spec
from mapper.language.spec import Spec
from mapper.runtime.limits import active
from mapper.schemas.refusals import if_compilable, within_budget
from mapper.schemas.schema import Schema
from mapper.transform.compiled import Compiled, compile_module
from mapper.transform.runner import ProgramRunner, prepare_template
from mapper.transform.transform import Transform
from mapper.version import __version__

if TYPE_CHECKING:
    from mapper.codegen.frame import GeneratedModule


@dataclass(slots=True)
class Analysis:
    """A mapping while it passes the stages before code generation; what an error has prevented is None."""

    file: SourceFile
    report: Report
    spec: Spec | None = None
    references: References = References()
    program: ir.Program | None = None
    inference: Inference | None = None
    objects_only: bool = False


def examine(file: SourceFile, folder: Path | None, report: Report) -> Analysis:
    """Analyse a mapping, and compile its code to see that it does not nest too deep for Python."""
    analysis = Analysis(file, report)
    if_compilable(lambda: _examine(analysis, folder), report, Span(file, 0, 0))
    return analysis


def _examine(analysis: Analysis, folder: Path | None) -> None:
    _analyse(analysis, folder)
    module = _generate(analysis)
    if module is not None:
        compile_module(module.python, "")


def analyse(file: SourceFile, folder: Path | None, report: Report) -> Analysis:
    """All stages before code generation; every problem goes into `report`."""
    analysis = Analysis(file, report)
    _analyse(analysis, folder)
    return analysis


def _analyse(analysis: Analysis, folder: Path | None) -> None:
    report = analysis.report
    document = read_document(analysis.file, report)
    analysis.spec = spec = None if document is None else read_spec(document, report)
    if spec is not None:
        within_budget(lambda: _lower_and_check(analysis, spec, folder), report, spec.name.span)


def _lower_and_check(analysis: Analysis, spec: Spec, folder: Path | None) -> None:
    report = analysis.report
    analysis.references = references = load_references(spec, folder, report)
    analysis.program = program = lower(spec, references.target, references.dialect, report)
    if program is None:
        return
    source, target = references.source, references.target
    analysis.objects_only = takes_objects_only(program, source.document if source else None)
    if target is not None:
        runner = ProgramRunner(analysis.file, source, analysis.objects_only, body=references.body)
        analysis.inference = check_program(program, source, target, report, runner, references.body)
        if references.dialect is not None:
            check_dialect(program, analysis.inference, references.dialect, report)
    if not report.has_errors:
        _prove_templates(program, references, report)


def _prove_templates(program: ir.Program, references: References, report: Report) -> None:
    """Prove that `template`, and Liquid under `as: json`, render JSON for every item."""
    source, target, dialect = references.source, references.target, references.dialect
    if isinstance(program.output, ir.Template):
        from mapper.checker.templates import prove, report_proof

        proof = prove(program, source, target, prepare_template)
        report_proof(proof, program, target, dialect, report)
    elif any(isinstance(node, ir.Cast) and node.kind is ir.CastKind.JSON for node in ir.walk(program)):
        from mapper.checker.templates import json_texts, prove, report_json_text

        for text in json_texts(program):
            proof = prove(text.program, source if text.of_item else None, None, prepare_template)
            report_json_text(proof, text, dialect, report)


def _generate(analysis: Analysis) -> GeneratedModule | None:
    """The module of the decoded path; None if there are errors, also if the program nests too deep."""
    program, target = analysis.program, analysis.references.target
    if analysis.report.has_errors or program is None or target is None:
        return None
    from mapper.codegen.modules import generate_decoded

    name, objects_only = analysis.file.name, analysis.objects_only
    return within_budget(
        lambda: generate_decoded(program, target.document, name, __version__, objects_only=objects_only),
        analysis.report,
        program.span,
    )


def build(file: SourceFile, folder: Path | None, report: Report) -> Transform:
    """Analyse, generate, and make the callable; raises CompileError."""
    return build_analysed(file, folder, report)[1]


def build_analysed(file: SourceFile, folder: Path | None, report: Report) -> tuple[Analysis, Transform]:
    """Analyse, generate, and make the callable, and give the analysis, too; raises CompileError."""
    analysis = Analysis(file, report)
    transform = if_compilable(lambda: _build(analysis, folder), report, Span(file, 0, 0))
    if transform is None:
        raise CompileError.of(file.name, report.ordered())
    return analysis, transform


def _build(analysis: Analysis, folder: Path | None) -> Transform | None:
    _analyse(analysis, folder)
    spec, program, target = analysis.spec, analysis.program, analysis.references.target
    module = _generate(analysis)
    if spec is None or program is None or target is None or module is None:
        return None
    return Transform(_compiled(analysis, spec, program, target, module))


def _compiled(
    analysis: Analysis, spec: Spec, program: ir.Program, target: Schema, decoded: GeneratedModule
) -> Compiled:
    from mapper.codegen.modules import generate_narrow
    from mapper.codegen.native_program import generate_native

    name, native = analysis.file.name, None
    narrow, plan = generate_narrow(program, target.document, name, __version__)
    if narrow:
        native, words = generate_native(program, target.document, name, __version__)
        plan += words
    return Compiled(
        name=program.name,
        description=spec.description,
        filename=name,
        text=analysis.file.text,
        python=decoded.python,
        offsets=decoded.offsets,
        target=target.json,
        objects_only=analysis.objects_only,
        policy=spec.policy,
        narrow=narrow,
        plan=plan,
        native=native,
        diagnostics=analysis.report.ordered(),
        limits=active(),
        reads=analysis.references.reads,
        each=tuple(text.value for text in spec.each) or ("$",),
    )
