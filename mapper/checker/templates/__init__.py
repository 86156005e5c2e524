"""Proofs: a template and its source schema become a verdict on the JSON it renders, and diagnostics."""

from mapper.checker.templates.json_texts import json_texts
from mapper.checker.templates.proof import Proof, TemplateVerdict, prove
from mapper.checker.templates.proof_report import report_json_text, report_proof

__all__ = ["Proof", "TemplateVerdict", "json_texts", "prove", "report_json_text", "report_proof"]
