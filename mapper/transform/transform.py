"""Transform: the callable a mapping becomes. A payload goes in; events, skips and rejections come out."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, Any

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.errors import TransformError
from mapper.diagnostics.source import SourceFile
from mapper.runtime.faults import Fault, Refused, Skip, record_fault
from mapper.runtime.growth import INFLATION, ROOM, Growth, is_bounded
from mapper.runtime.items import Alternative, Place, UnmatchedElement, find_row, locate, names_of, select
from mapper.runtime.json.foreign import PlainCopy
from mapper.runtime.json.locations import write_location
from mapper.runtime.json.narrow import Redo
from mapper.runtime.json.nesting import nests_deeper
from mapper.runtime.limits import DEFAULT, within
from mapper.runtime.schema.validation import is_json
from mapper.runtime.stack import TOO_DEEP_TO_COMPILE, on_fresh_stack
from mapper.transform.body import read_body
from mapper.transform.compiled import Codes, Compiled, execute, module_name
from mapper.transform.narrow_path import BytesPath, NoBytesPath
from mapper.transform.outcomes import Outcomes
from mapper.transform.rejections import (
    NO_PLACE,
    NOT_OBJECT,
    PASS_BYTES,
    TOO_DEEP,
    Places,
    explain_fault,
    reject,
    reject_event,
    reject_fault,
)
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Rejected, Result, Skipped, encode, set_item
from mapper.transform.room import Room
from mapper.version import __version__ as VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from mapper.runtime.json.deep import DeepReader

_NO_REQUEST = Request()
_BYTES = (bytes, bytearray, memoryview)


class Transform:
    """A compiled mapping, called with a payload: pure, thread-safe, picklable; payloads stay as they are."""

    __slots__ = (
        "_alternatives",
        "_bytes_path",
        "_compiled",
        "_event",
        "_growth",
        "_levels",
        "_narrow_code",
        "_places",
        "_reasons",
        "_takes_one",
    )

    def __init__(self, compiled: Compiled, codes: Codes | None = None) -> None:
        if compiled.version != VERSION:
            raise TransformError(
                f"compiled by mapper {compiled.version}, this is {VERSION}; compile it again"
            )
        self._compiled = compiled
        names = execute(compiled.python, compiled.name, codes.python if codes else None)
        self._bytes_path: BytesPath | NoBytesPath | None = None
        self._narrow_code: CodeType | None = codes.narrow if codes else None
        self._event = names["event"]
        self._alternatives = names["EACH"]
        self._growth = Growth(*names["GROWTH"])
        # Whether a parsed object is itself the one item, and nothing else has to be set up to map it.
        self._takes_one = (
            self._alternatives[0] == ()
            and compiled.limits == DEFAULT
            and self._growth.fits(1, DEFAULT.body_bytes, DEFAULT)
        )
        self._reasons: tuple[str, ...] = names["REASONS"]
        self._levels: int = compiled.limits.nesting + names["LEVELS"]
        file = SourceFile(compiled.filename, compiled.text)
        self._places = Places(file, names["SITES"], names["FIELDS"])

    @classmethod
    def open(cls, path: str | Path) -> Transform:
        """The transform that `save` wrote to a file; nothing is parsed or checked again.

        A saved transform is code: open only what comes from a place you would import from. Raises
        TransformError where the file is missing, damaged, not such a file, or of another version.
        """
        from mapper.transform import saved

        compiled, codes = saved.read(path)
        try:
            return cls(compiled, codes)
        except (ImportError, KeyError, *TOO_DEEP_TO_COMPILE) as error:
            raise TransformError(f"`{path}` cannot be used here ({error}); compile it again") from error

    def save(self, path: str | Path) -> None:
        """Write it to a file, whole or not at all, for `open`; raises OSError where that cannot be done."""
        from mapper.transform import saved

        saved.write(self._compiled, path)

    @property
    def name(self) -> str:
        """The mapping's name."""
        return self._compiled.name

    @property
    def description(self) -> str:
        """What the mapping says of itself."""
        return self._compiled.description

    @property
    def python(self) -> str:
        """The generated source; the same text for the same mapping and schemas."""
        return self._compiled.python

    @property
    def plan(self) -> str:
        """What `json` decodes of a body, what it passes as it is, or why it decodes all, in words."""
        if not self._compiled.narrow or isinstance(self._bytes_path or self._load_bytes_path(), BytesPath):
            return self._compiled.plan
        is_limited = self._compiled.limits != DEFAULT
        reason = "its limits are not the usual ones" if is_limited else "Python cannot run its bytes path"
        return f"A body is decoded as a whole: {reason}.\n"

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The warnings of the compilation."""
        return self._compiled.diagnostics

    def mapping_line(self, python_line: int) -> int | None:
        """The line of the mapping (1-based) that a line of `python` (1-based) came from."""
        offset = (
            self._compiled.offsets[python_line - 1]
            if 0 < python_line <= len(self._compiled.offsets)
            else None
        )
        return None if offset is None else self._places.file.line_column(offset)[0]

    def __call__(self, payload: object, request: Request | None = None, *, trusted: bool = False) -> Result:
        """Map a payload: bytes of JSON, or parsed JSON (dict, list, ...).

        Of parsed JSON only what is read and what an event would hold is looked at. `trusted` says that the
        parser has let nothing but JSON through, as those of orjson and msgspec do; `json.loads` does not, as
        it reads NaN and half surrogate pairs. Then what an event takes over is not looked at again, neither
        how deep it nests; the event as a whole is validated as ever. Raises TypeError when `request` is not
        a Request; a bad payload ends in `rejected`.
        """
        request = _NO_REQUEST if request is None else _checked(request)
        if self._takes_one and type(payload) is dict:
            try:
                outcome = self._event(payload, payload, request, 0 if trusted else self._levels)
            except Exception:  # whatever has gone wrong, the general path finds out and says
                pass
            else:
                if type(outcome) is int:
                    return Result([], [Skipped(0, self._reasons[outcome], payload)])
                return Result([outcome])
        if self._compiled.limits == DEFAULT:
            return self._run(payload, request, trusted)
        with within(self._compiled.limits):
            return self._run(payload, request, trusted)

    def json(self, body: bytes | bytearray | memoryview, request: Request | None = None) -> JsonResult:
        """Map the bytes of a body to events as bytes; the outcome is that of calling the transform."""
        if type(body) is not bytes:
            body = _plain_bytes(body)
        if request is None:
            request = _NO_REQUEST
        elif type(request) is not Request:
            request = _checked(request)
        path = self._bytes_path or self._load_bytes_path()
        try:
            found = path.map(body, request)
        except Exception:  # whatever the bytes path cannot take, the general path maps or explains
            found = None
        return found or self._as_json(body, request)

    def _load_bytes_path(self) -> BytesPath | NoBytesPath:
        path: BytesPath | NoBytesPath = NoBytesPath()
        text = self._compiled.narrow
        if text and self._compiled.limits == DEFAULT:
            with suppress(Exception):  # too deep for Python, or a type that the decoder refuses
                path = self._make_bytes_path(execute(text, self._compiled.name, self._narrow_code))
        self._bytes_path = path
        return path

    def _make_bytes_path(self, module: dict[str, Any]) -> BytesPath:
        places = Places(self._places.file, module["SITES"], self._places.fields)
        rows = tuple(write_location(names_of(alternative)) for alternative in self._alternatives)
        target, objects_only = self._compiled.target, self._compiled.objects_only
        outcomes = Outcomes(
            self._reasons, places, target, objects_only, self._alternatives, module["SPLIT"], rows
        )
        return BytesPath(module, self._alternatives, outcomes, self._map_plain, self._growth)

    def _map_plain(self, items: Iterable[tuple[int, object]], body: object, request: Request) -> Result:
        """The result of items, each with its index, of a body that is JSON for sure.

        Raises Redo if other items decide whether their events fit the limits.
        """
        result = Result()
        room = None if is_bounded(self._growth) else self._room(ROOM)
        batch = _Batch(body, body, self._alternatives, room=room)
        self._map_items(items, batch, request, result, is_plain=True, is_fresh=False)
        if room is not None and room.is_spent:
            raise Redo
        return result

    def _room(self, size: int) -> Room:
        levels = self._levels - self._compiled.limits.nesting if self._growth.is_large else 0
        return Room(self._compiled.limits, levels, size)

    def _as_json(self, body: bytes, request: Request) -> JsonResult:
        """The outcome of the general path, its events as bytes."""
        result = self(body, request)
        try:
            events = [encode(event) for event in result.events]
        except RecursionError:  # as in `_run`
            events = on_fresh_stack(lambda: [encode(event) for event in result.events])
        return JsonResult(events, result.skipped, result.rejected, result.repairs)

    def _run(self, payload: object, request: Request, trusted: bool) -> Result:
        try:
            return self._map_payload(payload, request, trusted, is_fresh=False)
        except RecursionError:
            # The caller has used up nearly all of its stack; what a payload gives must not depend on that.
            return on_fresh_stack(lambda: self._map_payload(payload, request, trusted, is_fresh=True))

    def _map_payload(self, payload: object, request: Request, trusted: bool, *, is_fresh: bool) -> Result:
        raw = _bytes_of(payload)
        if raw is None:
            return self._map_parsed(payload, request, trusted, is_fresh=is_fresh)
        body = read_body(raw, self._compiled.policy, self._compiled.limits)
        if isinstance(body, Diagnostic):
            return Result(rejected=[Rejected(0, "$", (body,), raw)])
        result = Result(repairs=body.repairs)
        whole = body.value if body.deep is None else raw
        batch = _Batch(body.value, whole, self._alternatives, body.deep)
        batch.size = min(INFLATION * len(raw), self._compiled.limits.body_bytes)
        self._map(batch, request, result, is_plain=body.is_plain, is_fresh=is_fresh)
        return result

    def _map_parsed(self, payload: object, request: Request, trusted: bool, *, is_fresh: bool) -> Result:
        # A host's own parser may let NaN, half surrogate pairs, any nesting or other values through: of these
        # counts what an event would hold.
        result = Result()
        size = self._compiled.limits.body_bytes
        batch = _Batch(payload, payload, self._alternatives, is_parsed=not trusted, may_raise=True, size=size)
        try:
            self._map(batch, request, result, is_plain=trusted, is_fresh=is_fresh)
            return result
        except Exception as error:
            if isinstance(error, RecursionError) and not is_fresh:
                raise
        result, copy = Result(), PlainCopy(payload)
        batch = _Batch(copy.value, copy.value, self._alternatives, is_parsed=not trusted, size=size)
        self._map(batch, request, result, is_plain=trusted, is_fresh=is_fresh)
        for other in (*result.skipped, *result.rejected):
            set_item(other, copy.original(other.item))
        return result

    def _map(
        self, batch: _Batch, request: Request, result: Result, *, is_plain: bool, is_fresh: bool
    ) -> None:
        items, limits = self._items(batch, result), self._compiled.limits
        if not self._growth.fits(len(items), batch.size, limits):
            batch.room = self._room(limits.result_bytes)
        self._map_items(enumerate(items), batch, request, result, is_plain=is_plain, is_fresh=is_fresh)

    def _map_items(
        self,
        items: Iterable[tuple[int, object]],
        batch: _Batch,
        request: Request,
        result: Result,
        *,
        is_plain: bool,
        is_fresh: bool,
    ) -> None:
        body, room = batch.body, batch.room
        objects_only, nesting = self._compiled.objects_only, self._compiled.limits.nesting
        event, most = self._event, self._levels if batch.is_parsed else 0
        for index, item in items:
            if batch.deep is not None and nests_deeper(_content(item), nesting):
                result.rejected.append(_too_deep(index, item, batch, nesting))
                continue
            if not isinstance(item, dict) and (objects_only or type(item) is UnmatchedElement):
                result.rejected.append(_not_object(index, item, batch))
                continue
            if room is not None and room.is_spent:
                result.rejected.append(room.reject(index, batch.location(index), item))
                continue
            try:
                try:
                    outcome = event(item, body, request, most)
                except Refused as refused:
                    result.rejected.append(self._invalid(index, item, batch, refused.event))
                    continue
                if type(outcome) is int:
                    result.skipped.append(Skipped(index, self._reasons[outcome], item))
                elif not (is_plain or most or is_json(outcome)):
                    result.rejected.append(self._invalid(index, item, batch, outcome))
                elif room is None or room.takes(outcome):
                    result.events.append(outcome)
                else:
                    result.rejected.append(room.reject(index, batch.location(index), item))
            except Fault as fault:
                where = batch.location(index)
                result.rejected.append(reject_fault(index, where, record_fault(fault), self._places, item))
            except Skip as skip:
                result.skipped.append(Skipped(index, skip.reason, item))
            except RecursionError as error:
                if not is_fresh:
                    raise
                result.rejected.append(self._defect(index, item, batch, error))
            except Exception as error:
                if batch.may_raise:
                    raise
                result.rejected.append(self._defect(index, item, batch, error))

    def _items(self, batch: _Batch, result: Result) -> list[object]:
        """The items to map; none where the body as a whole is rejected."""
        most = self._compiled.limits.items
        try:
            items = select(self._alternatives, batch.body)
        except Fault as fault:
            diagnostics = explain_fault(record_fault(fault), self._places, "$")
        else:
            if items is not None and len(items) <= most:
                return items
            code, message = "M603", NO_PLACE
            if items is not None:
                code, message = "M608", f"the body holds more than {most:,} items"
            diagnostics = (Diagnostic(code, message, location="$"),)
        result.rejected.append(Rejected(0, "$", diagnostics, batch.whole))
        return []

    def _invalid(self, index: int, item: object, batch: _Batch, event: object) -> Rejected:
        if batch.is_parsed and nests_deeper(event, self._levels):
            return _too_deep(index, item, batch, self._compiled.limits.nesting)
        where, target = batch.location(index), self._compiled.target
        return reject_event(index, where, target, event, self._places, item)

    def _defect(self, index: int, item: object, batch: _Batch, error: Exception) -> Rejected:
        if isinstance(error, RecursionError):
            return reject(index, batch.location(index), "M606", TOO_DEEP, item)
        line = _line_of(error, module_name(self._compiled.python, self._compiled.name))
        where = f" in line {line} of the generated module" if line else ""
        message = f"defect of mapper: {type(error).__name__}{where}"
        return reject(index, batch.location(index), "M901", message, item)

    def __reduce__(self) -> tuple[type[Transform], tuple[Compiled]]:
        return Transform, (self._compiled,)

    def __repr__(self) -> str:
        return f"<Transform {self.name!r}>"


@dataclass(slots=True, repr=False)
class _Batch:
    """One body on its way: `whole` is what a rejection of all of it keeps, its bytes where it is too deep.

    `deep` is set where items may nest too deep; it knows their bytes. `may_raise` is set if the body may hold
    types of the host's own: an exception is then no defect, and the body is read again as plain. `size` is
    the most bytes that its values take as compact JSON; `room` is set if its events have to be measured.
    """

    body: object
    whole: object
    alternatives: tuple[Alternative, ...]
    deep: DeepReader | None = None
    is_parsed: bool = False
    may_raise: bool = False
    size: int = 0
    room: Room | None = None
    row: str = ""
    places: list[Place] | None = None
    is_located: bool = False

    def location(self, index: int) -> str | None:
        """Where an item stands; None where that is not known. The places are worked out once, if at all."""
        if not self.is_located:
            self._locate()
        if self.row:
            return f"{self.row}[{index}]"
        return (
            None if self.places is None or index >= len(self.places) else write_location(self.places[index])
        )

    def _locate(self) -> None:
        names = find_row(self.alternatives, self.body)
        if names is None:
            self.places = locate(self.alternatives, self.body)
        else:
            self.row = write_location(names)
        self.is_located = True


def _content(item: object) -> object:
    return item.value if isinstance(item, UnmatchedElement) else item


def _too_deep(index: int, item: object, batch: _Batch, most: int) -> Rejected:
    content = _content(item)
    source = None if batch.deep is None else batch.deep.source_of(content)
    message = f"the item nests deeper than {most} levels"
    return reject(index, batch.location(index), "M606", message, content if source is None else source)


def _not_object(index: int, item: object, batch: _Batch) -> Rejected:
    location = batch.location(index)
    if isinstance(item, UnmatchedElement):
        return reject(index, location, "M605", "`each` finds no item in this element", item.value)
    hints = PASS_BYTES if isinstance(item, str) and item is batch.body else ()
    return reject(index, location, "M604", NOT_OBJECT, item, hints)


def _bytes_of(payload: object) -> bytes | None:
    """The bytes of a body; None of anything else, and of what does not give them."""
    if type(payload) is bytes:
        return payload
    if not issubclass(type(payload), _BYTES):  # not `isinstance`, which asks the payload for its class
        return None
    try:
        return memoryview(payload).tobytes()  # type: ignore[arg-type]
    except Exception:  # a view that has been released, or a type of the host's own
        return None


def _plain_bytes(body: object) -> bytes:
    raw = _bytes_of(body)
    if raw is not None:
        return raw
    raise TypeError("transform.json takes the bytes of a body; call the transform with parsed JSON")


def _checked(request: object) -> Request:
    if not isinstance(request, Request):
        raise TypeError(f"request must be a mapper.Request, not {type(request).__name__}")
    return request


def _line_of(error: BaseException, module: str) -> int | None:
    line, traceback = None, error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == module:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
