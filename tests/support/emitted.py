"""Emitted code: a function of a module that a `Writer` wrote."""

from __future__ import annotations

from typing import Any


def defined(source: str, name: str) -> Any:
    """The function of that name in a module that is executed now."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "<generated>", "exec"), namespace)
    return namespace[name]
