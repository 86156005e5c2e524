"""Partitions: the function that Spark ships to its Python workers, and the transform that it opens there.

Spark pickles the function. Only a function inside of another one is pickled by its code; all others are
pickled by their names and need mapper before a single line of theirs runs. So the inner function says it
clearly if a worker has no mapper. It holds bytes and texts and nothing of mapper's own types.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from mapper.diagnostics.errors import TransformError
from mapper.version import __version__

Batch: TypeAlias = pa.RecordBatch
# Maps the record batches of one partition.
PartitionFunction: TypeAlias = Callable[[Iterable[Batch]], Iterator[Batch]]

MAX_OPENED = 16  # transforms that a worker keeps


class PartitionWork(Protocol):
    """The work on partitions, a value that can be pickled."""

    def map(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The record batches that a partition becomes."""
        ...


@dataclass(frozen=True, slots=True)
class _Shipped:
    """Pickled work, known by its digest."""

    digest: str
    data: bytes = field(compare=False, repr=False)


def ship(work: PartitionWork) -> PartitionFunction:
    """The function that does the work in a Python worker of Spark; the worker unpickles it once.

    A worker with another version of Python compiles the transform in it again. A worker that has no mapper,
    or another version of it, raises an error that says so.
    """
    data, version = pickle.dumps(work), __version__
    digest = sha256(data).hexdigest()

    def map_partition(batches: Any) -> Any:
        try:
            from mapper.spark.partitions import run_shipped
        except ImportError as error:
            import sys

            raise ImportError(
                f"this Python worker of Spark cannot import mapper.spark: {error}. Its Python is "
                f"{sys.executable}. Install mapper {version} with its extra `spark` there, or ship an "
                "environment with the job (spark.archives)"
            ) from error
        return run_shipped(version, digest, data, batches)

    return map_partition


def run_shipped(version: str, digest: str, data: bytes, batches: Iterable[Batch]) -> Iterator[Batch]:
    """Do shipped work on a partition; raises TransformError if the driver has another version of mapper."""
    if version != __version__:
        raise TransformError(
            f"the driver of Spark has mapper {version}, this worker has {__version__}: their events could "
            "differ; install one version everywhere"
        )
    return _opened(_Shipped(digest, data)).map(batches)


@lru_cache(maxsize=MAX_OPENED)
def _opened(shipped: _Shipped) -> PartitionWork:
    work: PartitionWork = pickle.loads(shipped.data)  # it comes from the driver, as the code of this job does
    return work
