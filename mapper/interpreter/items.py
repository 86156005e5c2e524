"""Interpreter of programs: a whole payload, item by item, with the outcome of each."""

from __future__ import annotations

from mapper import ir
from mapper.interpreter.template_evaluation import evaluate_condition, render_template
from mapper.interpreter.value_evaluation import NO_SITE, EvaluationContext, evaluate_record
from mapper.runtime.faults import Fault, Skip
from mapper.runtime.liquid.rendered import parse_rendered
from mapper.transform.request import Request

Outcome = tuple[str, object]  # ("event", dict), ("skipped", reason) or ("rejected", code)


def interpret_item(program: ir.Program, item: object, body: object, request: Request) -> Outcome:
    """What becomes of one item, before the event is validated."""
    try:
        for rule in program.skips:
            if evaluate_condition(rule.condition, item, body, request):
                return "skipped", rule.reason
        return "event", _output(program.output, EvaluationContext(item, body, request))
    except Skip as skip:
        return "skipped", skip.reason
    except Fault as fault:
        return "rejected", fault.code


def _output(output: ir.Record | ir.Template, context: EvaluationContext) -> dict[str, object]:
    if isinstance(output, ir.Record):
        return evaluate_record(output, context)
    text = render_template(output, context.item, context.body, context.request)
    return parse_rendered(text, NO_SITE)
