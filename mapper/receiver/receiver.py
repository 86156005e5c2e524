"""Receiver: the parts of a configuration put together, to be served alone or mounted into an application.

requests → app → intake → spool → worker → spool → deliverers → destinations
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.errors import CompileError
from mapper.receiver.admin.admin_page import AdminPage
from mapper.receiver.admin.sessions import AdminSessions
from mapper.receiver.configuration.configuration import Configuration
from mapper.receiver.configuration.configuration_reader import read_configuration_file
from mapper.receiver.delivery.delivery import Deliverer
from mapper.receiver.delivery.places import DeliveryPlace, places_of
from mapper.receiver.outcomes.dead_letters import Replayer
from mapper.receiver.outcomes.replay_requests import ReplayRequest, answering
from mapper.receiver.outcomes.retention import Retention
from mapper.receiver.outcomes.served_mapping import ServedMapping, kept_parts, load_mappings
from mapper.receiver.outcomes.worker import Worker, source_mappings
from mapper.receiver.spool.control import ControlServer
from mapper.receiver.spool.figures import DiskFigures, read_figures
from mapper.receiver.spool.intake import SpoolIntake
from mapper.receiver.spool.spool import Spool
from mapper.receiver.spool.tables import SpoolBroken, SpoolError
from mapper.receiver.web.app import BODY_ROOM, Answered, Reception
from mapper.receiver.web.bodies import BodyRoom
from mapper.receiver.web.health import Health
from mapper.receiver.web.metrics import MetricsPage, OperatingState
from mapper.receiver.web.tally import ReceiverTally

TIDY = 10.0  # seconds between two looks at old requests


@dataclass(slots=True)
class Receiver:
    """A receiver with its spool; raises SpoolError if that cannot be used.

    `mappings` are those of the configuration by their files, `places` more destinations, of the host.
    `observe` is called with each answer, `on_fault` with a sentence about a fault that passes, and
    `on_broken` once if a disk failed for good: then the process has to end; `broken` is the reason. `start`
    before requests come, `stop` after the last of them.
    """

    configuration: Configuration
    mappings: Mapping[Path, ServedMapping]
    observe: Callable[[Answered], None] = lambda answered: None
    on_fault: Callable[[str], None] = lambda text: None
    on_broken: Callable[[Exception], None] = lambda error: None
    places: tuple[DeliveryPlace, ...] = ()
    spool: Spool = field(init=False)
    intake: SpoolIntake = field(init=False)
    worker: Worker = field(init=False)
    deliverers: tuple[Deliverer, ...] = field(init=False)
    control: ControlServer = field(init=False)
    health: Health = field(default_factory=Health)
    tally: ReceiverTally = field(default_factory=ReceiverTally)
    _sessions: AdminSessions = field(default_factory=AdminSessions)
    _replaying: threading.Lock = field(default_factory=threading.Lock)
    _room: BodyRoom = field(default_factory=lambda: BodyRoom(BODY_ROOM))
    _app: ASGIApp = field(init=False)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _tidying: threading.Thread | None = None
    broken: Exception | None = None

    def __post_init__(self) -> None:
        settings = self.configuration.spool
        wanted = self.configuration.destinations
        places = (*(places_of(wanted, settings) if wanted or not self.places else ()), *self.places)
        self.spool = Spool.open(settings.folder, [place.queue for place in places])
        try:
            self._put_together(places)
        except BaseException:
            self.spool.close()
            raise

    def _put_together(self, places: Sequence[DeliveryPlace]) -> None:
        settings = self.configuration.spool
        mappings = source_mappings(self.configuration.sources, self.mappings)
        self.deliverers = tuple(
            Deliverer(
                self.spool,
                one.destination,
                one.give_up,
                on_fault=self.on_fault,
                on_broken=self._break,
                observe=self.tally.tried,
            )
            for one in places
        )
        self.worker = Worker(
            self.spool,
            mappings,
            settings.keep,
            on_entered=self.tally.entered,
            on_mapped=self._wake_deliverers,
            on_broken=self._break,
        )
        self.intake = SpoolIntake(self.spool, settings, on_written=self._written, on_broken=self._break)
        self._app = self._new_app()
        self.control = ControlServer(settings.folder, answering(self.replay))

    @classmethod
    def read(cls, path: str | os.PathLike[str], **options: Any) -> Receiver:
        """The receiver of a configuration's file; `options` are other fields.

        Raises CompileError with all faults of the configuration and of its mappings.
        """
        report = Report()
        found = read_configuration_file(Path(path), report)
        mappings = load_mappings(found.mappings, report)
        if found.configuration is None or report.has_errors:
            raise CompileError.of(str(path), report.ordered())
        return cls(found.configuration, mappings, **options)

    def app(self) -> ASGIApp:
        """The application that takes the requests (ASGI); it follows what `replace` does."""

        # A plain function: servers do not see that a method is an application of ASGI 3.
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await self._app(scope, receive, send)

        return answer

    def start(self) -> None:
        """Begin to write, to map and to deliver."""
        self.intake.start()
        self.worker.start()
        for deliverer in self.deliverers:
            deliverer.start()
        try:
            self.control.start()
        except OSError as error:
            self.on_fault(f"`mapper replay` cannot reach this receiver: {error.strerror or error}")
        self._tidying = threading.Thread(target=self._tidy, name="retention", daemon=True)
        self._tidying.start()

    def stop(self) -> None:
        """Write what was taken, finish what is at hand, and close the spool; the rest waits in it."""
        self._stopping.set()
        self.control.stop()
        self.intake.stop()
        self.worker.stop()
        for deliverer in self.deliverers:
            deliverer.ask_to_stop()
        for deliverer in self.deliverers:
            deliverer.stop()
        if self._tidying is not None:
            self._tidying.join()
        self.spool.close()

    def replace(self, configuration: Configuration, mappings: Mapping[Path, ServedMapping]) -> None:
        """Use other sources and mappings from the next request on.

        The spool, the destinations and the address stay: they are those that the receiver began with.
        """
        self.configuration = configuration
        self.mappings = mappings
        # First the app: a new mapping may read headers that the old ones did not.
        self._app = self._new_app()
        self.worker.mappings = source_mappings(configuration.sources, mappings)
        self.worker.wake()

    def replayer(self) -> Replayer:
        """Maps dead letters again, by the present mappings."""
        return Replayer(self.spool, self.worker.mappings, self.configuration.spool.keep)

    def replay(self, request: ReplayRequest) -> dict[str, Any]:
        """Replay dead letters, after other replays; the counts, or an error."""
        with self._replaying:
            return request.run(self.replayer())

    def _new_app(self) -> ASGIApp:
        sources = self.configuration.sources
        kept = kept_parts(sources, self.mappings)
        return Reception(
            sources,
            kept,
            self.intake,
            observe=self._answered,
            on_fault=self.on_fault,
            room=self._room,
            health=self.health,
            routes=tuple(self._pages()),
        ).app()

    def _pages(self) -> Iterator[BaseRoute]:
        yield MetricsPage(self.tally, self.state, self.configuration.metrics).route()
        keys = self.configuration.admin
        self._sessions.use(keys)
        if keys:
            folder = self.configuration.spool.folder
            page = AdminPage(self._sessions, self.tally, self.state, self.replayer, self.replay, folder)
            yield from page.routes()

    def state(self) -> OperatingState:
        """The state of this moment, for metrics and pages. Raises SpoolError."""
        sources = [source.name for source in self.configuration.sources]
        queues = [one.destination.name for one in self.deliverers]
        settings = self.configuration.spool
        return OperatingState(
            figures=self.spool.read(lambda db: read_figures(db, sources, queues)),
            disk=DiskFigures.of(settings.folder),
            settings=settings,
            used=self.spool.used,
            waiting=self.spool.waiting_count,
            is_ready=self.intake.overloaded() is None and not self.health.is_stopping,
            is_degraded=bool(self.health.notes),
        )

    def _answered(self, answered: Answered) -> None:
        self.tally.answered(answered)
        self.observe(answered)

    def _written(self, seconds: float) -> None:
        self.tally.committed(seconds)
        self.worker.wake()

    def _wake_deliverers(self) -> None:
        for deliverer in self.deliverers:
            deliverer.wake()

    def _break(self, error: Exception) -> None:
        """Report that a disk failed, once, whoever meets it first."""
        if self.broken is None:
            self.broken = error
            self.on_broken(error)

    def _tidy(self) -> None:
        keep = Retention(self.spool, self.configuration.spool)
        while not self._stopping.is_set():
            moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            removed = 0
            try:
                removed = keep.step(moment)
            except SpoolBroken as error:
                self._break(error)
                return
            except SpoolError as error:
                self.on_fault(str(error))
            self._stopping.wait(0.1 if removed else TIDY)
