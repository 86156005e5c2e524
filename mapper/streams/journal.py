"""Journal: a small file that records the progress of a run, so that a killed run can be resumed."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mapper.diagnostics import render
from mapper.diagnostics.codes import CODES
from mapper.diagnostics.stop import Stop
from mapper.streams.batches import Position
from mapper.streams.tally import FirstRejection, Tally
from mapper.transform.whole_file import replace_file

SUFFIX = ".progress"
HEAD = 64 * 1024  # bytes of an input that are compared


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run: everything before `position` is in the first `sizes` bytes of the outputs.

    `same` has a digest of everything that must not change before the run is resumed, by its name in words. In
    a run that `is_whole` only the outputs have still to get their names.
    """

    same: dict[str, str]
    position: Position
    sizes: list[int]
    tally: Tally
    is_whole: bool = False


def digest(value: object) -> str:
    """The SHA-256 of a JSON value, or of bytes, in hex digits."""
    data = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()


def digest_inputs(names: Sequence[str]) -> dict[str, str]:
    """For each input its size, its time of change and its first bytes."""
    found: dict[str, str] = {}
    for name in names:
        with Path(name).open("rb") as stream:
            status = os.fstat(stream.fileno())
            parts = [status.st_size, status.st_mtime_ns, digest(stream.read(HEAD))]
        found[f"the input `{name}`"] = digest(parts)
    return found


def write_journal(path: Path, progress: Progress) -> None:
    """Replace the journal in one step: after a crash it is the old or the new one."""
    fields = {
        "same": progress.same,
        "position": asdict(progress.position),
        "sizes": progress.sizes,
        "is_whole": progress.is_whole,
        "tally": _tally_fields(progress.tally),
    }
    data = json.dumps(fields, indent=1).encode("ascii")
    replace_file(path, data, path.with_name(path.name + ".new"))
    _sync_folder(path)


def read_journal(path: Path, same: dict[str, str]) -> Progress:
    """The progress of the run to resume; raises Stop if that run had another mapping, input or option."""
    try:
        fields = json.loads(path.read_bytes())
        tally = fields["tally"]
        progress = Progress(
            dict(fields["same"]),
            Position(**fields["position"]),
            [int(size) for size in fields["sizes"]],
            _tally(tally),
            bool(fields["is_whole"]),
        )
    except OSError as error:
        raise Stop(f"cannot read `{path.name}`: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Stop(f"`{path.name}` is no journal of a run; without `--resume` the run starts anew") from None
    for what in [*same, *progress.same]:
        if same.get(what) != progress.same.get(what):
            raise Stop(f"cannot resume: {what} changed since; without `--resume` the run starts anew")
    return progress


def _sync_folder(path: Path) -> None:
    """Bring the names in the folder of a file to disk, if the system can."""
    with suppress(OSError):
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _tally_fields(tally: Tally) -> dict[str, object]:
    return {
        "bodies": tally.bodies,
        "items": tally.items,
        "events": tally.events,
        "reasons": list(tally.reasons.items()),
        "codes": [[*entry] for entry in tally.codes.items()],
        "repairs": list(tally.repairs.items()),
        "firsts": [
            [codes, first.file, first.line, first.item, _text(first)] for codes, first in tally.firsts.items()
        ],
        "faults": tally.faults,
    }


def _text(first: FirstRejection) -> str:
    return first.text or render.render(first.diagnostics, "text", color=False)


def _tally(fields: dict[str, Any]) -> Tally:
    return Tally(
        bodies=int(fields["bodies"]),
        items=int(fields["items"]),
        events=int(fields["events"]),
        reasons=Counter({str(reason): int(count) for reason, count in fields["reasons"]}),
        codes=Counter({_codes(codes): int(count) for codes, count in fields["codes"]}),
        repairs=Counter({str(name): int(count) for name, count in fields["repairs"]}),
        firsts={
            _codes(codes): FirstRejection(str(file), int(line), int(item), (), str(text))
            for codes, file, line, item, text in fields["firsts"]
        },
        faults=[str(fault) for fault in fields["faults"]],
    )


def _codes(codes: list[object]) -> tuple[str, ...]:
    known = tuple(code for code in codes if isinstance(code, str) and code in CODES)
    if len(known) != len(codes):
        raise ValueError("codes of another version")
    return known
