"""Texts: constants that look like a path or a variable, and so would be the same for every item (M128).

`literal:` keeps such a text. Dotted words alone prove nothing: `user.created` is an event, `shop.example` a
host. They are reported only if the source schema has fields of just these names.
"""

from __future__ import annotations

import re

from mapper import ir
from mapper.diagnostics.diagnostic import Report
from mapper.language.scalars import quoted
from mapper.runtime.liquid.filters import ROWS
from mapper.schemas.questions import (
    Subschema,
    allows_type,
    items_of,
    properties_of,
    property_of,
)
from mapper.schemas.schema import Schema

_NAME = r"[A-Za-z_]\w*"
_STEPS = re.compile(rf"\.?(?P<name>{_NAME})|\[(?P<index>\d+|\*|:)\]")
# Whole texts that are variables in other languages: `{id}`, `%{id}`, `#{id}`, `<%= id %>`, `{id}}`.
_VARIABLE = re.compile(rf"(?:[%#]?\{{\s*|<%=?\s*)(?P<path>{_NAME}(?:\.{_NAME}|\[\d+\])*)\s*(?:\}}\}}?|%>)\Z")
# Paths without `$`. An index proves one only if more follows: `lines[0]` may be the name of a form's field.
_BARE = re.compile(
    rf"(?:@(?P<root>(?:\.{_NAME}|\[(?:\d+|\*|'[^']*')\])(?:\.{_NAME}|\[[^\]]*\])*)"
    rf"|\.?(?P<path>{_NAME}(?:\.{_NAME})*(?:\[\d+\]\.{_NAME}|\[\*\])(?:\.{_NAME}|\[(?:\d+|\*)\])*))\Z"
)
_DOTTED = re.compile(rf"\.?{_NAME}(?:\.{_NAME}|\[(?:\d+|\*|:)\])*\Z")
# Expressions of Liquid without braces: a variable or a quoted text, and filters.
_EXPRESSION = re.compile(
    rf"(?:{_NAME}(?:\.{_NAME}|\[\d+\])*|\"[^\"|]*\"|'[^'|]*')(?P<filters>(?: ?\| ?{_NAME}(?: ?:[^|]*)?)+)\Z"
)
_FILTER = re.compile(rf"\| ?(?P<name>{_NAME})(?P<arguments> ?:)?")
_MAX_LENGTH = 200  # a longer text is prose


def check_text(literal: ir.Literal, item: Subschema, source: Schema | None, report: Report) -> None:
    """Report a constant that looks like a path, for items that fit the subschema `item` of the source."""
    text = literal.value
    if literal.declared or not isinstance(text, str) or len(text) > _MAX_LENGTH:
        return
    if _is_formula(text):
        report.warning(
            "M128",
            f"`{text}` is text, not an expression",
            literal.span,
            "every item gets this same text",
            f"write `compute: {quoted(text)}` for the result; or `literal:` to keep the text",
        )
        return
    path = _path_meant(text, item, source)
    if path is not None:
        report.warning(
            "M128",
            f"`{text}` is text, not a path",
            literal.span,
            "every item gets this same text",
            f"write `{path}` for the value of the item; or `literal:` to keep the text",
        )


def _is_formula(text: str) -> bool:
    """True for filters of Liquid: several, one with arguments, or one whose name is no word of English."""
    found = _EXPRESSION.match(text)
    filters = [] if found is None else list(_FILTER.finditer(found["filters"]))
    if not filters or any(each["name"] not in ROWS for each in filters):
        return False
    name = filters[0]["name"]
    is_word = name.isalpha() and not name.endswith("case")
    return len(filters) > 1 or filters[0]["arguments"] is not None or not is_word


def _path_meant(text: str, item: Subschema, source: Schema | None) -> str | None:
    if text != text.strip() and text.strip().startswith(("$.", "$[")):
        return text.strip()
    if match := _VARIABLE.match(text):
        return f"$.{match['path']}"
    if match := _BARE.match(text):
        return f"${match['root']}" if match["root"] else f"$.{match['path']}"
    if source is None or not _DOTTED.match(text) or text.isidentifier():
        return None
    for steps in (text.removeprefix("."), text.removeprefix("item.")):
        if _is_known(steps, item, source.document):
            return f"$.{steps}"
    return None


def _is_known(steps: str, schema: Subschema, document: Subschema) -> bool:
    """True if the source schema names every field of a path."""
    for match in _STEPS.finditer(steps):
        name = match["name"]
        if name is not None and name in properties_of(document, schema):
            schema = property_of(document, schema, name)
        elif name is None and allows_type(document, schema, "array"):
            schema = items_of(document, schema)
        else:
            return False
    return True
