"""PostgreSQL: a server of the tests on a socket of its own, from the programs of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.waiting import PATIENCE

# `.ci/run` sets it after it has installed PostgreSQL: then tests that need it must not be skipped.
REQUIRED = "MAPPER_TESTS_NEED_POSTGRES"
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=16MB")


def find_programs() -> Path | None:
    """The folder of `initdb` and `postgres`."""
    found = shutil.which("initdb")
    folders = [*([Path(found).resolve().parent] if found else []), *Path("/usr/lib/postgresql").glob("*/bin")]
    return next((folder for folder in sorted(folders, reverse=True) if (folder / "postgres").exists()), None)


def absent(reason: str) -> None:
    """Skip a test, or fail it if PostgreSQL must be here."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"PostgreSQL is required here: {reason}")
    pytest.skip(reason)


@dataclass
class PostgresServer:
    """A server that is started, stopped and killed."""

    programs: Path
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        return f"host={self.folder} port=5432 user=mapper dbname=postgres"

    @property
    def pid(self) -> int | None:
        """The process whose children all others of the server are."""
        return None if self.process is None else self.process.pid

    def _as_user(self) -> dict[str, Any]:
        # PostgreSQL refuses to be root.
        if os.geteuid() != 0:
            return {}
        name = "postgres" if shutil.which("getent") and _has_user("postgres") else "nobody"
        return {"user": name, "extra_groups": []}

    def make(self) -> None:
        self.folder.chmod(0o711)
        data = self.folder / "data"
        data.mkdir()
        user = self._as_user()
        if user:
            shutil.chown(data, user["user"])
            shutil.chown(self.folder, user["user"])
        words = ["initdb", "-D", str(data), "-A", "trust", "-U", "mapper", "-N", "-E", "UTF8", "--locale=C"]
        done = subprocess.run(
            [str(self.programs / words[0]), *words[1:]], capture_output=True, cwd="/", check=False, **user
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        settings = (*FAST, "listen_addresses=", f"unix_socket_directories={self.folder}")
        options = [word for setting in settings for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *options],
                stdout=log,
                stderr=log,
                cwd="/",
                **self._as_user(),
            )
        import psycopg

        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.dsn).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.02)

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self.process is not None:
            self.process.send_signal(3)
            self.process.wait()
            self.process = None

    def query(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        import psycopg

        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(text, values or None)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []


def _has_user(name: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server until the end of the block; skips if this machine has none."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        absent("the extra `postgres` is not installed")
    programs = find_programs()
    if programs is None:
        absent("PostgreSQL is not installed")
        raise AssertionError
    folder = Path(tempfile.mkdtemp(prefix="mapper-postgres-"))
    server = PostgresServer(programs, folder)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
