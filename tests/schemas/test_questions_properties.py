"""Questions about random schemas: the answers hold for every value that fits."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given

from mapper.runtime.schema.keywords import is_stack_used_up
from mapper.schemas.questions import (
    allows_type,
    is_closed,
    items_of,
    properties_of,
    property_of,
    required_of,
    type_of,
)
from support.examples import examples
from support.random_schemas import DOCUMENTS, VALUES
from support.validators import reference

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
@given(DOCUMENTS, VALUES)
def test_shapes_are_sound(document: Any, value: Any) -> None:
    if "$ref" in json.dumps(document) or reference_verdict(document, value) is not True:
        return
    assert allows_type(document, document, type_of(value))
    if isinstance(value, dict):
        assert required_of(document, document) <= set(value)
        known = properties_of(document, document)
        assert not is_closed(document, document) or set(value) <= set(known)
        for name, member in value.items():
            assert allows_type(document, property_of(document, document, name), type_of(member))
    if isinstance(value, list):
        assert all(allows_type(document, items_of(document, document), type_of(item)) for item in value)
