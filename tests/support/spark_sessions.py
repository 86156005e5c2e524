"""Spark: sessions of the tests, with workers in processes of their own, from the Java of this machine."""

from __future__ import annotations

import os
import shutil
import sys
import time
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


def add_worker_of_another_host(session: Any, folder: Path) -> None:
    """Add a third worker to the cluster: Spark speculates only on a host that has no attempt at the task.

    All workers of `local-cluster` have one host name, so this one is started as that class starts them.
    """
    context = session.sparkContext._jsc.sc()
    java = session.sparkContext._jvm
    backend = context.schedulerBackend()
    masters = backend.getClass().getDeclaredField("masters")
    masters.setAccessible(True)
    java.org.apache.spark.deploy.worker.Worker.startRpcEnvAndEndpoint(
        *("127.0.0.2", 0, 0, 1, 1024, masters.get(backend), str(folder)),
        *(java.scala.Option.apply(3), context.conf(), java.scala.Option.empty()),
    )
    deadline = time.monotonic() + 300
    while context.getExecutorMemoryStatus().size() < 4:  # with the driver
        assert time.monotonic() < deadline, "the executor of the new worker did not come"
        time.sleep(0.1)
