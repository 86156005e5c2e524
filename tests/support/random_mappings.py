"""Random mappings over all operators and modifiers, and payloads and requests for them.

There are few names, so that paths meet values. A mapping is a structure of Python; as JSON it is YAML too.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

import mapper

Json = Any
Form = list[tuple[str, str]]

KEYS = ["a", "b", "c", "odd key", "$x", "it's", "a.a"]
key = st.sampled_from(KEYS)
scalar = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -3, 1.0, 2.5, 2**64, 1e300, 1_795_464_000]),
    st.sampled_from(["", " ", "x", "1", "0500", "true", "{}", '{"a": [1]}', "é\u2028", "1795464000.25"]),
    st.sampled_from(["2026-11-23T20:00:00Z", "2026-11-23 20:00:00.123456789", "23/11/2026"]),
    st.sampled_from(
        ["2026-03-29", "2026-11-23T20:00+01", "2026-11-23T20:00:00,5Z", 1_795_464_000_123_456_789]
    ),
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
EXPRESSIONS = [
    *("a", "c.first", "item['odd key'] | default: 0", "envelope.a | json", "(1..3)", "header", "b.size"),
    *(
        "c | size",
        "c | map: 'a' | uniq",
        "c | first",
        "c | where: 'a' | last",
        "c | concat: c",
        "a | reverse",
    ),
    *("a | times: 2 | round", "a | plus: b", "a | divided_by: b", "b | default: a, allow_false: true"),
    *("a | append: b | upcase", "b | strip | md5 | prepend: 'u-'", "a | hmac_sha256: setting.s | split: ''"),
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
several_matches = st.sampled_from(LISTS)
inner_path = st.sampled_from([*PATHS[1:], *LISTS])
entry_keys = st.sampled_from(["$.key", "$.a", "$", "{{ key }}{{ a }}", {"path": "$.b", "as": "string"}])
takes = st.sampled_from(["first", "last", "only"])
condition = st.sampled_from(CONDITIONS)
# Values that may be missing or null, and of any type: they can stand wherever something stands behind them.
unsure = st.one_of(
    path,
    path,
    path.map(lambda text: {"path": text}),
    path.map(lambda text: {"envelope": text}),
    st.sampled_from(EXPRESSIONS).map(lambda text: {"compute": text}),
    st.builds(lambda p, t: {"path": p, "take": t}, several_matches, takes),
    st.builds(lambda p, t: {"envelope": p, "take": t}, several_matches, takes),
    st.sampled_from([{"setting": "s"}, {"path": "$.a", "as": "json", "on_error": "omit"}]),
)
leaf = st.one_of(
    unsure,
    unsure,
    several_matches,
    st.sampled_from(LIQUID),
    payloads.map(lambda value: {"literal": value}),
    st.sampled_from([{"header": "X"}, {"query": "q"}, {"received_at": True}]),
    st.sampled_from(["text", 0, 1.5, True, None]),
)


def operators(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Operators over the values of `inner`."""
    several = st.builds(lambda some, last: [*some, last], st.lists(unsure, max_size=2), inner)
    members = st.dictionaries(key, inner, max_size=3)
    objects = st.lists(unsure | members, min_size=1, max_size=3)
    sources = unsure | members | several | inner.map(lambda value: {"first_of": [value]})
    cases = st.dictionaries(
        st.sampled_from(["x", "1", "", "it's"]), inner, min_size=1, max_size=3
    ) | st.builds(
        lambda constants, one, other: [
            {"in": constants[:-1], "then": one},
            {"in": constants[-1:], "then": other},
        ],
        st.lists(st.sampled_from(["x", "it's", "", 0, 1, 2.5, True, None]), min_size=2, unique_by=repr),
        inner,
        inner,
    )
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
        st.builds(lambda p, v: {"path": p, "of": v}, inner_path, sources),
        st.builds(lambda p, v, t: {"path": p, "of": v, "take": t}, several_matches, sources, takes),
        (unsure | members).map(lambda v: {"entries": v}),
        st.builds(
            lambda s, k, v, d: {"object_from": s, "key": k, "value": v, **d},
            unsure | members | several_matches | several,
            entry_keys,
            inner,
            optional("on_duplicate", st.sampled_from(["reject", "first", "last", "list"])),
        ),
        modified(inner),
    )


