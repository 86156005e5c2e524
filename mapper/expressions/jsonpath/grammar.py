"""Grammar: tokens become path IR; RFC 9535 as productions of jsonpath-ng's own LALR parser.

The docstring of each `p_` method is its production, as PLY wants it. Lists grow in place while a path is
parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from jsonpath_ng.ext.parser import ExtendedJsonPathParser

from mapper import ir
from mapper.expressions.jsonpath.functions import BareOperand, as_comparable, as_test, call
from mapper.expressions.jsonpath.lexer import PathLexer
from mapper.expressions.jsonpath.literals import Lexeme, decode_integer, decode_number
from mapper.expressions.jsonpath.names import quote_name
from mapper.expressions.jsonpath.path_faults import PathFault, cut


@dataclass(slots=True)
class ParsedSegments:
    """The segments parsed so far, their end in the text; `spaced` if there are blanks inside a bracket."""

    end: int
    found: list[ir.Segment] = field(default_factory=list)
    spaced: bool = False


class EndOfPath(Exception):
    """Raised if the text ends before the path is complete."""


class PathParser(ExtendedJsonPathParser):
    """The library's parser with the RFC's grammar; it holds tables only, so one instance serves all."""

    # No such module: PLY builds the table in memory, once per process, and writes nothing.
    _ply_table_module = "mapper.expressions.jsonpath.no_table"
    tokens = PathLexer.tokens
    precedence = ()  # type: ignore[assignment]  # the grammar is unambiguous

    def __init__(self) -> None:
        super().__init__(lexer_class=PathLexer)

    def __dir__(self) -> list[str]:
        """The names PLY looks through: the productions below, none of the library's (they accept more)."""
        return [n for n in super().__dir__() if not n.startswith("p_") or n in vars(PathParser)]

    def p_error(self, t: Any) -> NoReturn:
        """Refuse a token that no production takes."""
        if t is None:
            raise EndOfPath
        raise unexpected(t.type, t.value)

    def p_jsonpath(self, p: Any) -> None:
        "jsonpath : '$' segments"
        p[0] = tuple(p[2].found)

    def p_segments_none(self, p: Any) -> None:
        "segments :"
        p[0] = ParsedSegments(0)

    def p_segments_dot(self, p: Any) -> None:
        """segments : segments MEMBER
        | segments WILDCARD_MEMBER
        | segments DESCENDANT_MEMBER
        | segments DESCENDANT_WILDCARD"""
        is_name = p.slice[2].type in ("MEMBER", "DESCENDANT_MEMBER")
        p[0] = _extended(p, (ir.Name(p[2].value, p[2].span),) if is_name else (ir.Wildcard(),))

    def p_segments_bracket(self, p: Any) -> None:
        """segments : segments '[' selectors ']'
        | segments DESCENDANT_BRACKET selectors ']'"""
        inside = p[2].text.value[p[2].end : p[4].start]
        p[1].spaced = p[1].spaced or inside != inside.strip(" \t\n\r")
        p[0] = _extended(p, tuple(p[3]))

    def p_list_first(self, p: Any) -> None:
        """selectors : selector
        arguments : expressions"""
        p[0] = [p[1]]

    def p_list(self, p: Any) -> None:
        """selectors : selectors ',' selector
        arguments : arguments ',' expressions"""
        p[1].append(p[3])
        p[0] = p[1]

    def p_selector_name(self, p: Any) -> None:
        "selector : STRING"
        p[0] = ir.Name(p[1].value, p[1].span)

    def p_selector_index(self, p: Any) -> None:
        "selector : NUMBER"
        p[0] = ir.Index(decode_integer(p[1]), p[1].span)

    def p_selector_wildcard(self, p: Any) -> None:
        "selector : '*'"
        p[0] = ir.Wildcard()

    def p_selector_slice(self, p: Any) -> None:
        """selector : maybe_int ':' maybe_int
        | maybe_int ':' maybe_int ':' maybe_int"""
        p[0] = ir.Slice(p[1], p[3], p[5] if len(p) > 4 else None)

    def p_maybe_int(self, p: Any) -> None:
        "maybe_int : NUMBER"
        p[0] = decode_integer(p[1])

    def p_maybe_int_none(self, p: Any) -> None:
        "maybe_int :"
        p[0] = None

    def p_selector_filter(self, p: Any) -> None:
        "selector : '?' expressions"
        p[0] = ir.Filter(as_test(p[2]))

    def p_expressions_one(self, p: Any) -> None:
        """expressions : disjunction
        | and_expressions"""
        p[0] = ir.Or(tuple(p[1])) if isinstance(p[1], list) else p[1]

    def p_junction(self, p: Any) -> None:
        """disjunction : disjunction OR and_expressions
        | and_expressions OR and_expressions
        conjunction : conjunction AND operand
        | operand AND operand"""
        p[0] = _joined(p[1], p[3])

    def p_and_expressions_one(self, p: Any) -> None:
        """and_expressions : conjunction
        | operand"""
        p[0] = ir.And(tuple(p[1])) if isinstance(p[1], list) else p[1]

    def p_operand_group(self, p: Any) -> None:
        "operand : '(' expressions ')'"
        p[0] = as_test(p[2])

    def p_operand_not_group(self, p: Any) -> None:
        "operand : '!' '(' expressions ')'"
        p[0] = ir.Not(as_test(p[3]))

    def p_operand_bare(self, p: Any) -> None:
        "operand : comparable"
        p[0] = p[1]

    def p_operand_not(self, p: Any) -> None:
        "operand : '!' comparable"
        p[0] = ir.Not(as_test(p[2]))

    def p_operand_comparison(self, p: Any) -> None:
        "operand : comparable FILTER_OP comparable"
        check_operator(p[2])
        p[0] = ir.Comparison(p[2].value, as_comparable(p[1]), as_comparable(p[3]))

    def p_comparable_query(self, p: Any) -> None:
        """comparable : '@' segments
        | '$' segments"""
        span = p[1].text.part(p[1].start, max(p[1].end, p[2].end))
        p[0] = BareOperand(ir.Query(p[1].value == "@", tuple(p[2].found)), span, p[2].spaced)

    def p_comparable_string(self, p: Any) -> None:
        "comparable : STRING"
        p[0] = BareOperand(ir.Constant(p[1].value), p[1].span)

    def p_comparable_number(self, p: Any) -> None:
        "comparable : NUMBER"
        p[0] = BareOperand(ir.Constant(decode_number(p[1])), p[1].span)

    def p_comparable_bool(self, p: Any) -> None:
        "comparable : BOOL"
        p[0] = BareOperand(ir.Constant(p[1].value == "true"), p[1].span)

    def p_comparable_null(self, p: Any) -> None:
        "comparable : NULL"
        p[0] = BareOperand(ir.Constant(None), p[1].span)

    def p_comparable_word(self, p: Any) -> NoReturn:
        "comparable : WORD"
        raise unexpected("WORD", p[1])

    def p_comparable_call(self, p: Any) -> None:
        """comparable : FUNCTION ')'
        | FUNCTION arguments ')'"""
        arguments = p[2] if len(p) > 3 else []
        p[0] = call(p[1], arguments, p[1].text.part(p[1].start, p[len(p) - 1].end))


