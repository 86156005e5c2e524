"""Lines: the lines of the package that have run, at next to no cost; Python 3.12 and later can watch them."""

from __future__ import annotations

import sys
from types import CodeType
from typing import Any

TOOL = 4


class Lines:
    """Notices lines of `mapper/` that run for the first time; a line that has run is not watched any more."""

    def __init__(self) -> None:
        self.seen = 0
        self._last = 0
        self._watch: Any = getattr(sys, "monitoring", None)

    def __enter__(self) -> Lines:
        if self._watch is not None:
            self._watch.use_tool_id(TOOL, "fuzz")
            self._watch.register_callback(TOOL, self._watch.events.LINE, self._line)
            self._watch.set_events(TOOL, self._watch.events.LINE)
        return self

    def __exit__(self, *error: object) -> None:
        if self._watch is not None:
            self._watch.set_events(TOOL, 0)
            self._watch.free_tool_id(TOOL)

    def _line(self, code: CodeType, line: int) -> Any:
        if "/mapper/" in code.co_filename:
            self.seen += 1
        return self._watch.DISABLE

    def grew(self) -> bool:
        """True if lines ran for the first time since this was last asked."""
        grew = self.seen > self._last
        self._last = self.seen
        return grew
