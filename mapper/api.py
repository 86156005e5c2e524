"""API: the public functions; they find the text of a mapping and hand it to the compiler."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mapper import catalog
from mapper.compiler import Analysis, analyse, build, examine
from mapper.diagnostics.diagnostic import Diagnostic, Report
from mapper.diagnostics.errors import CompileError
from mapper.diagnostics.files import read_source
from mapper.diagnostics.source import SourceFile
from mapper.runtime.limits import Limits, checked, within
from mapper.schemas.trust import samples_of
from mapper.transform.cached import keep
from mapper.transform.request import Request
from mapper.transform.transform import Transform

if TYPE_CHECKING:
    from mapper.interpreter.traces import ItemTrace


def compile(text: str, *, filename: str = "<mapping>", limits: Limits | None = None) -> Transform:
    """The Transform of a mapping's text.

    `filename` is printed in diagnostics; if it is a path, schemas are looked up beside it too. Raises
    CompileError with every problem found.
    """
    with within(checked(limits)):
        return build(_source(text, filename), catalog.folder_of(filename), Report())


def check(text: str, *, filename: str = "<mapping>", limits: Limits | None = None) -> tuple[Diagnostic, ...]:
    """Every problem of a mapping's text, errors and warnings, in order; empty if it is clean."""
    with within(checked(limits)):
        return examine(_source(text, filename), catalog.folder_of(filename), Report()).report.ordered()


def load(name: str | Path, *, limits: Limits | None = None, cache: str | Path | None = None) -> Transform:
    """The Transform of a shipped mapping by name (`segment`) or of a mapping file by path.

    With `cache`, it is kept in that folder for `mapper.transform.cached.recall`. Raises CompileError, also if
    there is no such mapping.
    """
    report = Report()
    with within(checked(limits)):
        path = catalog.require_mapping(str(name), report)
        file = None if path is None else read_source(path, report)
        if path is None or file is None:
            raise CompileError.of(str(name), report.ordered())
        transform = build(file, path.parent, report)
    if cache is not None:
        keep(transform, path, Path(cache))
    return transform


def trace(
    transform: Transform, payload: object, request: Request | None = None, *, index: int | None = None
) -> tuple[ItemTrace, ...]:
    """For each item of a payload, or that at `index`, the outcome and the reasons.

    The mapping's text is analysed anew.

    Raises CompileError if its schemas are not there any more.
    """
    from mapper.interpreter.traces import trace_items  # nothing else interprets

    compiled, report = transform._compiled, Report()
    file = SourceFile(compiled.filename, compiled.text)
    with within(compiled.limits):
        program = analyse(file, catalog.folder_of(compiled.filename), report).program
        if program is None or report.has_errors:
            raise CompileError.of(file.name, report.ordered())
    return trace_items(program, transform, payload, request or Request(), index)


class CheckedFile(NamedTuple):
    """Every problem of a mapping file; in words, the assumptions of its checks and what they left open.

    `relies_on` names each schema that was inferred from samples, and says how far it can be trusted.
    """

    diagnostics: tuple[Diagnostic, ...]
    assumed: tuple[str, ...] = ()
    not_checked: str = ""
    relies_on: tuple[str, ...] = ()


def check_file(path: Path) -> CheckedFile:
    """Check a mapping file."""
    report = Report()
    file = read_source(path, report)
    analysis = None if file is None else examine(file, path.parent, report)
    if analysis is None or analysis.inference is None:
        return CheckedFile(report.ordered())
    inference = analysis.inference
    return CheckedFile(report.ordered(), inference.assumed, inference.not_checked, _relies_on(analysis))


def _relies_on(analysis: Analysis) -> tuple[str, ...]:
    """Schemas of payloads that were inferred: they promise nothing of the vendor's."""
    references = analysis.references
    named = {one.name: one.document for one in (references.source, references.body) if one is not None}
    return tuple(
        f"as far as {samples} {'tells' if samples == '1 sample' else 'tell'}: `{name}` was inferred"
        for name, document in named.items()
        if (samples := samples_of(document))
    )


def _source(text: str, filename: str) -> SourceFile:
    if not isinstance(text, str):
        raise TypeError(f"a mapping is text, not {type(text).__name__}")
    return SourceFile(filename, text)
