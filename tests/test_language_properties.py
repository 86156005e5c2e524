"""Random mappings on random payloads: nothing is lost, nothing is changed, and both readings of a mapping agree.

A mapping is built as Python structures over all operators and modifiers, with few names, so that paths meet
values; it is written as JSON, which is YAML too.
"""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

from agreement import assert_agreement, assert_located, same
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import mapper

Json = Any
ROUGH = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))

KEYS = ["a", "b", "c", "odd key", "$x", "it's"]
key = st.sampled_from(KEYS)
scalar = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        -3,
        1.0,
        2.5,
        2**64,
        "",
        " ",
        "x",
        "1",
        "0500",
        "true",
        "{}",
        '{"a": [1]}',
        "é\u2028",
    ]
    + ["2026-11-23T20:00:00Z", "2026-11-23 20:00:00", "23/11/2026", 1_795_464_000, "1795464000.25", 1e300]
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
leaf = st.one_of(
    path,
    path.map(lambda text: {"path": text}),
    st.sampled_from(LISTS),
    st.sampled_from(LIQUID),
    path.map(lambda text: {"envelope": text}),
    payloads.map(lambda value: {"literal": value}),
    st.sampled_from([{"header": "X"}, {"query": "q"}, {"setting": "s"}, {"received_at": True}]),
    st.sampled_from(["text", 0, 1.5, True, None]),
)


def operators(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    several = st.lists(inner, min_size=1, max_size=3)
    members = st.dictionaries(key, inner, max_size=3)
    cases = st.dictionaries(st.sampled_from(["x", "1", "", "it's"]), inner, max_size=3)
    return st.one_of(
        several.map(lambda v: {"first_of": v}),
        several.map(lambda v: {"first_nonblank": v}),
        several.map(lambda v: {"merge": v}),
        several.map(lambda v: {"hash": v}),
        members.map(lambda v: {"object": v}),
        st.lists(inner, max_size=3),
        st.builds(lambda s, c, e: {"match": s, "cases": c, **e}, inner, cases, optional("else", inner)),
        st.builds(lambda w, t, e: {"when": w, "then": t, **e}, condition, inner, optional("else", inner)),
        st.builds(lambda m, t: {"map": m, "to": t}, path | st.sampled_from(LISTS), inner),
        modified(inner),
    )


def optional(name: str, value: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.just({}) | value.map(lambda v: {name: v})


def modified(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """An operator with modifiers; what is no operator yet becomes the only option of `first_of`."""
    names = st.lists(key, max_size=2)
    on_error = st.sampled_from([{}, {"on_error": "reject"}, {"on_error": "omit"}, {"on_error": "null"}])
    plain = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "json"])
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
    changes = st.builds(
        lambda p, o, r: {**p, **o, **r},
        optional("pick", names),
        optional("omit", names),
        optional("rename", st.dictionaries(key, key, max_size=1)),
    )
    casts = st.builds(lambda k, e: {"as": k, **e}, plain, on_error)
    endings = st.sampled_from([{}, {"on_missing": "reject"}]) | inner.map(lambda v: {"default": v})
    return st.builds(
        lambda value, *parts: {"first_of": [value]} | {k: v for part in parts for k, v in part.items()},
        inner,
        st.just({}) | changes,
        st.just({}) | casts | times,
        endings,
    )


values = st.recursive(leaf, operators, max_leaves=6)
TEXT_FIELD = {"as": "string", "on_missing": "reject"}
EACH = [
    "$",
    "$.items",
    "$.items[*]",
    "$.items[*].a",
    "$[*]",
    ["$[*].json", "$.items", "$"],
    "$['items'][?@.a]",
    "$.items[:1]",
]
mappings = st.builds(
    lambda each, skips, user, properties: {
        "mapping": "random",
        **each,
        "skip": [{"when": when, "reason": f"because {when}"} for when in skips],
        "event": {
            "event_id": {"first_of": [user], **TEXT_FIELD},
            "event_name": "Seen",
            "user_id": "u",
            "timestamp": "2026-11-23T20:00:00.000Z",
            "event_properties": {"object": {"p": properties, "q": {"first_of": [properties]}}},
        },
    },
    optional("each", st.sampled_from(EACH)),
    st.lists(condition, max_size=2),
    st.just("$.a") | values,
    values,
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
    errors = [d for d in diagnostics if d.severity is mapper.Severity.ERROR]
    if errors:
        event("refused")
        for diagnostic in diagnostics:
            assert not diagnostic.code.startswith(("M6", "M9"))
            assert diagnostic.span is None or diagnostic.span.end <= len(text)
        return
    event("compiled")
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
        parsed = transform(json.dumps(payload).encode(), request)
        assert same(parsed.events, result.events) or "1e300" in json.dumps(payload)
