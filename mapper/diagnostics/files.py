"""Files: a path on disk becomes a SourceFile, or a diagnostic gives the reason why it cannot."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from pathlib import Path

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span
from mapper.runtime.limits import active

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


# Words for what is at a path and no file: opening it could wait for ever, or reading it never end.
_NO_FILES = (
    (stat.S_ISDIR, errno.EISDIR, "is a directory"),
    (stat.S_ISFIFO, errno.EINVAL, "is a pipe, not a file"),
    (stat.S_ISSOCK, errno.EINVAL, "is a socket, not a file"),
    (stat.S_ISCHR, errno.EINVAL, "is a device, not a file"),
    (stat.S_ISBLK, errno.EINVAL, "is a device, not a file"),
)


def display_name(path: Path) -> str:
    """The name diagnostics print: relative to the working directory if it lies below it, with `/`."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def read_regular(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file; one more than `max_bytes` if there are more.

    Raises OSError, and ValueError for a name that no path can have. A pipe, a socket, a device or a folder
    is not opened; `strerror` names it.
    """
    _check_regular(path, os.stat(path).st_mode)
    # Between both questions another program may put a pipe there: then it is not waited for.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as stream:
        _check_regular(path, os.fstat(descriptor).st_mode)
        return stream.read(max_bytes + 1)


def no_file(path: Path) -> str:
    """Words for what is at a path, such as `is a pipe, not a file`; empty if it is a file, or nothing."""
    try:
        _check_regular(path, os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "")
        return reason if any(reason == words for _, _, words in _NO_FILES) else ""
    return ""


def _check_regular(path: Path, mode: int) -> None:
    for is_kind, number, words in _NO_FILES:
        if is_kind(mode):
            raise OSError(number, words, str(path))


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
        data = read_regular(path, max_bytes)
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
