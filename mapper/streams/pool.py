"""Pool: several processes map batches; the results come back in the order of the input.

Each process has a pipe of its own. If this process is killed the pipes end, and so do the workers.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import cycle
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import TypeAlias

from mapper.diagnostics.stop import Stop
from mapper.streams.batch_mapper import MAX_BYTES, BatchMapper, BatchResult, RunSetup
from mapper.streams.batches import UNKNOWN, Batch, Files
from mapper.streams.pipes import receive_block, send_block
from mapper.streams.read_ahead import ahead

IN_FLIGHT = 3  # batches for each process: one being sent, one at work, one coming back
PIPE = 1024 * 1024  # bytes of a pipe
ROOM = 2 * 1024 * 1024  # bytes of the buffer for events, which is used again and again

# A batch and the result of a part of it. The events of a pool are overwritten by the next result.
Done: TypeAlias = tuple[Batch, BatchResult]


def work_through(batches: Iterable[Batch], setup: RunSetup, jobs: int) -> Generator[Done]:
    """Each batch and its results, in order, whatever the number of jobs; a thread reads batches ahead."""
    if jobs == 1:
        yield from ahead(_alone(ahead(batches, 2), setup), 2, _is_large)
    else:
        with _workers(setup, jobs) as workers:
            given = ahead(_give(batches, workers), IN_FLIGHT * len(workers))
            yield from _shared(given)


def _alone(batches: Iterable[Batch], setup: RunSetup) -> Iterator[Done]:
    line = 1
    with closing(Files()) as files:
        work = BatchMapper(setup, files)
        for batch in batches:
            line = batch.start.line or line
            for result in work(replace(batch, start=replace(batch.start, line=line))):
                line = result.after.line
                yield batch, result
                del result  # a large one is gone before the next is made


def _is_large(done: Done) -> bool:
    return len(done[1].events) + len(done[1].rejected) > MAX_BYTES


@dataclass(frozen=True, slots=True)
class _Worker:
    process: SpawnProcess
    orders: Connection
    results: Connection


_Given: TypeAlias = tuple[Batch, _Worker]


@contextmanager
def _workers(setup: RunSetup, jobs: int) -> Iterator[list[_Worker]]:
    context = multiprocessing.get_context("spawn")
    workers: list[_Worker] = []
    try:
        with _no_interrupts():
            for _ in range(jobs):
                there, orders = _pipe(context)
                results, back = _pipe(context)
                process = context.Process(target=_serve, args=(there, back, setup), daemon=True)
                process.start()
                there.close()
                back.close()
                workers.append(_Worker(process, orders, results))
        yield workers
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()
            worker.orders.close()
            worker.results.close()


def _shared(given: Iterable[_Given]) -> Iterator[Done]:
    """The results of the batches that were given out, in that order."""
    line, room = 1, memoryview(bytearray(ROOM))
    for batch, worker in given:
        line = batch.start.line or line
        for result in _results(batch, worker, line, room):
            yield batch, result
            line = result.after.line


def _give(batches: Iterable[Batch], workers: list[_Worker]) -> Iterator[_Given]:
    """Send the batches to the workers in turn; each is yielded without its bytes before it is sent.

    This runs in a thread: reading a batch takes time, or has to wait for a pipe, and so does sending it.
    """
    for batch, worker in zip(batches, cycle(workers), strict=False):
        yield batch.without_data(), worker
        if not _order(batch, worker):
            return


def _order(batch: Batch, worker: _Worker) -> bool:
    """Send a batch; False if the worker is gone, which is reported when its result is read."""
    try:
        worker.orders.send(batch.without_data())
        if batch.data is not None:
            send_block(worker.orders, batch.data)
    except OSError:
        return False
    return True


def _results(batch: Batch, worker: _Worker, line: int, room: memoryview) -> Iterator[BatchResult]:
    """The results of a batch whose first line has that number; raises Stop if its worker is lost."""
    lines = line if batch.start.line == UNKNOWN else 0
    is_done = False
    while not is_done:
        try:
            result = _receive(worker.results, room)
        except (EOFError, OSError):
            worker.process.join(1)
            place = f"`{batch.name}:{line}`"
            raise Stop(f"a worker process was lost at {place} ({_end(worker.process)})", 1) from None
        if isinstance(result, Stop):
            raise result
        is_done = batch.is_done(result.after)
        result = result.moved(lines) if lines else result
        line = result.after.line
        yield result


def _receive(pipe: Connection, room: memoryview) -> BatchResult | Stop:
    found = pipe.recv()
    if isinstance(found, Stop):
        return found
    sizes, *rest = found
    events = receive_block(pipe, sizes[0], room)
    skipped, rejected = (bytes(receive_block(pipe, size)) for size in sizes[1:])
    return BatchResult(events, skipped, rejected, *rest)


def _serve(orders: Connection, back: Connection, setup: RunSetup) -> None:
    """A worker process: results for batches until the pipe ends."""
    room = memoryview(bytearray(ROOM))
    with closing(Files()) as files, suppress(EOFError, OSError):
        work = BatchMapper(setup, files)
        while True:
            batch = orders.recv()
            if batch.data is not None:
                batch = replace(batch, data=bytes(receive_block(orders, batch.size, room)))
            try:
                for result in work(batch):
                    _send_back(back, result)
                    del result  # otherwise the system frees and allocates its memory for each batch
            except Stop as stop:
                back.send(stop)


def _send_back(back: Connection, result: BatchResult) -> None:
    blocks = (result.events, result.skipped, result.rejected)
    back.send((tuple(map(len, blocks)), result.tally, result.after, result.size, result.is_amid))
    for block in blocks:
        send_block(back, block)


def _pipe(context: SpawnContext) -> tuple[Connection, Connection]:
    """A pipe, its reading end first; it holds a whole batch, if the system allows that."""
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
    """Processes that are started inside ignore Ctrl-C, which a terminal sends to all: this one ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
