"""Time modifiers: `from`, `zone`, `time_of_day`, `within` and `write`, beside `as: timestamp`."""

from __future__ import annotations

import re

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.diagnostics.source import SpannedText
from mapper.language.document import MappingNode, Node, ScalarNode, SequenceNode
from mapper.language.forms import TEXT, TEXTS, LanguageKey
from mapper.language.nodes import kind_of, known_parts, optional_text, want_choice, want_text, want_texts
from mapper.language.spec import Window, WrittenTime
from mapper.runtime.times.times import EPOCH_UNITS

WRITTEN_NAMES = ("iso8601", *EPOCH_UNITS)
_WRITE_HINT = 'write `{precision: s}`, `{pattern: "%d.%m.%Y", zone: UTC}`, or a word such as `epoch_ms`'
PRECISIONS = ("s", "ms", "us", "ns")
_WRITE_KEYS = ("precision", "pattern", "zone")
# Other names of the named formats, in lower case without punctuation.
_NEAR_NAMES = {
    **dict.fromkeys(
        ("epoch", "unix", "unixtime", "unixtimestamp", "timestamp", "posix", "seconds"), "epoch_s"
    ),
    **dict.fromkeys(("epochseconds", "epochsec", "epochsecs", "unixs", "unixseconds", "sec"), "epoch_s"),
    **dict.fromkeys(("epochmillis", "epochmilliseconds", "millis", "milliseconds", "unixms"), "epoch_ms"),
    **dict.fromkeys(("unixmillis", "unixmilli", "epochmilli", "timestampms", "ms", "java"), "epoch_ms"),
    **dict.fromkeys(("epochmicros", "epochmicroseconds", "micros", "microseconds", "unixus"), "epoch_us"),
    **dict.fromkeys(("epochnanos", "epochnanoseconds", "nanos", "nanoseconds", "unixns"), "epoch_ns"),
    **dict.fromkeys(("iso", "isodate", "isodatetime", "isotimestamp", "rfc3339", "datetime"), "iso8601"),
    **dict.fromkeys(("fulldate", "day", "isoday"), "date"),
}

TIME_MODIFIERS: dict[str, LanguageKey] = {
    "from": LanguageKey(
        TEXTS,
        "How a time is written: iso8601, iso8601_minutes, iso8601_comma, date, epoch_s, epoch_ms, epoch_us,"
        " epoch_ns, or a strptime pattern.",
    ),
    "zone": LanguageKey(TEXT, "What zone-less times mean: UTC, +05:30, Asia/Kolkata."),
    "time_of_day": LanguageKey(
        {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$"},
        "The time of day of a date (`from: date`), such as 12:00.",
    ),
    "within": LanguageKey(
        {"type": "array", "items": {"type": ["string", "null"]}, "minItems": 2, "maxItems": 2},
        "A window; a time outside counts as missing. Bounds may be relative to received_at.",
    ),
    "write": LanguageKey(
        {
            "anyOf": [
                {"enum": list(WRITTEN_NAMES)},
                {
                    "type": "object",
                    "properties": {"precision": {"enum": list(PRECISIONS)}},
                    "required": ["precision"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"pattern": TEXT, "zone": TEXT},
                    "required": ["pattern"],
                    "additionalProperties": False,
                },
            ]
        },
        "How the time is written: as a count since 1970, with a precision, or by a pattern.",
    ),
}


def read_formats(parts: dict[str, Node], report: Report) -> tuple[SpannedText, ...]:
    """The texts of `from`; none if it is absent."""
    return (want_texts(parts["from"], "`from`", report) or ()) if "from" in parts else ()


def read_window(parts: dict[str, Node], report: Report) -> Window | None:
    """The two bounds of `within`."""
    node = parts.get("within")
    if node is None:
        return None
    if not isinstance(node, SequenceNode) or len(node.items) != 2:
        report.error(
            "M117",
            "`within` must be a list of two bounds",
            node.span,
            f"this is {kind_of(node)}",
            "write `within: [2000-01-01, received_at + 1d]`",
        )
        return None
    low, high = (_bound(item, report) for item in node.items)
    return Window(low, high, node.span)


def _bound(node: Node, report: Report) -> SpannedText | None:
    if isinstance(node, ScalarNode) and node.value is None:
        return None
    return want_text(node, "a bound of `within`", report)


def read_write(parts: dict[str, Node], report: Report) -> WrittenTime | None:
    """The form of `write`."""
    node = parts.get("write")
    if node is None:
        return None
    if isinstance(node, MappingNode):
        return _written_parts(node, report)
    if isinstance(node, ScalarNode) and "%" in node.text.value:
        hint = f'write `{{pattern: "{node.text.value}"}}`'
        report.error("M114", "a pattern without `pattern:`", node.span, "`write` takes a word here", hint)
        return None
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        message = "`write` must be a word or key-value pairs"
        report.error("M107", message, node.span, f"this is {kind_of(node)}", _WRITE_HINT)
        return None
    if node.value in WRITTEN_NAMES:
        return WrittenTime(name=node.value)
    hint = format_hint(node.value, WRITTEN_NAMES)
    report.error("M114", f"unknown `write`: `{node.value}`", node.span, "no such form", hint)
    return None


def format_hint(name: str, known: tuple[str, ...]) -> str:
    """The known format that an unknown one means, or all of them."""
    near = re.sub(r"[^a-z0-9]", "", name.lower())
    meant = {each.replace("_", ""): each for each in known}.get(near) or _NEAR_NAMES.get(near)
    if meant in known:
        return f"did you mean `{meant}`?"
    if "yy" in near or "ddmm" in near or "mmdd" in near:
        return "patterns are written with `%`, such as `%Y-%m-%d %H:%M:%S`"
    return did_you_mean(name, known) or "named formats are " + ", ".join(f"`{each}`" for each in known)


def _written_parts(node: MappingNode, report: Report) -> WrittenTime | None:
    parts = known_parts(node, _WRITE_KEYS, "`write`", report)
    if "precision" not in parts and "pattern" not in parts:
        if len(parts) == len(node.entries):  # an unknown key is reported
            label = "no `precision` and no `pattern`"
            report.error("M106", "`write` without a form", node.span, label, _WRITE_HINT)
        return None
    for key in ("zone", "pattern"):
        if key in parts and "precision" in parts:
            reason = "a time with a precision is RFC 3339 in UTC"
            report.error(
                "M113", f"`{key}` beside `precision`", parts[key].span, reason, "remove one of the two"
            )
    precision = (
        want_choice(parts["precision"], "precision", PRECISIONS, report) if "precision" in parts else None
    )
    pattern, zone = (optional_text(parts, key, report) for key in ("pattern", "zone"))
    return WrittenTime(precision=precision, pattern=pattern, zone=zone)
