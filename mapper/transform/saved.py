"""Saved transforms: the one stored form of a transform, for files, caches and pickles.

    mapper transform 1                  the kind of file; the number changes with this layout
    SHA-256 of all that follows         guards against accidents, not against attackers
    JSON on one line                    everything in Compiled, the version of mapper, the tag of the Python
    marshalled code objects             the modules, compiled by the Python of that tag

A form that is damaged, or that another version or build of mapper wrote, is refused. If another Python reads
it, the modules are compiled from their text. A stored transform is code: it must come from a place that is
trusted as much as the code itself.
"""

from __future__ import annotations

import json
import marshal
import sys
from dataclasses import fields
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from threading import Lock
from types import CodeType
from typing import Any, TypeVar

import msgspec

from mapper.diagnostics.codes import CODES
from mapper.diagnostics.diagnostic import Diagnostic, Label
from mapper.diagnostics.errors import TransformError
from mapper.diagnostics.files import read_regular
from mapper.diagnostics.source import Read, SourceFile, Span
from mapper.native.program import NativeProgram
from mapper.runtime.limits import Limits
from mapper.runtime.repair.policy import Policy
from mapper.runtime.stack import TOO_DEEP_TO_COMPILE
from mapper.transform.compiled import Codes, Compiled, compile_module
from mapper.transform.sealed import SealFault, seal, unseal
from mapper.transform.whole_file import random_part, replace_file
from mapper.version import __version__

MAX_BYTES = 64 * 1024 * 1024
_KIND, _LAYOUT = "mapper transform", 1
_AGAIN = "compile it again"
_CONVERTING = Lock()
_MALFORMED = (
    *(ValueError, TypeError, LookupError, AttributeError),  # fields that are not ours
    *(EOFError, MemoryError, RecursionError),  # of marshal
)
_Made = TypeVar("_Made")

# The Python that code objects are for: interpreter, byte code, and whether it leaves assertions out.
PYTHON = f"{sys.implementation.cache_tag} {MAGIC_NUMBER.hex()} {sys.flags.optimize}"


def write(compiled: Compiled, path: str | Path) -> None:
    """Write a file that `read` takes; other processes see the old file or the new one, never a part.

    Raises OSError if it cannot be written, TransformError if it would be too large to be read.
    """
    data = pack(compiled)
    if len(data) > MAX_BYTES:
        raise TransformError(f"the saved form of `{compiled.name}` is larger than {MAX_BYTES:,} bytes")
    path = Path(path)
    # Several processes may write the same cached transform at once.
    replace_file(path, data, random_part(path))


