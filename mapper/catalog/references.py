"""References: the schemas and the dialect that a mapping names are found and loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mapper import catalog
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_source
from mapper.diagnostics.source import Read, SpannedText, digest
from mapper.expressions.liquid.dialects import Dialect, load_dialect
from mapper.language.document import read_document
from mapper.language.reader import read_spec
from mapper.language.spec import Spec
from mapper.schemas.schema import Schema, load_schema

DEFAULT_TARGET = "event.schema.json"


@dataclass(frozen=True, slots=True)
class References:
    """The loaded files; None for one that is not named or cannot be used."""

    source: Schema | None = None
    body: Schema | None = None
    target: Schema | None = None
    dialect: Dialect | None = None
    reads: tuple[Read, ...] = ()


def load_references(spec: Spec, folder: Path | None, report: Report) -> References:
    """The files that a mapping names; every problem goes into `report`.

    `folder` is that of the mapping; files beside it come before shipped ones.
    """
    target_name = spec.target or SpannedText(DEFAULT_TARGET, spec.name.span)
    source = find_and_load_schema(spec.source, folder, report)
    body = find_and_load_schema(spec.body_schema, folder, report)
    target = find_and_load_schema(target_name, folder, report)
    dialect = find_and_load_dialect(spec.dialect, folder, report)
    reads = (
        *_reads("schema", spec.source, source),
        *_reads("schema", spec.body_schema, body),
        *_reads("schema", target_name, target),
        *_reads("dialect", spec.dialect, dialect),
    )
    return References(source, body, target, dialect, reads)


def places_of_references(mapping: Path) -> tuple[Path, ...] | None:
    """Every path at which a file that a mapping names may be; None if the mapping cannot be read."""
    report = Report()
    file = read_source(mapping, report)
    document = None if file is None else read_document(file, report)
    spec = None if document is None else read_spec(document, report)
    if spec is None:
        return None
    names = [text.value for text in (spec.source, spec.body_schema, spec.target) if text is not None]
    places = [
        folder / name
        for name in (*names, DEFAULT_TARGET)
        for folder in catalog.schema_folders(mapping.parent)
    ]
    if spec.dialect is not None:
        places += [
            folder / f"{spec.dialect.value}.yaml" for folder in catalog.dialect_folders(mapping.parent)
        ]
    return tuple(places)


def find_and_load_schema(name: SpannedText | None, folder: Path | None, report: Report) -> Schema | None:
    """The schema of a name in a mapping; None after reporting the reason."""
    path = None if name is None else catalog.find_schema(name, folder, report)
    return None if path is None or name is None else load_schema(path, report, name.whole())


def find_and_load_dialect(name: SpannedText | None, folder: Path | None, report: Report) -> Dialect | None:
    """The dialect of a name in a mapping; None after reporting the reason."""
    path = None if name is None else catalog.find_dialect(name, folder, report)
    return None if path is None else load_dialect(path, report)


def _reads(kind: str, name: SpannedText | None, found: Schema | Dialect | None) -> tuple[Read, ...]:
    if name is None or found is None or found.file is None:
        return ()
    return (Read(kind, name.value, found.file.name, digest(found.file.text)),)
