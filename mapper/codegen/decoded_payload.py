"""Decoded payload: members of values that are decoded as a whole, which are dicts and lists.

It is the interface through which all code reaches members. `codegen.narrow_payload` is the other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mapper.codegen.writer import Writer, literal
from mapper.diagnostics.source import Span


@dataclass
class DecodedPayload:
    """The payload of the decoded path.

    `objects` are locals that certainly hold an object. `is_json` is true if all values are certainly JSON.
    """

    writer: Writer
    objects: frozenset[str] = frozenset()
    is_json: ClassVar[bool] = False  # a host may have parsed the body

    def member(self, holder: str, name: str, span: Span | None = None) -> str:
        """The local that holds a member of the object in `holder`, or MISSING; an earlier one is reused."""
        key = ("member", holder, name)
        local = self.writer.recall(key)
        if local is None:
            local = self.changed_member(holder, name, span)
            self.writer.remember(key, local)
        return local

    def changed_member(self, holder: str, name: str, span: Span | None = None) -> str:
        """As `member`, for holders that change: always looked up anew."""
        found = f"{holder}.get({literal(name)}, {self._missing()})"
        return self._look_up(name, holder, found, f"isinstance({holder}, dict)", span)

    def _look_up(self, name: str, holder: str, found: str, is_object: str, span: Span | None) -> str:
        local = self.writer.fresh(name)
        otherwise = "" if holder in self.objects else f" if {is_object} else {self._missing()}"
        self.writer.line(f"{local} = {found}{otherwise}", span)
        return local

    def _missing(self) -> str:
        return self.writer.use("missing", "MISSING")

    def element(self, holder: str, index: int, span: Span | None = None) -> str:
        """The local that holds one element of the array in `holder`, or MISSING; an earlier one is reused."""
        local = self.writer.recall(("element", holder, index))
        if local is None:
            local = self.writer.fresh("element")
            is_there = f"isinstance({holder}, list) and {within(holder, index)}"
            self.writer.line(f"{local} = {holder}[{index}] if {is_there} else {self._missing()}", span)
            self.writer.remember(("element", holder, index), local)
        return local

    def partial_element(self, holder: str, index: int, span: Span | None = None) -> str | None:
        """As `element` if elements are decoded in part; None if they are not."""
        return None

    def value(self, local: str) -> str:
        """The local that holds the JSON value itself, for uses that need all of it."""
        return local

    def values(self, nodes: str) -> str:
        """As `value`, of each value in the list `nodes`."""
        return nodes

    def member_of_each(self, nodes: str, name: str, found: str) -> str:
        """The list of the members that the values in the list `nodes` have, to be held by `found`."""
        key = literal(name)
        return f"[node[{key}] for node in {nodes} if isinstance(node, dict) and {key} in node]"

    def children(self, nodes: str) -> str:
        """The function that gives the children of the value in `nodes`, or of a value in that list."""
        return self.writer.use("jsonpath", "children")

    def note_elements(self, nodes: str, found: str) -> None:
        """Note that the list `found` will hold elements of the value in `nodes`, or of each in that list."""

    def outcome(self, event: str) -> str:
        """The result of `event` for the event in a local."""
        return event


def within(array: str, index: int) -> str:
    """The test that an index is inside an array."""
    if index in (0, -1):
        return array
    return f"len({array}) > {index}" if index > 0 else f"len({array}) >= {-index}"
