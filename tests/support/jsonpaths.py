"""Paths: parsed from text, and run as generated code."""

from __future__ import annotations

from collections.abc import Callable

from mapper import ir
from mapper.codegen.decoded_payload import DecodedPayload
from mapper.codegen.emitter import Emitter
from mapper.codegen.path_code import emit_path
from mapper.codegen.writer import Writer
from mapper.diagnostics.diagnostic import Diagnostic, Report
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.expressions.jsonpath import parse_path
from support.emitted import defined


def parse(text: str, root: ir.Root = ir.Root.ITEM) -> tuple[ir.Path | None, list[Diagnostic]]:
    """A path that stands in a file between `<<` and `>>`, with its diagnostics."""
    file = SourceFile("test", f"<<{text}>>")
    report = Report()
    path = parse_path(SpannedText(text, Span(file, 2, 2 + len(text)), exact=True), root, report)
    return path, report.diagnostics


def parsed(text: str, root: ir.Root = ir.Root.ITEM) -> ir.Path:
    """A path that has no faults."""
    path, diagnostics = parse(text, root)
    assert path is not None, diagnostics
    return path


def generated(*paths: ir.Path) -> str:
    """The Python source of a function that evaluates paths one after the other."""
    writer = Writer()
    at = Emitter(writer, DecodedPayload(writer))
    with writer.block("def run(item, body):"):
        names = [emit_path(at, path) for path in paths]
        writer.line(f"return [{', '.join(names)}]")
    return writer.module()


def compiled(*paths: ir.Path) -> Callable[[object, object], list[object]]:
    """The function that evaluates the paths."""
    return defined(generated(*paths), "run")  # type: ignore[no-any-return]


def run(path: ir.Path, item: object, body: object = None) -> object:
    """The value, MISSING or list that generated code finds."""
    return compiled(path)(item, body)[0]


def spelled(value: object) -> str:
    """A value as text that tells 1, 1.0 and true apart, and the order of keys."""
    return repr(value)
