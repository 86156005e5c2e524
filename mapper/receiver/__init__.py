"""Receiver: requests of vendors are authenticated, made durable, and become events. An optional part.

`Receiver` is imported when it is first asked for: the spool and the verifiers need no web server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mapper.receiver.receiver import Receiver

__all__ = ["Receiver"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from mapper.receiver.receiver import Receiver

        return Receiver
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
