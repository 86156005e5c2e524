"""mapper: declarative mappings from webhook payloads to canonical events, compiled to Python functions.

>>> import mapper
>>> transform = mapper.load("segment")
>>> result = transform(b'{"type": "track", ...}')     # bytes, or parsed JSON
>>> result.events, result.skipped, result.rejected
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mapper.diagnostics.diagnostic import Diagnostic, Label, Severity
from mapper.diagnostics.errors import CompileError, MapperError, TransformError
from mapper.diagnostics.source import SourceFile, Span
from mapper.runtime.limits import Limits
from mapper.runtime.repair.policy import Repair
from mapper.transform.request import Request
from mapper.transform.result import JsonResult, Rejected, Result, Skipped
from mapper.transform.stream import Stream
from mapper.transform.transform import Transform
from mapper.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from mapper.authoring.draft import MappingDraft
    from mapper.authoring.infer import InferredSchema
    from mapper.interpreter.traces import ItemTrace

__all__ = [
    "CompileError",
    "Diagnostic",
    "JsonResult",
    "Label",
    "Limits",
    "MapperError",
    "Rejected",
    "Repair",
    "Request",
    "Result",
    "Severity",
    "Skipped",
    "SourceFile",
    "Span",
    "Stream",
    "Transform",
    "TransformError",
    "__version__",
    "check",
    "compile",
    "draft",
    "infer",
    "load",
    "rejected_lines",
    "render",
    "trace",
]


def compile(text: str, *, filename: str = "<mapping>", limits: Limits | None = None) -> Transform:
    """The Transform of a mapping's text; raises CompileError with every problem found.

    `filename` is printed in diagnostics; if it is a path, schemas are looked up beside it too. `limits`
    bound the compilation and every call of the transform.
    """
    from mapper import api  # the compiler's libraries are imported when something is compiled

    return api.compile(text, filename=filename, limits=limits)


def check(text: str, *, filename: str = "<mapping>", limits: Limits | None = None) -> tuple[Diagnostic, ...]:
    """Every problem of a mapping's text, errors and warnings, in order; never raises for a bad mapping."""
    from mapper import api

    return api.check(text, filename=filename, limits=limits)


def load(name: str | Path, *, limits: Limits | None = None, cache: str | Path | None = None) -> Transform:
    """The Transform of a shipped mapping by name (`segment`) or of a mapping file; raises CompileError.

    `cache` is a folder of this service alone: what is compiled is kept there, and taken from there as long as
    the mapping, the schemas and the dialect it reads, the limits, and the versions stay what they were.
    """
    if cache is not None:
        from mapper.transform import cached

        transform = cached.recall(name, limits, cache)
        if transform is not None:
            return transform
    from mapper import api

    return api.load(name, limits=limits, cache=cache)


def render(diagnostics: Iterable[Diagnostic], format: str = "text", *, show_values: bool = False) -> str:
    """Diagnostics as `mapper check` prints them: `text`, `concise`, `json` or `github`.

    Values of payloads are shown by `text` and `json`, with `show_values` only. Raises ValueError for another
    format.
    """
    from mapper.diagnostics.render import render as rendered

    return rendered(diagnostics, format, show_values=show_values)


def trace(
    transform: Transform, payload: object, request: Request | None = None, *, index: int | None = None
) -> tuple[ItemTrace, ...]:
    """For each item of a payload its outcome and, leaf by leaf, the reasons; of one item if `index` is given.

    Raises CompileError if the mapping's schemas are not there any more.
    """
    from mapper import api

    return api.trace(transform, payload, request, index=index)


def rejected_lines(
    transform: Transform,
    body: bytes | bytearray | memoryview,
    result: Result | JsonResult,
    request: Request | None = None,
    *,
    file: str = "",
    line: int = 1,
    show_values: bool = False,
) -> Iterator[bytes]:
    """The rejected items of a result as lines of `mapper run --rejected`, for `mapper run --replay`.

    `body` is the one that was mapped. The lines hold `request` if it is given: its headers, query, settings
    and time of receipt. `file` and `line` say where the body came from. The lines of one body stay together.
    Raises TypeError for a body that is not bytes.
    """
    from mapper.streams.item_lines import lines_of_result  # many a service never rejects anything

    if not isinstance(body, bytes | bytearray | memoryview):
        raise TypeError("mapper.rejected_lines takes the bytes of a body")
    return lines_of_result(
        transform, bytes(body), result, request, file=file, number=line, show_values=show_values
    )


def infer(
    bodies: Iterable[object], *, each: str | Sequence[str] = "$", required_from: int = 20
) -> InferredSchema:
    """The JSON Schema of bodies: bytes or text of JSON, or parsed; an open NDJSON file has such lines.

    `each` says where the items are, as in a mapping; raises CompileError if it is no path. A field is
    required if at least `required_from` objects, never fewer than 20, all had it. Memory does not grow with
    the bodies.
    """
    from mapper.authoring import infer as inference

    return inference.infer(bodies, each=each, required_from=required_from)


def draft(name: str, bodies: Iterable[object], *, source: str = "") -> MappingDraft:
    """A mapping to start from, made of bodies: its `text`, and `guesses` with their reasons.

    The first 2,000 bodies count. `source` is the name of the schema that the mapping is to have. Raises
    ValueError if no object is among the items.
    """
    from mapper.authoring import draft as drafting

    return drafting.draft(name, bodies, source=source)
