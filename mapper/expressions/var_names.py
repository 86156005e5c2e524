"""Var names: the names below `vars`, and the vars that an expression may read at its place in the mapping."""

from __future__ import annotations

from dataclasses import dataclass, field

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.diagnostics.render.visible import shorten
from mapper.diagnostics.source import Span
from mapper.ir.vars import VARS, Var

_HIDDEN = f"the key `{VARS}` of the item itself is `item.{VARS}`"


@dataclass(slots=True)
class VarNames:
    """The vars of a mapping while it is lowered.

    `written` are all names in the order of the file. `defined` are those above the value that is being
    lowered, each with its var, or None if its value has an error. `current` is the name of that value, empty
    for one that is no var. `used` are the names that were read. Without `is_whole`, any name may be one of a
    table that could not be read.
    """

    written: tuple[str, ...]
    report: Report
    defined: dict[str, Var | None] = field(default_factory=dict)
    current: str = ""
    used: set[str] = field(default_factory=set)
    is_whole: bool = True

    def find(self, name: str, span: Span) -> Var | None:
        """The var of that name; None after reporting M123, or if the value of the var has an error."""
        if name in self.defined:
            self.used.add(name)
            return self.defined[name]
        if not self.is_whole:
            return None
        message = f"no var `{shorten(name)}`"
        if name == self.current:
            self._report(f"the var `{name}` reads itself", span, "its value is not known yet")
        elif name in self.written:
            self.used.add(name)  # it is not idle, it is in the wrong place
            where = f" above `{self.current}`"
            hint = f"move `{name}` above `{self.current}`: a var reads only those above it"
            self._report(message + where, span, "it is defined below", hint)
        elif self.written:
            hint = did_you_mean(name, self.defined) or "known are " + ", ".join(
                f"`{known}`" for known in list(self.defined)[:10]
            )
            self._report(message, span, "nothing of this name is below `vars`", hint if self.defined else "")
        else:
            self._report(message, span, "the mapping has no `vars`", f"add `vars:`; {_HIDDEN}")
        return None

    def report_whole(self, span: Span) -> None:
        """Report `vars` without a name behind it."""
        self._report(f"`{VARS}` without a name", span, "it is no value", f"write `{VARS}.name`; {_HIDDEN}")

    def report_dynamic(self, span: Span) -> None:
        """Report `vars[key]`, whose name is known at run time only."""
        label = "this name is known at run time only"
        self._report("the name of a var must be written out", span, label, f"write `{VARS}.name`")

    def report_assigned(self, span: Span) -> None:
        """Report a variable of a template that would hide the vars."""
        message = f"a template cannot set a variable named `{VARS}`"
        self.report.error(
            "M140", message, span, "it would hide the vars of the mapping", "choose another name"
        )

    def _report(self, message: str, span: Span, label: str, hint: str = "") -> None:
        self.report.error("M123", message, span, label, hint)
