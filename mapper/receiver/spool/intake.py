"""Intake: a thread makes requests durable in groups, as large as come in while the group before is synced."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from mapper.receiver.configuration.settings import SpoolSettings
from mapper.receiver.request import ReceivedRequest
from mapper.receiver.spool.acceptance import Overloaded
from mapper.receiver.spool.spool import Spool
from mapper.receiver.spool.tables import SpoolBroken

MAX_GROUP = 256
MAX_GROUP_BYTES = 8 * 1024 * 1024
_LOOK = 0.1  # seconds for which a look at the disk holds


@dataclass(slots=True)
class _Group:
    """Requests that are written together, and one future for all who wait for them."""

    since: float
    requests: list[ReceivedRequest] = field(default_factory=list)
    size: int = 0
    done: Future[None] = field(default_factory=Future)

    def __post_init__(self) -> None:
        self.done.set_running_or_notify_cancel()  # from here on nobody can take it back

    def has_room(self) -> bool:
        return len(self.requests) < MAX_GROUP and self.size < MAX_GROUP_BYTES

    def add(self, request: ReceivedRequest) -> None:
        self.requests.append(request)
        self.size += len(request.body)


@dataclass(slots=True)
class SpoolIntake:
    """Takes requests for a spool (`acceptance.Intake`), between `start` and `stop`.

    `on_written` is called after each group with the seconds since its first request came, `on_broken` once if
    the spool fails for good.
    """

    spool: Spool
    settings: SpoolSettings
    on_written: Callable[[float], None] = lambda seconds: None
    on_broken: Callable[[SpoolBroken], None] = lambda error: None
    clock: Callable[[], float] = time.monotonic
    _queue: deque[_Group] = field(default_factory=deque)
    _count: int = 0  # requests in the queue
    _change: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None
    _stopping: bool = False
    _writing_since: float | None = None
    _looked: float = -1.0
    _disk: Overloaded | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._write_all, name="intake", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuse new requests, and return when all that were taken are written."""
        with self._change:
            self._stopping = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()

    def overloaded(self) -> Overloaded | None:
        """The bound that is passed now; None if there is none."""
        if self._stopping or self.spool.broken is not None:
            return Overloaded("the receiver is stopping")
        if self.spool.waiting_count + self._count >= self.settings.max_waiting:
            return Overloaded("too many requests wait to be mapped")
        now = self.clock()
        if self._delay(now) > self.settings.max_delay:
            return Overloaded("the disk is slow")
        if now - self._looked > _LOOK:
            self._looked, self._disk = now, self._look()
        return self._disk

    def accept(self, request: ReceivedRequest) -> Future[None] | Overloaded:
        """Take a request; the future is done when it is on disk, and raises SpoolError if it could not be."""
        with self._change:
            busy = self.overloaded()
            if busy is not None:
                return busy
            if not self._queue or not self._queue[-1].has_room():
                self._queue.append(_Group(self.clock()))
                self._change.notify()
            group = self._queue[-1]
            group.add(request)
            self._count += 1
        return group.done

    def _delay(self, now: float) -> float:
        """The seconds for which the oldest request that is not on disk has waited."""
        return now - self._writing_since if self._writing_since is not None else 0.0

    def _look(self) -> Overloaded | None:
        if self.spool.used >= self.settings.max_bytes:
            return Overloaded("the spool has its largest size", 30)
        try:
            disk = os.statvfs(self.spool.folder)
        except OSError:
            return Overloaded("the disk of the spool cannot be read", 30)
        is_full = disk.f_bavail * disk.f_frsize < self.settings.min_free
        return Overloaded("the disk of the spool is nearly full", 30) if is_full else None

    def _write_all(self) -> None:
        while group := self._next_group():
            fault: Exception | None = None
            try:
                self.spool.append(group.requests)
            except Exception as error:  # whatever it is, those who wait are told, and the thread goes on
                fault = error
            self._writing_since = None
            if fault is None:
                group.done.set_result(None)
                self.on_written(self.clock() - group.since)
                continue
            group.done.set_exception(fault)
            if isinstance(fault, SpoolBroken):
                self._give_up(fault)
                return

    def _next_group(self) -> _Group | None:
        """The next requests to be written together; None at the end."""
        with self._change:
            while not self._queue and not self._stopping:
                self._change.wait()
            if not self._queue:
                return None
            group = self._queue.popleft()
            self._count -= len(group.requests)
            self._writing_since = group.since
            return group

    def _give_up(self, fault: SpoolBroken) -> None:
        with self._change:
            self._stopping = True
            left = list(self._queue)
            self._queue.clear()
            self._count = 0
        for one in left:
            one.done.set_exception(fault)
        self.on_broken(fault)
