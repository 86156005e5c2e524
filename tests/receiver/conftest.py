"""Fixtures of the receiver's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.spools import all_closed


@pytest.fixture(autouse=True)
def _all_closed() -> Iterator[None]:
    with all_closed():
        yield
