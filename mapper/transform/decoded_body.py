"""Decoded body: a payload that is parsed as a whole, and its items, which are mapped one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from mapper.runtime.items import Alternative
from mapper.runtime.json.foreign import PlainCopy
from mapper.runtime.repair.policy import Repair
from mapper.transform.collector import Locate, locations
from mapper.transform.request import Request
from mapper.transform.result import Rejected, Skipped, set_item
from mapper.transform.room import Room

if TYPE_CHECKING:
    from mapper.runtime.json.deep import DeepReader

Other = TypeVar("Other", Rejected, Skipped, Rejected | Skipped)


@dataclass(slots=True, repr=False)
class DecodedBody:
    """A body and its `items`; if it is `rejected` as a whole, it has none.

    `whole` is the item of a rejection of the whole body: its bytes if it nests too deep. `is_plain` is false
    if its values may not be JSON. `deep` is set if items may nest too deep; it knows their bytes. `may_raise`
    is set if the body may hold types of the host's own: an exception is then no defect, and a plain copy of
    the item is mapped instead. `room` is set if its events have to be measured; `writes` if they become
    bytes. `given` finds what the host has given for an item.
    """

    value: object
    whole: object
    request: Request
    is_plain: bool = True
    is_parsed: bool = False
    may_raise: bool = False
    deep: DeepReader | None = None
    repairs: tuple[Repair, ...] = ()
    given: Callable[[object], object] | None = None
    items: list[object] = field(default_factory=list)
    rejected: Rejected | None = None
    room: Room | None = None
    writes: bool = False
    alternatives: tuple[Alternative, ...] = ()
    _locate: Locate | None = None
    _copy: DecodedBody | None = None

    def location(self, index: int) -> str | None:
        """The location of an item; None if it is not known. Locations are computed once, if at all."""
        if self._locate is None:
            try:
                self._locate = locations(self.alternatives, self.value)
            except Exception:
                if not self.may_raise:
                    raise
                self._locate = locations(self.alternatives, self.copied().value)
        return self._locate(index)

    def end(self, other: Other) -> Other:
        """A skip or rejection with the item as the host has given it."""
        if self.given is not None:
            set_item(other, self.given(other.item))
        return other

    def copied(self) -> DecodedBody:
        """The same body without types of the host's own; made once."""
        if self._copy is None:
            copy = PlainCopy(self.value)
            self._copy = replace(
                self, value=copy.value, whole=copy.value, may_raise=False, given=copy.original, _locate=None
            )
        return self._copy
