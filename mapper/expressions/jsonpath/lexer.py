"""Lexer: path text becomes the tokens of RFC 9535, on top of jsonpath-ng's own lexer.

The RFC forbids blanks after a dot and between a function's name and its parenthesis. There one token spans
both parts, so that the grammar never sees the blank. Each token's value is a `Lexeme`, which knows its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from jsonpath_ng.ext.parser import ExtendedJsonPathLexer

from mapper.diagnostics.source import Span, SpannedText
from mapper.expressions.jsonpath.literals import Lexeme, decode_string
from mapper.expressions.jsonpath.names import NAME, check_follower, dot_fault
from mapper.expressions.jsonpath.path_faults import PathFault
from mapper.runtime.limits import MAX_PATH_DEPTH

_Rule = TypeVar("_Rule", bound=Callable[..., Any])

MAX_FILTERS = 12  # filters inside filters

_HINTS = {
    "`": "RFC 9535 has no backquoted operators; remove it",
    "|": "`or` is written `||`, inside a filter; for one of several paths use `first_of`",
    "&": "`and` is written `&&`, inside a filter",
    "~": "RFC 9535 selects values, not keys; remove it",
    "+": 'a path has no arithmetic, and a number no plus sign; `liquid: "{{ a }} {{ b }}"` joins texts',
    "-": "a minus sign stands directly before a number's digits",
    "/": "a path neither computes nor sorts",
    "\\": "a path neither computes nor sorts",
    "%": "a path neither computes nor sorts",
}


_VARIABLE = re.compile(rf"\$\{{\s*({NAME}(?:\.{NAME})*)\s*\}}\Z")  # as shells and templates write it


def _rule(pattern: str) -> Callable[[_Rule], _Rule]:
    """Gives a token rule its regular expression, under the attribute PLY reads."""

    def mark(rule: _Rule) -> _Rule:
        rule.regex = pattern  # type: ignore[attr-defined]
        return rule

    return mark


class PathLexer(ExtendedJsonPathLexer):
    """The library's lexer with the RFC's tokens; one instance reads one text."""

    _ply_table_module = ""  # the table is small: built in memory, nothing is written
    states: list[tuple[str, str]] = []  # noqa: RUF012  (read by PLY under this name)
    literals = ["*", "[", "]", "(", ")", "$", "@", ",", ":", "?", "!"]  # noqa: RUF012
    tokens = [  # noqa: RUF012
        "MEMBER",
        "WILDCARD_MEMBER",
        "DESCENDANT_MEMBER",
        "DESCENDANT_WILDCARD",
        "DESCENDANT_BRACKET",
        "FUNCTION",
        "BOOL",
        "NULL",
        "NUMBER",
        "STRING",
        "FILTER_OP",
        "AND",
        "OR",
        "WORD",
    ]
    t_ignore = " \t\n\r"

    def __init__(self, text: SpannedText) -> None:
        super().__init__()
        self.text = text
        self.opened: list[int] = []  # the offsets of the open brackets
        self.filters: list[bool] = []  # for each of them: True if it holds a filter
        self.after_number = False

    def __dir__(self) -> list[str]:
        """The names PLY looks through: the RFC's token rules, some of them the library's."""
        ours = vars(PathLexer)
        shared = ("t_AND", "t_OR", "t_FILTER_OP")
        return [n for n in super().__dir__() if not n.startswith("t_") or n in ours or n in shared]

    def tokenize(self, string: str) -> Iterator[Any]:
        """The tokens, each with a `Lexeme` as its value."""
        for token in super().tokenize(string):
            self._count_nesting(token)
            self.after_number = token.type == "NUMBER"
            if not isinstance(token.value, Lexeme):
                value = str(token.value)
                self._keep(token, value, token.lexpos, token.lexpos + len(value))
            yield token

    def _keep(self, token: Any, value: str, start: int, end: int) -> Any:
        token.value = Lexeme(value, self.text, start, end)
        return token

    def _count_nesting(self, token: Any) -> None:
        if token.type in ("[", "(", "DESCENDANT_BRACKET", "FUNCTION"):
            self.opened.append(token.lexpos)
            self.filters.append(False)
        elif token.type in ("]", ")") and self.filters:
            self.opened.pop()
            self.filters.pop()
        elif token.type == "?" and self.filters:
            self.filters[-1] = True
        span = self.text.part(token.lexpos, token.lexpos + 1)
        if len(self.filters) > MAX_PATH_DEPTH:
            raise too_deep(span, f"more than {MAX_PATH_DEPTH} brackets are open here")
        if sum(self.filters) > MAX_FILTERS:
            raise too_deep(span, f"more than {MAX_FILTERS} filters are open here")

    # PLY tries the rules in this order.

    @_rule(r"""'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*\"""")
    def t_STRING(self, t: Any) -> Any:
        """A quoted string; its escapes are checked here because only the lexer knows their places."""
        end = t.lexpos + len(t.value)
        return self._keep(t, decode_string(self.text, t.lexpos, end), t.lexpos, end)

    @_rule(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
    def t_NUMBER(self, t: Any) -> Any:
        """A number; the grammar decides if it is an index or a literal."""
        return t

    @_rule(r"\.\.\[")
    def t_DESCENDANT_BRACKET(self, t: Any) -> Any:
        """`..[`"""
        return t

    @_rule(r"\.\.\*")
    def t_DESCENDANT_WILDCARD(self, t: Any) -> Any:
        """`..*`"""
        return t

    @_rule(r"\.\*")
    def t_WILDCARD_MEMBER(self, t: Any) -> Any:
        """`.*`"""
        return t

    @_rule(r"\.\." + NAME)
    def t_DESCENDANT_MEMBER(self, t: Any) -> Any:
        """`..name`"""
        return self._member(t, 2)

    @_rule(r"\." + NAME)
    def t_MEMBER(self, t: Any) -> Any:
        """`.name`"""
        return self._member(t, 1)

    def _member(self, t: Any, dots: int) -> Any:
        start, end = t.lexpos + dots, t.lexpos + len(t.value)
        check_follower(self.text, t.lexpos, start, end, bool(self.filters))
        return self._keep(t, t.value[dots:], start, end)

    @_rule(r"\.\.?")
    def t_dots(self, t: Any) -> Any:
        """Dots that no name follows; always refused."""
        if self.after_number:
            hint = "numbers are written as in JSON: digits on both sides of the dot"
            raise PathFault("not a JSON number", self.text.part(t.lexpos, t.lexpos + 1), "", hint)
        raise dot_fault(self.text, t.lexpos, t.lexpos + len(t.value), bool(self.filters))

    @_rule(r"[a-z][a-z0-9_]*\(")
    def t_FUNCTION(self, t: Any) -> Any:
        """A function's name with the parenthesis that must follow at once."""
        return self._keep(t, t.value[:-1], t.lexpos, t.lexpos + len(t.value) - 1)

    @_rule(NAME)
    def t_WORD(self, t: Any) -> Any:
        """A bare word: true, false, null, or a mistake."""
        t.type = {"true": "BOOL", "false": "BOOL", "null": "NULL"}.get(t.value, "WORD")
        return t

    def t_error(self, t: Any) -> Any:
        """Refuse a character that begins no token."""
        character = self.text.value[t.lexpos]
        span = self.text.part(t.lexpos, t.lexpos + 1)
        if character in "'\"":
            raise PathFault("a quote is never closed", span, "opened here")
        shown = f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
        hint = _HINTS.get(character, "")
        if variable := _VARIABLE.match(self.text.value):
            hint = f"write `$.{variable[1]}`"
        raise PathFault(f"{shown} has no meaning here", span, "", hint)


def too_deep(span: Span, label: str) -> PathFault:
    """The fault of a path that nests more than the limits allow."""
    return PathFault("the path nests too deep", span, label, "split the work over several values", "M205")
