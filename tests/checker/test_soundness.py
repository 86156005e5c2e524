"""Soundness: what the checker proves, no payload contradicts; what it calls clean does not go wrong."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given
from hypothesis import strategies as st

import mapper
from mapper import ir
from mapper.catalog import find_mappings
from mapper.checker.inference.payload_types import item_type
from mapper.checker.search.drafts import item_places, wrapped
from mapper.checker.search.runner import Payload
from mapper.compiler import Analysis, analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_source
from mapper.diagnostics.source import SourceFile
from mapper.runtime.missing import MISSING
from mapper.transform.runner import ProgramRunner
from support.declared import declared_places
from support.examples import examples
from support.from_types import anything, values_of
from support.random_mappings import bodies, mappings, optional
from support.validators import reference

QUICK = examples(25, *HealthCheck)
SHIPPED = [path for path in find_mappings() if "\ntemplate:" not in path.read_text("utf-8")]
MOMENTS = [None, "2026-11-23T20:00:05Z"]


load = cache(mapper.load)


@cache
def validator(text: str) -> Any:
    return reference(json.loads(text))


@cache
def analysis_of(path: Path) -> Analysis:
    file = read_source(path, Report())
    assert file is not None
    return analyse(file, path.parent, Report())


def is_exact(value: Any) -> bool:
    """True if a value holds no number that `hash` refuses: a float that may have lost digits."""
    if isinstance(value, float):
        return abs(value) < 2**53
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(map(is_exact, parts))


# No schema describes what is around the items, so `check` says nothing of the numbers there.
known = anything.filter(is_exact)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@QUICK
@given(st.data())
def test_a_mapping_without_warnings_never_rejects_unasked(path: Path, data: st.DataObject) -> None:
    analysis = analysis_of(path)
    assert not analysis.report.diagnostics
    assert analysis.references.source is not None
    assert analysis.program is not None
    item = data.draw(values_of(item_type(analysis.references.source)))
    assume(item is not MISSING and validator(json.dumps(analysis.references.source.document)).is_valid(item))
    around = data.draw(
        st.dictionaries(st.sampled_from(["is_test", "targetId", "message_id"]), known, max_size=2)
    )
    body = wrapped(tuple(item_places(analysis.program.each, None)), item, around)
    request = mapper.Request(
        headers={"x-request-id": "r"},
        settings=data.draw(st.sampled_from([{}, {"event_name": "E", "anonymous_users": "keep"}])),
        received_at=data.draw(st.sampled_from(MOMENTS)),
    )
    allowed = set(declared_places(analysis.program))
    result = load(path)(body, request)
    event(f"{len(result.events)} events, {len(result.skipped)} skipped, {len(result.rejected)} rejected")
    for rejected in result.rejected:
        for diagnostic in rejected.diagnostics:
            span = diagnostic.span
            assert span is not None
            assert (diagnostic.code, span.start, span.end) in allowed, (diagnostic, body)


PROPERTIES: list[Any] = [
    {"type": "string"},
    {"type": "string", "pattern": "\\S"},
    {"type": ["string", "null"]},
    {"type": ["string", "number"]},
    {"type": "integer", "minimum": 0, "maximum": 3},
    {"type": "boolean"},
    {"enum": ["x", "y"]},
    {"enum": ["1", "2", None]},
    {"type": "string", "format": "date-time"},
    {"type": "array", "items": {"type": "string"}},
    {"type": ["object", "null"], "properties": {"a": {"type": "string"}}, "required": ["a"]},
    {
        "type": "object",
        "properties": {"a": {"type": ["string", "null"]}, "b": {"type": "object"}},
        "additionalProperties": False,
        "required": ["a"],
    },
    {
        "type": "object",
        "properties": {
            "a": {"type": "object", "properties": {"a": {"type": "string"}}},
            "a.a": {"type": "string"},
        },
        "additionalProperties": False,
    },
    {"type": "array", "items": {"type": ["string", "null"]}, "minItems": 1},
    {},
]
NAMES = ["a", "b", "c"]
sources = st.builds(
    lambda parts, required: {"type": "object", "properties": parts, "required": required},
    st.fixed_dictionaries({name: st.sampled_from(PROPERTIES) for name in NAMES}),
    st.lists(st.sampled_from(NAMES), unique=True),
)
PATHS = ["$.a", "$.b", "$.c", "$.a.a", "$.b[0]"]
TEXTS = [
    "{{ a }}",
    "on {{ b }}",
    "{{ a | default: 'x' }}",
    "{% if a == 'x' %}1{% endif %}",
    "{{ b | upcase }}{{ c }}",
]
CONDITIONS = [
    "a == blank",
    "b != nil",
    "a == 'x'",
    "b and c",
    "c == blank or a == 'y'",
    "a != b",
    "b > 1",
    "c == true",
]
leaf = st.sampled_from([*PATHS, *TEXTS, "x", "", 5, "2026-11-23T20:00:00Z", {"literal": None}])


FLATTEN = st.builds(
    lambda lists, more: {"flatten": {"lists": lists}, **more},
    st.sampled_from(["keep", "index"]),
    st.sampled_from([{}, {"on_error": "reject"}]),
)
PRUNE = st.lists(st.sampled_from(["null", "blank", "empty"]), min_size=1, unique=True).map(
    lambda kinds: {"prune": kinds}
)
CHANGES = PRUNE | FLATTEN | st.builds(lambda one, other: one | other, PRUNE, FLATTEN)


def operators(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    condition = st.sampled_from(CONDITIONS)
    casts = st.sampled_from(
        [
            *({"as": kind} for kind in ("string", "integer", "boolean", "object", "timestamp", "json")),
            {"as": "timestamp", "write": "epoch_ms"},
            {"as": "timestamp", "write": {"precision": "s"}},
            {"as": "timestamp", "write": {"pattern": "%A %d %B %y %z", "zone": "+05:30"}},
            {"as": "timestamp", "from": ["epoch_ns", "date"], "time_of_day": "12:00", "zone": "UTC"},
        ]
    )
    reactions = st.sampled_from(
        [
            {},
            {"on_error": "omit"},
            {"on_error": "reject"},
            {"on_error": "keep"},
            {"default": "x"},
            {"default": 1},
        ]
    )
    return st.one_of(
        several.map(lambda v: {"first_of": v}),
        several.map(lambda v: {"first_nonblank": v}),
        st.builds(lambda w, t, e: {"when": w, "then": t, "else": e}, condition, inner, inner),
        st.builds(lambda w, t: {"when": w, "then": t}, condition, inner),
        st.builds(
            lambda s, t, e: {"match": s, "cases": {"x": t, "1": e}}, st.sampled_from(PATHS), inner, inner
        ),
        st.builds(
            lambda s, t, e: {
                "match": s,
                "cases": [{"in": ["x", 1, None], "then": t}, {"in": ["y"], "then": e}],
            },
            st.sampled_from(PATHS),
            inner,
            inner,
        ),
        st.builds(lambda v, k, r: {"first_of": [v], **k, **r}, inner, casts, reactions),
        st.builds(lambda v: {"first_of": [v], "on_missing": "reject"}, inner),
        st.builds(lambda v, c: {"first_of": [v], **c}, inner, CHANGES),
        st.builds(
            lambda v, c, r: {"object": {"a": v}, **c, **r}, inner, CHANGES, optional("default", st.just({}))
        ),
        st.builds(lambda v, c: {"first_of": [[v, "$.c"]], **c}, inner, CHANGES),
    )


expressions = st.recursive(leaf, operators, max_leaves=4)
TARGETS: list[Any] = [
    {"type": "string", "minLength": 1, "pattern": "\\S"},
    {"type": ["string", "null"]},
    {"type": "integer", "minimum": 1},
    {"enum": ["x", "1"]},
    {"type": "string", "format": "date-time"},
    {"type": "object"},
    {"type": "object", "properties": {"a": {"type": "string", "pattern": "\\S"}}, "required": ["a"]},
    {"type": "object", "additionalProperties": {"type": ["string", "array"]}, "minProperties": 1},
    {"type": "object", "properties": {"a.a": {"type": "string"}}, "required": ["a.a"]},
    {"type": "array", "items": {"type": "string", "pattern": "\\S"}, "minItems": 1},
]
small_mappings = st.builds(
    lambda skips, value, required: (
        {
            "mapping": "random",
            "version": 1,
            "source": "source.schema.json",
            "target": "target.schema.json",
            "skip": [{"when": when, "reason": when} for when in skips],
            "event": {"f": value},
        },
        required,
    ),
    st.lists(st.sampled_from(CONDITIONS), max_size=2),
    expressions,
    st.booleans(),
)


@pytest.mark.slow
@examples(50, *HealthCheck)
@given(sources, st.sampled_from(TARGETS), small_mappings, st.data())
def test_proofs_about_small_mappings(
    tmp_path_factory: pytest.TempPathFactory,
    source: Any,
    wanted: Any,
    small: tuple[dict[str, Any], bool],
    data: st.DataObject,
) -> None:
    mapping, required = small
    target = {
        "type": "object",
        "properties": {"f": wanted},
        "required": ["f"] if required else [],
        "additionalProperties": False,
    }
    folder = tmp_path_factory.mktemp("small")
    (folder / "source.schema.json").write_text(json.dumps(source), "utf-8")
    (folder / "target.schema.json").write_text(json.dumps(target), "utf-8")
    file = SourceFile(str(folder / "case.yaml"), json.dumps(mapping))
    analysis = analyse(file, folder, Report())
    found = analysis.report.ordered()
    program, inference = analysis.program, analysis.inference
    if program is None or inference is None or analysis.references.source is None:
        return
    is_certain = len(found) == 1 and re.match("`f` (cannot be|never fits|is always)", found[0].message)
    execute = ProgramRunner(file, analysis.references.source, objects_only=True).prepare(program, target)
    valid = reference(source).is_valid
    for _ in range(6):
        item = data.draw(values_of(item_type(analysis.references.source)))
        if item is MISSING or not valid(item):
            continue
        run = execute(Payload(item, {}, {}, {}, None))
        assert "M901" not in [code for code, _, _ in run.faults]
        if run.skipped:
            continue
        if not found:
            event("clean")
            allowed = {(code, start, end) for code, start, end in declared_places(analysis.program)}
            unasked = [(c, s) for c, s, _ in run.faults if s is None or (c, s.start, s.end) not in allowed]
            # A blank text in a field that says `on_missing: reject` is rejected by the target's schema.
            required_field = isinstance(program.output.fields[0].value, ir.Required)  # type: ignore[union-attr]
            assert not unasked or (required_field and {c for c, _ in unasked} == {"M612"}), (item, run)
        elif is_certain:
            event("proven bad")
            assert run.faults or (not required and run.event == {}), (item, run)


@examples(20, *HealthCheck)
@given(mappings, st.lists(bodies, min_size=1, max_size=3))
def test_no_invalid_event_passes_whatever_the_payload(mapping: Any, payloads: list[Any]) -> None:
    text = json.dumps(mapping)
    if any(d.severity is mapper.Severity.ERROR for d in mapper.check(text)):
        return
    transform = mapper.compile(text)
    valid = validator(transform._compiled.target).is_valid
    for payload in payloads:
        assert all(valid(made) for made in transform(payload).events)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@QUICK
@given(anything, st.dictionaries(st.sampled_from(["events", "batch", "profiles", "users", "json"]), anything))
def test_no_invalid_event_passes_on_payloads_against_the_schema(
    path: Path, payload: Any, around: Any
) -> None:
    transform = load(path)
    valid = validator(transform._compiled.target).is_valid
    for body in (payload, around):
        result = transform(body)
        assert all(valid(made) for made in result.events)
        assert all("M901" not in rejected.codes for rejected in result.rejected)
