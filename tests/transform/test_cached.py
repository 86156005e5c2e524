"""Cached transforms: one is used until something it was made of changes; no fault of a cache is an error."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import mapper
from mapper import api
from support.places import ROOT
from support.stored import ORDER, SCHEMA, TEXT, altered

# --- the cache


def test_what_is_cached_is_not_compiled_again(mapping: Path, tmp_path: Path, compilations: list[str]) -> None:
    cache = tmp_path / "deep" / "cache"
    first = mapper.load(mapping, cache=cache)
    second = mapper.load(str(mapping), cache=str(cache))
    assert len(compilations) == 1
    assert second._compiled == first._compiled
    assert mapper.load("segment", cache=cache).name == mapper.load("segment", cache=cache).name
    assert len(compilations) == 2


def changed_mapping(folder: Path) -> None:
    (folder / "orders.yaml").write_text(TEXT.replace("Order\n", "Bought\n"), encoding="utf-8")


def changed_schema(folder: Path) -> None:
    (folder / "order.schema.json").write_text(SCHEMA.replace('"id"', '"number"'), encoding="utf-8")


def nearer_target(folder: Path) -> None:
    shutil.copy(ROOT / "schemas" / "event.schema.json", folder)


def schema_gone(folder: Path) -> None:
    (folder / "order.schema.json").unlink()


def grown_schema(folder: Path) -> None:
    (folder / "order.schema.json").write_text(SCHEMA + " " * 2_000_000, encoding="utf-8")


@pytest.mark.parametrize(
    "change", [changed_mapping, changed_schema, nearer_target, schema_gone, grown_schema]
)
def test_a_change_is_noticed(
    mapping: Path, tmp_path: Path, compilations: list[str], change: Callable[[Path], None]
) -> None:
    mapper.load(mapping, cache=tmp_path / "cache")
    change(tmp_path)
    expected = [d.code for d in api.check_file(mapping)[0]]
    try:
        seen = [d.code for d in mapper.load(mapping, cache=tmp_path / "cache").diagnostics]
    except mapper.CompileError as error:
        seen = [d.code for d in error.diagnostics]
    assert (len(compilations), seen) == (2, expected)


def test_a_change_of_the_dialect_is_noticed(tmp_path: Path, compilations: list[str]) -> None:
    shutil.copy(ROOT / "mappings" / "clevertap-template.yaml", tmp_path)
    (tmp_path / "dialects").mkdir()
    dialect = tmp_path / "dialects" / "clevertap.yaml"
    shutil.copy(ROOT / "mappings" / "dialects" / "clevertap.yaml", dialect)
    mapping = tmp_path / "clevertap-template.yaml"
    for count in (1, 1, 2):
        if count == 2:
            dialect.write_text(dialect.read_text("utf-8") + "\n# more\n", encoding="utf-8")
        mapper.load(mapping, cache=tmp_path / "cache")
        assert len(compilations) == count


def test_limits_and_versions_have_entries_of_their_own(
    mapping: Path, tmp_path: Path, compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    mapper.load(mapping, cache=cache)
    assert mapper.load(mapping, cache=cache, limits=mapper.Limits(items=1))._compiled.limits.items == 1
    assert mapper.load(mapping, cache=cache)._compiled.limits == mapper.Limits()
    assert len(compilations) == 2
    monkeypatch.setattr("mapper.transform.cached.__version__", "0.0.9")
    mapper.load(mapping, cache=cache)
    assert len(compilations) == 3
    with pytest.raises(TypeError, match="limits"):
        mapper.load(mapping, cache=cache, limits=5)  # type: ignore[arg-type]


def test_a_broken_entry_is_compiled_anew(mapping: Path, tmp_path: Path, compilations: list[str]) -> None:
    cache = tmp_path / "cache"
    mapper.load(mapping, cache=cache)
    (entry,) = cache.iterdir()
    whole = entry.read_bytes()
    for count, data in enumerate((b"", whole[:500], altered(whole), b"junk"), start=2):
        entry.write_bytes(data)
        assert mapper.load(mapping, cache=cache)(ORDER).events
        assert len(compilations) == count
        assert entry.read_bytes() == whole
    entry.unlink()
    entry.mkdir()
    assert mapper.load(mapping, cache=cache)(ORDER).events


def test_a_folder_that_cannot_be_written_costs_time_alone(
    mapping: Path, tmp_path: Path, compilations: list[str]
) -> None:
    (tmp_path / "cache").write_bytes(b"a file")
    assert mapper.load(mapping, cache=tmp_path / "cache")(ORDER).events
    assert mapper.load(mapping, cache=tmp_path / "cache")(ORDER).events
    assert len(compilations) == 2


def test_a_wrong_mapping_is_told_of_as_without_a_cache(mapping: Path, tmp_path: Path) -> None:
    mapping.write_text(TEXT.replace("$.id", "$.idd"), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(mapper.CompileError, match="M301"):
            mapper.load(mapping, cache=tmp_path / "cache")
    with pytest.raises(mapper.CompileError, match="M003"):
        mapper.load("nonesuch", cache=tmp_path / "cache")
