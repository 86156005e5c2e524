"""Keys of any spelling, in every place of a mapping or a schema that takes one: they stay data.

Each place is written with `KEY` for the key itself, `OTHER` for a second one, and `[KEY]` where a path or a
variable leads to it. The mapping is compiled, pickled, saved, and run over payloads that have the key, with
all kinds of values, or have it not; narrow path, decoded path and interpreter must find the same.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import mapper
from mapper.transform.narrow_path import NarrowPath
from support.agreement import assert_agreement
from support.both_paths import assert_same, decoded, narrow
from support.examples import examples

KEYS = [
    *("", " ", "a", "A", "a b", "1", "0a", "-", "it's", 'a"b', "a\\b", "\\", '"', "'", "\\\"'", "`", "a.b"),
    *("$", "@", "\0", "\x01", "\t", "\n", "\r\n", "\x1f", "\x7f", "\x85", "\u2028", "\u2029", "\ufeff"),
    *("\u202e", "\ufffe", "\U0010ffff", "\U0001f600", "e\u0301", "\ufb01", "fi", "\xaa", "\u212a", "K"),
    *("\u0130", "\u4e2d", "class", "None", "True", "def", "lambda", "await", "__class__", "__init__"),
    *("__dict__", "__slots__", "__struct_fields__", "__struct_config__", "__match_args__", "__post_init__"),
    *(
        "tag",
        "gc",
        "rename",
        "self",
        "item",
        "event",
        "body",
        "request",
        "max_depth",
        "envelope",
        "root",
        "node",
    ),
    *("value", "v", "key", "found", "items", "MISSING", "Any", "Raw", "Struct", "Fault", "run", "read"),
    *("valid", "valid_1", "select_1", "matches_1", "dict", "isinstance", "type", "a_1", "f1", "w1", "Place1"),
    *("Around1", "inner", "element", "element_1", "is_json", "EACH", "{x}", "{{x}}", "{% x %}", "{# x #}"),
    *("%s", "%(a)s", "$x", "${x}", "{", "}}", "# line 1", '"""', "'''", "\\N{DASH}", "size", "first", "last"),
    *("blank", "empty", "nil", "true", "forloop", "header", "query", "setting", "~0", "/", "*"),
    *("x" * 100_000, "\u00e9" * 40),
]
ALWAYS = ["a", 'a"b', "\\", "\0"]  # in every place

