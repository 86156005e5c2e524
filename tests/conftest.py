"""What all tests share: `pytest --update` rewrites every golden file."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest


class Golden(Protocol):
    """Compares a text with the file that holds what is expected, or rewrites that file."""

    def __call__(self, path: Path, text: str) -> None: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite golden files instead of comparing")


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
