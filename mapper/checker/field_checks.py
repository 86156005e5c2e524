"""Fields: each is proven to fit the target, proven not to, or shown not to fit by a payload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from mapper import ir
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.payload_types import PayloadTypes
from mapper.checker.inference.program_types import infer_tame
from mapper.checker.name_checks import KnownNames
from mapper.checker.operand_checks import cast_hint, json_types
from mapper.checker.search.counterexamples import CounterexampleSearch
from mapper.checker.search.results import Found
from mapper.checker.search.runner import Run
from mapper.checker.time_checks import check_times
from mapper.checker.types import NEVER, Type, admits, is_subtype, meet, only, without_nothing
from mapper.checker.types.lattice import of_member
from mapper.checker.types.named import text_type
from mapper.checker.types.text_facts import TRUSTED
from mapper.diagnostics.diagnostic import Label, Report, Severity
from mapper.ir.liquid import walk
from mapper.runtime.blank import is_blank_text
from mapper.runtime.json.types import in_words
from mapper.schemas.schema import Schema


@dataclass(frozen=True, slots=True)
class Checking:
    """The inputs of all checks of one program; `search` is None if nothing may be run.

    `tame` is filled by the first call of `tamed`, because many programs need no second inference.
    """

    program: ir.Program
    payload: PayloadTypes
    names: KnownNames
    target: Schema
    notes: Inference
    report: Report
    search: CounterexampleSearch | None
    tame: list[Inference] = field(default_factory=list, repr=False)

    def tamed(self) -> Inference:
        """The inference that supposes a harmless text wherever there is no schema."""
        if not self.tame:
            self.tame.append(infer_tame(self.program, self.payload))
        return self.tame[0]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A diagnostic for those values of a field that the target does not allow; `has` recognizes them.

    They are of the type `bad`, which may have others, too.
    """

    code: str
    message: str
    label: str
    hints: tuple[str, ...] = ()
    has: Callable[[object], bool] = field(default=lambda value: True)
    bad: Type = NEVER


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
        """The places of the fields of an object that is built here, if the target wants an object."""
        value, wanted = self.inner.value, only(self.wanted, "object")
        if isinstance(value, ir.Record) and wanted.is_present:
            for entry in value.fields:
                yield TargetPlace(self.entry, entry, (*self.names, entry.name), of_member(wanted, entry.name))

    def value_in(self, event: object) -> object:
        """The value at the place in an event; None if there is none."""
        for name in self.names:
            event = event.get(name) if isinstance(event, dict) else None
        return event


def check_field(entry: ir.Field, wanted: Type, checking: Checking) -> None:
    """Report a field that never fits, can be absent although required, or has a payload that shows a misfit.

    The report is at the innermost field of an object that the mapping builds. If a payload is needed and none
    is found, nothing is reported, except a time that no schema proves: the type may be wider than the values.
    """
    found = checking.notes.type_of(entry.value)
    if found is None or found.is_never:
        return
    place = TargetPlace(entry, entry, (entry.name,), wanted)
    certain = _certain(place, checking)
    if certain is not None:
        _add(*certain, None, checking)
        return
    is_absent = _check_presence(place, checking)
    is_shown = _mismatches(entry, found, wanted) and _check_shown(place, is_absent, checking)
    if not is_shown and not checking.report.has_errors:
        check_times(entry.value, wanted, checking.notes, checking.report)


def _certain(place: TargetPlace, checking: Checking) -> tuple[TargetPlace, Mismatch] | None:
    """The innermost field that never fits, and its mismatch; None if the whole may fit."""
    found = checking.notes.type_of(place.inner.value)
    if found is None or found.is_never:
        return None
    if not place.is_top and not place.wanted.is_present:
        label = "the target allows no such key"
        return place, Mismatch("M302", f"no field `{place.named.name}` in `{checking.target.name}`", label)
    certain = _never_fits(place.named, found, place.wanted)
    if certain is None:
        return None
    inner = (_certain(each, checking) for each in place.fields_inside())
    return next((each for each in inner if each is not None), (place, certain))


