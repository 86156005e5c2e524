"""Served mappings: the mappings of a configuration, compiled, with all that a receiver asks of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mapper import ir
from mapper.compiler import build_analysed
from mapper.diagnostics.diagnostic import Report, Severity
from mapper.diagnostics.errors import CompileError
from mapper.diagnostics.files import read_source
from mapper.ir.headers import headers_read
from mapper.receiver.configuration.configuration import RequestSource
from mapper.receiver.request import Kept
from mapper.streams.envelope_needs import needs_of
from mapper.streams.envelopes import EnvelopeNeeds
from mapper.transform.transform import Transform


@dataclass(frozen=True, slots=True)
class ServedMapping:
    """A compiled mapping.

    `version` is that of the transform. `headers` are those that the mapping reads; None if that may be any.
    `written` are the names of the fields that it writes, those inside others as `event_properties.total`.
    """

    path: Path
    transform: Transform = field(repr=False)
    version: str
    headers: frozenset[str] | None
    needs: EnvelopeNeeds
    written: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def name(self) -> str:
        """The name that the mapping gives itself."""
        return self.transform.name


def load_mapping(path: Path, report: Report) -> ServedMapping | None:
    """The mapping in a file; None after reporting its errors. Warnings are not reported."""
    faults = Report()
    file = read_source(path, faults)
    if file is not None:
        try:
            analysis, transform = build_analysed(file, path.parent, faults)
        except CompileError:
            pass
        else:
            program = analysis.program
            assert program is not None
            version, written = transform.version, frozenset(written_fields(program.output))
            return ServedMapping(path, transform, version, headers_read(program), needs_of(analysis), written)
    for diagnostic in faults.ordered():
        if diagnostic.severity is Severity.ERROR:
            report.keep(diagnostic)
    return None


def written_fields(value: object, above: str = "") -> Iterator[str]:
    """The names of the fields that a mapping's author wrote."""
    if isinstance(value, ir.Record):
        for each in value.fields:
            name = f"{above}{each.name}"
            yield name
            yield from written_fields(each.value, f"{name}.")


def load_mappings(paths: Iterable[Path], report: Report) -> Mapping[Path, ServedMapping]:
    """The mappings in files, by these; those with errors are reported, and absent."""
    loaded = (load_mapping(path, report) for path in paths)
    return {each.path: each for each in loaded if each is not None}


def kept_parts(
    sources: Iterable[RequestSource], mappings: Mapping[Path, ServedMapping]
) -> Mapping[str, Kept]:
    """For each source by its name, the part of its requests that is kept for its mappings."""
    kept = {}
    for source in sources:
        read = [mappings[path].headers for path in source.mappings]
        known = [names for names in read if names is not None]
        kept[source.name] = source.kept(frozenset().union(*known) if len(known) == len(read) else None)
    return kept
