"""Scheduling: which tests pytest-xdist runs in one worker."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

SPARK = "tests/spark/"


class ByFile(LoadFileScheduling):
    """Tests of a file run in one worker, for they share fixtures; those of Spark share its session."""

    def _split_scope(self, nodeid: str) -> str:
        return SPARK if nodeid.startswith(SPARK) else str(super()._split_scope(nodeid))
