"""Checker: an ir.Program against the source's and the target's schema."""

from mapper.checker.checks import check_program
from mapper.checker.dialect_checks import check_dialect
from mapper.checker.inference.findings import Inference

__all__ = ["Inference", "check_dialect", "check_program"]
