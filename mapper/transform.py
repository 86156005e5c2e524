"""Transform: the callable a mapping becomes. A payload goes in; events, skips and rejections come out."""

from __future__ import annotations

import hashlib
import linecache
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from mapper.body import read_body
from mapper.diagnostics import Diagnostic
from mapper.errors import TransformError
from mapper.faults import Places, explain_fault, explain_violations, reject
from mapper.repair import STRICT, Policy
from mapper.request import Request
from mapper.result import JsonResult, Rejected, Result, Skipped, encode
from mapper.runtime.faults import Fault, Skip
from mapper.runtime.items import Leftover, locate, select
from mapper.runtime.validation import is_json
from mapper.source import SourceFile
from mapper.version import __version__ as VERSION

_NO_REQUEST = Request()


@dataclass(frozen=True, slots=True)
class Compiled:
    """All a Transform is made of: plain text and numbers, so that it pickles.

    `offsets` gives, for each line of `python`, the offset in the mapping's text it came from. `target` is the
    target schema as JSON text. `objects_only` is false where the source schema allows items of other types.
    """

    name: str
    description: str
    filename: str
    text: str = field(repr=False)
    python: str = field(repr=False)
    offsets: tuple[int | None, ...] = field(repr=False)
    target: str = field(repr=False)
    objects_only: bool
    policy: Policy = STRICT
    diagnostics: tuple[Diagnostic, ...] = ()
    version: str = VERSION


class Transform:
    """A compiled mapping, called with a payload: pure, thread-safe, picklable; payloads stay as they are."""

    __slots__ = ("_alternatives", "_compiled", "_event", "_places", "_reasons", "_valid")

    def __init__(self, compiled: Compiled) -> None:
        if compiled.version != VERSION:
            raise TransformError(
                f"compiled by mapper {compiled.version}, this is {VERSION}; compile it again"
            )
        self._compiled = compiled
        names = _execute(compiled)
        self._event = names["event"]
        self._valid = names["valid"]
        self._alternatives = names["EACH"]
        self._reasons: tuple[str, ...] = names["REASONS"]
        file = SourceFile(compiled.filename, compiled.text)
        self._places = Places(file, names["SITES"], names["FIELDS"])

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

    def __call__(self, payload: object, request: Request | None = None) -> Result:
        """Map a payload: bytes of JSON, or parsed JSON (dict, list, ...).

        Raises TypeError when `request` is not a Request; a bad payload ends in `rejected`.
        """
        request = _checked(request)
        if not isinstance(payload, bytes | bytearray | memoryview):
            result = Result()
            # A host's own parser may let NaN, half surrogate pairs or other Python values through.
            self._map(payload, request, result, is_plain=False)
            return result
        raw = bytes(payload)
        body = read_body(raw, self._compiled.policy)
        if isinstance(body, Diagnostic):
            return Result(rejected=[Rejected(0, "$", (body,), raw)])
        result = Result(repairs=body.repairs)
        self._map(body.value, request, result, is_plain=body.is_plain)
        return result

    def json(self, body: bytes, request: Request | None = None) -> JsonResult:
        """Map the bytes of a body to events as bytes; the outcome is that of calling the transform."""
        if not isinstance(body, bytes | bytearray | memoryview):
            raise TypeError("transform.json takes the bytes of a body; call the transform with parsed JSON")
        result = self(body, request)
        events = [encode(event) for event in result.events]
        return JsonResult(events, result.skipped, result.rejected, result.repairs)

    def _map(self, body: object, request: Request, result: Result, *, is_plain: bool) -> None:
        items = select(self._alternatives, body)
        if items is None:
            diagnostic = Diagnostic("M603", "the body has none of the places `each` names", location="$")
            result.rejected.append(Rejected(0, "$", (diagnostic,), body))
            return
        objects_only = self._compiled.objects_only
        event, valid = self._event, self._valid
        for index, item in enumerate(items):
            if not isinstance(item, dict) and (objects_only or type(item) is Leftover):
                result.rejected.append(self._not_object(index, item, body))
                continue
            try:
                outcome = event(item, body, request)
                if type(outcome) is int:
                    result.skipped.append(Skipped(index, self._reasons[outcome], item))
                elif valid(outcome) and (is_plain or is_json(outcome)):
                    result.events.append(outcome)
                else:
                    result.rejected.append(self._invalid(index, item, body, outcome))
            except Fault as fault:
                diagnostics = explain_fault(fault, self._places, self._place(index, body))
                result.rejected.append(reject(index, self._place(index, body), diagnostics, item))
            except Skip as skip:
                result.skipped.append(Skipped(index, skip.reason, item))
            except Exception as error:
                result.rejected.append(self._defect(index, item, body, error))

    def _place(self, index: int, body: object) -> tuple[str | int, ...] | None:
        places = locate(self._alternatives, body)
        return None if places is None or index >= len(places) else places[index]

    def _not_object(self, index: int, item: object, body: object) -> Rejected:
        place = self._place(index, body)
        if isinstance(item, Leftover):
            diagnostic = Diagnostic("M605", "`each` finds no item in this element")
            return reject(index, place, (diagnostic,), item.value)
        hints = ("pass bytes to have them parsed",) if isinstance(item, str) and item is body else ()
        return reject(index, place, (Diagnostic("M604", "the item is not a JSON object", hints=hints),), item)

    def _invalid(self, index: int, item: object, body: object, event: object) -> Rejected:
        diagnostics = explain_violations(self._compiled.target, event, self._places)
        return reject(index, self._place(index, body), diagnostics, item)

    def _defect(self, index: int, item: object, body: object, error: Exception) -> Rejected:
        if isinstance(error, RecursionError):
            diagnostic = Diagnostic("M606", "the item nests deeper than can be mapped")
        else:
            line = _line_of(error, _module_name(self._compiled))
            where = f" in line {line} of the generated module" if line else ""
            diagnostic = Diagnostic("M901", f"defect of mapper: {type(error).__name__}{where}")
        return reject(index, self._place(index, body), (diagnostic,), item)

    def __reduce__(self) -> tuple[type[Transform], tuple[Compiled]]:
        return Transform, (self._compiled,)

    def __repr__(self) -> str:
        return f"<Transform {self.name!r}>"


def _checked(request: Request | None) -> Request:
    if request is None:
        return _NO_REQUEST
    if not isinstance(request, Request):
        raise TypeError(f"request must be a mapper.Request, not {type(request).__name__}")
    return request


def _module_name(compiled: Compiled) -> str:
    digest = hashlib.sha256(compiled.python.encode()).hexdigest()[:12]
    return f"<mapper {ascii(compiled.name)[1:-1]} {digest}>"


def _execute(compiled: Compiled) -> dict[str, Any]:
    """Run the generated module in a namespace of its own; tracebacks find its text in linecache."""
    name = _module_name(compiled)
    code: CodeType = compile(compiled.python, name, "exec", dont_inherit=True)
    linecache.cache[name] = (len(compiled.python), None, compiled.python.splitlines(keepends=True), name)
    names: dict[str, Any] = {"__name__": name}
    exec(code, names)  # the text came out of codegen, where user text passes through repr() alone
    return names


def _line_of(error: BaseException, module: str) -> int | None:
    line, traceback = None, error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == module:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
