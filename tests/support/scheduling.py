"""Scheduling: which tests pytest-xdist runs in one worker, and which files come first."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadFileScheduling

SPARK = "tests/spark/"
# They take longest, with the slow tests. At the end of a run, all workers but one would wait for them.
LONGEST = (
    SPARK,
    "tests/receiver/test_kills.py",
    "tests/receiver/test_delivery_kills.py",
    "tests/receiver/test_promises.py",
    "tests/receiver/test_soak.py",
    "tests/receiver/test_memory.py",
    "tests/receiver/test_operation_files.py",
    "tests/receiver/test_openapi.py",
    "tests/whole/test_worst.py",
    "tests/whole/test_benchmarks.py",
    "tests/checker/test_doublings.py",
    "tests/schemas/test_budget.py",
    "tests/streams/test_resume.py",
    "tests/streams/test_failing_disks.py",
    "tests/whole/test_work_limits.py",
)


class ByFile(LoadFileScheduling):
    """Tests of a file run in one worker, for they share fixtures; those of Spark share its session."""

    def _split_scope(self, nodeid: str) -> str:
        return SPARK if nodeid.startswith(SPARK) else str(super()._split_scope(nodeid))

    def _assign_work_unit(self, node: Any) -> None:
        for scope in reversed(LONGEST):
            if scope in self.workqueue:
                self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)
