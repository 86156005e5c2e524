"""Traffic: files of samples and of NDJSON become bodies, and bodies become items."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, TypeAlias

import msgspec

from mapper import ir
from mapper.authoring.observations import no_collection
from mapper.diagnostics.diagnostic import Diagnostic, Report
from mapper.diagnostics.errors import CompileError
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.expressions.jsonpath import parse_path
from mapper.interpreter.path_evaluation import find_nodes
from mapper.runtime.items import Alternative, UnmatchedElement, select
from mapper.samples.cases import BODY_KEYS, EXPECTED, REQUEST_KEYS
from mapper.streams.batches import BYTE_ORDER_MARK, Batch, Files, Position, bodies_of
from mapper.streams.inputs import read_batches
from mapper.transform.body import read_body
from mapper.transform.json_text import Body

WHOLE_BODY = "$"
MAX_NAMED = 20  # bodies that cannot be read of which place and reason are kept
_ALL = 1_000_000_000
_REQUEST = frozenset((*REQUEST_KEYS, *BODY_KEYS))
_decode = msgspec.json.Decoder().decode

Advance: TypeAlias = Callable[[str, int], None]  # shows a file, and how many bytes of all files are read


@dataclass(frozen=True, slots=True)
class BrokenBody:
    """A body that cannot be read: its file, the line where it begins, the reason without values of it."""

    file: str
    line: int
    reason: str

    @property
    def place(self) -> str:
        """As `orders.ndjson:17`."""
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class Traffic:
    """Reads bodies, and counts them. `broken` are the first of those that cannot be read, `unread` all."""

    bodies: int = 0
    unread: int = 0
    broken: list[BrokenBody] = field(default_factory=list)
    left_out: int = 0  # files with the expected results of samples

    def of_files(
        self, names: Sequence[str], advance: Advance = lambda name, done: None
    ) -> Iterator[list[Any]]:
        """The bodies of files, some at once; raises BrokenInput if a file cannot be read to its end.

        A file is NDJSON, or one JSON document. Of a sample with a `request`, the body is taken. Files with
        expected results are left out.
        """
        inputs = [name for name in names if not name.endswith(EXPECTED)]
        self.left_out += len(names) - len(inputs)
        files, lines = Files(), 1
        done: dict[str, int] = {}
        try:
            for batch in read_batches(inputs, "auto", Position()):
                data = files.read(batch)
                if not batch.start.offset:
                    lines = 1
                    data = data.removeprefix(BYTE_ORDER_MARK)
                yield self._of_batch(batch, data, max(batch.start.line, lines))
                lines += data.count(b"\n")
                done[batch.name] = batch.file_end
                advance(batch.name, sum(done.values()))
        finally:
            files.close()

    def of_bodies(self, bodies: Iterable[object]) -> Iterator[list[Any]]:
        """The bodies of an iterable, some at once: bytes or text of JSON, or parsed. Blank ones are none."""
        found: list[Any] = []
        for number, body in enumerate(bodies, 1):
            if not isinstance(body, bytes | bytearray | memoryview | str):
                self.bodies += 1
                found.append(body)
            else:
                raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)
                found += self._of_line("<bodies>", number, raw) if raw.strip() else []
            if len(found) >= 1000:
                yield found
                found = []
        yield found

    def _of_batch(self, batch: Batch, data: bytes, line: int) -> list[Any]:
        lines = [data] * bool(data.strip()) if batch.is_whole else BytesIO(data).readlines()
        with no_collection(), suppress(msgspec.MsgspecError, ValueError, RecursionError):
            values = [_decode(one) for one in lines if not one.isspace()]
            if not any(map(_is_wrapped, values)):
                self.bodies += len(values)
                return values
        found: list[Any] = []
        with no_collection():
            for number, body in bodies_of(lines, line):
                found += self._of_line(batch.name, number, body)
        return found

    def _of_line(self, name: str, line: int, raw: bytes) -> list[Any]:
        """The body of a line, or none if it cannot be read."""
        self.bodies += 1
        read = _read(raw)
        if isinstance(read, Body) and _is_wrapped(read.value):
            read = _body_of(read.value)
        if isinstance(read, Body):
            return [read.value]
        self.unread += 1
        if len(self.broken) < MAX_NAMED:
            self.broken.append(BrokenBody(name, line, read.message))
        return []


def _read(raw: bytes) -> Body | Diagnostic:
    """A body as it is read among others that are whole; `read_body` gives the reason if it is none."""
    try:
        return Body(_decode(raw), True)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return read_body(raw)


def _is_wrapped(value: object) -> bool:
    """True for a sample with headers and more beside its body."""
    if type(value) is not dict or len(value) != 1 or "request" not in value:
        return False
    request = value["request"]
    return isinstance(request, dict) and bool(request) and request.keys() <= _REQUEST


def _body_of(wrapped: Any) -> Body | Diagnostic:
    request = wrapped["request"]
    try:
        match request:
            case {"body_text": str(text)}:
                return read_body(text.encode("utf-8", "surrogatepass"))
            case {"body_base64": str(text)}:
                return read_body(binascii.a2b_base64(text, strict_mode=True))
    except ValueError:
        return Diagnostic("M011", "`body_base64` is not base64")
    return Body(request["body"], True) if "body" in request else read_body(b"")


@dataclass(slots=True)
class ItemReader:
    """The items of bodies by paths as of `each`; counts bodies without items, and elements left over."""

    alternatives: tuple[Alternative, ...]
    items: int = 0
    without: int = 0
    unmatched: int = 0

    def items_of(self, bodies: list[Any]) -> list[Any]:
        """The items of all bodies."""
        found: list[Any] = []
        for body in bodies:
            items = select(self.alternatives, body, _ALL)
            if items is None:
                self.without += 1
            else:
                found += items
        if len(self.alternatives) == 1 and not self.alternatives[0]:
            self.items += len(found)
            return found
        items = [item for item in found if type(item) is not UnmatchedElement]
        self.unmatched += len(found) - len(items)
        self.items += len(items)
        return items


def read_each(paths: Sequence[str]) -> tuple[Alternative, ...]:
    """The alternatives of `each`, for `select`; raises CompileError if a path is none."""
    report = Report()
    parsed = [_parse(path, report) for path in paths or (WHOLE_BODY,)]
    if report.has_errors:
        raise CompileError.of("each", report.ordered())
    return tuple(_alternative(path) for path in parsed if path is not None)


def _parse(text: str, report: Report) -> ir.Path | None:
    return parse_path(SpannedText(text, Span(SourceFile("each", text), 0, len(text))), ir.Root.BODY, report)


def _alternative(path: ir.Path) -> Alternative:
    steps = ir.plain_steps(path, indexes=True)
    if steps is not None:
        return steps
    return lambda body: [value for _, value in find_nodes(path, None, body)]
