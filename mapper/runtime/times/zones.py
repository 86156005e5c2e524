"""Zones: names and offsets become time zones. No zone is guessed, and none depends on the host's settings."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

OFFSET = r"[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?"
_is_offset = re.compile(r"[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]").fullmatch
_is_zone_name = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}").fullmatch
# Files of a zone directory that are no zones: the host's own, and copies that count leap seconds.
_NOT_ZONES = frozenset({"localtime", "posix", "posixrules", "right", "Factory"})


def load_zone(name: str) -> tzinfo | None:
    """The zone of `UTC`, `Z`, an offset (`+05:30`, `-0800`) or an IANA name; None if there is none."""
    if name == "Z":
        return UTC
    return parse_offset(name) if _is_offset(name) else load_named_zone(name)


@lru_cache(maxsize=64)
def load_named_zone(name: str) -> tzinfo | None:
    """The zone of `UTC` or an IANA name; None if there is none."""
    if name == "UTC":
        return UTC
    if not _is_zone_name(name) or name.partition("/")[0] in _NOT_ZONES:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such file, or one that is no zone (a directory)
        return None


@lru_cache(maxsize=256)
def parse_offset(text: str) -> tzinfo:
    """The zone of `Z`, `+05`, `+0530`, `+05:30` or `+053028`; other texts have no meaning here."""
    if text in ("Z", "z"):
        return UTC
    digits = text[1:].replace(":", "").ljust(6, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))
    return timezone(-ahead if text[0] == "-" else ahead) if ahead else UTC
