"""Signatures: for each Liquid filter what it takes, what it gives, and when it may fail. One row a filter.

`takes` and `gives` are words for people, `result` and `fails` what inference goes by. A filter of texts takes
any value, as Liquid prints it; a filter of numbers counts what is no number as 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeAlias

from mapper.budget import MAX_CHARACTERS, spend_on
from mapper.checker.inference import predicates as p
from mapper.checker.inference.printing import concatenated, printed
from mapper.checker.types import ANYTHING, NEVER, Numbers, Type, join, join_all, literal_type, only
from mapper.checker.types.lattice import of_element
from mapper.checker.types.named import BOOLEAN, COUNT, INTEGER, NULL_ONLY, NUMBER, TEXT, array_of, text_type
from mapper.runtime.faults import Fault
from mapper.runtime.limits import trial_limits, within
from mapper.runtime.liquid.filters import FILTERS, apply
from mapper.runtime.missing import MISSING

Arguments: TypeAlias = tuple[Type, ...]
Result: TypeAlias = Callable[[Type, Arguments], Type]
Fails: TypeAlias = Callable[[Type, Arguments], bool]

_MOST = 24  # combinations of literal values that are computed one by one


@dataclass(frozen=True, slots=True)
class Signature:
    """One filter: its types in words, and as functions of the types given."""

    name: str
    takes: str
    gives: str
    result: Result
    fails: Fails


def filter_type(name: str, value: Type, arguments: Arguments, *, is_plain: bool) -> tuple[Type, bool]:
    """The type of a filter's result, and whether it may fail; `is_plain` where it has no named arguments."""
    signature = SIGNATURES.get(name)
    if is_plain and name not in ("date", "date_tz"):
        folded = _computed(name, (value, *arguments))
        if folded is not None:
            return folded
    if signature is None:
        return ANYTHING.with_missing(), True
    return signature.result(value, arguments), signature.fails(value, arguments)


def _computed(name: str, types: Arguments) -> tuple[Type, bool] | None:
    """The exact result if all values are known one by one and short: the filter itself is run."""
    listed = [_scalars(each) for each in types]
    count = 1
    for values in listed:
        count *= len(values or ())
    if any(values is None for values in listed) or not 0 < count <= _MOST:
        return None
    if sum(_length(value) for values in listed for value in values or ()) > MAX_CHARACTERS:
        return None
    results, failed = NEVER, False
    for given in product(*(values or () for values in listed)):
        spend_on(sum(map(_length, given)))
        try:
            with within(trial_limits(0)):
                found = apply(FILTERS[name], -1, *given)
        except Fault as fault:
            if fault.code == "M620":
                return None  # it may be short enough for the limits of the run
            failed = True
            continue
        if isinstance(found, tuple | range | dict | list):
            return None
        spend_on(_length(found))
        results = join(results, literal_type(found))
    return results, failed


def _length(value: object) -> int:
    """Characters of a text, bytes of a whole number; other scalars are short."""
    if isinstance(value, str):
        return len(value)
    return value.bit_length() // 8 if isinstance(value, int) else 1


def _scalars(given: Type) -> list[object] | None:
    """All values of a type of few scalars; None for any other."""
    if given.arrays or given.objects:
        return None
    values: list[object] = [MISSING] if given.missing else []
    if given.null:
        values.append(None)
    values.extend(sorted(given.booleans))
    for part in (given.numbers, given.texts):
        if part is not None:
            if part.values is None:
                return None
            values.extend(sorted(part.values))
    return values


def _never(_value: Type, _arguments: Arguments) -> bool:
    return False


def _always(result: Type) -> Result:
    return lambda _value, _arguments: result


def _keeps_content(value: Type, _arguments: Arguments) -> Type:
    # What holds a character that is no white space still does.
    return text_type(blank=False) if printed(value).blank is False else TEXT


def _encodes(value: Type, _arguments: Arguments) -> Type:
    return text_type(blank=False) if printed(value).shortest else TEXT


def _appended(value: Type, arguments: Arguments) -> Type:
    return Type(texts=concatenated(printed(value), printed(_first(arguments))))


def _prepended(value: Type, arguments: Arguments) -> Type:
    return Type(texts=concatenated(printed(_first(arguments)), printed(value)))


