"""Mismatches: the values of a field that its place in the target does not allow, by their types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mapper import ir
from mapper.checker.operand_checks import cast_hint, json_types
from mapper.checker.types import NEVER, Type, admits, is_subtype, meet, only, text_type, without_nothing
from mapper.checker.types.text_facts import TRUSTED
from mapper.ir.liquid import walk
from mapper.runtime.blank import is_blank_text
from mapper.runtime.json.types import in_words


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A diagnostic for those values of a field that the target does not allow; `has` recognizes them.

    They are of the type `bad`, which may have others, too. `doubt` is the label if no such value is shown.
    """

    code: str
    message: str
    label: str
    hints: tuple[str, ...] = ()
    has: Callable[[object], bool] = field(default=lambda value: True)
    bad: Type = NEVER
    doubt: str = ""


def never_fits(entry: ir.Field, found: Type, wanted: Type) -> Mismatch | None:
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
        return Mismatch("M404", f"`{entry.name}` never fits the target", demand(value, wanted))
    types = json_types(value)
    words, hint = in_words(types), _kind_hint(entry, wanted, types)
    return Mismatch("M401", f"`{entry.name}` cannot be {words}", f"this is always {words}", (hint,))


def mismatches(entry: ir.Field, found: Type, wanted: Type) -> list[Mismatch]:
    """The possible mismatches of the values other than null, the worst first."""
    value = without_nothing(found)
    if is_subtype(value, without_nothing(wanted)):
        return []
    result = []
    if value.texts is not None and TRUSTED in value.texts.formats:
        value = only(value, *(value.kinds - {"string"}))
    strange = only(value, *(value.kinds - wanted.kinds))
    if strange.is_present:
        result.append(_wrong_kind(entry, strange, wanted))
    texts = only(value, "string")
    accepts_blank = wanted.texts is None or admits(wanted, "") or admits(wanted, " ")
    if texts.may_be_blank and not accepts_blank and not isinstance(entry.value, ir.Required):
        result.append(_wrongly_blank(entry))
    filled = meet(texts, text_type(blank=False))
    others = only(value, *((value.kinds & wanted.kinds) - {"string"}))
    for part in (filled if not accepts_blank else texts, others):
        if part.is_present and part.kinds <= wanted.kinds and not is_subtype(part, without_nothing(wanted)):
            result.append(_wrong_form(entry, part, wanted))
            break
    return result


def _wrong_kind(entry: ir.Field, strange: Type, wanted: Type) -> Mismatch:
    words = in_words(json_types(strange))
    return Mismatch(
        "M401",
        f"`{entry.name}` can be {words}, where the target asks for {in_words(json_types(wanted))}",
        f"this can be {words}",
        (_kind_hint(entry, wanted, json_types(strange)),),
        lambda value: admits(strange, value),
        doubt=f"perhaps this can be {words}",
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
        doubt="perhaps this can be an empty or white-space text",
    )


def _wrong_form(entry: ir.Field, part: Type, wanted: Type) -> Mismatch:
    label = demand(part, wanted)
    return Mismatch(
        "M404",
        f"`{entry.name}` may not have the form the target asks for",
        label,
        (_time_hint(entry, "use `as: timestamp` for times"),) if _wants_time(wanted) else (),
        lambda value: not admits(wanted, value) and not (isinstance(value, str) and is_blank_text(value)),
        part,
        label,
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


def demand(part: Type, wanted: Type) -> str:
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