def _check_shown(place: TargetPlace, is_absent: bool, checking: Checking) -> bool:
    """Report the first mismatch that a payload shows, at the innermost field; True if there is one."""
    found = checking.tamed().type_of(place.inner.value)
    if found is None:
        return False
    mismatches = _mismatches(place.named, found, place.wanted)
    if not mismatches:
        return False
    inside = [_check_shown(inner, False, checking) for inner in place.fields_inside()]
    if any(inside):
        return True
    for mismatch in mismatches:
        if is_absent and mismatch.code == "M403":
            continue  # the remedies for absent and blank values are the same
        payload = _payload_of(place, mismatch, checking)
        if payload is not None:
            _add(place, mismatch, payload, checking)
            return True
    return False


def _add(place: TargetPlace, mismatch: Mismatch, payload: Found | None, checking: Checking) -> None:
    value = place.inner.value
    checking.report.add(
        mismatch.code,
        mismatch.message,
        # An object begins with its first key, which is not at fault; its name is.
        place.inner.span if isinstance(value, ir.Record) or mismatch.code == "M302" else value.span,
        mismatch.label,
        (*mismatch.hints, *shown(payload)),
        Severity.ERROR,
        (*definition_label(checking.target, *place.names), *_source_label(value, checking.payload)),
    )


def shown(found: Found | None) -> tuple[str, ...]:
    """The hint that shows a counterexample, if there is one."""
    return () if found is None else (f"smallest payload that fails: `{found.text}`",)


def _payload_of(place: TargetPlace, mismatch: Mismatch, checking: Checking) -> Found | None:
    """The smallest payload found for which the field has a mismatch."""
    if checking.search is None:
        return None

    def is_wrong(run: Run) -> bool:
        value = place.value_in(run.event)
        return value is not None and mismatch.has(value)

    found = checking.search.find(place.entry, is_wrong, place.inner.value, mismatch.bad, wanted=place.wanted)
    return found if isinstance(found, Found) else None


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


def _never_fits(entry: ir.Field, found: Type, wanted: Type) -> Mismatch | None:
    """The mismatch if no value of a field fits; a null that the field leaves out does not count."""
    value = only(found, *found.kinds) if entry.nullable else without_nothing(found)
    if found.kinds == {"null"} and not wanted.null:
        if not entry.required or found.missing:
            return None
        return Mismatch("M402", f"`{entry.name}` cannot be null", "this is always null")
    if not value.is_present or not meet(value, wanted).is_never or (not entry.required and found.missing):
        return None
    if value.kinds == {"string"} and meet(value, text_type(blank=False)).is_never:
        label = "this is always an empty or white-space text"
        return Mismatch("M403", f"`{entry.name}` is always blank", label)
    if value.kinds & wanted.kinds:
        return Mismatch("M404", f"`{entry.name}` never fits the target", _demand(value, wanted))
    types = json_types(value)
    words, hint = in_words(types), _kind_hint(entry, wanted, types)
    return Mismatch("M401", f"`{entry.name}` cannot be {words}", f"this is always {words}", (hint,))


_ABSENCE_HINT = (
    "add a `default`, a later alternative or a `skip` rule;"
    " or `on_missing: reject` if such items shall be rejected"
)


def _check_presence(place: TargetPlace, checking: Checking) -> bool:
    """Report a required field that can be missing or null, with a payload if one is found.

    So are those of the objects that the mapping builds. True if the field itself can be absent.
    """
    for inside in place.fields_inside():
        _check_presence(inside, checking)
    entry = place.inner
    found = checking.notes.type_of(entry.value)
    if found is None or not entry.required or not (found.missing or (found.null and not entry.nullable)):
        return False
    how = "can be missing" if found.missing else "can be null"

    def is_absent(run: Run) -> bool:
        if place.is_top:
            return isinstance(run.event, dict) and run.event.get(entry.name) is None
        return any(code == "M611" and span == entry.value.span for code, span, _ in run.faults)

    payload = None
    if checking.search is not None and checking.payload.knows_item:
        result = checking.search.find(place.entry, is_absent)
        payload = result if isinstance(result, Found) else None
    message = f"the required field `{place.named.name}` {how}"
    _add(place, Mismatch("M502", message, f"this {how}", (_ABSENCE_HINT,)), payload, checking)
    return True


