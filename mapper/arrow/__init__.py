"""Arrow: a mapping on record batches of bodies, for Spark, polars, pandas, DuckDB and all that speaks Arrow.

>>> import mapper, mapper.arrow
>>> transform = mapper.load("segment")
>>> outcomes = mapper.arrow.map_batches(transform, batches, body="value", keep=["topic", "offset"])

It needs the extra `arrow`: `pip install 'mapper[arrow]'`.
"""

from __future__ import annotations

from mapper.diagnostics.errors import MissingPackageError

try:
    import pyarrow  # noqa: F401
except ImportError as error:
    raise MissingPackageError("mapper.arrow needs pyarrow: pip install 'mapper[arrow]'") from error

from mapper.arrow.mapping import map_batches, outcome_schema
from mapper.diagnostics.errors import ColumnError

__all__ = ["ColumnError", "MissingPackageError", "map_batches", "outcome_schema"]