def read(path: str | Path) -> tuple[Compiled, Codes | None]:
    """The contents of a file; no code objects if another Python wrote it. Raises TransformError."""
    path = Path(path)
    try:
        data = read_regular(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name cannot be a path"
        raise TransformError(f"cannot read `{path}`: {reason[:1].lower()}{reason[1:]}") from None
    if len(data) > MAX_BYTES:
        raise TransformError(f"`{path}` is larger than {MAX_BYTES:,} bytes: it is no saved transform")
    return unpack(data, f"`{path}`")


def pack(compiled: Compiled) -> bytes:
    """The bytes of a saved transform."""
    others = (compiled.narrow, compiled.native.python if compiled.native else "")
    codes = (_code(text, compiled.name) for text in others)
    code = marshal.dumps((compile_module(compiled.python, compiled.name), *codes))
    plain = {field.name: getattr(compiled, field.name) for field in fields(Compiled)}
    files = _files(compiled)
    plain |= {
        "policy": _plain(compiled.policy),
        "limits": _plain(compiled.limits),
        "native": None if compiled.native is None else _plain(compiled.native),
        "reads": [_plain(each) for each in compiled.reads],
        "diagnostics": [_plain_diagnostic(each, files) for each in compiled.diagnostics],
        "files": [(file.name, file.text) for file in files],
        "version": __version__,
        "made_by": PYTHON,
    }
    # In ASCII: the name of a file may hold what UTF-8 cannot.
    content = json.dumps(plain, separators=(",", ":")).encode("ascii") + b"\n" + code
    return seal(_KIND, _LAYOUT, content)


def unpack(data: bytes, name: str) -> tuple[Compiled, Codes | None]:
    """The contents of the bytes of a saved transform; raises TransformError that calls them by `name`.

    A pickle that is damaged around these bytes may hold anything in their place.
    """
    if type(data) is not bytes:
        raise TransformError(f"{name} is no saved transform")
    content = unseal(_KIND, _LAYOUT, data)
    match content:
        case SealFault.OTHER_KIND:
            raise TransformError(f"{name} is no saved transform")
        case SealFault.OTHER_VERSION:
            raise TransformError(f"{name} is a saved transform of another layout; {_AGAIN}")
        case SealFault.DAMAGED:
            raise TransformError(f"{name} is damaged: it was cut short or altered; {_AGAIN}")
    text, _, code = content.partition(b"\n")
    try:
        plain = json.loads(text)
        version = plain.pop("version")
        if not (isinstance(version, str) and version.isprintable()):
            raise ValueError("no version")
        if version != __version__:
            raise TransformError(f"{name} was compiled by mapper {version}, this is {__version__}; {_AGAIN}")
        made_by = plain.pop("made_by")
        compiled = _compiled(plain)
        codes = Codes(*marshal.loads(code)) if made_by == PYTHON else None
    except _MALFORMED:
        # Its version is ours, yet its fields are not: a build of mapper between two releases wrote it.
        raise TransformError(
            f"{name} was compiled by another build of mapper {__version__}; {_AGAIN}"
        ) from None
    return compiled, codes


def _code(text: str, name: str) -> CodeType | None:
    try:
        return compile_module(text, name) if text else None
    except TOO_DEEP_TO_COMPILE:
        return None


def _compiled(plain: dict[str, Any]) -> Compiled:
    """The fields with the types that they were written with; raises one of the errors of `unpack`."""
    files = [
        SourceFile(name, text) for name, text in msgspec.convert(plain.pop("files"), list[tuple[str, str]])
    ]
    plain["diagnostics"] = tuple(_diagnostic(each, files) for each in plain["diagnostics"])
    for name, kind in (("policy", Policy), ("limits", Limits)):
        plain[name] = _made(kind, plain[name])
    if plain["native"] is not None:
        plain["native"] = _made(NativeProgram, plain["native"])
    plain["reads"] = tuple(_made(Read, each) for each in plain["reads"])
    compiled = _made(Compiled, plain)
    size = len(compiled.text)
    if not all(offset is None or 0 <= offset <= size for offset in compiled.offsets):
        raise ValueError("an offset outside the text")
    return compiled


def _made(kind: type[_Made], plain: dict[str, Any]) -> _Made:
    """A dataclass of these fields, none too many or too few, each of its type."""
    if plain.keys() != {field.name for field in fields(kind)}:  # type: ignore[arg-type]
        raise ValueError(f"other fields than those of {kind.__name__}")
    # Two threads at once in the first conversion to a dataclass crash the interpreter (msgspec 0.21).
    with _CONVERTING:
        return msgspec.convert(plain, kind)


def _plain(value: Policy | Limits | Read | NativeProgram) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _files(compiled: Compiled) -> list[SourceFile]:
    """The files that the labels of its diagnostics point into, each once."""
    return list(dict.fromkeys(label.span.file for each in compiled.diagnostics for label in each.labels))


def _plain_diagnostic(diagnostic: Diagnostic, files: list[SourceFile]) -> dict[str, Any]:
    plain = {field.name: getattr(diagnostic, field.name) for field in fields(diagnostic)}
    spans = [(label.span, label.text) for label in diagnostic.labels]
    labels = [(files.index(span.file), span.start, span.end, text) for span, text in spans]
    return plain | {"severity": diagnostic.severity.value, "labels": labels}


def _diagnostic(plain: dict[str, Any], files: list[SourceFile]) -> Diagnostic:
    labels = msgspec.convert(plain["labels"], list[tuple[int, int, int, str]])
    plain["labels"] = tuple(Label(_span(files, *place), text) for *place, text in labels)
    diagnostic = _made(Diagnostic, plain)
    if diagnostic.code not in CODES:
        raise ValueError("a code of another version")
    return diagnostic


def _span(files: list[SourceFile], number: int, start: int, end: int) -> Span:
    if not (0 <= number < len(files) and 0 <= start <= end <= len(files[number].text)):
        raise ValueError("a span outside its file")
    return Span(files[number], start, end)
