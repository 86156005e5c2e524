"""Stack: work that must not depend on how much of its stack the caller has used up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

# CPython raises these for source that nests too deep: its parser, its compiler, its limit of nested blocks.
TOO_DEEP_TO_COMPILE = (SyntaxError, RecursionError, MemoryError)

_Result = TypeVar("_Result")


def start(thread: threading.Thread) -> None:
    """Start a thread; raises MemoryError if there is no memory for its stack."""
    try:
        thread.start()
    except RuntimeError:  # "can't start new thread"
        raise MemoryError from None


def on_fresh_stack(run: Callable[[], _Result]) -> _Result:
    """Run on a thread of its own, whose stack is empty, with the caller's context variables.

    Returns what `run` returns and raises what it raises; MemoryError if there is no memory for a thread.
    """
    results: list[_Result] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(run())
        except BaseException as error:  # also a panic of a library in Rust, which is no Exception
            failures.append(error)

    thread = threading.Thread(target=copy_context().run, args=(work,))
    start(thread)
    thread.join()
    if failures:
        raise failures[0] from None
    return results[0]