def _mismatches(entry: ir.Field, found: Type, wanted: Type) -> list[Mismatch]:
    """The possible mismatches of the values other than null, the worst first."""
    value = without_nothing(found)
    if is_subtype(value, without_nothing(wanted)):
        return []
    mismatches = []
    if value.texts is not None and TRUSTED in value.texts.formats:
        value = only(value, *(value.kinds - {"string"}))
    strange = only(value, *(value.kinds - wanted.kinds))
    if strange.is_present:
        mismatches.append(_wrong_kind(entry, strange, wanted))
    texts = only(value, "string")
    accepts_blank = wanted.texts is None or admits(wanted, "") or admits(wanted, " ")
    if texts.may_be_blank and not accepts_blank and not isinstance(entry.value, ir.Required):
        mismatches.append(_wrongly_blank(entry))
    filled = meet(texts, text_type(blank=False))
    others = only(value, *((value.kinds & wanted.kinds) - {"string"}))
    for part in (filled if not accepts_blank else texts, others):
        if part.is_present and part.kinds <= wanted.kinds and not is_subtype(part, without_nothing(wanted)):
            mismatches.append(_wrong_form(entry, part, wanted))
            break
    return mismatches


def _wrong_kind(entry: ir.Field, strange: Type, wanted: Type) -> Mismatch:
    types = json_types(strange)
    allowed = in_words(json_types(wanted))
    return Mismatch(
        "M401",
        f"`{entry.name}` can be {in_words(types)}, where the target asks for {allowed}",
        f"this can be {in_words(types)}",
        (_kind_hint(entry, wanted, types),),
        lambda value: admits(strange, value),
    )


def _wrongly_blank(entry: ir.Field) -> Mismatch:
    hint = (
        "use `first_nonblank`, with an alternative or `on_missing: reject`; or a `skip` rule for blank ones"
    )
    return Mismatch(
        "M403",
        f"`{entry.name}` can be blank",
        "this can be an empty or white-space text",
        (hint,),
        lambda value: isinstance(value, str) and is_blank_text(value),
    )


def _kind_hint(entry: ir.Field, wanted: Type, types: frozenset[str]) -> str:
    hint = cast_hint(wanted, types)
    return _time_hint(entry, hint) if hint and _wants_time(wanted) else hint


def _wants_time(wanted: Type) -> bool:
    return wanted.texts is not None and "date-time" in wanted.texts.formats


def _time_hint(entry: ir.Field, otherwise: str) -> str:
    """The remedy for a field that wants a time; another one if a time is there and is written otherwise."""
    if any(isinstance(node, ir.Timestamp) and node.form is not None for node in walk(entry.value)):
        return "leave `write` out, or write `write: {precision: s}`: these are times as in RFC 3339"
    return otherwise


def _wrong_form(entry: ir.Field, part: Type, wanted: Type) -> Mismatch:
    return Mismatch(
        "M404",
        f"`{entry.name}` may not have the form the target asks for",
        _demand(part, wanted),
        (_time_hint(entry, "use `as: timestamp` for times"),) if _wants_time(wanted) else (),
        lambda value: not admits(wanted, value) and not (isinstance(value, str) and is_blank_text(value)),
        part,
    )


def _demand(part: Type, wanted: Type) -> str:
    """The part of the target that such values do not fit, in words."""
    texts, numbers = wanted.texts, wanted.numbers
    if part.texts and texts:
        if texts.values is not None:
            return "the target allows " + ", ".join(f"`{value}`" for value in sorted(texts.values)[:5])
        if texts.formats:
            return "the target wants the format " + ", ".join(sorted(texts.formats))
        if texts.longest is not None:
            return f"the target allows {texts.shortest} to {texts.longest} characters"
        return "the target has a pattern or a length that does not fit"
    if part.numbers and numbers:
        if numbers.integral:
            return "the target wants a whole number"
        return "the target has bounds that do not fit"
    return "the target asks for something else inside"
