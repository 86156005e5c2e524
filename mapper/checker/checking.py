"""Checking: the inputs that all checks of one program share, and the search for payloads that refute."""

from __future__ import annotations

from dataclasses import dataclass, field

from mapper import ir
from mapper.checker.answers import OpenQuestion, Refuted
from mapper.checker.inference.findings import UNDESCRIBED, Inference
from mapper.checker.inference.payload_types import PayloadTypes, payload_types
from mapper.checker.inference.program_types import infer_program, infer_tame
from mapper.checker.name_checks import KnownNames
from mapper.checker.search.counterexamples import MAX_RUNS, CounterexampleSearch, Judge
from mapper.checker.search.results import Found, NotFound
from mapper.checker.types import NEVER, Type
from mapper.diagnostics.diagnostic import Report
from mapper.ir.liquid import walk_with_vars
from mapper.schemas.schema import Schema


@dataclass(frozen=True, slots=True)
class Checking:
    """The inputs of all checks of one program; `search` is None if nothing may be run.

    `tame` and `bare` are filled by the first call of `tamed` and `without_schemas`: many programs need no
    second inference.
    """

    program: ir.Program
    payload: PayloadTypes
    names: KnownNames
    target: Schema
    notes: Inference
    report: Report
    search: CounterexampleSearch | None
    tame: list[Inference] = field(default_factory=list, repr=False)
    bare: list[Inference] = field(default_factory=list, repr=False)

    def tamed(self) -> Inference:
        """The inference that supposes a harmless text wherever there is no schema."""
        if not self.tame:
            self.tame.append(infer_tame(self.program, self.payload))
        return self.tame[0]

    def without_schemas(self) -> Inference:
        """The inference that knows the mapping, and nothing of its payloads."""
        if not self.payload.knows_item:
            return self.notes
        if not self.bare:
            self.bare.append(infer_program(self.program, payload_types(self.program, None, None)))
        return self.bare[0]

    def leave(self, value: object) -> None:
        """Note that a question about a value stays open because no schema describes what it reads."""
        read = _read_by(value) if self.payload.knows_item else ["item"]
        self.notes.unchecked.update(dict.fromkeys(name for name in UNDESCRIBED if name in read))

    def ask(
        self,
        entry: ir.Field | None,
        is_wrong: Judge,
        focus: object = None,
        bad: Type = NEVER,
        max_runs: int = MAX_RUNS,
        wanted: Type | None = None,
    ) -> Refuted | OpenQuestion | None:
        """The answer of a search for a payload that is wrong; None if nothing may be run.

        Nothing may be run if the mapping has errors, so that it does not compile whatever the answer is.
        """
        if self.search is None:
            return None
        match self.search.find(entry, is_wrong, focus, bad, max_runs, wanted):
            case Found(text=text):
                return Refuted(text)
            case NotFound(why):
                return OpenQuestion(why)


def _read_by(value: object) -> frozenset[str]:
    """The names of the parts of a request that a value reads, besides the item."""
    names = set()
    for node in walk_with_vars(value):
        match node:
            case ir.FromRequest(part):
                names.add(part.value)
            case ir.Path(ir.Root.BODY) | ir.Lookup(name="envelope"):
                names.add("envelope")
            case ir.Lookup(name=name):
                names.add(name)
            case _:
                pass
    return frozenset(names)
