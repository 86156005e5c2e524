"""Infer: bodies of requests become a JSON Schema of their items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mapper.authoring.inferred_schema import ENOUGH, schema_of
from mapper.authoring.observations import Observer
from mapper.authoring.traffic import Advance, BrokenBody, ItemReader, Traffic, read_each


@dataclass(frozen=True, slots=True)
class InferredSchema:
    """A schema and the numbers behind it.

    `document` is the JSON Schema of an item. `samples` are the items it was made of, `bodies` all bodies,
    `unread` those that cannot be read; `broken` names the first of these. `without_items` are bodies in which
    `each` found nothing, `unmatched` elements in which the rest of a path found nothing.
    """

    document: dict[str, Any] = field(repr=False)
    samples: int
    bodies: int
    unread: int = 0
    broken: tuple[BrokenBody, ...] = ()
    without_items: int = 0
    unmatched: int = 0
    left_out: int = 0

    def as_json(self) -> dict[str, object]:
        """The report of `mapper infer --format json`, as `schemas/reports/infer.schema.json` describes it."""
        return {
            "schema": self.document,
            "samples": self.samples,
            "bodies": self.bodies,
            "unread": self.unread,
            "broken": [{"file": b.file, "line": b.line, "reason": b.reason} for b in self.broken],
            "without_items": self.without_items,
            "unmatched": self.unmatched,
        }


def infer(
    bodies: Iterable[object], *, each: str | Sequence[str] = "$", required_from: int = ENOUGH
) -> InferredSchema:
    """The schema of the items of bodies: bytes or text of JSON, or parsed; an open NDJSON file is one.

    `each` is a path, or several, as in a mapping; raises CompileError if it is no path. A field is required
    if at least `required_from` objects, never fewer than 20, all had it. Memory does not grow with the number
    of bodies. No value of a body gets into the schema but constants that `mapper.authoring.privacy` allows.
    """
    traffic = Traffic()
    return _infer(traffic, traffic.of_bodies(bodies), each, required_from)


def infer_files(
    names: Sequence[str],
    *,
    each: str | Sequence[str] = "$",
    required_from: int = ENOUGH,
    advance: Advance = lambda name, done: None,
) -> InferredSchema:
    """As `infer`, for files of samples or NDJSON by name, also gzip; raises BrokenInput."""
    traffic = Traffic()
    return _infer(traffic, traffic.of_files(names, advance), each, required_from)


def _infer(
    traffic: Traffic, bodies: Iterator[list[Any]], each: str | Sequence[str], required_from: int
) -> InferredSchema:
    reader = ItemReader(read_each([each] if isinstance(each, str) else each))
    observer = Observer()
    for some in bodies:
        items = reader.items_of(some)
        if items:
            observer.add(items)
    return InferredSchema(
        schema_of(observer.root, required_from),
        reader.items,
        traffic.bodies,
        traffic.unread,
        tuple(traffic.broken),
        reader.without,
        reader.unmatched,
        traffic.left_out,
    )
