"""Dialects: what a mapping prints or computes that the dialect's engine renders in another way (M218).

A term of `renders_differently` is a kind of value that is printed (`object`), a filter (`truncate`), filters
of some kinds of values (`first, last of text`), a filter with a first argument (`replace: ''`), or a
directive of dates (`%s`). A kind is reported only if the source schema states it: an unknown value may be of
any kind.
"""

from __future__ import annotations

from dataclasses import dataclass

from mapper import ir
from mapper.checker.inference.findings import Inference
from mapper.checker.types import Type, is_subtype
from mapper.checker.types.facts import Numbers, element_of
from mapper.checker.types.lattice import member_of
from mapper.checker.types.text_languages import TIMES
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import Span
from mapper.expressions.liquid.dialects import Dialect
from mapper.ir.liquid import walk
from mapper.runtime.liquid.filters import ROWS

# Kinds of printed values that can be terms, with the kinds of values that contain them.
_PRINTED = {
    "object": frozenset({"object", "object inside"}),
    "number": frozenset({"double", "double inside"}),
    "number inside": frozenset({"number inside"}),
    "list inside": frozenset({"list inside"}),
}
_ONCE = frozenset({"number", "number inside"})  # reported at the first place only: most mappings print some
_ALL = frozenset(_PRINTED)
# The kinds that matter to a filter which prints its value, or puts it into a list, before anything else.
_PRINTED_BY = {
    "any value, as printed": _ALL,
    "a list": frozenset({"object", "number"}),  # of another value than a list
    "json": _ONCE,
    "join": _ALL,
    "default": _ONCE,
}
_SMALL = Type(numbers=Numbers(low=-(2**53), high=2**53))
_TIMES = frozenset({"date-time", "date", *TIMES.values()})


@dataclass(frozen=True, slots=True)
class _Term:
    """A term about filters, read: their names, the kinds of values if they matter, the first argument."""

    filters: frozenset[str]
    kinds: frozenset[str]
    argument: str | None
    sentence: str


def check_dialect(program: ir.Program, notes: Inference, dialect: Dialect, report: Report) -> None:
    """Warn of each place whose result the engine of the dialect renders differently (M218)."""
    terms = tuple(_term(*pair) for pair in dialect.renders_differently if pair[0] not in _PRINTED)
    checks = _DialectChecks(dialect, notes, report, terms, set())
    for node in walk(program):
        if isinstance(node, ir.Output):
            checks.check_printed(node.value, node.span)
        elif isinstance(node, ir.FilterCall):
            checks.check_call(node)


def _term(text: str, sentence: str) -> _Term:
    names, _, kinds = text.partition(" of ")
    names, colon, argument = names.partition(": ")
    wanted = frozenset(kinds.split(", ")) if kinds else frozenset[str]()
    return _Term(frozenset(names.split(", ")), wanted, argument.strip("'\"") if colon else None, sentence)


@dataclass(frozen=True, slots=True)
class _DialectChecks:
    dialect: Dialect
    notes: Inference
    report: Report
    terms: tuple[_Term, ...]
    done: set[str]

    def check_printed(self, value: ir.Operand, span: Span, among: frozenset[str] = _ALL) -> None:
        """Report a value that is printed, if it is of a kind (`among`) that the engine prints differently."""
        found = _kinds(self.notes.type_of(value))
        for text, sentence in self.dialect.renders_differently:
            if text not in among or not _PRINTED[text] & found or text in self.done:
                continue
            self.done.update({text} & _ONCE)
            self._warn(f"{'an' if text == 'object' else 'a'} {text} is rendered differently", span, sentence)

    def check_call(self, call: ir.FilterCall) -> None:
        """Report a filter that differs, always or for the values it gets."""
        found = _kinds(self.notes.type_of(call.value))
        if isinstance(call.value, ir.Scalar) and call.value.value in ("now", "today"):
            found = frozenset({"now"})
        for argument in call.args:
            found |= _kinds(self.notes.type_of(argument)) & {"fraction"}
        first = call.args[0] if call.args else None
        constant = first.value if isinstance(first, ir.Scalar) else None
        for term in self.terms:
            if call.name not in term.filters or (term.kinds and not term.kinds & found):
                continue
            if term.argument is not None and term.argument != constant:
                continue
            if call.name == "default" and not term.kinds:
                if _replaces_false(call):
                    self._warn("this `default` replaces false", call.span, term.sentence)
                continue
            self._warn(f"`{call.name}` is rendered differently", call.span, term.sentence)
        if call.name in ("date", "date_tz") and isinstance(constant, str) and first is not None:
            self._check_directives(constant.replace("%%", ""), first.span)
        among = _PRINTED_BY.get(call.name) or _PRINTED_BY.get(ROWS[call.name].takes)
        if among is not None and (among != _PRINTED_BY["a list"] or "list" not in found):
            self.check_printed(call.value, call.value.span, among)

    def _check_directives(self, pattern: str, span: Span) -> None:
        for text, sentence in self.dialect.renders_differently:
            if text.startswith("%") and text in pattern:
                self._warn(f"`{text}` in a date is rendered differently", span, sentence)

    def _warn(self, what: str, span: Span, sentence: str) -> None:
        self.report.warning("M218", f"{what} in `{self.dialect.name}`", span, sentence)


def _replaces_false(call: ir.FilterCall) -> bool:
    instead = call.args[0] if call.args else None
    is_boolean = isinstance(instead, ir.Scalar) and isinstance(instead.value, bool)
    return is_boolean and not any(key == "allow_false" for key, _ in call.kwargs)


def _kinds(given: Type | None) -> frozenset[str]:
    """The kinds of the values of a type, in the words of a dialect; none for unknown values.

    A text that is known to be a time is a `time`. A `fraction` is a number that need not be whole; a `double`
    is a number that need not be a whole one up to 2^53, which every engine prints alike.
    """
    if given is None or {"string", "array", "object"} <= given.kinds:
        return frozenset()
    found = set(given.kinds) - {"string", "array"} | ({"missing"} if given.missing else set())
    if given.texts is not None:
        found.add("time" if given.texts.formats & _TIMES else "text")
    if given.numbers is not None:
        is_small = is_subtype(Type(numbers=given.numbers), _SMALL)
        found |= set() if given.numbers.integral else {"fraction"}
        found |= set() if given.numbers.integral and is_small else {"double"}
    members = [element_of(given.arrays)] if given.arrays is not None else []
    members += [member_of(part, name) for part in given.objects for name in part.members]
    for kinds in map(_kinds, members):
        found |= {f"{kind.removesuffix(' inside')} inside" for kind in kinds}
    return frozenset(found | {"list"} if given.arrays is not None else found)