def optional(name: str, value: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """A member of an object that may be left out."""
    return st.just({}) | value.map(lambda v: {name: v})


def modified(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Something that may be missing, changed, cast, or given a default."""
    names = st.lists(key, max_size=2)
    on_error = st.sampled_from(
        [{}, {"on_error": "reject"}, {"on_error": "omit"}, {"on_error": "null"}, {"on_error": "keep"}]
    )
    zoned = {"zone": "+05:30"}
    formats = st.sampled_from(
        [
            *({"from": name} for name in ("epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "iso8601_minutes")),
            *({"from": name, **zoned} for name in ("iso8601", "iso8601_comma", "iso8601_minutes")),
            *({"from": name, **zoned} for name in ("%d/%m/%Y", ["epoch_s", "iso8601"])),
            {"from": ["date", "iso8601"], "zone": "Europe/Berlin", "time_of_day": "02:30"},
        ]
    )
    written = st.sampled_from(
        [
            *("iso8601", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"),
            *({"precision": name} for name in ("s", "ms", "us", "ns")),
            {"pattern": "%d.%m.%Y %I %p"},
            {"pattern": "it's %A %j %y-%b, %H:%M:%S.%f %z%%", "zone": "America/St_Johns"},
            {"pattern": "$D_%s", "zone": "-08:00"},
        ]
    )
    windows = st.sampled_from(
        [["2000-01-01", "received_at + 1d"], [None, "2026-12-01"], ["received_at - 9d", None]]
    )
    times = st.builds(
        lambda f, w, t, e: {"as": "timestamp", **f, **w, **t, **e},
        formats,
        optional("within", windows),
        optional("write", written),
        on_error,
    )
    scalars = st.sampled_from(["string", "integer", "number", "boolean", "array", "json"])
    casts = st.builds(lambda k, e: {"as": k, **e}, scalars, on_error)
    prune = st.lists(st.sampled_from(["null", "blank", "empty"]), min_size=1, unique=True)
    flatten = st.builds(
        lambda separator, lists: {"separator": separator, "lists": lists},
        st.sampled_from([".", " ", "x"]),
        st.sampled_from(["keep", "index"]),
    )
    changes = st.builds(
        lambda p, o, r, f, d, e: {**p, **o, **r, **f, **d, **e},
        optional("pick", names),
        optional("omit", names),
        optional("rename", st.dictionaries(key, key, max_size=1)),
        optional("flatten", flatten),
        optional("prune", prune),
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
# Of the vars, `v` is a place of the payload, `w` may be anything, and `u` may read both.
READS = [
    *({"var": "v"}, {"var": "w"}, "{{ vars.v }}/{{ vars.w.a }}", {"map": {"var": "v"}, "to": {"var": "w"}}),
    *({"when": "a and vars.w == 1", "then": {"var": "v"}, "else": {"var": "w"}},),
    "{% if a %}{{ vars.v }}{% elsif vars.w == blank %}{{ vars.w }}{% endif %}",
    "{% tablerow x in c %}{{ vars.w }}{% endtablerow %}",
]
ALL_READS = [*READS, {"var": "u"}, "{% for x in c %}{{ vars.u }}{% endfor %}"]
vars_ = st.fixed_dictionaries({"v": path, "w": values, "u": values | st.sampled_from(READS)})
reading = st.recursive(leaf | st.sampled_from(ALL_READS), operators, max_leaves=6)
rule = condition | st.sampled_from(["vars.v == blank", "a and vars.u == 1", "vars.w contains 'x'"])
mappings = st.builds(
    lambda each, named, skips, rejects, event_id, properties, everything: {
        "mapping": "random",
        "each": each,
        "vars": named,
        "skip": [{"when": when, "reason": f"because {when}"} for when in skips],
        "reject": [{"when": when, "reason": f"not with {when}"} for when in rejects],
        "event": {
            "event_id": event_id,
            "event_name": "Seen",
            "user_id": "u",
            "timestamp": "2026-11-23T20:00:00.000Z",
            "event_properties": {"merge": [{"p": properties}, everything]},
        },
    },
    st.sampled_from(["$"] * len(EACH) + EACH),
    vars_,
    st.lists(rule, max_size=1),
    st.lists(rule, max_size=1),
    item_id,
    reading,
    unsure | st.just({"var": "v"}) | st.dictionaries(key, reading, max_size=2),
)
bodies = st.one_of(
    items,
    payloads,
    st.lists(items, max_size=3),
    st.lists(payloads, max_size=3).map(lambda v: {"items": v, "a": "x"}),
    st.lists(items, max_size=3).map(lambda v: {"items": v}),
    st.lists(items.map(lambda v: {"json": v}) | items, max_size=2),
)
# Of a text that is JSON, only a value that is no text: read again from a parsed form, it stays as it is.
field_texts = st.sampled_from(
    ["", " ", "x", "1", "true", "{}", '{"a": [1]}', '[{"a": 1}, "x"]', "é=&%", "2026-11-23T20:00:00Z"]
)
field_names = st.sampled_from(
    [
        *KEYS,
        "items",
        *("a[b]", "a[a][b]", "c[]", "c[0]", "c[1]", "c[0][a]", "$x[a]", "items[0][a]", "c[", "[a]"),
    ]
)
forms: st.SearchStrategy[Form] = st.lists(st.tuples(field_names, field_texts), max_size=6)
form_mappings = st.builds(
    lambda mapping, names, field: {**mapping, "body": {"format": "form", **names, **field}},
    mappings,
    optional("names", st.sampled_from(["flat", "brackets"])),
    optional("field", st.sampled_from(["a", "c", "items"])),
)
unread = st.sampled_from(
    [
        {"header": "X"},
        {"query": "q"},
        {"setting": "s"},
        {"received_at": True},
        "{{ header.x }}{{ query.q }}",
        0,
    ]
)
unread_mappings = st.builds(
    lambda when, event_id, properties: {
        "mapping": "random",
        "body": {"format": "none"},
        "skip": [{"when": when, "reason": f"because {when}"}],
        "event": {
            "event_id": {"first_of": [event_id], "as": "string", "on_missing": "reject"},
            "event_name": "Seen",
            "user_id": "u",
            "timestamp": "2026-11-23T20:00:00.000Z",
            "event_properties": properties,
        },
    },
    st.sampled_from(["query.q == '2'", "header.x == blank", "setting.s == nil"]),
    unread,
    st.dictionaries(key, unread | st.lists(unread, max_size=2), max_size=3),
)
requests = st.builds(
    lambda h, q, s, t: mapper.Request(headers=h, query=q, settings=s, received_at=t),
    st.sampled_from([{}, {"X": "h"}]),
    st.sampled_from([{}, {"q": "1"}]),
    st.sampled_from([{}, {"s": {"a": 1}}, {"s": None}]),
    st.sampled_from([None, "2026-11-23T20:00:05Z"]),
)
