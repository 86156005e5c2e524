"""Form of schemas: the quick test accepts nothing that the metaschema refuses, and most that it accepts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mapper.schemas.form import unusual_parts
from support.examples import examples
from support.random_schemas import DOCUMENTS, VALUES, schemas_over

KEYWORDS = """
    $schema $id $ref $anchor $comment $defs title description format pattern minimum maximum
    exclusiveMinimum minLength maxLength minItems maxItems minProperties deprecated readOnly uniqueItems const
    default enum examples properties patternProperties dependentSchemas allOf anyOf prefixItems items contains
    additionalProperties not if unevaluatedProperties required type x-unknown
""".split()  # noqa: SIM905
SLOW = examples(80, *HealthCheck)


DAMAGED = schemas_over(st.one_of(VALUES, schemas_over(VALUES)))


@SLOW
@given(st.one_of(DAMAGED, st.dictionaries(st.sampled_from(KEYWORDS), VALUES)))
def test_what_is_plainly_valid_is_valid(schema: Any) -> None:
    if not list(unusual_parts(schema)):
        Draft202012Validator.check_schema(schema)


@pytest.mark.slow
@given(DOCUMENTS)
def test_plain_validity_is_often_told(schema: Any) -> None:
    strange = {
        "unknown-keyword",
        "multipleOf",
        "dependentRequired",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minContains",
        "maxContains",
    }
    if not any(
        f'"{keyword}"' in json.dumps(schema)
        for keyword in strange | {"minProperties", "maxProperties", "$ref"}
    ):
        assert not list(unusual_parts(schema))
