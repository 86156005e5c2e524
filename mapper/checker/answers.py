"""Answers: each question about a mapping ends as proven, refuted by a payload, or open, and is reported here.

A question that is proven is not mentioned. One that is open is a warning (M412): the mapping may be right,
but `check` promises that a mapping without diagnostics is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mapper.checker.search.results import Why
from mapper.diagnostics.diagnostic import Label, Report, Severity
from mapper.diagnostics.source import Span


@dataclass(frozen=True, slots=True)
class Question:
    """A claim about a place of a mapping, and the fault that is reported if it is refuted.

    `claim` continues "it is not proven that"; `doubt` is the label if the question stays open. `hints` are
    remedies, and serve both answers, as `more` labels do.
    """

    claim: str
    doubt: str
    span: Span
    code: str = ""
    message: str = ""
    label: str = ""
    hints: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    more: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Refuted:
    """The claim fails for a payload, shown as text; empty if every payload shows it. `more` are labels."""

    payload: str = ""
    more: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """The claim is neither proven nor refuted: why no payload is shown, and what prevents a proof.

    An obstacle is a sentence about an operator or filter, or a label at a keyword of a schema.
    """

    why: str = Why.NOTHING
    obstacle: str = ""
    more: tuple[Label, ...] = ()


Answer: TypeAlias = Refuted | OpenQuestion


def report_answer(question: Question, answer: Answer, report: Report) -> None:
    """Report the answer to a question that is not proven: the fault with its payload, or M412."""
    match answer:
        case Refuted(payload, more):
            shown = f"smallest payload that fails: `{payload}`" if payload else ""
            report.add(
                question.code,
                question.message,
                question.span,
                question.label,
                (*question.hints, shown),
                question.severity,
                (*question.more, *more),
            )
        case OpenQuestion(why, obstacle, more):
            report.add(
                "M412",
                f"it is not proven that {question.claim}",
                question.span,
                question.doubt,
                (obstacle, why, *question.hints),
                Severity.WARNING,
                (*question.more, *more),
            )
