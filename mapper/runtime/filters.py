"""Filters at run time: the functions behind `{{ value | name: arguments }}`, lowered or interpreted.

Most are python-liquid's own. Those replaced here are the ones whose results depended on the host (date), grew
without bound (replace, join), printed Python (append, join), mixed up 0 and false (where, find) or needed
quadratic time (uniq). All are pure, and no message holds a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache, partial, wraps
from inspect import Parameter, signature
from types import MappingProxyType

from liquid import Environment
from liquid.exceptions import FilterArgumentError, OutputStreamLimitError
from liquid.limits import to_int
from liquid.undefined import Undefined

from mapper.runtime import text, text_filters, value_filters
from mapper.runtime.faults import Fault
from mapper.runtime.limits import active
from mapper.runtime.nothing import MISSING
from mapper.runtime.text import to_text
from mapper.runtime.value_filters import failed

UNDEFINED = Undefined("")
Function = Callable[..., object]

# An integer of more bits has more decimal digits than Python prints.
_INTEGER_BITS = 14_000


def apply(function: Function, site: int, value: object, *args: object, **kwargs: object) -> object:
    """The filter's result; whatever goes wrong inside is a Fault at `site` that holds no payload value."""
    try:
        given = [UNDEFINED if arg is MISSING else arg for arg in args]
        for name, arg in kwargs.items():
            kwargs[name] = UNDEFINED if arg is MISSING else arg
        result = function(UNDEFINED if value is MISSING else value, *given, **kwargs)
    except RecursionError:
        raise
    except Exception as error:
        raise fault_of(error, site) from None
    return MISSING if isinstance(result, Undefined) else result


def fault_of(error: Exception, site: int) -> Fault:
    """The Fault that stands for an error of a filter."""
    if isinstance(error, Fault):
        return Fault(error.code, site, error.detail)
    if isinstance(error, OutputStreamLimitError):
        return text.length_fault(site)
    if isinstance(error.__cause__, ZeroDivisionError):
        return Fault("M618", site, "division by zero")
    if isinstance(error, FilterArgumentError | TypeError):
        return Fault("M618", site, "a value or an argument is not of the type the filter takes")
    return Fault("M618", site, "the filter cannot work with this value")


def _textual(function: Function, *, grows: bool) -> Function:
    # A filter of texts: value and arguments are written as Liquid prints them.
    @wraps(function)
    def call(value: object, *args: object, **kwargs: object) -> object:
        result = function(to_text(value), *args, **kwargs)
        return _bounded(result) if grows else result

    return call


def _checked(function: Function) -> Function:
    # A filter of lists or numbers: no endless ranges in, nothing oversized or infinite out.
    @wraps(function)
    def call(value: object, *args: object, **kwargs: object) -> object:
        if isinstance(value, range) and text.length_of(value) > active().text_length:
            text.too_long(-1)
        return _bounded(function(value, *args, **kwargs))

    return call


def _numeric(function: Function) -> Function:
    # A boolean is no number: like anything else that is none, it counts as 0.
    @wraps(function)
    def call(value: object, *args: object) -> object:
        given = [0 if isinstance(arg, bool) else arg for arg in args]
        return _bounded(function(0 if isinstance(value, bool) else value, *given))

    return call


def _bounded(result: object) -> object:
    if isinstance(result, str | list | tuple) and len(result) > active().text_length:
        text.too_long(-1)
    if isinstance(result, float) and not math.isfinite(result):
        raise failed("the result is not a finite number")
    if isinstance(result, int) and result.bit_length() > _INTEGER_BITS:
        raise failed("the result has too many digits")
    return result


def _number_text(function: Function) -> Function:
    # Arguments such as `truncate: 5, end`: the end is written as Liquid prints it.
    @wraps(function)
    def call(value: str, *args: object) -> object:
        given = args[0] if args else _FIRST_ARGUMENT[function.__name__]
        end = args[1] if len(args) > 1 else "..."
        if isinstance(given, float):
            given = int(given)
        if not isinstance(given, str | int) or isinstance(given, bool):
            raise FilterArgumentError("expected a whole number", token=None)
        return function(value, to_int(given), to_text(end))

    return call


_FIRST_ARGUMENT = {"truncate": 50, "truncatewords": 15}
_PLAIN = Environment()
_LIBRARY: dict[str, Function] = {
    name: partial(function, environment=_PLAIN) if getattr(function, "with_environment", False) else function
    for name, function in _PLAIN.filters.items()
}
_STEADY = ("capitalize", "downcase", "lstrip", "rstrip", "strip", "strip_newlines", "upcase", "squish")
_GROWING = (
    "base64_decode",
    "base64_encode",
    "base64_url_safe_decode",
    "base64_url_safe_encode",
    "escape",
    "escape_once",
    "escapejs",
    "newline_to_br",
    "url_decode",
    "url_encode",
)
_NUMERIC = ("abs", "at_least", "at_most", "ceil", "divided_by", "floor", "minus", "modulo", "plus", "times")
_LISTS = ("concat", "first", "last", "reverse", "sort")
_OWN_TEXTS = (
    text_filters.append,
    text_filters.prepend,
    text_filters.remove,
    text_filters.remove_first,
    text_filters.remove_last,
    text_filters.replace,
    text_filters.replace_first,
    text_filters.replace_last,
    text_filters.split,
    text_filters.strip_html,
)
_OWN: dict[str, Function] = {
    "compact": value_filters.compact,
    "default": value_filters.default,
    "find": value_filters.find,
    "find_index": value_filters.find_index,
    "has": value_filters.has,
    "join": value_filters.join,
    "json": value_filters.json,
    "map": value_filters.map_,
    "reject": value_filters.reject,
    "slice": value_filters.slice_,
    "sort_natural": value_filters.sort_natural,
    "sum": value_filters.sum_,
    "uniq": value_filters.uniq,
    "where": value_filters.where,
}

FILTERS: Mapping[str, Function] = MappingProxyType(
    {
        **{name: _textual(_LIBRARY[name], grows=False) for name in _STEADY},
        **{name: _textual(_LIBRARY[name], grows=True) for name in _GROWING},
        **{function.__name__: _textual(function, grows=True) for function in _OWN_TEXTS},
        **{name: _textual(_number_text(_LIBRARY[name]), grows=True) for name in _FIRST_ARGUMENT},
        **{name: _numeric(_LIBRARY[name]) for name in _NUMERIC},
        **{name: _checked(_LIBRARY[name]) for name in _LISTS},
        "round": _numeric(value_filters.round_),
        **{name: _checked(function) for name, function in _OWN.items()},
        "size": value_filters.size,
        "date": value_filters.date,
        "date_tz": value_filters.date_tz,
    }
)


@cache
def parameters_of(name: str) -> tuple[Parameter, ...]:
    """The arguments a filter takes after the value, in order."""
    given = list(signature(FILTERS[name]).parameters.values())[1:]
    return tuple(p for p in given if p.name != "environment")
