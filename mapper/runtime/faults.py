"""Faults: the reasons with which generated code ends an item that cannot become an event."""

from __future__ import annotations

import reprlib
from typing import Any, TypeAlias

from mapper.runtime.missing import MISSING

# The code, the site, the detail, the value and the field of a fault; the value cannot change any more.
FaultRecord: TypeAlias = tuple[str, int, str, Any, str]

_UNCHANGEABLE = frozenset({str, int, float, bool, type(None), type(MISSING)})


class Fault(Exception):
    """Stops one item. `code` is a registered M6xx code, `site` an index into the module's SITES.

    `detail` completes the headline and never holds payload values; `value` is kept apart for `--show-values`.
    `field` is the field of the event that was being set, if the site belongs to a var that others read too.
    """

    __slots__ = ("code", "detail", "field", "site", "value")

    def __init__(self, code: str, site: int, detail: str = "", value: object = MISSING) -> None:
        # All that Python shows of an exception, so not the value. To call the base is much slower.
        self.args = (code,)
        self.code = code
        self.site = site
        self.detail = detail
        self.value = value
        self.field = ""


class InvalidEvent(Exception):
    """An event that does not fit its schema, or that holds a value JSON cannot represent.

    Generated code raises it; for an item among others it is the outcome of the narrow path.
    """

    def __init__(self, event: object) -> None:
        super().__init__()
        self.event = event


class Skip(Exception):
    """Raised by `{% abort %}` in a template of a dialect: the item is skipped, not rejected."""

    def __init__(self, site: int = -1, reason: str = "aborted by the template") -> None:
        super().__init__(reason)
        self.site = site
        self.reason = reason


# The fault of an item that is not an object although items must be.
NO_OBJECT: FaultRecord = ("M604", -1, "", MISSING, "")


class Shown(str):
    """The text of a value that might be changed before it is shown."""

    __slots__ = ()


def record_fault(fault: Fault) -> FaultRecord:
    """The content of a fault. The exception itself would keep frames alive, and through them the payload."""
    value = fault.value
    shown = value if type(value) in _UNCHANGEABLE else Shown(show(value))
    return fault.code, fault.site, fault.detail, shown, fault.field


def record_plain_fault(fault: Fault) -> FaultRecord | None:
    """As `record_fault`, for the narrow path: None if the value of the fault may be decoded only in part."""
    value = fault.value
    if type(value) in _UNCHANGEABLE:
        return fault.code, fault.site, fault.detail, value, fault.field
    if not _is_whole(value):
        return None
    return fault.code, fault.site, fault.detail, Shown(show(value)), fault.field


def _is_whole(value: object) -> bool:
    """Return True if a value is decoded as a whole: then its objects are dicts."""
    if type(value) is list:
        return all(map(_is_whole, value))
    return type(value) is dict or type(value) in _UNCHANGEABLE


def show(value: object) -> str:
    """A value as Python writes it, shortened; never raises, though the value may."""
    try:
        return reprlib.repr(value)
    except Exception:  # too many digits for Python, or a type of the host's own
        return "<cannot be shown>"
