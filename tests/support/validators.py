"""Validators of a schema: the generated one, and that of jsonschema as the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator

from mapper.codegen.validator_code import emit_validator
from mapper.codegen.writer import Writer
from support.emitted import defined

CHECKER = Draft202012Validator.FORMAT_CHECKER


def generated(schema: Any) -> str:
    """The Python source of the validator of a schema, as a module."""
    writer = Writer()
    emit_validator(writer, schema)
    return writer.module()


def compiled(schema: Any) -> Callable[[object], bool]:
    """The generated validator as a function."""
    return defined(generated(schema), "valid")  # type: ignore[no-any-return]


def reference(schema: Any) -> Draft202012Validator:
    """The validator of jsonschema, with formats."""
    return Draft202012Validator(schema, format_checker=CHECKER)
