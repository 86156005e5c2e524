"""Findings: types, outcomes of tests and possible rejections of a program, for the checks and other tools.

`type_of(node)` is the type of a node of the program's IR, joined over all places that evaluate it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mapper import ir
from mapper.checker.inference.type_scope import TypeScope
from mapper.checker.types import ANYTHING, NEVER, Type, join
from mapper.checker.types.named import array_of
from mapper.diagnostics.source import Span
from mapper.ir.liquid import Operand
from mapper.runtime.digits import LOST_DIGITS

_MAX_SCOPES = 4  # of one node, for the search


# Parts of a request that a schema may describe, or that none describes.
UNDESCRIBED = ("item", "envelope", "header", "query", "setting")


@dataclass(frozen=True, slots=True)
class PossibleRejection:
    """A node with values that stop the item at run time, and the code of the fault.

    `value` is the node that yields these values, in a mapping or a template, `bad` their type. If
    `is_certain`, every value stops the item. `declared` is True if the mapping asks for the rejection
    (`on_error: reject`), `loses_digits` if all of `bad` are numbers that may have lost digits.
    """

    code: str
    span: Span
    reason: str
    value: object = None
    bad: Type = NEVER
    is_certain: bool = False
    declared: bool = False
    loses_digits: bool = False


@dataclass(frozen=True, slots=True)
class PossibleOutcomes:
    """The outcomes of a test that inference found possible."""

    can_hold: bool = False
    can_fail: bool = False


@dataclass(slots=True)
class Inference:
    """Collects types, possible rejections, outcomes of tests and reached nodes of a program.

    It is complete when inference is over. `assumed` lists in words the assumptions on which results depend.
    `unchecked` are the parts of requests on which questions depend that are left open because no schema
    describes these parts, as the keys of a dict: `item`, `envelope`, ...
    `is_declared` is True while inference is inside a value with `on_error: reject`.
    """

    assumed: tuple[str, ...] = ()
    possible_rejections: list[PossibleRejection] = field(default_factory=list)
    unchecked: dict[str, None] = field(default_factory=dict)
    is_declared: bool = False
    _types: dict[int, tuple[object, Type]] = field(default_factory=dict)
    _scopes: dict[int, list[TypeScope]] = field(default_factory=dict)
    _tests: dict[int, tuple[ir.TextTest, PossibleOutcomes]] = field(default_factory=dict)
    _rejections: dict[tuple[str, int, int], list[PossibleRejection]] = field(default_factory=dict)
    _reached: dict[int, bool] = field(default_factory=dict)

    @property
    def not_checked(self) -> str:
        """The questions that are left open because no schema describes a part of the request, in words."""
        if "item" in self.unchecked:
            return (
                "values of the payload may be anything, because there is no source schema;"
                " `mapper infer` makes one of samples"
            )
        names = ", ".join(f"`{name}`" for name in UNDESCRIBED if name in self.unchecked)
        return f"values of {names} may be anything, because no schema describes them" if names else ""

    def note_type(self, node: object, found: Type) -> Type:
        """Note the type of a node at one place; returns that type."""
        known = self._types.get(id(node))
        self._types[id(node)] = (node, found if known is None else join(known[1], found))
        return found

    def type_of(self, node: object) -> Type | None:
        """The type of a node of the program; None if it is never evaluated."""
        known = self._types.get(id(node))
        return None if known is None else known[1]

    def note_scope(self, node: object, scope: TypeScope) -> None:
        """Note a scope in which a node is evaluated; of many different ones, the first are kept."""
        known = self._scopes.setdefault(id(node), [])
        if len(known) < _MAX_SCOPES and all(scope.roots is not other.roots for other in known):
            known.append(scope)

    def scopes_of(self, node: object) -> Sequence[TypeScope]:
        """Some scopes in which a node of the program is evaluated: what the conditions around it leave."""
        return self._scopes.get(id(node), ())

    def note_test(self, test: ir.TextTest, *, can_hold: bool, can_fail: bool) -> None:
        """Note the possible outcomes of a test at one place."""
        known = self._tests.get(id(test), (test, PossibleOutcomes()))[1]
        self._tests[id(test)] = (
            test,
            PossibleOutcomes(known.can_hold or can_hold, known.can_fail or can_fail),
        )

    def outcomes_of(self, test: object) -> PossibleOutcomes | None:
        """The possible outcomes of a test; None if it is never evaluated."""
        known = self._tests.get(id(test))
        return None if known is None else known[1]

    def note_reached(self, node: object, is_reached: bool) -> None:
        """Note that a node is evaluated at one place, or is not."""
        self._reached[id(node)] = self._reached.get(id(node), False) or is_reached

    def is_reached(self, node: object) -> bool:
        """Return True if a node is ever evaluated, or if nothing was noted."""
        return self._reached.get(id(node), True)

    def rejections_at(self, code: str, span: Span) -> Sequence[PossibleRejection]:
        """The possible rejections with one code at one place."""
        return self._rejections.get((code, span.start, span.end), ())

    def note_lost_digits(self, operand: Operand, span: Span, bad: Type, scope: TypeScope) -> None:
        """Note an operand of a template with values of the type `bad`: numbers that may have lost digits."""
        focus: object = operand
        if isinstance(operand, ir.Lookup) and operand.name in scope.local:
            # Its value came from anywhere in the template: perhaps from a list, or from a list in one.
            focus, bad = None, join(bad, array_of(join(bad, array_of(bad, 1)), 1))
        self.note_rejection(PossibleRejection("M618", span, LOST_DIGITS, focus, bad, loses_digits=True))

    def note_unfollowed(self, node: object, span: Span, scope: TypeScope) -> None:
        """Note Liquid that the library evaluates: nobody here knows if it fails."""
        if scope.is_reachable:
            reason = "it uses tags or expressions that are not followed"
            self.note_rejection(PossibleRejection("M618", span, reason, node, ANYTHING))

    def note_rejection(self, rejection: PossibleRejection) -> None:
        """Note that an item may be rejected."""
        if self.is_declared:
            rejection = replace(rejection, declared=True)
        here = self._rejections.setdefault((rejection.code, rejection.span.start, rejection.span.end), [])
        if rejection not in here:
            here.append(rejection)
            self.possible_rejections.append(rejection)
