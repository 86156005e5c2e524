"""Transform: the callable a mapping becomes. A payload goes in; events, skips and rejections come out."""

from __future__ import annotations

from contextlib import suppress
from struct import error
from types import CodeType
from typing import TYPE_CHECKING, Any

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.errors import TransformError
from mapper.diagnostics.source import SourceFile
from mapper.native import load_core
from mapper.runtime.growth import Growth
from mapper.runtime.limits import DEFAULT
from mapper.transform.collector import Collector
from mapper.transform.compiled import Codes, Compiled, execute
from mapper.transform.decoded_path import DecodedPath, bytes_of
from mapper.transform.narrow_path import NarrowPath, NoNarrowPath
from mapper.transform.native_path import NativePath
from mapper.transform.rejections import Places
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Result
from mapper.transform.stream import PORTION, OpenedBody, Stream, stream_of

if TYPE_CHECKING:
    from pathlib import Path

_NO_REQUEST = Request()


class Transform:
    """A compiled mapping, called with a payload: pure, thread-safe, picklable; payloads stay as they are.

    A pickle holds the same bytes as a file that `save` writes, and is refused for the same reasons.
    """

    __slots__ = (
        "_compiled",
        "_decoded",
        "_file",
        "_first",
        "_module",
        "_narrow",
        "_narrow_code",
        "_native_code",
    )

    def __init__(self, compiled: Compiled, codes: Codes | None = None) -> None:
        self._compiled = compiled
        self._file = SourceFile(compiled.filename, compiled.text)
        self._module = execute(compiled.python, compiled.name, codes.python if codes else None)
        self._decoded = DecodedPath(compiled, self._module, self._collector(self._module))
        # The narrow module is executed by the first call of `json`; `_first` is the path that is tried first.
        self._first: NativePath | NarrowPath | NoNarrowPath | None = None
        self._narrow: NarrowPath | NoNarrowPath | None = None
        self._narrow_code: CodeType | None = codes.narrow if codes else None
        self._native_code: CodeType | None = codes.native if codes else None

    @classmethod
    def open(cls, path: str | Path) -> Transform:
        """The transform that `save` wrote to a file; nothing is parsed or checked again.

        A saved transform is code: open only what comes from a place you would import from. Raises
        TransformError if the file is missing, damaged, not such a file, or of another version.
        """
        from mapper.transform import saved

        compiled, codes = saved.read(path)
        return _restored(compiled, codes, f"`{path}`")

    def save(self, path: str | Path) -> None:
        """Write it to a file, whole or not at all, for `open`; raises OSError if that cannot be done."""
        from mapper.transform import saved

        saved.write(self._compiled, path)

    @property
    def name(self) -> str:
        """The mapping's name."""
        return self._compiled.name

    @property
    def description(self) -> str:
        """The mapping's own description."""
        return self._compiled.description

    @property
    def version(self) -> str:
        """A digest in hex of the mapping, the schemas and dialect that it names, and the version of mapper.

        The same version makes the same events of a request.
        """
        return self._compiled.version

    @property
    def each(self) -> tuple[str, ...]:
        """The paths to the items of a body, as the mapping's `each` has them; `$` if the body is the item."""
        return self._compiled.each

    @property
    def python(self) -> str:
        """The generated source; the same text for the same mapping and schemas."""
        return self._compiled.python

    @property
    def plan(self) -> str:
        """In words: the parts of a body that `json` decodes and those it passes on, or why it decodes all."""
        if not self._compiled.narrow or isinstance(self._narrow or self._load_narrow(), NarrowPath):
            return self._compiled.plan
        is_limited = self._compiled.limits != DEFAULT
        reason = "its limits are not the usual ones" if is_limited else "Python cannot run its narrow path"
        return f"A body is decoded as a whole: {reason}.\n"

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The warnings of the compilation."""
        return self._compiled.diagnostics

    def mapping_line(self, python_line: int) -> int | None:
        """The line of the mapping (1-based) that a line of `python` (1-based) came from."""
        offsets = self._compiled.offsets
        offset = offsets[python_line - 1] if 0 < python_line <= len(offsets) else None
        return None if offset is None else self._file.line_column(offset)[0]

    def __call__(self, payload: object, request: Request | None = None, *, trusted: bool = False) -> Result:
        """Map a payload: bytes of JSON, or parsed JSON (dict, list, ...).

        Of parsed JSON only those values are checked that are read or that an event would hold. `trusted` says
        that the parser lets nothing but JSON through, as those of orjson and msgspec do; `json.loads` does
        not, as it reads NaN and half surrogate pairs. Then values that an event takes over are not checked
        again, nor how deep it nests; the event as a whole is validated as ever. Raises TypeError if `request`
        is not a Request; a bad payload ends in `rejected`.
        """
        request = _NO_REQUEST if request is None else _checked(request)
        return self._decoded.map(payload, request, trusted)

    def json(self, body: bytes | bytearray | memoryview, request: Request | None = None) -> JsonResult:
        """Map the bytes of a body to events as bytes; the outcome is that of calling the transform."""
        if type(body) is not bytes:
            body = _plain_bytes(body)
        if request is None:
            request = _NO_REQUEST
        elif type(request) is not Request:
            request = _checked(request)
        path = self._first or self._load_first()
        try:
            found = path.begin(body, request)
        except Exception:  # the decoded path maps or explains every body that the narrow path cannot
            found = None
        if isinstance(found, JsonResult):
            return found
        return self._decoded.json(body, request) if found is None else found.collect()

    def stream(self, payload: object, request: Request | None = None, *, trusted: bool = False) -> Stream:
        """The outcomes of a payload one by one, in the order of its items: those of `json`.

        Beside the payload and what is decoded of it, one outcome is held at a time, or a few small ones,
        however many there are and however large they are together. The payload is bytes, or parsed JSON as
        in a call; do not change it before the stream ends.
        """
        request = _NO_REQUEST if request is None else _checked(request)
        body = bytes_of(payload)
        if body is None:
            return self._decoded.stream(payload, request, trusted)
        begun = self.begin(body, request)
        return begun if isinstance(begun, Stream) else stream_of(begun)

    def begin(self, body: bytes, request: Request) -> JsonResult | Stream:
        """The result of a body if it is small, made as fast as by `json`, otherwise its stream."""
        path = self._first or self._load_first()
        try:
            begun = path.begin(body, request, PORTION)
        except Exception:  # as in `json`
            begun = None
        return begun or self._decoded.stream(body, request)

    def open_items(self, body: bytes, request: Request) -> OpenedBody:
        """The outcomes of a body beside its items, for a host that keeps both."""
        opened = self._decoded.open(body, request)
        return OpenedBody(opened.items, self._decoded.outcomes(opened), opened.repairs)

    def _load_first(self) -> NativePath | NarrowPath | NoNarrowPath:
        path: NativePath | NarrowPath | NoNarrowPath
        narrow = path = self._narrow or self._load_narrow()
        core, program = load_core(), self._compiled.native
        if core is not None and program is not None and isinstance(narrow, NarrowPath):
            with suppress(ValueError, error):  # a program that another build of mapper made
                path = NativePath(core, program, narrow, self._compiled.name, self._native_code)
        self._first = path
        return path

    def _load_narrow(self) -> NarrowPath | NoNarrowPath:
        path: NarrowPath | NoNarrowPath = NoNarrowPath()
        text = self._compiled.narrow
        if text and self._compiled.limits == DEFAULT:
            with suppress(Exception):  # too deep for Python, or a type that the decoder refuses
                module = execute(text, self._compiled.name, self._narrow_code)
                growth = Growth(*self._module["GROWTH"])
                path = NarrowPath(module, self._decoded, self._collector(module), growth)
        self._narrow = path
        return path

    def _collector(self, module: dict[str, Any]) -> Collector:
        """The collector of outcomes of one of the two modules; only the sites differ between them."""
        places = Places(self._file, module["SITES"], self._module["FIELDS"])
        return Collector(self._module["REASONS"], places, self._compiled.target)

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        from mapper.transform import saved

        return _unpickle, (saved.pack(self._compiled),)

    def __repr__(self) -> str:
        return f"<Transform {self.name!r}>"


def _unpickle(data: bytes) -> Transform:
    """The transform of a pickle; raises TransformError that says why it cannot be used."""
    from mapper.transform import saved

    compiled, codes = saved.unpack(data, "the pickle")
    return _restored(compiled, codes, "the pickle")


def _restored(compiled: Compiled, codes: Codes | None, name: str) -> Transform:
    try:
        return Transform(compiled, codes)
    except Exception as error:  # the modules fit another build: names, arguments or syntax that are not ours
        raise TransformError(f"{name} cannot be used here ({error}); compile it again") from error


def _plain_bytes(body: object) -> bytes:
    raw = bytes_of(body)
    if raw is not None:
        return raw
    raise TypeError("transform.json takes the bytes of a body; call the transform with parsed JSON")


def _checked(request: object) -> Request:
    if not isinstance(request, Request):
        raise TypeError(f"request must be a mapper.Request, not {type(request).__name__}")
    return request
