"""Functions of filters: the five of RFC 9535 §2.4, their types, and the rules of well-typedness."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from mapper import ir
from mapper.diagnostics.diagnostic import did_you_mean
from mapper.diagnostics.source import Span
from mapper.expressions.jsonpath.literals import Lexeme
from mapper.expressions.jsonpath.path_faults import PathFault
from mapper.regex import iregexp


class FunctionType(Enum):
    """The types of function arguments and results (RFC 9535 §2.4.1)."""

    VALUE = "value"
    LOGICAL = "logical"
    NODES = "nodes"


@dataclass(frozen=True, slots=True)
class FunctionSignature:
    """Parameter kinds and result kind of a function."""

    parameters: tuple[FunctionType, ...]
    result: FunctionType


@dataclass(frozen=True, slots=True)
class BareOperand:
    """A literal, query or call before its use is known: a test, an argument or one side of a comparison."""

    node: ir.Comparable
    span: Span
    spaced: bool = False  # a query with blanks inside brackets


Parsed: TypeAlias = BareOperand | ir.Test

SIGNATURES = {
    "length": FunctionSignature((FunctionType.VALUE,), FunctionType.VALUE),
    "count": FunctionSignature((FunctionType.NODES,), FunctionType.VALUE),
    "match": FunctionSignature((FunctionType.VALUE, FunctionType.VALUE), FunctionType.LOGICAL),
    "search": FunctionSignature((FunctionType.VALUE, FunctionType.VALUE), FunctionType.LOGICAL),
    "value": FunctionSignature((FunctionType.NODES,), FunctionType.VALUE),
}


def as_test(parsed: Parsed) -> ir.Test:
    """A parsed expression as a condition (RFC 9535 §2.4.3, rules for test expressions)."""
    if not isinstance(parsed, BareOperand):
        return parsed
    match parsed.node:
        case ir.Query() as query:
            return ir.Exists(query)
        case ir.Function() as call if SIGNATURES[call.name].result is FunctionType.LOGICAL:
            return ir.Matches(call)
        case ir.Function(name):
            hint = f"compare it, as in `{name}(...) > 1`"
            raise PathFault(f"`{name}()` is no condition", parsed.span, "yields a value", hint)
        case _:
            hint = "compare it with something, as in `@.a == 'b'`"
            raise PathFault("a literal is no condition", parsed.span, "always the same", hint)


def as_comparable(bare: BareOperand) -> ir.Comparable:
    """One side of a comparison: a literal, a singular query, or a function that yields a value."""
    _refuse_blanks(bare)
    match bare.node:
        case ir.Query(_, segments) if not ir.is_singular(segments):
            hint = "compare a path of names and indexes, or `count(...)`, `value(...)` of this one"
            raise PathFault(
                "a comparison needs single values", bare.span, "may select several values", hint, "M204"
            )
        case ir.Function(name) if SIGNATURES[name].result is FunctionType.LOGICAL:
            hint = "use it alone, or `!` before it"
            raise PathFault(f"`{name}()` cannot be compared", bare.span, "is a condition already", hint)
        case node:
            return node


def _refuse_blanks(bare: BareOperand) -> None:
    """Refuse blanks inside the brackets of a singular query: its grammar has no place for them (§2.3.5.1)."""
    if bare.spaced and isinstance(bare.node, ir.Query) and ir.is_singular(bare.node.segments):
        hint = "remove the blanks next to the brackets"
        raise PathFault("blanks inside the brackets of a compared path", bare.span, "", hint)


def _refuse_pattern(parsed: Parsed) -> None:
    """Refuse a literal pattern that is not I-Regexp (RFC 9485); other patterns are checked at run time."""
    if not (isinstance(parsed, BareOperand) and isinstance(parsed.node, ir.Constant)):
        return
    pattern, span = parsed.node.value, parsed.span
    if not isinstance(pattern, str):
        return
    try:
        iregexp.prepare(pattern)
    except iregexp.PatternFault as fault:
        if span.end - span.start == len(pattern) + 2:  # no escapes, so positions are the same
            span = span.part(fault.position + 1, fault.position + 2)
        hint = "patterns are I-Regexp (RFC 9485): no lookaround, no back-references, no `\\d`"
        raise PathFault("the pattern is not I-Regexp", span, fault.message, hint, "M203") from None


def call(name: Lexeme, arguments: list[Parsed], span: Span) -> BareOperand:
    """A checked function call."""
    signature = SIGNATURES.get(name.value)
    if signature is None:
        hint = did_you_mean(name.value, SIGNATURES) or "the functions are " + ", ".join(SIGNATURES)
        raise PathFault(f"no function `{name.value}`", name.span, "unknown to RFC 9535", hint)
    wanted = len(signature.parameters)
    if len(arguments) != wanted:
        label = f"has {len(arguments)}"
        message = f"`{name.value}()` takes {wanted} argument{'s' if wanted > 1 else ''}"
        raise PathFault(message, name.span, label)
    checked = tuple(
        _argument(name, kind, parsed) for kind, parsed in zip(signature.parameters, arguments, strict=True)
    )
    if name.value in ("match", "search"):
        _refuse_pattern(arguments[1])
    return BareOperand(ir.Function(name.value, checked), span)


def _argument(function: Lexeme, kind: FunctionType, parsed: Parsed) -> ir.Comparable:
    """One argument; raises PathFault if its type does not fit (RFC 9535 §2.4.3)."""
    name = function.value
    node, place = (parsed.node, parsed.span) if isinstance(parsed, BareOperand) else (None, function.span)
    if kind is FunctionType.NODES:
        if isinstance(node, ir.Query):
            return node
        hint = f"write a path, as in `{name}(@.items[*])`"
        raise PathFault(f"`{name}()` takes a path", place, "not a path", hint)
    match node:
        case ir.Constant():
            return node
        case ir.Query(_, segments) if ir.is_singular(segments) and isinstance(parsed, BareOperand):
            _refuse_blanks(parsed)
            return node
        case ir.Function(inner) if SIGNATURES[inner].result is FunctionType.VALUE:
            return node
        case ir.Query():
            label, hint = "may select several values", "wrap it: `value(...)`"
        case _:
            label, hint = "is a condition", ""
    raise PathFault(f"`{name}()` takes a single value", place, label, hint)