# `event_properties` in the frame below.
VALUES = """
path: {merge: [$.props, {p: '$[KEY]'}]}
inner path: {p: '$[KEY][KEY]', q: '$[OTHER][0][KEY]'}
passed: {path: '$[KEY]', as: object, default: {}, on_error: default}
passed inside: {path: '$[KEY][KEY]', as: object, default: {}, on_error: default}
members: {KEY: '$[KEY]', OTHER: {KEY: 1}}
members of literals: {p: {literal: {KEY: {KEY: [1]}}}}
pick: {path: $.props, pick: [KEY, OTHER], default: {}}
omit: {path: $.props, omit: [KEY], default: {}}
omit twice: {path: $.props, omit: [KEY, OTHER, KEY], default: {}}
omit after a merge: {merge: [$.props], omit: [KEY]}
omit twice after a merge: {merge: [$.props], omit: [KEY, KEY]}
omit inside a merge: {merge: [{path: $.props, omit: [KEY, OTHER, KEY]}, {x: 1}]}
omit after a match: {match: $.kind, cases: {x: $.props}, else: $.more, omit: [KEY, KEY], default: {}}
omit after a choice: {first_of: [$.props, $.more], omit: [OTHER, KEY, KEY], default: {}}
rename: {path: $.props, rename: {KEY: z}, default: {}}
rename to: {path: $.props, rename: {z: KEY}, default: {}}
rename both: {path: $.props, rename: {KEY: OTHER, OTHER: KEY}, default: {}}
rename after a merge: {merge: [$.props, $.more], rename: {KEY: OTHER}}
rename after one: {merge: [$.props], rename: {KEY: OTHER}}
rename after a choice: {first_of: [$.props, $.more], rename: {KEY: OTHER}, default: {}}
flatten: {path: $.props, flatten: {lists: index}, default: {}}
flatten with names: {object: {KEY: {OTHER: $.props, KEY: $.kind}, OTHER: $.list}, flatten: {separator: "_"}}
prune: {object: {KEY: $.props, OTHER: {KEY: [{KEY: '$[KEY]'}]}}, prune: [blank, empty], default: {}}
merge: {merge: [$.props, {KEY: 1, OTHER: '$[KEY]'}]}
merge before: {merge: [{KEY: 1}, $.props]}
merge around: {merge: [{KEY: '$[OTHER]'}, $.props, {KEY: '$[KEY]'}]}
merge of choices: {merge: [{first_of: [$.props, $.more]}, {KEY: 2}]}
merge of changes: {merge: [{first_of: [$.props, $.more], omit: [KEY]}, {KEY: 2}]}
match: {p: {match: '$[KEY]', cases: {KEY: 1, OTHER: '$[OTHER]'}, else: KEY}}
map: {p: {map: '$[KEY]', to: {KEY: '$[KEY]'}}}
map of matches: {p: {map: '$.list[*]', to: {first_of: ['$[KEY]', '$[OTHER]']}}}
path on a value: {p: {path: '$[KEY]', of: {first_of: ['$[OTHER]', $.props]}}}
one of several: {p: {path: '$[KEY, OTHER]', take: last}, q: {path: '$.list[*][KEY]', take: first}}
entries: {p: {entries: $.props}, q: {map: {entries: $.props}, to: "{{ key }}={{ value }}"}}
object from a list: {p: {object_from: '$.list[*]', key: '$[KEY]', value: '$[OTHER]', on_duplicate: list}}
object from members: {p: {object_from: $.props, key: '{{ key }}-{{ key }}', value: {KEY: $.value}}}
hash: {p: {hash: ['$[KEY]', {literal: KEY}]}}
choice: {p: {first_nonblank: ['$[KEY]', '$[OTHER]', {literal: KEY}]}}
default: {p: {path: '$[KEY]', default: {literal: {KEY: KEY}}}}
request: {p: {header: KEY}, q: {query: KEY}, r: {setting: KEY}}
envelope: {p: {envelope: '$[KEY]'}}
matches: {p: '$.list[*][KEY]', q: '$..[KEY]', r: '$[KEY, OTHER]'}
filters of paths: {p: '$.list[?@[KEY]][KEY]', q: '$.list[?@[KEY] == $[KEY]]'}
variable: {p: '{{ item[KEY] }}', q: '{{ item[KEY][OTHER] }}'}
objects: {p: '{{ props[KEY] }}{{ envelope[KEY] }}{{ header[KEY] }}{{ query[KEY] }}{{ setting[KEY] }}'}
argument: {p: '{{ kind | append: [KEY] | replace: [KEY], "-" }}{{ none | default: [KEY] }}'}
list filters: {p: '{{ list | map: [KEY] | join: [KEY] }}', q: '{{ list | where: [KEY], [KEY] | size }}'}
sort: {p: '{{ list | sort: [KEY] | json }}'}
loop: {p: '{% for x in list %}{{ x[KEY] }}{% endfor %}'}
condition: {when: 'item[KEY] == [KEY] or props[KEY] != blank', then: $.props, else: {KEY: 1}, default: {}}
time: {p: {path: '$[KEY]', as: timestamp, from: [iso8601, epoch_s], on_error: omit}}
"""

# Mappings, with what they do not share with the frame.
MAPPINGS = """
each: {each: '$[KEY]', event: {event_properties: {p: '$[OTHER]'}}}
each element: {each: '$[KEY][*]', event: {event_properties: {path: $.props, as: object, default: {}}}}
each in turn: {each: ['$[KEY][*][OTHER]', '$[OTHER]', $], event: {event_properties: {p: '$[KEY]'}}}
each of several: {each: '$[KEY, OTHER]', event: {event_properties: {p: '$[KEY]'}}}
around: {each: '$[KEY][*]', event: {event_properties: {p: '$[OTHER]', q: {envelope: '$[OTHER]'}}}}
skip: {skip: [{when: 'item[KEY] == [KEY]', reason: KEY}], event: {event_properties: {}}}
name: {mapping: KEY, description: KEY, event: {event_properties: {}}}
template: {template: '{"a": {{ item[KEY] | json }}, "b": [KEY]}', target: properties}
fields: {event: {KEY: 1, OTHER: '$[KEY]'}, target: properties}
passed fields: {event: {KEY: {path: $.props, as: object, default: {}}, OTHER: {}}, target: objects}
one passed field: {event: {KEY: {path: $.props, as: object, default: {}}}, target: objects}
required: {event: {KEY: 1, OTHER: {KEY: {literal: KEY}}}, target: required}
closed: {event: {KEY: {KEY: '{{ item[KEY] }}'}, OTHER: 1}, target: closed}
enum: {event: {KEY: {path: '$[KEY]', on_missing: reject}, OTHER: 1}, target: enum}
names: {event: {KEY: '$[KEY]', OTHER: 1}, target: names}
patterns: {event: {KEY: '$[KEY]', OTHER: 1}, target: patterns}
depends: {event: {KEY: '$[KEY]', OTHER: 1}, target: depends}
unevaluated: {event: {KEY: '$[KEY]'}, target: unevaluated}
branches: {event: {KEY: '$[KEY]', OTHER: 1}, target: branches}
source: {source: anything, event: {event_properties: {p: '$[KEY]', q: '$[KEY][OTHER]', r: '{{ item[KEY] }}'}}}
closed source: {source: closed, event: {event_properties: {p: '$[KEY]', q: '$[KEY][KEY]'}}}
source with names: {source: required, event: {event_properties: {p: '$[KEY]', q: '$[OTHER][KEY]'}}}
"""

