"""Example texts: short texts that have some facts, made from formats and from the languages of patterns.

Each text is tested before it is given, because a language may hold too many texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from mapper.budget import spend
from mapper.checker.types.facts import Texts
from mapper.checker.types.text_facts import fits
from mapper.checker.types.text_languages import HEX_DIGESTS, texts_of
from mapper.regex.characters import ECMA_SPACE
from mapper.regex.examples import MAX_LENGTH, examples
from mapper.regex.languages import ANYTHING, intersection, many

_SIMPLE = (
    "",
    " ",
    "x",
    "0",
    "1",
    "abc",
    "2026-11-23T20:00:00Z",
    "1795464000",
    "true",
    "2026-11-23",
    "1970-01-01T00:00:00Z",
)
# Texts of the formats of JSON Schema 2020-12 §7.3, the shortest first, and of those of the language.
_OF_FORMAT: dict[str, tuple[str, ...]] = {
    "date-time": (
        "2026-11-23T20:00:00Z",
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.000Z",
        "2026-11-23t20:00:00.5+05:30",
    ),
    "date": ("2026-11-23", "1970-01-01", "9999-12-31"),
    "time": ("20:00:00Z", "00:00:00.5+05:30"),
    "duration": ("P1D", "PT1H30M", "P1Y2M3DT4H5M6S", "P2W"),
    "email": ("a@b.co", "ann.lee+1@example.com", "a@example.org"),
    "idn-email": ("a@b.co", "ünal@例え.jp"),
    "hostname": ("a.co", "example.com", "www.example.org", "localhost"),
    "idn-hostname": ("a.co", "例え.jp"),
    "ipv4": ("1.2.3.4", "127.0.0.1", "255.255.255.255"),
    "ipv6": ("::1", "::", "2001:db8::ff00:42:8329", "::ffff:1.2.3.4"),
    "uri": ("a:b", "https://a.co", "https://example.com/a/b?c=1#d", "mailto:a@b.co", "urn:x:1"),
    "uri-reference": ("a", "/a", "https://a.co", "?b=1", ""),
    "iri": ("a:b", "https://a.co", "https://例え.jp/é"),
    "iri-reference": ("a", "/é", "https://a.co", ""),
    "uuid": ("00000000-0000-0000-0000-000000000000", "6f1c2a9e-5b7d-4e8f-9a0b-1c2d3e4f5a6b"),
    "uri-template": ("a", "/a/{b}", "https://a.co/{c}{?d}"),
    "json-pointer": ("", "/a", "/a/0/b~1c"),
    "relative-json-pointer": ("0", "1/a", "2#"),
    "regex": ("a", "", "^a+$", "[0-9]{2}"),
    "canonical-time": ("2026-11-23T20:00:00.000Z",),
    "time-to-seconds": ("2026-11-23T20:00:00Z",),
    "time-to-microseconds": ("2026-11-23T20:00:00.000000Z",),
    "time-to-nanoseconds": ("2026-11-23T20:00:00.000000000Z",),
    "numeral": ("0", "1", "-1", "0.5", "1e5", "1795464000"),
    "whole-numeral": ("0", "1", "-1", "10", "1795464000"),
    **{name: ("0" * digits, ("0123456789abcdef" * 8)[:digits]) for name, digits in HEX_DIGESTS.items()},
}
# Patterns of many texts of a format, but not all: they are combined with other patterns and with lengths.
_DATE = "20[0-9]{2}-(0[1-9]|1[0-2])-[012][1-8]"
_TIME = r"[01][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]0[0-9]:[03]0)"
_NAME = "[A-Za-z0-9]+([.-][A-Za-z0-9]+)*"
_REFERENCE = rf"^([a-z]+://{_NAME})?(/[A-Za-z0-9._-]*)*(\?[a-z0-9=&]*)?$"
_EMAIL = rf"^[A-Za-z0-9]+([.+_-][A-Za-z0-9]+)*@{_NAME}\.[a-z]{{2,}}$"
_HOST = r"^[a-z0-9]+([.-][a-z0-9]+)*\.[a-z]{2,}$"
_PATTERNS = {
    "date-time": f"^{_DATE}T{_TIME}$",
    "date": f"^{_DATE}$",
    "time": f"^{_TIME}$",
    "duration": r"^P([0-9]{1,3}Y)?([0-9]{1,3}M)?[0-9]{1,3}D(T[0-9]{1,3}H([0-9]{1,3}M([0-9]{1,3}S)?)?)?$",
    "email": _EMAIL,
    "idn-email": _EMAIL,
    "hostname": _HOST,
    "idn-hostname": _HOST,
    "ipv4": r"^(1?[0-9]{1,2}|2[0-4][0-9])(\.(1?[1-9]?[0-9]|2[0-4][0-9])){3}$",
    "ipv6": r"^([1-9a-f][0-9a-f]{0,3}:){7}[1-9a-f][0-9a-f]{0,3}$",
    "uri": rf"^([a-z]+://{_NAME}(:[0-9]{{1,4}})?(/[A-Za-z0-9._-]*)*(\?[a-z0-9=&]*)?|[a-z]+:[A-Za-z0-9@.:-]+)$",
    "iri": rf"^[a-z]+://{_NAME}(/[A-Za-z0-9._-]*)*(\?[a-z0-9=&]*)?$",
    "uri-reference": _REFERENCE,
    "iri-reference": _REFERENCE,
    "uuid": r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    "uri-template": r"^[A-Za-z0-9/._-]*(\{[a-z]+\})?[A-Za-z0-9/._-]*$",
    "json-pointer": r"^(/[A-Za-z0-9_-]*)*$",
    "relative-json-pointer": r"^(0|[1-9][0-9]*)(#|(/[A-Za-z0-9_-]*)*)$",
    "regex": r"^[A-Za-z0-9]*$",
    "numeral": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$",
    "whole-numeral": r"^-?[0-9]+$",
    **{name: rf"^[0-9a-f]{{{digits}}}$" for name, digits in HEX_DIGESTS.items()},
}


def example_texts(texts: Texts) -> Iterator[str]:
    """Different texts with all the facts, plain and short ones first."""
    if texts.values is not None:
        yield from sorted(texts.values, key=lambda value: (len(value), value))
        return
    seen: set[str] = set()
    for text in _tried(texts):
        spend()
        if text not in seen and fits(text, texts):
            seen.add(text)
            yield text


def _tried(texts: Texts) -> Iterator[str]:
    if not any(name in _PATTERNS for name in texts.formats):
        yield from _SIMPLE
    for name in sorted(texts.formats):
        yield from _OF_FORMAT.get(name, ())
    lengths = {texts.shortest, texts.longest or 0}
    for length in sorted(lengths):
        if 0 < length <= MAX_LENGTH:
            yield from (character * length for character in "x0a ")
    yield from _matching_all(texts)


def _matching_all(texts: Texts) -> Iterator[str]:
    """Texts that match all patterns, those of the formats among them."""
    patterns = [
        *sorted(texts.patterns, key=str),
        *(_PATTERNS[n] for n in sorted(texts.formats) if n in _PATTERNS),
    ]
    # Few of many patterns would be tied at both ends, which makes automata small: they come first.
    languages = sorted(map(texts_of, patterns), key=lambda language: len(language.edges))
    if texts.blank is True:
        languages.append(many(ECMA_SPACE))
    if languages or texts.shortest > 0:
        yield from examples(reduce(intersection, languages, ANYTHING), texts.shortest, texts.longest)
