"""Golden files: a text is compared with the file that holds the expected one."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Golden(Protocol):
    """Compares a text with the file that holds what is expected, or rewrites that file."""

    def __call__(self, path: Path, text: str) -> None: ...
