"""Receivers: the configuration that a command names, or that of all shipped mappings, with its mappings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mapper.cli import screen
from mapper.diagnostics import render
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_source
from mapper.diagnostics.source import SourceFile
from mapper.receiver.configuration import Address, Configuration
from mapper.receiver.configuration_reader import read_configuration
from mapper.receiver.outfit import own_configuration, own_key
from mapper.receiver.served_mapping import ServedMapping, load_mappings


def read_receiver(
    name: str | None, folder: Path, address: Address | None = None
) -> tuple[Configuration, Mapping[Path, ServedMapping]] | None:
    """A configuration and its mappings; None after printing errors.

    Without a name it is that of all shipped mappings, with its spool in a folder. Raises SpoolError if the
    key of that cannot be kept there.
    """
    report = Report()
    file: SourceFile | None
    if name is None:
        own_key(folder)
        file, place = own_configuration(folder, address or Address()), Path()
    else:
        file, place = read_source(Path(name), report), Path(name).parent
    read = None if file is None else read_configuration(file, report, place)
    mappings = {} if read is None else load_mappings(read.mappings, report)
    if read is None or read.configuration is None or report.has_errors:
        messages = screen.err()
        messages.block(render.render(report.ordered(), "text", color=messages.has_color) + "\n")
        return None
    return read.configuration, mappings