def _extended(p: Any, selectors: tuple[ir.Selector, ...]) -> ParsedSegments:
    """The segments of a production with one more: a descendant segment if its first token says so."""
    segments: ParsedSegments = p[1]
    segment = ir.Descendant if p.slice[2].type.startswith("DESCENDANT_") else ir.Child
    segments.found.append(segment(selectors))
    segments.end = p[len(p) - 1].end
    return segments


def _joined(left: Any, right: Any) -> list[ir.Test]:
    """The operands of a growing `&&` or `||`."""
    terms = left if isinstance(left, list) else [as_test(left)]
    terms.append(as_test(right))
    return terms


def check_operator(operator: Lexeme) -> None:
    """Refuse the comparison operators that only the library knows."""
    if operator.value == "=":
        raise PathFault("`=` compares nothing", operator.span, "", "write `==`")
    if operator.value == "=~":
        raise PathFault("`=~` is not RFC 9535", operator.span, "", "use `match(...)` or `search(...)`")


_LABELS = {
    ",": "nothing stands before the comma",
    "$": "a path inside brackets stands in a filter: `[?...]`",
    "@": "the current element is known in filters only: `[?...]`",
    "FUNCTION": "functions stand in filters only: `[?...]`",
}
_HINTS = {
    "(": "a function's name stands directly before `(`; the last element is `[-1]`",
    "*": "a path neither computes nor sorts",
    "FILTER_OP": "inside `[?..]` compare two plain operands, `@.a == 1`, and negate the whole, `!(@.a == 1)`;"
    " a condition outside of a path is `when: a == 1`",
}


def unexpected(kind: str, lexeme: Lexeme) -> PathFault:
    """The fault of a token that no production takes at its place."""
    if kind in ("WORD", "BOOL", "NULL"):
        return _unexpected_word(lexeme)
    value = lexeme.text.value
    shown = cut(value[lexeme.start : lexeme.end], 30)
    label = _LABELS.get(kind, "")
    if kind in ("]", ")"):
        missing = value[: lexeme.start].rstrip(" \t\n\r")[-1:] in tuple("[(,:?&|=<>!")
        label = "something is missing before it" if missing else "closes nothing"
    hint = _HINTS.get(kind, "")
    if kind == "NUMBER" and value[: lexeme.start] == "$":
        label, hint = (
            "a text that begins with `$` is a path",
            "to keep such a text, write it below `literal:`",
        )
    return PathFault(f"`{shown}` has no meaning here", lexeme.span, label, hint)


def _unexpected_word(lexeme: Lexeme) -> PathFault:
    """A bare word: a name without quotes, text without quotes, or a word of the library's own syntax."""
    word, value = lexeme.value, lexeme.text.value
    before = value[: lexeme.start].rstrip(" \t\n\r")
    closing = value.find("]", lexeme.end)
    if before.endswith("[") and closing > 0:
        name = value[lexeme.start : closing].strip(" \t\n\r")
        span = lexeme.text.part(lexeme.start, lexeme.start + len(name))
        hint = f"quote it: `{quote_name(name)}`"
        return PathFault(f"the name `{name}` needs quotes", span, "stands in brackets", hint, "M202")
    if before == "$":
        rest = value[lexeme.start :]
        hint = f"write `$.{rest if len(rest) <= 60 else word}`"
    elif word in ("where", "wherenot"):
        hint = "conditions are filters: `[?@.name == 'value']`"
    elif word.lower() in ("true", "false", "null") and word != word.lower():
        hint = f"write `{word.lower()}`"
    elif word in ("and", "or", "not"):
        hint = "the operators are `&&`, `||` and `!`"
    else:
        hint = f"quote it if it is meant as text: `'{word}'`"
    return PathFault(f"`{word}` has no meaning here", lexeme.span, "", hint)
