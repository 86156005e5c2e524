"""Fields of every kind, for tests that put odd values into all of them."""

from __future__ import annotations

# Fields of every kind; what a host's parser let through that JSON cannot hold must be seen in all of them.
KINDS: dict[str, str] = {
    "path": "$.a",
    "inner path": "$.o.a",
    "matches": "'$.l[*]'",
    "text": "'-{{ a }}-'",
    "string": "{path: $.a, as: string, on_error: omit}",
    "required string": "{path: $.a, as: string, on_missing: reject, on_error: reject}",
    "number": "{path: $.a, as: number, on_error: omit}",
    "integer": "{path: $.a, as: integer, on_error: 'null'}",
    "boolean": "{path: $.a, as: boolean, on_error: omit}",
    "object": "{path: $.a, as: object, on_error: omit}",
    "array": "{path: $.a, as: array, on_error: omit}",
    "json": "{path: $.a, as: json, on_error: omit}",
    "time": "{path: $.a, as: timestamp, on_error: omit}",
    "first": "{first_of: [$.b, $.a]}",
    "first of texts": "{first_nonblank: [{path: $.a, as: string, on_error: omit}, none]}",
    "default": "{path: $.a, default: none}",
    "mixed default": "{value: '{{ a }}', default: 5}",
    "when": "{when: a, then: $.a, else: other}",
    "match": "{match: $.b, cases: {x: 1}, else: $.a}",
    "record": "{x: $.a, y: {z: 1}}",
    "list": "[$.a, 1]",
    "map": "{map: $.l, to: {x: $}}",
    "merge": "{merge: [{path: $.o, as: object, on_error: omit}, {x: $.a}]}",
    "pick": "{value: $.o, pick: [a]}",
    "omit": "{value: $.o, omit: [b]}",
    "rename": "{value: $.o, rename: {a: c}}",
    "hash": "{hash: [$.b]}",
    "header": "{from: header, name: x-a}",
    "setting": "{from: setting, name: a}",
}
