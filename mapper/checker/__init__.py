"""Checker: an ir.Program against the source's and the target's schema."""

from mapper.checker.check import check_program

__all__ = ["check_program"]
