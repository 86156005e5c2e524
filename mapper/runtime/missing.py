"""Missing: the sentinels of values that are not there."""

from __future__ import annotations

from enum import Enum


class Nothing(Enum):
    """Single values compared with `is`; they pickle and copy to themselves."""

    MISSING = "missing"  # no value at all (RFC 9535 "Nothing"); differs from None
    INVALID = "invalid"  # a cast that failed

    def __repr__(self) -> str:
        return self.name


MISSING = Nothing.MISSING
INVALID = Nothing.INVALID
