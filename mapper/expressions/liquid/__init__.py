"""Liquid expressions: template and condition text becomes IR, or diagnostics.

python-liquid is imported for the first text: its package takes 40 ms, with asyncio, babel and dateutil, and
many a mapping has paths alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SpannedText
from mapper.expressions.liquid.dialects import Dialect
from mapper.expressions.var_names import VarNames
from mapper.ir.liquid import Compute, Condition, Template


def parse_template(
    text: SpannedText,
    report: Report,
    dialect: Dialect | None = None,
    *,
    partials: Mapping[str, str] | None = None,
    var_names: VarNames | None = None,
) -> Template | None:
    """The template's IR; None after reporting errors. Without `var_names`, `vars` is a usual name."""
    from mapper.expressions.liquid import template_parsing as parsing

    return parsing.parse_template(text, report, dialect, partials=partials, var_names=var_names)


def parse_condition(
    text: SpannedText,
    report: Report,
    dialect: Dialect | None = None,
    *,
    var_names: VarNames | None = None,
) -> Condition | None:
    """The IR of a condition as inside `{% if .. %}`; None after reporting errors."""
    from mapper.expressions.liquid import template_parsing as parsing

    return parsing.parse_condition(text, report, dialect, var_names=var_names)


def parse_expression(
    text: SpannedText,
    report: Report,
    dialect: Dialect | None = None,
    *,
    var_names: VarNames | None = None,
) -> Compute | None:
    """The IR of an expression as inside `{{ .. }}`; None after reporting errors."""
    from mapper.expressions.liquid import template_parsing as parsing

    return parsing.parse_expression(text, report, dialect, var_names=var_names)
