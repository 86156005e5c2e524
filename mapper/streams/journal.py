"""Journal: a small file that records the progress of a run, so that a run that did not end can be resumed.

It is a sealed file (see `transform.sealed`). One that was cut or altered is refused, and so is one with a
member too many, too few or of a wrong type.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec

from mapper.diagnostics import render
from mapper.diagnostics.codes import CODES
from mapper.diagnostics.stop import Stop
from mapper.streams.batches import Position
from mapper.streams.tally import FirstRejection, Tally, code_of
from mapper.transform.sealed import SealFault, seal, unseal
from mapper.transform.whole_file import read_part, replace_file

SUFFIX = ".progress"
VERSION = 2  # changes with the members of Journal
MAX_BYTES = 64 * 1024 * 1024
_KIND = "mapper journal"
_ANEW = "without `--resume` the run starts anew"
_OTHER_BUILD = f"cannot resume: another build of mapper wrote the journal; {_ANEW}"

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Line: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]


class FirstFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first rejection with some faults, as FirstRejection has it."""

    faults: list[str]
    file: str
    line: Line
    item: Count
    text: str


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point that a run has reached: all before it is in the first `sizes` bytes of the outputs.

    `file`, `offset` and `line` are its position in the inputs; the others are the counts up to there.
    """

    file: Count = 0
    offset: Count = 0
    line: Line = 1
    sizes: list[Count] = []
    bodies: Count = 0
    items: Count = 0
    events: Count = 0
    reasons: dict[str, Count] = {}
    faults: list[tuple[list[str], Count]] = []
    repairs: dict[str, Count] = {}
    firsts: list[FirstFields] = []

    @property
    def position(self) -> Position:
        """Its position in the inputs."""
        return Position(self.file, self.offset, self.line)

    @property
    def order(self) -> tuple[int, int]:
        """Its position, to be compared with others."""
        return self.file, self.offset

    @property
    def is_sound(self) -> bool:
        """True if its counts add up, its codes exist, and there is a first rejection for each of them."""
        faults, firsts = [found for found, _ in self.faults], [first.faults for first in self.firsts]
        ended = self.events + sum(self.reasons.values()) + sum(count for _, count in self.faults)
        are_known = all(code_of(fault) in CODES for found in faults for fault in found)
        return ended == self.items and are_known and sorted(faults) == sorted(firsts)

    def tally(self) -> Tally:
        """The counts of everything before it."""
        return Tally(
            bodies=self.bodies,
            items=self.items,
            events=self.events,
            reasons=Counter(self.reasons),
            faults=Counter({tuple(faults): count for faults, count in self.faults}),
            repairs=Counter(self.repairs),
            firsts={
                tuple(first.faults): FirstRejection(first.file, first.line, first.item, (), first.text)
                for first in self.firsts
            },
        )


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The progress of a run.

    `same` has a digest of everything that must not change before the run is resumed, by its name in words;
    `inputs` has one of each input. `last` is the last checkpoint, `before` the last one in an earlier input
    than that. In a run that `is_whole` only the outputs have still to get their names. A run that `is_broken`
    ended at an input that could not be read to its end, so its inputs may change.
    """

    same: dict[str, str]
    inputs: list[str]
    last: Checkpoint
    before: Checkpoint
    is_whole: bool = False
    is_broken: bool = False


def checkpoint(position: Position, sizes: Sequence[int], tally: Tally) -> Checkpoint:
    """The checkpoint at a position."""
    return Checkpoint(
        file=position.file,
        offset=position.offset,
        line=position.line,
        sizes=list(sizes),
        bodies=tally.bodies,
        items=tally.items,
        events=tally.events,
        reasons=dict(tally.reasons),
        faults=[(list(faults), count) for faults, count in tally.faults.items()],
        repairs=dict(tally.repairs),
        firsts=[
            FirstFields(list(faults), first.file, first.line, first.item, _text(first))
            for faults, first in tally.firsts.items()
        ],
    )


def write_journal(path: Path, journal: Journal) -> None:
    """Replace the journal in one step: after a crash it is the old or the new one."""
    # In ASCII: the name of a file may hold what UTF-8 cannot.
    content = json.dumps(msgspec.to_builtins(journal), sort_keys=True, indent=1).encode("ascii")
    replace_file(path, seal(_KIND, VERSION, content), part_of(path))


def part_of(path: Path) -> Path:
    """The file that becomes the journal once it is written."""
    return path.with_name(path.name + ".new")


def read_journal(path: Path) -> Journal:
    """The journal of a run; raises Stop if it is damaged or is none at all."""
    try:
        content = unseal(_KIND, VERSION, read_part(path, MAX_BYTES))
    except OSError as error:
        raise Stop(f"cannot read `{path.name}`: {error.strerror}") from None
    match content:
        case SealFault.OTHER_KIND:
            raise Stop(f"`{path.name}` is no journal of a run; {_ANEW}")
        case SealFault.OTHER_VERSION:
            raise Stop(f"`{path.name}` is a journal of another version of mapper; {_ANEW}")
        case SealFault.DAMAGED:
            raise Stop(f"`{path.name}` is damaged: it was cut short or altered; {_ANEW}")
    try:
        journal = msgspec.convert(json.loads(content), Journal)
        if _is_sound(journal):
            return journal
    except (ValueError, RecursionError):
        pass
    raise Stop(_OTHER_BUILD)


def starting_point(
    journal: Journal, same: Mapping[str, str], names: Sequence[str], inputs: Sequence[str], outputs: int
) -> tuple[Checkpoint, Checkpoint]:
    """The checkpoint to go on from, and the last one in an earlier input than that.

    It has read nothing of an input that changed. Raises Stop if an input changed although the run did not end
    at a broken one, or if the run had another mapping or option.
    """
    for what in [*same, *journal.same]:
        if same.get(what) != journal.same.get(what):
            raise Stop(f"cannot resume: {what} changed since; {_ANEW}")
    if (len(journal.inputs), len(journal.last.sizes)) != (len(inputs), outputs):
        raise Stop(_OTHER_BUILD)
    changed = [number for number, found in enumerate(inputs) if found != journal.inputs[number]]
    if changed and not journal.is_broken:
        raise Stop(f"cannot resume: the input `{names[changed[0]]}` changed since; {_ANEW}")
    return go_back(journal.last, journal.before, changed[0]) if changed else (journal.last, journal.before)


def go_back(last: Checkpoint, before: Checkpoint, file: int) -> tuple[Checkpoint, Checkpoint]:
    """The latest of two checkpoints and the start that has read nothing of an input, and its `before`."""
    start = Checkpoint(sizes=[0] * len(last.sizes))
    if last.order <= (file, 0):
        return last, before
    return (before if before.order <= (file, 0) else start), start


def _is_sound(journal: Journal) -> bool:
    before, last = journal.before, journal.last
    is_in_order = before.order <= last.order <= (len(journal.inputs), 0)
    return is_in_order and len(before.sizes) == len(last.sizes) and before.is_sound and last.is_sound


def _text(first: FirstRejection) -> str:
    return first.text or render.render(first.diagnostics, "text", color=False)
