"""Kinds: the values that the keys of a configuration take, each with its JSON Schema and its reader.

A table names its keys, each with a kind and a sentence. The reader, its hints and the schema for editors use
the same table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.diagnostics.render.visible import shorten
from mapper.diagnostics.source import Span
from mapper.language.document import MappingNode, Node, ScalarNode, SequenceNode
from mapper.language.forms import JsonForm
from mapper.language.nodes import kind_of, known_parts, want_mapping, want_text
from mapper.language.value_reader import plain_value
from mapper.runtime.json.equality import equal


class Kind(Protocol):
    """The values that a key takes."""

    @property
    def form(self) -> JsonForm:
        """The JSON Schema of the values."""

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The value of a node; None after reporting another one. `what` names it in messages."""


@dataclass(frozen=True, slots=True)
class TextKind:
    """A text, which becomes a SpannedText; `label` says what it must be if there is a `pattern`."""

    pattern: str = ""
    label: str = ""

    @property
    def form(self) -> JsonForm:
        """The JSON Schema of such texts."""
        return {"type": "string", "pattern": self.pattern} if self.pattern else {"type": "string"}

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The text and its place."""
        text = want_text(node, what, report)
        if text is None or re.search(self._whole_pattern, text.value) is not None:
            return text
        report.error("M114", f"{what} cannot be `{shorten(text.value)}`", text.whole(), self.label)
        return None

    @property
    def _whole_pattern(self) -> str:
        # To Python's `$`, a line feed at the end is no part of the text.
        return f"{self.pattern[:-1]}\\Z" if self.pattern.endswith("$") else self.pattern


@dataclass(frozen=True, slots=True)
class ConstantKind:
    """One value alone."""

    value: str | int

    @property
    def form(self) -> JsonForm:
        """The JSON Schema of the value."""
        return {"const": self.value}

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The value."""
        if isinstance(node, ScalarNode) and equal(node.value, self.value):
            return self.value
        report.error("M114", f"{what} must be `{self.value}`", node.span, "this is another value")
        return None


@dataclass(frozen=True, slots=True)
class ChoiceKind:
    """One of several words."""

    words: tuple[str, ...]

    @property
    def form(self) -> JsonForm:
        """The JSON Schema of the words."""
        return {"enum": list(self.words)}

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The word."""
        written = node.text.value if isinstance(node, ScalarNode) else None
        if written in self.words:
            return written
        found = kind_of(node) if written is None else f"`{shorten(written)}`"
        label = "write " + " or ".join(f"`{word}`" for word in self.words)
        hint = "" if written is None else did_you_mean(written, self.words)
        report.error("M114", f"{what} cannot be {found}", node.span, label, hint)
        return None


@dataclass(frozen=True, slots=True)
class FlagKind:
    """True or false."""

    form: JsonForm = field(default_factory=lambda: {"type": "boolean"})

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The boolean."""
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return node.value
        report.error("M107", f"{what} must be `true` or `false`", node.span, f"this is {kind_of(node)}")
        return None


@dataclass(frozen=True, slots=True)
class CountKind:
    """A whole number above zero."""

    form: JsonForm = field(default_factory=lambda: {"type": "integer", "minimum": 1})

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The number."""
        value = node.value if isinstance(node, ScalarNode) else None
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        report.error(
            "M107", f"{what} must be a whole number above zero", node.span, f"this is {kind_of(node)}"
        )
        return None


@dataclass(frozen=True, slots=True)
class AmountKind:
    """A number with a unit, such as `30d`, which becomes a float: the number times that of the unit."""

    units: tuple[tuple[str, float], ...]
    example: str

    @property
    def pattern(self) -> str:
        """Matches a number above zero and a unit."""
        units = "|".join(unit for unit, _ in self.units)
        return rf"^(?=[0-9.]*[1-9])[0-9]{{1,9}}(\.[0-9]{{1,9}})? ?({units})$"

    @property
    def form(self) -> JsonForm:
        """The JSON Schema of such texts."""
        return {"type": "string", "pattern": self.pattern, "examples": [self.example]}

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The amount."""
        if isinstance(node, ScalarNode) and re.search(self.pattern, node.text.value):
            found = re.match(r"([0-9.]+) ?(.+)", node.text.value)
            assert found is not None
            return float(found[1]) * dict(self.units)[found[2]]
        units = ", ".join(f"`{unit}`" for unit, _ in self.units)
        label = f"write a number above zero with a unit, such as `{self.example}`"
        report.error("M114", f"{what} is not an amount", node.span, label, f"the units are {units}")
        return None


