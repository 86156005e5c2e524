"""Fields: each is proven to fit the target, refuted by a payload or for every payload, or in doubt."""

from __future__ import annotations

from dataclasses import replace

from mapper import ir
from mapper.checker.answers import OpenQuestion, Question, Refuted, report_answer
from mapper.checker.checking import Checking
from mapper.checker.inference.payload_types import PayloadTypes, types_of_schema
from mapper.checker.mismatches import Mismatch, has_exempt, mismatches, never_fits, supposed
from mapper.checker.obstacles import obstacle_in, path_read, plain_names, with_obstacles
from mapper.checker.search.runner import Run
from mapper.checker.target_places import TargetPlace, fields_below
from mapper.checker.time_checks import check_times
from mapper.diagnostics.diagnostic import Label
from mapper.runtime.missing import MISSING
from mapper.schemas.questions import is_closed, properties_of
from mapper.schemas.schema import Schema


def check_event(event: ir.Record, sound: tuple[ir.Field, ...], checking: Checking) -> None:
    """Report fields that never fit, and questions about them and the whole event that are refuted or open.

    The report is at the innermost field of an object that the mapping builds. Nothing is reported for values
    that no schema describes, except a time that nothing proves. An error in a field that is not `sound` is
    usually the cause of what a search would find, so there is none.
    """
    target = checking.target
    alone = ir.Field("event", event, True, False, event.span)
    whole = TargetPlace(alone, alone, (), types_of_schema(target), target)
    is_doubted, tested = len(sound) < len(event.fields), {id(entry) for entry in sound}
    for place in whole.fields_inside():
        entry = place.inner
        tried = checking if id(entry) in tested else replace(checking, search=None)
        is_doubted |= _check_field(replace(place, entry=entry), tried)
    if not is_doubted and not checking.report.has_errors:
        _check_fit(whole, False, checking)


def _check_field(place: TargetPlace, checking: Checking) -> bool:
    """Report what is wrong with a field of the event; True if anything is."""
    entry = place.entry
    found = checking.notes.type_of(entry.value)
    if found is None or found.is_never:
        return True  # what always rejects the item is reported as that
    if not place.wanted.upper.is_present:
        _check_presence(place, checking)
        document = checking.target.document
        if entry.name in properties_of(document, document) or not is_closed(document, document):
            report_answer(_question(place, _not_allowed(place), checking), Refuted(), checking.report)
        return True  # an unknown name is reported, too
    certain = _certain(place, checking)
    if certain is not None:
        report_answer(_question(*certain, checking), Refuted(), checking.report)
        return True
    is_absent = _check_presence(place, checking)
    is_reported = _check_fit(place, is_absent, checking)
    if not is_reported and not checking.report.has_errors:
        check_times(entry.value, place.wanted.upper, checking.notes, checking.report)
    return is_reported or is_absent


def _certain(place: TargetPlace, checking: Checking) -> tuple[TargetPlace, Mismatch] | None:
    """The innermost field that never fits, and its mismatch; None if the whole may fit."""
    found = checking.notes.type_of(place.inner.value)
    if found is None or found.is_never:
        return None
    if len(place.names) > 1 and not place.wanted.upper.is_present:
        return place, _not_allowed(place)
    certain = never_fits(place, found)
    if certain is None:
        return None
    inner = (_certain(each, checking) for each in place.fields_inside())
    return next((each for each in inner if each is not None), (place, certain))


def _not_allowed(place: TargetPlace) -> Mismatch:
    label = "the target allows no such key"
    return Mismatch("M302", f"no field {place.title} in `{place.target.name}`", label)


def _check_fit(place: TargetPlace, is_absent: bool, checking: Checking) -> bool:
    """Ask if a field fits, the innermost first; True if the answer is reported.

    The first mismatch that a payload shows is reported; if none is shown, that the field is in doubt.
    """
    found = checking.notes.type_of(place.inner.value)
    if found is None or not mismatches(place, supposed(place, found)):
        return False
    # Each field of the event has been asked about before the event itself.
    inside = [_check_fit(inner, False, checking) for inner in place.fields_inside() if place.names]
    if any(inside):
        return True
    tame = checking.tamed().type_of(place.inner.value)
    possible = [] if tame is None else mismatches(place, supposed(place, tame))
    # The remedies for absent and blank values are the same; without a source schema, any form is possible.
    others = {"M403"} if is_absent else set()
    others |= set() if checking.payload.knows_item else {"M404"}
    possible = [each for each in possible if each.code not in others]
    open_: OpenQuestion | None = None
    for mismatch in possible:
        answer = _ask(place, mismatch, checking)
        if isinstance(answer, Refuted):
            report_answer(_question(place, mismatch, checking), answer, checking.report)
            return True
        open_ = open_ or answer
    if open_ is None or not checking.payload.knows_item:
        checking.leave(place.inner.value)
        return False
    open_ = with_obstacles(open_, place.inner.value, place.wanted, checking.target, checking.payload)
    report_answer(_question(place, possible[0], checking), open_, checking.report)
    return True


