"""Positions of a value in a mapping: every operator, modifier, cast, filter, tag and kind of path once.

The tables of the language name them, so that a new one without a position fails a test. The item of a
position has an odd value as `a`, in `o.a`, in the list `l`, and in objects of `l`; `v` is a var.
"""

from __future__ import annotations

import re

from mapper.runtime.liquid.filters import ROWS
from support.field_kinds import KINDS

# By operator: values with the odd value in each of its parts.
BY_OPERATOR: dict[str, tuple[str, ...]] = {
    "path": ("$.a", "{path: '$.l[*]', take: last}", "{path: $.a, of: {first_of: [$.o, $.l]}}", "$"),
    "liquid": ("'-{{ a }}-'", "{liquid: '{{ o }}'}"),
    "compute": (
        "{compute: a}",
        "{compute: 'a | plus: 1', as: string, on_error: omit}",
        "{compute: 'o.a | times: 2'}",
    ),
    "literal": ("{merge: [{literal: {x: 1}}, {path: $.o, as: object, on_error: omit}]}",),
    "object": ("{object: {path: $.a}}",),
    "first_of": ("{first_of: [$.b.c, $.a]}",),
    "first_nonblank": ("{first_nonblank: [$.a, $.l, $.o, none]}",),
    "match": (
        "{match: $.a, cases: {x: 1, '5': 2}, else: $.b}",
        "{match: $.b, cases: {x: $.a}, else: $.a}",
        "{match: $.a, cases: [{in: [x, 5, null, true], then: 1}], else: 2}",
    ),
    "when": (
        "{when: a, then: $.a, else: other}",
        "{when: a == 5 or a == b, then: 1, else: 2}",
        "{when: a > 5, then: 1, else: 2}",
        "{when: a contains 'x' or l contains a, then: 1, else: 2}",
        "{when: a == blank, then: 1, else: 2}",
    ),
    "merge": (
        "{merge: [{path: $.o, as: object, on_error: omit}, {x: $.a}]}",
        "{merge: [$.a, $.o]}",
    ),
    "map": ("{map: $.l, to: {x: $, y: $.a, z: ^.a}}", "{map: $.a, to: $}"),
    "entries": ("{entries: $.o, default: []}", "{entries: $.a}"),
    "object_from": (
        "{object_from: [$.a, $.o], key: '{{ item }}', value: $, on_duplicate: list}",
        "{object_from: [b, c], key: '{{ item }}', value: ^.a, on_duplicate: last}",
        "{object_from: {object: {x: $.a}}, key: $.value, value: $, on_duplicate: last}",
        "{object_from: {path: $.o, as: object, on_error: omit}, key: $.key, value: $.value}",
        "{object_from: $.l, key: '{{ item.a }}', value: $, on_duplicate: first}",
    ),
    "hash": ("{hash: [$.a]}", "{hash: [$.b, $.o]}", "{hash: [$]}"),
    "envelope": ("{envelope: $}", "{envelope: '$[0].a'}"),
    "header": ("{first_of: [{header: x-a}, $.a]}",),
    "query": ("{first_of: [{query: q}, $.a]}",),
    "setting": ("{first_of: [{setting: s}, $.a]}",),
    "var": ("{var: v}", "'{{ vars.v }}'", "{merge: [{var: w}, {x: {var: v}}]}"),
    "received_at": ("{first_of: [{received_at: true}, $.a]}",),
}

BY_MODIFIER: dict[str, tuple[str, ...]] = {
    "pick": ("{path: $.o, pick: [a]}", "{path: $.a, pick: [a]}"),
    "omit": ("{path: $.o, omit: [b]}", "{path: $.a, omit: [b], default: 5}"),
    "rename": ("{path: $.o, rename: {a: c}}", "{path: $.a, rename: {a: c}}"),
    "flatten": (
        "{path: $.o, flatten: {}}",
        "{path: $.o, flatten: {lists: index}}",
        "{path: $.a, flatten: {separator: '-'}}",
    ),
    "prune": (
        "{path: $.o, prune: ['null', blank, empty], default: {}}",
        "{path: $.a, prune: ['null', blank]}",
        "{path: $.l, prune: [empty]}",
    ),
    "as": (),  # BY_CAST
    "from": (
        "{path: $.a, as: timestamp, from: epoch_ms, on_error: omit}",
        "{path: $.a, as: timestamp, from: [epoch_s, epoch_ns, iso8601], on_error: omit}",
        "{path: $.a, as: timestamp, from: '%Y-%m-%d', zone: UTC, on_error: keep}",
    ),
    "zone": ("{path: $.a, as: timestamp, from: '%d.%m.%Y %H:%M', zone: Asia/Kolkata, on_error: omit}",),
    "time_of_day": (
        "{path: $.a, as: timestamp, from: date, time_of_day: '12:00', zone: UTC, on_error: omit}",
    ),
    "within": ("{path: $.a, as: timestamp, within: ['2026-01-01T00:00:00Z', null], on_error: omit}",),
    "write": ("{path: $.a, as: timestamp, write: epoch_s, on_error: omit}",),
    "default": ("{path: $.a, default: none}", "{first_of: [$.b.c], default: $.a}"),
    "on_error": tuple(
        f"{{path: $.a, as: integer, on_error: {end}{', default: 5' * (end == 'default')}}}"
        for end in ("reject", "omit", "'null'", "default", "keep")
    ),
    "on_missing": ("{path: $.a, on_missing: reject}",),
}

BY_CAST: dict[str, tuple[str, ...]] = {
    cast: (f"{{path: $.a, as: {cast}}}", f"{{path: $.o.a, as: {cast}, on_error: keep}}")
    for cast in ("string", "integer", "number", "boolean", "timestamp", "object", "array", "json")
}

