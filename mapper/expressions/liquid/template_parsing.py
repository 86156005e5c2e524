"""Parsing of Liquid: text becomes the library's parse tree, is checked, and becomes IR.

Every problem of one text is reported in one pass: the library's parser goes on after an error, and filters,
arguments and dialect terms are checked on the whole tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from liquid.ast import Node
from liquid.builtin.expressions.primitive import Blank, Empty
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.token import Token

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SpannedText
from mapper.expressions.liquid.checks import Checks
from mapper.expressions.liquid.dialects import Dialect
from mapper.expressions.liquid.places import token_span
from mapper.expressions.liquid.template_faults import (
    INNER_TAGS,
    condition_hint,
    expression_hint,
    report_template_fault,
)
from mapper.expressions.liquid.template_lowering import (
    Misplaced,
    lower_body,
    lower_condition,
    lower_expression,
)
from mapper.expressions.var_names import VarNames
from mapper.ir.liquid import Compute, Condition, LiquidRules, Template
from mapper.runtime.liquid.library import LiquidEnvironment, Rules
from mapper.runtime.liquid.library import parse_condition as parse_library_condition
from mapper.runtime.liquid.library import parse_expression as parse_library_expression

# The library's lexer looks for the end of each opening mark anew, so its time grows with their product.
LONGEST = 100_000
LONGEST_CONDITION = 10_000
MOST_OPEN = 100
_Parsed = TypeVar("_Parsed", bound=Expression)
_MARKS = ((r"\{\{", "}}"), (r"\{%", "%}"), (r"\{%-?\s{0,9}raw", "endraw"), (r"\{%-?\s{0,9}doc", "enddoc"))


class _Located(Tag):
    # Stands in for a tag to remember which tag is being parsed when an error has no place of its own.
    def __init__(self, tag: Tag, environment: Collecting) -> None:
        super().__init__(environment)
        self.tag = tag
        self.open = environment.open

    def get_node(self, stream: TokenStream) -> Node:
        self.open.append(stream.current)
        node = self.tag.get_node(stream)
        self.open.pop()
        return node

    def parse(self, stream: TokenStream) -> Node:
        return self.tag.parse(stream)


class Collecting(LiquidEnvironment):
    """The library's environment, collecting syntax errors instead of stopping at the first."""

    def __init__(self, rules: Rules, partials: tuple[tuple[str, str], ...] = ()) -> None:
        self.open: list[Token] = []
        self.errors: list[tuple[LiquidError, Token | None]] = []
        super().__init__(rules, partials)
        self.names = tuple(name for name in self.tags if name.isalpha() and name not in _PSEUDO_TAGS)
        self.tags = {name: _Located(tag, self) for name, tag in self.tags.items()}

    def error(self, exc: object, msg: str | None = None, token: Token | None = None) -> None:
        """Note an error and let the parser go on."""
        if isinstance(exc, LiquidError):
            self.errors.append((exc, self.open[-1] if self.open else token))


_PSEUDO_TAGS = ("content", "output", "illegal")


def parse_template(
    text: SpannedText,
    report: Report,
    dialect: Dialect | None = None,
    *,
    partials: Mapping[str, str] | None = None,
    var_names: VarNames | None = None,
) -> Template | None:
    """The template's IR; None after reporting errors. Without `var_names`, `vars` is a usual name."""
    rules = LiquidRules() if dialect is None else dialect.rules
    known = tuple((partials or {}).items())
    environment = Collecting(rules.pairs, known)
    nodes = _parse(text, environment, report)
    checks = Checks(text, report, environment, rules, dialect, var_names)
    if nodes or not environment.errors:
        checks.template(nodes)
    if environment.errors or checks.failed:
        return None
    try:
        body = lower_body(nodes, text, checks.vars, rules.doubles)
    except Misplaced as error:
        message = f"invalid Liquid: `{error.name}` outside of a loop"
        report.error("M211", message, error.span, "no loop to leave")
        return None
    return Template(text.value, body, text.whole(), rules, known, tuple(checks.vars.values()))


def _parse(text: SpannedText, environment: Collecting, report: Report) -> list[Node]:
    nodes: list[Node] = []
    try:
        if len(text.value) > LONGEST:
            raise LiquidError(f"the template is longer than {LONGEST} characters", token=None)
        if _is_left_open(text.value):
            raise LiquidError("too many tags are never closed", token=None)
        nodes = environment.parse(text.value).nodes
    except LiquidError as fatal:
        fault = fatal
        if fatal.__cause__ is not None and not isinstance(fatal.__cause__, LiquidError):
            fault = LiquidError("expressions nest too deep or numbers are too long", token=None)
        environment.errors.append((fault, environment.open[-1] if environment.open else None))
    for error, around in _relevant(environment.errors):
        report_template_fault(error, text, around, environment.names, report)
    return nodes


