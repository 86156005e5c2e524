"""Formats: text in, whether it has the form a JSON Schema `format` names; in agreement with jsonschema."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

_DAYS = (
    r"(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    r"|02-(?:0[1-9]|1\d|2[0-8])"
)
_LEAP_YEAR = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?"
_OFFSET = r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"

# One expression holds the calendar too, so a check is one call. jsonschema's validator ends in `$`, which
# lets one line feed follow; a schema that minds says so with a `pattern`.
_DATE_TIME = re.compile(
    rf"(?!0000)(?:\d{{4}}-(?:{_DAYS})|{_LEAP_YEAR}-02-29)[Tt]{_TIME}{_OFFSET}\n?\Z", re.ASCII
)
is_date_time = _DATE_TIME.match

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z", re.ASCII | re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID; odd spellings that Python's `UUID` reads are judged as by jsonschema."""
    if _UUID.match(text):
        return True
    try:
        UUID(text)
    except ValueError:
        return False
    return all(text[position] == "-" for position in (8, 13, 18, 23))


def is_uri(text: str) -> bool:
    """Whether a text is an absolute URI (RFC 3986)."""
    return bool(format_checker().conforms(text, "uri"))


def format_checker() -> Any:
    """The checker of draft 2020-12; it must know every format, or data would pass unchecked."""
    from jsonschema import Draft202012Validator

    checker = Draft202012Validator.FORMAT_CHECKER
    missing = {"date-time", "uri", "uri-reference", "hostname", "json-pointer"} - set(checker.checkers)
    if missing:
        raise RuntimeError(f"`jsonschema[format-nongpl]` is not installed: no check of {sorted(missing)}")
    return checker
