"""The session of Spark that all tests of this folder share: starting one takes longer than most of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.spark_sessions import require_java, start_session


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on two workers; a task that takes much longer than others is started a second time."""
    require_java()
    session = start_session(
        tmp_path_factory.mktemp("spark"),
        **{
            "spark.speculation": "true",
            "spark.speculation.interval": "100ms",
            "spark.speculation.minTaskRuntime": "3s",
            "spark.speculation.quantile": "0.5",
            "spark.speculation.multiplier": "1.01",
            "spark.speculation.efficiency.enabled": "false",
        },
    )
    yield session
    session.stop()
