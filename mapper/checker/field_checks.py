"""Checks of fields against the target: is each proven to fit, proven not to, or shown not to by a payload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mapper import ir
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.program_types import infer_tame
from mapper.checker.operand_checks import cast_hint, json_types
from mapper.checker.search.counterexamples import Search, Trial
from mapper.checker.types import Type, admits, is_subtype, meet, only, without_nothing
from mapper.checker.types.facts import is_blank
from mapper.checker.types.named import text_type
from mapper.checker.types.text_facts import TRUSTED
from mapper.diagnostics.diagnostic import Label, Report, Severity
from mapper.runtime.json.types import in_words
from mapper.schemas.schema import Schema


@dataclass(frozen=True, slots=True)
class Checking:
    """What the checks of a program look at."""

    program: ir.Program
    source: Schema | None
    target: Schema
    notes: Inference
    report: Report
    search: Search | None
    tame: list[Inference] = field(default_factory=list, repr=False)

    def tamed(self) -> Inference:
        """What is inferred when nothing but the source schema gives cause for alarm."""
        if not self.tame:
            item = None if self.search is None else self.search.item
            self.tame.append(infer_tame(self.program, self.source, item))
        return self.tame[0]


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be wrong with a field: some of its values, and how a run shows it."""

    code: str
    message: str
    label: str
    hints: tuple[str, ...]
    judge: Callable[[object], bool]
    is_certain: bool = False


def check_field(entry: ir.Field, wanted: Type, checking: Checking) -> None:
    """Report what of a field the target does not allow; what cannot be shown is not claimed."""
    found = checking.notes.type_of(entry.value)
    if found is None or found.is_never:
        return
    certain = _never_fits(entry, found, wanted)
    if certain is not None:
        _add(entry, certain, (), checking)
        return
    is_absent = _check_presence(entry, found, checking)
    if not _claims(entry, found, wanted):
        return
    found = checking.tamed().type_of(entry.value)
    for claim in () if found is None else _claims(entry, found, wanted):
        if is_absent and claim.code == "M403":
            continue  # what is blank is as good as missing, and that has been said
        payload = _payload_of(entry, claim, checking)
        if claim.is_certain or payload is not None:
            _add(entry, claim, () if payload is None else (payload,), checking)
            return


def _add(entry: ir.Field, claim: Claim, more: tuple[str, ...], checking: Checking) -> None:
    label = (*definition_label(checking.target, entry.name), *_source_label(entry.value, checking.source))
    hints = (*claim.hints, *more)
    checking.report.add(
        claim.code, claim.message, entry.value.span, claim.label, hints, Severity.ERROR, label
    )


def definition_label(target: Schema, name: str) -> tuple[Label, ...]:
    """A label at the target's definition of a field."""
    span = target.span_of_name(("properties", name))
    return (Label(span, "asked for here"),) if span else ()


def _source_label(value: ir.Value, source: Schema | None) -> tuple[Label, ...]:
    """A label at the source's definition of the one path that a field reads."""
    match value:
        case ir.Cast(inner) | ir.Timestamp(inner) | ir.Default(inner) | ir.Required(inner):
            return _source_label(inner, source)
        case ir.Path(ir.Root.ITEM) if source is not None and value.segments:
            names = [s.selectors[0].name for s in value.segments if isinstance(s.selectors[0], ir.Name)]
            pointer = tuple(step for name in names for step in ("properties", name))
            span = source.span_of_name(pointer) if len(names) == len(value.segments) else None
            return (Label(span, "what the source says of it"),) if span else ()
        case _:
            return ()


def _never_fits(entry: ir.Field, found: Type, wanted: Type) -> Claim | None:
    """The claim that none of a field's values fits; a null that may be left out is not meant."""
    value = only(found, *found.kinds) if entry.nullable else without_nothing(found)
    if found.kinds == {"null"} and not wanted.null:
        if not entry.required or found.missing:
            return None
        return Claim("M402", f"`{entry.name}` cannot be null", "this is always null", (), lambda _: True)
    if not value.is_present or not meet(value, wanted).is_never or (not entry.required and found.missing):
        return None
    if value.kinds == {"string"} and meet(value, text_type(blank=False)).is_never:
        label = "this is always an empty or white-space text"
        return Claim("M403", f"`{entry.name}` is always blank", label, (), lambda _: True)
    if value.kinds & wanted.kinds:
        reason = _demand(value, wanted)
        return Claim("M404", f"`{entry.name}` never fits the target", reason, (), lambda _: True)
    types = json_types(value)
    words, hint = in_words(types), cast_hint(wanted, types)
    return Claim(
        "M401", f"`{entry.name}` cannot be {words}", f"this is always {words}", (hint,), lambda _: True
    )


