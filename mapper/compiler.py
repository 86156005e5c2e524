"""Compiler: the whole pipeline on one page.

text → document → spec → ir.Program (expressions parsed on the way) → checked → Python module → Transform

The proofs of templates and the code generator are imported when they are needed. Each is a sixth of all that
has to be imported; most mappings are no templates, and a wrong one is not generated.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mapper import catalog, ir
from mapper.checker import Inference, check_program
from mapper.diagnostics.diagnostic import Diagnostic, Report, Severity
from mapper.diagnostics.errors import CompileError
from mapper.diagnostics.files import read_source
from mapper.diagnostics.source import SourceFile, Span, Text
from mapper.expressions.liquid import parse_template
from mapper.expressions.liquid.dialects import Dialect, load_dialect
from mapper.expressions.lowering import lower
from mapper.ir.liquid import walk
from mapper.language.document import read_document
from mapper.language.reader import read_spec
from mapper.language.spec import Spec
from mapper.runtime.limits import DEFAULT, Limits, active, within
from mapper.runtime.repair.policy import STRICT
from mapper.schemas.budget import TooComplex, limited
from mapper.schemas.questions import allows_type
from mapper.schemas.schema import Schema, load_schema
from mapper.transform.cached import keep
from mapper.transform.compiled import TOO_DEEP_TO_COMPILE, Compiled, Read, compile_module, digest
from mapper.transform.runner import ProgramRunner, prepare_template
from mapper.transform.transform import Transform
from mapper.version import __version__

if TYPE_CHECKING:
    from mapper.checker.templates import Proof
    from mapper.codegen.module import Module

DEFAULT_TARGET = "event.schema.json"


@dataclass(frozen=True, slots=True)
class Analysis:
    """A mapping after all checks: spec, schemas, program, inference; None where errors left nothing."""

    spec: Spec | None
    source: Schema | None
    target: Schema | None
    program: ir.Program | None
    report: Report
    inference: Inference | None = None
    reads: tuple[Read, ...] = ()


def compile(text: str, *, filename: str = "<mapping>", limits: Limits | None = None) -> Transform:
    """The Transform of a mapping's text.

    `filename` is printed in diagnostics; where it is a path, schemas are looked up beside it too. Raises
    CompileError with every problem found.
    """
    if not isinstance(text, str):
        raise TypeError(f"a mapping is text, not {type(text).__name__}")
    with within(_checked(limits)):
        return build(SourceFile(filename, text), _folder(filename), Report())


def check(text: str, *, filename: str = "<mapping>", limits: Limits | None = None) -> tuple[Diagnostic, ...]:
    """Every problem of a mapping's text, errors and warnings, in order; empty when it is clean."""
    if not isinstance(text, str):
        raise TypeError(f"a mapping is text, not {type(text).__name__}")
    with within(_checked(limits)):
        return _checked_file(SourceFile(filename, text), _folder(filename), Report())


def load(name: str | Path, *, limits: Limits | None = None, cache: str | Path | None = None) -> Transform:
    """The Transform of a shipped mapping by name (`segment`) or of a mapping file by path.

    With `cache`, it is kept in that folder for `mapper.transform.cached.recall`. Raises CompileError, also if
    there is no such mapping.
    """
    report = Report()
    path = _find(str(name), report)
    with within(_checked(limits)):
        file = None if path is None else read_source(path, report)
        if path is None or file is None:
            raise _failure(str(name), report)
        transform = build(file, path.parent, report)
    if cache is not None:
        keep(transform, path, Path(cache))
    return transform


def check_file(path: Path) -> tuple[Diagnostic, ...]:
    """Every problem of a mapping file, also that it cannot be read."""
    return examine(path)[0]


def examine(path: Path) -> tuple[tuple[Diagnostic, ...], tuple[str, ...]]:
    """Every problem of a mapping file, and in words what the checks of it had to take for granted."""
    report = Report()
    file = read_source(path, report)
    if file is None:
        return report.ordered(), ()
    analysis = analyse(file, path.parent, report)
    assumed = analysis.inference.assumed if analysis.inference else ()
    return _with_depth(analysis, file, report), assumed


