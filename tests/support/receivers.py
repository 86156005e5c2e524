"""Receivers: configurations of tests, and an intake that keeps requests in memory."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.render import render_text
from mapper.diagnostics.source import SourceFile
from mapper.receiver.configuration.configuration import RequestSource
from mapper.receiver.configuration.configuration_reader import read_configuration
from mapper.receiver.request import ReceivedRequest
from mapper.receiver.spool.acceptance import Overloaded
from support.places import TESTS

NOW = datetime(2026, 11, 23, 20, 0, 0, 123_000, tzinfo=UTC)
ENVIRONMENT = {
    "KEY": "s3cret-key",
    "OLD": "0ld-key",
    "SIGN": "sh4red",
    "LICENSE": "~99199077",
}


def read_sources(
    lines: str, folder: Path = TESTS / "receiver", environment: Mapping[str, str] = ENVIRONMENT
) -> tuple[RequestSource, ...]:
    """The sources of a configuration, of which only their lines are given."""
    text = "receiver: 1\nsources:\n" + "".join(f"  - {line}\n" for line in lines.strip().splitlines())
    report = Report()
    found = read_configuration(SourceFile("receiver.yaml", text), report, folder, environment).configuration
    assert found is not None, render_text(report.ordered())
    return found.sources


@dataclass
class MemoryIntake:
    """Keeps what is accepted in a list; may be overloaded, or fail to write."""

    requests: list[ReceivedRequest] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    busy: Overloaded | None = None
    late: Overloaded | None = None
    fault: Exception | None = None

    def overloaded(self) -> Overloaded | None:
        self.asked.append("overloaded")
        return self.busy

    def accept(self, request: ReceivedRequest) -> Future[None] | Overloaded:
        self.asked.append("accept")
        if self.late is not None:
            return self.late
        done: Future[Any] = Future()
        if self.fault is not None:
            done.set_exception(self.fault)
            return done
        self.requests.append(request)
        done.set_result(None)
        return done
