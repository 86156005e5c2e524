"""Validation at run time: the check of an event by its schema, and the reasons if it does not fit.

Generated code inlines most checks and calls `delegate` for the rest. `violations` explains a refused event.
These two import jsonschema themselves, so that `import mapper` stays light.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

from mapper.runtime.digits import RANGE, is_out_of_range
from mapper.runtime.faults import Fault
from mapper.runtime.json.locations import write_location
from mapper.runtime.json.nesting import nests_deeper
from mapper.runtime.json.types import in_words
from mapper.runtime.limits import MAX_EVENT_DEPTH
from mapper.runtime.missing import MISSING
from mapper.runtime.schema.keywords import additional_names, judging, validator_class
from mapper.runtime.work import meter

MAX_VIOLATIONS = 20
_MAX_ABSENT = 1_000
MAX_NODES = 2_000_000

_DOCUMENT = "urn:mapper:schema"


@dataclass(frozen=True, slots=True)
class Violation:
    """One reason why a value does not fit: its location, the keyword that refuses it, and what would fit.

    `message` completes a sentence that begins with the location and never holds values of the payload.
    `value` is the refused value, MISSING if there is none.
    """

    location: str
    keyword: str
    message: str
    value: object = field(default=MISSING, compare=False, repr=False)


def delegate(schema_json: str, pointer: str = "") -> Callable[[object], bool]:
    """A check by jsonschema of the subschema at `pointer`; a value that it cannot check does not fit."""

    def is_valid(value: object) -> bool:
        try:
            validator, remembers = _validator(schema_json, pointer, meter() is not None)
            with judging(explains=False, remembers=remembers):
                return bool(validator.is_valid(value))
        except Fault:
            raise  # too much work
        except RecursionError:
            if find_non_json(value) is None:
                raise  # the caller has used up the stack
            return False
        except Exception:  # values no JSON text can hold: refused, so never lost
            return False

    return is_valid


@lru_cache(maxsize=256)
def _validator(schema_json: str, pointer: str, is_counted: bool) -> tuple[Any, bool]:
    import json

    return validator_of(json.loads(schema_json), pointer, is_counted=is_counted)


def validator_of(document: Any, pointer: str = "", *, is_counted: bool) -> tuple[Any, bool]:
    """A validator for one subschema, and True if results of a subschema may be cached.

    `#…` references are resolved in the whole document, and nothing is ever fetched. It is used inside
    `judging`.
    """
    from urllib.parse import quote

    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    from mapper.runtime.schema.formats import format_checker

    resource = DRAFT202012.create_resource(document)
    registry: Registry[Any] = Registry().with_resource(_DOCUMENT, resource)
    if isinstance(document, dict) and isinstance(document.get("$id"), str):
        registry = registry.with_resource(document["$id"], resource)
    # A reference, even to the whole document: otherwise each reference to an anchor searches the document.
    schema = {"$ref": f"{_DOCUMENT}#{quote(pointer)}"}
    registry = registry.crawl()
    validator = validator_class(is_counted=is_counted)(
        schema, registry=registry, format_checker=format_checker()
    )
    has_ids_inside = len(registry) > len({_DOCUMENT, resource.id()})
    return validator, not has_ids_inside


def is_json(value: object, max_depth: int = MAX_EVENT_DEPTH) -> bool:
    """Return True if a value can be written as JSON text that nests at most `max_depth` levels deep.

    Numbers are finite, keys are texts, and no text holds half of a surrogate pair. The same answer as that of
    `find_non_json` and `nests_deeper`, several times as fast.
    """
    if not isinstance(value, dict | list):
        return find_non_json(value) is None
    try:
        return _is_json(value, max_depth, [MAX_NODES])
    except (TypeError, ValueError):  # a name that is not text; half of a surrogate pair
        return False
    except RecursionError:  # the caller has used up the stack
        return find_non_json(value) is None and not nests_deeper(value, max_depth)


def _is_json(node: Any, max_depth: int, room: list[int]) -> bool:
    room[0] -= len(node)
    if max_depth < 1 or room[0] < 0:
        return False
    values = node
    if type(node) is dict or isinstance(node, dict):
        names = "".join(node)
        if not names.isascii():
            names.encode()
        values = node.values()
    for value in values:
        kind = type(value)
        if kind is str:
            if not value.isascii():
                value.encode()
        elif kind is float:
            if value - value != 0:
                return False
        elif kind is int:
            if not -RANGE < value < RANGE:
                return False
        elif value is None or kind is bool:
            continue
        elif kind is dict or kind is list or isinstance(value, dict | list):
            if not _is_json(value, max_depth - 1, room):
                return False
        elif find_non_json(value) is not None:
            return False
    return True


def are_texts(*texts: str) -> bool:
    """Return True if texts can be written as UTF-8: none holds half of a surrogate pair."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


