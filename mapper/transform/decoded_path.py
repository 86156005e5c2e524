"""Decoded path: a payload that is parsed as a whole becomes events, skips and rejections.

It maps every payload, whatever the limits; the narrow path must give the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.faults import NO_OBJECT, Fault, InvalidEvent, Skip, record_fault
from mapper.runtime.growth import FORM_INFLATION, INFLATION, ROOM, Growth, is_bounded
from mapper.runtime.items import Alternative, UnmatchedElement, select
from mapper.runtime.json.foreign import PlainCopy
from mapper.runtime.json.narrow import NeedsFullDecode
from mapper.runtime.json.nesting import nests_deeper
from mapper.runtime.limits import DEFAULT, within
from mapper.runtime.schema.validation import is_json
from mapper.runtime.stack import on_fresh_stack
from mapper.runtime.work import Meter, Work, counted
from mapper.transform.body import read_body
from mapper.transform.collector import Collector, Locate, at_root, locations
from mapper.transform.compiled import Compiled, module_name
from mapper.transform.rejections import TOO_DEEP, reject
from mapper.transform.request import Request
from mapper.transform.result import Rejected, Result, Skipped, set_item
from mapper.transform.room import Room

if TYPE_CHECKING:
    from mapper.runtime.json.deep import DeepReader

_BYTES = (bytes, bytearray, memoryview)


class DecodedPath:
    """Maps payloads with the decoded `module` that code generation made of a mapping."""

    __slots__ = (
        "_collector",
        "_compiled",
        "_event",
        "_growth",
        "_has_default_limits",
        "_is_bounded",
        "_levels",
        "_limits",
        "_max_uncounted",
        "_max_unmeasured",
        "_policy",
        "_takes_one",
        "_work",
        "alternatives",
        "objects_only",
    )

    def __init__(self, compiled: Compiled, module: dict[str, Any], collector: Collector) -> None:
        self._compiled = compiled
        self._collector = collector
        self._limits = compiled.limits
        self._policy = compiled.policy
        self._event = module["event"]
        self._growth = Growth(*module["GROWTH"])
        self._is_bounded = is_bounded(self._growth)
        self._max_unmeasured = self._growth.max_items(compiled.limits)
        self._work = Work(*module["WORK"])
        self._max_uncounted = self._work.max_uncounted(compiled.limits)
        self._levels: int = compiled.limits.nesting + module["LEVELS"]
        self.alternatives: tuple[Alternative, ...] = module["EACH"]
        self.objects_only = compiled.objects_only
        self._has_default_limits = compiled.limits == DEFAULT
        # True if a parsed object is itself the one item, and can be mapped without any preparation.
        self._takes_one = (
            self.alternatives[0] == ()
            and self._policy.reads_json
            and self._has_default_limits
            and self._growth.fits(1, DEFAULT.body_bytes, DEFAULT)
        )

    def map(self, payload: object, request: Request, trusted: bool = False) -> Result:
        """The result of a payload: bytes of JSON, or parsed JSON, which is `trusted` to be nothing else."""
        if self._takes_one and type(payload) is dict:
            event = self._event if self._max_uncounted >= DEFAULT.body_bytes else self._counted()
            try:
                outcome = event(payload, payload, request, 0 if trusted else self._levels)
            except Fault as fault:
                result = Result()
                self._collector.enter(result, 0, record_fault(fault), at_root, payload)
                return result
            except Exception:  # mapped again below, which explains the error
                pass
            else:
                if type(outcome) is int:
                    return Result([], [Skipped(0, self._collector.reasons[outcome], payload)])
                return Result([outcome])
        if self._has_default_limits:
            return self._map_anywhere(payload, request, trusted)
        with within(self._limits):
            return self._map_anywhere(payload, request, trusted)

    def map_items(self, items: Iterable[tuple[int, object]], body: object, request: Request) -> Result:
        """The result of items, each with its index, of a body that is JSON for sure.

        Raises NeedsFullDecode if other items decide whether their events fit the limits.
        """
        room = None if self._is_bounded else self._room(ROOM)
        run = _Run(body, body, request, self.alternatives, is_plain=True, room=room)
        self._map_items(items, run)
        if room is not None and room.is_spent:
            raise NeedsFullDecode
        return run.result

    def _counted(self) -> Callable[..., Any]:
        """The function `event` for the items of one body, whose work is counted."""
        meter = Meter(self._limits.item_work, self._limits.body_work)
        return counted(self._event, meter, self._work.units)

    def _room(self, size: int) -> Room:
        levels = self._levels - self._limits.nesting if self._growth.is_large else 0
        return Room(self._limits, levels, size)

    def _map_anywhere(self, payload: object, request: Request, trusted: bool) -> Result:
        try:
            return self._map_payload(payload, request, trusted, is_fresh=False)
        except RecursionError:
            # The caller has used up nearly all of its stack; the result must not depend on that.
            return on_fresh_stack(lambda: self._map_payload(payload, request, trusted, is_fresh=True))

    def _map_payload(self, payload: object, request: Request, trusted: bool, *, is_fresh: bool) -> Result:
        if not self._policy.reads_json:
            return self._map_form(payload, request, is_fresh=is_fresh)
        raw = bytes_of(payload)
        if raw is None:
            return self._map_parsed(payload, request, trusted, is_fresh=is_fresh)
        body = read_body(raw, self._policy, self._limits)
        if isinstance(body, Diagnostic):
            return Result(rejected=[Rejected(0, "$", (body,), raw)])
        run = _Run(
            body.value,
            body.value if body.deep is None else raw,
            request,
            self.alternatives,
            is_plain=body.is_plain,
            is_fresh=is_fresh,
            deep=body.deep,
            size=min(INFLATION * len(raw), self._limits.body_bytes),
            result=Result(repairs=body.repairs),
        )
        return self._map_run(run)

    def _map_parsed(self, payload: object, request: Request, trusted: bool, *, is_fresh: bool) -> Result:
        # A host's own parser may let NaN, half surrogate pairs, any nesting or other values through: only
        # those that an event would hold matter.
        each, size = self.alternatives, self._limits.body_bytes
        try:
            run = _Run(payload, payload, request, each, trusted, is_fresh, not trusted, True, None, size)
            return self._map_run(run)
        except Exception as error:
            if isinstance(error, RecursionError) and not is_fresh:
                raise
        copy = PlainCopy(payload)
        run = _Run(copy.value, copy.value, request, each, trusted, is_fresh, not trusted, False, None, size)
        result = self._map_run(run)
        for other in (*result.skipped, *result.rejected):
            set_item(other, copy.original(other.item))
        return result

    def _map_form(self, payload: object, request: Request, *, is_fresh: bool) -> Result:
        """The result of a form, also a parsed one, or of a body that is not read.

        An item that is the whole body is kept as the host has given it.
        """
        given = str.encode(payload, "utf-8", "surrogatepass") if isinstance(payload, str) else payload
        raw, size = bytes_of(given), self._limits.body_bytes
        original = payload if raw is None or isinstance(payload, str) else raw
        copy = None if raw is not None else PlainCopy(payload)
        if copy is None or self._policy.format == "none":
            body = read_body(raw or b"", self._policy, self._limits)
            size = FORM_INFLATION * len(raw or b"")
        else:
            from mapper.transform.form_body import read_parsed_form

            body = read_parsed_form(copy.value, self._policy, self._limits)
        if isinstance(body, Diagnostic):
            return Result(rejected=[Rejected(0, "$", (body,), original)])
        run = _Run(
            body.value,
            original,
            request,
            self.alternatives,
            is_plain=body.is_plain,
            is_fresh=is_fresh,
            is_parsed=copy is not None,
            deep=body.deep,
            size=size,
            result=Result(repairs=body.repairs),
        )
        result = self._map_run(run)
        for other in (*result.skipped, *result.rejected):
            if other.item is body.value:
                set_item(other, original)
            elif copy is not None:
                set_item(other, copy.original(other.item))
        return result

    def _map_run(self, run: _Run) -> Result:
        items = self._select(run)
        count = len(items)
        is_measured = count > self._max_unmeasured or run.size > self._limits.body_bytes
        if is_measured and not self._growth.fits(count, run.size, self._limits, run.body):
            run.room = self._room(self._limits.result_bytes)
        if run.size > self._max_uncounted:
            run.event = self._counted()
        self._map_items(enumerate(items), run)
        return run.result

    def _select(self, run: _Run) -> list[object]:
        """The items to map; none if the body as a whole is rejected."""
        max_items = self._limits.items
        try:
            items = select(self.alternatives, run.body)
        except Fault as fault:
            self._collector.enter(run.result, 0, record_fault(fault), at_root, run.whole)
            return []
        if items is None:
            from mapper.transform.no_items import reject_without_items

            run.result.rejected.append(reject_without_items(self.alternatives, run.body, run.whole))
            return []
        if len(items) > max_items:
            message = f"the body holds more than {max_items:,} items"
            run.result.rejected.append(reject(0, "$", "M608", message, run.whole))
            return []
        return items

    def _map_items(self, items: Iterable[tuple[int, object]], run: _Run) -> None:
        result, body, request, room = run.result, run.body, run.request, run.room
        objects_only, nesting = self.objects_only, self._limits.nesting
        event, max_depth = run.event or self._event, self._levels if run.is_parsed else 0
        is_checked = run.is_plain or max_depth
        for index, item in items:
            if run.deep is not None and nests_deeper(_content(item), nesting):
                result.rejected.append(_too_deep(index, item, run, nesting))
                continue
            if not isinstance(item, dict) and (objects_only or type(item) is UnmatchedElement):
                self._enter_not_object(index, item, run)
                continue
            if room is not None and room.is_spent:
                result.rejected.append(room.reject(index, run.location(index), item))
                continue
            try:
                try:
                    outcome = event(item, body, request, max_depth)
                    if type(outcome) is int:
                        self._collector.enter(result, index, outcome, run.location, item)
                    elif not (is_checked or is_json(outcome)):
                        raise InvalidEvent(outcome)
                    elif room is None or room.takes(outcome):
                        result.events.append(outcome)
                    else:
                        result.rejected.append(room.reject(index, run.location(index), item))
                except InvalidEvent as invalid:
                    self._enter_invalid(index, item, run, invalid)
            except Fault as fault:
                self._collector.enter(result, index, record_fault(fault), run.location, item)
            except Skip as skip:
                self._collector.enter(result, index, skip.reason, run.location, item)
            except RecursionError as error:
                if not run.is_fresh:
                    raise
                result.rejected.append(self._defect(index, item, run, error))
            except Exception as error:
                if run.may_raise:
                    raise
                result.rejected.append(self._defect(index, item, run, error))

    def _enter_not_object(self, index: int, item: object, run: _Run) -> None:
        if isinstance(item, UnmatchedElement):
            message = "`each` finds no item in this element"
            run.result.rejected.append(reject(index, run.location(index), "M605", message, item.value))
        else:
            self._collector.enter(run.result, index, NO_OBJECT, run.location, item, is_parsed=run.is_parsed)

    def _enter_invalid(self, index: int, item: object, run: _Run, invalid: InvalidEvent) -> None:
        if run.is_parsed and nests_deeper(invalid.event, self._levels):
            run.result.rejected.append(_too_deep(index, item, run, self._limits.nesting))
        else:
            self._collector.enter(run.result, index, invalid, run.location, item)

    def _defect(self, index: int, item: object, run: _Run, error: Exception) -> Rejected:
        if isinstance(error, RecursionError):
            return reject(index, run.location(index), "M606", TOO_DEEP, item)
        import traceback  # slow to import, and only a defect needs it

        module = module_name(self._compiled.python, self._compiled.name)
        frames = traceback.walk_tb(error.__traceback__)
        lines = [line for frame, line in frames if frame.f_code.co_filename == module]
        where = f" in line {lines[-1]} of the generated module" if lines else ""
        message = f"defect of mapper: {type(error).__name__}{where}"
        return reject(index, run.location(index), "M901", message, item)


@dataclass(slots=True, repr=False)
class _Run:
    """One run over the items of a body.

    `whole` is the item of a rejection of the whole body: its bytes if it nests too deep. `is_plain` is false
    if its values may not be JSON. `deep` is set if items may nest too deep; it knows their bytes. `may_raise`
    is set if the body may hold types of the host's own: an exception is then no defect, and a plain copy of
    the body is mapped instead. `size` bounds the bytes of its values as compact JSON; `room` is set if its
    events have to be measured, `event` if the work of its items has to be counted.
    `is_fresh` is set on a stack of its own, where a RecursionError is final.
    """

    body: object
    whole: object
    request: Request
    alternatives: tuple[Alternative, ...]
    is_plain: bool
    is_fresh: bool = False
    is_parsed: bool = False
    may_raise: bool = False
    deep: DeepReader | None = None
    size: int = 0
    room: Room | None = None
    event: Callable[..., Any] | None = None
    result: Result = field(default_factory=Result)
    locate: Locate | None = None

    def location(self, index: int) -> str | None:
        """The location of an item; None if it is not known. Locations are computed once, if at all."""
        if self.locate is None:
            self.locate = locations(self.alternatives, self.body)
        return self.locate(index)


def _content(item: object) -> object:
    return item.value if isinstance(item, UnmatchedElement) else item


def _too_deep(index: int, item: object, run: _Run, max_levels: int) -> Rejected:
    content = _content(item)
    source = None if run.deep is None else run.deep.source_of(content)
    message = f"the item nests deeper than {max_levels} levels"
    return reject(index, run.location(index), "M606", message, content if source is None else source)


def bytes_of(payload: object) -> bytes | None:
    """The bytes of a body; None for any other payload, and for a body that does not give them."""
    if type(payload) is bytes:
        return payload
    if not issubclass(type(payload), _BYTES):  # not `isinstance`, which asks the payload for its class
        return None
    try:
        return memoryview(payload).tobytes()  # type: ignore[arg-type]
    except Exception:  # a view that has been released, or a type of the host's own
        return None
