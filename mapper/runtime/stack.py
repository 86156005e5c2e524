"""Stack: work that must not depend on how much of its stack the caller has used up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

# CPython raises these for source that nests too deep: its parser, its compiler, its limit of nested blocks.
TOO_DEEP_TO_COMPILE = (SyntaxError, RecursionError, MemoryError)

_Done = TypeVar("_Done")


def on_fresh_stack(run: Callable[[], _Done]) -> _Done:
    """Run, without exceptions, on a thread of its own, whose stack is empty."""
    results: list[_Done] = []
    context = copy_context()
    thread = threading.Thread(target=lambda: results.append(context.run(run)))
    thread.start()
    thread.join()
    return results[0]
