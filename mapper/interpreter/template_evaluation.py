"""Interpreter of text: templates and conditions evaluated by the library itself, the oracle for codegen."""

from __future__ import annotations

from mapper.ir.liquid import Compute, Condition, Template
from mapper.runtime.liquid.library import compute, holds, render


def render_template(template: Template, item: object, body: object, request: object, site: int = -1) -> str:
    """The template's text; raises Fault or Skip whenever generated code does."""
    return render(template.text, template.rules.pairs, template.partials, item, body, request, site)


def evaluate_condition(
    condition: Condition, item: object, body: object, request: object, site: int = -1
) -> bool:
    """Return True if the condition holds; raises Fault whenever generated code does."""
    return holds(condition.text, condition.rules.pairs, item, body, request, site)


def compute_value(node: Compute, item: object, body: object, request: object, site: int = -1) -> object:
    """The value of the expression, or MISSING; raises Fault whenever generated code does."""
    return compute(node.text, node.rules.pairs, item, body, request, site)
