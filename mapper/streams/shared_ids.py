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
from mapper.ir.headers import headers_read

_ID = "event_id"


class _Event(msgspec.Struct):
    event_id: msgspec.Raw = msgspec.Raw(b"")


_read = msgspec.json.Decoder(_Event).decode


def headers_of_ids(mapping: Path, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Those of the headers, in lower case, that a mapping file may read for the `event_id` of its events."""
    report = Report()
    file = read_source(mapping, report) if headers else None
    program = None if file is None else analyse(file, mapping.parent, report).program
    if program is None:
        return ()
    output = program.output
    fields = output.fields if isinstance(output, ir.Record) else ()
    values = [field.value for field in fields if field.name == _ID] if fields else [output]
    read = [headers_read(value) for value in values]
    return tuple(name for name in headers if any(names is None or name in names for names in read))


def ids_of(events: Iterable[bytes], known: frozenset[bytes]) -> frozenset[bytes]:
    """The known ids and those of events, as JSON; two are enough to tell that not all are the same."""
    for event in events:
        if len(known) > 1:
            break
        known |= {bytes(_read(event).event_id)}
    return known
