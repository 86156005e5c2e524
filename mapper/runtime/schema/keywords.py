"""Keywords: replacements for those of jsonschema that a schema or a payload could keep busy without bounds.

A subschema for the same value (`anyOf`, `$ref`, ...) is judged once for each value: a schema that refers to
itself in two alternatives would otherwise be judged twice as often at each level of the payload. Patterns are
searched for by `searcher`, in linear time. In all else the keywords mean what they mean to jsonschema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from mapper.regex.searches import searcher, units_of
from mapper.runtime.json.equality import has_repetitions
from mapper.runtime.stack import on_fresh_stack
from mapper.runtime.work import KEYWORD, VALUE, size_of, spend

_MAX_STACKS = 32  # fresh stacks for one value

_Key: TypeAlias = tuple[int, int]  # the identities of a subschema and of a value


@dataclass(slots=True)
class _Judgement:
    """The results so far for one value; as the value and the schema live as long, `id` is a safe key."""

    explains: bool
    remembers: bool
    fitting: dict[_Key, bool] = field(default_factory=dict)
    names: dict[_Key, frozenset[str]] = field(default_factory=dict)
    indexes: dict[_Key, frozenset[int]] = field(default_factory=dict)
    stacks: int = 0


_judgement: ContextVar[_Judgement] = ContextVar("mapper_judgement")


@contextmanager
def judging(*, explains: bool, remembers: bool) -> Iterator[None]:
    """Judge one value inside the block.

    Separate errors are produced only if `explains` is true. `remembers` must be false if the result of a
    subschema can depend on the references that lead to it, as with `$dynamicRef` and several `$id`.
    """
    token = _judgement.set(_Judgement(explains, remembers))
    try:
        yield
    except BaseException as error:
        if is_stack_used_up(error) and not isinstance(error, RecursionError):
            raise RecursionError("a schema and a value go deeper than the stack") from None
        raise
    finally:
        _judgement.reset(token)


def is_stack_used_up(error: BaseException) -> bool:
    """Return True for Python's own error, and for the panic into which the library of references turns it.

    That library is written in Rust. Its panic is no Exception, so no other code would catch it.
    """
    return isinstance(error, RecursionError) or type(error).__name__ == "PanicException"


@cache
def validator_class(*, is_counted: bool = False) -> Any:
    """jsonschema's validator for draft 2020-12 with these keywords; used inside `judging`.

    One that `is_counted` counts the work of each keyword.
    """
    return extended(_KEYWORDS, is_counted=is_counted)


def extended(keywords: Mapping[str, Any], *, is_counted: bool = False) -> Any:
    """jsonschema's validator for draft 2020-12 with some keywords of our own, also below a `$schema`.

    Below one, jsonschema's own `evolve` would take the validator that is registered for the draft.
    """
    from attrs import fields

    from mapper.runtime.schema.draft import Draft202012Validator, extend

    if is_counted:
        known = {**Draft202012Validator.VALIDATORS, **keywords}
        keywords = {name: _counted(name, check) for name, check in known.items()}
    validator = extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
    names = [(field.name, field.alias) for field in fields(validator) if field.init]

    def evolve(self: Any, **changes: Any) -> Any:
        return validator(**{alias: getattr(self, name) for name, alias in names} | changes)

    validator.evolve = evolve
    return validator


# Keywords that look at each member or element of a value, or at its characters.
_ENTERING = frozenset(
    ("items", "contains", "uniqueItems", "unevaluatedItems", "enum", "const", "propertyNames")
)
_OF_NAMES = frozenset(("patternProperties", "additionalProperties", "unevaluatedProperties"))


def _counted(name: str, check: Callable[..., Any]) -> Callable[..., Any]:
    """The check of a keyword, which counts its own work before it is done."""

    def counted(validator: Any, rule: Any, value: Any, schema: Mapping[str, Any]) -> Any:
        units = KEYWORD + (size_of(rule) if isinstance(rule, dict | list) else 0)
        if name == "format" and isinstance(value, str):
            units += VALUE * len(value)
        elif name == "pattern" and isinstance(value, str):
            units += max(VALUE, units_of(rule)) * len(value)
        elif name in _OF_NAMES and isinstance(value, dict):
            a_character = sum(max(VALUE, units_of(each)) for each in schema.get("patternProperties", ()))
            units += size_of(value) + a_character * sum(map(len, value))
        elif name in _ENTERING:
            units += size_of(value)
        spend(units)
        return check(validator, rule, value, schema)

    return counted


def _misfit() -> Any:
    from mapper.runtime.schema.draft import ValidationError

    return ValidationError("does not fit")


def _fits(validator: Any, value: Any, schema: Any, resolver: Any = None) -> bool:
    if isinstance(schema, bool):
        return schema
    judgement = _judgement.get()
    key = (id(schema), id(value))
    known = judgement.fitting.get(key)
    if known is None:
        known = _with_room(
            judgement, lambda: next(validator.descend(value, schema, resolver=resolver), None) is None
        )
        if judgement.remembers:
            judgement.fitting[key] = known
    return known


def _with_room(judgement: _Judgement, judge: Callable[[], bool]) -> bool:
    """Judge; on a fresh stack if a deep value and its schema have used up this one."""
    try:
        return judge()
    except BaseException as error:
        if not is_stack_used_up(error):
            raise
        judgement.stacks += 1
        if judgement.stacks > _MAX_STACKS:
            raise
        return on_fresh_stack(judge)


def _narrowed(
    validator: Any, value: Any, schema: Any, resolver: Any = None, place: str | int | None = None
) -> Iterator[Any]:
    """The errors of a subschema for the same value; if they need no explanation, any one."""
    if _fits(validator, value, schema, resolver):
        return
    if _judgement.get().explains:
        yield from validator.descend(value, schema, schema_path=place, resolver=resolver)
    else:
        yield _misfit()


def _reference(validator: Any, reference: str, value: Any, _schema: Any) -> Iterator[Any]:
    resolved = validator._resolver.lookup(reference)
    return _narrowed(validator, value, resolved.contents, resolved.resolver)


def _all_of(validator: Any, parts: list[Any], value: Any, _schema: Any) -> Iterator[Any]:
    for index, part in enumerate(parts):
        yield from _narrowed(validator, value, part, place=index)


def _any_of(validator: Any, parts: list[Any], value: Any, _schema: Any) -> Iterator[Any]:
    if not any(_fits(validator, value, part) for part in parts):
        yield _misfit()


def _one_of(validator: Any, parts: list[Any], value: Any, _schema: Any) -> Iterator[Any]:
    if sum(_fits(validator, value, part) for part in parts) != 1:
        yield _misfit()


def _not(validator: Any, excluded: Any, value: Any, _schema: Any) -> Iterator[Any]:
    if _fits(validator, value, excluded):
        yield _misfit()


def _if(validator: Any, condition: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    branch = "then" if _fits(validator, value, condition) else "else"
    if branch in schema:
        yield from _narrowed(validator, value, schema[branch], place=branch)


def _dependent_schemas(validator: Any, parts: Mapping[str, Any], value: Any, _schema: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, part in parts.items():
            if name in value:
                yield from _narrowed(validator, value, part, place=name)


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    if isinstance(value, str) and not searcher(pattern)(value):
        yield _misfit()


def _pattern_properties(validator: Any, parts: Mapping[str, Any], value: Any, _schema: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for pattern, part in parts.items():
            search = searcher(pattern)
            for name, member in value.items():
                if search(name):
                    yield from validator.descend(member, part, path=name, schema_path=pattern)


def additional_names(value: Iterable[str], schema: Mapping[str, Any]) -> Iterator[str]:
    """The members of a value that neither `properties` nor `patternProperties` describe."""
    known = schema.get("properties", {})
    patterns = [*schema.get("patternProperties", ())]
    if patterns == [""]:
        patterns = []  # as in jsonschema
    searches = [searcher(pattern) for pattern in patterns]
    return (name for name in value if name not in known and not any(search(name) for search in searches))


def _additional_properties(validator: Any, rule: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    if not isinstance(value, dict):
        return
    for name in additional_names(value, schema):
        if isinstance(rule, dict):
            yield from validator.descend(value[name], rule, path=name)
        elif not rule:
            yield _misfit()
            return


def unique_items(_validator: Any, rule: Any, value: Any, _schema: Any) -> Iterator[Any]:
    """The keyword `uniqueItems` in linear time; jsonschema's own compares each item with each."""
    if rule and isinstance(value, list) and has_repetitions(value):
        yield _misfit()


