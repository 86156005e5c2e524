"""Checks of what may stop an item at run time: casts and operations that cannot work with every value."""

from __future__ import annotations

from mapper import ir
from mapper.checker.field_checks import Checking, shown
from mapper.checker.inference.cast_types import better_unit
from mapper.checker.inference.findings import Failure
from mapper.checker.search.counterexamples import Trial
from mapper.checker.types import Type
from mapper.checker.types.text_facts import TRUSTED
from mapper.diagnostics.diagnostic import Severity
from mapper.ir.liquid import walk
from mapper.runtime.times.times import EPOCH_UNITS

_WORDS = {
    "M613": "this cast can fail",
    "M614": "this time can be unreadable",
    "M615": "this can be something else than an object",
    "M616": "this can be something else than a list",
    "M617": "the new name can be there already",
    "M618": "this filter or comparison can fail",
}
_ALWAYS = {
    "M613": "this cast always fails",
    "M614": "this time is never readable",
    "M615": "this is never an object",
    "M616": "this is never a list",
}


def check_failures(record: ir.Record, sound: tuple[ir.Field, ...], checking: Checking) -> None:
    """Report what always fails, and what can fail without the author having said that it may.

    Where something else is wrong with a field, only what is certain is said of it.
    """
    for failure in checking.notes.failures:
        if failure.declared:
            continue
        if failure.is_certain and not _is_known(failure, checking):
            message = f"{_ALWAYS.get(failure.code, _WORDS[failure.code])}, and the item is rejected"
            checking.report.error("M405", message, failure.span, failure.reason)
        elif not failure.is_certain and checking.source is not None and _is_tame(failure, checking):
            entry = next((each for each in record.fields if _stands_in(failure, each.value)), None)
            if entry is None or entry in sound:
                _check_possible(failure, entry, checking)


def _is_known(failure: Failure, checking: Checking) -> bool:
    """Whether something inside was reported already, as of a type that never fits."""
    return any(
        d.code == "M401" and d.span is not None and failure.span.start <= d.span.start <= failure.span.end
        for d in checking.report.diagnostics
    )


def _is_tame(failure: Failure, checking: Checking) -> bool:
    """Whether the failure is possible with harmless texts wherever nothing is known."""
    return any(
        other.span == failure.span and not _is_trusted(other.bad)
        for other in checking.tamed().failures_at(failure.code, failure.span)
    )


def _is_trusted(bad: Type) -> bool:
    return bad.kinds == {"string"} and bad.texts is not None and TRUSTED in bad.texts.formats


def _check_possible(failure: Failure, entry: ir.Field | None, checking: Checking) -> None:
    def fails(trial: Trial) -> bool:
        return any(code == failure.code and _same_place(failure, span) for code, span in trial.faults)

    payload = (
        None if checking.search is None else checking.search.find(entry, fails, failure.value, failure.bad)
    )
    if payload is None:
        return
    checking.report.add(
        "M405",
        f"{_WORDS[failure.code]}, and the item is then rejected",
        failure.span,
        failure.reason,
        (_remedy(failure), shown(payload.text)),
        Severity.WARNING,
    )


def _stands_in(failure: Failure, value: ir.Value) -> bool:
    start, end = failure.span.start, failure.span.end
    return value.span.start <= start and end <= value.span.end


def _same_place(failure: Failure, span: object) -> bool:
    if failure.code == "M618":
        return True  # a template is one place at run time
    return span == failure.span or span is None


def _remedy(failure: Failure) -> str:
    match failure.code:
        case "M613" | "M614":
            return "write `on_error: reject` if such items shall be rejected, or say what becomes of them"
        case "M615" | "M616":
            kind = "object" if failure.code == "M615" else "array"
            return f"write `as: {kind}` with `on_error: reject` if such items shall be rejected"
        case "M617":
            return "choose another name, or `omit` the key that may be there"
        case _:
            return "give the filter a value it can work with, for instance by `default`"


def check_units(record: ir.Record, checking: Checking) -> None:
    """Report epoch units that leave the numbers of the source no plausible time."""
    for node in walk(record):
        if not isinstance(node, ir.Timestamp):
            continue
        given = checking.notes.type_of(node.value)
        better = None if given is None else better_unit(node, given)
        if better is not None:
            unit = node.formats[0]
            checking.report.error(
                "M406",
                f"these numbers are no `{unit}`",
                node.span,
                f"read as {_unit_name(unit)}, none lies between 1990 and 2100",
                f"did you mean `from: {better}`?",
            )


def _unit_name(name: str) -> str:
    return {1: "seconds", 1_000: "milliseconds", 1_000_000: "microseconds"}[EPOCH_UNITS[name]]