def _is_left_open(text: str) -> bool:
    # True if very many opening marks have no end after them.
    return any(
        len(re.findall(opening, text[text.rfind(closing) + 1 :])) > MOST_OPEN for opening, closing in _MARKS
    )


def _relevant(errors: list[tuple[LiquidError, Token | None]]) -> list[tuple[LiquidError, Token | None]]:
    # After a first error the parser loses its place, and every later `end..` or `else` looks stray.
    shown = errors[:1]
    for error, around in errors[1:]:
        name = error.token.value if error.token is not None else ""
        stray = name in INNER_TAGS or name.startswith("end")
        if not stray and "nest too deep" not in str(error.args[:1]):
            shown.append((error, around))
    return shown


def parse_condition(
    text: SpannedText,
    report: Report,
    dialect: Dialect | None = None,
    *,
    var_names: VarNames | None = None,
) -> Condition | None:
    """The IR of a condition as inside `{% if .. %}`; None after reporting errors."""
    rules = LiquidRules() if dialect is None else dialect.rules
    environment = Collecting(rules.pairs)
    condition = _parse_alone(text, partial(parse_library_condition, used=environment), _CONDITION, report)
    checks = Checks(text, report, environment, rules, dialect, var_names)
    if condition is None or not _passes(condition, checks):
        return None
    test = lower_condition(condition, text, checks.vars, rules.doubles)
    return Condition(text.value, test, text.whole(), rules, tuple(checks.vars.values()))


def parse_expression(
    text: SpannedText,
    report: Report,
    dialect: Dialect | None = None,
    *,
    var_names: VarNames | None = None,
) -> Compute | None:
    """The IR of an expression as inside `{{ .. }}`; None after reporting errors."""
    rules = replace(LiquidRules() if dialect is None else dialect.rules, computes=True)
    environment = Collecting(rules.pairs)
    expression = _parse_alone(text, partial(parse_library_expression, used=environment), _EXPRESSION, report)
    checks = Checks(text, report, environment, rules, dialect, var_names)
    if expression is None or not _passes(expression, checks):
        return None
    for part in (expression, *expression.children()):
        if isinstance(part, Blank | Empty):
            span = token_span(text, part.token)
            report.error("M211", f"`{span.text}` is no value", span, "it belongs in conditions")
            return None
    value = lower_expression(expression, text, checks.vars, rules.doubles)
    return Compute(text.value, value, text.whole(), rules, tuple(checks.vars.values()))


def _passes(expression: Expression, checks: Checks) -> bool:
    checks.expression(expression)
    return not checks.failed


@dataclass(frozen=True, slots=True)
class _Wording:
    # The words for the faults of a text that is one piece of Liquid.
    code: str
    noun: str
    empty: tuple[str, str]
    hint: Callable[[str], str]


_CONDITION = _Wording("M217", "condition", ("nothing to test", "for instance `uid == blank`"), condition_hint)
_EXPRESSION = _Wording(
    "M211", "expression", ("nothing to compute", "for instance `total | times: 100`"), expression_hint
)


def _parse_alone(
    text: SpannedText, parse: Callable[[str], _Parsed], words: _Wording, report: Report
) -> _Parsed | None:
    whole = text.whole()
    if not text.value.strip():
        report.error(words.code, f"the {words.noun} is empty", whole, *words.empty)
        return None
    if len(text.value) > LONGEST_CONDITION:
        label = f"over {LONGEST_CONDITION} characters"
        report.error(words.code, f"the {words.noun} is too long", text.part(0, 1), label)
        return None
    try:
        return parse(text.value)
    except LiquidError as error:
        token = error.token if error.token is not None and error.token.start_index >= 0 else None
        span = whole if token is None else token_span(text, token)
        label = "ends too early" if token is None else "not expected here"
        hint = words.hint(text.value)
        report.error(words.code, f"the {words.noun} cannot be read", span, label, hint)
    except (RecursionError, ValueError):
        message = f"the {words.noun} nests too deep or holds too long a number"
        report.error(words.code, message, whole, "too much")
    return None
