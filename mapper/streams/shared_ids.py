"""Shared ids: a header that is given once for all bodies may give all events of a run the same `event_id`.

A receiver of events that drops duplicates keeps one of them then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from mapper import ir
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_source
from mapper.ir.liquid import walk_with_vars

_ID = "event_id"
_HEADER = "header"  # the name of the headers in Liquid


class _Event(msgspec.Struct):
    event_id: msgspec.Raw = msgspec.Raw(b"")


_read = msgspec.json.Decoder(_Event).decode


def headers_of_ids(mapping: Path, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Those of the headers, in lower case, that a mapping file reads for the `event_id` of its events."""
    report = Report()
    file = read_source(mapping, report) if headers else None
    program = None if file is None else analyse(file, mapping.parent, report).program
    if program is None:
        return ()
    output = program.output
    fields = output.fields if isinstance(output, ir.Record) else ()
    values = [field.value for field in fields if field.name == _ID] if fields else [output]
    read = {name for value in values for name in _names_read(value)}
    return tuple(name for name in headers if name in read)


def _names_read(value: object) -> Iterable[str]:
    for node in walk_with_vars(value):
        match node:
            case ir.FromRequest(ir.RequestPart.HEADER, name):
                yield name.lower()
            case ir.Lookup(name, (str(key), *_), var=None) if name == _HEADER:
                yield key.lower()


def ids_of(events: Iterable[bytes], known: frozenset[bytes]) -> frozenset[bytes]:
    """The known ids and those of events, as JSON; two are enough to tell that not all are the same."""
    for event in events:
        if len(known) > 1:
            break
        known |= {bytes(_read(event).event_id)}
    return known
