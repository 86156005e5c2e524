"""Chart: the outcomes of the last hour as bars of an SVG picture, a minute each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mapper.receiver.web.tally import MinuteCounts

WIDTH = 4  # of a bar with the gap behind it
HEIGHT = 44
KINDS = ("events", "skipped", "rejected")


@dataclass(frozen=True, slots=True)
class ChartBar:
    """A part of a bar: its kind, which is its class, and its place in the picture."""

    kind: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class HourChart:
    """The bars of an hour, and the sums."""

    bars: tuple[ChartBar, ...]
    total: MinuteCounts
    width: int
    height: int = HEIGHT


def hour_chart(minutes: Sequence[MinuteCounts]) -> HourChart:
    """The picture of some minutes; a minute with any outcome of a kind shows at least a line of it."""
    highest = max((sum(_counts(minute)) for minute in minutes), default=0)
    bars = []
    total = MinuteCounts()
    for index, minute in enumerate(minutes):
        total = total.plus(minute)
        y = float(HEIGHT)
        for kind, count in zip(KINDS, _counts(minute), strict=True):
            if count:
                height = max(round(count / highest * (HEIGHT - 6), 2), 2.0)
                y -= height
                bars.append(ChartBar(kind, index * WIDTH, round(y, 2), height))
    return HourChart(tuple(bars), total, len(minutes) * WIDTH)


def _counts(minute: MinuteCounts) -> tuple[int, int, int]:
    return minute.events, minute.skipped, minute.rejected
