"""Codegen of validators: a JSON Schema (2020-12) becomes `def valid(event)`.

Common keywords become plain statements; a subschema that holds any other keyword is one call of jsonschema.
Semantics are those of jsonschema's Draft202012Validator with formats asserted, on every JSON value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from mapper.codegen.writer import Writer, literal
from mapper.regex.automaton import NoAutomaton
from mapper.regex.reading import PatternFault
from mapper.regex.searches import automaton_of, units_of
from mapper.runtime.work import SHORT, VALUE
from mapper.schemas.questions import Pointer, Subschema, subschemas

_STRING = ("minLength", "maxLength", "pattern", "format")
_NUMBER = ("minimum", "maximum")
_ARRAY = ("minItems", "maxItems", "items")
_OBJECT = ("properties", "required", "additionalProperties")
_INLINED = frozenset(("type", "enum", "const", *_STRING, *_NUMBER, *_ARRAY, *_OBJECT))
_FORMATS = {"date-time": "is_date_time", "uuid": "is_uuid", "uri": "is_uri", "email": ""}
_ANNOTATIONS = frozenset(
    (
        *("$schema", "$id", "$anchor", "$comment", "$defs", "$vocabulary", "definitions"),
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
        *("contentEncoding", "contentMediaType", "contentSchema"),
    )
)
_CLASSES = {"string": "str", "object": "dict", "array": "list"}
FORMAT = 4  # units of work of a character whose format is checked
_MAX_BLOCKS = 8  # Python allows 20 nested loops and 100 indentations; deeper schemas become functions


# Functions that checks call: the name, the subschema, and its place in the document.
SchemaFunctions: TypeAlias = list[tuple[str, Subschema, Pointer]]


def emit_validator(writer: Writer, schema: Subschema) -> None:
    """Write `def valid(event)`, which returns True if an event fits `schema`, and never raises."""
    emit_functions(writer, schema, [("valid", schema, ())])


def emit_functions(writer: Writer, document: Subschema, functions: SchemaFunctions) -> None:
    """Write functions for subschemas of a document, and those that they call; the list is empty then."""
    checks = SchemaChecks(writer, document, functions)
    while functions:
        checks.function(*functions.pop(0))


def is_checked_by_members(schema: Subschema) -> bool:
    """True if a schema restricts objects by their members alone."""
    if isinstance(schema, bool) or not is_inlined(schema):
        return False
    keywords = _INLINED.intersection(schema) - {"type", *_OBJECT}
    return (
        not keywords
        and schema.get("type", "object") == "object"
        and not SchemaChecks(Writer(), schema).must_stay_whole
    )


def member_schema(schema: Mapping[str, Any], name: str) -> Subschema:
    """The schema of a member, by a schema that `is_checked_by_members`."""
    properties: Mapping[str, Subschema] = schema.get("properties", {})
    if name in properties:
        return properties[name]
    additional: Subschema = schema.get("additionalProperties", True)
    return additional


def is_inlined(schema: Subschema) -> bool:
    """True if generated code checks `schema` without jsonschema, apart from its subschemas."""
    if isinstance(schema, bool):
        return True
    known = all(k in _INLINED or k in _ANNOTATIONS or k.startswith("x-") for k in schema)
    return known and schema.get("format", "email") in _FORMATS and _is_expression(schema.get("pattern", ""))


def _is_expression(pattern: str) -> bool:
    try:
        automaton_of(pattern)
    except (PatternFault, NoAutomaton):
        return False
    return True


@dataclass
class SchemaChecks:
    """Writes the checks of one document; functions for subschemas too deep for one wait in `pending`.

    `refusal` is the statement for a value that does not fit.
    """

    writer: Writer
    document: Subschema
    pending: SchemaFunctions = field(default_factory=list)
    refusal: str = "return False"

    @cached_property
    def must_stay_whole(self) -> bool:
        """True if the meaning of a subschema depends on more than the document's root and its own place."""
        return any(_is_bound_to_place(pointer, node) for pointer, node in subschemas(self.document))

    @cached_property
    def _has_references(self) -> bool:
        return any(isinstance(node, dict) and "$ref" in node for _, node in subschemas(self.document))

    def function(self, name: str, schema: Subschema, pointer: Pointer) -> None:
        """Write a function that returns True if a value fits a subschema."""
        argument = "value" if pointer else "event"
        with self.writer.block(f"def {name}({argument}):"):
            if self.must_stay_whole:
                self._refuse(f"not {self._delegated(self.document, ())}({argument})")
            else:
                self.check(schema, argument, pointer, 0)
            self.writer.line("return True")

    def member(self, schema: Subschema, value: str, pointer: Pointer, proven: frozenset[str]) -> None:
        """Write statements that refuse local `value`, of the `proven` types, unless it fits a subschema.

        The document is one that `is_checked_by_members`; the subschema is at `pointer` in it.
        """
        if isinstance(schema, Mapping) and proven and is_inlined(schema):
            self._check_keywords(schema, value, pointer, 0, proven)
        else:
            self.check(schema, value, pointer, 0)

    def _refuse(self, condition: str) -> None:
        with self.writer.block(f"if {condition}:"):
            self.writer.line(self.refusal)

    def _delegated(self, schema: Subschema, pointer: Pointer) -> str:
        """A module-level function that checks a subschema through jsonschema."""
        function = self.writer.use("schema.validation", "delegate")
        if not self._has_references:
            document, pointer = json.dumps(schema), ()
        else:
            document = json.dumps(self.document)
        text = self.writer.constant(literal(document), "schema")
        place = "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in pointer)
        return self.writer.constant(f"{function}({text}, {literal(place)})", "fits")

    def check(self, schema: Subschema, value: str, pointer: Pointer, depth: int) -> None:
        """Write statements that return False unless the local `value` fits."""
        if is_trivial(schema):
            return
        if isinstance(schema, bool):
            self.writer.line(self.refusal)
        elif not is_inlined(schema):
            self._refuse(f"not {self._delegated(schema, pointer)}({value})")
        elif depth >= _MAX_BLOCKS:
            function = self.writer.fresh("valid")
            self.pending.append((function, schema, pointer))
            self._refuse(f"not {function}({value})")
        else:
            self._check_keywords(schema, value, pointer, depth)

    def _check_keywords(
        self,
        schema: Mapping[str, Any],
        value: str,
        pointer: Pointer,
        depth: int,
        proven: frozenset[str] = frozenset(),
    ) -> None:
        types = _types(schema)
        if proven and (types is None or proven <= types):
            types = proven
        elif types is not None:
            self._refuse(_negated(_type_tests(types, value)))
        for keyword in ("enum", "const"):
            if keyword in schema:
                allowed = schema["enum"] if keyword == "enum" else [schema["const"]]
                self._refuse(_negated(list(self._equality_tests(allowed, value))))
        groups = (
            ({"string"}, _STRING, f"isinstance({value}, str)"),
            ({"number", "integer"}, _NUMBER, _NUMBER_TEST.format(value)),
            ({"array"}, _ARRAY, f"isinstance({value}, list)"),
            ({"object"}, _OBJECT, f"isinstance({value}, dict)"),
        )
        for names, keywords, guard in groups:
            if not any(keyword in schema for keyword in keywords) or (
                types is not None and not types & names
            ):
                continue
            if types is not None and types <= names:
                self._check_group(keywords, schema, value, pointer, depth)
            else:
                with self.writer.block(f"if {guard}:"):
                    self._check_group(keywords, schema, value, pointer, depth + 1)

    def _check_group(
        self, keywords: tuple[str, ...], schema: Mapping[str, Any], value: str, pointer: Pointer, depth: int
    ) -> None:
        if keywords is _STRING:
            self._check_string(schema, value)
        elif keywords is _NUMBER:
            self._check_number(schema, value)
        elif keywords is _ARRAY:
            self._check_array(schema, value, pointer, depth)
        else:
            self._check_object(schema, value, pointer, depth)

    def _equality_tests(self, allowed: list[Any], value: str) -> Iterator[str]:
        """Conditions; one of them holds if `value` equals one of `allowed` as JSON."""
        strings = tuple(dict.fromkeys(each for each in allowed if isinstance(each, str)))
        numbers = tuple(
            dict.fromkeys(
                each for each in allowed if isinstance(each, int | float) and not isinstance(each, bool)
            )
        )
        if strings:
            yield f"isinstance({value}, str) and {self._membership(strings, value)}"
        if numbers:
            yield f"{_NUMBER_TEST.format(value)} and {self._membership(numbers, value)}"
        for each in allowed:
            if each is None or isinstance(each, bool):
                yield f"{value} is {literal(each)}"
            elif isinstance(each, list | dict):
                equal = self.writer.use("json.equality", "equal")
                yield f"{equal}({value}, {self.writer.constant(literal(each), 'constant')})"

    def _membership(self, members: tuple[Any, ...], value: str) -> str:
        if len(members) == 1:
            return f"{value} == {literal(members[0])}"
        return f"{value} in {self.writer.constant(f'frozenset({literal(members)})', 'allowed')}"

    def _check_string(self, schema: Mapping[str, Any], value: str) -> None:
        pattern = schema.get("pattern")
        # `\s` is the white space of blank texts. Most texts begin with a visible character of ASCII.
        has_content_test = pattern == r"\S"
        if has_content_test:
            is_white = self.writer.use("blank", "is_white")
            self._refuse(f'not "!" <= {value} < "\\x7f" and {is_white}({value})')
        shortest = schema.get("minLength", 0)
        if shortest > 1:
            self._refuse(f"len({value}) < {literal(shortest)}")
        elif shortest == 1 and not has_content_test:
            self._refuse(f"not {value}")
        if "maxLength" in schema:
            self._refuse(f"len({value}) > {literal(schema['maxLength'])}")
        if pattern is not None and not has_content_test:
            self._spend_on_characters(value, units_of(pattern))
            function = self.writer.use("regex.searches", "searcher")
            search = self.writer.constant(f"{function}({literal(pattern)})", "search")
            self._refuse(f"{search}({value}) is None")
        match schema.get("format"):
            case "email":  # the same test as jsonschema's own checker
                self._refuse(f'"@" not in {value}')
            case str(name):
                self._spend_on_characters(value, FORMAT)
                self._refuse(f"not {self.writer.use('schema.formats', _FORMATS[name])}({value})")

    def _spend_on_characters(self, value: str, units: int) -> None:
        """Count the characters of a text, unless it is short and soon searched."""
        if self.writer.counts:
            shortest = 1 if units >= VALUE else SHORT
            with self.writer.block(f"if len({value}) >= {shortest}:"):
                self.writer.spend(f"{units} * len({value})")

    def _check_number(self, schema: Mapping[str, Any], value: str) -> None:
        # written so that NaN, which no JSON text can hold, is refused
        for keyword, operator in (("minimum", ">="), ("maximum", "<=")):
            if keyword in schema:
                self._refuse(f"not {value} {operator} {literal(schema[keyword])}")

    def _check_array(self, schema: Mapping[str, Any], value: str, pointer: Pointer, depth: int) -> None:
        if schema.get("minItems", 0) > 0:
            self._refuse(f"len({value}) < {literal(schema['minItems'])}")
        if "maxItems" in schema:
            self._refuse(f"len({value}) > {literal(schema['maxItems'])}")
        items = schema.get("items", True)
        if items is False:
            self._refuse(value)
        elif not is_trivial(items):
            item = self.writer.fresh("element")
            self.writer.spend(f"len({value}) * {units_of_schema(items)}")
            with self.writer.block(f"for {item} in {value}:"):
                self.check(items, item, (*pointer, "items"), depth + 1)

    def _check_object(self, schema: Mapping[str, Any], value: str, pointer: Pointer, depth: int) -> None:
        properties: Mapping[str, Subschema] = schema.get("properties", {})
        required = frozenset(schema.get("required", ()))
        additional: Subschema = schema.get("additionalProperties", True)
        optional = [name for name in properties if name not in required]
        expected = literal(len(properties) - len(optional))
        count = ""
        if additional is False and optional:
            count = self.writer.fresh("count")
            self.writer.line(f"{count} = len({value})")
        elif additional is False:
            self._refuse(f"len({value}) != {expected}")
        for name in sorted(required - set(properties)):
            self._refuse(f"{literal(name)} not in {value}")
        for name, subschema in properties.items():
            place = (*pointer, "properties", name)
            if name in required:
                self._check_required(name, subschema, value, place, depth)
            else:
                self._check_optional(name, subschema, value, place, depth, count)
        if count:
            self._refuse(f"{count} != {expected}")
        elif not is_trivial(additional) and additional is not False:
            self._check_additional(tuple(properties), additional, value, pointer, depth)

    def _check_required(self, name: str, schema: Subschema, value: str, pointer: Pointer, depth: int) -> None:
        if is_trivial(schema):
            self._refuse(f"{literal(name)} not in {value}")
            return
        member = self._fetch(name, value)
        if not _refuses_missing(schema):
            self._refuse(f"{member} is {self.writer.use('missing', 'MISSING')}")
        self.check(schema, member, pointer, depth + 1)

    def _check_optional(
        self, name: str, schema: Subschema, value: str, pointer: Pointer, depth: int, count: str
    ) -> None:
        if is_trivial(schema):
            if count:
                with self.writer.block(f"if {literal(name)} in {value}:"):
                    self.writer.line(f"{count} -= 1")
            return
        member = self._fetch(name, value)
        with self.writer.block(f"if {member} is not {self.writer.use('missing', 'MISSING')}:"):
            if count:
                self.writer.line(f"{count} -= 1")
            self.check(schema, member, pointer, depth + 1)

    def _fetch(self, name: str, value: str) -> str:
        """Write the look-up of a member into a new local; it is MISSING if there is none."""
        member = self.writer.fresh(name)
        missing = self.writer.use("missing", "MISSING")
        self.writer.line(f"{member} = {value}.get({literal(name)}, {missing})")
        return member

    def _check_additional(
        self, known: tuple[str, ...], schema: Subschema, value: str, pointer: Pointer, depth: int
    ) -> None:
        key, member = self.writer.fresh("key"), self.writer.fresh("member")
        place = (*pointer, "additionalProperties")
        self.writer.spend(f"len({value}) * {units_of_schema(schema)}")
        if not known:
            with self.writer.block(f"for {member} in {value}.values():"):
                self.check(schema, member, place, depth + 1)
            return
        names = self.writer.constant(f"frozenset({literal(known)})", "names")
        with (
            self.writer.block(f"for {key}, {member} in {value}.items():"),
            self.writer.block(f"if {key} not in {names}:"),
        ):
            self.check(schema, member, place, depth + 2)