def _ask(place: TargetPlace, mismatch: Mismatch, checking: Checking) -> Refuted | OpenQuestion | None:
    """The answer to the question if a field is free of a mismatch; None if nothing may be run."""

    def is_wrong(run: Run) -> bool:
        value = place.value_in(run.event)
        return value is not MISSING and not has_exempt(place, value) and mismatch.has(value)

    return checking.ask(place.entry, is_wrong, place.inner.value, mismatch.bad, wanted=place.surely)


def _question(place: TargetPlace, mismatch: Mismatch, checking: Checking, claim: str = "") -> Question:
    value = place.inner.value
    return Question(
        claim or f"{place.title} always fits the target",
        mismatch.doubt or mismatch.label,
        # An object begins with its first key, which is not at fault; its name is.
        place.inner.span if isinstance(value, ir.Record) or mismatch.code == "M302" else value.span,
        mismatch.code,
        mismatch.message,
        mismatch.label,
        mismatch.hints,
        more=(
            *definition_label(checking.target, *place.names),
            *_source_label(value, checking.payload),
        ),
    )


def definition_label(target: Schema, *names: str) -> tuple[Label, ...]:
    """A label at the target's definition of a field, or of the field around it; none if it names neither."""
    for length in range(len(names), 0, -1):
        span = target.span_of_name(tuple(step for name in names[:length] for step in ("properties", name)))
        if span is not None:
            return (Label(span, "asked for here"),)
    return ()


def _source_label(value: ir.Value, payload: PayloadTypes) -> tuple[Label, ...]:
    """A label at the source's definition of the one path that a field reads."""
    path = path_read(value)
    if path is None or not path.segments:
        return ()
    source, names = payload.source if path.root is ir.Root.ITEM else payload.schema, plain_names(path)
    if source is None or names is None:
        return ()
    span = source.span_of_name(tuple(step for name in names for step in ("properties", name)))
    return (Label(span, "what the source says of it"),) if span else ()


_ABSENCE_HINT = (
    "add a `default`, a later alternative or a `skip` rule;"
    " or `on_missing: reject` if such items shall be rejected"
)


def _check_presence(place: TargetPlace, checking: Checking) -> bool:
    """Ask if a required field always has a value, and so those of all objects that the mapping builds in it.

    True if the field itself can be absent. Without a source schema a payload can be anything, so that every
    absence that the types allow is possible.
    """
    for inside in fields_below(place):
        _is_present(inside, checking)
    return not _is_present(place, checking)


def _is_present(place: TargetPlace, checking: Checking) -> bool:
    """True if a field always has a value or need not have one; else that is reported."""
    entry = place.inner
    found = checking.notes.type_of(entry.value)
    if found is None or not entry.required or not (found.missing or (found.null and not entry.nullable)):
        return True
    how = "missing" if found.missing else "null"

    def is_absent(run: Run) -> bool:
        if len(place.names) == 1:
            return isinstance(run.event, dict) and run.event.get(entry.name) is None
        # An object that is built without it is rejected at the field, and is not an event yet.
        spans = (entry.span, entry.value.span)
        return any(code == "M611" and span in spans for code, span, _ in run.faults)

    answer = checking.ask(place.entry, is_absent, entry.value) if checking.payload.knows_item else None
    name = place.title
    mismatch = Mismatch(
        "M502",
        f"the required field {name} can be {how}",
        f"this can be {how}",
        (_ABSENCE_HINT,),
        doubt=f"perhaps this can be {how}",
    )
    claim = f"the required field {name} always has a value"
    if isinstance(answer, OpenQuestion):
        answer = replace(answer, obstacle=obstacle_in(entry.value))
    report_answer(_question(place, mismatch, checking, claim), answer or Refuted(), checking.report)
    return False
