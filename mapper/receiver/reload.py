"""Reload: a changed configuration and changed mappings replace the old ones between two requests.

Mappings have to compile, and their samples to pass; until then the old ones serve. A configuration with a
fault changes nothing. Reading, compiling and samples are done in a thread beside the requests.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TypeAlias

import watchfiles

from mapper.catalog import shipped_schemas
from mapper.diagnostics.diagnostic import Diagnostic, Report
from mapper.receiver.configuration.configuration import Configuration
from mapper.receiver.configuration.configuration_reader import ReadConfiguration
from mapper.receiver.outcomes.served_mapping import ServedMapping, load_mapping
from mapper.receiver.receiver import Receiver
from mapper.receiver.web.health import ReadinessNote, note_of
from mapper.runtime.limits import DEFAULT
from mapper.samples.suites import CaseStatus, run_suite

QUIET = 300  # milliseconds without a change after which a change is looked at
SEEING = 1000  # milliseconds after which changes are seen for sure, once folders are watched
SUFFIXES = (".yaml", ".yml", ".json")  # of mappings, profiles, dialects and schemas
# A running receiver keeps them: its socket, its spool and its queues are open.
FIXED = ("listen", "spool", "destinations")

Read: TypeAlias = Callable[[Report], ReadConfiguration]


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The result of a look.

    `is_configured` is true if other sources or keys are used from now on, `replaced` has the names of the
    mappings that were replaced. `diagnostics` are faults of files, `failed` has a sentence for each mapping
    whose samples fail and for each key of the configuration that needs a restart.
    """

    is_configured: bool = False
    replaced: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def is_degraded(self) -> bool:
        """True if an old part serves in place of the one on disk."""
        return bool(self.diagnostics or self.failed)

    @property
    def notes(self) -> tuple[ReadinessNote, ...]:
        """The reasons for which old parts serve, for readiness."""
        return (*map(note_of, self.diagnostics), *map(ReadinessNote, self.failed))


