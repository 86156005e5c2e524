"""Diagnostic: one fault with its place and its hints, as data; `mapper.diagnostics.render` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module

from mapper.diagnostics.codes import CODES, Code
from mapper.diagnostics.source import Span


class Severity(Enum):
    """How bad a diagnostic is; only errors stop a mapping from compiling."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Label:
    """A note under a range of source text; the first label of a diagnostic is its place."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault: a registered code, a headline, labels into the source, hints, and a payload location.

    `location` is an RFC 9535 normalized path into the payload (`$['events'][2]`, written `$.events[2]` where
    names are plain); `value` is the offending value's text, printed only with `--show-values`.
    """

    code: str
    message: str
    labels: tuple[Label, ...] = ()
    hints: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    location: str | None = None
    value: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """The text that a terminal gets, without colours and values."""
        text = import_module("mapper.diagnostics.render.text")  # by name: it imports this module
        return str(text.render_text([self])).rstrip("\n")

    @property
    def registered(self) -> Code:
        """The registry's row of the code."""
        return CODES[self.code]

    @property
    def span(self) -> Span | None:
        """The place of the first label."""
        return self.labels[0].span if self.labels else None


@dataclass(slots=True)
class Report:
    """Collects the diagnostics of one compilation; stages add, the public API decides."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    # A set beside the list: with thousands of faults, a search of the list for each would be quadratic.
    _known: set[Diagnostic] = field(default_factory=set, repr=False)

    def error(self, code: str, message: str, span: Span | None, label: str = "", *hints: str) -> None:
        """Add an error with one label."""
        self.add(code, message, span, label, hints, Severity.ERROR)

    def warning(self, code: str, message: str, span: Span | None, label: str = "", *hints: str) -> None:
        """Add a warning with one label."""
        self.add(code, message, span, label, hints, Severity.WARNING)

    def add(
        self,
        code: str,
        message: str,
        span: Span | None,
        label: str,
        hints: Iterable[str],
        severity: Severity,
        more: Sequence[Label] = (),
    ) -> None:
        """Add a diagnostic unless the same one is there already."""
        labels = (() if span is None else (Label(span, label),)) + tuple(more)
        self.keep(Diagnostic(code, message, labels, tuple(h for h in hints if h), severity))

    def extend(self, other: Report) -> None:
        """Add the diagnostics of another report that are not there already."""
        for diagnostic in other.diagnostics:
            self.keep(diagnostic)

    def keep(self, diagnostic: Diagnostic) -> None:
        """Add a diagnostic unless the same one is there already."""
        if diagnostic not in self._known:
            self._known.add(diagnostic)
            self.diagnostics.append(diagnostic)

    @property
    def has_errors(self) -> bool:
        """True if an error was added, so that the mapping does not compile."""
        return any(d.severity is Severity.ERROR for d in self.diagnostics)

    def ordered(self) -> tuple[Diagnostic, ...]:
        """All diagnostics by file, then offset; those without a place first."""
        return tuple(
            sorted(
                self.diagnostics,
                key=lambda d: (d.span.file.name, d.span.start) if d.span else ("", -1),
            )
        )


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A hint naming up to three close candidates, or an empty string."""
    from difflib import get_close_matches  # services start without it

    candidates = list(candidates)
    same = [candidate for candidate in candidates if candidate.lower() == name.lower()]
    # 0.75 lets one slip in four letters pass (`naem` for `name`).
    close = same or get_close_matches(name, candidates, n=3, cutoff=0.75)
    if not close:
        return ""
    return "did you mean " + " or ".join(f"`{c}`" for c in close) + "?"