def _unevaluated_properties(
    validator: Any, rule: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    if isinstance(value, dict):
        evaluated = _evaluated_names(validator, value, schema)
        if any(not _fits(validator, value[name], rule) for name in value if name not in evaluated):
            yield _misfit()


def _unevaluated_items(validator: Any, _rule: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    if isinstance(value, list):
        evaluated = _evaluated_indexes(validator, value, schema)
        if any(index not in evaluated for index in range(len(value))):
            yield _misfit()


def _evaluated_names(validator: Any, value: dict[str, Any], schema: Any) -> frozenset[str]:
    """The members that a schema evaluates, itself or through subschemas for the same value."""
    if isinstance(schema, bool):
        return frozenset()
    judgement, key = _judgement.get(), (id(schema), id(value))
    if key in judgement.names:
        return judgement.names[key]
    found = set(schema.get("properties", {})) & set(value)
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        if keyword in schema:
            found |= {name for name, member in value.items() if _fits(validator, member, schema[keyword])}
    searches = [searcher(pattern) for pattern in schema.get("patternProperties", {})]
    found |= {name for name in value if any(search(name) for search in searches)}
    for name, part in schema.get("dependentSchemas", {}).items():
        if name in value:
            found |= _evaluated_names(validator, value, part)
    for other, part in _holding(validator, value, schema):
        found |= _evaluated_names(other, value, part)
    result = frozenset(found)
    if judgement.remembers:
        judgement.names[key] = result
    return result


def _evaluated_indexes(validator: Any, value: list[Any], schema: Any) -> frozenset[int]:
    """The indexes of items that a schema evaluates, itself or through subschemas for the same value."""
    if isinstance(schema, bool):
        return frozenset()
    judgement, key = _judgement.get(), (id(schema), id(value))
    if key in judgement.indexes:
        return judgement.indexes[key]
    if "items" in schema:
        found = set(range(len(value)))
    else:
        found = set(range(len(schema.get("prefixItems", ()))))
        for keyword in ("contains", "unevaluatedItems"):
            if keyword in schema:
                found |= {i for i, item in enumerate(value) if _fits(validator, item, schema[keyword])}
        for other, part in _holding(validator, value, schema):
            found |= _evaluated_indexes(other, value, part)
    result = frozenset(found)
    if judgement.remembers:
        judgement.indexes[key] = result
    return result


def _holding(validator: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The subschemas whose annotations count (core §11), each with a validator for its references."""
    for keyword in ("$ref", "$dynamicRef"):
        if keyword in schema:
            resolved = validator._resolver.lookup(schema[keyword])
            yield (
                validator.evolve(schema=resolved.contents, _resolver=resolved.resolver),
                resolved.contents,
            )
    for keyword in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(keyword, ()):
            if _fits(validator, value, part):
                yield validator, part
    if "if" in schema:
        if _fits(validator, value, schema["if"]):
            yield validator, schema["if"]
            yield validator, schema.get("then", True)
        else:
            yield validator, schema.get("else", True)


_KEYWORDS = {
    "$ref": _reference,
    "$dynamicRef": _reference,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
    "dependentSchemas": _dependent_schemas,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": unique_items,
    "unevaluatedProperties": _unevaluated_properties,
    "unevaluatedItems": _unevaluated_items,
}
