"""Checker: an ir.Program against the source's and the target's schema."""

from mapper.checker.check import check_program
from mapper.checker.inference import Inference

__all__ = ["Inference", "check_program"]
