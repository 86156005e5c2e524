"""Rejections: casts and operations that fail for some values although the mapping does not ask for it."""

from __future__ import annotations

from dataclasses import replace

from mapper import ir
from mapper.checker.answers import OpenQuestion, Question, report_answer
from mapper.checker.checking import Checking
from mapper.checker.inference.cast_types import better_unit
from mapper.checker.inference.findings import PossibleRejection
from mapper.checker.inference.number_types import EXTREME
from mapper.checker.obstacles import obstacle_in
from mapper.checker.search.counterexamples import MAX_DIGIT_RUNS, MAX_RUNS
from mapper.checker.search.runner import Run
from mapper.checker.types import ANYTHING, Type
from mapper.checker.types.text_facts import TRUSTED
from mapper.diagnostics.diagnostic import Severity
from mapper.ir.facts import writes_json
from mapper.ir.liquid import walk
from mapper.runtime.digits import EXACT, LOST_DIGITS
from mapper.runtime.times.times import EPOCH_UNITS, LAST_SECOND

_WORDS = {
    "M613": "this cast can fail",
    "M614": "this time can be unreadable",
    "M615": "this can be something else than an object",
    "M616": "this can be something else than a list",
    "M617": "two keys can get the same name",
    "M618": "this filter or comparison can fail",
}
_CLAIMS = {
    "M613": "this cast never fails",
    "M614": "this time is always readable",
    "M615": "this is always an object",
    "M616": "this is always a list",
    "M617": "all keys get different names",
    "M618": "this filter or comparison never fails",
}
_UNIT_NAMES = {
    "epoch_s": "seconds",
    "epoch_ms": "milliseconds",
    "epoch_us": "microseconds",
    "epoch_ns": "nanoseconds",
}
_ALWAYS = {
    "M613": "this cast always fails",
    "M614": "this time is never readable",
    "M615": "this is never an object",
    "M616": "this is never a list",
}

_DECLARED = "write `on_error: reject` if such items shall be rejected, or say what becomes of them"


def check_possible_rejections(
    fields: tuple[ir.Field, ...], sound: tuple[ir.Field, ...], checking: Checking
) -> None:
    """Report undeclared rejections: certain ones, and possible ones that a payload shows (M405).

    `fields` are those of the event, and one for each var. If a field already has an error (it is not in
    `sound`), only its certain rejections are reported.
    """
    tested = {id(entry) for entry in sound}
    for rejection in checking.notes.possible_rejections:
        if rejection.declared:
            continue
        if rejection.is_certain and not _is_reported(rejection, checking):
            message = f"{_ALWAYS.get(rejection.code, _WORDS[rejection.code])}, and the item is rejected"
            checking.report.error("M405", message, rejection.span, rejection.reason)
        elif not rejection.is_certain:
            entry = next((each for each in fields if _is_within(rejection, each.value)), None)
            if not checking.payload.knows_item or not _is_tame(rejection, checking):
                checking.leave(rejection.value if entry is None else entry.value)
            elif entry is None or id(entry) in tested:
                _check_possible(rejection, entry, checking)


def _is_reported(rejection: PossibleRejection, checking: Checking) -> bool:
    """Return True if a type error inside the same value was reported, which is then the cause."""
    start, end = rejection.span.start, rejection.span.end
    return any(
        d.code == "M401" and d.span is not None and start <= d.span.start <= end
        for d in checking.report.diagnostics
    )


def _is_tame(rejection: PossibleRejection, checking: Checking) -> bool:
    """Return True if the rejection is possible even with harmless texts wherever there is no schema."""
    return any(
        not _is_trusted(other.bad)
        for other in checking.tamed().rejections_at(rejection.code, rejection.span)
        if other.span == rejection.span
    )


def _is_trusted(bad: Type) -> bool:
    return bad.kinds == {"string"} and bad.texts is not None and TRUSTED in bad.texts.formats


def _check_possible(rejection: PossibleRejection, entry: ir.Field | None, checking: Checking) -> None:
    def is_rejected(run: Run) -> bool:
        return any(_is_same_fault(rejection, *fault) for fault in run.faults)

    focus, runs = rejection.value, MAX_RUNS
    if rejection.loses_digits:
        runs = MAX_DIGIT_RUNS
        focus = entry.value if focus is None and entry is not None else focus
    answer = checking.ask(entry, is_rejected, focus, rejection.bad, runs)
    if answer is None or (isinstance(answer, OpenQuestion) and _has_own_proof(rejection)):
        return
    if isinstance(answer, OpenQuestion):
        answer = replace(answer, obstacle=obstacle_in(rejection.value))
    report_answer(_question(rejection), answer, checking.report)


def _has_own_proof(rejection: PossibleRejection) -> bool:
    """True for Liquid that writes JSON for `as: json`: the proof of its template decides."""
    node = rejection.value
    return isinstance(node, ir.Cast) and node.kind is ir.CastKind.JSON and writes_json(node.value)


def _question(rejection: PossibleRejection) -> Question:
    words, claim = _WORDS[rejection.code], _CLAIMS[rejection.code]
    if rejection.loses_digits:
        words, claim = "this number can have lost digits", "this number keeps its digits"
    return Question(
        claim,
        f"as far as the types tell, {rejection.reason}",
        rejection.span,
        "M405",
        f"{words}, and the item is then rejected",
        rejection.reason,
        (_remedy(rejection),),
        Severity.WARNING,
    )


def _is_within(rejection: PossibleRejection, value: ir.Value) -> bool:
    return value.span.start <= rejection.span.start and rejection.span.end <= value.span.end


def _is_same_fault(rejection: PossibleRejection, code: str, span: object, message: str) -> bool:
    if code != rejection.code or (LOST_DIGITS in message) is not rejection.loses_digits:
        return False
    # At run time, a whole template has one place.
    return code == "M618" or span is None or span == rejection.span


def _remedy(rejection: PossibleRejection) -> str:
    code = rejection.code
    if rejection.loses_digits:
        bounds = f"give it bounds in the source schema, `minimum: 0` and `maximum: {EXACT - 1}`"
        return f"{_DECLARED}; or {bounds}" if code == "M613" else f"{bounds}; or print it by `json`"
    match code:
        case "M614" if isinstance(rejection.value, ir.Timestamp) and rejection.bad.kinds == {"number"}:
            units = [EPOCH_UNITS[name] for name in rejection.value.formats if name in EPOCH_UNITS]
            last = LAST_SECOND * max(units, default=1)
            return f"{_DECLARED}; or give it bounds in the source schema, `minimum: 0` and `maximum: {last}`"
        case "M613" | "M614":
            return _DECLARED
        case "M615" | "M616":
            kind = "object" if code == "M615" else "array"
            return f"write `as: {kind}` with `on_error: reject` if such items shall be rejected"
        case "M617" if isinstance(rejection.value, ir.ObjectFrom):
            return "write `on_duplicate: reject` if such items shall be rejected, or `first`, `last`, `list`"
        case "M617":
            return "choose another name or separator, `omit` one of the two, or write `on_error: reject`"
        case _ if rejection.bad is ANYTHING:
            return "write it another way; samples can show more"
        case _ if rejection.bad is EXTREME:
            return "give its numbers bounds in the source schema, `minimum` and `maximum`; texts a `pattern`"
        case _:
            return "give the filter a value it can work with, for instance by `default`"


def check_units(program: ir.Program, checking: Checking) -> None:
    """Report epoch units with which no number that the source allows is a plausible time (M406)."""
    for node in walk(program):
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
                f"read as {_UNIT_NAMES[unit]}, none lies between 1990 and 2100",
                f"did you mean `from: {better}`?",
            )
