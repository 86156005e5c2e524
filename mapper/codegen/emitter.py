"""Emitter: all that travels through the functions that write the code of one value.

Such a function takes an Emitter and the node, writes statements, and returns a local or literal that holds
the value, or MISSING. The writer takes the lines. The payload is how the module reaches members, in one of
two ways; `codegen.modules` lists all differences of the two modules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from mapper.codegen.decoded_payload import DecodedPayload
from mapper.codegen.writer import Writer, literal
from mapper.diagnostics.source import Span
from mapper.ir.vars import Var

ITEM, BODY, REQUEST, ROOM = "item", "body", "request", "room"


class VarReader(Protocol):
    """Writes the reads of vars (`codegen.var_code`)."""

    def read(self, at: Emitter, var: Var) -> str:
        """The local that holds the value of a var, or MISSING."""

    def read_open(self, at: Emitter, var: Var) -> str:
        """As `read`, for a caller that reads members of the value."""

    def lazy(self, at: Emitter, known: tuple[Var, ...]) -> str:
        """The expression of the vars that the library may read."""


@dataclass(frozen=True, slots=True)
class Emitter:
    """The writer, the payload, the vars of the program, and the Python locals in scope.

    `item`, `body` and `request` hold what `$`, `envelope` and the parts of a request mean; `room` holds the
    bytes left for lists that are measured in the making.
    """

    writer: Writer
    payload: DecodedPayload
    vars: VarReader | None = None
    item: str = ITEM
    body: str = BODY
    request: str = REQUEST
    room: str = ROOM
    # The path that leads to the item from that of the mapping, None if it is not known; see `ir.path_text`.
    origin: str | None = "$"
    field: str = ""  # the field of the event that is being set, for diagnostics: `event_properties.city`
    # The local that the caller wants filled. A node that needs no local of its own ignores it.
    into: str | None = None

    @property
    def var_reader(self) -> VarReader:
        """The writer of reads of vars, which only code of a program has."""
        assert self.vars is not None, "this code belongs to no program"
        return self.vars

    def filling(self, target: str | None) -> Emitter:
        """The same, to fill a local, or (None) a local of the node's own."""
        return self if self.into == target else replace(self, into=target)

    def of_field(self, name: str) -> Emitter:
        """The same, inside a field of the record that is being made."""
        return replace(self, field=f"{self.field}.{name}" if self.field else name)

    def of_mapping(self) -> Emitter:
        """The same, with the item of the mapping as `$`, as a var means it."""
        return replace(self, item=ITEM, origin="$")

    def fresh(self, otherwise: str) -> str:
        """A new local, named after the field that is being set; `otherwise` if none is."""
        return self.writer.fresh(self.field.rpartition(".")[2] or otherwise)

    def local(self, otherwise: str) -> str:
        """The local to fill: the one that the caller wants, or a new one."""
        return self.into or self.fresh(otherwise)

    def place(self, path: str | None) -> str | None:
        """A path on the item as one on the item of the mapping; None if it is not known."""
        if path is None or path.startswith("^"):
            return path
        return None if self.origin is None else self.origin + path[1:]

    def site(self, span: Span, path: str | None = None) -> int:
        """The number under which a fault finds its place in the mapping; `path` is the one that was read."""
        return self.writer.site(span, self.field, self.place(path))

    def fault(self, code: str, site: int, words: str = "", value: str = "") -> str:
        """The statement that raises a fault: words without values, and the local with the value, if any."""
        details = f", {literal(words)}" if words or value else ""
        given = f", {value}" if value else ""
        return f"raise {self.writer.use('faults', 'Fault')}({literal(code)}, {site}{details}{given})"
