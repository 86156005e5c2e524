"""Delivery: for each destination, a thread takes its events from the spool, at least once, and none waits for
another.

Results are entered in groups, while the next deliveries are under way already. Events whose result is not
entered, because the process ended, are delivered again.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from mapper.receiver.configuration.settings import GiveUp
from mapper.receiver.destinations.backoff import Circuit, pause
from mapper.receiver.destinations.destination import (
    Delivered,
    DeliveryBroken,
    DeliveryError,
    Destination,
    EventsRefused,
    QueuedEvent,
    Tried,
    Verdict,
)
from mapper.receiver.spool.queues import Progress, Settled
from mapper.receiver.spool.spool import Spool
from mapper.receiver.spool.tables import SpoolBroken, SpoolError

GATHER = 0.03  # seconds in which results and new events gather, so that others have the disk meanwhile
IDLE = 1.0  # seconds between looks at a queue that nobody reports to have new events
FETCH = 256  # events that are looked up together, at least
STOP = 5.0  # seconds for deliveries that are under way at the end
FAULT = "fault"
QUIET = 60.0  # seconds between two reports of dead events


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """How a destination is: if it is taken to fail, since how many failures, until when it is left alone."""

    name: str
    is_failing: bool
    failures: int
    until: float
    status: str


@dataclass(slots=True)
class _Attempt:
    """The results of one delivery, and the fault that ended it."""

    started: tuple[QueuedEvent, ...]
    results: list[tuple[QueuedEvent, Tried]] = field(default_factory=list)
    position: str | None = None
    fault: DeliveryError | None = None


@dataclass(slots=True)
class Deliverer:
    """Delivers the events of one destination, in a thread between `start` and `stop`, or by `deliver_some`.

    `give_up` is how long an event is tried. `observe` is called with the name and the verdict of each result,
    or FAULT if the destination fails as a whole; `on_fault` with a sentence when a destination begins to fail
    or events are given up; `on_broken` once if the spool or the destination fails for good.
    """

    spool: Spool
    destination: Destination
    give_up: GiveUp = GiveUp()
    on_fault: Callable[[str], None] = lambda text: None
    on_broken: Callable[[Exception], None] = lambda error: None
    observe: Callable[[str, str], None] = lambda destination, result: None
    clock: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    circuit: Circuit = field(default_factory=Circuit)
    _ready: deque[QueuedEvent] = field(default_factory=deque)
    _running: dict[asyncio.Task[_Attempt], tuple[QueuedEvent, ...]] = field(default_factory=dict)
    _ended: list[_Attempt] = field(default_factory=list)
    _entering: list[Settled] = field(default_factory=list)
    _position: str = ""
    _begun: bool = False
    _is_known: bool = False
    _is_dry: bool = False
    _is_changed: bool = False
    _said_dead: float = float("-inf")
    _runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None

    @property
    def state(self) -> DeliveryState:
        """How the destination is."""
        circuit = self.circuit
        return DeliveryState(
            self.destination.name, circuit.is_open, circuit.failures, circuit.until, circuit.status
        )

    def start(self) -> None:
        """Begin to deliver."""
        name = f"deliver {self.destination.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there are new events."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(self._wake.set)

    def ask_to_stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()
        self.wake()

    def stop(self) -> None:
        """Return when the events at hand are delivered, or given some seconds; others wait in the spool."""
        self.ask_to_stop()
        if self._thread is not None:
            self._thread.join()
        elif self._is_known:
            with self._runner:
                self._runner.run(self._finish())

    def deliver_some(self) -> int:
        """Deliver the next events to their end; how many results there were.

        Raises DeliveryBroken and SpoolError; other failures are in `state`.
        """
        return self._runner.run(self._deliver_once())

    async def _deliver_once(self) -> int:
        self._begin()
        self._start_due()
        if self._running:
            await asyncio.wait(self._running)
        self._collect()
        count = sum(len(attempt.results) for attempt in self._ended)
        self._enter()
        return count

    def _run(self) -> None:
        with self._runner:
            try:
                self._runner.run(self._serve())
            except (SpoolBroken, DeliveryBroken) as error:
                self.on_broken(error)
            except Exception as error:  # a deliverer that ends without a word would leave all events waiting
                name = type(error).__name__
                text = f"destination `{self.destination.name}` cannot be served: {name}, a defect of mapper"
                self.on_broken(RuntimeError(text))

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                try:
                    self._begin()
                    self._start_due()
                    if self._running:
                        await self._gather()
                    else:
                        await self._sleep(IDLE)
                except (SpoolBroken, DeliveryBroken):
                    raise
                except SpoolError:
                    # The disk is full: results are kept, and nothing is begun until they are entered.
                    await self._sleep(IDLE)
        finally:
            await self._finish()

    async def _gather(self) -> None:
        """Wait for results, begin other deliveries meanwhile, and enter the results together."""
        await asyncio.wait(self._running, timeout=IDLE, return_when=asyncio.FIRST_COMPLETED)
        end = time.monotonic() + GATHER
        self._collect()
        while not self._is_dry and (left := end - time.monotonic()) > 0:
            self._start_due()
            if self._running:
                await asyncio.wait(self._running, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            self._collect()
        is_dry = self._is_dry
        self._enter()
        if is_dry:
            await asyncio.sleep(GATHER)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    async def _finish(self) -> None:
        """Wait for what is under way, but not for long, and let go of the destination."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=STOP)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        try:
            self._collect()
            if self.spool.broken is None:
                self._enter()
        except SpoolError:
            pass  # they are delivered again
        finally:
            await self.destination.end()

    def _begin(self) -> None:
        if self._entering or self._ended:
            self._enter()
        if not self._is_known:
            known = self.spool.progress(self.destination.name)
            self._position = known.position
            # One delivery is tried at once: who starts a receiver again has often mended something.
            self.circuit = Circuit(known.failures, 0.0, known.status, known.answer)
            self._is_known = True
        self._is_dry = False
        if not self._begun:
            self.destination.begin(self._position)
            self._begun = True
        if self._running:
            return
        try:
            position = self.destination.tidy()
        except DeliveryError as error:
            self._fail(error)
        else:
            if position is not None:
                self._position = position
                self._is_changed = True
                self._enter()

    def _places(self) -> int:
        return 1 if self.circuit.is_open else self.destination.concurrency

    def _start_due(self) -> None:
        """Begin as many deliveries as there are places."""
        if self.clock() < self.circuit.until or self._stopping.is_set():
            self._is_dry = True
            return
        while len(self._running) < self._places():
            events = self._next_events()
            if not events:
                self._is_dry = True
                return
            self._running[asyncio.ensure_future(self._attempt(events))] = events

    def _next_events(self) -> tuple[QueuedEvent, ...]:
        """The events of the next delivery; those that failed before go alone, apart from the others."""
        if not self._ready:
            known = [one.id for events in self._running.values() for one in events]
            known += [one.id for attempt in self._ended for one in attempt.started]
            limit = max(FETCH, 2 * self.destination.batch)
            self._ready.extend(self.spool.due(self.destination.name, self.clock(), limit, known))
        events: list[QueuedEvent] = []
        while self._ready and len(events) < self.destination.batch:
            if events and (events[-1].attempts or self._ready[0].attempts):
                break
            events.append(self._ready.popleft())
        return tuple(events)

    async def _attempt(self, events: tuple[QueuedEvent, ...]) -> _Attempt:
        attempt = _Attempt(events)
        parts: list[Sequence[QueuedEvent]] = [events]
        while parts:
            part = parts.pop()
            try:
                found: Delivered = await self.destination.deliver(part)
                results = list(zip(part, found.tries, strict=True))
            except EventsRefused as refused:
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                else:
                    tried = Tried(Verdict.DEAD, refused.status, refused.answer)
                    attempt.results.append((part[0], tried))
                continue
            except DeliveryError as error:
                attempt.fault = error
                break
            except (DeliveryBroken, asyncio.CancelledError):
                raise
            except Exception as error:  # of a destination that a host brings; its text may hold values
                attempt.fault = DeliveryError(f"{type(error).__name__}, a defect of the destination")
                break
            attempt.results += results
            attempt.position = attempt.position if found.position is None else found.position
        return attempt

    def _collect(self) -> None:
        """Take the results of the deliveries that have ended."""
        for task in [task for task in self._running if task.done()]:
            del self._running[task]
            if not task.cancelled():
                attempt = task.result()
                self._ended.append(attempt)
                self._note(attempt)

    def _note(self, attempt: _Attempt) -> None:
        """Tell the circuit."""
        now, circuit, was_open = self.clock(), self.circuit, self.circuit.is_open
        for _, tried in attempt.results:
            self.observe(self.destination.name, tried.verdict.name.lower())
            if tried.verdict is Verdict.RETRY:
                wait = pause(circuit.failures + 1, self.chance, tried.retry_after)
                circuit.miss(now, wait, tried.status, tried.answer, tried.retry_after)
            elif attempt.fault is None:
                circuit.succeed()
        if attempt.fault is not None:
            self.observe(self.destination.name, FAULT)
            self._fail(attempt.fault)
        elif circuit.is_open and not was_open:
            self._say(f"{circuit.status}; tried again with growing pauses")
        self._is_changed |= circuit.is_open or was_open

    def _fail(self, error: DeliveryError) -> None:
        """The destination takes nothing for now; it begins again at its position."""
        if not self.circuit.is_open:
            self._say(str(error))
        wait = pause(self.circuit.failures + 1, self.chance, error.retry_after)
        self.circuit.fail(self.clock(), wait, error.status or str(error), error.answer)
        self._is_changed = True
        self._ready.clear()
        if not self._running:
            self._begun = False

    def _enter(self) -> None:
        """Enter results; if that fails they stay here, and are entered later."""
        for attempt in self._ended:
            self._entering += (self._settled(*result) for result in attempt.results)
            self._position = self._position if attempt.position is None else attempt.position
            self._is_changed |= attempt.position is not None
        self._ended.clear()
        if not self._entering and not self._is_changed:
            return
        circuit = self.circuit
        progress = Progress(self._position, circuit.failures, circuit.until, circuit.status, circuit.answer)
        self.spool.settle(self.destination.name, self._entering, progress)
        self._say_dead()
        self._entering, self._is_changed = [], False

    def _settled(self, event: QueuedEvent, tried: Tried) -> Settled:
        if tried.verdict is not Verdict.RETRY:
            return Settled(event, tried)
        now, attempts = self.clock(), event.attempts + 1
        if self.give_up.is_over(attempts, now - event.queued_at):
            return Settled(event, Tried(Verdict.DEAD, f"{tried.status}, given up", tried.answer))
        return Settled(event, tried, now + pause(attempts, self.chance, tried.retry_after))

    def _say_dead(self) -> None:
        dead = [one for one in self._entering if one.tried.verdict is Verdict.DEAD]
        if not dead or self.clock() - self._said_dead < QUIET:
            return
        self._said_dead = self.clock()
        counts = Counter(one.tried.status for one in dead)
        shown = ", ".join(f"{count:,} ({status})" for status, count in counts.most_common(3))
        more = "; later events of their users go on" if any(one.event.lane for one in dead) else ""
        self._say(f"dead letters: {shown}{more}; see `mapper dead --destination`")

    def _say(self, text: str) -> None:
        self.on_fault(f"destination `{self.destination.name}`: {text}")
