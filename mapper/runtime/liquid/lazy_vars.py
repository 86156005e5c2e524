"""Lazy vars: the vars of a mapping as a variable of a text that the library runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from mapper.runtime.faults import Fault
from mapper.runtime.liquid.semantics import variables
from mapper.runtime.missing import MISSING

# The vars that a text may read: functions that give their values, or MISSING.
VarValues: TypeAlias = Mapping[str, Callable[[], object]]
NO_VARS: VarValues = {}


class VarFailed(Exception):
    """Carries the fault of a var out of the library: it has a place of its own in the mapping."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault


class LazyVars:
    """The vars as one value, which prints nothing; each var is computed when it is read."""

    def __init__(self, known: VarValues) -> None:
        self.known = known

    def read(self, name: object) -> object:
        """The value of a var; KeyError if it is missing, or if there is none of that name."""
        try:
            found = self.known[str(name)]()
        except Fault as fault:
            raise VarFailed(fault) from None
        if found is MISSING:
            raise KeyError(name)
        return found

    def __str__(self) -> str:
        return ""


def all_variables(item: object, body: object, request: object, known: VarValues) -> dict[str, object]:
    """All variables that a text can read, the vars among them."""
    names = variables(item, body, request)
    if known:
        names["vars"] = LazyVars(known)
    return names
