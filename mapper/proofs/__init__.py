"""Proofs: a template and its source schema become a verdict on the JSON it renders."""

from mapper.proofs.prove import Proof, Refutation, Verdict, prove

__all__ = ["Proof", "Refutation", "Verdict", "prove"]
