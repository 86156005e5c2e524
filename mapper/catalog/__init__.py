"""Catalog: the folders of mappings, schemas, dialects and profiles on disk, and the names to look up."""

from __future__ import annotations

from pathlib import Path

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.diagnostics.files import no_file
from mapper.diagnostics.source import SpannedText

MAPPING_SUFFIXES = (".yaml", ".yml")


def _home() -> Path:
    """The folder that holds `mappings/` and `schemas/`: inside an installed wheel, or a checkout's root."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "shipped"
    return shipped if shipped.is_dir() else package.parent


def shipped_mappings() -> Path:
    """The folder of the mappings that come with the library."""
    return _home() / "mappings"


def shipped_schemas() -> Path:
    """The folder of the schemas that come with the library."""
    return _home() / "schemas"


def find_mappings(directory: Path | None = None) -> list[Path]:
    """The mapping files of a folder (default: the shipped ones), by name.

    Reading one that is a pipe, or a broken link, reports so.
    """
    folder = shipped_mappings() if directory is None else directory
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in MAPPING_SUFFIXES and not path.is_dir())


def find_mapping(name: str) -> Path | None:
    """A mapping by path, or a shipped one by name; None if there is neither."""
    path = Path(name)
    if path.suffix in MAPPING_SUFFIXES and is_file(path):
        return path
    return next((found for found in find_mappings() if found.stem == name), None)


def require_mapping(name: str, report: Report) -> Path | None:
    """As `find_mapping`; an unknown name is a path if it looks like one, else it is reported (M003)."""
    path = find_mapping(name)
    if path is None and (Path(name).suffix in MAPPING_SUFFIXES or "/" in name):
        return Path(name)  # reading it reports why it cannot be read
    if path is None:
        known = mapping_names()
        hint = did_you_mean(name, known) or "shipped are " + ", ".join(f"`{n}`" for n in known)
        report.error("M003", f"no mapping `{name}`", None, "", hint)
    return path


def folder_of(filename: str) -> Path | None:
    """The folder of a mapping whose file name is known; None if it is no name of a file.

    The file may not be saved yet: its folder is there already.
    """
    path = Path(filename)
    is_named = path.suffix in MAPPING_SUFFIXES and path.parent.is_dir()
    return path.parent if is_named or is_file(path) else None


def mapping_names() -> list[str]:
    """The names of the shipped mappings."""
    return [path.stem for path in find_mappings()]


def find_schema(name: SpannedText, beside: Path | None, report: Report) -> Path | None:
    """The schema a mapping names: beside the mapping, in a `schemas/` folder next to it, or shipped.

    Reports M005 for a name that reaches elsewhere and M004 if there is no such file.
    """
    return _find(name, schema_folders(beside), "schema", "M004", report)


def schema_folders(beside: Path | None) -> list[Path]:
    """The folders in which a schema is looked up, the first first; `beside` is that of the mapping."""
    own = [] if beside is None else [beside, beside / "schemas", beside.parent / "schemas"]
    return [*own, shipped_schemas()]


def find_dialect(name: SpannedText, beside: Path | None, report: Report) -> Path | None:
    """The dialect file of a name: `dialects/<name>.yaml` beside the mapping, or shipped; reports M009."""
    return _find(name, dialect_folders(beside), "dialect", "M009", report, ".yaml")


def dialect_folders(beside: Path | None) -> list[Path]:
    """The folders in which a dialect is looked up, the first first."""
    return [*([] if beside is None else [beside / "dialects"]), shipped_mappings() / "dialects"]


def find_profile(name: SpannedText, beside: Path | None, report: Report) -> Path | None:
    """The profile of a vendor: `profiles/<name>.yaml` beside the configuration, or shipped; reports M014."""
    folders = [shipped_mappings() / "profiles"]
    if beside is not None:
        folders = [beside / "profiles", *folders]
    return _find(name, folders, "profile", "M014", report, ".yaml", "configuration")


def _find(
    name: SpannedText,
    folders: list[Path],
    kind: str,
    code: str,
    report: Report,
    suffix: str = "",
    owner: str = "mapping",
) -> Path | None:
    span = name.whole()
    if not is_plain_name(name.value):
        report.error(
            "M005",
            f"`{name.value}` is not the plain name of a {kind}",
            span,
            "a name holds no folder, no `..` and no address",
            f"put the {kind} beside the {owner} and name it alone",
        )
        return None
    paths = [folder / (name.value + suffix) for folder in folders]
    for path in paths:
        if is_file(path):
            return path
    obstacle = next(filter(None, map(no_file, paths)), "")
    known = sorted(
        {p.name.removesuffix(suffix) for f in folders if f.is_dir() for p in f.glob(f"*{suffix or '.json'}")}
    )
    label = f"it {obstacle}" if obstacle else "no such file"
    report.error(code, f"no {kind} `{name.value}`", span, label, did_you_mean(name.value, known))
    return None


def is_file(path: Path) -> bool:
    """True if the path is that of a file; False also for names that no file can have."""
    try:
        return path.is_file()
    except OSError:  # the name is too long, or a folder on the way is closed to us
        return False


def is_plain_name(name: str) -> bool:
    """True if a name from a mapping stays inside the catalog's folders."""
    return bool(name) and name[0] != "." and not any(c in "/\\:\0" or c < " " for c in name)
