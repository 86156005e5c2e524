"""Places: the nodes of a text in JSON or YAML with their ranges; splicing the text changes the tree.

A body of JSON is read as Latin-1: then each byte is one character, and any bytes can stand in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

Splice = tuple[int, int, str]  # a range, and the text that comes in its place


@dataclass(frozen=True, slots=True)
class Place:
    """A value: the range of its text, and that of its key, which is empty for an element.

    `above` is the key it stands under, that of the list for an element. `cut` is the range to be removed with
    it, `gap` the text between it and a double of it. `flow` is its text on one line, which fits anywhere.
    """

    start: int
    end: int
    key_start: int
    key_end: int
    above: str
    is_text: bool
    cut: tuple[int, int]
    gap: str
    flow: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A text and its places, the outer ones first; no places if it cannot be read."""

    text: str
    places: tuple[Place, ...]


def read_json(text: str) -> Tree:
    """The tree of a text of JSON; if it is none, without places."""
    try:
        return Tree(text, tuple(_JsonReader(text).places()))
    except (ValueError, IndexError):
        return Tree(text, ())


def as_bytes(text: str) -> bytes:
    """The bytes of a text in Latin-1; a text with other characters in it is UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def read_yaml(text: str) -> Tree:
    """The tree of a text of YAML; if it is none, without places."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
        return Tree(text, () if node is None else tuple(_yaml_places(text, node)))
    except (yaml.YAMLError, ValueError, RecursionError):
        return Tree(text, ())


def keyed(key: str, flow: str) -> str:
    """The text of a value under a key; of an element, if the key is empty."""
    return f"{key}: {flow}" if key else flow


def spliced(text: str, splices: list[Splice]) -> str:
    """The text with ranges replaced; of ranges that overlap, the first one given counts."""
    taken: list[Splice] = []
    for splice in splices:
        if all(splice[1] <= start or splice[0] >= end for start, end, _ in taken):
            taken.append(splice)
    parts, at = [], 0
    for start, end, new in sorted(taken, key=lambda each: each[:2]):
        parts += [text[at:start], new]
        at = end
    return "".join(parts) + text[at:]


@dataclass(slots=True)
class _Member:
    key_start: int
    key_end: int
    start: int
    end: int
    above: str
    inner: list[_Member]
    gap: str = ","
    flow: str | None = None
    is_text: bool = False


def _placed(text: str, member: _Member, cut: tuple[int, int]) -> Iterator[Place]:
    yield Place(
        *(member.start, member.end, member.key_start, member.key_end, member.above, member.is_text),
        *(cut, member.gap, text[member.start : member.end] if member.flow is None else member.flow),
    )
    inner = member.inner
    for number, each in enumerate(inner):
        if number + 1 < len(inner):
            cut = each.key_start, inner[number + 1].key_start
        else:
            cut = (inner[number - 1].end if number else each.key_start), each.end
        yield from _placed(text, each, cut)


class _JsonReader:
    TOKEN = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+)', re.DOTALL)

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self.TOKEN.finditer(text))
        self.at = 0

    def places(self) -> Iterator[Place]:
        root = self._value(0, None, "", 0)
        if self.at != len(self.tokens):
            raise ValueError("more than one value")
        return _placed(self.text, root, (root.start, root.end))

    def _take(self) -> re.Match[str]:
        self.at += 1
        return self.tokens[self.at - 1]

    def _value(self, key_start: int, key_end: int | None, above: str, depth: int) -> _Member:
        token = self._take()
        start, end = token.span(1)
        member = _Member(start, start, start, end, above, [], is_text=token[1][0] == '"')
        if key_end is not None:
            member.key_start, member.key_end = key_start, key_end
        if token[1] not in "{[":
            if token[1] in "}],:":
                raise ValueError("no value")
            return member
        if depth > 100:
            raise ValueError("too deep to be changed inside")
        closing = "}" if token[1] == "{" else "]"
        if self.tokens[self.at][1] == closing:
            member.end = self._take().end(1)
            return member
        while True:
            member.inner.append(self._member(closing, above, depth + 1))
            separator = self._take()
            if separator[1] == closing:
                member.end = separator.end(1)
                return member
            if separator[1] != ",":
                raise ValueError("no separator")

    def _member(self, closing: str, above: str, depth: int) -> _Member:
        if closing == "]":
            return self._value(0, None, above, depth)
        key = self._take()
        if key[1][0] != '"' or self._take()[1] != ":":
            raise ValueError("no key")
        return self._value(*key.span(1), key[1][1:-1], depth)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Composes nodes; a time is text, as in mappings."""


_LOADER = _Loader
_LOADER.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _yaml_places(text: str, node: yaml.Node) -> Iterator[Place]:
    root = _yaml_member(text, node, None, "", ",")
    return _placed(text, root, (root.start, root.end))


def _yaml_member(text: str, node: yaml.Node, key: yaml.Node | None, above: str, gap: str) -> _Member:
    start, end = node.start_mark.index, node.end_mark.index
    end = start + len(text[start:end].rstrip())
    member = _Member(start, start, start, end, above, [], gap, flow_text(node))
    member.is_text = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str"
    if key is not None:
        member.key_start, member.key_end = key.start_mark.index, key.end_mark.index
    is_flow = isinstance(node, yaml.ScalarNode) or node.flow_style
    indent = "" if is_flow else "\n" + " " * node.start_mark.column
    if isinstance(node, yaml.MappingNode):
        member.inner = [
            _yaml_member(text, value, name, str(name.value), indent or ",") for name, value in node.value
        ]
    elif isinstance(node, yaml.SequenceNode):
        between = indent + "- " if indent else ","
        member.inner = [_yaml_member(text, value, None, above, between) for value in node.value]
    return member


def flow_text(node: yaml.Node) -> str:
    """A node of YAML on one line."""
    match node:
        case yaml.MappingNode():
            members = (f"{flow_text(key)}: {flow_text(value)}" for key, value in node.value)
            return "{" + ", ".join(members) + "}"
        case yaml.SequenceNode():
            return "[" + ", ".join(map(flow_text, node.value)) + "]"
        case _ if node.tag == "tag:yaml.org,2002:str":
            return json.dumps(node.value, ensure_ascii=False)
        case _:
            return str(node.value) or "null"
