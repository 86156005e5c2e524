"""Parsing of Liquid: text becomes the library's parse tree, is checked, and becomes IR.

Every problem of one text is reported in one pass: the library's parser goes on after an error, and filters,
arguments and dialect terms are checked on the whole tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from liquid.ast import Node
from liquid.builtin.expressions import BooleanExpression
from liquid.exceptions import LiquidError
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.token import Token

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SpannedText
from mapper.expressions.liquid.checks import Checks
from mapper.expressions.liquid.dialects import Dialect
from mapper.expressions.liquid.places import token_span
from mapper.expressions.liquid.template_faults import INNER_TAGS, condition_hint, report_template_fault
from mapper.expressions.liquid.template_lowering import Misplaced, lower_body, lower_condition
from mapper.ir.liquid import Condition, LiquidRules, Template
from mapper.runtime.liquid.library import LiquidEnvironment, Rules
from mapper.runtime.liquid.library import parse_condition as parse_with_library

# The library's lexer looks for the end of each opening mark anew, so its time grows with their product.
LONGEST = 100_000
LONGEST_CONDITION = 10_000
_MOST_OPEN = 100
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
) -> Template | None:
    """The template's IR; None after reporting errors."""
    rules = LiquidRules() if dialect is None else dialect.rules
    known = tuple((partials or {}).items())
    environment = Collecting(rules.pairs, known)
    nodes = _parse(text, environment, report)
    checks = Checks(text, report, environment, rules, dialect)
    if nodes or not environment.errors:
        checks.template(nodes)
    if environment.errors or checks.failed:
        return None
    try:
        body = lower_body(nodes, text)
    except Misplaced as error:
        message = f"invalid Liquid: `{error.name}` outside of a loop"
        report.error("M211", message, error.span, "no loop to leave")
        return None
    return Template(text.value, body, text.whole(), rules, known)


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
        len(re.findall(opening, text[text.rfind(closing) + 1 :])) > _MOST_OPEN for opening, closing in _MARKS
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


def parse_condition(text: SpannedText, report: Report, dialect: Dialect | None = None) -> Condition | None:
    """The IR of a condition as inside `{% if .. %}`; None after reporting errors."""
    rules = LiquidRules() if dialect is None else dialect.rules
    environment = Collecting(rules.pairs)
    condition = _parse_test(text, environment, report)
    if condition is None:
        return None
    checks = Checks(text, report, environment, rules, dialect)
    checks.expression(condition)
    if checks.failed:
        return None
    return Condition(text.value, lower_condition(condition, text), text.whole(), rules)


def _parse_test(text: SpannedText, environment: Collecting, report: Report) -> BooleanExpression | None:
    whole = text.whole()
    if not text.value.strip():
        report.error(
            "M217", "the condition is empty", whole, "nothing to test", "for instance `uid == blank`"
        )
        return None
    if len(text.value) > LONGEST_CONDITION:
        label = f"over {LONGEST_CONDITION} characters"
        report.error("M217", "the condition is too long", text.part(0, 1), label)
        return None
    try:
        return parse_with_library(text.value, environment)
    except LiquidError as error:
        token = error.token if error.token is not None and error.token.start_index >= 0 else None
        span = whole if token is None else token_span(text, token)
        label = "ends too early" if token is None else "not expected here"
        report.error("M217", "the condition cannot be read", span, label, condition_hint(text.value))
    except (RecursionError, ValueError):
        report.error("M217", "the condition nests too deep or holds too long a number", whole, "too much")
    return None
