"""Validators of a schema: the generated one, and that of jsonschema as the reference."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from jsonschema import Draft202012Validator

from mapper.codegen.validator_code import emit_validator
from mapper.codegen.writer import Writer
from mapper.regex.reading import read_ecma
from mapper.regex.translation import as_python
from mapper.schemas.questions import subschemas
from support.emitted import defined

CHECKER = deepcopy(Draft202012Validator.FORMAT_CHECKER)
# Its checks of these formats let signs pass that RFC 3339 §5.6, RFC 9562 §4, RFC 3986, RFC 6570 and RFC 1123
# do not have.
_SIGNS = {
    **dict.fromkeys(("date-time", "time"), r"[^\n]*"),
    "uuid": "[0-9A-Fa-f-]{36}",
    **dict.fromkeys(("hostname", "uri", "uri-reference", "uri-template"), r"[^\x00-\x20\x7f]*"),
}


def _narrow(name: str, signs: str) -> None:
    check, raises = CHECKER.checkers[name]
    CHECKER.checkers[name] = (
        lambda value: check(value) and (not isinstance(value, str) or bool(re.fullmatch(signs, value))),
        raises,
    )


for _name, _signs in _SIGNS.items():
    _narrow(_name, _signs)


def generated(schema: Any) -> str:
    """The Python source of the validator of a schema, as a module."""
    writer = Writer()
    emit_validator(writer, schema)
    return writer.module()


def compiled(schema: Any) -> Callable[[object], bool]:
    """The generated validator as a function."""
    return defined(generated(schema), "valid")  # type: ignore[no-any-return]


def reference(schema: Any) -> Draft202012Validator:
    """The validator of jsonschema, with formats, and with patterns as ECMA-262 means them."""
    return Draft202012Validator(with_python_patterns(schema), format_checker=CHECKER)


def with_python_patterns(schema: Any) -> Any:
    """The schema with its patterns as Python writes them: jsonschema searches with `re`."""
    if not any(_has_patterns(node) for _, node in subschemas(schema)):
        return schema
    schema = deepcopy(schema)
    nodes = {id(node): node for _, node in subschemas(schema)}  # one may be at several places
    for node in nodes.values():
        if _has_patterns(node):
            if "pattern" in node:
                node["pattern"] = as_python(read_ecma(node["pattern"]))
            named = node.get("patternProperties", {})
            for pattern in list(named):
                named[as_python(read_ecma(pattern))] = named.pop(pattern)
    return schema


def _has_patterns(node: Any) -> bool:
    return isinstance(node, dict) and ("pattern" in node or "patternProperties" in node)