def _first(arguments: Arguments, default: Type = NULL_ONLY) -> Type:
    return arguments[0] if arguments else default


def _defaulted(value: Type, arguments: Arguments) -> Type:
    kept = p.not_empty(p.truthy(value))
    return join(kept, _first(arguments, literal_type("")))


def _arithmetic(value: Type, arguments: Arguments) -> Type:
    whole = all(_is_whole(each) for each in (value, *arguments))
    return INTEGER if whole else NUMBER


def _is_whole(given: Type) -> bool:
    numbers = given.numbers
    if given.texts or given.arrays or given.objects:
        return False
    if numbers is None or numbers.integral:
        return True
    return numbers.values is not None and all(isinstance(value, int) for value in numbers.values)


def _rounded(_value: Type, arguments: Arguments) -> Type:
    return NUMBER if arguments else INTEGER


def _divides_by_zero(_value: Type, arguments: Arguments) -> bool:
    divisor = _first(arguments)
    numbers = divisor.numbers or Numbers(values=frozenset())
    if only(divisor, "number") != divisor:
        return True
    if numbers.values is not None:
        return 0 in numbers.values
    positive = numbers.low is not None and (numbers.low > 0 or (numbers.low == 0 and numbers.open_low))
    negative = numbers.high is not None and (numbers.high < 0 or (numbers.high == 0 and numbers.open_high))
    return not (positive or negative)


def _no_count(_value: Type, arguments: Arguments) -> bool:
    return bool(arguments) and arguments[0] != only(arguments[0], "number")


def _no_positions(_value: Type, arguments: Arguments) -> bool:
    return any(each.kinds != {"number"} or each.missing or not _is_whole(each) for each in arguments)


def _elements(value: Type) -> Type:
    """The elements of a list; another value is a list of itself."""
    single = only(value, *(value.kinds - {"array", "null"}))
    return join(of_element(value), single)


def _same_elements(value: Type, _arguments: Arguments) -> Type:
    return array_of(_elements(value) if value.kinds == {"array"} and not value.missing else ANYTHING)


def _both_elements(value: Type, arguments: Arguments) -> Type:
    return array_of(join_all(map(_elements, (value, *arguments))))


def _one_element(value: Type, _arguments: Arguments) -> Type:
    if value.objects or value.texts:
        return ANYTHING.with_missing()
    return join(of_element(value), Type(missing=True, null=True))


def _no_list_of_objects(value: Type, _arguments: Arguments) -> bool:
    elements = of_element(value)
    return value != only(value, "array", "missing", "null") or elements != only(elements, "object")


def _no_list(value: Type, _arguments: Arguments) -> bool:
    return value != only(value, "array", "missing", "null")


def _no_keyed_list(value: Type, arguments: Arguments) -> bool:
    return _no_list_of_objects(value, arguments) if arguments else _no_list(value, arguments)


def _no_comparable_list(value: Type, arguments: Arguments) -> bool:
    elements = of_element(value)
    is_fine = len(elements.kinds) <= 1 and not elements.objects and not elements.arrays
    return bool(arguments) or not is_fine or _no_list(value, arguments)


def _no_date(value: Type, arguments: Arguments) -> bool:
    strange = any(each.kinds != {"string"} or each.missing for each in arguments)
    return strange or bool(value.arrays or value.objects or value.numbers or value.texts)