def _check_presence(entry: ir.Field, found: Type, checking: Checking) -> bool:
    """A required field that can be missing or null is an error, shown by a payload where one is found."""
    if not entry.required or not (found.missing or (found.null and not entry.nullable)):
        return False
    how = "can be missing" if found.missing else "can be null"
    hints = (
        "add a `default`, a later alternative or a `skip` rule;"
        " or `on_missing: reject` if such items shall be rejected",
    )

    def is_absent(trial: Trial) -> bool:
        return isinstance(trial.event, dict) and trial.event.get(entry.name) is None

    payload = None
    if checking.search is not None and checking.source is not None:
        payload = checking.search.find(entry, is_absent)
    checking.report.add(
        "M502",
        f"the required field `{entry.name}` {how}",
        entry.value.span,
        f"this {how}",
        (*hints, *([shown(payload.text)] if payload else [])),
        Severity.ERROR,
        (*definition_label(checking.target, entry.name), *_source_label(entry.value, checking.source)),
    )
    return True


def shown(payload: str) -> str:
    """The line that shows a counterexample."""
    return f"smallest payload that fails: `{payload}`"


def _claims(entry: ir.Field, found: Type, wanted: Type) -> list[Claim]:
    """What may be wrong with the values of a field that are there, the worst first."""
    value = without_nothing(found)
    if is_subtype(value, without_nothing(wanted)):
        return []
    claims = []
    if value.texts is not None and TRUSTED in value.texts.formats:
        value = only(value, *(value.kinds - {"string"}))  # nothing is known of it, so nothing is claimed
    strange = only(value, *(value.kinds - wanted.kinds))
    if strange.is_present:
        claims.append(_kind_claim(entry, strange, wanted))
    texts = only(value, "string")
    accepts_blank = wanted.texts is None or admits(wanted, "") or admits(wanted, " ")
    if texts.may_be_blank and not accepts_blank and not isinstance(entry.value, ir.Required):
        claims.append(_blank_claim(entry))
    filled = meet(texts, text_type(blank=False))
    others = only(value, *((value.kinds & wanted.kinds) - {"string"}))
    for part in (filled if not accepts_blank else texts, others):
        if part.is_present and part.kinds <= wanted.kinds and not is_subtype(part, without_nothing(wanted)):
            claims.append(_form_claim(entry, part, wanted))
            break
    return claims


def _kind_claim(entry: ir.Field, strange: Type, wanted: Type) -> Claim:
    types = json_types(strange)
    allowed = in_words(json_types(wanted))
    return Claim(
        "M401",
        f"`{entry.name}` can be {in_words(types)}, where the target asks for {allowed}",
        f"this can be {in_words(types)}",
        (cast_hint(wanted, types),),
        lambda value: admits(strange, value),
    )


def _blank_claim(entry: ir.Field) -> Claim:
    hint = (
        "use `first_nonblank`, with an alternative or `on_missing: reject`; or a `skip` rule for blank ones"
    )
    return Claim(
        "M403",
        f"`{entry.name}` can be blank",
        "this can be an empty or white-space text",
        (hint,),
        lambda value: isinstance(value, str) and is_blank(value),
    )


def _form_claim(entry: ir.Field, part: Type, wanted: Type) -> Claim:
    return Claim(
        "M404",
        f"`{entry.name}` may not have the form the target asks for",
        _demand(part, wanted),
        ("use `as: timestamp` for times",) if wanted.texts and "date-time" in wanted.texts.formats else (),
        lambda value: not admits(wanted, value) and not (isinstance(value, str) and is_blank(value)),
    )


def _demand(part: Type, wanted: Type) -> str:
    """What the target asks of such values, in few words."""
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


def _payload_of(entry: ir.Field, claim: Claim, checking: Checking) -> str | None:
    if checking.search is None:
        return None

    def is_wrong(trial: Trial) -> bool:
        event = trial.event
        return (
            isinstance(event, dict) and event.get(entry.name) is not None and claim.judge(event[entry.name])
        )

    payload = checking.search.find(entry, is_wrong)
    return None if payload is None else shown(payload.text)
