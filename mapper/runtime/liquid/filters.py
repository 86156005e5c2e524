"""Filters at run time: the functions behind `{{ value | name: arguments }}`, lowered or interpreted.

They do what python-liquid's do, except those whose results depended on the host (date), grew without bound
(replace, join), printed Python (append, join), mixed up 0 and false (where, find) or needed quadratic time
(uniq). The library itself is not imported: its package takes 40 ms, with asyncio, babel and dateutil, and a
service whose templates are all lowered starts without it. All are pure, and no message holds a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache, wraps
from inspect import Parameter, signature
from types import MappingProxyType

from mapper.runtime.faults import Fault
from mapper.runtime.limits import active
from mapper.runtime.liquid import number_filters, text_filters, value_filters
from mapper.runtime.liquid import semantics as text
from mapper.runtime.liquid.number_filters import failed
from mapper.runtime.liquid.semantics import to_text

Function = Callable[..., object]

# An integer of more bits has more decimal digits than Python prints.
_INTEGER_BITS = 14_000


def apply(function: Function, site: int, value: object, *args: object, **kwargs: object) -> object:
    """The filter's result; whatever goes wrong inside is a Fault at `site` that holds no payload value."""
    try:
        return function(value, *args, **kwargs)
    except RecursionError:
        raise
    except Exception as error:
        raise fault_of(error, site) from None


def fault_of(error: Exception, site: int) -> Fault:
    """The Fault that stands for an error of a filter."""
    if isinstance(error, Fault):
        return Fault(error.code, site, error.detail)
    if isinstance(error, TypeError):
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


_STEADY_TEXTS = (
    text_filters.capitalize,
    text_filters.downcase,
    text_filters.lstrip,
    text_filters.rstrip,
    text_filters.squish,
    text_filters.strip,
    text_filters.strip_newlines,
    text_filters.upcase,
)
_TEXTS = (
    text_filters.append,
    text_filters.base64_decode,
    text_filters.base64_encode,
    text_filters.base64_url_safe_decode,
    text_filters.base64_url_safe_encode,
    text_filters.escape,
    text_filters.escape_once,
    text_filters.escapejs,
    text_filters.newline_to_br,
    text_filters.prepend,
    text_filters.remove,
    text_filters.remove_first,
    text_filters.remove_last,
    text_filters.replace,
    text_filters.replace_first,
    text_filters.replace_last,
    text_filters.split,
    text_filters.strip_html,
    text_filters.truncate,
    text_filters.truncatewords,
    text_filters.url_decode,
    text_filters.url_encode,
)
_NUMBERS: dict[str, Function] = {
    "abs": number_filters.abs_,
    "at_least": number_filters.at_least,
    "at_most": number_filters.at_most,
    "ceil": number_filters.ceil,
    "divided_by": number_filters.divided_by,
    "floor": number_filters.floor,
    "minus": number_filters.minus,
    "modulo": number_filters.modulo,
    "plus": number_filters.plus,
    "round": number_filters.round_,
    "times": number_filters.times,
}
_VALUES: dict[str, Function] = {
    "compact": value_filters.compact,
    "concat": value_filters.concat,
    "default": value_filters.default,
    "find": value_filters.find,
    "find_index": value_filters.find_index,
    "first": value_filters.first,
    "has": value_filters.has,
    "join": value_filters.join,
    "json": value_filters.json,
    "last": value_filters.last,
    "map": value_filters.map_,
    "reject": value_filters.reject,
    "reverse": value_filters.reverse,
    "slice": value_filters.slice_,
    "sort": value_filters.sort,
    "sort_natural": value_filters.sort_natural,
    "sum": value_filters.sum_,
    "uniq": value_filters.uniq,
    "where": value_filters.where,
}

FILTERS: Mapping[str, Function] = MappingProxyType(
    {
        **{function.__name__: _textual(function, grows=False) for function in _STEADY_TEXTS},
        **{function.__name__: _textual(function, grows=True) for function in _TEXTS},
        **{name: _numeric(function) for name, function in _NUMBERS.items()},
        **{name: _checked(function) for name, function in _VALUES.items()},
        "size": value_filters.size,
        "date": value_filters.date,
        "date_tz": value_filters.date_tz,
    }
)


@cache
def parameters_of(name: str) -> tuple[Parameter, ...]:
    """The arguments a filter takes after the value, in order."""
    return tuple(signature(FILTERS[name]).parameters.values())[1:]
