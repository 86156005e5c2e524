"""Random schemas and values: generated validators judge as jsonschema does."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mapper.runtime.schema.keywords import is_stack_used_up
from mapper.runtime.schema.validation import violations
from support.examples import examples
from support.random_schemas import DOCUMENTS, NAMES, SCHEMAS, TYPES, VALUES, schemas_over
from support.validators import compiled, reference

SLOW = examples(60, *HealthCheck)


def reference_verdict(schema: Any, value: object) -> bool | None:
    """What jsonschema says; None where a reference leads back to itself and it cannot tell."""
    try:
        return bool(reference(schema).is_valid(value))
    except BaseException as error:
        if is_stack_used_up(error):
            return None
        raise


@SLOW
@given(st.one_of(SCHEMAS, DOCUMENTS), st.lists(VALUES, min_size=1, max_size=6))
def test_verdict_is_that_of_jsonschema(schema: Any, values: list[Any]) -> None:
    if isinstance(schema, dict) and "$defs" not in schema:
        schema = {**schema, "$defs": {"word": {"$dynamicAnchor": "word", "type": "string"}, "a/b c": True}}
    Draft202012Validator.check_schema(schema)
    valid = compiled(schema)
    for value in values:
        verdict = reference_verdict(schema, value)
        if verdict is None:
            continue  # `load_schema` refuses references that lead back to themselves (M007)
        assert valid(value) is verdict
        with suppress(RecursionError):  # to explain goes further into alternatives than to judge
            assert bool(violations(json.dumps(schema), value)) is not verdict


@SLOW
@given(schemas_over(st.fixed_dictionaries({"type": TYPES})), st.data())
def test_verdict_on_objects_near_the_schema(schema: Any, data: st.DataObject) -> None:
    document = {"type": "object", "properties": {"a": schema, "b": schema}, "required": ["a"]} | schema
    document["$defs"] = {"word": {"$dynamicAnchor": "word", "maxLength": 2}, "a/b c": {"type": "string"}}
    value = data.draw(st.dictionaries(NAMES, VALUES, max_size=4))
    verdict = reference_verdict(document, value)
    assert verdict is None or compiled(document)(value) is verdict
