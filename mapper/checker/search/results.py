"""Results of a search: the payload that it found, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from mapper.checker.search.runner import Payload


class Why(StrEnum):
    """The reason why a search found no payload, in words that end a sentence."""

    BUDGET = "the search ended before all values were tried"
    NO_PAYLOAD = "no payload was found that fits the source schema"
    NOTHING = "no payload was found for which it happens"


@dataclass(frozen=True, slots=True)
class Found:
    """The smallest payload found; it was run, and the whole mapping rejects it.

    `text` is the payload as a reader is shown it: if it is long, only the part that matters.
    """

    payload: Payload
    text: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """No payload was found. That proves nothing."""

    why: Why


SearchResult: TypeAlias = Found | NotFound
