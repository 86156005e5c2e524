"""Proofs: a template and its source schema become a verdict on the JSON it renders, and diagnostics."""

from mapper.proofs.prove import Proof, Verdict, prove
from mapper.proofs.reporting import report_proof

__all__ = ["Proof", "Verdict", "prove", "report_proof"]
