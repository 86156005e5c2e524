"""Decoded path: a payload that is parsed as a whole becomes events, skips and rejections.

It maps every payload, whatever the limits; the narrow path must give the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias, TypeVar

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.runtime.faults import NO_OBJECT, Fault, InvalidEvent, Skip, record_fault
from mapper.runtime.growth import FORM_INFLATION, INFLATION, Growth, sum_at
from mapper.runtime.items import Alternative, UnmatchedElement, select
from mapper.runtime.json.exact import encode
from mapper.runtime.json.foreign import PlainCopy
from mapper.runtime.json.nesting import nests_deeper
from mapper.runtime.limits import DEFAULT, within
from mapper.runtime.repair.policy import Repair
from mapper.runtime.schema.validation import is_json
from mapper.runtime.stack import on_fresh_stack
from mapper.runtime.work import Meter, Uncounted, Work, counted, metering
from mapper.transform.body import read_body
from mapper.transform.collector import Collector, NoEvent
from mapper.transform.compiled import Compiled
from mapper.transform.decoded_body import DecodedBody
from mapper.transform.rejections import TOO_DEEP, reject, reject_for_memory
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Outcome, Rejected, Result, Skipped, set_item
from mapper.transform.room import Room
from mapper.transform.stream import Stream

# The fields of a result.
_Collected: TypeAlias = tuple[list[Any], list[Skipped], list[Rejected], tuple[Repair, ...]]

_Done = TypeVar("_Done")

_AS_THEY_ARE = nullcontext()  # the default limits are in force anyway
_BYTES = (bytes, bytearray, memoryview)


class DecodedPath:
    """Maps payloads with the decoded `module` that code generation made of a mapping."""

    __slots__ = (
        "_collector",
        "_event",
        "_growth",
        "_has_default_limits",
        "_levels",
        "_limits",
        "_max_measured_items",
        "_max_quick_items",
        "_max_shared",
        "_max_uncounted",
        "_max_uncounted_items",
        "_max_unmeasured",
        "_module_file",
        "_policy",
        "_shares",
        "_takes_one",
        "_work_of_few",
        "alternatives",
        "objects_only",
        "work",
    )

    def __init__(self, compiled: Compiled, module: dict[str, Any], collector: Collector) -> None:
        self._collector = collector
        self._limits = compiled.limits
        self._policy = compiled.policy
        self._event = module["event"]
        self._module_file: str = module["__name__"]
        self._growth = Growth(*module["GROWTH"])
        self._max_unmeasured = self._growth.max_items(compiled.limits)
        self.work, self._work_of_few = (Work(*given) for given in module["WORK"])
        self._max_uncounted = self.work.max_uncounted(compiled.limits)
        self._max_uncounted_items = self._work_of_few.max_items(compiled.limits)
        alone = self._work_of_few.alone
        self._max_measured_items = alone.max_items(compiled.limits)
        # The same for fewer items, in fewer steps: the units of what items share of their body, each time.
        shares, constant = self._work_of_few.weights
        self._shares = shares or ()
        self._max_quick_items = 0 if shares is None else self._max_measured_items // 2
        self._max_shared = alone.room(max(1, self._max_quick_items), compiled.limits) - constant
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
            try:
                outcome = self._map_one(payload, request, 0 if trusted else self._levels)
            except Fault as fault:  # not mapped again, as it may have taken long
                return self._refused(payload, request, fault)
            except Exception:  # mapped again below, which explains the error
                pass
            else:
                if type(outcome) is int:
                    return Result([], [Skipped(0, self._collector.reasons[outcome], payload)])
                return Result([outcome])
        return Result(*self._collect(payload, request, trusted, writes=False))

    def json(self, body: bytes, request: Request) -> JsonResult:
        """The result of the bytes of a body, with events as bytes."""
        return JsonResult(*self._collect(body, request, trusted=False, writes=True))

    def stream(self, payload: object, request: Request, trusted: bool = False) -> Stream:
        """The outcomes of a payload, one by one."""
        body = self.open(payload, request, trusted)
        items = len(body.items) if body.rejected is None else 1
        return Stream(self.outcomes(body), items, body.repairs)

    def open(self, payload: object, request: Request, trusted: bool = False) -> DecodedBody:
        """A payload whose items are mapped one by one, by `outcomes`."""

        def read(is_fresh: bool) -> DecodedBody:
            return self._read(payload, request, trusted, is_fresh=is_fresh)

        body = self._on_any_stack(read)
        if body is None:
            refused = reject_for_memory(0, "$", payload)
            return DecodedBody(None, payload, request, rejected=refused)
        body.writes = True
        return body

    def outcomes(self, body: DecodedBody, start: int = 0) -> Iterator[Outcome]:
        """The outcomes of a body that `open` gave, from an item on; each is made when it is asked for."""
        if body.rejected is not None:
            yield body.rejected
        for index in range(start, len(body.items)):
            yield self.outcome(index, body)

    def outcome(self, index: int, body: DecodedBody) -> Outcome:
        """The outcome of an item of a body that `open` gave. Outside of this call no limits are in force."""
        item = body.items[index]

        def map_item(is_fresh: bool) -> Any:
            return self._map_counted(index, item, body, is_fresh=is_fresh)

        outcome: Outcome | None = self._on_any_stack(map_item)
        return body.end(reject_for_memory(index, body.location(index), item)) if outcome is None else outcome

    def room(self, size: int) -> Room:
        """The room for events that take `size` bytes together."""
        levels = self._levels - self._limits.nesting if self._growth.is_large else 0
        return Room(self._limits, levels, size)

    def _map_one(self, payload: object, request: Request, max_depth: int) -> Any:
        """The outcome of `event` for a parsed payload that is itself the one item."""
        if self._max_uncounted_items:
            return self._event(payload, payload, request, max_depth)
        meter = self._meter()
        token = metering.set(meter)
        try:
            meter.begin(self.work.units)
            return self._event(payload, payload, request, max_depth)
        finally:
            metering.reset(token)

    def _must_count(self, items: int, size: int, body: object) -> bool:
        """True if the work of so many items of a body of `size` bytes may be more than is allowed."""
        if size <= self._max_uncounted or items <= self._max_uncounted_items:
            return False
        if items <= self._max_quick_items and sum_at(body, self._shares) <= self._max_shared:
            return False
        limits, of_few = self._limits, self._work_of_few
        if size >= limits.body_bytes and items > self._max_measured_items:
            return True  # whatever they share
        if self.work.fits(items, size, limits) or of_few.fits(items, size, limits):
            return False
        return not of_few.in_body(body).fits(items, size, limits)

    def _meter(self) -> Meter:
        """A meter for one body; the one in force if somebody counts several bodies together."""
        return metering.get() or Meter(self._limits.item_work, self._limits.body_work)

    def _refused(self, payload: object, request: Request, fault: Fault) -> Result:
        """The result of a parsed payload that is itself the one item."""
        body = DecodedBody(payload, payload, request, is_parsed=True, alternatives=self.alternatives)
        refused = self._explain(0, record_fault(fault), body, payload)
        return Result([], [], [refused]) if isinstance(refused, Rejected) else Result([], [refused])

    def _in_force(self) -> AbstractContextManager[None]:
        return _AS_THEY_ARE if self._has_default_limits else within(self._limits)

    def _on_any_stack(self, work: Callable[[bool], _Done]) -> _Done | None:
        """The result of work, which is told if its stack is fresh; None if there is too little memory for it.

        The caller may have used up nearly all of its stack; no outcome must depend on that.
        """
        try:
            with self._in_force():
                try:
                    return work(False)
                except RecursionError:
                    return on_fresh_stack(lambda: work(True))
        except MemoryError:
            return None  # the frames that hold the memory are gone when the caller goes on

    def _collect(self, payload: object, request: Request, trusted: bool, *, writes: bool) -> _Collected:
        """The fields of a result."""

        def collect(is_fresh: bool) -> _Collected:
            return self._collect_all(payload, request, trusted, writes=writes, is_fresh=is_fresh)

        # All at once, as the next items would meet the same end of the stack, or of the memory.
        found = self._on_any_stack(collect)
        return ([], [], [reject_for_memory(0, "$", payload)], ()) if found is None else found

    def _collect_all(
        self, payload: object, request: Request, trusted: bool, *, writes: bool, is_fresh: bool
    ) -> _Collected:
        body = self._read(payload, request, trusted, is_fresh=is_fresh)
        body.writes = writes
        events: list[Any] = []
        skipped: list[Skipped] = []
        rejected: list[Rejected] = [] if body.rejected is None else [body.rejected]
        for index, item in enumerate(body.items):
            outcome = self._map_counted(index, item, body, is_fresh=is_fresh)
            if type(outcome) is Skipped:
                skipped.append(outcome)
            elif type(outcome) is Rejected:
                rejected.append(outcome)
            else:
                events.append(outcome)
        return events, skipped, rejected, body.repairs

    def _read(self, payload: object, request: Request, trusted: bool, *, is_fresh: bool) -> DecodedBody:
        if not self._policy.reads_json:
            return self._read_form(payload, request)
        raw = bytes_of(payload)
        if raw is None:
            return self._read_parsed(payload, request, trusted, is_fresh=is_fresh)
        body = read_body(raw, self._policy, self._limits)
        if isinstance(body, Diagnostic):
            return _refused(body, raw, request)
        found = DecodedBody(
            body.value,
            body.value if body.deep is None else raw,
            request,
            is_plain=body.is_plain,
            deep=body.deep,
            repairs=body.repairs,
        )
        return self._select(found, min(INFLATION * len(raw), self._limits.body_bytes))

    def _read_parsed(
        self, payload: object, request: Request, trusted: bool, *, is_fresh: bool
    ) -> DecodedBody:
        # A host's own parser may let NaN, half surrogate pairs, any nesting or other values through: only
        # those that an event would hold matter.
        found = DecodedBody(
            payload, payload, request, is_plain=trusted, is_parsed=not trusted, may_raise=True
        )
        try:
            return self._select(found, self._limits.body_bytes)
        except Exception as error:
            if isinstance(error, RecursionError) and not is_fresh:
                raise
        return self._select(found.copied(), self._limits.body_bytes)

    def _read_form(self, payload: object, request: Request) -> DecodedBody:
        """A form, also a parsed one, or a body that is not read.

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
            return _refused(body, original, request)
        found = DecodedBody(
            body.value,
            original,
            request,
            is_plain=body.is_plain,
            is_parsed=copy is not None,
            deep=body.deep,
            repairs=body.repairs,
            given=lambda item: (
                original if item is body.value else item if copy is None else copy.original(item)
            ),
        )
        return self._select(found, size)

    def _select(self, body: DecodedBody, size: int) -> DecodedBody:
        """The body with its items, or with the rejection of all of it; its values take up to `size` bytes."""
        body.alternatives = self.alternatives
        max_items = self._limits.items
        meter = self._meter() if size > self._max_uncounted and not self._max_uncounted_items else None
        try:
            find = select if meter is None else counted(select, meter, 0)
            items = find(self.alternatives, body.value, max_items)
        except Fault as fault:
            body.rejected = body.end(self._collector.reject(0, record_fault(fault), "$", body.whole))
            return body
        if items is None:
            from mapper.transform.no_items import reject_without_items

            body.rejected = body.end(reject_without_items(self.alternatives, body.value, body.whole))
        elif len(items) > max_items:
            message = f"the body holds more than {max_items:,} items"
            body.rejected = body.end(reject(0, "$", "M608", message, body.whole))
        else:
            body.items = items
            if self._must_count(len(items), size, body.value):
                body.meter = meter or self._meter()
            is_measured = len(items) > self._max_unmeasured or size > self._limits.body_bytes
            if is_measured and not self._growth.fits(len(items), size, self._limits, body.value):
                body.room = self.room(self._limits.result_bytes)
        return body

    def _map_counted(self, index: int, item: object, body: DecodedBody, *, is_fresh: bool) -> Any:
        """As `_map_item`; from an item on that may take much work, the items of a body are counted."""
        try:
            return self._map_item(index, item, body, is_fresh=is_fresh)
        except Uncounted:
            body.meter = self._meter()
        room, writes, body.room, body.writes = body.room, body.writes, None, False
        for earlier in range(index):  # whose work counts, too
            self._map_item(earlier, body.items[earlier], body, is_fresh=is_fresh)
        body.room, body.writes = room, writes
        return self._map_item(index, item, body, is_fresh=is_fresh)

    def _map_item(self, index: int, item: object, body: DecodedBody, *, is_fresh: bool) -> Any:
        """The outcome of an item; its event is bytes if the body `writes` them.

        Raises RecursionError unless `is_fresh`: on a stack of its own, that error is final.
        """
        try:
            return self._try_item(index, item, body)
        except RecursionError as error:
            if not is_fresh:
                raise
            return body.end(self._defect(index, item, body, error))
        except Uncounted:
            raise
        except MemoryError:
            pass  # rejected below, when the frames that hold the memory are gone
        except Exception as error:
            if body.may_raise:
                return self._map_copy(index, item, body, is_fresh=is_fresh)
            return body.end(self._defect(index, item, body, error))
        return body.end(reject_for_memory(index, body.location(index), item))

    def _try_item(self, index: int, item: object, body: DecodedBody) -> Any:
        if body.meter is None:
            return self._map_item_of(body, index, item)
        token = metering.set(body.meter)
        try:
            return self._map_item_of(body, index, item)
        finally:
            metering.reset(token)

    def _map_item_of(self, body: DecodedBody, index: int, item: object) -> Any:
        room, locate = body.room, body.location
        if body.deep is not None and nests_deeper(_content(item), self._limits.nesting):
            return body.end(_too_deep(index, item, body, self._limits.nesting))
        if not isinstance(item, dict) and (self.objects_only or type(item) is UnmatchedElement):
            return self._reject_not_object(index, item, body)
        if room is not None and room.is_spent:
            return body.end(room.reject(index, locate(index), item))
        max_depth = self._levels if body.is_parsed else 0
        try:
            if body.meter is not None:
                body.meter.begin(self.work.units)
            event = self._event(item, body.value, body.request, max_depth)
            if type(event) is int:
                return self._explain(index, event, body, item)
            if not (body.is_plain or max_depth or is_json(event)):
                raise InvalidEvent(event)
            if room is None or room.takes(event):
                return _write(event, body) if body.writes else event
            return body.end(room.reject(index, locate(index), item))
        except InvalidEvent as invalid:
            if body.is_parsed and nests_deeper(invalid.event, self._levels):
                return body.end(_too_deep(index, item, body, self._limits.nesting))
            return self._explain(index, invalid, body, item)
        except Fault as fault:
            return self._explain(index, record_fault(fault), body, item)
        except Skip as skip:
            return self._explain(index, skip.reason, body, item)

    def _map_copy(self, index: int, item: object, body: DecodedBody, *, is_fresh: bool) -> Any:
        """The outcome of an item that holds types of the host's own, from a plain copy of it."""
        copied = body.copied()
        copied.meter = body.meter
        outcome = self._map_item(index, PlainCopy(item).value, copied, is_fresh=is_fresh)
        if type(outcome) is Skipped or type(outcome) is Rejected:
            set_item(outcome, item)
        return outcome

    def _explain(self, index: int, outcome: NoEvent, body: DecodedBody, item: object) -> Skipped | Rejected:
        return body.end(self._collector.explain(index, outcome, body.location, item))

    def _reject_not_object(self, index: int, item: object, body: DecodedBody) -> Skipped | Rejected:
        if isinstance(item, UnmatchedElement):
            message = "`each` finds no item in this element"
            return body.end(reject(index, body.location(index), "M605", message, item.value))
        explain = self._collector.explain
        return body.end(explain(index, NO_OBJECT, body.location, item, is_parsed=body.is_parsed))

    def _defect(self, index: int, item: object, body: DecodedBody, error: Exception) -> Rejected:
        if isinstance(error, RecursionError):
            return reject(index, body.location(index), "M606", TOO_DEEP, item)
        last, step = 0, error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == self._module_file:
                last = step.tb_lineno
            step = step.tb_next
        where = f" in line {last} of the generated module" if last else ""
        message = f"defect of mapper: {type(error).__name__}{where}"
        return reject(index, body.location(index), "M901", message, item)


def _content(item: object) -> object:
    return item.value if isinstance(item, UnmatchedElement) else item


def _too_deep(index: int, item: object, body: DecodedBody, max_levels: int) -> Rejected:
    content = _content(item)
    source = None if body.deep is None else body.deep.source_of(content)
    message = f"the item nests deeper than {max_levels} levels"
    return reject(index, body.location(index), "M606", message, content if source is None else source)


def _refused(diagnostic: Diagnostic, given: object, request: Request) -> DecodedBody:
    """A body that cannot be read."""
    return DecodedBody(None, given, request, rejected=Rejected(0, "$", (diagnostic,), given))


def _write(event: object, body: DecodedBody) -> bytes:
    """An event as bytes; raises InvalidEvent if it holds a value that JSON has not."""
    try:
        return encode(event)
    except Exception as error:  # too little stack, or a value that only a parsed payload can hold
        if body.room is not None:
            body.room.give_back(event)
        if body.may_raise or isinstance(error, RecursionError):
            raise
        raise InvalidEvent(event) from None


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
