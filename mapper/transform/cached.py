"""Cached transforms: saved transforms in a folder, valid until one of the files they were made from changes.

A file is named after the mapping's path and text, the limits, and the versions of mapper and Python. It lists
the schemas and dialects that were read. They are looked up again by name, so that a changed file is noticed,
and so is a new one that is found first.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mapper import catalog
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.errors import TransformError
from mapper.diagnostics.files import decode_source, display_name, read_regular, read_source
from mapper.diagnostics.source import Read, SourceFile, Span, SpannedText, digest
from mapper.runtime.limits import DEFAULT, Limits, active, within
from mapper.transform import saved
from mapper.transform.compiled import Compiled
from mapper.transform.transform import Transform
from mapper.version import __version__


def recall(name: str | Path, limits: Limits | None, folder: str | Path) -> Transform | None:
    """The transform that `keep` put there; None if there is none that can be used, or a file has changed."""
    path = catalog.find_mapping(str(name))
    if path is None or not isinstance(limits, Limits | None):
        return None
    with within(limits or DEFAULT):
        file = read_source(path, Report())
        if file is None:
            return None
        entry = _entry(path, file.name, file.text, limits or DEFAULT, Path(folder))
        with suppress(TransformError, OSError):
            transform = Transform.open(entry)
            if _is_fresh(transform._compiled, path.parent):
                return transform
    return None


def keep(transform: Transform, path: Path, folder: Path) -> None:
    """Put the transform of the mapping at `path` there; a folder that cannot be written is left as it is."""
    made = transform._compiled
    with suppress(OSError, TransformError):
        folder.mkdir(parents=True, exist_ok=True)
        saved.write(made, _entry(path, made.filename, made.text, made.limits, folder))


def _entry(path: Path, filename: str, text: str, limits: Limits, folder: Path) -> Path:
    parts = (__version__, saved.PYTHON, str(path.absolute()), filename, repr(limits), text)
    return folder / f"{digest(repr(parts))}.transform"


def _is_fresh(made: Compiled, folder: Path) -> bool:
    return all(_read_again(each, folder) == each for each in made.reads)


def _read_again(read: Read, folder: Path) -> Read | None:
    """The file of that name as it is read today; None if it is not found."""
    report = Report()
    name = SpannedText(read.name, Span(SourceFile("", read.name), 0, 0))
    find = catalog.find_dialect if read.kind == "dialect" else catalog.find_schema
    path = find(name, folder, report)
    if path is None:
        return None
    data = read_regular(path, max(active().schema_bytes, active().mapping_bytes))
    file = decode_source(display_name(path), data, report)
    return None if file is None else Read(read.kind, read.name, file.name, digest(file.text))
