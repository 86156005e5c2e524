"""Limit inputs: for each limit an input of any share of it, shared by tests, benchmarks and documentation."""

from __future__ import annotations

from collections.abc import Callable

from mapper.runtime.limits import DEFAULT
from support.fixed_limits import FIXED
from support.frames import text_of
from support.json_values import nested
from support.limit_trials import LimitInput, Trial, body_of
from support.places import ROOT

WITHIN, BEYOND = 0.9, 1.1
REACHED = 0.8  # of its limit, by an input of WITHIN

# Of all work, dates in words take most for a unit, as far as is known.
_WORDS = ("Mon, " * 20)[:99]
_DATES = "{% assign d = envelope.s | date: '%Y' %}" * 4
_ROUNDS = "{% for i in (1..n) %}" + _DATES + "{% endfor %}"
_IN_A_ROUND = 117_500  # units of four dates, with what is around them


def _schema(size: int) -> Trial:
    text = (ROOT / "schemas" / "event.schema.json").read_text("utf-8")
    files = {"own.schema.json": text.rstrip() + " " * (size - len(text))}
    return Trial(head="target: own.schema.json\n", files=files)


_Given = tuple[str, Callable[[int], Trial]]

SETTINGS: dict[str, _Given] = {
    "body_bytes": ("M608", lambda n: Trial(body=body_of(a=1, s="x" * n))),
    "nesting": ("M606", lambda n: Trial("{a: $.x}", b'{"x":' + nested(n - 1) + b"}")),
    "items": ("M608", lambda n: Trial(body=b"[" + b",".join([b"{}"] * n) + b"]")),
    "values": ("M608", lambda n: Trial("{a: $.x}", body_of(x=[0] * (n - 2)))),
    "form_fields": ("M608", lambda n: Trial(body=b"&".join([b"a=1"] * n), head="body: {format: form}\n")),
    "path_matches": ("M608", lambda n: Trial("{a: '$.x..*'}", body_of(x=[0] * n))),
    "path_visits": ("M608", lambda n: Trial("{a: $.x..b}", body_of(x=[0] * (n - 2)))),
    "loop_rounds": ("M619", lambda n: Trial(text_of("{% for i in (1..n) %}x{% endfor %}"), body_of(n=n))),
    "text_length": ("M620", lambda n: Trial(text_of("{{ s | append: s }}"), body_of(s="x" * (n // 2)))),
    "event_bytes": (
        "M624",
        lambda n: Trial("{a: $.s, b: $.s, c: $.s, d: $.s, e: $.s}", body_of(s="x" * (n // 5))),
    ),
    "result_bytes": (
        "M625",
        lambda n: Trial("{a: {envelope: $.s}}", body_of(events=[{}] * (n // 1_000_000), s="x" * 1_000_000)),
    ),
    "item_work": ("M629", lambda n: Trial(text_of(_ROUNDS), body_of(n=n // _IN_A_ROUND, s=_WORDS))),
    "body_work": (
        "M630",
        lambda n: Trial(
            text_of(_DATES),
            body_of(events=[{}] * (n // _IN_A_ROUND), s=_WORDS),
        ),
    ),
    "mapping_bytes": ("M010", lambda n: Trial(tail="# " + "x" * (n - 300) + "\n")),
    "mapping_nodes": (
        "M110",
        lambda n: Trial("{" + ", ".join(f"k{i}: {i}" for i in range(n // 2)) + "}"),
    ),
    "schema_bytes": ("M010", _schema),
}
# What each of them bounds.
WORDS = {
    "body_bytes": "bytes of a body",
    "nesting": "levels of an item of a body; of parsed JSON, of each value that its event holds",
    "items": "items of a body",
    "values": "commas and opening brackets of a body, outside of its texts",
    "form_fields": "fields of a form, empty ones too",
    "path_matches": "matches of one path with `..` or several selectors",
    "path_visits": "values that one `..` looks at",
    "loop_rounds": "rounds of a Liquid loop, multiplied by those of the loops around it",
    "text_length": "characters or elements of a rendered text, of a filter's result",
    "event_bytes": "bytes of an event, as compact JSON",
    "result_bytes": "bytes of the events of a body, as compact JSON",
    "item_work": "units of [work](#the-work-of-items) of an item",
    "body_work": "units of work of all items of a body",
    "mapping_bytes": "bytes of a mapping",
    "mapping_nodes": "values of a mapping's YAML",
    "schema_bytes": "bytes of a schema",
}


# These take a second or more, or many megabytes.
_SLOW = frozenset(
    {
        "body_bytes",
        "path_visits",
        "event_bytes",
        "item_work",
        "body_work",
        "mapping_nodes",
        "values of a schema",
        "steps of checking a mapping and its schemas",
        "values that an event takes from parsed JSON",
        "parts of all patterns of a schema",
        "branches of a pattern",
        "bytes of a sample",
        "bytes of a saved mapping",
        "bytes of a journal",
        "bytes of a document over several lines, without `--input json`",
    }
)
INPUTS: dict[str, LimitInput] = {
    **{name: LimitInput(*given, getattr(DEFAULT, name), name in _SLOW) for name, given in SETTINGS.items()},
    **{name: LimitInput(row.code, row.make, row.limit, name in _SLOW) for name, row in FIXED.items()},
}
