"""Faults of Liquid: the library's syntax errors, in the words and with the hints of this language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from liquid.exceptions import BlockNestingError, LiquidError
from liquid.token import Token

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.diagnostics.source import Span, SpannedText
from mapper.expressions.liquid.places import markup_bounds, markup_span, token_span

# Tags that occur only inside or at the end of others.
INNER_TAGS = {
    "else": "if",
    "elsif": "if",
    "when": "case",
    **{
        f"end{name}": name
        for name in ("if", "unless", "case", "for", "tablerow", "capture", "comment", "raw", "doc")
    },
    "endifchanged": "ifchanged",
}
_CURLY_QUOTES = "\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb"
_WORDS_AFTER_DOT = re.compile(r"\b(\w[\w\-]*(?:\.\w[\w\-]*)*)\.(\w[\w\-]*(?:[ ]+\w[\w\-]*)+)")
_ARGUMENT_WITHOUT_COLON = re.compile(r"(?<!\|)\|\s*([A-Za-z_]\w*)\s+[\w\"']")
_UNCLOSED = re.compile(r"\{\{-?\s*([\w.\[\]]+)\s*\}?\s*")
_UNEXPECTED_TAG = re.compile(r"unexpected tag '(.*)'", re.DOTALL)
_OPERATORS = {"&&": "and", "||": "or", "|": "", "=": "==", "=>": ">=", "=<": "<=", "===": "==", "!": "!="}
_KINDS = {
    "end of expression": "the end",
    "end of file": "the end",
    "illegal": "an unknown character",
    "identstring": "a bracket",
    "identindex": "a bracket",
    "rangeexpression": "a range",
    "word": "a name",
    "tag": "a tag",
    "integer": "a number",
    "float": "a number",
    "string": "a text",
    "expression": "an expression",
    "dpipe": "`||`",
}


def report_template_fault(
    error: LiquidError, text: SpannedText, around: Token | None, tags: Iterable[str], report: Report
) -> None:
    """Add the diagnostic of one error in a template; `around` is the tag or output it was found in."""
    unknown = _UNEXPECTED_TAG.fullmatch(str(error.args[0])) if error.args else None
    if unknown and error.token is not None:
        _report_tag(unknown.group(1), token_span(text, error.token), tags, report)
        return
    token = error.token if error.token is not None and error.token.start_index >= 0 else None
    begin, end = (0, len(text.value)) if around is None else markup_bounds(text.value, around)
    message, label = _message(error), "here"
    if token is not None:
        span = token_span(text, token)
    elif around is not None and "`end" in message:
        span, label = markup_span(text, around), "never closed"
    else:
        span, label = text.part(begin, end), "ends too early"
    report.error("M211", f"invalid Liquid: {message}", span, label, syntax_hint(text.value[begin:end]))


def _report_tag(name: str, span: Span, tags: Iterable[str], report: Report) -> None:
    if name in INNER_TAGS:
        report.error(
            "M211", f"invalid Liquid: `{name}` without `{INNER_TAGS[name]}`", span, "nothing to end or split"
        )
        return
    if name == "abort" or not name:
        hint = "`abort` belongs to a dialect: declare `dialect:`" if name else ""
    else:
        spelled = {"elseif": "elsif", "elif": "elsif", "elsf": "elsif"}.get(name)
        hint = f"did you mean `{spelled}`?" if spelled else did_you_mean(name, [*tags, *INNER_TAGS])
    report.error("M213", f"no Liquid tag `{name}`", span, "not a tag", hint)


def _message(error: LiquidError) -> str:
    if isinstance(error, BlockNestingError):
        return "tags nest too deep"
    message = str(error.args[0]) if error.args else "it cannot be read"
    if message.startswith("expected"):
        message = re.sub(r"^expected (?:tag )?([\w ]+), found", _expected, message)
        message = re.sub(r"found (.*)$", lambda found: f"found {_KINDS.get(found[1], found[1])}", message)
        message = message.replace("a primitive expression", "a value")
    return message.split("\n")[0][:120]


def _expected(found: re.Match[str]) -> str:
    return f"expected {_KINDS.get(found[1], f'`{found[1]}`')}, found"


_EXPONENT = re.compile(r"(?<![\w.\"'-])-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]+(?![\w\"'-])")
_MAX_DIGITS = 20


def exponent_hint(source: str) -> str:
    """The hint for a number with an exponent; empty if there is none."""
    found = _EXPONENT.search(source)
    if found is None:
        return ""
    exponent = re.split("[eE]", found[0])[1]
    is_short = abs(int(exponent[-4:])) <= _MAX_DIGITS and len(exponent) <= 4 and len(found[0]) <= _MAX_DIGITS
    digits = f", `{Decimal(found[0]):f}`" if is_short else ""
    return f"numbers have no exponent in Liquid: write `{found[0]}` with all its digits{digits}"


def syntax_hint(source: str) -> str:
    """The probable correction of a piece of Liquid that cannot be read; empty if there is no guess."""
    if any(quote in source for quote in _CURLY_QUOTES):
        return "curly quotes come from word processors; write \" or '"
    if unclosed := _UNCLOSED.fullmatch(source):
        return f"close it: `{{{{ {unclosed[1]} }}}}`"
    spaced = _WORDS_AFTER_DOT.search(source)
    if spaced and not {"and", "or", "contains", "in", "limit", "offset", "reversed"} & set(
        spaced.group(2).split()
    ):
        return f'a name with blanks goes in brackets: `{spaced.group(1)}["{spaced.group(2)}"]`'
    for wrong, right in () if re.match(r"\{%-?\s*assign", source) else _OPERATORS.items():
        if right and re.search(rf"(?<![=!<>|&]){re.escape(wrong)}(?![=|&])", source):
            return f"Liquid writes `{right}`, not `{wrong}`"
    if hint := exponent_hint(source):
        return hint
    argument = _ARGUMENT_WITHOUT_COLON.search(source)
    return f"arguments follow a colon: `{argument[1]}: ..`" if argument else ""


_IN_QUOTES = re.compile(r""""[^"]*"|'[^']*'""")
_SIGNS = {"+": "plus", "-": "minus", "*": "times", "/": "divided_by", "%": "modulo"}


