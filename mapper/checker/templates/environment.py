"""Environment: the values that a template's variables can have at one point of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import TypeAlias

from mapper.budget import spend
from mapper.checker.inference.filter_types import filter_type
from mapper.checker.inference.type_scope import of_key, place_of_path
from mapper.checker.types import ANY_MEMBER, MISSING_ONLY, Type, join, join_all, text_type
from mapper.checker.types.literals import constant_type
from mapper.checker.types.named import BOOLEAN, COUNT, DIGITS, TEXT, array_of
from mapper.ir import Path, Value, VarRead
from mapper.ir import liquid as ir
from mapper.ir.vars import VARS

# The place of a value: a root and the keys from it. Roots are the scopes of a request, `=name` for a variable
# that the template assigns and `@depth` for the variable of a loop.
Spot: TypeAlias = tuple[str | int, ...]

_RANGE = text_type(blank=False, patterns=frozenset({r"^-?(?:0|[1-9][0-9]*)\.\.-?(?:0|[1-9][0-9]*)$"}))
_COUNTS = ("length", "index", "index0", "rindex", "rindex0")


@dataclass(frozen=True, slots=True)
class LoopRound:
    """A round of an enclosing loop. `first` and `last` are None if both are possible."""

    name: str
    label: str
    element: Type
    first: bool | None = None
    last: bool | None = None


@dataclass(frozen=True)
class Environment:
    """The known values of variables: scopes, facts from conditions and assignments, loops."""

    scopes: Mapping[str, Type] = field(compare=False, repr=False)
    facts: Mapping[Spot, Type] = field(default_factory=dict)
    loops: tuple[LoopRound, ...] = ()

    @cached_property
    def mark(self) -> object:
        """Equal for environments that know the same."""
        spend(1 + len(self.facts) // 2)
        return frozenset(self.facts.items()), self.loops

    def knowing(self, spot: Spot, value: Type) -> Environment:
        """It with one value known better."""
        return replace(self, facts={**self.facts, spot: value})

    def assigned(self, name: str, value: Type) -> Environment:
        """It after an assignment, without the old facts of the variable."""
        root = f"={name}"
        facts = {spot: known for spot, known in self.facts.items() if spot[0] != root}
        return replace(self, facts={**facts, (root,): value})

    def inside(self, loop: LoopRound) -> Environment:
        """It in a round of a loop."""
        return replace(self, loops=(*self.loops, loop))

    def outside(self) -> Environment:
        """It after a round of the innermost loop."""
        root = f"@{len(self.loops) - 1}"
        facts = {spot: known for spot, known in self.facts.items() if spot[0] != root}
        return replace(self, facts=facts, loops=self.loops[:-1])

    # --- lookups

    def spot_of(self, lookup: ir.Lookup) -> Spot | None:
        """The place of a variable's value; None if it depends on the payload."""
        keys = tuple(key for key in lookup.rest if isinstance(key, str | int))
        if len(keys) < len(lookup.rest):
            return None
        if lookup.var is not None:
            return (*(spot_of_value(lookup.var.value) or (VARS, lookup.var.name)), *keys)
        return (*self._root(lookup.name), *keys)

    def _root(self, name: str) -> Spot:
        for depth in range(len(self.loops) - 1, -1, -1):
            if self.loops[depth].name == name:
                return (f"@{depth}",)
        if (f"={name}",) in self.facts:
            return (f"={name}",)
        return (name,) if name in self.scopes else ("item", name)

    def value_at(self, spot: Spot) -> Type:
        """The values that are possible there."""
        if spot in self.facts:
            return self.facts[spot]
        root = str(spot[0])
        if len(spot) == 1:
            if root.startswith("@"):
                return self.loops[int(root[1:])].element
            return self.scopes.get(root, MISSING_ONLY)
        return of_key(self.value_at(spot[:-1]), spot[-1])

    def is_loop_field(self, lookup: ir.Lookup) -> bool:
        """True if it reads the state of a loop."""
        return lookup.name == "forloop" and bool(self.loops) and self._root("forloop") == ("item", "forloop")

    def _loop_field(self, keys: tuple[object, ...]) -> Type:
        name = keys[-1] if keys else ""
        loop = self.loops[-len(keys)] if len(keys) <= len(self.loops) else None
        if name in _COUNTS:
            return COUNT
        if name == "name":
            return TEXT if loop is None else constant_type(loop.label)
        if name in ("first", "last") and loop is not None:
            known = loop.first if name == "first" else loop.last
            return BOOLEAN if known is None else constant_type(known)
        return ANY_MEMBER

    def evaluate(self, operand: ir.Operand) -> Type:
        """The possible values of an expression."""
        match operand:
            case ir.Scalar(value):
                return constant_type(value)
            case ir.Lookup() if self.is_loop_field(operand):
                return self._loop_field(operand.keys)
            case ir.Lookup():
                spot = self.spot_of(operand)
                return ANY_MEMBER if spot is None else self.value_at(spot)
            case ir.Interval():
                return join(_RANGE, array_of(DIGITS))
            case ir.FilterCall(value, name, args, kwargs):
                given = tuple(self.evaluate(arg) for arg in args)
                return filter_type(name, self.evaluate(value), given, is_plain=not kwargs)[0]
            case _:
                return ANY_MEMBER


def spot_of_value(value: Value) -> Spot | None:
    """The place that a value is another name of; None for any other value."""
    match value:
        case Path() if value.is_singular:
            place = place_of_path(value)
            return None if place is None else (place[0], *place[1])
        case VarRead(_, var):
            return spot_of_value(var.value)
        case _:
            return None


def joined_environments(envs: Iterable[Environment]) -> Environment:
    """The facts that hold in all of the environments, which are one or more."""
    return reduce(_joined, envs)


def _joined(one: Environment, other: Environment) -> Environment:
    if one.mark == other.mark:
        return one
    facts: dict[Spot, Type] = {}
    spots = {**one.facts, **other.facts}
    spend(1 + (len(spots) >> 4))
    for spot in spots:
        known = one.facts.get(spot)
        if known is not None and known is other.facts.get(spot):  # as most are: both began as one
            facts[spot] = known
            continue
        spend(4)
        if str(spot[0]).startswith("="):
            # A variable that one branch does not assign falls through to the item's key.
            fallen = (spot[0][1:], *spot[1:]) if isinstance(spot[0], str) else spot
            values = [
                env.facts[spot] if spot in env.facts else env.value_at(_below(env, fallen))
                for env in (one, other)
                if len(spot) == 1 or spot in env.facts
            ]
            if len(spot) == 1 or len(values) == 2:
                facts[spot] = join_all(values)
        elif spot in one.facts and spot in other.facts:
            facts[spot] = join(one.facts[spot], other.facts[spot])
    return replace(one, facts=facts)


def _below(env: Environment, spot: Spot) -> Spot:
    return spot if spot[0] in env.scopes else ("item", *spot)
