"""Graphs: the nodes that can be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def reachable(following: Callable[[T], Iterable[T]], starts: Iterable[T]) -> set[T]:
    """All nodes that steps from the starts lead to, the starts included."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for node in following(waiting.pop()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen
