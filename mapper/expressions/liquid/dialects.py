"""Dialects: the tags, filters and differences of another Liquid engine, read from a data file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.diagnostics.files import read_source
from mapper.diagnostics.source import SourceFile, Span
from mapper.ir.liquid import LiquidRules
from mapper.language.document import (
    FileKind,
    MappingEntry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    read_document,
)
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.times.zones import load_named_zone

_FILE = FileKind("dialect", "dialect: <name>")
_LISTS = ("tags", "filters", "objects", "undocumented_tags", "undocumented_filters")
# Terms of `renders_differently`: values that are printed, and the kinds of values that a filter gets.
PRINTED_TERMS = ("object", "number", "number inside", "list inside")
KINDS = (
    *("text", "time", "number", "fraction", "boolean", "null", "missing", "object", "list"),
    *("object inside", "number inside", "list inside"),
)
_TABLES = ("renders_differently", "notes")
_KEYS = ("dialect", "description", "now", "zone", "numbers", "dates", *_LISTS, *_TABLES)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One Liquid engine: documented tags, filters and objects, and those that merely seem to work.

    `rules` are its additions to the language. `notes` and `renders_differently` hold a sentence for the
    author, term by term.
    """

    name: str
    description: str = ""
    tags: frozenset[str] = frozenset()
    filters: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    undocumented_tags: frozenset[str] = frozenset()
    undocumented_filters: frozenset[str] = frozenset()
    rules: LiquidRules = LiquidRules()
    renders_differently: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    file: SourceFile | None = field(default=None, compare=False, repr=False)

    def note(self, term: str) -> str:
        """The note about a tag, filter or object; an empty text if there is none."""
        return dict(self.notes).get(term) or dict(self.renders_differently).get(term) or ""


def load_dialect(path: Path, report: Report) -> Dialect | None:
    """The dialect in a file; None after reporting why not (M009 no such file, M012 wrong shape)."""
    if not path.is_file():
        report.error("M009", f"no dialect `{path.stem}`", None)
        return None
    file = read_source(path, report)
    document = None if file is None else read_document(file, report, _FILE)
    if document is None:
        return None
    before = len(report.diagnostics)
    _check_keys(document, report)
    tags, filters, objects, likely_tags, likely_filters = (
        _names(document.get(name), name, report) for name in _LISTS
    )
    renders, notes = (_table(document.get(name), name, report) for name in _TABLES)
    _check_terms(document.get("renders_differently"), report)
    dialect = Dialect(
        name=_text(document.get("dialect"), "dialect", path.stem, report),
        description=_text(document.get("description"), "description", "", report),
        tags=tags,
        filters=filters,
        objects=objects,
        undocumented_tags=likely_tags,
        undocumented_filters=likely_filters,
        rules=_rules(document, tags, filters | likely_filters, report),
        renders_differently=renders,
        notes=notes,
        file=file,
    )
    return dialect if len(report.diagnostics) == before else None


def _check_keys(document: MappingNode, report: Report) -> None:
    for entry in document.entries:
        name = entry.key.text.value
        if name not in _KEYS:
            hint = did_you_mean(name, _KEYS)
            report.error("M012", f"a dialect has no key `{name}`", entry.key.span, "not known here", hint)


def _rules(
    document: MappingNode, tags: frozenset[str], filters: frozenset[str], report: Report
) -> LiquidRules:
    zone = _text(document.get("zone"), "zone", "UTC", report)
    now = _text(document.get("now"), "now", "", report)
    numbers = _text(document.get("numbers"), "numbers", "", report)
    dates = _text(document.get("dates"), "dates", "", report)
    for key, word, known in (
        ("now", now, "received_at"),
        ("numbers", numbers, "doubles"),
        ("dates", dates, "moments"),
    ):
        if word not in ("", known):
            _wrong(document.get(key), f"`{key}` can only be `{known}`", report)
    if load_named_zone(zone) is None:
        _wrong(document.get("zone"), f"no such time zone `{zone}`", report)
    own = frozenset(name for name in filters if name in ROWS and ROWS[name].of_dialects)
    return LiquidRules(
        abort="abort" in tags,
        filters=own,
        now=bool(now),
        zone=zone,
        doubles=bool(numbers),
        moments=bool(dates),
    )


def _names(node: Node | None, key: str, report: Report) -> frozenset[str]:
    if node is None:
        return frozenset()
    if not isinstance(node, SequenceNode) or not all(isinstance(item, ScalarNode) for item in node.items):
        _wrong(node, f"`{key}` is a list of names", report)
        return frozenset()
    return frozenset(item.text.value for item in node.items if isinstance(item, ScalarNode))


def _table(node: Node | None, key: str, report: Report) -> tuple[tuple[str, str], ...]:
    if node is None:
        return ()
    if not isinstance(node, MappingNode) or not all(
        isinstance(entry.value, ScalarNode) for entry in node.entries
    ):
        _wrong(node, f"`{key}` pairs terms with sentences", report)
        return ()
    return tuple(_pair(entry) for entry in node.entries)


def _check_terms(node: Node | None, report: Report) -> None:
    """Report terms of `renders_differently` that say nothing: a misspelt one would never be told."""
    for entry in node.entries if isinstance(node, MappingNode) else ():
        text = entry.key.text.value
        names, _, kinds = text.partition(" of ")
        filters = names.partition(": ")[0].split(", ")
        is_known = set(filters) <= set(ROWS) and set(kinds.split(", ")) <= {"", *KINDS}
        if not (is_known or text in PRINTED_TERMS or text.startswith("%")):
            hint = did_you_mean(text, [*PRINTED_TERMS, *ROWS])
            report.error("M012", f"an unknown term `{text}`", entry.key.span, "it would never be told", hint)


def _pair(entry: MappingEntry) -> tuple[str, str]:
    assert isinstance(entry.value, ScalarNode)
    return entry.key.text.value, entry.value.text.value


def _text(node: Node | None, key: str, default: str, report: Report) -> str:
    if node is None:
        return default
    if not isinstance(node, ScalarNode):
        _wrong(node, f"`{key}` is a text", report)
        return default
    return node.text.value


def _wrong(node: Node | None, message: str, report: Report) -> None:
    span: Span | None = None if node is None else node.span
    report.error("M012", message, span, "another shape here")
