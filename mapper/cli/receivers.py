"""Receivers: the configuration that a command names, or that of all shipped mappings, with its mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mapper.cli import screen
from mapper.diagnostics import render
from mapper.diagnostics.diagnostic import Report
from mapper.receiver.configuration.configuration import Address, Configuration
from mapper.receiver.configuration.configuration_reader import (
    ReadConfiguration,
    read_configuration,
    read_configuration_file,
)
from mapper.receiver.outcomes.served_mapping import ServedMapping, load_mappings
from mapper.receiver.outfit import OWN_MAPPINGS, own_configuration


@dataclass(frozen=True, slots=True)
class ReceiverPlace:
    """The file of a configuration, or None for that of all shipped mappings, which needs the other fields."""

    file: Path | None
    folder: Path
    address: Address = Address()

    def read(self, report: Report) -> ReadConfiguration:
        """The present configuration; `files` are all whose change changes it."""
        if self.file is None:
            own = read_configuration(own_configuration(self.folder, self.address), report, Path())
            return replace(own, files=(OWN_MAPPINGS,))
        return read_configuration_file(self.file, report)


def read_receiver(place: ReceiverPlace) -> tuple[Configuration, Mapping[Path, ServedMapping]] | None:
    """A configuration and its mappings; None after printing errors."""
    report = Report()
    read = place.read(report)
    mappings = load_mappings(read.mappings, report)
    if read.configuration is None or report.has_errors:
        messages = screen.err()
        messages.block(render.render(report.ordered(), "text", color=messages.has_color) + "\n")
        return None
    return read.configuration, mappings