# Schemas, by the names that `source` and `target` above give them.
SCHEMAS = """
properties: {properties: {KEY: {type: [integer, object]}, OTHER: true}}
objects: {properties: {KEY: {type: object}, OTHER: {type: object}}}
required:
  properties: {KEY: true, OTHER: {type: object, required: [KEY], properties: {KEY: {const: KEY}}}}
  required: [KEY, OTHER]
closed:
  properties: {KEY: {type: object, additionalProperties: false, properties: {KEY: {type: string}}}, OTHER: {}}
  additionalProperties: false
enum: {properties: {KEY: {enum: [KEY, 1, {KEY: KEY}, null]}, OTHER: {enum: [1, KEY]}}}
names: {propertyNames: {enum: [KEY, OTHER]}}
patterns: {patternProperties: {'.': {type: [string, integer]}}, properties: {KEY: true}}
depends: {dependentRequired: {KEY: [OTHER]}, dependentSchemas: {OTHER: {required: [KEY]}}}
unevaluated: {properties: {KEY: true}, unevaluatedProperties: false}
branches: {anyOf: [{required: [KEY]}, {properties: {KEY: {maxLength: 3}}}]}
anything: {type: object, properties: {KEY: {$ref: '#/$defs/any'}, OTHER: true}, $defs: {any: {}}}
"""

FIXED = {"event_name": "Seen", "user_id": "u", "timestamp": "2026-11-23T20:00:00.000Z"}
SCHEMA_TABLE: dict[str, Any] = yaml.safe_load(SCHEMAS)
PLACES: dict[str, dict[str, Any]] = {
    **{name: {"event": {"event_properties": value}} for name, value in yaml.safe_load(VALUES).items()},
    **yaml.safe_load(MAPPINGS),
}


def written(node: Any, key: str, other: str) -> Any:
    """A structure with a key in all places that take one."""
    if isinstance(node, dict):
        return {written(k, key, other): written(v, key, other) for k, v in node.items()}
    if isinstance(node, list):
        return [written(inner, key, other) for inner in node]
    if not isinstance(node, str):
        return node
    if node in ("KEY", "OTHER"):
        return key if node == "KEY" else other
    quoted = in_path if node.startswith("$") else in_liquid
    node = node.replace("[KEY, OTHER]", f"[{in_path(key)}, {in_path(other)}]")
    for name, text in (("KEY", key), ("OTHER", other)):
        # After a name it is a step; by itself, as of a filter's argument, a text.
        node = node.replace(f" [{name}]", f" {quoted(text)}").replace(f"[{name}]", f"[{quoted(text)}]")
    return node


def in_path(key: str) -> str:
    units = memoryview(key.encode("utf-16-le")).cast("H")
    return "'" + "".join(f"\\u{unit:04x}" for unit in units) + "'"


def in_liquid(key: str) -> str:
    """A text of Liquid; it has no escapes, so of a key with both kinds of quotes one kind is left out."""
    quote = "'" if '"' in key else '"'
    return f"{quote}{key.replace(quote, '')}{quote}"


def payloads(key: str, other: str) -> Iterator[Any]:
    yield {}
    inner = {key: {key: 1, other: [1]}, "z": 1}
    for value in ("x", 1, None, inner, [{key: key}, {other: 1}, 3], {}, key):
        around = {"props": {key: value, "z": {"y": [1]}}, "more": {other: value}, "kind": "x"}
        yield {key: value, **around, "list": [{key: value}, {other: 1}, {key: key}]}
    yield {key: {key: {key: 1}}, other: [{key: {}}, 5], "props": {"z": 1}, "kind": "y", "more": {"q": 1}}
    yield {key: [{other: {key: 1, "props": {key: 1}}}, {other: []}, {"props": {other: 2}}, 3]}
    yield {key: {other: 1, "props": {key: 1}}, other: {"props": {key: 1}}}
    yield [{key: 1, "props": {other: 1, key: 2}}, 5]


