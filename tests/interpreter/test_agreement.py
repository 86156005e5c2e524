"""The interpreter and generated code agree: random mappings on random payloads, nothing lost or changed."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import mapper
from mapper.language.modifiers import MODIFIERS
from mapper.language.reader import TOP_LEVEL
from mapper.language.value_reader import OPERATORS
from support.agreement import assert_agreement, assert_located, same
from support.both_paths import assert_same
from support.examples import examples
from support.random_mappings import (
    LIQUID,
    LISTS,
    PATHS,
    Form,
    bodies,
    form_mappings,
    forms,
    mappings,
    requests,
    unread_mappings,
)

Json = Any
WORDS = [*TOP_LEVEL, *OPERATORS, *MODIFIERS, "when", "then", "cases", "else", "to", "reason", "odd"]
ROUGH = examples(60, *HealthCheck)


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
        if not any(callable(alternative) for alternative in transform._decoded.alternatives):
            assert_located(result, payload)
        assert same(transform(json.dumps(payload).encode(), request).events, result.events)


@ROUGH
@given(form_mappings, st.lists(forms, min_size=1, max_size=3), requests)
def test_forms_agree(mapping: Json, sent: list[Form], request: mapper.Request) -> None:
    text = json.dumps(mapping)
    if any(d.severity is mapper.Severity.ERROR for d in mapper.check(text)):
        return
    transform = mapper.compile(text)
    for form in sent:
        body = urlencode(form).encode()
        result = transform(body, request)
        assert all("M901" not in rejection.codes for rejection in result.rejected), result.rejected
        assert_agreement(transform, body, request)
        assert_same(transform, body, request)
        if len(dict(form)) == len(form):
            parsed = transform(dict(form), request)
            assert same(parsed.events, result.events)
            assert [r.codes for r in parsed.rejected] == [r.codes for r in result.rejected]


@ROUGH
@given(unread_mappings, st.binary(max_size=10), requests)
def test_a_body_that_is_not_read_changes_nothing(mapping: Json, body: bytes, request: mapper.Request) -> None:
    text = json.dumps(mapping)
    if any(d.severity is mapper.Severity.ERROR for d in mapper.check(text)):
        return
    transform = mapper.compile(text)
    assert_agreement(transform, body, request)
    assert_same(transform, body, request)
    assert same(transform(body, request).events, transform(b"{}", request).events)


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
