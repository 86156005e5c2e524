"""Transform: the callable a mapping becomes. A payload goes in; events, skips and rejections come out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, TypeAlias

from mapper.body import read_body, read_plain
from mapper.compiled import TOO_DEEP_TO_COMPILE, Codes, Compiled, execute, module_name
from mapper.diagnostics import Diagnostic
from mapper.errors import TransformError
from mapper.faults import (
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
from mapper.outcomes import Items, Outcome, Outcomes, Reason, Split, Taken
from mapper.portions import find_portioned, map_portions, portions
from mapper.request import Request
from mapper.result import JsonResult, Rejected, Result, Skipped, encode
from mapper.runtime.faults import Fault, Refused, Skip, tell, tell_plain
from mapper.runtime.items import Alternative, Leftover, Place, find_row, locate, names_of, select
from mapper.runtime.limits import DEFAULT, within
from mapper.runtime.locations import write_location
from mapper.runtime.narrow import take_apart
from mapper.runtime.nesting import nests_deeper
from mapper.runtime.stack import on_fresh_stack
from mapper.runtime.validation import is_json
from mapper.source import SourceFile
from mapper.version import __version__ as VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from mapper.runtime.deep import DeepReader

_NO_REQUEST = Request()
_BYTES = (bytes, bytearray, memoryview)
_NESTING, _MOST_BYTES = DEFAULT.nesting, DEFAULT.body_bytes
_NOT_TAKEN: Taken | Items = (-1, ())

# The outcome of a body that is one item; or those of several, and the alternative of `each` they are from.
Narrow: TypeAlias = Callable[[bytes, Request], Outcome | tuple[list[Outcome], int]]


class Transform:
    """A compiled mapping, called with a payload: pure, thread-safe, picklable; payloads stay as they are."""

    __slots__ = (
        "_alternatives",
        "_compiled",
        "_event",
        "_levels",
        "_narrow",
        "_narrow_code",
        "_outcomes",
        "_places",
        "_reasons",
        "_row",
        "_shallow",
        "_splits",
        "_takes_one",
    )

    def __init__(self, compiled: Compiled, codes: Codes | None = None) -> None:
        if compiled.version != VERSION:
            raise TransformError(
                f"compiled by mapper {compiled.version}, this is {VERSION}; compile it again"
            )
        self._compiled = compiled
        names = execute(compiled.python, compiled.name, codes.python if codes else None)
        self._narrow: Narrow | None = None
        self._narrow_code: CodeType | None = codes.narrow if codes else None
        self._outcomes: Outcomes | None = None
        # Bodies of up to so many bytes cannot nest too deep for the bytes path: a level takes two brackets.
        self._shallow = sys.maxsize
        self._splits: tuple[Split | None, ...] = ()
        self._row: int | None = None
        self._event = names["event"]
        self._alternatives = names["EACH"]
        # Whether a parsed object is itself the one item, and nothing else has to be set up to map it.
        self._takes_one = self._alternatives[0] == () and compiled.limits == DEFAULT
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
        from mapper import saved

        compiled, codes = saved.read(path)
        try:
            return cls(compiled, codes)
        except (ImportError, KeyError, *TOO_DEEP_TO_COMPILE) as error:
            raise TransformError(f"`{path}` cannot be used here ({error}); compile it again") from error

    def save(self, path: str | Path) -> None:
        """Write it to a file, whole or not at all, for `open`; raises OSError where that cannot be done."""
        from mapper import saved

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
        return self._compiled.plan

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
        narrow = self._narrow or self._load_narrow()
        mapped: Outcome | tuple[list[Outcome], int] = None
        size, known = len(body), _NOT_TAKEN
        try:
            if size > self._shallow:
                if size > _MOST_BYTES:
                    return self._as_json(body, request)
                # An object around others takes five bytes: brackets, quotes, a colon. Taking brackets out is
                # faster than counting them: it jumps from one to the next.
                arrays = size - len(body.replace(b"[", b"", _NESTING + 1))
                if arrays + size // 5 >= _NESTING and (
                    arrays + size - len(body.replace(b"{", b"", _NESTING + 1)) > _NESTING
                ):
                    mapped, known = self._take_apart(narrow, body, request)
            try:
                mapped = narrow(body, request) if mapped is None else mapped
                if isinstance(mapped, bytes):
                    return JsonResult([mapped])
            except Fault as fault:
                mapped = tell_plain(fault)
            found = self._collect(mapped, body, request, known)
        except Exception:  # whatever the bytes path cannot take, the general path maps or explains
            found = None
        return found or self._as_json(body, request)

    def _load_narrow(self) -> Narrow:
        text = self._compiled.narrow
        if not text or self._compiled.limits != DEFAULT:
            self._narrow = _no_narrow_path
            return self._narrow
        try:
            module = execute(text, self._compiled.name, self._narrow_code)
        except TOO_DEEP_TO_COMPILE:
            self._narrow = _no_narrow_path
            return self._narrow
        places = Places(self._places.file, module["SITES"], self._places.fields)
        rows = tuple(write_location(names_of(alternative)) for alternative in self._alternatives)
        target, objects_only = self._compiled.target, self._compiled.objects_only
        self._outcomes = Outcomes(
            self._reasons, places, target, objects_only, self._alternatives, module["SPLIT"], rows
        )
        self._splits = module["SPLIT"]
        self._shallow = 2 * _NESTING
        self._row = find_portioned(self._alternatives, text)
        run: Narrow = module["run"]
        self._narrow = run  # the last: another thread that finds it finds the rest
        return run

    def _take_apart(
        self, narrow: Narrow, body: bytes, request: Request
    ) -> tuple[tuple[list[Outcome], int] | None, Taken | Items]:
        """The outcomes of a body with many brackets, where its items can be mapped a few at a time.

        Else at least what it was seen by that none of them nests too deep; Redo where one may.
        """
        way, outcomes = self._row, self._outcomes
        if way is not None and outcomes is not None:
            with suppress(Exception):  # what has gone wrong may be the fault of how it was cut
                found, items = map_portions(
                    portions(body, _NESTING), lambda portion: narrow(portion, request), way, outcomes
                )
                return (found, way), items
        return None, take_apart(body, self._splits, _NESTING)

    def _collect(
        self,
        mapped: Reason | tuple[list[Outcome], int] | None,
        body: bytes,
        request: Request,
        known: Taken | Items,
    ) -> JsonResult | None:
        """The result of outcomes of the bytes path; None where the general path has to map the whole body."""
        outcomes = self._outcomes
        if outcomes is None:
            return None
        if mapped is None:
            return self._map_whole(body, request)
        if not isinstance(mapped, tuple) or len(mapped) != 2:
            return outcomes.of_body(mapped, body)
        if len(mapped[0]) > self._compiled.limits.items:
            return None
        return outcomes.of_items(
            *mapped, body, known, lambda left, count: self._map_left(left, count, body, request)
        )

    def _map_whole(self, body: bytes, request: Request) -> JsonResult | None:
        """As `_as_json`, of a body that the bytes path has found to be JSON."""
        value = read_plain(body)
        items = select(self._alternatives, value)
        if items is None:
            return JsonResult([], [], [reject(0, "$", "M603", NO_PLACE, value)])
        if len(items) > self._compiled.limits.items:
            return None
        result = Result()
        batch = _Batch(value, value, self._alternatives)
        self._map_items(enumerate(items), batch, request, result, is_plain=True, is_fresh=False)
        return JsonResult([encode(event) for event in result.events], result.skipped, result.rejected)

    def _map_left(self, left: list[int], count: int, body: bytes, request: Request) -> Result | None:
        """The result of some of the `count` items of a body; None where it is found to have others."""
        value = read_plain(body)
        items = select(self._alternatives, value)
        if items is None or len(items) != count:
            return None
        result = Result()
        batch = _Batch(value, value, self._alternatives)
        numbered = [(index, items[index]) for index in left]
        self._map_items(numbered, batch, request, result, is_plain=True, is_fresh=False)
        return result

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
        if not isinstance(payload, _BYTES):
            result = Result()
            # A host's own parser may let NaN, half surrogate pairs, any nesting or other values through: of
            # these counts what an event would hold.
            batch = _Batch(payload, payload, self._alternatives, is_parsed=not trusted)
            self._map(batch, request, result, is_plain=trusted, is_fresh=is_fresh)
            return result
        raw = bytes(payload)
        body = read_body(raw, self._compiled.policy, self._compiled.limits)
        if isinstance(body, Diagnostic):
            return Result(rejected=[Rejected(0, "$", (body,), raw)])
        result = Result(repairs=body.repairs)
        whole = body.value if body.deep is None else raw
        batch = _Batch(body.value, whole, self._alternatives, body.deep)
        self._map(batch, request, result, is_plain=body.is_plain, is_fresh=is_fresh)
        return result

    def _map(
        self, batch: _Batch, request: Request, result: Result, *, is_plain: bool, is_fresh: bool
    ) -> None:
        numbered = enumerate(self._items(batch, result))
        self._map_items(numbered, batch, request, result, is_plain=is_plain, is_fresh=is_fresh)

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
        body = batch.body
        objects_only, nesting = self._compiled.objects_only, self._compiled.limits.nesting
        event, most = self._event, self._levels if batch.is_parsed else 0
        for index, item in items:
            if batch.deep is not None and nests_deeper(_content(item), nesting):
                result.rejected.append(_too_deep(index, item, batch, nesting))
                continue
            if not isinstance(item, dict) and (objects_only or type(item) is Leftover):
                result.rejected.append(_not_object(index, item, batch))
                continue
            try:
                try:
                    outcome = event(item, body, request, most)
                except Refused as refused:
                    result.rejected.append(self._invalid(index, item, batch, refused.event))
                    continue
                if type(outcome) is int:
                    result.skipped.append(Skipped(index, self._reasons[outcome], item))
                elif is_plain or most or is_json(outcome):
                    result.events.append(outcome)
                else:
                    result.rejected.append(self._invalid(index, item, batch, outcome))
            except Fault as fault:
                where = batch.location(index)
                result.rejected.append(reject_fault(index, where, tell(fault), self._places, item))
            except Skip as skip:
                result.skipped.append(Skipped(index, skip.reason, item))
            except RecursionError as error:
                if not is_fresh:
                    raise
                result.rejected.append(self._defect(index, item, batch, error))
            except Exception as error:
                result.rejected.append(self._defect(index, item, batch, error))

    def _items(self, batch: _Batch, result: Result) -> list[object]:
        """The items to map; none where the body as a whole is rejected."""
        most = self._compiled.limits.items
        try:
            items = select(self._alternatives, batch.body)
        except Fault as fault:
            diagnostics = explain_fault(tell(fault), self._places, "$")
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

    `deep` is set where items may nest too deep; it knows their bytes.
    """

    body: object
    whole: object
    alternatives: tuple[Alternative, ...]
    deep: DeepReader | None = None
    is_parsed: bool = False
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
    return item.value if isinstance(item, Leftover) else item


def _too_deep(index: int, item: object, batch: _Batch, most: int) -> Rejected:
    content = _content(item)
    source = None if batch.deep is None else batch.deep.source_of(content)
    message = f"the item nests deeper than {most} levels"
    return reject(index, batch.location(index), "M606", message, content if source is None else source)


def _not_object(index: int, item: object, batch: _Batch) -> Rejected:
    location = batch.location(index)
    if isinstance(item, Leftover):
        return reject(index, location, "M605", "`each` finds no item in this element", item.value)
    hints = PASS_BYTES if isinstance(item, str) and item is batch.body else ()
    return reject(index, location, "M604", NOT_OBJECT, item, hints)


def _plain_bytes(body: object) -> bytes:
    if isinstance(body, _BYTES):
        return bytes(body)
    raise TypeError("transform.json takes the bytes of a body; call the transform with parsed JSON")


def _no_narrow_path(body: bytes, request: Request) -> None:
    """Leaves every body to the general path."""


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
