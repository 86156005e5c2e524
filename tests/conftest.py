"""Fixtures of all tests; `pytest --update` rewrites every golden file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mapper.cli import main
from mapper.native.building import NotBuilt, build_in_place
from support.calls import ONE_EVENT, ORDER, ORDERS, Call, Ended, add_case, write
from support.examples import register_profiles
from support.golden import Golden

register_profiles()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite golden files instead of comparing")


def pytest_configure(config: pytest.Config) -> None:
    """Tests exercise the checkout: its native core is built beside the source, if there is a compiler."""
    if hasattr(config, "workerinput") or os.environ.get("MAPPER_CORE") == "0":
        return
    try:
        build_in_place()
    except NotBuilt:
        if os.environ.get("MAPPER_CORE") == "1":
            raise


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One process under `--update`, since some tests rewrite parts of the same file; else one a core."""
    return 0 if config.getoption("--update") else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The scheduler of `--dist=loadfile`."""
    from support.scheduling import ByFile

    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """True under `pytest --update`."""
    return bool(request.config.getoption("--update"))


@pytest.fixture
def golden(update: bool) -> Golden:
    """Asserts that a text equals a golden file; writes it under `--update`."""

    def compare(path: Path, text: str) -> None:
        if update:
            path.write_bytes(text.encode("utf-8"))
            return
        assert path.exists(), f"{path.name} is missing; write it with `pytest --update`"
        assert text == path.read_bytes().decode("utf-8")

    return compare


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one mapping and one case that passes; it is the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    write(tmp_path / "mappings/orders.yaml", ORDERS)
    add_case(tmp_path, "paid", ORDER, ONE_EVENT)
    return tmp_path


@pytest.fixture
def call(capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Calls `main` in this process."""

    def run(*arguments: str | Path) -> Ended:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as error:  # argparse ends so after --help, --version and wrong options
            code = int(error.code or 0)
        captured = capfdbinary.readouterr()
        return Ended(code, captured.out.decode(), captured.err.decode())

    return run
