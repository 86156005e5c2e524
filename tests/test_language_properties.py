"""Random mappings on random payloads: nothing is lost or changed, and both readings of a mapping agree.

A mapping is built as Python structures over all operators and modifiers, with few names, so that paths meet
values; it is written as JSON, which is YAML too.
"""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from agreement import assert_agreement, assert_located, same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mapper
from mapper.language.modifiers import MODIFIERS
from mapper.language.reader import TOP_LEVEL
from mapper.language.value_reader import COMPANIONS

Json = Any
WORDS = [*TOP_LEVEL, *COMPANIONS, *MODIFIERS, "when", "then", "cases", "else", "to", "reason", "odd"]
ROUGH = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))

KEYS = ["a", "b", "c", "odd key", "$x", "it's"]
key = st.sampled_from(KEYS)
scalar = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -3, 1.0, 2.5, 2**64, 1e300, 1_795_464_000]),
    st.sampled_from(["", " ", "x", "1", "0500", "true", "{}", '{"a": [1]}', "é\u2028", "1795464000.25"]),
    st.sampled_from(["2026-11-23T20:00:00Z", "2026-11-23 20:00:00", "23/11/2026"]),
)
payloads = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=4), max_leaves=12
)
items = st.dictionaries(key, payloads, max_size=6)

PATHS = ["$", "$.a", "$.b", "$.c", "$.a.b", "$['odd key']", "$['$x'].a", '$["it\'s"]', "$.c[0]", "$.c[-1].a"]
LISTS = ["$.c[*]", "$..a", "$[*]", "$.c[1:]", "$.c[?@.a].b", "$.c[?@.a == 1]", "$['a','b']"]
LIQUID = [
    "{{ a }}",
    "{{ b | upcase }}-{{ c | size }}",
    '{{ item["odd key"] | default: "none" }}',
    "{% if a %}yes{% else %}no{% endif %}",
    "{% for x in c %}{{ forloop.index }}{{ x }},{% endfor %}",
    "{{ envelope.a }}{{ header.x }}{{ setting.s }}{{ received_at }}",
]
CONDITIONS = [
    *(
        "a",
        "a == blank",
        "b != nil",
        "a == 1 or b == 'x'",
        "c contains 'x'",
        "a > 1",
        "c.size > 1",
        "a == true",
    ),
    *('item["odd key"] == empty', 'item["$x"].a != blank and b', "header.x == 'h'", "envelope.a == a"),
]
path = st.sampled_from(PATHS)
condition = st.sampled_from(CONDITIONS)
# Values that may be missing or null, and of any type: they can stand wherever something stands behind them.
unsure = st.one_of(
    path,
    path,
    path.map(lambda text: {"path": text}),
    path.map(lambda text: {"envelope": text}),
    st.sampled_from([{"setting": "s"}, {"path": "$.a", "as": "json", "on_error": "omit"}]),
)
leaf = st.one_of(
    unsure,
    unsure,
    st.sampled_from(LISTS),
    st.sampled_from(LIQUID),
    payloads.map(lambda value: {"literal": value}),
    st.sampled_from([{"header": "X"}, {"query": "q"}, {"received_at": True}]),
    st.sampled_from(["text", 0, 1.5, True, None]),
)


def operators(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    several = st.builds(lambda some, last: [*some, last], st.lists(unsure, max_size=2), inner)
    members = st.dictionaries(key, inner, max_size=3)
    objects = st.lists(unsure | members, min_size=1, max_size=3)
    cases = st.dictionaries(st.sampled_from(["x", "1", "", "it's"]), inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda v: {"first_of": v}),
        several.map(lambda v: {"first_nonblank": v}),
        objects.map(lambda v: {"merge": v}),
        several.map(lambda v: {"hash": v}),
        members.map(lambda v: {"object": v}),
        several,
        st.builds(lambda s, c, e: {"match": s, "cases": c, **e}, unsure, cases, optional("else", inner)),
        st.builds(lambda w, t, e: {"when": w, "then": t, **e}, condition, inner, optional("else", inner)),
        st.builds(lambda m, t: {"map": m, "to": t}, unsure | st.sampled_from(LISTS), inner),
        modified(inner),
    )