def find_non_json(value: object) -> tuple[tuple[str | int, ...], str] | None:
    """The path of the first part of `value` that JSON cannot hold and what is wrong with it, or None."""
    # A path is linked, (parent, key, depth), so that a step costs one small tuple.
    stack: list[tuple[object, tuple[Any, ...]]] = [(value, ())]
    budget = MAX_NODES
    while stack:
        node, path = stack.pop()
        if isinstance(node, str):
            fault = None if node.isascii() else _text_fault(node)
        elif node is None:
            continue
        elif isinstance(node, int):
            fault = "is a number out of range" if is_out_of_range(node) else None
        elif isinstance(node, float):
            fault = None if node - node == 0 else "is not a finite number"
        else:
            fault = _open_container(node, path, stack)
            if isinstance(node, dict | list):  # counted as `_is_json` does
                budget -= len(node)
            if budget < 0:
                fault = "holds too many values"
        if fault is not None:
            return _unlink(path), fault
    return None


def _open_container(
    node: object, path: tuple[Any, ...], stack: list[tuple[object, tuple[Any, ...]]]
) -> str | None:
    depth = path[2] + 1 if path else 1
    if depth > MAX_EVENT_DEPTH:
        return "nests too deep"
    if isinstance(node, dict):
        for key in node:
            if not isinstance(key, str):
                return "has a name that is not text"
            if not key.isascii() and _text_fault(key):
                return "has a name with half of a surrogate pair"
        stack.extend([(child, (path, key, depth)) for key, child in node.items() if child is not None])
        return None
    if isinstance(node, list):
        stack.extend([(child, (path, index, depth)) for index, child in enumerate(node)])
        return None
    return "is a number out of range" if isinstance(node, Decimal) else "is not a JSON value"


def _text_fault(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair"
    return None


def _unlink(path: tuple[Any, ...]) -> tuple[str | int, ...]:
    steps: list[str | int] = []
    while path:
        path, step = path[0], path[1]
        steps.append(step)
    return tuple(reversed(steps))


def violations(schema_json: str, event: object) -> list[Violation]:
    """The reasons why `event` does not fit the schema: sorted, at most 20; none if it fits.

    Raises RecursionError if the stack of the caller is used up, and nothing else.
    """
    non_json = find_non_json(event)
    if non_json is not None:
        path, message = non_json
        return [Violation(write_location(path), "json", message)]
    try:
        validator, remembers = _validator(schema_json, "", meter() is not None)
        with judging(explains=True, remembers=remembers):
            errors = islice(validator.iter_errors(event), 10 * MAX_VIOLATIONS)
            # `required` has an error for each absent name; the first is enough to find all.
            different = {id(e.instance if e.validator == "required" else e): e for e in errors}
            found = {violation for error in different.values() for violation in _explain(error)}
    except RecursionError:
        raise
    except Fault:
        return [Violation("$", "schema", "takes too much work to be explained")]
    except Exception:  # the same values `delegate` refuses
        return [Violation("$", "schema", "cannot be checked")]
    return sorted(found, key=lambda v: (v.location, v.keyword, v.message))[:MAX_VIOLATIONS]


def _explain(error: Any) -> Iterator[Violation]:
    path = tuple(error.absolute_path)
    keyword = str(error.validator or "false")
    if keyword == "required":
        # jsonschema gives the name only in its text, so all absent names are listed.
        absent = (name for name in error.validator_value if name not in error.instance)
        for name in islice(absent, _MAX_ABSENT):
            yield Violation(write_location((*path, name)), keyword, "is required")
    elif keyword == "additionalProperties" and error.validator_value is False:
        for name in islice(additional_names(error.instance, error.schema), MAX_VIOLATIONS):
            yield Violation(write_location((*path, name)), keyword, "is not allowed")
    else:
        message = _message(keyword, error.validator_value)
        yield Violation(write_location(path), keyword, message, error.instance)


_MESSAGES = {
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "pattern": "must match the pattern {}",
    "format": "must have the format {}",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} members",
    "maxProperties": "must have at most {} members",
    "minContains": "must hold at least {} items of the required kind",
    "maxContains": "must hold at most {} items of the kind limited",
    "const": "must be {}",
    "enum": "must be one of {}",
}

_PLAIN_MESSAGES = {
    "anyOf": "must fit one of the alternatives",
    "oneOf": "must fit exactly one of the alternatives",
    "not": "must not fit what the schema excludes",
    "contains": "must hold an item of the required kind",
    "uniqueItems": "must not hold the same item twice",
    "dependentRequired": "lacks a member that another one requires",
    "unevaluatedProperties": "has a member that is not allowed",
    "unevaluatedItems": "has an item that is not allowed",
    "additionalProperties": "has a member that is not allowed",
    "items": "has too many items",
    "false": "is not allowed",
}


def _message(keyword: str, rule: Any) -> str:
    """The rule that the schema states. A message never shows values of the payload, which may be secret."""
    if keyword == "type":
        return f"must be {in_words([rule] if isinstance(rule, str) else rule)}"
    if keyword == "enum":
        return _MESSAGES[keyword].format(
            ", ".join(_brief(value) for value in rule[:10]) + ", …" * (len(rule) > 10)
        )
    if keyword in _MESSAGES:
        return _MESSAGES[keyword].format(_brief(rule))
    return _PLAIN_MESSAGES.get(keyword, "does not fit the schema")


def _brief(rule: object) -> str:
    import json

    text = json.dumps(rule)
    return f"`{text[:57] + '…' if len(text) > 60 else text}`"