def compiled(place: str, key: str, other: str, folder: Path) -> mapper.Transform | None:
    """The transform of a place; None if the mapping is refused, as of one key only."""
    mapping = written(PLACES[place], key, other)
    for name in {"source", "target"} & set(mapping):
        schema = written(SCHEMA_TABLE[mapping[name]], key, other)
        mapping[name] = f"{mapping[name]}.schema.json"
        (folder / mapping[name]).write_text(json.dumps(schema), "utf-8")
    if "target" not in mapping:
        mapping["event"] = {"event_id": "e", **FIXED, **mapping["event"]}
    path = folder / "keys.yaml"
    path.write_text(as_yaml({"mapping": "keys", **mapping}), "utf-8")
    try:
        return mapper.load(path)
    except mapper.CompileError as error:
        found = error.diagnostics
    # YAML takes no key of more than 1,024 characters before its colon.
    assert all(d.code not in ("M101", "M901") or len(key) > 1000 for d in found), found
    return None


def as_yaml(value: Any) -> str:
    """JSON, with characters beyond 16 bits as YAML writes them."""
    pair = re.compile(r"\\u(d[89ab]..)\\u(d[c-f]..)")
    return pair.sub(lambda found: f"\\U{ord(_character(found)):08x}", json.dumps(value))


def _character(escaped: re.Match[str]) -> str:
    character: str = json.loads(f'"{escaped[0]}"')
    return character


def assert_data(place: str, key: str, other: str, folder: Path) -> bool:
    """Whether a mapping compiles; if so, a key means the same on all ways through it."""
    transform = compiled(place, key, other, folder)
    if transform is None:
        return False
    request = mapper.Request(headers={key: "h"}, query={key: "q"}, settings={key: {other: 1}})
    transform.save(folder / "saved")
    others = (pickle.loads(pickle.dumps(transform)), mapper.Transform.open(folder / "saved"))
    has_path = isinstance(transform._load_narrow(), NarrowPath)
    assert has_path == bool(transform._compiled.narrow), "a narrow path that cannot be built"
    for number, payload in enumerate(payloads(key, other)):
        body = json.dumps(payload, ensure_ascii=bool(number % 2)).encode()
        assert all("M901" not in rejection.codes for rejection in transform(payload, request).rejected)
        assert_same(transform, body, request)
        if number % 4 == 1:
            assert_agreement(transform, payload, request)
            for again in others:
                assert decoded(again, body, request) == decoded(transform, body, request)
                assert narrow(again, body, request) == narrow(transform, body, request)
    return True


@pytest.mark.parametrize("step", [None, pytest.param(12, marks=pytest.mark.slow)], ids=["few", "many"])
@pytest.mark.parametrize("place", PLACES)
def test_a_key_is_data(place: str, step: int | None, tmp_path: Path) -> None:
    """Of the keys that are not tried in every place, some of many are, and each place has others."""
    number = list(PLACES).index(place)
    tried = ALWAYS if step is None else KEYS[number % step :: step]
    done = [
        assert_data(place, key, KEYS[(7 * i + number) % 80] + "2", tmp_path) for i, key in enumerate(tried)
    ]
    assert any(done) if step is None else sum(done) > len(done) // 2, "most of them compile"


@examples(60, HealthCheck.function_scoped_fixture)
@given(st.sampled_from(list(PLACES)), st.text(max_size=6), st.text(max_size=6) | st.sampled_from(KEYS))
def test_any_key_is_data(tmp_path: Path, place: str, key: str, other: str) -> None:
    if key != other:
        assert_data(place, key, other, tmp_path)


@pytest.mark.parametrize("key", ['a"b', "a\\b", "\0", "\u2028"])
@pytest.mark.parametrize("place", ["path", "each"])
def test_the_plan_says_why_a_key_is_not_looked_for(place: str, key: str, tmp_path: Path) -> None:
    transform = compiled(place, key, "other", tmp_path)
    assert transform is not None
    why = "it reads a key with a quote, a backslash or a character that does not print"
    assert transform.plan == f"A body is decoded as a whole: {why}.\n"


def test_a_narrow_path_that_cannot_be_built_falls_back() -> None:
    mapping = {"mapping": "m", "event": {"event_id": "e", **FIXED, "event_properties": {"p": "$.a"}}}
    transform = mapper.compile(json.dumps(mapping))
    again = pickle.loads(pickle.dumps(transform))
    object.__setattr__(again._compiled, "narrow", "raise ValueError('the decoder refuses a type')")
    again._narrow_code = None  # a pickled transform has the code of the old text
    assert again.json(b'{"a": 1}') == transform.json(b'{"a": 1}')
    assert again.plan == "A body is decoded as a whole: Python cannot run its narrow path.\n"
    assert transform.plan.startswith("A body is decoded as far as it is read.\n")