_NUMBER_TEST = "isinstance({0}, (int, float)) and {0} is not True and {0} is not False"


def units_of_schema(schema: Subschema) -> int:
    """The units of work of a check, apart from elements and members that are checked one by one."""
    units, waiting = 0, [schema]
    while waiting:
        schema = waiting.pop()
        units += VALUE
        if not isinstance(schema, bool) and is_inlined(schema):
            units += VALUE * (len(schema.get("required", ())) + len(schema.get("enum", ())))
            waiting.extend(schema.get("properties", {}).values())
    return units


def is_trivial(schema: Subschema) -> bool:
    """True if every value fits, judged by the keywords alone, without subschemas."""
    if isinstance(schema, bool):
        return schema
    return is_inlined(schema) and not _INLINED.intersection(schema)


def _is_bound_to_place(pointer: Pointer, schema: Subschema) -> bool:
    if isinstance(schema, bool):
        return False
    if (
        "$dynamicRef" in schema
        or "$dynamicAnchor" in schema
        or (pointer and ("$id" in schema or "$schema" in schema))
    ):
        return True
    if not str(schema.get("$ref", "#")).startswith("#"):
        return True
    return not all(str(token).isascii() for token in pointer)  # a JSON pointer must survive as a URI fragment


def _refuses_missing(schema: Subschema) -> bool:
    """True if the first statement for `schema` refuses MISSING anyway."""
    if isinstance(schema, bool) or not is_inlined(schema):
        return schema is False
    return "type" in schema or "enum" in schema or "const" in schema


