"""Recording: results are written to the outputs in order, and now and then the progress to the journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mapper.diagnostics.stop import Stop
from mapper.streams.batch_mapper import BatchResult
from mapper.streams.batches import Position
from mapper.streams.journal import Progress, write_journal
from mapper.streams.outputs import OutputStream
from mapper.streams.tally import Tally

CHECKPOINT = 32 * 1024 * 1024  # bytes of input between two entries in the journal


class Recording:
    """The outputs of a run (events, skipped, rejected; None if one is not wanted) and its journal.

    `same` has a digest of everything that must not change before the run is resumed; it is None if the run
    cannot be resumed.

    The order of steps makes a run survive: outputs reach the disk before the journal records it, and get
    their names after it records that they are whole.
    """

    def __init__(
        self, outputs: Sequence[OutputStream | None], journal: Path | None, same: dict[str, str] | None
    ) -> None:
        self.tally = Tally()
        self.position = Position()
        self.is_whole = False
        self._outputs = outputs
        self._given = [output for output in outputs if output is not None]
        self._journal = journal
        self._same = same or {}
        self._keeps_journal = same is not None
        self._since = 0

    def open(self, earlier: Progress | None) -> None:
        """Open the outputs: empty, or cut to the sizes in the journal of the earlier run."""
        try:
            self._open(earlier)
        except Stop:
            self.close()
            if earlier is None:
                for output in self._given:
                    output.discard()
            raise

    def _open(self, earlier: Progress | None) -> None:
        for output in self._given:
            output.open()
        sizes = [0] * len(self._given)
        if earlier is None:
            self._forget()
            self._note()
        else:
            self.tally, self.position, sizes = earlier.tally, earlier.position, earlier.sizes
        for output, size in zip(self._given, sizes, strict=True):
            if not output.go_on(size):
                raise Stop(f"cannot resume: `{output.part.name}` is shorter than it was")

    def write(self, result: BatchResult) -> None:
        """Write the lines of a part of an input."""
        lines = (result.events, result.skipped, result.rejected)
        for output, data in zip(self._outputs, lines, strict=True):
            if output is not None:
                output.write(data)
        self.tally.add(result.tally)
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
        self.publish()

    def publish(self) -> None:
        """The last steps of a run, also of one that was killed between them."""
        for output in self._given:
            output.publish()
        self._forget()
        self.is_whole = True

    def close(self) -> None:
        """Close the outputs as they are."""
        for output in self._given:
            output.close()

    def _forget(self) -> None:
        if self._journal is not None:
            self._journal.unlink(missing_ok=True)

    def _note(self, *, is_whole: bool = False) -> None:
        self._since = 0
        if self._keeps_journal and self._journal is not None:
            sizes = [output.size for output in self._given]
            progress = Progress(self._same, self.position, sizes, self.tally, is_whole)
            write_journal(self._journal, progress)
