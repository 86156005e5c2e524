"""Inference: what was found out about a program, for the checks and for other tools.

`type_of(node)` is the type of a node of the program's IR wherever it is evaluated; None where that is never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mapper import ir
from mapper.checker.types import NEVER, Type, join
from mapper.diagnostics.source import Span


@dataclass(frozen=True, slots=True)
class Failure:
    """A value that may stop an item at run time.

    `value` is the node whose value it is, `fits` whether some value of it would not. `declared` says that the
    author wants it so.
    """

    code: str
    span: Span
    reason: str
    value: ir.Value | None = None
    bad: Type = NEVER
    is_certain: bool = False
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a test was found able to hold, and able to fail."""

    can_hold: bool = False
    can_fail: bool = False


@dataclass(slots=True)
class Inference:
    """Collects types, failures, outcomes of tests and what is reached; read it when inference is over.

    `assumed` says in words what had to be taken for granted.
    """

    assumed: tuple[str, ...] = ()
    failures: list[Failure] = field(default_factory=list)
    is_declared: bool = False
    _types: dict[int, tuple[object, Type]] = field(default_factory=dict)
    _tests: dict[int, tuple[ir.TextTest, Outcome]] = field(default_factory=dict)
    _failures: dict[tuple[str, int, int], list[Failure]] = field(default_factory=dict)
    _reached: dict[int, bool] = field(default_factory=dict)

    def node(self, node: object, found: Type) -> Type:
        """Note the type of a node at one place; returns it."""
        known = self._types.get(id(node))
        self._types[id(node)] = (node, found if known is None else join(known[1], found))
        return found

    def type_of(self, node: object) -> Type | None:
        """The type of a node of the program, or None where it is never evaluated."""
        known = self._types.get(id(node))
        return None if known is None else known[1]

    def test(self, test: ir.TextTest, *, can_hold: bool, can_fail: bool) -> None:
        """Note what became of a test at one place."""
        known = self._tests.get(id(test), (test, Outcome()))[1]
        self._tests[id(test)] = (test, Outcome(known.can_hold or can_hold, known.can_fail or can_fail))

    def outcome_of(self, test: object) -> Outcome | None:
        """What can become of a test, or None where it is never evaluated or nothing is known of it."""
        known = self._tests.get(id(test))
        return None if known is None else known[1]

    def reach(self, node: object, reached: bool) -> None:
        """Note whether a node is evaluated at one place."""
        self._reached[id(node)] = self._reached.get(id(node), False) or reached

    def is_reached(self, node: object) -> bool:
        """Whether a node is ever evaluated; True also where nothing was noted."""
        return self._reached.get(id(node), True)

    def failures_at(self, code: str, span: Span) -> Sequence[Failure]:
        """The failures of one kind at one place."""
        return self._failures.get((code, span.start, span.end), ())

    def failure(self, failure: Failure) -> None:
        """Note that an item may be stopped; in a declared value that is what its author wants."""
        if self.is_declared and not failure.declared:
            failure = Failure(
                failure.code,
                failure.span,
                failure.reason,
                failure.value,
                failure.bad,
                failure.is_certain,
                True,
            )
        here = self._failures.setdefault((failure.code, failure.span.start, failure.span.end), [])
        if failure not in here:
            here.append(failure)
            self.failures.append(failure)
