"""Questions: the types, members and elements that a parsed JSON Schema 2020-12 admits.

Answers err towards permission: if keywords interact in ways not followed here, a type or member counts as
allowed. References within the document are followed; every function takes the document they
resolve in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

from mapper.budget import spend
from mapper.regex.searches import searcher
from mapper.runtime.json.types import TYPES, type_of

Subschema: TypeAlias = Mapping[str, Any] | bool
Pointer: TypeAlias = tuple[str | int, ...]

MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SINGLES = (
    *("items", "additionalProperties", "contains", "not", "if", "then", "else"),
    *("propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema"),
)
_MAX_HOPS = 64  # references and subschemas followed one after the other; a loop of references ends here
_MAX_DOCUMENTS = 8  # whose anchors are kept: a mapping has two schemas, some processes several mappings


def subschemas(document: Subschema) -> Iterator[tuple[Pointer, Subschema]]:
    """Every subschema with its pointer, the document first; data (`const`, `default`) is not entered."""
    stack: list[tuple[Pointer, Any]] = [((), document)]
    while stack:
        pointer, schema = stack.pop()
        yield pointer, schema
        if isinstance(schema, dict):
            stack.extend(reversed([(pointer + step, child) for step, child in children(schema)]))


def children(schema: Mapping[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    """The direct subschemas of a schema, each with the steps that lead to it; they may be malformed."""
    for keyword, value in schema.items():
        if keyword in MAPS and isinstance(value, dict):
            yield from (((keyword, name), child) for name, child in value.items())
        elif keyword in LISTS and isinstance(value, list):
            yield from (((keyword, index), child) for index, child in enumerate(value))
        elif keyword in SINGLES:
            yield (keyword,), value


def find_reference(document: Subschema, reference: str) -> Subschema | None:
    """The subschema that a `#…` reference names, by JSON pointer (RFC 6901) or anchor; else None."""
    fragment = unquote(reference.removeprefix("#"))
    if not reference.startswith("#"):
        return None
    if fragment and not fragment.startswith("/"):
        return _anchors_of(document).get(fragment)
    node: Any = document
    for token in fragment.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and token in node:
            node = node[token]
        elif isinstance(node, list) and token.isascii() and token.isdigit() and int(token) < len(node):
            node = node[int(token)]
        else:
            return None
    return node if isinstance(node, dict | bool) else None


_anchors: dict[int, tuple[Subschema, dict[str, Subschema]]] = {}  # of the documents asked for last


def _anchors_of(document: Subschema) -> dict[str, Subschema]:
    known = _anchors.get(id(document))
    if known is None or known[0] is not document:
        found: dict[str, Subschema] = {}
        for _, node in subschemas(document):
            if isinstance(node, dict):
                for name in (node.get("$anchor"), node.get("$dynamicAnchor")):
                    if isinstance(name, str):
                        found.setdefault(name, node)
        if len(_anchors) >= _MAX_DOCUMENTS:
            _anchors.clear()
        known = _anchors[id(document)] = (document, found)
    return known[1]


def _parts(document: Subschema, schema: Mapping[str, Any]) -> list[Subschema]:
    """The subschemas that must hold together with this one's own keywords: `allOf` and the reference."""
    parts = list(schema.get("allOf", ()))
    for keyword in ("$ref", "$dynamicRef"):
        if keyword in schema:
            target = find_reference(document, schema[keyword])
            parts.append(True if target is None else target)
    return parts


def _choices(schema: Mapping[str, Any]) -> Iterator[list[Subschema]]:
    """Lists of subschemas; at least one of each list must hold."""
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            yield schema[keyword]
    if "if" in schema:
        yield [schema.get("then", True), schema.get("else", True)]


def allows_type(document: Subschema, schema: Subschema, name: str, hops: int = 0) -> bool:
    """True if some value of JSON type `name` may fit; an integer is a number."""
    spend()
    if isinstance(schema, bool) or hops > _MAX_HOPS:
        return schema is not False
    types = schema.get("type", TYPES)
    if not _overlaps([types] if isinstance(types, str) else types, name):
        return False
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values is not None and not any(_overlaps([type_of(value)], name) for value in values):
        return False
    excluded = schema.get("not")
    if excluded is True or (isinstance(excluded, dict) and _excludes(excluded, name)):
        return False
    return all(allows_type(document, part, name, hops + 1) for part in _parts(document, schema)) and all(
        any(allows_type(document, branch, name, hops + 1) for branch in branches)
        for branches in _choices(schema)
    )


