"""Read ahead: an iterator that works ahead in a thread, while its values are used."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import TypeVar

from mapper.runtime.stack import start

Value = TypeVar("Value")

TURN = 0.0001  # seconds between two threads that both want to run


@contextmanager
def short_turns() -> Iterator[None]:
    """Inside, a thread that waits for the interpreter gets it soon.

    zlib packs and unpacks without the interpreter, in a fraction of a millisecond. By default Python lets a
    thread wait 5 ms for the interpreter: longer than working beside a thread that maps can save.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, TURN))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


class _End:
    """Follows the last value; has the error that ended the thread, if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(
    values: Iterable[Value], depth: int, is_large: Callable[[Value], bool] = lambda value: False
) -> Iterator[Value]:
    """The same values and the same error; up to `depth` of them are made before they are asked for.

    After a large one, the next is not made before all have been used: memory holds one large value at a time.
    When the caller stops asking, the thread ends after the value it is at.
    """
    queue: Queue[Value | _End] = Queue(depth)
    stopped = threading.Event()

    def work() -> None:
        end = _End()
        try:
            for value in values:
                queue.put(value)
                must_wait = is_large(value)
                del value
                if must_wait and not stopped.is_set():
                    queue.join()
                if stopped.is_set():
                    return
        except BaseException as error:
            end = _End(error)
        queue.put(end)

    # A daemon, for it may wait for a pipe that nobody closes.
    start(threading.Thread(target=work, daemon=True))
    try:
        while True:
            value = queue.get()
            if isinstance(value, _End):
                if value.error is not None:
                    raise value.error
                return
            try:
                yield value
            finally:
                del value
                queue.task_done()
    finally:
        stopped.set()
        _drain(queue)


def _drain(queue: Queue[Value]) -> None:
    """Empty the queue, so that a thread that waits to put a value sees that it has to stop."""
    try:
        while True:
            queue.get_nowait()
            queue.task_done()
    except Empty:
        return
