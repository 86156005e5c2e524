"""Pool: batches are worked on by several processes; the outcomes come back in the order of the input.

Each process has a pipe of its own. When this process is killed the pipes end, and so do the others.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from queue import Queue
from typing import TypeAlias

from mapper.cli.bodies import Batch
from mapper.cli.overlap import ahead
from mapper.cli.stop import Stop
from mapper.cli.work import Outcome, Setup, Work

IN_FLIGHT = 3  # batches for each process: one being sent, one at work, one coming back
PIPE = 1024 * 1024  # bytes of a pipe

Done: TypeAlias = tuple[Batch, Outcome]


def work_through(batches: Iterable[Batch], setup: Setup, jobs: int) -> Generator[Done]:
    """Each batch (in a pool without its bytes) and its outcome, in order, whatever the number of jobs."""
    if jobs == 1:
        yield from ahead(_alone(ahead(batches, 2), Work(setup)), 2)
    else:
        with _workers(setup, jobs) as workers:
            yield from _shared(batches, workers)


def _alone(batches: Iterable[Batch], work: Work) -> Iterator[Done]:
    for batch in batches:
        yield batch, work(batch)


@dataclass(frozen=True, slots=True)
class _Worker:
    process: SpawnProcess
    orders: Connection
    outcomes: Iterator[Outcome]


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a worker ends the run."""

    message: str
    code: int


@contextmanager
def _workers(setup: Setup, jobs: int) -> Iterator[list[_Worker]]:
    context = multiprocessing.get_context("spawn")
    workers: list[_Worker] = []
    try:
        with _no_interrupts():
            for _ in range(jobs):
                there, orders = _pipe(context)
                outcomes, back = _pipe(context)
                process = context.Process(target=_serve, args=(there, back, setup), daemon=True)
                process.start()
                there.close()
                back.close()
                workers.append(_Worker(process, orders, ahead(_outcomes(outcomes), 1)))
        yield workers
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()
            worker.orders.close()


def _shared(batches: Iterable[Batch], workers: list[_Worker]) -> Iterator[Done]:
    order: Queue[tuple[Batch, _Worker] | BaseException | None] = Queue(IN_FLIGHT * len(workers))
    stopped = threading.Event()
    sender = threading.Thread(target=_send, args=(batches, workers, order.put, stopped), daemon=True)
    sender.start()
    try:
        while (next_one := order.get()) is not None:
            if isinstance(next_one, BaseException):
                raise next_one
            batch, worker = next_one
            outcome = next(worker.outcomes, None)
            if outcome is None:
                worker.process.join(1)
                place = f"`{batch.name}:{batch.line}`"
                raise Stop(f"a worker process was lost at {place} ({_end(worker.process)})", 1)
            yield batch, outcome
    finally:
        stopped.set()
        while not order.empty():
            order.get_nowait()


def _send(
    batches: Iterable[Batch],
    workers: list[_Worker],
    put: Callable[[tuple[Batch, _Worker] | BaseException | None], None],
    stopped: threading.Event,
) -> None:
    """Give out batches in turn; whoever puts the outcomes in order learns which worker has which."""
    try:
        for number, batch in enumerate(batches):
            worker = workers[number % len(workers)]
            put((replace(batch, data=b""), worker))
            if stopped.is_set():
                return
            worker.orders.send(replace(batch, data=b""))
            if batch.again is None:
                worker.orders.send_bytes(batch.data)
    except OSError:
        return  # the worker is gone: that shows where its outcome is asked for
    except BaseException as error:
        put(error)
    else:
        put(None)


def _outcomes(pipe: Connection) -> Iterator[Outcome]:
    with closing(pipe):
        while True:
            try:
                tally = pipe.recv()
                if isinstance(tally, _Refusal):
                    raise Stop(tally.message, tally.code)
                yield Outcome(pipe.recv_bytes(), pipe.recv_bytes(), pipe.recv_bytes(), tally)
            except (EOFError, OSError):
                return


def _serve(orders: Connection, back: Connection, setup: Setup) -> None:
    """A worker process: outcomes for batches until the pipe ends."""
    work = Work(setup)
    while True:
        try:
            batch = orders.recv()
            data = None if batch.again else orders.recv_bytes()
            outcome = _work(work, batch, data)
            if isinstance(outcome, _Refusal):
                back.send(outcome)
                continue
            back.send(outcome.tally)
            for lines in (outcome.events, outcome.skipped, outcome.rejected):
                back.send_bytes(lines)
        except (EOFError, OSError):
            return


def _work(work: Work, batch: Batch, data: bytes | None) -> Outcome | _Refusal:
    try:
        if data is None and batch.again is not None:
            data = batch.again.read()
        return work(replace(batch, data=data or b""))
    except Stop as stop:
        return _Refusal(str(stop), stop.code)
    except OSError as error:
        return _Refusal(f"`{batch.name}` cannot be read: {error.strerror or error}", 1)


def _pipe(context: SpawnContext) -> tuple[Connection, Connection]:
    """A pipe, its end to read from first; one that holds a whole batch, where the system lets it."""
    reading, writing = context.Pipe(duplex=False)
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(writing.fileno(), fcntl.F_SETPIPE_SZ, PIPE)
    return reading, writing


def _end(process: SpawnProcess) -> str:
    code = process.exitcode
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Processes started inside never see Ctrl-C, which a terminal sends to all: this one ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