def _overlaps(types: list[str], name: str) -> bool:
    return name in types or (name in ("integer", "number") and ("integer" in types or "number" in types))


def _excludes(schema: Mapping[str, Any], name: str) -> bool:
    """True if `not: schema` excludes the type: `type` is its only keyword, and names this one."""
    types = schema.get("type")
    if set(schema) != {"type"}:
        return False
    named = [types] if isinstance(types, str) else list(types or ())
    return name in named or (name == "integer" and "number" in named)


def allows_null(document: Subschema, schema: Subschema) -> bool:
    """True if null may fit."""
    return allows_type(document, schema, "null")


def demands_keyword(
    document: Subschema,
    schema: Subschema,
    name: str,
    keyword: str,
    fits: Callable[[object], bool],
    hops: int = 0,
) -> bool:
    """True if every fitting value of the JSON type `name` must meet a `keyword` whose value `fits`."""
    spend()
    if isinstance(schema, bool) or hops > _MAX_HOPS:
        return False
    if keyword in schema and fits(schema[keyword]):
        return True

    def below(parts: list[Subschema]) -> Iterator[bool]:
        return (demands_keyword(document, part, name, keyword, fits, hops + 1) for part in parts)

    return any(below(_parts(document, schema))) or any(
        all(below([one for one in branches if allows_type(document, one, name)]))
        for branches in _choices(schema)
    )


def property_of(document: Subschema, schema: Subschema, name: str) -> Subschema:
    """The schema of the member `name` of a fitting object: True for anything, False if it must be absent.

    Subschemas that hold together or by choice come back as one `allOf` or `anyOf`.
    """

    def own(node: Mapping[str, Any]) -> Subschema:
        is_unknown = node.get("unevaluatedProperties") is False and not _evaluates(document, node, name, 0)
        return False if is_unknown else _own_property(node, name)

    return _parts_of(document, schema, own)


def _own_property(schema: Mapping[str, Any], name: str) -> Subschema:
    own = schema.get("properties", {})
    demands = [own[name]] if name in own else []
    demands += [
        child for pattern, child in schema.get("patternProperties", {}).items() if searcher(pattern)(name)
    ]
    return _both(demands) if demands else schema.get("additionalProperties", True)


def _evaluates(document: Subschema, schema: Subschema, name: str, hops: int) -> bool:
    """True if some keyword may look at the member, so that `unevaluatedProperties` does not."""
    spend()
    if isinstance(schema, bool):
        return False
    if hops > _MAX_HOPS or "additionalProperties" in schema or name in schema.get("properties", {}):
        return True
    if any(searcher(pattern)(name) for pattern in schema.get("patternProperties", {})):
        return True
    return any(
        _evaluates(document, child, name, hops + 1)
        or (isinstance(child, dict) and "unevaluatedProperties" in child)
        for child in _in_place(document, schema)
    )


def _in_place(document: Subschema, schema: Mapping[str, Any]) -> list[Subschema]:
    """The subschemas that look at the same value as this one, if they must hold or not."""
    branches = [branch for branches in _choices(schema) for branch in branches]
    tests = [schema["if"]] if "if" in schema else []
    return [*_parts(document, schema), *branches, *tests, *schema.get("dependentSchemas", {}).values()]


def _both(demands: list[Subschema]) -> Subschema:
    if False in demands:
        return False
    unique = _unique([demand for demand in demands if demand is not True and demand != {}])
    return unique[0] if len(unique) == 1 else {"allOf": unique} if unique else True


def _either(branches: list[Subschema]) -> Subschema:
    if True in branches or {} in branches:
        return True
    unique = _unique([branch for branch in branches if branch is not False])
    return unique[0] if len(unique) == 1 else {"anyOf": unique} if unique else False


