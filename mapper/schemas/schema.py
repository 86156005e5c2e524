"""Schema: a JSON Schema file becomes a Schema, or diagnostics give the reasons why it cannot.

Later stages query the parsed document through `mapper.schemas.questions` (`properties_of`, ...).
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from mapper.diagnostics.diagnostic import Label, Report, Severity
from mapper.diagnostics.files import read_file
from mapper.diagnostics.source import SourceFile, Span
from mapper.regex.automaton import MAX_POSITIONS, NoAutomaton
from mapper.regex.reading import PatternFault
from mapper.regex.searches import automaton_of
from mapper.runtime.json.nesting import is_deeper
from mapper.runtime.limits import MAX_FILE_DEPTH, active
from mapper.runtime.schema.keywords import extended, unique_items
from mapper.schemas.drafts import DIALECT, is_readable, modernize
from mapper.schemas.form import unusual_parts
from mapper.schemas.own_identifier import localize
from mapper.schemas.positions import Positions, TooManyValues, locate_json, locate_json_fault
from mapper.schemas.questions import Pointer, Subschema, find_reference, subschemas

MAX_HEIGHT = 200  # subschemas for one value, each inside or referred to by the one before
MAX_VALUES = 200_000  # also those of enumerations; a text of as many bytes as are allowed can hold a million
MAX_PATTERN = 10_000  # characters of a pattern
MAX_PATTERNS = 50_000  # characters of a schema's different patterns
MAX_UNUSUAL = 500
MAX_AUTOMATA = 10_000  # the nodes of all of a schema's automata
_LEAST_AUTOMATON = 20
# Keywords that earlier drafts know and 2020-12 ignores without a word.
_OTHER_DRAFTS = {
    "dependencies": "`dependentRequired` or `dependentSchemas`",
    "additionalItems": "`items`, beside `prefixItems`",
    "$recursiveRef": "`$dynamicRef`",
    "$recursiveAnchor": "`$dynamicAnchor`",
}


@dataclass(frozen=True)
class Schema:
    """A valid JSON Schema 2020-12 whose references all stay within the file.

    `document` is what the file's text says, so that schemas of the same name and text are equal. Results
    about a schema are cached by this.
    """

    name: str
    document: dict[str, Any] = field(compare=False, repr=False)
    file: SourceFile

    @cached_property
    def json(self) -> str:
        """The document as JSON text."""
        return json.dumps(self.document)

    @cached_property
    def _positions(self) -> Positions:
        return locate_json(self.file.text, MAX_VALUES)

    def span_of(self, pointer: Pointer) -> Span | None:
        """The span of the value at `pointer`; that of its name if the value takes several lines."""
        value = self._positions.values.get(pointer)
        if value is None:
            return None
        start, end = value
        if "\n" in self.file.text[start:end]:
            start, end = self._positions.names.get(pointer, (start, start + 1))
        return Span(self.file, start, end)

    def span_of_name(self, pointer: Pointer) -> Span | None:
        """The span of the member name that `pointer` ends in."""
        name = self._positions.names.get(pointer)
        return None if name is None else Span(self.file, *name)

    def span_of_keyword(self, pointer: Pointer) -> Span | None:
        """The span of the keyword that `pointer` ends in, or of the subschema around it."""
        return self.span_of_name(pointer) or self.span_of(pointer[:-1])

    def definition_of(self, schema: Subschema) -> Span | None:
        """The span of a subschema of this document; of several that hold together, the first."""
        if isinstance(schema, bool):
            return None
        for pointer, node in self._nodes:
            if node is schema:
                return self.span_of(pointer)
        parts = schema.get("allOf") or schema.get("anyOf") or ()
        return next((span for part in parts if (span := self.definition_of(part))), None)

    @cached_property
    def _nodes(self) -> tuple[tuple[Pointer, Subschema], ...]:
        return tuple(subschemas(self.document))

    @property
    def size(self) -> int:
        """The number of its subschemas."""
        return len(self._nodes)

    @cached_property
    def _identities(self) -> frozenset[int]:
        return frozenset(id(node) for _, node in self._nodes)


def load_schema(path: Path, report: Report, span: Span | None) -> Schema | None:
    """The schema in a file, or None after reporting; `span` is its name in the mapping."""
    if not os.path.exists(path):  # unlike `path.exists` it raises nothing, whatever the name
        report.error("M004", f"no schema `{path.name}`", span, "no such file")
        return None
    file = read_file(path, f"the schema `{path.name}`", active().schema_bytes, span, report)
    if file is None:
        return None
    return _sound(path.name, file) or _examined(path.name, file, report, span)


@lru_cache(maxsize=32)
def _sound(name: str, file: SourceFile) -> Schema | None:
    """The schema of a file without faults; mappings that name it share it."""
    return _examined(name, file, Report(), None)


def _examined(name: str, file: SourceFile, report: Report, span: Span | None) -> Schema | None:
    document = _parse(file, report, span)
    if document is None:
        return None
    localize(document)
    schema = Schema(name, document, file)
    before = len(report.diagnostics)
    _Examination(schema, report, span).run()
    return schema if len(report.diagnostics) == before else None


def _parse(file: SourceFile, report: Report, span: Span | None) -> dict[str, Any] | None:
    try:
        document = json.loads(file.text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        message, offset = locate_json_fault(error)
        place = Span(file, offset, min(offset + 1, len(file.text)))
        _fault(report, "M006", f"`{file.name}` is not JSON", place, message[:1].lower() + message[1:], span)
        return None
    except (ValueError, RecursionError) as error:
        reason = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        _fault(report, "M006", f"`{file.name}` is not JSON", Span(file, 0, 1), reason, span)
        return None
    if not isinstance(document, dict):
        _fault(
            report, "M007", f"`{file.name}` is not a JSON Schema", Span(file, 0, 1), "must be an object", span
        )
        return None
    return document


def _refuse_constant(name: str) -> float:
    raise ValueError(f"`{name}` is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _fault(
    report: Report, code: str, message: str, place: Span | None, label: str, named: Span | None, *hints: str
) -> None:
    """Report an error inside a schema file, with a second label at its name in the mapping."""
    more = (Label(named, "named here"),) if named is not None and place is not None else ()
    report.add(code, message, place or named, label, hints, Severity.ERROR, more)


@dataclass(slots=True)
class _Examination:
    """The checks of one parsed schema file; each reports what it finds."""

    schema: Schema
    report: Report
    named: Span | None
    pattern_faults: dict[str, PatternFault | None] = field(default_factory=dict)
    length: int = 0
    automata: int = 0

    def run(self) -> None:
        if not self.check_size() or not self.check_depth():
            return
        for start, end in self.schema._positions.duplicates:
            place = Span(self.schema.file, start, end)
            self.fault(
                "M104", f"{place.text} stands twice in one object", place, "the first one would be lost"
            )
        if self.check_form():
            self.check_nodes()
            self.check_loops()

    def fault(self, code: str, message: str, place: Span | None, label: str, *hints: str) -> None:
        _fault(self.report, code, message, place, label, self.named, *hints)

    def check_size(self) -> bool:
        """True if the document is small enough for the other checks, which take memory for each value."""
        start = Span(self.schema.file, 0, 1)
        if is_deeper(self.schema.file.text.encode(), 2 * MAX_FILE_DEPTH):
            self.fault("M007", "the schema nests too deep", start, f"more than {MAX_FILE_DEPTH} levels")
            return False
        try:
            return bool(self.schema._positions)
        except TooManyValues:
            hint = "split the file"
            self.fault("M010", f"the schema holds more than {MAX_VALUES:,} values", start, "", hint)
            return False

    def check_depth(self) -> bool:
        deep = next((p for p in self.schema._positions.values if len(p) > MAX_FILE_DEPTH), None)
        if deep is not None:
            place = self.schema.span_of(deep)
            self.fault("M007", "the schema nests too deep", place, f"more than {MAX_FILE_DEPTH} levels")
        return deep is None

    def check_form(self) -> bool:
        """True if the document is valid under the 2020-12 metaschema; `check_nodes` checks the patterns."""
        document = self.schema.document
        if not is_readable(document.get("$schema", DIALECT)):
            place = self.schema.span_of(("$schema",))
            label = "only 2020-12 and the drafts from 4 on are read"
            self.fault("M007", "the schema is of another draft", place, label, f"use `{DIALECT}`")
            return False
        modernize(document)
        before = len(self.report.diagnostics)
        for number, (pointer, part) in enumerate(unusual_parts(self.schema.document)):
            if number == MAX_UNUSUAL:
                place = self.schema.span_of(pointer)
                self.fault("M007", "the schema is too unusual to be checked", place, "and much else")
            if number == MAX_UNUSUAL or len(self.report.diagnostics) >= before + 10:
                break
            self.check_part(pointer, part)
        return len(self.report.diagnostics) == before

    def check_part(self, start: Pointer, part: Any) -> None:
        """Check one subschema by the metaschema."""
        errors = sorted(_metaschema().iter_errors(part), key=lambda e: str(e.absolute_path))
        for error in errors[:10]:
            pointer = (*start, *error.absolute_path)
            subject = f"`{pointer[-1]}` " if pointer else "the schema "
            self.fault(
                "M007", f"{subject}is not valid JSON Schema", self.schema.span_of(pointer), _reason(error)
            )

    def check_nodes(self) -> None:
        for pointer, node in self.schema._nodes:
            if isinstance(node, bool):
                continue
            for keyword in ("$ref", "$dynamicRef"):
                if keyword in node:
                    self.check_reference(node[keyword], (*pointer, keyword))
            for keyword in ("$id", "$schema"):
                if pointer and keyword in node:
                    place = self.schema.span_of((*pointer, keyword))
                    hint = "put the part under `$defs` and refer to it"
                    self.fault("M007", f"`{keyword}` inside a schema", place, "only allowed at the top", hint)
            for keyword in _OTHER_DRAFTS.keys() & node.keys():
                place = self.schema.span_of_name((*pointer, keyword))
                label = "2020-12 ignores it, so it would check nothing"
                message = f"`{keyword}` is a keyword of another draft"
                self.fault("M007", message, place, label, f"use {_OTHER_DRAFTS[keyword]}")
            if "pattern" in node:
                self.check_pattern(node["pattern"], self.schema.span_of((*pointer, "pattern")))
            for pattern in node.get("patternProperties", ()):
                self.check_pattern(
                    pattern, self.schema.span_of_name((*pointer, "patternProperties", pattern))
                )

    def check_reference(self, reference: str, pointer: Pointer) -> None:
        place = self.schema.span_of(pointer)
        if not reference.startswith("#"):
            hint = "copy the part into `$defs` and refer to `#/$defs/...`"
            self.fault("M008", "the schema refers to something outside its file", place, "not read", hint)
            return
        target = find_reference(self.schema.document, reference)
        if id(target) not in self.schema._identities:
            self.fault("M007", "a reference leads nowhere", place, "the file has no schema at such a place")

    def check_pattern(self, pattern: str, place: Span | None) -> None:
        if pattern not in self.pattern_faults:
            self.pattern_faults[pattern] = self.pattern_fault(pattern)
        fault = self.pattern_faults[pattern]
        if fault is not None:
            if place is not None and fault.position >= 0:
                place = _character(place, fault.position)
            self.fault("M203", "a pattern that cannot be used", place, fault.message)

    def pattern_fault(self, pattern: str) -> PatternFault | None:
        """The fault of a pattern, at -1 if all is one; beyond a limit, only the first pattern has one."""
        before = self.length
        self.length += len(pattern)
        if self.length > MAX_PATTERNS:
            reason = f"the patterns of the schema have more than {MAX_PATTERNS:,} characters together"
            return PatternFault(reason, -1) if before <= MAX_PATTERNS else None
        if self.automata > MAX_AUTOMATA:
            return None
        if len(pattern) > MAX_PATTERN:
            return PatternFault(f"it has more than {MAX_PATTERN:,} characters", -1)
        try:
            automaton = automaton_of(pattern)
        except PatternFault as fault:
            return fault
        except NoAutomaton as fault:
            self.automata += MAX_POSITIONS
            return PatternFault(str(fault), -1)
        before = self.automata
        self.automata += max(automaton.size, _LEAST_AUTOMATON) if automaton else 0
        if before <= MAX_AUTOMATA < self.automata:
            return PatternFault("the patterns of the schema are too large together", -1)
        return None

    def check_loops(self) -> None:
        """Report long chains of references for one value, and references that lead back to themselves."""
        heights: dict[int, float] = {}
        for pointer, node in self.schema._nodes:
            height = _height(self.schema.document, node, heights) if isinstance(node, dict) else 0
            if height > MAX_HEIGHT:
                place = self.schema.span_of((*pointer, "$ref")) or self.schema.span_of(pointer)
                if height == math.inf:
                    why = "a reference that leads back to itself", "a check would never end"
                else:
                    why = "references that lead too far", f"through more than {MAX_HEIGHT} others"
                self.fault("M007", why[0], place, why[1])
                return


# A character of a text as JSON writes it; two escapes may be the halves of one.
_JSON_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\"\\]"
)


def _character(place: Span, index: int) -> Span:
    """The span of a character of a JSON text; that of the closing quote if the text has no such character."""
    found = next(islice(_JSON_CHARACTER.finditer(place.text[1:-1]), index, None), None)
    start, end = (len(place.text) - 2, len(place.text) - 1) if found is None else found.span()
    return place.part(start + 1, end + 1)


@cache
def _metaschema() -> Any:
    from mapper.runtime.schema.draft import Draft202012Validator, FormatChecker

    formats = FormatChecker(set(Draft202012Validator.FORMAT_CHECKER.checkers) - {"regex"})
    validator = extended({"uniqueItems": unique_items})
    return validator(Draft202012Validator.META_SCHEMA, format_checker=formats)


def _reason(error: Any) -> str:
    """The fault of a part of a schema, in few words."""
    text = str(error.message)
    return text if len(text) <= 100 else f"breaks the rule `{error.validator}`"


def _height(document: Mapping[str, Any], start: Mapping[str, Any], heights: dict[int, float]) -> float:
    """The length of the longest chain of subschemas for one value, from `start` on; infinite in a loop."""
    path: set[int] = set()
    stack: list[tuple[Subschema, bool]] = [(start, False)]
    while stack:
        node, leaving = stack.pop()
        if isinstance(node, bool) or (id(node) in heights and not leaving):
            continue
        if leaving:
            path.discard(id(node))
            below = (heights.get(id(child), 0) for child in _in_place(document, node))
            heights[id(node)] = 1 + max(below, default=0)
        elif id(node) in path:
            return math.inf
        else:
            path.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for child in _in_place(document, node))
    return heights[id(start)]


def _in_place(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Subschema]:
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(keyword, ())
    for keyword in ("not", "if", "then", "else"):
        yield schema.get(keyword, True)
    yield from schema.get("dependentSchemas", {}).values()
    for keyword in ("$ref", "$dynamicRef"):
        yield find_reference(document, str(schema.get(keyword, ""))) or True
