"""Narrow payload: members of partly decoded objects, which are attributes.

Every use of a local is checked here: a use that needs more than the plan has decoded is refused (NotNarrow),
or tested at run time (NeedsFullDecode).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from mapper.codegen.decoded_payload import DecodedPayload
from mapper.codegen.plan import NotNarrow, PayloadPlace
from mapper.diagnostics.source import Span


@dataclass
class NarrowPayload(DecodedPayload):
    """The payload of the narrow path: values that are decoded as a whole are as on the decoded path.

    `attributes` has the attribute for each key. `places` has the place of each local that is decoded in part,
    or of the values of a list.
    """

    is_json: ClassVar[bool] = True
    attributes: dict[str, str] = field(default_factory=dict)
    places: dict[str, PayloadPlace] = field(default_factory=dict)

    def _open(self, local: str) -> PayloadPlace | None:
        place = self.places.get(local)
        return place if place is not None and place.is_open else None

    def changed_member(self, holder: str, name: str, span: Span | None = None) -> str:
        """As `member`, for holders that change: always looked up anew."""
        place = self._open(holder)
        if place is None:
            return super().changed_member(holder, name, span)
        member = _member(place, name)
        found = f"{holder}.{self.attributes[name]}"
        local = self._look_up(name, holder, found, _is_object(holder, place), span)
        self.places[local] = member
        return local

    def element(self, holder: str, index: int, span: Span | None = None) -> str:
        """The local that holds one element of the array in `holder`, or MISSING; an earlier one is reused."""
        return self.partial_element(holder, index, span) or super().element(holder, index, span)

    def partial_element(self, holder: str, index: int, span: Span | None = None) -> str | None:
        """As `element` if elements are decoded in part; None if they are not."""
        place = self._open(holder)
        if place is None:
            return None
        if holder in self.objects:
            return self._missing()
        # The elements of a body that is an item are items.
        elements = place if place.is_item else place.elements
        if elements is None or (place.is_item and place is not self.places.get("item")):
            raise NotNarrow("it reads an element that the plan does not know")
        local = super().element(holder, index, span)
        self.places[local] = elements
        return local

    def value(self, local: str) -> str:
        """The local, after a test that it holds no object or array that is decoded in part."""
        place = self._open(local)
        if place is None or self.writer.recall(("whole", local)) is not None:
            return local
        has_class = place.members or place.is_item
        tests = [_is_object(local, place) if has_class else f"type({local}) is dict"]
        if place.elements is not None or place.is_item:
            tests.append(f"type({local}) is list")
        self.writer.line(f"if {' or '.join(tests)}:")
        self.writer.line(f"    raise {self.writer.use('json.narrow', 'NeedsFullDecode')}")
        self.writer.remember(("whole", local), local)
        return local

    def values(self, nodes: str) -> str:
        """The list itself, if its values are decoded as a whole."""
        if self._open(nodes) is not None:
            raise NotNarrow("it collects values that it also reads from")
        return nodes

    def member_of_each(self, nodes: str, name: str, found: str) -> str:
        """The list of the members that the values in the list `nodes` have."""
        place = self._open(nodes)
        if place is None:
            return super().member_of_each(nodes, name, found)
        self.places[found] = _member(place, name)
        read = f"node.{self.attributes[name]}"
        tests = f"{_is_object('node', place)} and {read} is not {self._missing()}"
        return f"[{read} for node in {nodes} if {tests}]"

    def children(self, nodes: str) -> str:
        """The function that gives the children of any value, or the elements of arrays decoded in part."""
        if self._open(nodes) is None:
            return super().children(nodes)
        return self.writer.use("json.narrow", "elements")

    def note_elements(self, nodes: str, found: str) -> None:
        """Note that the list `found` will hold elements of the value in `nodes`, or of each in that list."""
        place = self._open(nodes)
        if place is None:
            return
        if place.elements is None:
            raise NotNarrow("a path looks into values of unknown shape")
        self.places[found] = place.elements

    def outcome(self, event: str) -> str:
        """The event as bytes."""
        return f"{self.writer.use('json.narrow', 'encode')}({event})"


def _member(place: PayloadPlace, name: str) -> PayloadPlace:
    member = place.members.get(name)
    if member is None:
        raise NotNarrow("it reads a key that the plan does not know")
    return member


def _is_object(holder: str, place: PayloadPlace) -> str:
    """The test that a partly decoded local holds an object."""
    # The body may have a class of its own, derived from that of items, with the places of items in it.
    return f"isinstance({holder}, {place.name})" if place.is_item else f"type({holder}) is {place.name}"
