"""Payloads: values in holes become requests, and requests that break something are made small."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from mapper.checker.templates.holes import Hole, an_object, plain, value_of
from mapper.checker.types import Type
from mapper.runtime.missing import MISSING

_MAX_LENGTH = 50  # of a list that is made longer than the plan says


@dataclass(frozen=True, slots=True)
class TemplateInput:
    """The input of a template: the item, and the other scopes of the request."""

    item: object
    envelope: object = None
    headers: Mapping[str, object] | None = None
    query: Mapping[str, object] | None = None
    setting: Mapping[str, object] | None = None
    received_at: str | None = None

    @property
    def parts(self) -> dict[str, object]:
        """The parts of the request besides the body that are not empty."""
        named = {
            "headers": self.headers,
            "query": self.query,
            "settings": self.setting,
            "received_at": self.received_at,
        }
        return {name: part for name, part in named.items() if part}

    @property
    def text(self) -> str:
        """The body as JSON, or the request if more of it matters."""
        whole: object = self.item
        if self.parts:
            whole = {"request": {**self.parts, "body": self.item}}
        return json.dumps(whole)


@dataclass(frozen=True, slots=True)
class PayloadPlan:
    """A value for each hole; lists have `count` elements, the last of them with the values in `last`."""

    holes: Mapping[Hole, object]
    count: int = 1
    last: Mapping[Hole, object] | None = None


def build(plan: PayloadPlan, scopes: Mapping[str, Type], *, item_is_body: bool) -> TemplateInput:
    """The request of a plan."""
    below = _below(tuple(plan.holes))
    made = {
        scope: _made((scope,), plan, below, scopes)
        for scope in ("item", "envelope", "header", "query", "setting", "received_at")
    }
    item = _present(made["item"])
    if item_is_body and any(hole[0] == "envelope" for hole in plan.holes) and isinstance(item, dict):
        body = made["envelope"]
        item = {**item, **body} if isinstance(body, dict) else item
    envelope = item if item_is_body else _present(made["envelope"])
    setting = made["setting"] if isinstance(made["setting"], dict) else {}
    received_at = made["received_at"] if isinstance(made["received_at"], str) else None
    return TemplateInput(
        item, envelope, _texts_only(made["header"]), _texts_only(made["query"]), setting, received_at
    )


def _present(value: object) -> object:
    return None if value is MISSING else value


def _texts_only(value: object) -> dict[str, object]:
    return {k: v for k, v in value.items() if isinstance(v, str)} if isinstance(value, dict) else {}


@lru_cache(maxsize=64)
def _below(holes: tuple[Hole, ...]) -> Mapping[Hole, Collection[str | int | None]]:
    """For each place in which holes lie, the steps that lead on to them, in their order."""
    found: dict[Hole, dict[str | int | None, None]] = {}
    for hole in holes:
        for end in range(1, len(hole)):
            found.setdefault(hole[:end], {})[hole[end]] = None
    return found


def _made(
    at: Hole,
    plan: PayloadPlan,
    below: Mapping[Hole, Collection[str | int | None]],
    scopes: Mapping[str, Type],
) -> object:
    steps = below.get(at, ())
    # A hole that others lie in is built from them, unless it is to be something else.
    if at in plan.holes and (not steps or plan.holes[at] is not BUILT):
        return copy.deepcopy(plan.holes[at])
    known = value_of(at, scopes)
    if not steps:
        return an_object(known) if len(at) == 1 and known.objects else plain(known)
    if any(isinstance(step, str) for step in steps):
        made = an_object(known)
        for step in steps:
            if isinstance(step, str):
                made[step] = _made((*at, step), plan, below, scopes)
        return {name: value for name, value in made.items() if value is not MISSING}
    length = max(
        [_allowed(plan.count, known), *(step + 1 for step in steps if isinstance(step, int) and plan.count)]
    )
    element = (*at, None if None in steps else next(iter(steps)))
    plans = [(plan, below)] * length
    if plan.last is not None and length > 1:
        plans[-1] = PayloadPlan(plan.last, plan.count), _below(tuple(plan.last))
    elements = [_made(element, *each, scopes) for each in plans]
    return [element for element in elements if element is not MISSING]


def _allowed(count: int, known: Type) -> int:
    """The number of elements that a list may have and that is nearest to the count."""
    if known.arrays is None:
        return count
    most = count if known.arrays.longest is None else known.arrays.longest
    return max(min(count, most), min(known.arrays.shortest, _MAX_LENGTH))


class _Built:
    """The type of BUILT, a placeholder for the value that is made of the holes inside."""

    def __deepcopy__(self, memo: object) -> _Built:
        return self


BUILT = _Built()


# --- smaller


def shrink(given: TemplateInput, still: Callable[[TemplateInput], bool], rounds: int = 300) -> TemplateInput:
    """A request that keeps the property `still` and from which nothing more can be removed or shortened."""
    shared = given.envelope is given.item
    while rounds > 0:
        for smaller in _smaller(given.item):
            rounds -= 1
            tried = replace(given, item=smaller, envelope=smaller if shared else given.envelope)
            if still(tried):
                given = tried
                break
            if rounds <= 0:
                break
        else:
            break
    for part in ("headers", "query", "setting", "received_at"):
        emptied: dict[str, Any] = {part: None}
        if getattr(given, part) and still(replace(given, **emptied)):
            given = replace(given, **emptied)
    return given


def _smaller(value: object) -> Iterator[object]:
    match value:
        case dict():
            for name in value:
                yield {n: v for n, v in value.items() if n != name}
            for name, entry in value.items():
                for less in _smaller(entry):
                    yield {**value, name: less}
        case list():
            for index in range(len(value)):
                yield value[:index] + value[index + 1 :]
            for index, entry in enumerate(value):
                for less in _smaller(entry):
                    yield [*value[:index], less, *value[index + 1 :]]
        case str() if value:
            if len(value) > 1:
                yield from dict.fromkeys(value)
                yield value[: len(value) // 2]
                yield value[:-1]
            yield ""
        case bool() | None:
            return
        case int() | float() if value not in (0, 1):
            yield 1
            yield 0
