"""Errors: the exceptions that leave the public API.

MapperError
├── CompileError     a mapping does not compile; carries every diagnostic
└── TransformError   a compiled mapping cannot be used (damaged pickle, wrong version, our own bug)
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
        """The error of the mapping `name`; its message names the first fault and counts the others."""
        errors = [d for d in diagnostics if d.severity.value == "error"]
        first = [f"{d.code} {d.message}" + (f"; {d.hints[0]}" if d.hints else "") for d in errors[:1]]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return cls(f"`{name}` does not compile: {' '.join(first)}{more}", diagnostics)

    def __reduce__(self) -> tuple[type[CompileError], tuple[str, tuple[Diagnostic, ...]]]:
        return CompileError, (self.args[0], self.diagnostics)


class TransformError(MapperError):
    """A compiled mapping could not be restored or has met a defect of the compiler."""
