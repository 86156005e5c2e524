"""Native path: the core in C maps a body, or leaves it, or some of its items, to the narrow path."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any

import msgspec

from mapper.native.program import NativeProgram
from mapper.runtime.limits import DEFAULT
from mapper.runtime.missing import MISSING
from mapper.transform.compiled import execute
from mapper.transform.narrow_path import NarrowPath
from mapper.transform.request import Request
from mapper.transform.result import JsonResult
from mapper.transform.stream import Stream, collect

_SCOPES = {"header": "headers", "query": "query", "setting": "settings"}
_encode = msgspec.json.Encoder().encode
_TIME = "received_at"


def _time(received: object, name: str) -> bytes | None:
    """The time of receipt, or (the name is a number) one so many seconds later."""
    if received is None:
        return None
    from mapper.runtime.times.times import shifted  # time zones are slow to import

    return _encode(shifted(str(received), int(name or 0)))


def _part(request: Request, scope: str, name: str) -> bytes | None:
    value = getattr(request, scope).get(name, MISSING)
    return None if value is MISSING else _encode(value)


class NativePath:
    """Maps bodies with a `program` of the core; those that it leaves are mapped by `narrow`.

    Work is not counted in the core: no body gets there that could take more than is allowed.
    """

    __slots__ = (
        "_call",
        "_code",
        "_given",
        "_map",
        "_max_bytes",
        "_max_bytes_of_any",
        "_max_event",
        "_name",
        "_narrow",
        "_program",
        "_times",
    )

    def __init__(
        self, core: ModuleType, program: NativeProgram, narrow: NarrowPath, name: str, code: CodeType | None
    ) -> None:
        self._narrow = narrow
        self._program = program
        self._name = name
        self._code = code
        self._call: Callable[[int, bytes | None, bytes | None, Request], bytes | None] = self._first_call
        self._map: Callable[..., Any] = core.Program(*program.packed()).map
        # Each value of a request by its attribute and name; those made of the time of receipt are kept.
        self._given = tuple((_SCOPES.get(scope, _TIME), name) for scope, name in program.given)
        self._times: tuple[object, dict[str, bytes | None]] = (_TIME, {})
        self._max_bytes, self._max_bytes_of_any = narrow.max_uncounted
        self._max_event = narrow.max_event

    def begin(self, body: bytes, request: Request, portion: int | None = None) -> JsonResult | Stream | None:
        """As `NarrowPath.begin`."""
        if len(body) <= self._max_bytes:
            is_small = len(body) <= self._max_bytes_of_any
            most = DEFAULT.items if is_small else self._narrow.most_uncounted(len(body))
            found = self._map(body, request, self._values(request) if self._given else (), self._call, most)
            if type(found) is bytes:
                if len(found) <= self._max_event:
                    return JsonResult([found], [], [], ())  # defaults would take as long again
            elif found is not None:
                result = self._several(found, body, request, portion)
                if result is not None:
                    return result
        return self._narrow.begin(body, request, portion)

    def _several(
        self, found: Any, body: bytes, request: Request, portion: int | None
    ) -> JsonResult | Stream | None:
        """The result of a skipped body, or one of several items; None if the narrow path has to map it."""
        if type(found) is int:
            return collect(iter((self._narrow.skipped(found, body),)))
        each_index, outcomes = found
        return self._narrow.settle(each_index, outcomes, body, request, portion)

    def _values(self, request: Request) -> tuple[bytes | None, ...]:
        """The values of a request that the program reads, as JSON text; None for one that is missing."""
        given, (received, times) = self._given, self._times
        if received != request.received_at:
            received = request.received_at
            times = {name: _time(received, name) for scope, name in given if scope is _TIME}
            self._times = received, times
        return tuple(
            [times[name] if scope is _TIME else _part(request, scope, name) for scope, name in given]
        )

    def _first_call(
        self, number: int, item: bytes | None, body: bytes | None, request: Request
    ) -> bytes | None:
        """Call a function of the module of calls; all calls of the first body come here."""
        if self._call == self._first_call:
            self._call = self._load_calls()
        return self._call(number, item, body, request)

    def _load_calls(self) -> Callable[[int, bytes | None, bytes | None, Request], bytes | None]:
        """Execute the module of calls."""
        module = execute(self._program.python, self._name, self._code)
        functions, read_item, read_body = module["CALLS"], module["read_item"], module["read_body"]
        no_item, no_body = read_item(b"{}"), read_body(b"{}")

        def call(number: int, item: bytes | None, body: bytes | None, request: Request) -> bytes | None:
            return functions[number](  # type: ignore[no-any-return]
                no_item if item is None else read_item(item),
                no_body if body is None else read_body(body),
                request,
            )

        return call
