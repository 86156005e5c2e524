"""Document: YAML 1.2 text becomes nodes with spans. No Python objects are constructed from tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from mapper.diagnostics.diagnostic import Label, Report, Severity
from mapper.diagnostics.render.visible import shorten
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.language.scalars import ScalarValue, control_characters, locate_text, resolve_plain
from mapper.language.yaml_faults import (
    explain_fault,
    is_nesting_limit,
    report_cramped_colon,
    report_question_mark,
    report_tag,
    report_unquoted_liquid,
)
from mapper.runtime.json.equality import identity
from mapper.runtime.limits import MAX_FILE_DEPTH, active

# To YAML `path:$.uid` is one text. No author means that.
_CRAMPED = re.compile(r"[a-z_]+:(?=\$[.\[]|\{[{%])")

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A leaf: its text with positions, and its value by YAML 1.2 (only plain scalars are ever not text)."""

    text: SpannedText
    value: ScalarValue
    plain: bool
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list of nodes."""

    items: tuple[Node, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MappingEntry:
    """One `key: value` of a mapping."""

    key: ScalarNode
    value: Node


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys and values in the order of the text; each key once."""

    entries: tuple[MappingEntry, ...]
    span: Span = field(compare=False, repr=False)

    def get(self, name: str) -> Node | None:
        """The value under a text key, or None."""
        entry = self.entry(name)
        return None if entry is None else entry.value

    def entry(self, name: str) -> MappingEntry | None:
        """The entry under a text key, or None."""
        return next((entry for entry in self.entries if entry.key.value == name), None)


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of YAML file in the words of messages: its noun, and how it begins."""

    noun: str
    begins: str


MAPPING_FILE = FileKind("mapping", "mapping: <name>")


def read_document(file: SourceFile, report: Report, kind: FileKind = MAPPING_FILE) -> MappingNode | None:
    """The root mapping of a YAML text, or None after reporting the reason.

    Faults that leave the tree whole (a duplicate key, a tag, an anchor) are reported and the tree is still
    returned, so that later stages report theirs in the same pass.
    """
    max_bytes = active().mapping_bytes
    if len(file.text) > max_bytes:
        report.error("M010", f"the text is larger than {max_bytes} characters", Span(file, 0, 0))
        return None
    if _has_control_characters(file, report, kind):
        return None
    findings = Report()
    try:
        root = _read(file, findings, kind, _LOADER)
    except _NestingLimit:
        findings = Report()  # the second reading finds again what the first one found
        root = _read(file, findings, kind, yaml.SafeLoader)
    report.extend(findings)
    return root


class _NestingLimit(Exception):
    """The parser itself has a limit on nesting, and the text passes it."""


def _read(file: SourceFile, report: Report, kind: FileKind, loader: Any) -> MappingNode | None:
    """Read the text with one of PyYAML's parsers; raises `_NestingLimit` if libyaml stops at its own limit.

    libyaml reads ahead, up to 1,024 characters while a bracket could begin a key. So it can meet its limit
    before it hands over the collections that pass `MAX_FILE_DEPTH`. The parser in Python has no such limit
    and reports, as libyaml does below its limit, the first fault of the text.
    """
    builder = _Builder(file, report, kind, shift=1 if file.text.startswith("\ufeff") else 0)
    try:
        for event in yaml.parse(file.text[builder.shift :], Loader=loader):
            if not builder.take(event):
                break
    except yaml.YAMLError as error:
        if loader is not yaml.SafeLoader and is_nesting_limit(error):
            raise _NestingLimit from None
        explain_fault(file, report, error, builder.shift, in_flow=builder.in_flow)
        return None
    return builder.result()


def walk(node: Node) -> Iterator[Node]:
    """The node and all nodes below it, in the order of the text; mapping keys are not nodes of their own."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        if isinstance(current, SequenceNode):
            waiting.extend(reversed(current.items))
        elif isinstance(current, MappingNode):
            waiting.extend(entry.value for entry in reversed(current.entries))