def _types(schema: Mapping[str, Any]) -> frozenset[str] | None:
    types = schema.get("type")
    return None if types is None else frozenset([types] if isinstance(types, str) else types)


def _type_tests(types: frozenset[str], value: str) -> list[str]:
    """Conditions; one of them holds if the local `value` has one of the types."""
    classes = [_CLASSES[name] for name in _CLASSES if name in types]
    tests = []
    if len(classes) == 1:
        tests.append(f"isinstance({value}, {classes[0]})")
    elif classes:
        tests.append(f"isinstance({value}, ({', '.join(classes)}))")
    if "null" in types:
        tests.append(f"{value} is None")
    if "boolean" in types:
        tests += [f"{value} is True", f"{value} is False"]
    if types & {"number", "integer"}:
        tests.append(f"isinstance({value}, int) and {value} is not True and {value} is not False")
        # JSON Schema: 1.0 is an integer; NaN and infinities are no numbers
        whole = f"{value} - {value} == 0" if "number" in types else f"{value}.is_integer()"
        tests.append(f"isinstance({value}, float) and {whole}")
    return tests


def _negated(tests: list[str]) -> str:
    match tests:
        case []:
            return "True"
        case [test] if " and " not in test and " is " not in test:
            return f"not {test}"
        case [test] if test.endswith(" is None") and test.count(" ") == 2:
            return test.replace(" is ", " is not ")
        case _:
            return "not (" + " or ".join(tests) + ")"