def expression_hint(source: str) -> str:
    """The hint for an expression that cannot be read."""
    if "{%" in source:
        return "tags make text: write it as a value of its own, without `compute`"
    if "{{" in source:
        inner = source.strip().removeprefix("{{").removesuffix("}}").strip("-").strip()
        is_one = bool(inner) and not any(brace in inner for brace in "{}")
        return f"write it without braces: `{inner}`" if is_one else "write one expression, without braces"
    bare = _IN_QUOTES.sub("x", source)
    if "$" in bare:
        return "expressions name variables as Liquid does: `total`, not `$.total`"
    if "||" in bare:
        return "for another value instead of nothing write `| default: ..`"
    if re.search(r"[=<>?]|&&|\b(?:and|or|not|contains|if)\b", bare):
        return "a test is no value: write `when:` with `then:` and `else:`"
    sign = re.search(r"[\w\])]\s*([*/%+]|-(?=\s))\s*[\w(]", bare)
    if sign:
        return f"Liquid computes with filters: `| {_SIGNS[sign[1]]}: ..`, not `{sign[1]}`"
    if "(" in bare and ".." not in bare:
        return "expressions take no parentheses; filters are applied from left to right"
    return syntax_hint(source)


def condition_hint(source: str) -> str:
    """The hint for a condition that cannot be read."""
    if "{{" in source or "{%" in source:
        return "write what stands between `{% if` and `%}`, without braces"
    if re.search(r"(?<!\|)\|(?!\|)", source):
        return "conditions take no filters"
    if re.search(r"\bnot\b", source):
        return "there is no `not`; compare with `== false`, `!=` or `== blank`"
    if source.lstrip().startswith("$"):
        return "conditions name variables as Liquid does: `uid`, not `$.uid`"
    if "(" in source and ".." not in source:
        return "conditions take no parentheses; `and` and `or` are read from right to left"
    return syntax_hint(source)