PATHS = (
    *("$.a", "$.a.a", "$.a[0]", "$.a[-1]", "$.a[0:1]", "$.a[::-1]", "$.a.*", "$.*.*", "$..a", "$..*"),
    *("$['a','b']", "$.l[*]", "$.l[?@.a]", "$.l[?@.a == $.a]", "$.l[?@.a != $.a]", "$.l[?@.a < $.a]"),
    *("$.l[?@.a <= $.a]", "$.l[?@.a > 5]", "$.l[?@.a == 5]", "$.l[?@.a == true]", "$.l[?@.a == null]"),
    *('$.l[?@.a == "x"]', '$.l[?@.a < "x"]', "$.l[?!@.a || @.a && $.a]", "$.a[?@.b]", "$.a[?@ > 1]"),
    *("$.l[?length(@.a) > 1]", "$.l[?count(@.*) > 1]", "$.l[?value(@..a) == 1]", "$[?@ == $.a]"),
    *("$.l[?match(@.a, 'x.*')]", "$.l[?search(@.a, $.o.a)]", "$.l[?match(@.a, $.a)]"),
)

TAGS: dict[str, str] = {
    "if": "{% if a %}x{% elsif a > 1 %}y{% elsif a <= b %}z{% endif %}",
    "unless": "{% unless a == o.a %}x{% endunless %}",
    "case": "{% case a %}{% when 5, 'x' %}y{% when b %}z{% endcase %}",
    "for": "{% for x in a %}{{ x }}{% endfor %}",
    "for a part": "{% for x in l limit: a offset: 1 %}{{ forloop.index }}{% endfor %}",
    "for members": "{% for x in o %}{{ x[0] }}{{ x[1] }}{% endfor %}",
    "for range": "{% for x in (1..a) %}{{ x }}{% endfor %}",
    "tablerow": "{% tablerow x in l cols: a %}{{ x }}{% endtablerow %}",
    "cycle": "{% for x in l %}{% cycle a, x, 'b' %}{% endfor %}",
    "capture": "{% capture x %}{{ a }}{% endcapture %}{{ x }}",
    "assign": "{% assign x = a %}{{ x.size }}{{ x.first }}{{ x.last }}{{ x.a }}",
    "lookups": "{{ a[0] }}{{ a[a] }}{{ o[a] }}{{ l[a] }}",
    "echo": "{% echo a %}",
    "increment": "{% increment a %}{% decrement a %}{{ a }}",
    "contains": "{% if a contains b or l contains a or o contains a or b contains a %}x{% endif %}",
    "order": "{% if a < b or a <= 5 or a > o.a or a >= l %}x{% endif %}",
    "empty": "{% if a == empty or a != blank or a == nil or a == false %}x{% endif %}",
}


_BETWEEN = re.compile(r',\s*(?=(?:[^"]*"[^"]*")*[^"]*$)')  # a comma outside of quotes


def _filter_positions() -> dict[str, str]:
    """For each filter the example of its row, with the odd value in place of the value and of an argument."""
    found = {}
    for name, row in ROWS.items():
        if row.of_dialects:
            continue
        call = row.examples[0][0].removeprefix("{{").removesuffix("}}").strip()
        for word, of in (("a", ""), ("l", " of a list")):
            found[f"filter {name}{of}"] = "{{ " + re.sub(r"^value\b", word, call) + " }}"
        head, colon, arguments = call.partition(": ")
        parts = _BETWEEN.split(arguments) if colon else []
        for index in range(len(parts)):
            changed = ", ".join("a" if at == index else part for at, part in enumerate(parts))
            for word, of in (("l", "a list"), ("b", "a text")):
                text = f"{head.replace('value', word, 1)}: {changed}"
                found[f"filter {name} of {of}, argument {index + 1}"] = "{{ " + text + " }}"
    return found


FILTER_POSITIONS = _filter_positions()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# By name, the text of a value in YAML.
POSITIONS: dict[str, str] = {
    **{
        f"{name} {at}": text
        for table in (BY_OPERATOR, BY_MODIFIER, BY_CAST)
        for name, texts in table.items()
        for at, text in enumerate(texts)
    },
    **{f"kind {name}": text for name, text in KINDS.items()},
    **{f"path {path}": _quoted(path) for path in PATHS},
    **{f"tag {name}": _quoted(text) for name, text in TAGS.items()},
    **{name: _quoted(text) for name, text in FILTER_POSITIONS.items()},
    "printed": "'{{ a }}{{ o }}{{ l }}{{ item | json }}'",
}
COMPUTED: dict[str, str] = {
    name.replace("filter", "computed"): "{compute: " + _quoted(text[3:-3]) + "}"
    for name, text in FILTER_POSITIONS.items()
}

_FRAME = """\
mapping: odd
each: '$[*]'
{vars}event:
  event_id: one
  event_name: Seen
  user_id: u
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {{p: {value}}}
"""
_VARS = "vars: {v: $.a, w: {path: $.o, as: object, on_error: omit}}\n"


def mapping_of(value: str) -> str:
    """A mapping with a value, in YAML, as its only property; its items are the elements of the body."""
    return _FRAME.format(value=value, vars=_VARS if "var" in value else "")


def items_of(odd: object) -> list[object]:
    """Items with an odd value in the places that the positions read."""
    around = {"a": odd, "o": {"a": odd}, "l": [odd, {"a": odd}, {"a": odd}, 1], "b": "x"}
    return [around, {"a": {"a": [{"b": odd}]}, "o": odd, "l": odd, "b": odd}, odd]
