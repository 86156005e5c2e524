"""Errors: the exceptions that leave the public API.

MapperError
├── CompileError          a mapping does not compile; carries every diagnostic
├── TransformError        a compiled mapping cannot be used (damaged pickle, wrong version, our own bug)
├── ColumnError           a table cannot be mapped: a column is missing, of a wrong type, or named twice
└── MissingPackageError   a package of an extra is not installed; an ImportError, too
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mapper.diagnostics.diagnostic import Diagnostic


class MapperError(Exception):
    """Base of all errors this library raises on purpose."""


class CompileError(MapperError):
    """The mapping has errors; `diagnostics` holds every problem found, warnings included."""

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics

    @classmethod
    def of(cls, name: str, diagnostics: tuple[Diagnostic, ...]) -> CompileError:
        """The error of the mapping `name`; its message names all faults, one a line if there are several."""
        errors = [d for d in diagnostics if d.severity.value == "error"]
        lines = [_line(error) for error in errors]
        text = "".join(f"\n  {line}" for line in lines) if len(lines) > 1 else f" {''.join(lines)}"
        return cls(f"`{name}` does not compile:{text}", diagnostics)

    def __reduce__(self) -> tuple[type[CompileError], tuple[str, tuple[Diagnostic, ...]]]:
        return CompileError, (self.args[0], self.diagnostics)


def _line(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    place = f"{span.line}:{span.column} " if span is not None and span.file.text else ""
    hint = f"; {diagnostic.hints[0]}" if diagnostic.hints else ""
    return f"{place}{diagnostic.code} {diagnostic.message}{hint}"


class TransformError(MapperError):
    """A compiled mapping could not be restored or has met a defect of the compiler."""


class ColumnError(MapperError):
    """A table cannot be mapped: a column is missing, has a wrong type, or two would have one name."""


class MissingPackageError(MapperError, ImportError):
    """A part of this library needs a package that is not installed; the message names its extra."""
