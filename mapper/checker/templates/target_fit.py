"""Fits: the JSON a template writes against the target schema: types, required keys, unknown keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mapper.checker.templates.json_grammar import ANY_KEY, ELEMENT, JsonFinding, Path
from mapper.checker.templates.rendering import TemplateRendering
from mapper.diagnostics.source import Span
from mapper.runtime.json.types import type_of
from mapper.schemas.questions import (
    Subschema,
    allows_type,
    is_closed,
    items_of,
    properties_of,
    property_of,
    required_of,
)
from mapper.schemas.schema import Schema

_KINDS = ("object", "array", "string", "number", "boolean", "null")


@dataclass(frozen=True, slots=True)
class TargetMisfit:
    """A value or key that a template may write but the target does not allow.

    `always` is true if nothing else is ever written there. `key` is the missing or unknown key.
    """

    path: Path
    kind: str
    wanted: tuple[str, ...]
    span: Span
    always: bool = False
    key: str = ""
    schema: Subschema = True

    @property
    def kind_with_article(self) -> str:
        """`a number`, `an object`, `null`."""
        return self.kind if self.kind == "null" else f"{'an' if self.kind[0] in 'ao' else 'a'} {self.kind}"

    def shown_by(self, rendered: TemplateRendering) -> bool:
        """True if a rendering has it."""
        return rendered.passes and any(map(self._has, values_at(rendered.value, self.path)))

    def _has(self, value: object) -> bool:
        if self.kind == "lacks":
            return isinstance(value, dict) and self.key not in value
        if self.kind == "adds":
            return isinstance(value, dict) and self.key in value
        return kind_of(value) == self.kind

    @property
    def what(self) -> str:
        """The thing that does not fit, in words."""
        names = {"lacks": f"an object without `{self.key}`", "adds": f"the key `{self.key}`"}
        return names.get(self.kind) or self.kind_with_article


def values_at(value: object, path: Path) -> list[object]:
    """The values at a place of an event."""
    found = [value]
    for step in path:
        found = [inner for each in found for inner in _inside(each, step)]
    return found


def _inside(value: object, step: str) -> list[object]:
    if step == ELEMENT and isinstance(value, list):
        return list(value)
    if step == ANY_KEY and isinstance(value, dict):
        return list(value.values())
    return [value[step]] if isinstance(value, dict) and step in value else []


def kind_of(value: object) -> str:
    """The type of a value in JSON, `number` for each number."""
    kind = type_of(value)
    return "number" if kind == "integer" else kind


def misfits(seen: Mapping[JsonFinding, Span], target: Schema) -> Iterator[TargetMisfit]:
    """The values and keys a template can write that do not fit the target."""
    document = target.document
    kinds: dict[Path, set[str]] = {}
    for shown in seen:
        if shown.kind in _KINDS:
            kinds.setdefault(shown.path, set()).add(shown.kind)
    for shown, span in seen.items():
        schema = _schema_at(document, shown.path)
        if schema is None:
            continue
        if shown.kind == "keys":
            others = [other for other in seen if other.kind == "keys" and other.path == shown.path]
            yield from _keys(document, schema, shown, span, others)
        elif shown.kind in _KINDS and not _takes(document, schema, shown.kind):
            wanted = tuple(kind for kind in _KINDS if _takes(document, schema, kind))
            always = not any(_takes(document, schema, kind) for kind in kinds[shown.path])
            yield TargetMisfit(shown.path, shown.kind, wanted, span, always, schema=schema)


def _keys(
    document: Subschema, schema: Subschema, shown: JsonFinding, span: Span, all_ends: list[JsonFinding]
) -> Iterator[TargetMisfit]:
    if not shown.unknown:
        for name in sorted(required_of(document, schema) - shown.sure):
            always = not any(name in end.keys or end.unknown for end in all_ends)
            yield TargetMisfit(shown.path, "lacks", (), span, always, name, schema)
    if is_closed(document, schema):
        known = properties_of(document, schema)
        for name in sorted(shown.keys - known.keys()):
            always = all(name in end.sure for end in all_ends)
            yield TargetMisfit(shown.path, "adds", tuple(known), span, always, name, schema)


def _takes(document: Subschema, schema: Subschema, kind: str) -> bool:
    return allows_type(document, schema, kind) or (
        kind == "number" and allows_type(document, schema, "integer")
    )


def _schema_at(document: Subschema, path: Path) -> Subschema | None:
    schema = document
    for step in path:
        if step == ANY_KEY:
            return None
        schema = items_of(document, schema) if step == ELEMENT else property_of(document, schema, step)
        if schema is False:
            return None
    return schema