@dataclass(slots=True)
class Reloader:
    """Watches the files of a receiver between `start` and `stop`; looks also if `ask` says so, or by `look`.

    `read` reads the configuration with its secrets; without it, mappings alone are looked at. `on_change` is
    called if something was replaced, or if the reasons have changed for which something was not. `state` is
    the last look.
    """

    receiver: Receiver
    on_change: Callable[[Reloaded], None] = lambda reloaded: None
    read: Read | None = None
    state: Reloaded = Reloaded()
    _files: tuple[Path, ...] = ()
    _watched: frozenset[Path] = frozenset()
    # Its `put` may be called by the handler of a signal.
    _asked: SimpleQueue[bool] = field(default_factory=SimpleQueue)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _again: threading.Event = field(default_factory=threading.Event)
    _threads: tuple[threading.Thread, ...] = ()

    def start(self) -> None:
        """Begin to watch."""
        self._files = self._read(Report()).files
        self._threads = tuple(
            threading.Thread(target=target, name=name, daemon=True)
            for name, target in (("reload", self._look_when_asked), ("watch", self._watch))
        )
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        self._again.set()
        self._asked.put(False)
        for thread in self._threads:
            thread.join()

    def ask(self) -> None:
        """Look soon, in the thread that looks."""
        self._asked.put(True)

    def look(self) -> Reloaded:
        """Read the configuration and its mappings, and use what is changed and good."""
        report = Report()
        failed: list[str] = []
        read = self._read(report)
        self._files = read.files
        receiver, old = self.receiver, self.receiver.configuration
        wanted = old if read.configuration is None else _with_fixed_keys(read.configuration, old, failed)
        usable = self._usable(_mappings_of(wanted), report, failed)
        if any(path not in usable for path in _mappings_of(wanted)):
            wanted = old
            usable = {**receiver.mappings, **usable}
        mappings = {path: usable[path] for path in _mappings_of(wanted)}
        is_configured = wanted != old
        replaced = tuple(
            mapping.name
            for path, mapping in mappings.items()
            if path in receiver.mappings and receiver.mappings[path] is not mapping
        )
        if is_configured or replaced:
            receiver.replace(wanted, mappings)
        found = Reloaded(is_configured, replaced, report.ordered(), tuple(failed))
        before, self.state = self.state, found
        receiver.health.notes = found.notes
        if is_configured or replaced or found.notes != before.notes:
            self.on_change(found)
        return found

    def _read(self, report: Report) -> ReadConfiguration:
        """The present configuration if there is none to be read."""
        return ReadConfiguration(self.receiver.configuration) if self.read is None else self.read(report)

    def _usable(self, paths: Iterable[Path], report: Report, failed: list[str]) -> dict[Path, ServedMapping]:
        """The mappings that can serve, by their files: the new one if it is good, else the present one."""
        usable: dict[Path, ServedMapping] = {}
        for path in paths:
            present, found = self.receiver.mappings.get(path), load_mapping(path, report)
            if found is not None and (present is None or found.version != present.version):
                fault = _failed_samples(path)
                if fault:
                    failed.append(fault)
                else:
                    present = found
            if present is not None:
                usable[path] = present
        return usable

    def _look_when_asked(self) -> None:
        while self._asked.get():
            while not self._asked.empty():
                self._asked.get()
            if self._stopping.is_set():
                return
            try:
                self.look()
            except Exception as error:  # what serves goes on; the next change is looked at again
                name = type(error).__name__
                self.receiver.on_fault(f"changed files cannot be looked at: {name}, a defect of mapper")
            if self._folders() != self._watched:
                self._again.set()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            self._again.clear()
            try:
                self._watch_folders()
            except FileNotFoundError:
                # A folder went away before it was watched: the others are watched, or it is there again.
                self._stopping.wait(QUIET / 1000)
            except Exception as error:  # the system watches no more folders
                self.receiver.on_fault(f"changes of files are not seen, until SIGHUP: {error}")
                self._again.wait()

    def _watch_folders(self) -> None:
        """Ask for a look at each change, until folders have to be watched anew.

        The first look is for what changed before changes are seen: since the beginning, or in a new folder.
        """
        self._watched = self._folders()
        is_seeing = False
        for changes in watchfiles.watch(
            *sorted(self._watched),
            watch_filter=self._concerns,
            stop_event=self._again,
            step=QUIET,
            recursive=False,
            raise_interrupt=False,
            rust_timeout=SEEING,
            yield_on_timeout=True,
        ):
            if changes or not is_seeing:
                is_seeing = True
                self.ask()
            if any(self._is_watched(path) for _, path in changes):
                return  # it was removed, or made again, which is another folder to the system

    def _folders(self) -> frozenset[Path]:
        files = (*self._files, *self.receiver.mappings)
        found = {folder for path in files for folder in (path, path.parent) if folder.is_dir()}
        return frozenset(found | {shipped_schemas()})

    def _concerns(self, change: watchfiles.Change, path: str) -> bool:
        name = Path(path).name
        # Kubernetes changes mounted secrets by a link that is called `..data`.
        is_named = name.startswith("..") or name in {one.name for one in self._files}
        return is_named or name.endswith(SUFFIXES) or self._is_watched(path)

    def _is_watched(self, path: str) -> bool:
        return Path(path).absolute() in {folder.absolute() for folder in self._watched}


def _with_fixed_keys(wanted: Configuration, old: Configuration, failed: list[str]) -> Configuration:
    """A configuration with those keys of the old one that a running receiver keeps; changes are told."""
    changed = [key for key in FIXED if getattr(wanted, key) != getattr(old, key)]
    failed += [f"`{key}` changed; that counts after a restart" for key in changed]
    return replace(old, sources=wanted.sources)


def _mappings_of(configuration: Configuration) -> dict[Path, None]:
    return dict.fromkeys(path for source in configuration.sources for path in source.mappings)


def _failed_samples(path: Path) -> str:
    """A sentence about samples of a mapping that fail; empty if all pass."""
    suite = run_suite(path, lambda title: True, DEFAULT, update=False)
    if suite is None or suite.passed:
        return ""
    failed = [result.case.title for result in suite.results if result.status is CaseStatus.FAILED]
    named = ", ".join(f"`{title}`" for title in failed[:3]) or "a file of them cannot be read"
    return f"the samples of `{path}` fail: {named}; see `mapper test`"
