"""Filters: the functions behind `{{ value | name: arguments }}`, each with a row of all that is known of it.

They do what python-liquid's do, except those whose results depended on the host (date), grew without bound
(replace, join), printed Python (append, join), mixed up 0 and false (where, find) or needed quadratic time
(uniq). The library itself is not imported: its package takes 40 ms, with asyncio, babel and dateutil, and a
service whose templates are all lowered starts without it. All are pure, and no message holds a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mapper.runtime.blank import is_blank_text
from mapper.runtime.faults import Fault
from mapper.runtime.liquid.filters import digests, lists, numbers, texts, values
from mapper.runtime.liquid.filters.row import FilterRow, Function, Gives
from mapper.runtime.liquid.filters.values import date_of_moment
from mapper.runtime.liquid.semantics import to_text
from mapper.runtime.missing import MISSING

ROWS: Mapping[str, FilterRow] = MappingProxyType(
    {
        row.name: row
        for module in (texts, numbers, lists, values, digests)
        for row in vars(module).values()
        if isinstance(row, FilterRow)
    }
)
FILTERS: Mapping[str, Function] = MappingProxyType({name: row.function for name, row in ROWS.items()})


def _of_something(row: FilterRow) -> Function:
    # `default` is the filter that replaces nothing.
    if row.gives is Gives.DEFAULTED:
        return row.function

    def call(value: object, *args: object, **kwargs: object) -> object:
        if row.is_digest and any(is_blank_text(to_text(each)) for each in (value, *args)):
            return MISSING
        for given in (value, *args, *kwargs.values()):
            if given is None or given is MISSING:
                return given
        return row.function(value, *args, **kwargs)

    return call


# The filters of `compute`: the result of nothing, as value or as argument, is the same nothing, not "" or 0.
# A digest, which would be the same for everybody, is missing if the value or the key is null or blank too.
COMPUTED: Mapping[str, Function] = MappingProxyType({name: _of_something(row) for name, row in ROWS.items()})


def computed_date_of_moment(value: object, *args: object, **kwargs: object) -> object:
    """`date_of_moment` of `compute`."""
    nothing = [given for given in (value, *args) if given is None or given is MISSING]
    return nothing[0] if nothing else date_of_moment(value, *args, **kwargs)


def apply(function: Function, site: int, value: object, *args: object, **kwargs: object) -> object:
    """The filter's result; any error inside is a Fault at `site` that holds no payload value."""
    try:
        return function(value, *args, **kwargs)
    except RecursionError:
        raise
    except Exception as error:
        raise fault_of(error, site) from None


def fault_of(error: Exception, site: int) -> Fault:
    """The Fault of an error in a filter."""
    if isinstance(error, Fault):
        return Fault(error.code, site, error.detail)
    if isinstance(error, UnicodeEncodeError):
        return Fault("M618", site, "the text holds half of a surrogate pair")
    if isinstance(error, TypeError):
        return Fault("M618", site, "a value or an argument is not of the type the filter takes")
    return Fault("M618", site, "the filter cannot work with this value")
