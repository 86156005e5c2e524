"""Masking: secrets that are written into a configuration by mistake are not printed with its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mapper.diagnostics.source import SourceFile, Span
from mapper.language.document import MappingNode, Node, ScalarNode, SequenceNode, walk

_PRIVATE = re.compile(r"secret|password|token|md5_of|^headers$|^dsn$", re.IGNORECASE)
# A user and a password before the host of a URL; the reader refuses each URL in which this is found.
_USER = re.compile(r"//(?:[^/?#@:]*@|[^/?#@\[]*:(?!\d{1,5}(?:[/?#]|$))[^@]*@)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def masked(file: SourceFile, document: MappingNode) -> SourceFile:
    """The file with a dot for each character of a text that may be a secret; the same if there is none.

    These are the texts below keys such as `secrets`, but for the names of variables and files, and users in
    URLs. A dot is no part of a name, so the masked file has the faults of the other one.
    """
    text = file.text
    for span in _private_spans(document):
        text = text[: span.start] + re.sub(r"\S", "•", span.text) + text[span.end :]
    return file if text == file.text else SourceFile(file.name, text)


def _private_spans(document: MappingNode) -> Iterator[Span]:
    for node in walk(document):
        if isinstance(node, MappingNode):
            for entry in node.entries:
                if _PRIVATE.search(entry.key.text.value):
                    yield from _scalars(entry.value, "")
                elif isinstance(entry.value, ScalarNode):
                    span = entry.value.span
                    for found in _USER.finditer(span.text):
                        yield Span(span.file, span.start + found.start() + 2, span.start + found.end() - 1)


def _scalars(node: Node, key: str) -> Iterator[Span]:
    match node:
        case MappingNode(entries=entries):
            for entry in entries:
                yield from _scalars(entry.value, entry.key.text.value)
        case SequenceNode(items=items):
            for item in items:
                yield from _scalars(item, key)
        case ScalarNode(value=None | bool()):
            pass
        case ScalarNode(text=text, plain=is_plain, span=span) if not _is_place(key, text.value):
            yield span if is_plain else Span(span.file, span.start + 1, span.end - 1)


def _is_place(key: str, text: str) -> bool:
    return key == "file" or (key == "env" and _NAME.match(text) is not None)
