"""Mismatches: the values of a field that its place in the target does not allow, by their types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from mapper import ir
from mapper.checker.operand_checks import cast_hint, json_types
from mapper.checker.target_places import UNKNOWN, TargetPlace, constant_of
from mapper.checker.types import (
    NEVER,
    Type,
    admits,
    is_subtype,
    join_all,
    meet,
    only,
    text_type,
    without_missing,
    without_nothing,
)
from mapper.checker.types.lattice import map_member
from mapper.checker.types.text_facts import TRUSTED
from mapper.ir.liquid import walk
from mapper.runtime.blank import is_blank_text
from mapper.runtime.json.types import in_words
from mapper.runtime.missing import MISSING


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


def never_fits(place: TargetPlace, found: Type) -> Mismatch | None:
    """The mismatch if no value of a field fits; a null that the field leaves out does not count."""
    entry, title, wanted = place.inner, place.title, place.wanted.upper
    if found.missing and (not entry.required or found.kinds == {"null"}):
        return None
    if found.kinds == {"null"} and not wanted.null and (entry.required or entry.nullable):
        return Mismatch("M402", f"{title} cannot be null", "this is always null")
    value = values_of(place, found)
    is_decided = _fits_always(place)
    if not value.is_present or is_decided or (is_decided is None and not meet(value, wanted).is_never):
        return None
    if value.kinds == {"string"} and meet(value, text_type(blank=False)).is_never:
        label = "this is always an empty or white-space text"
        return Mismatch("M403", f"{title} is always blank", label)
    if value.kinds & wanted.kinds:
        return Mismatch("M404", f"{title} never fits the target", demand(value, wanted))
    types = json_types(value)
    words, hint = in_words(types), _kind_hint(entry, wanted, types)
    return Mismatch("M401", f"{title} cannot be {words}", f"this is always {words}", (hint,))


def values_of(place: TargetPlace, found: Type) -> Type:
    """The values of a type that a field has when it is not left out."""
    return without_missing(found) if place.inner.nullable else without_nothing(found)


def _fits_always(place: TargetPlace) -> bool | None:
    """True if a field is a constant that fits, False if it is one that does not; None for any other."""
    constant = constant_of(place.inner.value)
    is_left_out = constant is None and not place.inner.nullable
    return None if constant is UNKNOWN or is_left_out else place.fits(constant)


def is_exempt(place: TargetPlace) -> bool:
    """True if blank texts are rejected on purpose: `on_missing: reject` beside a text that needs content."""
    return isinstance(place.inner.value, ir.Required) and not _accepts_blank(place.wanted.upper)


def supposed(place: TargetPlace, found: Type) -> Type:
    """The type of a field, supposing that those fields inside fit that need no question of their own.

    These are constants, and texts that are rejected on purpose if they are blank.
    """
    for inner in place.fields_inside():
        found = map_member(found, inner.names[-1], partial(_supposed_inside, inner))
    return found


def _supposed_inside(place: TargetPlace, found: Type) -> Type:
    if is_subtype(values_of(place, found), place.surely):
        return found
    found = supposed(place, found)
    if mismatches(place, found):
        return found
    fitting = only(place.surely, *found.kinds).with_missing(found.missing)
    both = meet(found, fitting)
    return fitting if both.is_never else both


def has_exempt(place: TargetPlace, value: object) -> bool:
    """True if a value has a blank text inside that is rejected on purpose."""
    members = value if isinstance(value, dict) else {}
    return any(
        is_blank_text(member) if isinstance(member, str) and is_exempt(inner) else has_exempt(inner, member)
        for inner in place.fields_inside()
        if (member := members.get(inner.names[-1], MISSING)) is not MISSING
    )


def _accepts_blank(wanted: Type) -> bool:
    return wanted.texts is None or admits(wanted, "") or admits(wanted, " ")


def mismatches(place: TargetPlace, found: Type) -> list[Mismatch]:
    """The possible mismatches of the values of a field, the worst first; none if all are proven to fit."""
    wanted, surely = place.wanted.upper, place.surely
    value = values_of(place, found)
    if is_subtype(value, surely) or _fits_always(place):
        return []
    value = _without_fitting(place, value)
    if value.texts is not None and TRUSTED in value.texts.formats:
        value = only(value, *(value.kinds - {"string"}))
    result = []
    if value.null and not wanted.null:
        result.append(_wrongly_null(place))
    strange = only(value, *(value.kinds - wanted.kinds - {"null"}))
    if strange.is_present:
        result.append(_wrong_kind(place, strange))
    texts, accepts_blank = only(value, "string"), _accepts_blank(wanted)
    if texts.may_be_blank and not accepts_blank and not is_exempt(place):
        result.append(_wrongly_blank(place))
    filled = texts if accepts_blank else meet(texts, text_type(blank=False))
    others = only(value, *((value.kinds & wanted.kinds) - {"string"}))
    parts = [
        part
        for part in (filled, others)
        if part.is_present and part.kinds <= wanted.kinds and not is_subtype(part, surely)
    ]
    return [*result, _wrong_form(place, parts)] if parts else result


def _without_fitting(place: TargetPlace, value: Type) -> Type:
    """The type without those of its listed scalars that fit: a run decides each of them."""
    numbers, texts = value.numbers, value.texts
    if numbers is not None and numbers.values is not None:
        left = frozenset(each for each in numbers.values if not place.fits(each))
        numbers = replace(numbers, values=left) if left else None
    if texts is not None and texts.values is not None:
        unfit = frozenset(each for each in texts.values if not place.fits(each))
        texts = replace(texts, values=unfit) if unfit else None
    booleans = frozenset(each for each in value.booleans if not place.fits(each))
    null = value.null and not place.fits(None)
    return replace(value, null=null, booleans=booleans, numbers=numbers, texts=texts)


def _wrong_kind(place: TargetPlace, strange: Type) -> Mismatch:
    wanted = place.wanted.upper
    words, asked = in_words(json_types(strange)), in_words(json_types(wanted)) or "no value at all"
    return Mismatch(
        "M401",
        f"{place.title} can be {words}, where the target asks for {asked}",
        f"this can be {words}",
        (_kind_hint(place.inner, wanted, json_types(strange)),),
        lambda value: admits(strange, value),
        doubt=f"perhaps this can be {words}",
    )


def _wrongly_null(place: TargetPlace) -> Mismatch:
    return Mismatch(
        "M402",
        f"{place.title} can be null",
        "this can be null",
        ("add a `default` or a later alternative",),
        lambda value: value is None,
        doubt="perhaps this can be null",
    )


def _wrongly_blank(place: TargetPlace) -> Mismatch:
    hint = (
        "use `first_nonblank`, with an alternative or `on_missing: reject`; or a `skip` rule for blank ones"
    )
    return Mismatch(
        "M403",
        f"{place.title} can be blank",
        "this can be an empty or white-space text",
        (hint,),
        lambda value: isinstance(value, str) and is_blank_text(value),
        doubt="perhaps this can be an empty or white-space text",
    )


def _wrong_form(place: TargetPlace, parts: list[Type]) -> Mismatch:
    wanted = place.wanted.upper
    label = demand(parts[0], wanted)
    has_own_code = not _accepts_blank(wanted)

    def has(value: object) -> bool:
        is_blank = has_own_code and isinstance(value, str) and is_blank_text(value)
        return not is_blank and not place.fits(value)

    return Mismatch(
        "M404",
        f"{place.title} may not have the form the target asks for",
        label,
        (_time_hint(place.inner, "use `as: timestamp` for times"),) if _wants_time(wanted) else (),
        has,
        join_all(parts),
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
