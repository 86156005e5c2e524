"""Interpreter of programs: one item of a payload becomes an event, a skip or a rejection."""

from __future__ import annotations

from mapper import ir
from mapper.interpreter.path_evaluation import NO_SITE
from mapper.interpreter.value_evaluation import EvaluationContext, Observer, evaluate
from mapper.runtime.faults import Fault, Skip
from mapper.runtime.liquid.rendered import parse_rendered
from mapper.transform.request import Request

ItemOutcome = tuple[str, object]  # ("event", dict), ("skipped", reason) or ("rejected", code)


def interpret_item(
    program: ir.Program, item: object, body: object, request: Request, observe: Observer | None = None
) -> ItemOutcome:
    """Map one item; its event is not validated. `observe` is called as `EvaluationContext` describes."""
    return interpret(program, EvaluationContext(item, body, request, observe))


def interpret(program: ir.Program, context: EvaluationContext) -> ItemOutcome:
    """Map the item of a context."""
    try:
        for rule in program.rules:
            if _applies(rule, context):
                return ("rejected", "M626") if rule.rejects else ("skipped", rule.reason)
        output = evaluate(program.output, context)
        if isinstance(program.output, ir.Template):
            output = parse_rendered(str(output), NO_SITE)
        return "event", output
    except Skip as skip:
        return "skipped", skip.reason
    except Fault as fault:
        return "rejected", fault.code


def _applies(rule: ir.Rule, context: EvaluationContext) -> bool:
    try:
        applies = context.holds(rule.condition)
    except Fault as fault:
        if context.observe is not None:
            context.observe(rule, fault, context)
        raise
    if context.observe is not None:
        context.observe(rule, applies, context)
    return applies