def optional(name: str, value: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.just({}) | value.map(lambda v: {name: v})


def modified(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Something that may be missing, changed, cast, or given a default."""
    names = st.lists(key, max_size=2)
    on_error = st.sampled_from([{}, {"on_error": "reject"}, {"on_error": "omit"}, {"on_error": "null"}])
    formats = st.sampled_from(
        ["iso8601", "epoch_s", "epoch_ms", "epoch_us", "%d/%m/%Y", ["epoch_s", "iso8601"]]
    )
    windows = st.sampled_from(
        [["2000-01-01", "received_at + 1d"], [None, "2026-12-01"], ["received_at - 9d", None]]
    )
    times = st.builds(
        lambda f, w, e: {"as": "timestamp", "zone": "+05:30", "from": f, **w, **e},
        formats,
        optional("within", windows),
        on_error,
    )
    scalars = st.sampled_from(["string", "integer", "number", "boolean", "array", "json"])
    casts = st.builds(lambda k, e: {"as": k, **e}, scalars, on_error)
    changes = st.builds(
        lambda p, o, r, e: {**p, **o, **r, **e},
        optional("pick", names),
        optional("omit", names),
        optional("rename", st.dictionaries(key, key, max_size=1)),
        st.just({}) | st.just({"as": "object"}),
    )
    source = unsure.map(
        lambda value: value if isinstance(value, dict) and "as" not in value else {"first_of": [value]}
    )
    fallback = st.sampled_from([{}, {}, {"on_missing": "reject"}]) | inner.map(lambda v: {"default": v})
    return st.builds(lambda v, m, f: {**v, **m, **f}, source, casts | times | changes, fallback)


values = st.recursive(leaf, operators, max_leaves=6)
EACH = [
    *("$", "$.items", "$.items[*]", "$.items[*].a", "$[*]", "$.items[:1]", "$['items'][?@.a]"),
    ["$[*].json", "$.items", "$"],
]
item_id = st.just("e-1") | st.builds(
    lambda v: {"first_of": [v], "as": "string", "on_missing": "reject"}, unsure
)
mappings = st.builds(
    lambda each, skips, event_id, properties, everything: {
        "mapping": "random",
        "each": each,
        "skip": [{"when": when, "reason": f"because {when}"} for when in skips],
        "event": {
            "event_id": event_id,
            "event_name": "Seen",
            "user_id": "u",
            "timestamp": "2026-11-23T20:00:00.000Z",
            "event_properties": {"merge": [{"p": properties}, everything]},
        },
    },
    st.sampled_from(["$"] * len(EACH) + EACH),
    st.lists(condition, max_size=1),
    item_id,
    values,
    unsure | st.dictionaries(key, values, max_size=2),
)
bodies = st.one_of(
    items,
    payloads,
    st.lists(items, max_size=3),
    st.lists(payloads, max_size=3).map(lambda v: {"items": v, "a": "x"}),
    st.lists(items, max_size=3).map(lambda v: {"items": v}),
    st.lists(items.map(lambda v: {"json": v}) | items, max_size=2),
)
requests = st.builds(
    lambda h, q, s, t: mapper.Request(headers=h, query=q, settings=s, received_at=t),
    st.sampled_from([{}, {"X": "h"}]),
    st.sampled_from([{}, {"q": "1"}]),
    st.sampled_from([{}, {"s": {"a": 1}}, {"s": None}]),
    st.sampled_from([None, "2026-11-23T20:00:05Z"]),
)


@ROUGH
@given(mappings, st.lists(bodies, min_size=1, max_size=3), requests)
def test_generated_code_and_interpreter_agree(
    mapping: Json, payloads: list[Json], request: mapper.Request
) -> None:
    text = json.dumps(mapping)
    diagnostics = mapper.check(text)
    if any(d.severity is mapper.Severity.ERROR for d in diagnostics):
        assert_sensible(diagnostics, text)
        return
    transform = mapper.compile(text)
    assert mapper.compile(text).python == transform.python
    again = pickle.loads(pickle.dumps(transform))
    for payload in payloads:
        before = copy.deepcopy(payload)
        result = transform(payload, request)
        assert same(payload, before)
        assert all("M901" not in rejection.codes for rejection in result.rejected), result.rejected
        assert same(again(payload, request).events, result.events)
        assert_agreement(transform, payload, request)
        if not any(callable(alternative) for alternative in transform._alternatives):
            assert_located(result, payload)
        assert same(transform(json.dumps(payload).encode(), request).events, result.events)


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([*PATHS, *LISTS, *LIQUID, "$.[", "{{", "", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)


@ROUGH
@given(mappings, st.data())
def test_a_damaged_mapping_is_refused_or_compiles(mapping: Json, data: st.DataObject) -> None:
    damaged = copy.deepcopy(mapping)
    place, name = data.draw(st.sampled_from(list(places(damaged))))
    place[name] = data.draw(junk)
    if isinstance(place, dict):
        place[data.draw(st.sampled_from(WORDS))] = data.draw(junk)
    text = json.dumps(damaged)
    diagnostics = mapper.check(text)
    if any(d.severity is mapper.Severity.ERROR for d in diagnostics):
        assert_sensible(diagnostics, text)
        with pytest.raises(mapper.CompileError):
            mapper.compile(text)
    else:
        assert_agreement(mapper.compile(text), {"a": "x", "b": [1], "c": [{"a": 1}]})


def places(node: Json) -> Iterator[tuple[Json, Json]]:
    """Every container in a structure with each of its keys."""
    for name, child in node.items() if isinstance(node, dict) else enumerate(node):
        yield node, name
        if isinstance(child, dict | list):
            yield from places(child)


def assert_sensible(diagnostics: tuple[mapper.Diagnostic, ...], text: str) -> None:
    """None of them tells of a payload or of a defect, and each has a place in the text."""
    for diagnostic in diagnostics:
        assert not diagnostic.code.startswith(("M6", "M9"))
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
