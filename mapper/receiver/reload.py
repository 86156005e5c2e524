"""Reload: changed mappings replace the old ones between two requests, if they compile and their samples pass.

Until then the old ones serve. Compiling and samples run in a thread beside the requests.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import watchfiles

from mapper.catalog import shipped_schemas
from mapper.diagnostics.diagnostic import Diagnostic, Report
from mapper.receiver.receiver import Receiver
from mapper.receiver.served_mapping import ServedMapping, load_mapping
from mapper.runtime.limits import DEFAULT
from mapper.samples.suites import CaseStatus, run_suite

QUIET = 300  # milliseconds without a change after which a change is looked at


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The names of the mappings that were replaced, and the reasons for which others were not.

    `failed` has for each mapping whose samples fail a sentence.
    """

    replaced: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def is_degraded(self) -> bool:
        """True if an old mapping serves in place of the one on disk."""
        return bool(self.diagnostics or self.failed)


@dataclass(slots=True)
class Reloader:
    """Watches the mappings of a receiver, in a thread between `start` and `stop`, or looks once by `look`.

    `on_change` is called if a mapping was replaced, or if the reasons have changed for which others were not;
    `state` is the last look.
    """

    receiver: Receiver
    on_change: Callable[[Reloaded], None] = lambda reloaded: None
    state: Reloaded = Reloaded()
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> Reloaded:
        """Look at all mappings, and use those that are changed and good."""
        report = Report()
        failed: list[str] = []
        good: dict[Path, ServedMapping] = {}
        old: Mapping[Path, ServedMapping] = self.receiver.mappings
        for path, present in old.items():
            found = load_mapping(path, report)
            if found is not None and found.version != present.version:
                fault = _failed_samples(path)
                if fault:
                    failed.append(fault)
                else:
                    good[path] = found
        if good:
            self.receiver.replace_mappings({**old, **good})
        names = tuple(mapping.name for mapping in good.values())
        found_now = Reloaded(names, report.ordered(), tuple(failed))
        before = self.state
        self.state = found_now
        if names or (found_now.diagnostics, found_now.failed) != (before.diagnostics, before.failed):
            self.on_change(found_now)
        return found_now

    def _run(self) -> None:
        folders = {path.parent for path in self.receiver.mappings} | {shipped_schemas()}
        for _ in watchfiles.watch(
            *folders, stop_event=self._stopping, step=QUIET, recursive=False, raise_interrupt=False
        ):
            self.look()


def _failed_samples(path: Path) -> str:
    """A sentence about samples of a mapping that fail; empty if all pass."""
    suite = run_suite(path, lambda title: True, DEFAULT, update=False)
    if suite is None or suite.passed:
        return ""
    failed = [result.case.title for result in suite.results if result.status is CaseStatus.FAILED]
    named = ", ".join(f"`{title}`" for title in failed[:3]) or "a file of them cannot be read"
    return f"the samples of `{path}` fail: {named}; see `mapper test`"
