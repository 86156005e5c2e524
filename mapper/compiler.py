"""Compiler: the whole pipeline on one page.

text → document → spec → ir.Program (expressions parsed on the way) → checked → Python module → Transform
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mapper import catalog, ir
from mapper.checker import check_program
from mapper.codegen.module import generate
from mapper.diagnostics import Diagnostic, Report, Severity
from mapper.dialects import Dialect, load_dialect
from mapper.document import read_document
from mapper.errors import CompileError
from mapper.files import read_source
from mapper.lowering import lower
from mapper.runtime.limits import DEFAULT, Limits, active, within
from mapper.schema import Schema, load_schema
from mapper.shapes import allows_type
from mapper.source import SourceFile, Text
from mapper.spec import Spec
from mapper.spec.reader import read_spec
from mapper.transform import Compiled, Transform
from mapper.version import __version__

DEFAULT_TARGET = "event.schema.json"


@dataclass(frozen=True, slots=True)
class Analysis:
    """A mapping after all checks: its spec, its schemas, its program; None where errors left nothing."""

    spec: Spec | None
    source: Schema | None
    target: Schema | None
    program: ir.Program | None
    report: Report


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
        return analyse(SourceFile(filename, text), _folder(filename), Report()).report.ordered()


def load(name: str | Path, *, limits: Limits | None = None) -> Transform:
    """The Transform of a shipped mapping by name (`segment`) or of a mapping file by path.

    Raises CompileError, also where there is no such mapping.
    """
    report = Report()
    path = _find(str(name), report)
    with within(_checked(limits)):
        file = None if path is None else read_source(path, report)
        if path is None or file is None:
            raise _failure(str(name), report)
        return build(file, path.parent, report)


def check_file(path: Path) -> tuple[Diagnostic, ...]:
    """Every problem of a mapping file, also that it cannot be read."""
    report = Report()
    file = read_source(path, report)
    return report.ordered() if file is None else analyse(file, path.parent, report).report.ordered()


def build(file: SourceFile, folder: Path | None, report: Report) -> Transform:
    """Analyse, generate, and make the callable; raises CompileError."""
    analysis = analyse(file, folder, report)
    program, target = analysis.program, analysis.target
    if report.has_errors or program is None or target is None:
        raise _failure(file.name, report)
    module = generate(program, target.document, file.name, __version__)
    return Transform(
        Compiled(
            name=program.name,
            description=analysis.spec.description if analysis.spec else "",
            filename=file.name,
            text=file.text,
            python=module.python,
            offsets=module.offsets,
            target=json.dumps(target.document),
            objects_only=_takes_objects_only(analysis.source),
            diagnostics=report.ordered(),
            limits=active(),
        )
    )


def analyse(file: SourceFile, folder: Path | None, report: Report) -> Analysis:
    """All stages before code generation; every problem goes into `report`."""
    document = read_document(file, report)
    spec = None if document is None else read_spec(document, report)
    if spec is None:
        return Analysis(None, None, None, None, report)
    source = _schema(spec.source, folder, report)
    target = _schema(spec.target or Text(DEFAULT_TARGET, spec.name.span), folder, report)
    program = lower(spec, target, _dialect(spec.dialect, folder, report), report)
    if program is not None and target is not None:
        check_program(program, source, target, report)
    return Analysis(spec, source, target, program, report)


def _schema(name: Text | None, folder: Path | None, report: Report) -> Schema | None:
    path = None if name is None else catalog.find_schema(name, folder, report)
    return None if path is None or name is None else load_schema(path, report, name.part(0, len(name.value)))


def _dialect(name: Text | None, folder: Path | None, report: Report) -> Dialect | None:
    path = None if name is None else catalog.find_dialect(name, folder, report)
    return None if path is None or name is None else load_dialect(path, report)


def _checked(limits: Limits | None) -> Limits:
    if limits is not None and not isinstance(limits, Limits):
        raise TypeError(f"limits must be a mapper.Limits, not {type(limits).__name__}")
    return limits or DEFAULT


def _takes_objects_only(source: Schema | None) -> bool:
    if source is None:
        return False
    return not any(
        allows_type(source.document, source.document, name)
        for name in ("null", "boolean", "number", "string", "array")
    )


def _folder(filename: str) -> Path | None:
    path = Path(filename)
    return path.parent if catalog.is_file(path) else None


def _find(name: str, report: Report) -> Path | None:
    path = catalog.find_mapping(name)
    if path is None and (Path(name).suffix in catalog.MAPPING_SUFFIXES or "/" in name):
        return Path(name)  # reading it reports why it cannot be read
    if path is None:
        from mapper.diagnostics import did_you_mean

        known = catalog.mapping_names()
        hint = did_you_mean(name, known) or "shipped are " + ", ".join(f"`{n}`" for n in known)
        report.error("M003", f"no mapping `{name}`", None, "", hint)
    return path


def _failure(name: str, report: Report) -> CompileError:
    errors = [d for d in report.ordered() if d.severity is Severity.ERROR]
    first = f": {errors[0].code} {errors[0].message}" if errors else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return CompileError(f"`{name}` does not compile{first}{more}", report.ordered())
