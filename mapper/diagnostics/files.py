"""Files: a path on disk becomes a SourceFile, or a diagnostic gives the reason why it cannot."""

from __future__ import annotations

import codecs
from pathlib import Path

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span
from mapper.runtime.limits import active

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def display_name(path: Path) -> str:
    """The name diagnostics print: relative to the working directory if it lies below it, with `/`."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def read_source(path: Path, report: Report) -> SourceFile | None:
    """The text of a mapping or dialect file; None after reporting M001, M002 or M010."""
    name = display_name(path)
    nowhere = Span(SourceFile(name, ""), 0, 0)
    return read_file(path, f"`{name}`", active().mapping_bytes, nowhere, report)


def read_file(
    path: Path, subject: str, max_bytes: int, place: Span | None, report: Report
) -> SourceFile | None:
    """The text of a file that messages call `subject`; None after reporting M001, M002 or M010."""
    try:
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)  # one more shows that there is more
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name cannot be a path"
        report.error("M001", f"cannot read {subject}", place, reason[:1].lower() + reason[1:])
        return None
    if len(data) > max_bytes:
        report.error("M010", f"{subject} is larger than {max_bytes} bytes", place, "", "split the file")
        return None
    return decode_source(display_name(path), data, report)


def decode_source(name: str, data: bytes, report: Report) -> SourceFile | None:
    """The bytes as UTF-8 text, without a byte order mark; None after reporting the first bad byte as M002."""
    if data.startswith(_WIDE_MARKS) or (len(data) > 3 and 0 in data[:2]):
        nowhere = Span(SourceFile(name, ""), 0, 0)
        report.error(
            "M002", "the file is UTF-16 or UTF-32 text", nowhere, "", "save the file as UTF-8 in your editor"
        )
        return None
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return SourceFile(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        start = len(data[: error.start].decode("utf-8"))
        shown = SourceFile(name, data.decode("utf-8", "replace"))
        report.error(
            "M002",
            "the file is not UTF-8 text",
            Span(shown, start, start + 1),
            f"byte {data[error.start]:#04x} begins no UTF-8 character",
            "save the file as UTF-8 in your editor",
        )
        return None
