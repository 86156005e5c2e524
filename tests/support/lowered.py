"""Liquid: parsed, run as generated code, and rendered by the library as the reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import mapper
from mapper import ir
from mapper.codegen.decoded_payload import DecodedPayload
from mapper.codegen.emitter import Emitter
from mapper.codegen.template_code import emit_compute, emit_condition, emit_template
from mapper.codegen.writer import Writer
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.expressions.liquid import parse_condition, parse_expression, parse_template
from mapper.expressions.liquid.dialects import Dialect
from mapper.interpreter.value_evaluation import EvaluationContext
from mapper.runtime.faults import Fault, Skip
from support.emitted import defined

LiquidNode = ir.Template | ir.Condition | ir.Compute
Outcome = tuple[str, object]  # ("text", str), ("holds", bool), ("fault", code) or ("skip", reason)
NO_REQUEST = mapper.Request()


def text(value: str) -> SpannedText:
    """A text with the span it has in a file of its own."""
    return SpannedText(value, Span(SourceFile("<test>", value), 0, len(value)), exact=True)


def template(
    value: str,
    report: Report | None = None,
    dialect: Dialect | None = None,
    partials: Mapping[str, str] | None = None,
) -> ir.Template | None:
    """The node of a template, or None."""
    return parse_template(text(value), report or Report(), dialect, partials=partials)


def condition(
    value: str, report: Report | None = None, dialect: Dialect | None = None
) -> ir.Condition | None:
    """The node of a condition, or None."""
    return parse_condition(text(value), report or Report(), dialect)


def expression(value: str, report: Report | None = None, dialect: Dialect | None = None) -> ir.Compute | None:
    """The node of an expression, or None."""
    return parse_expression(text(value), report or Report(), dialect)


def generated(node: LiquidNode) -> str:
    """The Python source of a piece of Liquid, as a module."""
    writer = Writer()
    at = Emitter(writer, DecodedPayload(writer))
    with writer.block("def run(item, body, request):"):
        if isinstance(node, ir.Template):
            result = emit_template(at, node)
        elif isinstance(node, ir.Compute):
            result = emit_compute(at, node)
        else:
            result = emit_condition(at, node)
        writer.line(f"return {result}")
    return writer.module()


def compiled(node: LiquidNode) -> Callable[..., object]:
    """The function that renders a template or evaluates a condition."""
    return defined(generated(node), "run")  # type: ignore[no-any-return]


def run_generated(node: LiquidNode, item: object, request: mapper.Request = NO_REQUEST) -> Outcome:
    """The outcome of generated code."""
    run = compiled(node)
    return _outcome(lambda: run(item, item, request))


def run_library(node: LiquidNode, item: object, request: mapper.Request = NO_REQUEST) -> Outcome:
    """The outcome of the library."""
    context = EvaluationContext(item, item, request)
    if isinstance(node, ir.Template):
        return _outcome(lambda: context.text(node))
    if isinstance(node, ir.Compute):
        return _outcome(lambda: context.computed(node))
    return _outcome(lambda: context.holds(node))


def _outcome(run: Callable[[], object]) -> Outcome:
    # Only the two exceptions that are allowed to leave; anything else fails the test.
    try:
        result = run()
    except Fault as fault:
        return "fault", fault.code
    except Skip as skip:
        return "skip", skip.reason
    return ("text" if isinstance(result, str) else "holds"), result
