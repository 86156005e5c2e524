"""Liquid expressions: template and condition text becomes IR, or diagnostics."""

from mapper.expressions.liquid.parsing import parse_condition, parse_template

__all__ = ["parse_condition", "parse_template"]
