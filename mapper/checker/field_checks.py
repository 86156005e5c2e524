"""Fields: each is proven to fit the target, refuted by a payload or for every payload, or in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mapper import ir
from mapper.checker.answers import OpenQuestion, Question, Refuted, report_answer
from mapper.checker.checking import Checking
from mapper.checker.inference.payload_types import PayloadTypes
from mapper.checker.mismatches import Mismatch, mismatches, never_fits
from mapper.checker.obstacles import obstacle_in
from mapper.checker.search.runner import Run
from mapper.checker.time_checks import check_times
from mapper.checker.types import Type, only
from mapper.checker.types.lattice import of_member
from mapper.diagnostics.diagnostic import Label
from mapper.schemas.schema import Schema


@dataclass(frozen=True, slots=True)
class TargetPlace:
    """A field that is checked, and the type wanted there.

    `entry` is the field of the event, `inner` the same or a field of an object that the mapping builds inside
    it; `names` lead to it.
    """

    entry: ir.Field
    inner: ir.Field
    names: tuple[str, ...]
    wanted: Type

    @property
    def is_top(self) -> bool:
        """True for a field of the event itself."""
        return len(self.names) == 1

    @property
    def named(self) -> ir.Field:
        """The field with all names that lead to it as its name, for messages."""
        return replace(self.inner, name=".".join(self.names))

    def fields_inside(self) -> Iterator[TargetPlace]:
        """The places of the fields of objects that are built here, if the target wants an object."""
        wanted = only(self.wanted, "object")
        for built in _objects_built(self.inner.value) if wanted.is_present else ():
            for entry in built.fields:
                yield TargetPlace(self.entry, entry, (*self.names, entry.name), of_member(wanted, entry.name))

    def value_in(self, event: object) -> object:
        """The value at the place in an event; None if there is none."""
        for name in self.names:
            event = event.get(name) if isinstance(event, dict) else None
        return event


def _objects_built(value: ir.Value) -> Iterator[ir.Record]:
    """The objects that a mapping builds for a value: itself, or an alternative of it."""
    if isinstance(value, ir.Record):
        yield value
    for option in ir.alternatives(value):
        yield from _objects_built(option)


def check_field(entry: ir.Field, wanted: Type, checking: Checking) -> None:
    """Report a field that never fits, and the questions about it that are refuted or open.

    The report is at the innermost field of an object that the mapping builds. Nothing is reported for values
    that no schema describes, except a time that nothing proves.
    """
    found = checking.notes.type_of(entry.value)
    if found is None or found.is_never:
        return
    place = TargetPlace(entry, entry, (entry.name,), wanted)
    certain = _certain(place, checking)
    if certain is not None:
        report_answer(_question(*certain, checking), Refuted(), checking.report)
        return
    is_absent = _check_presence(place, checking)
    is_reported = _check_fit(place, is_absent, checking)
    if not is_reported and not checking.report.has_errors:
        check_times(entry.value, wanted, checking.notes, checking.report)


def _certain(place: TargetPlace, checking: Checking) -> tuple[TargetPlace, Mismatch] | None:
    """The innermost field that never fits, and its mismatch; None if the whole may fit."""
    found = checking.notes.type_of(place.inner.value)
    if found is None or found.is_never:
        return None
    if not place.is_top and not place.wanted.is_present:
        label = "the target allows no such key"
        return place, Mismatch("M302", f"no field `{place.named.name}` in `{checking.target.name}`", label)
    certain = never_fits(place.named, found, place.wanted)
    if certain is None:
        return None
    inner = (_certain(each, checking) for each in place.fields_inside())
    return next((each for each in inner if each is not None), (place, certain))


def _check_fit(place: TargetPlace, is_absent: bool, checking: Checking) -> bool:
    """Ask whether a field fits, the innermost first; True if the answer is reported.

    The first mismatch that a payload shows is reported; if none is shown, that the field is in doubt.
    """
    found = checking.notes.type_of(place.inner.value)
    if found is None or not mismatches(place.named, found, place.wanted):
        return False
    inside = [_check_fit(inner, False, checking) for inner in place.fields_inside()]
    if any(inside):
        return True
    tame = checking.tamed().type_of(place.inner.value)
    possible = [] if tame is None else mismatches(place.named, tame, place.wanted)
    # The remedies for absent and blank values are the same.
    possible = [each for each in possible if not (is_absent and each.code == "M403")]
    open_: OpenQuestion | None = None
    for mismatch in possible:
        answer = _ask(place, mismatch, checking)
        if isinstance(answer, Refuted):
            report_answer(_question(place, mismatch, checking), answer, checking.report)
            return True
        open_ = open_ or answer
    if open_ is None or not checking.payload.knows_item:
        return False
    open_ = replace(open_, obstacle=obstacle_in(place.inner.value))
    report_answer(_question(place, possible[0], checking), open_, checking.report)
    return True


def _ask(place: TargetPlace, mismatch: Mismatch, checking: Checking) -> Refuted | OpenQuestion | None:
    """The answer to the question if a field is free of a mismatch; None if nothing may be run."""

    def is_wrong(run: Run) -> bool:
        value = place.value_in(run.event)
        return value is not None and mismatch.has(value)

    return checking.ask(place.entry, is_wrong, place.inner.value, mismatch.bad, wanted=place.wanted)


def _question(place: TargetPlace, mismatch: Mismatch, checking: Checking, claim: str = "") -> Question:
    value = place.inner.value
    return Question(
        claim or f"`{place.named.name}` always fits the target",
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
    match value:
        case ir.Cast(inner) | ir.Timestamp(inner) | ir.Default(inner) | ir.Required(inner):
            return _source_label(inner, payload)
        case ir.VarRead(_, var):
            return _source_label(var.value, payload)
        case ir.Path(root, segments) if segments:
            source = payload.source if root is ir.Root.ITEM else payload.schema
            names = [s.selectors[0].name for s in segments if isinstance(s.selectors[0], ir.Name)]
            pointer = tuple(step for name in names for step in ("properties", name))
            if source is None or len(names) != len(segments):
                return ()
            span = source.span_of_name(pointer)
            return (Label(span, "what the source says of it"),) if span else ()
        case _:
            return ()


_ABSENCE_HINT = (
    "add a `default`, a later alternative or a `skip` rule;"
    " or `on_missing: reject` if such items shall be rejected"
)


def _check_presence(place: TargetPlace, checking: Checking) -> bool:
    """Ask whether a required field always has a value, and so those of the objects that the mapping builds.

    True if the field itself can be absent. Without a source schema a payload can be anything, so that every
    absence that the types allow is possible.
    """
    for inside in place.fields_inside():
        _check_presence(inside, checking)
    entry = place.inner
    found = checking.notes.type_of(entry.value)
    if found is None or not entry.required or not (found.missing or (found.null and not entry.nullable)):
        return False
    how = "missing" if found.missing else "null"

    def is_absent(run: Run) -> bool:
        if place.is_top:
            return isinstance(run.event, dict) and run.event.get(entry.name) is None
        # An object that is built without it is rejected at the field, and is not an event yet.
        spans = (entry.span, entry.value.span)
        return any(code == "M611" and span in spans for code, span, _ in run.faults)

    answer = checking.ask(place.entry, is_absent, entry.value) if checking.payload.knows_item else None
    name = place.named.name
    mismatch = Mismatch(
        "M502",
        f"the required field `{name}` can be {how}",
        f"this can be {how}",
        (_ABSENCE_HINT,),
        doubt=f"perhaps this can be {how}",
    )
    claim = f"the required field `{name}` always has a value"
    if isinstance(answer, OpenQuestion):
        answer = replace(answer, obstacle=obstacle_in(entry.value))
    report_answer(_question(place, mismatch, checking, claim), answer or Refuted(), checking.report)
    return True
