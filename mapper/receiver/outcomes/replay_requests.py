"""Replay requests: a replay as a question to the receiver that has the spool open, and its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mapper.diagnostics.diagnostic import Report
from mapper.receiver.delivery.undelivered import UndeliveredFilter, queue_again
from mapper.receiver.outcomes.dead_letters import DeadLetterFilter, Replayed, Replayer
from mapper.receiver.outcomes.served_mapping import load_mapping
from mapper.receiver.spool.tables import SpoolError


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """The rejected items and the undelivered events that are meant, None for none of them.

    `mapping` is used for the items in place of that of their source.
    """

    chosen: DeadLetterFilter | None
    mapping: Path | None = None
    dry_run: bool = False
    undelivered: UndeliveredFilter | None = None

    def question(self) -> dict[str, Any]:
        """The request as JSON."""
        mapping = None if self.mapping is None else str(self.mapping.absolute())
        return {
            "replay": None if self.chosen is None else asdict(self.chosen),
            "undelivered": None if self.undelivered is None else asdict(self.undelivered),
            "mapping": mapping,
            "dry_run": self.dry_run,
        }

    @classmethod
    def read(cls, question: dict[str, Any]) -> ReplayRequest:
        """The request of a question; raises KeyError and TypeError for other questions."""
        mapping = question["mapping"]
        items, events = question["replay"], question["undelivered"]
        return cls(
            None if items is None else DeadLetterFilter(**items),
            None if mapping is None else Path(mapping),
            bool(question["dry_run"]),
            None if events is None else UndeliveredFilter(**events),
        )

    def run(self, replayer: Replayer) -> dict[str, Any]:
        """Replay, and give the counts as JSON, or an error."""
        other = None
        if self.mapping is not None:
            report = Report()
            other = load_mapping(self.mapping, report)
            if other is None:
                codes = " ".join(dict.fromkeys(diagnostic.code for diagnostic in report.ordered()))
                return {"error": f"`{self.mapping}` does not compile ({codes}); see `mapper check`"}
        try:
            done = Replayed()
            if self.chosen is not None:
                done = replayer.replay(self.chosen, other, self.dry_run)
            if self.undelivered is not None:
                done.queued = queue_again(replayer.spool, self.undelivered, self.dry_run)
        except SpoolError as error:
            return {"error": str(error)}
        counts, refused = dict(done.counts), dict(done.refused)
        return {"letters": done.letters, "counts": counts, "refused": refused, "queued": done.queued}


def read_answer(answer: dict[str, Any]) -> Replayed | str:
    """The counts of an answer, or its error."""
    if "error" in answer:
        return str(answer["error"])
    counts, refused = Counter(answer["counts"]), Counter(answer["refused"])
    return Replayed(answer["letters"], counts, refused, answer["queued"])


def answering(
    replay: Callable[[ReplayRequest], dict[str, Any]],
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answers questions with a replay."""
    return lambda question: replay(ReplayRequest.read(question))
