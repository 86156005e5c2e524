"""Faults: how generated code says that an item cannot become an event."""

from __future__ import annotations

import reprlib
from typing import Any, TypeAlias

from mapper.runtime.missing import MISSING

# What a fault says: its code, its site, its detail, and the value it is about, which cannot change any more.
FaultRecord: TypeAlias = tuple[str, int, str, Any]

_UNCHANGEABLE = frozenset({str, int, float, bool, type(None), type(MISSING)})


class Fault(Exception):
    """Stops one item. `code` is a registered M6xx code, `site` an index into the module's SITES.

    `detail` completes the headline and never holds payload values; `value` is kept apart for `--show-values`.
    """

    __slots__ = ("code", "detail", "site", "value")

    def __init__(self, code: str, site: int, detail: str = "", value: object = MISSING) -> None:
        # All that Python shows of an exception, so not the value. To call the base is much slower.
        self.args = (code,)
        self.code = code
        self.site = site
        self.detail = detail
        self.value = value


class Refused(Exception):
    """Raised where an event does not fit its schema, or holds what JSON cannot; `event` is the event."""

    def __init__(self, event: object) -> None:
        super().__init__()
        self.event = event


class Skip(Exception):
    """Raised where a template of a dialect says `{% abort %}`: the item is skipped, not rejected."""

    def __init__(self, site: int = -1, reason: str = "aborted by the template") -> None:
        super().__init__(reason)
        self.site = site
        self.reason = reason


class Misfit:
    """An event that does not fit the target schema."""

    __slots__ = ("event",)

    def __init__(self, event: object) -> None:
        self.event = event


# What is told of an item that is no object, where items have to be objects.
NO_OBJECT: FaultRecord = ("M604", -1, "", MISSING)


class Shown(str):
    """The text of a value that might be changed before it is shown."""

    __slots__ = ()


def record_fault(fault: Fault) -> FaultRecord:
    """What a fault says, without the frames and the payload that hang on it."""
    value = fault.value
    return fault.code, fault.site, fault.detail, value if type(value) in _UNCHANGEABLE else Shown(show(value))


def record_plain_fault(fault: Fault) -> FaultRecord | None:
    """As `record_fault`; None of a fault about a value that may be decoded in part."""
    value = fault.value
    if type(value) in _UNCHANGEABLE:
        return fault.code, fault.site, fault.detail, value
    return (fault.code, fault.site, fault.detail, Shown(show(value))) if _is_whole(value) else None


def _is_whole(value: object) -> bool:
    """Whether a value is decoded as a whole: an object that is, is a dict."""
    if type(value) is list:
        return all(map(_is_whole, value))
    return type(value) is dict or type(value) in _UNCHANGEABLE


def show(value: object) -> str:
    """A value as Python writes it, shortened; never raises, though the value may."""
    try:
        return reprlib.repr(value)
    except Exception:  # too many digits for Python, or a type of the host's own
        return "<cannot be shown>"
