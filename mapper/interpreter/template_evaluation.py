"""Interpreter of text: templates and conditions evaluated by the library itself, the oracle for codegen."""

from __future__ import annotations

from mapper.ir.liquid import Compute, Condition, Template
from mapper.runtime.liquid.lazy_vars import NO_VARS, VarValues
from mapper.runtime.liquid.library import compute, holds, render


def render_template(
    template: Template,
    item: object,
    body: object,
    request: object,
    site: int = -1,
    known: VarValues = NO_VARS,
) -> str:
    """The template's text; raises Fault or Skip whenever generated code does. `known` are vars it reads."""
    return render(template.text, template.rules.pairs, template.partials, item, body, request, site, known)


def evaluate_condition(
    condition: Condition,
    item: object,
    body: object,
    request: object,
    site: int = -1,
    known: VarValues = NO_VARS,
) -> bool:
    """Return True if the condition holds; raises Fault whenever generated code does."""
    return holds(condition.text, condition.rules.pairs, item, body, request, site, known)


def compute_value(
    node: Compute,
    item: object,
    body: object,
    request: object,
    site: int = -1,
    known: VarValues = NO_VARS,
) -> object:
    """The value of the expression, or MISSING; raises Fault whenever generated code does."""
    return compute(node.text, node.rules.pairs, item, body, request, site, known)