def _checked_file(file: SourceFile, folder: Path | None, report: Report) -> tuple[Diagnostic, ...]:
    return _with_depth(analyse(file, folder, report), file, report)


def _with_depth(analysis: Analysis, file: SourceFile, report: Report) -> tuple[Diagnostic, ...]:
    module = _generate(analysis, file)
    if module is not None:
        try:
            compile_module(module.python, "")
        except TOO_DEEP_TO_COMPILE:
            _report_depth(file, report)
    return report.ordered()


def _generate(analysis: Analysis, file: SourceFile) -> Module | None:
    """The generated module; None where there are errors, one of which may be that it nests too deep."""
    program, target = analysis.program, analysis.target
    if analysis.report.has_errors or program is None or target is None:
        return None
    from mapper.codegen.module import generate

    try:
        with limited():
            objects_only = _takes_objects_only(analysis.source, program)
            return generate(program, target.document, file.name, __version__, objects_only=objects_only)
    except (TooComplex, MemoryError):
        _report_complexity(program.span, analysis.report)
        return None
    except RecursionError:
        _report_depth(file, analysis.report)
        return None


def _report_complexity(span: Span, report: Report) -> None:
    hint = "definitions that refer to others again and again: take some of them apart, or say less of them"
    report.error("M415", "this and its schemas are too complex to be checked", span, "", hint)


def _report_depth(file: SourceFile, report: Report) -> None:
    hint = "values inside values, loops inside loops: take some of them apart"
    report.error("M110", "the mapping nests deeper than Python can compile", Span(file, 0, 0), "", hint)


def build(file: SourceFile, folder: Path | None, report: Report) -> Transform:
    """Analyse, generate, and make the callable; raises CompileError."""
    analysis = analyse(file, folder, report)
    program, target, module = analysis.program, analysis.target, _generate(analysis, file)
    if program is None or target is None or module is None:
        raise _failure(file.name, report)
    try:
        return Transform(_compiled(file, analysis, program, target, module))
    except TOO_DEEP_TO_COMPILE:
        _report_depth(file, report)
        raise _failure(file.name, report) from None


def _compiled(
    file: SourceFile, analysis: Analysis, program: ir.Program, target: Schema, module: Module
) -> Compiled:
    from mapper.codegen.narrow_module import generate_narrow

    narrow, plan = generate_narrow(program, target.document, __version__)
    return Compiled(
        name=program.name,
        description=analysis.spec.description if analysis.spec else "",
        filename=file.name,
        text=file.text,
        python=module.python,
        offsets=module.offsets,
        target=target.json,
        objects_only=_takes_objects_only(analysis.source, program),
        policy=analysis.spec.policy if analysis.spec else STRICT,
        narrow=narrow,
        plan=plan,
        diagnostics=analysis.report.ordered(),
        limits=active(),
        reads=analysis.reads,
    )


def analyse(file: SourceFile, folder: Path | None, report: Report) -> Analysis:
    """All stages before code generation; every problem goes into `report`."""
    document = read_document(file, report)
    spec = None if document is None else read_spec(document, report)
    if spec is None:
        return Analysis(None, None, None, None, report)
    try:
        with limited():
            return _checked_spec(spec, file, folder, report)
    except (TooComplex, MemoryError):
        _report_complexity(spec.name.span, report)
    except RecursionError:
        _report_depth(file, report)
    return Analysis(spec, None, None, None, report)


def _checked_spec(spec: Spec, file: SourceFile, folder: Path | None, report: Report) -> Analysis:
    source = _schema(spec.source, folder, report)
    target = _schema(spec.target or Text(DEFAULT_TARGET, spec.name.span), folder, report)
    dialect = _dialect(spec.dialect, folder, report)
    program = lower(spec, target, dialect, report)
    inference = None
    if program is not None and target is not None:
        runner = ProgramRunner(file, source, _takes_objects_only(source, program))
        inference = check_program(program, source, target, report, runner)
    if program is not None and isinstance(program.output, ir.Template) and not report.has_errors:
        prove_program(program, source, target, dialect, report)
    return Analysis(spec, source, target, program, report, inference, _reads(spec, source, target, dialect))