DURATION = AmountKind(
    (("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)),
    "30d",
)
_THOUSANDS = tuple((f"{letter}B", 1000.0**power) for power, letter in enumerate(("", "k", "M", "G", "T")))
_BINARY = tuple((f"{letter}iB", 1024.0**power) for power, letter in enumerate("KMGT", 1))
SIZE = AmountKind(_THOUSANDS + _BINARY, "20GB")


@dataclass(frozen=True, slots=True)
class ListKind:
    """A list with at least one entry, which becomes a tuple; if `or_one`, also an entry alone."""

    entry: Kind
    or_one: bool = False

    @property
    def form(self) -> JsonForm:
        """The JSON Schema of such lists."""
        entries: JsonForm = {"type": "array", "items": self.entry.form, "minItems": 1}
        return {"anyOf": [self.entry.form, entries]} if self.or_one else entries

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The entries that can be read."""
        if isinstance(node, SequenceNode) and node.items:
            read = [self.entry.read(item, f"each entry of {what}", report) for item in node.items]
            return tuple(entry for entry in read if entry is not None)
        if isinstance(node, SequenceNode):
            report.error("M107", f"{what} must not be an empty list", node.span, "nothing is here")
            return None
        if self.or_one:
            entry = self.entry.read(node, what, report)
            return None if entry is None else (entry,)
        report.error("M107", f"{what} must be a list", node.span, f"this is {kind_of(node)}")
        return None


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """Key-value pairs of any kind, which become a dict of JSON values."""

    form: JsonForm = field(default_factory=lambda: {"type": "object"})

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The JSON values under their keys."""
        return None if want_mapping(node, what, report) is None else plain_value(node, report)


@dataclass(frozen=True, slots=True)
class MapKind:
    """Values of one kind under keys of the user's own, which become a tuple of a SpannedText and a value."""

    key: TextKind
    entry: Kind

    @property
    def form(self) -> JsonForm:
        """The JSON Schema of the values."""
        return {
            "type": "object",
            "propertyNames": {"pattern": self.key.pattern},
            "additionalProperties": self.entry.form,
        }

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The entries that can be read."""
        pairs = want_mapping(node, what, report)
        if pairs is None:
            return None
        found = []
        for entry in pairs.entries:
            name = self.key.read(entry.key, f"a key of {what}", report)
            value = self.entry.read(entry.value, f"each value of {what}", report)
            if name is not None and value is not None:
                found.append((name, value))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class WordOr:
    """One word, which becomes an empty tuple, or values of another kind; `noun` names these in messages."""

    word: str
    other: Kind
    noun: str

    @property
    def form(self) -> JsonForm:
        """The JSON Schema of both."""
        return {"anyOf": [{"const": self.word}, self.other.form]}

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The value."""
        if not isinstance(node, ScalarNode):
            return self.other.read(node, what, report)
        if node.value == self.word:
            return ()
        label = f"this is {kind_of(node)}"
        report.error("M107", f"{what} must be {self.noun} or `{self.word}`", node.span, label)
        return None


@dataclass(frozen=True, slots=True)
class TableKey:
    """A key of a table: the kind of its values, one sentence about it, and if it must be there."""

    kind: Kind
    sentence: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class ReadTable:
    """The values of a table by their keys; what is not written, or could not be read, is absent.

    Faults of a table that is not `is_whole` are reported; later stages still report theirs.
    """

    node: MappingNode
    values: Mapping[str, Any]
    is_whole: bool = True

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""
        return self.values.get(key, default)

    def text(self, key: str, default: str = "") -> str:
        """The value of a key that takes a text."""
        found = self.values.get(key)
        return default if found is None else str(found.value)

    def span(self, key: str) -> Span:
        """The place of a key's value, or the beginning of the table if it has none."""
        node = self.node.get(key)
        return self.node.span.part(0, 1) if node is None else node.span


@dataclass(frozen=True, slots=True)
class TableKind:
    """Key-value pairs with known keys, which become a ReadTable; `noun` names it in messages."""

    noun: str
    rows: Mapping[str, TableKey]

    @property
    def form(self) -> JsonForm:
        """The JSON Schema of the table."""
        return {
            "type": "object",
            "properties": {
                key: {"description": row.sentence, **row.kind.form} for key, row in self.rows.items()
            },
            "required": [key for key, row in self.rows.items() if row.required],
            "additionalProperties": False,
        }

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The table, also an incomplete one; None if the node is not a table."""
        pairs = want_mapping(node, what, report)
        if pairs is None:
            return None
        parts = known_parts(pairs, self.rows, self.noun, report)
        read = {key: self.rows[key].kind.read(part, f"`{key}`", report) for key, part in parts.items()}
        missing = [key for key, row in self.rows.items() if row.required and key not in parts]
        for key in missing:
            label, hint = f"`{key}` is missing", self.rows[key].sentence.removesuffix(".")
            hint = hint[:1].lower() + hint[1:]
            report.error("M106", f"{self.noun} without `{key}`", pairs.span.part(0, 1), label, hint)
        values = {key: value for key, value in read.items() if value is not None}
        return ReadTable(pairs, values, is_whole=not missing and len(values) == len(pairs.entries))


@dataclass(frozen=True, slots=True)
class UnionKind:
    """One of several tables, told by a key that is in it alone, which becomes this key and a ReadTable.

    If a node has the keys of several, the first table is meant.
    """

    noun: str
    tables: Mapping[str, TableKind]

    @property
    def form(self) -> JsonForm:
        """The JSON Schema of the tables."""
        return {"anyOf": [table.form for table in self.tables.values()]}

    def read(self, node: Node, what: str, report: Report) -> Any:
        """The key and the table."""
        keys = [entry.key.text.value for entry in node.entries] if isinstance(node, MappingNode) else []
        key = next((key for key in self.tables if key in keys), None)
        if key is None:
            known = ", ".join(f"`{key}`" for key in self.tables)
            label = (
                f"this is {kind_of(node)}" if not isinstance(node, MappingNode) else "none of them is here"
            )
            report.error(
                "M107", f"{what} must be {self.noun}", node.span, label, f"one of {known} says which"
            )
            return None
        table = self.tables[key].read(node, what, report)
        return None if table is None else (key, table)
