"""Spark: sessions of the tests, with workers in processes of their own, from the Java of this machine."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from support.places import ROOT

# `.ci/run` sets it after it has installed Java: then tests that need it must not be skipped.
REQUIRED = "MAPPER_TESTS_NEED_JAVA"
CLUSTER = "local-cluster[2,1,1024]"  # two workers with a core and 1,024 MB each
# The compilers of Java that optimize longest would only finish after the tests.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def require_java() -> None:
    """Skip a test if this machine has no Java, or fail it if Java must be here."""
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") or (home and (Path(home) / "bin" / "java").exists()):
        return
    if os.environ.get(REQUIRED):
        pytest.fail("Java is required here")
    pytest.skip("Java is not installed")


def start_session(folder: Path, master: str = CLUSTER, **settings: str) -> Any:
    """A session whose files are in a folder; its workers import mapper and `support` from this checkout."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    given = {
        "spark.ui.enabled": "false",
        "spark.log.level": "OFF",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "700m",
        "spark.driver.extraJavaOptions": _JAVA,
        "spark.executor.memory": "512m",
        "spark.executor.extraJavaOptions": _JAVA,
        "spark.executorEnv.PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "Asia/Kolkata",  # a moment must not depend on it
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.local.dir": str(folder / "local"),
        **settings,
    }
    builder = SparkSession.builder.master(master).appName("mapper")
    for name, value in given.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