def _unique(schemas: list[Subschema]) -> list[Subschema]:
    """The schemas without repetitions; references to one place are one schema."""
    return list({_identity(schema): schema for schema in schemas}.values())


def _identity(schema: Subschema) -> object:
    is_reference = isinstance(schema, dict) and len(schema) == 1 and isinstance(schema.get("$ref"), str)
    return schema["$ref"] if is_reference else id(schema)  # type: ignore[index]


def properties_of(document: Subschema, schema: Subschema) -> dict[str, Subschema]:
    """The members that the schema names anywhere, each with its schema; forbidden ones are left out."""
    names = dict.fromkeys(_names(document, schema, 0))
    demands = {name: property_of(document, schema, name) for name in names}
    return {name: demand for name, demand in demands.items() if demand is not False}


def names_property(document: Subschema, schema: Subschema, name: str) -> bool:
    """True if `properties_of` would have the name."""
    is_named = any(each == name for each in _names(document, schema, 0))
    return is_named and property_of(document, schema, name) is not False


def _names(document: Subschema, schema: Subschema, hops: int) -> Iterator[str]:
    spend()
    if isinstance(schema, bool) or hops > _MAX_HOPS:
        return
    yield from schema.get("properties", {})
    for part in _in_place(document, schema):
        yield from _names(document, part, hops + 1)


def is_closed(document: Subschema, schema: Subschema) -> bool:
    """True if members that `properties_of` does not name are never allowed."""
    if any(isinstance(node, dict) and node.get("patternProperties") for node in _reachable(document, schema)):
        return False
    names = set(_names(document, schema, 0))
    fresh = next(name for name in ("_" * count for count in range(1, len(names) + 2)) if name not in names)
    return property_of(document, schema, fresh) is False


def _reachable(document: Subschema, schema: Subschema, hops: int = 0) -> Iterator[Subschema]:
    yield schema
    spend()
    if isinstance(schema, bool) or hops > _MAX_HOPS:
        return
    for part in _in_place(document, schema):
        yield from _reachable(document, part, hops + 1)


def required_of(document: Subschema, schema: Subschema, hops: int = 0) -> frozenset[str]:
    """The members that every fitting object has."""
    spend()
    if isinstance(schema, bool) or hops > _MAX_HOPS:
        return frozenset()
    names = frozenset(schema.get("required", ()))
    for part in _parts(document, schema):
        names |= required_of(document, part, hops + 1)
    for branches in _choices(schema):
        possible = [required_of(document, branch, hops + 1) for branch in branches if branch is not False]
        names |= frozenset.intersection(*possible) if possible else frozenset()
    return names


def items_of(document: Subschema, schema: Subschema, index: int | None = None) -> Subschema:
    """The schema that each element of a fitting array fits, or the one at an index."""

    def own(node: Mapping[str, Any]) -> Subschema:
        first, others = node.get("prefixItems", ()), node.get("items", True)
        if index is None:
            return _either([*first, others])
        return first[index] if index < len(first) else others  # type: ignore[no-any-return]

    return _parts_of(document, schema, own)


def members_of(document: Subschema, schema: Subschema) -> Subschema:
    """The schema that each member of a fitting object fits, whatever its name."""

    def own(node: Mapping[str, Any]) -> Subschema:
        named = (*node.get("properties", {}).values(), *node.get("patternProperties", {}).values())
        return _either([*named, node.get("additionalProperties", True)])

    return _parts_of(document, schema, own)


def _parts_of(
    document: Subschema, schema: Subschema, own: Callable[[Mapping[str, Any]], Subschema]
) -> Subschema:
    """The schema of parts of a value, by what a subschema for the value demands of them on its own."""
    found: dict[int, Subschema] = {}

    def inside(node: Subschema, hops: int) -> Subschema:
        spend()
        if isinstance(node, bool) or hops > _MAX_HOPS:
            return node is not False
        mark = id(node)
        if mark not in found:  # many models refer to the same others, and some to themselves
            found[mark] = True
            demands = [own(node), *(inside(part, hops + 1) for part in _parts(document, node))]
            for branches in _choices(node):
                demands.append(_either([inside(branch, hops + 1) for branch in branches]))
            found[mark] = _both(demands)
        return found[mark]

    return inside(schema, 0)
