"""Targets: names, files and folders on the command line become mapping files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mapper import catalog
from mapper.diagnostics.diagnostic import did_you_mean
from mapper.diagnostics.files import no_file
from mapper.diagnostics.stop import Stop

HERE = Path("mappings")


def find_targets(words: Sequence[str]) -> list[Path]:
    """The mapping files the words name, each once; without words `./mappings`, else the shipped mappings."""
    if not words:
        return catalog.find_mappings(HERE if HERE.is_dir() else None)
    found: dict[Path, None] = {}
    for word in words:
        found.update(dict.fromkeys(_resolve(word)))
    return list(found)


def find_target(word: str) -> Path:
    """The one mapping file the word names."""
    if Path(word).is_dir() and not _named(word):
        raise Stop(f"`{word}` is a folder; name one mapping")
    return _named(word) or _file(word)


def _resolve(word: str) -> list[Path]:
    path = Path(word)
    named = _named(word)
    if named is None and path.is_dir():
        inside = catalog.find_mappings(path)
        if not inside:
            raise Stop(f"no mappings in `{word}`")
        return inside
    return [named or _file(word)]


def _named(word: str) -> Path | None:
    """The mapping of that bare name in `./mappings` or among the shipped ones."""
    return _names().get(word)


def _names() -> dict[str, Path]:
    here = catalog.find_mappings(HERE) if HERE.is_dir() else []
    return {path.stem: path for path in [*catalog.find_mappings(None), *here]}


def _file(word: str) -> Path:
    path = Path(word)
    is_mapping = path.suffix in catalog.MAPPING_SUFFIXES
    if catalog.is_file(path):
        if not is_mapping:
            raise Stop(f"`{word}` is no mapping; a mapping ends in {' or '.join(catalog.MAPPING_SUFFIXES)}")
        return path
    if obstacle := no_file(path):
        raise Stop(f"`{word}` {obstacle}")
    if is_mapping or len(path.parts) > 1:
        raise Stop(f"no mapping file `{word}`")
    names = _names()
    hint = did_you_mean(word, names) or "there are " + ", ".join(f"`{name}`" for name in sorted(names))
    raise Stop(f"no mapping `{word}`; {hint}")