def prove_program(
    program: ir.Program, source: Schema | None, target: Schema | None, dialect: Dialect | None, report: Report
) -> Proof:
    """The proof of a program whose output is a template; what is refuted or in doubt goes into `report`."""
    from mapper.checker import templates as proofs

    proof = proofs.prove(program, source, target, prepare_template)
    proofs.report_proof(proof, program, target, dialect, report)
    return proof


def prove_template(
    file: SourceFile, dialect: str | None, source: Path | None, target: Path | None, report: Report
) -> Proof | None:
    """The proof of a bare template, without a mapping around it; None where it cannot be read."""
    whole = Span(file, 0, len(file.text))
    folder = Path(file.name).parent
    name = None if dialect is None else Text(dialect, Span(SourceFile("", dialect), 0, 0))
    named = _dialect(name, folder, report)
    schemas = [None if path is None else load_schema(path, report, None) for path in (source, target)]
    template = parse_template(Text(file.text, whole, exact=True), report, named)
    if template is None or report.has_errors:
        return None
    path = ir.Path(ir.Root.BODY, (), "$", whole)
    program = ir.Program("template", (path,), (), template, frozenset(), whole)
    try:
        with limited():
            return prove_program(program, schemas[0], schemas[1], named, report)
    except (TooComplex, MemoryError):
        _report_complexity(whole, report)
        return None


def _schema(name: Text | None, folder: Path | None, report: Report) -> Schema | None:
    path = None if name is None else catalog.find_schema(name, folder, report)
    return None if path is None or name is None else load_schema(path, report, name.part(0, len(name.value)))


def _reads(
    spec: Spec, source: Schema | None, target: Schema | None, dialect: Dialect | None
) -> tuple[Read, ...]:
    files = (
        ("schema", spec.source, source.file if source else None),
        ("schema", spec.target or Text(DEFAULT_TARGET, spec.name.span), target.file if target else None),
        ("dialect", spec.dialect, dialect.file if dialect else None),
    )
    return tuple(
        Read(kind, name.value, file.name, digest(file.text)) for kind, name, file in files if name and file
    )


def _dialect(name: Text | None, folder: Path | None, report: Report) -> Dialect | None:
    path = None if name is None else catalog.find_dialect(name, folder, report)
    return None if path is None or name is None else load_dialect(path, report)


def _checked(limits: Limits | None) -> Limits:
    if limits is not None and not isinstance(limits, Limits):
        raise TypeError(f"limits must be a mapper.Limits, not {type(limits).__name__}")
    return limits or DEFAULT


def _takes_objects_only(source: Schema | None, program: ir.Program) -> bool:
    """Whether an item that is no object is rejected at once: the schema, or a bare `$`, may expect one."""
    if source is None:
        return not any(_is_whole_item(node) for node in walk(program))
    return not any(
        allows_type(source.document, source.document, name)
        for name in ("null", "boolean", "number", "string", "array")
    )


def _is_whole_item(node: object) -> bool:
    match node:
        case ir.Path(ir.Root.ITEM, ()) | ir.Lookup("item", ()):
            return True
        case _:
            return False


def _folder(filename: str) -> Path | None:
    path = Path(filename)
    return path.parent if catalog.is_file(path) else None


def _find(name: str, report: Report) -> Path | None:
    path = catalog.find_mapping(name)
    if path is None and (Path(name).suffix in catalog.MAPPING_SUFFIXES or "/" in name):
        return Path(name)  # reading it reports why it cannot be read
    if path is None:
        from mapper.diagnostics.diagnostic import did_you_mean

        known = catalog.mapping_names()
        hint = did_you_mean(name, known) or "shipped are " + ", ".join(f"`{n}`" for n in known)
        report.error("M003", f"no mapping `{name}`", None, "", hint)
    return path


def _failure(name: str, report: Report) -> CompileError:
    errors = [d for d in report.ordered() if d.severity is Severity.ERROR]
    told = [f"{d.code} {d.message}" + (f"; {d.hints[0]}" if d.hints else "") for d in errors[:1]]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return CompileError(f"`{name}` does not compile: {' '.join(told)}{more}", report.ordered())
