"""New: files of samples become a mapping with its schema and its samples, in files that were not there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mapper.api import load
from mapper.authoring.draft import MappingDraft, draft_of
from mapper.authoring.infer import infer_files
from mapper.authoring.layout import lay_out
from mapper.authoring.new_files import write_new
from mapper.authoring.sample_choice import ReadFiles, case_bytes, choose, read_files
from mapper.authoring.traffic import WHOLE_BODY, Advance
from mapper.catalog import MAPPING_SUFFIXES
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.stop import Stop
from mapper.samples.cases import find_cases, result_document
from mapper.streams.inputs import STDIN

# The time of receipt of samples, if a mapping has no better time: samples give the same result on each day.
RECEIVED_AT = "2026-01-01T00:00:00Z"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z").match


@dataclass(frozen=True, slots=True)
class NewPlaces:
    """The files of a new mapping: `mappings/NAME.yaml`, `mappings/NAME/`, `schemas/NAME.schema.json`.

    For a path, the schema lies beside the mapping.
    """

    mapping: Path
    samples: Path
    schema: Path

    @property
    def name(self) -> str:
        """The name of the mapping."""
        return self.mapping.stem


@dataclass(frozen=True, slots=True)
class NewMapping:
    """A mapping that was written: its files, the draft, and the number of results of its samples."""

    places: NewPlaces
    draft: MappingDraft
    read: ReadFiles
    cases: tuple[Path, ...]
    events: int
    rejected: int

    def as_json(self) -> dict[str, object]:
        """The report of `mapper new --format json`, as `schemas/reports/new.schema.json` describes it."""
        return {
            "mapping": self.places.mapping.as_posix(),
            "schema": self.places.schema.as_posix(),
            "samples": [path.as_posix() for path in self.cases],
            "each": list(self.draft.each),
            "guesses": {
                name: {"paths": list(guess.paths), "reason": guess.reason, "is_sure": guess.is_sure}
                for name, guess in self.draft.guesses.items()
            },
            "bodies": len(self.read.bodies),
            "unread": self.read.unread,
            "events": self.events,
            "rejected": self.rejected,
        }


def places_of(word: str) -> NewPlaces:
    """The files of a mapping by its name or path; raises Stop for other words, and if one is there."""
    path = Path(word)
    if path.suffix in MAPPING_SUFFIXES:
        mapping, schema = path, path.with_name(f"{path.stem}.schema.json")
    elif len(path.parts) == 1:
        mapping, schema = Path("mappings", f"{word}.yaml"), Path("schemas", f"{word}.schema.json")
    else:
        raise Stop(f"`{word}` is neither a name nor a file that ends in {' or '.join(MAPPING_SUFFIXES)}")
    if not _NAME(mapping.stem):
        raise Stop(f"`{mapping.stem}` cannot be a name: take letters, digits, `_` and `-`")
    places = NewPlaces(mapping, mapping.with_suffix(""), schema)
    there = [
        one for one in (places.mapping, places.samples, places.schema) if one.exists() or one.is_symlink()
    ]
    if there:
        raise Stop(f"`{there[0].as_posix()}` exists; nothing is overwritten")
    return places


def write_mapping(
    places: NewPlaces, names: Sequence[str], advance: Advance = lambda name, done: None
) -> NewMapping:
    """Write the mapping, its schema and its samples, for samples or NDJSON by name.

    Guesses rest on the first 2,000 bodies, the schema on all. Raises Stop if there is no item, or a file
    cannot be written; BrokenInput if one cannot be read.
    """
    if STDIN in names:
        raise Stop("samples are read twice: write them into a file and name it")
    read = read_files(names, advance)
    bodies = [body.value for body in read.bodies]
    try:
        made = draft_of(places.name, bodies, places.schema.name)
    except ValueError as error:
        raise Stop(str(error), 1) from None
    inferred = infer_files(names, each=made.each or WHOLE_BODY, advance=advance)
    chosen = choose(read.bodies)
    time = RECEIVED_AT if made.reads_time_of_receipt else ""
    for folder in (places.mapping.parent, places.schema.parent):
        _make_folder(folder, may_exist=True)
    _make_folder(places.samples, may_exist=False)
    write_new(places.schema, lay_out(inferred.document).encode())
    write_new(places.mapping, made.text.encode())
    for body in chosen:
        write_new(places.samples / f"{body.case}.json", case_bytes(body.value, time))
    cases, events, rejected = _write_results(places.mapping)
    return NewMapping(places, made, read, cases, events, rejected)


def _write_results(mapping: Path) -> tuple[tuple[Path, ...], int, int]:
    """Write the expected result of each sample; the files of samples, and the counts of all results."""
    transform = load(mapping)
    events = rejected = 0
    kept: list[Path] = []
    for case in find_cases(mapping):
        sample = case.load()
        if isinstance(sample, Diagnostic):
            # A few bodies cannot be written as a sample, as those with an integer of thousands of digits.
            case.input.unlink()
            continue
        result = transform(sample.body, request=sample.request)
        case.write(result_document(result))
        events, rejected = events + len(result.events), rejected + len(result.rejected)
        kept.append(case.input)
    return tuple(kept), events, rejected


def _make_folder(path: Path, *, may_exist: bool) -> None:
    try:
        path.mkdir(parents=True, exist_ok=may_exist)
    except OSError as error:
        raise Stop(f"`{path.as_posix()}` cannot be made: {error.strerror or error}", 1) from None
