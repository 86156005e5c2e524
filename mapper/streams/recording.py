"""Recording: results are written to the outputs in order, and now and then the progress to the journal.

The order of steps makes a run survive kills and power cuts; "synced" means that it is on disk:

1. The parts are made and locked, and their folders synced. The journal records that they are empty, or the
   sizes from which the run goes on. Then they are cut to these sizes.
2. A checkpoint: the parts are synced, then the journal records their sizes.
3. The end: the parts are synced, and the journal records that they are whole. The parts get their names, the
   file for events last. Their folders are synced. The journal is removed; if that is lost in a power cut, a
   run that is resumed removes it again.

The journal is replaced as `transform.whole_file` describes: its part is synced, gets the name, and the folder
is synced, before the next step begins. The lock of the part for events guards the journal.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mapper.diagnostics.stop import Stop
from mapper.streams.batch_mapper import BatchResult
from mapper.streams.batches import Position
from mapper.streams.journal import Checkpoint, Journal, checkpoint, go_back, write_journal
from mapper.streams.outputs import OutputStream
from mapper.streams.tally import Tally
from mapper.transform.whole_file import find_obstacle, sync_folder

CHECKPOINT = 32 * 1024 * 1024  # bytes of input between two entries in the journal


class Recording:
    """The outputs of a run (events, skipped, rejected; None if one is not wanted) and its journal.

    `same` has a digest of everything that must not change before the run is resumed; it is None if the run
    cannot be resumed. `inputs` has a digest of each input.
    """

    def __init__(
        self,
        outputs: Sequence[OutputStream | None],
        journal: Path | None,
        same: Mapping[str, str] | None,
        inputs: Sequence[str],
    ) -> None:
        self.tally = Tally()
        self.position = Position()
        self.is_whole = False
        self.inputs = inputs
        self._outputs = outputs
        self._given = [output for output in outputs if output is not None]
        self._journal = journal
        self._same = dict(same or {})
        self._keeps_journal = same is not None
        self._since = 0
        self._last = self._before = Checkpoint(sizes=[0] * len(self._given))

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return len(self._given)

    def open(self) -> None:
        """Open and lock the outputs; they stay as they are. Raises Stop if that cannot be."""
        try:
            for output in self._given:
                output.open()
            obstacle = None if self._journal is None else find_obstacle(self._journal)
            if obstacle is not None:
                raise Stop(f"cannot write `{self._given[0].name}`: {obstacle.strerror}")
        except BaseException:
            self.abandon()
            raise

    def begin(self, start: Checkpoint | None = None, before: Checkpoint | None = None) -> None:
        """Go on from a checkpoint, or from the beginning; `before` is the last one in an earlier input."""
        start, before = start or self._last, before or self._before
        for output, size in zip(self._given, start.sizes, strict=True):
            if output.part_size() < size:
                raise Stop(f"cannot resume: `{output.part.name}` is shorter than it was")
            output.sync_name()
        self.tally, self.position = start.tally(), start.position
        self._last, self._before = start, before
        if self._keeps_journal:
            self._write_journal()
        elif self._journal is not None and self._journal_mark() is not None:
            os.unlink(self._journal)
            sync_folder(self._journal)
        for output, size in zip(self._given, start.sizes, strict=True):
            output.go_on(size)

    def publish_earlier(self, end: Checkpoint) -> None:
        """The last steps of a run that was whole and did not end."""
        for output, size in zip(self._given, end.sizes, strict=True):
            if not output.is_whole(size):
                raise Stop(f"cannot resume: `{output.part.name}` is not what it was")
        self.tally = end.tally()
        self._publish()
        self.close()

    def write(self, result: BatchResult) -> None:
        """Write the lines of a part of an input."""
        lines = (result.events, result.skipped, result.rejected)
        for output, data in zip(self._outputs, lines, strict=True):
            if output is not None:
                output.write(data)
        self.tally.add(result.tally)
        if result.is_amid:  # a run that is resumed maps this body again: its lines are cut off
            return
        self.position = result.after
        self._since += result.size
        if self._keeps_journal and self._since >= CHECKPOINT:
            self.save()

    def save(self) -> None:
        """Bring the outputs to disk, then the journal."""
        for output in self._given:
            output.flush()
        self._note()

    def finish(self) -> None:
        """Give the outputs their names and remove the journal."""
        for output in self._given:
            output.finish()
        self._note(is_whole=True)
        self._publish()

    def break_off(self, file: int) -> None:
        """Record that an input could not be read to its end: it may change before the run is resumed.

        Then it is read from its beginning. The content of a damaged gzip file may be wrong long before the
        damage is found.
        """
        self._last, self._before = go_back(self._last, self._before, file)
        if self._keeps_journal:
            with suppress(OSError):  # the run ends with the word on its input
                self._write_journal(is_broken=True)

    def abandon(self) -> None:
        """Close the outputs of a run that is refused; what it made for itself is removed."""
        for output in self._given:
            with suppress(OSError):
                output.discard()
        self.close()

    def close(self) -> None:
        """Close the outputs as they are."""
        for output in self._given:
            output.close()

    def _publish(self) -> None:
        mark = self._journal_mark()
        for output in reversed(self._given):
            output.publish()
        for output in self._given:
            output.sync_name()
        # Once the events have their name, another run may have begun and written its own journal.
        if self._journal is not None and mark is not None and mark == self._journal_mark():
            os.unlink(self._journal)
        self.is_whole = True

    def _journal_mark(self) -> tuple[int, int, int] | None:
        if self._journal is None:
            return None
        try:
            status = os.lstat(self._journal)
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino, status.st_mtime_ns

    def _note(self, *, is_whole: bool = False) -> None:
        """Make the present point a checkpoint."""
        self._since = 0
        if self._keeps_journal:
            here = checkpoint(self.position, [output.size for output in self._given], self.tally)
            if here.file > self._last.file:
                self._before = self._last
            self._last = here
            self._write_journal(is_whole=is_whole)

    def _write_journal(self, *, is_whole: bool = False, is_broken: bool = False) -> None:
        if self._journal is not None:
            journal = Journal(
                same=self._same,
                inputs=list(self.inputs),
                last=self._last,
                before=self._before,
                is_whole=is_whole,
                is_broken=is_broken,
            )
            write_journal(self._journal, journal)
