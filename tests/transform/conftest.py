"""Fixtures of the transform: a mapping on disk, and a count of compilations."""

from __future__ import annotations

from pathlib import Path

import pytest

import mapper
from mapper import api
from support.stored import SCHEMA, TEXT


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    (tmp_path / "order.schema.json").write_text(SCHEMA, encoding="utf-8")
    path = tmp_path / "orders.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the mappings compiled since."""
    names: list[str] = []
    build = api.build

    def counted(source: mapper.SourceFile, *rest: object) -> mapper.Transform:
        names.append(source.name)
        return build(source, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(api, "build", counted)
    return names