_TEXT_ROWS: tuple[tuple[Iterable[str], str, Result, Fails], ...] = (
    (
        (
            *("capitalize", "downcase", "upcase", "strip", "lstrip", "rstrip", "squish", "strip_newlines"),
            *("escape", "escape_once", "escapejs", "newline_to_br"),
        ),
        "a text; not blank where its value is not",
        _keeps_content,
        _never,
    ),
    (("base64_encode", "base64_url_safe_encode", "url_encode"), "a text", _encodes, _never),
    (("url_decode",), "a text", _always(TEXT), _never),
    (("base64_decode", "base64_url_safe_decode"), "a text", _always(TEXT), lambda value, _: value != NEVER),
    (("append",), "the text and the argument after it", _appended, _never),
    (("prepend",), "the argument and the text after it", _prepended, _never),
    (
        ("remove", "remove_first", "remove_last", "replace", "replace_first", "replace_last", "strip_html"),
        "a text",
        _always(TEXT),
        _never,
    ),
    (("truncate", "truncatewords"), "a text", _always(TEXT), _no_count),
    (("split",), "a list of texts", _always(array_of(TEXT)), _never),
)
_NUMBER_ROWS: tuple[tuple[Iterable[str], str, Result, Fails], ...] = (
    (("abs", "plus", "minus", "times"), "a number; whole for whole numbers", _arithmetic, _never),
    (("at_least", "at_most"), "a number", _arithmetic, _never),
    (("ceil", "floor"), "a whole number", _always(INTEGER), _never),
    (("round",), "a number; whole without an argument", _rounded, _never),
    (("divided_by", "modulo"), "a number; whole for whole numbers", _arithmetic, _divides_by_zero),
)
_LIST_ROWS: tuple[tuple[Iterable[str], str, Result, Fails], ...] = (
    (("join",), "a text", _always(TEXT), _never),
    (("map",), "a list", _always(array_of(ANYTHING)), _no_list_of_objects),
    (("where", "reject"), "a list of some of the elements", _same_elements, _no_list_of_objects),
    (("find",), "an element, or nil", _one_element, _no_list_of_objects),
    (
        ("find_index",),
        "an index, or nil",
        _always(replace(COUNT, null=True)),
        _no_list_of_objects,
    ),
    (("has",), "true or false", _always(replace(BOOLEAN, null=True)), _no_list_of_objects),
    (("sum",), "a number", _always(NUMBER), _no_list_of_objects),
    (("uniq", "compact", "reverse"), "a list of the same elements", _same_elements, _no_keyed_list),
    (("sort", "sort_natural"), "a list of the same elements", _same_elements, _no_comparable_list),
    (
        ("concat",),
        "a list of the elements of both",
        _both_elements,
        lambda v, a: any(t != only(t, "array") for t in (v, *a)),
    ),
    (("first", "last"), "an element, or nil", _one_element, _never),
)
_ANY_ROWS: tuple[tuple[Iterable[str], str, Result, Fails], ...] = (
    (("default",), "the value, or the argument where it is nil, false or empty", _defaulted, _never),
    (("json",), "a text, valid JSON", _always(text_type(blank=False)), _never),
    (("size",), "a whole number from 0", _always(COUNT), _never),
    (
        ("slice",),
        "a text, or a list",
        _always(join(TEXT, array_of(ANYTHING))),
        _no_positions,
    ),
    (("date",), "a text; what is no date stays as it is", _always(TEXT), _no_date),
    (("date_tz",), "a text; what is no date stays as it is", _always(TEXT), lambda _value, _arguments: True),
)


def _is_plain_list(value: Type, arguments: Arguments) -> bool:
    """Whether a filter of lists gets what it is made for: a list without nil, and names as arguments."""
    elements = of_element(value)
    is_list = (
        value.kinds == {"array"} and not value.missing and not elements.may_be_nothing and not elements.arrays
    )
    return is_list and all(each.kinds <= {"string"} and not each.missing for each in arguments)


def _or_nil(result: Result) -> Result:
    """Of anything but a plain list, a filter of lists may give nil."""
    return lambda value, arguments: (
        result(value, arguments)
        if _is_plain_list(value, arguments)
        else join(result(value, arguments), ANYTHING.with_missing())
    )


def _or_fails(fails: Fails) -> Fails:
    return lambda value, arguments: not _is_plain_list(value, arguments) or fails(value, arguments)


def _signature(
    name: str, takes: str, gives: str, result: Result, fails: Fails, *, is_list: bool
) -> Signature:
    # `concat` takes a list as its argument, `join` prints whatever it gets.
    careful = is_list and name not in ("join", "concat", "first", "last")
    return Signature(
        name, takes, gives, _or_nil(result) if careful else result, _or_fails(fails) if careful else fails
    )


def _table() -> dict[str, Signature]:
    groups = (
        ("any value, as printed", _TEXT_ROWS),
        ("a number", _NUMBER_ROWS),
        ("a list", _LIST_ROWS),
        ("any value", _ANY_ROWS),
    )
    return {
        name: _signature(name, takes, gives, result, fails, is_list=rows is _LIST_ROWS)
        for takes, rows in groups
        for names, gives, result, fails in rows
        for name in names
    }


SIGNATURES: dict[str, Signature] = _table()
