"""Replay requests: a replay as a question to the receiver that has the spool open, and its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mapper.diagnostics.diagnostic import Report
from mapper.receiver.dead_letters import DeadLetterFilter, Replayed, Replayer
from mapper.receiver.served_mapping import load_mapping
from mapper.receiver.spool_schema import SpoolError


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """The dead letters that are meant, a mapping to be used in place of that of their source, or none."""

    chosen: DeadLetterFilter
    mapping: Path | None = None
    dry_run: bool = False

    def question(self) -> dict[str, Any]:
        """The request as JSON."""
        mapping = None if self.mapping is None else str(self.mapping.absolute())
        return {"replay": asdict(self.chosen), "mapping": mapping, "dry_run": self.dry_run}

    @classmethod
    def read(cls, question: dict[str, Any]) -> ReplayRequest:
        """The request of a question; raises KeyError and TypeError for other questions."""
        mapping = question["mapping"]
        chosen = DeadLetterFilter(**question["replay"])
        return cls(chosen, None if mapping is None else Path(mapping), bool(question["dry_run"]))

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
            done = replayer.replay(self.chosen, other, self.dry_run)
        except SpoolError as error:
            return {"error": str(error)}
        return {"letters": done.letters, "counts": dict(done.counts), "refused": dict(done.refused)}


def read_answer(answer: dict[str, Any]) -> Replayed | str:
    """The counts of an answer, or its error."""
    if "error" in answer:
        return str(answer["error"])
    return Replayed(answer["letters"], Counter(answer["counts"]), Counter(answer["refused"]))


def answering(
    replay: Callable[[ReplayRequest], dict[str, Any]],
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answers questions with a replay."""
    return lambda question: replay(ReplayRequest.read(question))
