"""Proofs: a template and its source schema become a verdict on the JSON it renders, and diagnostics."""

from mapper.checker.templates.proof import Proof, Verdict, prove
from mapper.checker.templates.proof_report import report_proof

__all__ = ["Proof", "Verdict", "prove", "report_proof"]
