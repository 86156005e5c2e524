"""Formats: checks of the forms that a JSON Schema `format` names.

All agree with jsonschema but `date-time`, `time`, `uuid` and `regex`; and a `hostname`, `uri`,
`uri-reference` or `uri-template` has no white space and no control character in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from mapper.runtime.times.calendar import DATE

# The formats of 2020-12, all of which are checked. Any other is a note: every text has it.
CHECKED = frozenset(
    {
        *("date", "date-time", "duration", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6"),
        *("iri", "iri-reference", "json-pointer", "regex", "relative-json-pointer", "time", "uri"),
        *("uri-reference", "uri-template", "uuid"),
    }
)
MAX_SYNTAX = 10_000  # characters of a text that may be a regular expression or a template of URIs
_PRIVATE = "[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]"  # compiled when first needed: 4 ms
_BEYOND_ASCII = (
    "[\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U000e1000-\U000efffd"
    + "".join(f"{chr(plane * 0x10000)}-{chr(plane * 0x10000 + 0xFFFD)}" for plane in range(1, 14))
    + "]"
)

_OFFSET = r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
TIME_OF_DAY = rf"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?{_OFFSET}"

# RFC 3339 §5.6. jsonschema's validators let a line feed follow, which `as: timestamp` could not read.
DATE_TIME = f"{DATE}[Tt]{TIME_OF_DAY}"
_DATE_TIME = re.compile(rf"{DATE_TIME}\Z", re.ASCII)
is_date_time = _DATE_TIME.match
is_time = re.compile(rf"{TIME_OF_DAY}\Z", re.ASCII).match

# RFC 9562 §4. jsonschema's validator also lets `_`, white space and other digits stand in it.
UUID = "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
is_uuid = re.compile(rf"{UUID}\Z").match


def conforms(text: str, name: str) -> bool:
    """Return True if a text has a format; every text has an unknown one.

    Formats that need more than a line are checked by jsonschema, whose import takes 100 ms.
    """
    own = _OWN.get(name)
    return bool(format_checker().conforms(text, name) if own is None else own(text))


def is_uri(text: str) -> bool:
    """Return True for an absolute URI (RFC 3986)."""
    return bool(format_checker().conforms(text, "uri"))


@cache
def format_checker() -> Any:
    """The checker of draft 2020-12; it must know every format, or data would pass unchecked.

    Formats that it checks in more than linear time, or far too slowly, are checked here.
    """
    from mapper.runtime.schema.draft import Draft202012Validator, FormatChecker

    known = Draft202012Validator.FORMAT_CHECKER.checkers
    missing = {"date-time", "uri", "uri-reference", "hostname", "json-pointer"} - set(known)
    if missing:
        raise RuntimeError(f"`jsonschema[format-nongpl]` is not installed: no check of {sorted(missing)}")
    checker = FormatChecker(())
    own = {name: _of_texts(check) for name, check in _OWN.items()}
    own |= {"iri": _is_iri, "iri-reference": _is_iri_reference}
    own |= {name: _of_marks(known[name][0]) for name in _OF_MARKS & known.keys()}
    own["uri-template"] = _if_short(own["uri-template"])
    for name, (check, raises) in known.items():
        checker.checkers[name] = own.get(name, check), raises
    return checker


def _of_marks(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return _of_texts(lambda text: not _NO_MARK(text) and check(text))


def _of_texts(check: Callable[[str], object]) -> Callable[[object], bool]:
    """The check of a format, for any value: one that is not a text has every format."""
    return lambda value: not isinstance(value, str) or bool(check(value))


def _if_short(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return _of_texts(lambda text: len(text) <= MAX_SYNTAX and check(text))


def _is_regex(text: str) -> bool:
    """Return True for a pattern of ECMA-262 with the flag `u` (JSON Schema 2020-12 §7.3.8)."""
    from mapper.regex.reading import is_ecma  # a service without patterns starts without it

    return len(text) <= MAX_SYNTAX and is_ecma(text)


# jsonschema's validators let a line feed follow the first three, and all of these stand in the last.
_OF_MARKS = frozenset({"hostname", "uri", "uri-reference", "uri-template"})
_NO_MARK = re.compile(r"[\x00-\x20\x7f]").search


def _is_iri(value: object) -> bool:
    return not isinstance(value, str) or bool(format_checker().conforms(_as_uri(value), "uri"))


def _is_iri_reference(value: object) -> bool:
    return not isinstance(value, str) or bool(format_checker().conforms(_as_uri(value), "uri-reference"))


def _as_uri(text: str) -> str:
    """An IRI with `_` for each character that URIs lack (RFC 3987 §2.2): a URI if it was an IRI."""
    before, hash_sign, fragment = text.partition("#")
    path, question_mark, query = before.partition("?")
    whole = path + question_mark + re.sub(_PRIVATE, "_", query) + hash_sign + fragment
    return re.sub(_BEYOND_ASCII, "_", whole)


def _has_at_sign(text: str) -> bool:
    return "@" in text


_OWN: dict[str, Callable[[str], object]] = {
    "date-time": is_date_time,
    "email": _has_at_sign,
    "idn-email": _has_at_sign,
    "regex": _is_regex,
    "time": is_time,
    "uuid": is_uuid,
}