def _has_control_characters(file: SourceFile, report: Report, kind: FileKind) -> bool:
    found = control_characters(file)
    for offset, name in found[:10]:
        hint = "save the file with line feeds as line ends" if name == "U+000D" else ""
        report.error(
            "M101",
            f"the character {name} may not stand in a {kind.noun}",
            Span(file, offset, offset + 1),
            "it is invisible here",
            hint or f'remove it, or write it as "\\u{name[2:]}" inside double quotes',
        )
    return bool(found)


@dataclass(slots=True)
class _OpenCollection:
    """A collection whose end is not read yet."""

    is_mapping: bool
    is_flow: bool
    start: int
    items: list[Node] = field(default_factory=list)
    entries: dict[object, MappingEntry] = field(default_factory=dict)
    key: Node | None = None
    end: int = 0  # the end of the last node inside
    is_liquid: bool = False  # `{{ name }}` without quotes


@dataclass(slots=True)
class _Builder:
    """Builds nodes from parser events, without recursion, so depth and size are checked on the way."""

    file: SourceFile
    report: Report
    kind: FileKind
    shift: int
    stack: list[_OpenCollection] = field(default_factory=list)
    root: Node | None = None
    count: int = 0
    failed: bool = False
    documents: int = 0

    @property
    def in_flow(self) -> bool:
        return bool(self.stack) and self.stack[-1].is_flow

    def take(self, event: yaml.Event) -> bool:
        """Take one event; return False if reading on makes no sense."""
        match event:
            case yaml.DocumentStartEvent():
                return self._start_document(event)
            case yaml.ScalarEvent():
                self._check_properties(event)
                self._add(self._scalar(event))
            case yaml.CollectionStartEvent():
                self._check_properties(event)
                is_mapping = isinstance(event, yaml.MappingStartEvent)
                self.stack.append(
                    _OpenCollection(is_mapping, bool(event.flow_style), self._span(event).start)
                )
            case yaml.CollectionEndEvent():
                self._add(self._close(self._span(event).end))
            case yaml.AliasEvent():
                self._refuse_alias(event)
        return self._is_within_limits(event)

    def result(self) -> MappingNode | None:
        """The root, if it is a mapping and no part of it is lost."""
        if self.failed:
            return None
        root, hint = self.root, f"a {self.kind.noun} begins with `{self.kind.begins}`"
        if root is None or (isinstance(root, ScalarNode) and root.plain and root.text.value == ""):
            self.report.error("M102", f"the file holds no {self.kind.noun}", Span(self.file, 0, 0), "", hint)
            return None
        if isinstance(root, MappingNode):
            return root
        found = "a list" if isinstance(root, SequenceNode) else "a single text"
        if isinstance(root, ScalarNode) and ":" in root.text.value:
            hint = "a blank is missing after the colon"
        self.report.error("M103", "the file does not hold `key: value` pairs", root.span, found, hint)
        return None

    def _start_document(self, event: yaml.Event) -> bool:
        self.documents += 1
        if self.documents == 1:
            return True
        hint = f"write each {self.kind.noun} into a file of its own"
        self.report.error("M112", "a second YAML document begins", self._span(event), "here", hint)
        return False

    def _is_within_limits(self, event: yaml.Event) -> bool:
        self.count += isinstance(event, yaml.NodeEvent)
        message = ""
        max_nodes = active().mapping_nodes
        if self.count > max_nodes:
            message = f"the text has more than {max_nodes} values"
        elif len(self.stack) > MAX_FILE_DEPTH:
            message = f"the text nests more than {MAX_FILE_DEPTH} levels deep"
        if message:
            self.failed = True
            self.report.error("M110", message, self._span(event), "the limit is passed here")
        return not message

    def _span(self, event: yaml.Event) -> Span:
        start = event.start_mark.index + self.shift  # type: ignore[union-attr]
        end = event.end_mark.index + self.shift  # type: ignore[union-attr]
        return Span(self.file, start, max(start, end))

    def _check_properties(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        """Report anchors and tags: the language has neither."""
        span = self._span(event)
        if event.anchor is not None:
            start = max(self.file.text.find("&" + event.anchor, span.start), span.start)
            place = Span(self.file, start, start + len(event.anchor) + 1)
            hint = "write the value out where it is needed"
            message = f"the anchor `&{shorten(event.anchor)}`"
            self.report.error("M108", message, place, f"{self.kind.noun}s have no anchors", hint)
        if event.tag is not None:
            start = self.file.text.find("!", span.start)
            report_tag(self.file, self.report, max(start, span.start))

    def _refuse_alias(self, event: yaml.Event) -> None:
        span = self._span(event)
        self.failed = True
        hint = "write the value out where it is needed"
        self.report.error(
            "M108", f"the alias `{shorten(span.text)}`", span, f"{self.kind.noun}s have no aliases", hint
        )
        self._add(ScalarNode(SpannedText("", span), None, True, span))

    def _scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        span = self._span(event)
        style = event.style or ""
        if style in ("|", ">"):
            span = Span(self.file, span.start, max(span.start + 1, self._trimmed(span)))
        text = locate_text(event.value, span, style)
        if style or event.tag == "tag:yaml.org,2002:str":
            return ScalarNode(text, event.value, False, span)
        cramped = _CRAMPED.match(event.value)
        if cramped:
            report_cramped_colon(self.file, self.report, span.start + cramped.end() - 1)
        try:
            return ScalarNode(text, resolve_plain(event.value), True, span)
        except ValueError as error:
            message, hint = f"`{shorten(event.value)}` is not a value", "quote it to keep it as text"
            self.report.error("M114", message, span, str(error), hint)
            return ScalarNode(text, event.value, True, span)

    def _trimmed(self, span: Span) -> int:
        return span.start + len(span.text.rstrip())

    def _close(self, end: int) -> Node:
        """The collection that ends here; a block collection ends with its last node."""
        done = self.stack.pop()
        span = Span(self.file, done.start, end if done.is_flow else max(done.end, done.start))
        if done.is_liquid:  # reported; read as what was meant, so that later stages see it too
            return ScalarNode(SpannedText(span.text, span, exact=True), span.text, False, span)
        if done.is_mapping:
            return MappingNode(tuple(done.entries.values()), span)
        return SequenceNode(tuple(done.items), span)

    def _add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.end = node.span.end
        if not parent.is_mapping:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = node
            self._check_key(parent, node)
        else:
            key, parent.key = parent.key, None
            if isinstance(key, ScalarNode):
                parent.entries.setdefault(identity(key.value), MappingEntry(key, node))
                self._check_colon(parent, key, node)

    def _check_colon(self, parent: _OpenCollection, key: ScalarNode, value: Node) -> None:
        """Report `{as:string}`, which YAML reads as a key without a value."""
        colon = key.text.value.find(":")
        if parent.is_flow and key.plain and colon > 0 and key.span.end == value.span.end:
            report_cramped_colon(self.file, self.report, key.span.start + colon)

    def _check_key(self, parent: _OpenCollection, key: Node) -> None:
        text = self.file.text
        if not isinstance(key, ScalarNode):
            if text.startswith("{{", parent.start):
                report_unquoted_liquid(self.file, self.report, parent.start)
                parent.is_liquid = True
            else:
                hint = "quote the key" if parent.is_flow else ""
                self.report.error("M122", "a key must be text", key.span, "this is a collection", hint)
            return
        if parent.is_flow and self._follows_question_mark(key.span.start):
            report_question_mark(self.file, self.report, key.span.start - 1)
        if key.plain and key.value == "<<":
            hint = "write the keys out; `merge:` merges objects at run time"
            self.report.error("M105", "YAML merge keys are not part of the language", key.span, "", hint)
        first = parent.entries.get(identity(key.value))
        if first is not None:
            self.report.add(
                "M104",
                f"the key `{shorten(key.text.value)}` stands twice",
                key.span,
                "again here",
                ("remove one of the two",),
                Severity.ERROR,
                (Label(first.key.span, "first here"),),
            )

    def _follows_question_mark(self, start: int) -> bool:
        """True if a key begins right behind a `?`, which YAML 1.2 (§7.3.3) reads as a part of the text."""
        text = self.file.text
        return text[start - 1 : start] == "?" and text[start : start + 1] not in (*" \t\r\n,[]{}", "")
