"""Drafts: payloads in the making, one item in a body and a request, which are made to fit their schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import islice

from mapper import ir
from mapper.budget import spend
from mapper.checker.inference.payload_types import PayloadTypes, types_of_schema
from mapper.checker.inference.type_scope import BODY, ITEM, of_key
from mapper.checker.search.completion import Completion
from mapper.checker.search.documents import Place, PlacedValue, value_at, with_value
from mapper.checker.search.runner import Payload, Runner
from mapper.checker.types import Type, admits
from mapper.checker.types.facts import Bound
from mapper.checker.types.witnesses import witnesses
from mapper.runtime.missing import MISSING
from mapper.schemas.schema import Schema

PLACED = frozenset({ITEM, BODY, "header", "query", "setting"})  # the roots below which a draft has values
_MAX_FIRST = 20  # smallest values that are tried before one is completed
_MAX_COMPLETED = 60  # drafts of one question that are completed
_A_DRAFT = 10  # steps


@dataclass(frozen=True, slots=True)
class PayloadDraft:
    """An item, the body around it (MISSING if nothing is known of it), and what was put where."""

    item: object
    body: object
    placed: tuple[PlacedValue, ...] = ()

    def with_placed(self, placed: tuple[PlacedValue, ...]) -> PayloadDraft:
        """The draft with more values; a later value at a place takes the place of an earlier one."""
        item, body = self.item, self.body
        for (root, keys), value in placed:
            if root == ITEM:
                item = with_value(item, keys, value)
            elif root == BODY:
                body = with_value({} if body is MISSING else body, keys, value)
        return PayloadDraft(item, body, tuple(dict((*self.placed, *placed)).items()))

    def fixed(self, root: str) -> list[Place]:
        """The keys of the values that were put below a root."""
        return [keys for (where, keys), _ in self.placed if where == root]


@dataclass(slots=True)
class Drafting:
    """Makes payloads of drafts. Both schemas are known to the runner as well, which has the last word."""

    payload: PayloadTypes
    runner: Runner
    places: tuple[Place, ...]
    completed_left: int = 0
    _source: Completion | None = field(init=False, repr=False)
    _schema: Completion | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        source, schema = self.payload.source, self.payload.schema
        self._source, self._schema = (
            None if each is None else Completion(each.document, types_of_schema(each).reading)
            for each in (source, schema)
        )

    def begin(self) -> None:
        """Begin a question, in which some drafts may be completed."""
        self.completed_left = _MAX_COMPLETED

    @property
    def bodies(self) -> Type | None:
        """The type of the bodies, if it is known."""
        if self.payload.schema is not None:
            return self.payload.body
        return self.payload.item_of_search if self.places[:1] == ((),) else None

    def least(self) -> PayloadDraft:
        """A small draft that fits its schemas, if one is found."""
        item = self._least_item()
        if self._schema is None or not all(self.places):
            return PayloadDraft(item, MISSING)
        whole = wrapped(self.places, item, next(witnesses(self.payload.body), MISSING))
        if not self._fits_body(whole):
            completed = self._schema.completed(whole)
            whole = whole if completed is MISSING else completed
        found = unwrapped(self.places, whole)
        return PayloadDraft(item if found is MISSING else found, whole)

    def _least_item(self) -> object:
        given = self.payload.item_of_search
        if given is None:
            return {}
        first = [value for value in islice(witnesses(given), _MAX_FIRST) if value is not MISSING]
        if self._source is not None:
            fitting = next((value for value in first if self._fits_source(value)), MISSING)
            if fitting is MISSING:
                fitting = self._source.completed(first[0] if first else MISSING)
            if fitting is not MISSING:
                return fitting
        return first[0] if first else {}

    def payload_of(self, draft: PayloadDraft) -> Payload | None:
        """A payload with all values of a draft, made to fit its schemas; None if that is not possible."""
        spend(_A_DRAFT)
        request: dict[str, dict[str, object]] = {"header": {}, "query": {}, "setting": {}}
        received = None
        for (root, keys), value in draft.placed:
            if value is MISSING:
                continue  # a part of the request that is not sent
            if root == "received_at":
                received = str(value)
            elif root in request:
                if not isinstance(value, str) and root != "setting":
                    return None
                request[root][str(keys[0])] = with_value({}, keys[1:], value)
        body = self._fitting_body(draft)
        if body is MISSING:
            return None
        headers = {name: str(value) for name, value in request["header"].items()}
        query = {name: str(value) for name, value in request["query"].items()}
        return Payload(body, headers, query, request["setting"], received)

    def _fitting_body(self, draft: PayloadDraft) -> object:
        """The body of a draft, completed if need be; MISSING if it cannot be made to fit."""
        item, schema = draft.item, self._schema
        if not self._is_item(item):
            if self._source is None:
                return MISSING
            item = self._completed(self._source, item, draft.fixed(ITEM))
            if item is MISSING or not self._is_item(item):
                return MISSING
        whole = wrapped(self.places, item, draft.body)
        if schema is not None and not self._fits_body(whole):
            start = next(iter(self.places), ())
            inside = [()] if self._source is not None else draft.fixed(ITEM)
            fixed = [*draft.fixed(BODY), *((*start, *keys) for keys in inside)]
            whole = self._completed(schema, whole, [keys for keys in fixed if keys])
            if whole is MISSING or not self._fits_body(whole):
                return MISSING
        # A value placed around the item can add a second element, which no schema was asked about.
        return MISSING if unwrapped(self.places, whole) is MISSING else whole

    def _is_item(self, item: object) -> bool:
        if self.payload.source is not None:
            return self._fits_source(item)
        known = self.payload.item_of_search
        return known is None or self.payload.schema is not None or admits(known, item)

    def _fits_source(self, item: object) -> bool:
        return self.runner.fits_source(item, partial(_verdict, self.payload.source))

    def _fits_body(self, body: object) -> bool:
        return self.runner.fits_body(body, partial(_verdict, self.payload.schema))

    def _completed(self, completion: Completion, value: object, fixed: list[Place]) -> object:
        self.completed_left -= 1
        if self.completed_left < 0:
            return MISSING
        found = completion.completed(value, fixed)
        return found if all(value_at(found, keys) == value_at(value, keys) for keys in fixed) else MISSING

    def is_valid(self, body: object) -> bool:
        """Return True if a body holds one item, and both fit what is known of them."""
        item = unwrapped(self.places, body)
        if item is MISSING or not self._is_item(item):
            return False
        return self.payload.schema is None or self._fits_body(body)


def _verdict(schema: Schema | None, value: object) -> bool | None:
    """True if a value surely fits a schema, False if it never does; None if the types do not tell."""
    if schema is None:
        return None
    types = types_of_schema(schema)
    return admits(types.lower, value, Bound.LOWER) or (None if admits(types.upper, value) else False)


def of_roots(payload: PayloadTypes, roots: Mapping[str, Type] | None = None) -> Mapping[str, Type | None]:
    """The types of the item and the body, those of a scope if there is one; None if they may be anything."""
    item = payload.item_of_search
    body = None if payload.schema is None else payload.body
    if roots is None:
        return {ITEM: item, BODY: body}
    return {ITEM: item and roots[ITEM], BODY: body and roots[BODY]}


def wrapped(places: tuple[Place, ...], item: object, body: object) -> object:
    """A body that holds one item at the first of some places; MISSING if none can be made."""
    for steps in places:
        if steps:
            return with_value({} if body is MISSING else body, steps, item)
        if body is MISSING:
            return item
        if isinstance(item, dict) and isinstance(body, dict):
            return {**body, **item}
    return MISSING


def unwrapped(places: tuple[Place, ...], body: object) -> object:
    """The one item of a body that `wrapped` has made; MISSING if it is no longer there."""
    for steps in places:
        found = body
        for step in steps:
            if isinstance(step, int) and isinstance(found, list) and len(found) == 1:
                found = found[0]
            elif isinstance(step, str) and isinstance(found, dict) and step in found:
                found = found[step]
            else:
                return MISSING
        return found
    return MISSING


def item_places(each: tuple[ir.Path, ...], body: Type | None) -> Iterator[Place]:
    """The keys of a first item, by each path of names and `[*]` or `[:]`; the last path first.

    If the type of the body is known, only places that it has: a list there holds the item as its element.
    """
    for steps in map(ir.plain_steps, reversed(each)):
        if steps is None:
            continue
        keys = tuple(step[1] if step[0] == "name" else 0 for step in steps)
        if body is None:
            yield keys
            continue
        found = reduce(of_key, keys, body)
        if found.kinds & {"array", "object"}:
            yield keys if "object" in found.kinds or (steps and steps[-1][0] != "name") else (*keys, 0)
