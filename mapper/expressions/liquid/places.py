"""Places of Liquid: the library's tokens become spans in the mapping."""

from __future__ import annotations

import re

from liquid.token import TOKEN_OUTPUT, TOKEN_STRING, TOKEN_TAG, Token

from mapper.diagnostics.source import Span, SpannedText

_PATH = re.compile(r"[\w\-]+\??(?:\s*\.\s*[\w\-]+\??|\s*\[[^\]]*\])*|\[[^\]]*\](?:\.[\w\-]+|\[[^\]]*\])*")


def token_span(text: SpannedText, token: Token) -> Span:
    """The span of a token; the whole text if the token has no place."""
    if token.start_index < 0 or token.start_index > len(text.value):
        return text.whole()
    length = len(token.value) + (2 if token.kind == TOKEN_STRING else 0)
    return text.part(token.start_index, min(token.start_index + max(length, 1), len(text.value)))


def path_span(text: SpannedText, token: Token) -> Span:
    """The span of a variable with all its keys."""
    found = _PATH.match(text.value, max(token.start_index, 0))
    if found is None or token.start_index < 0:
        return token_span(text, token)
    return text.part(token.start_index, found.end())


def markup_bounds(text: str, token: Token) -> tuple[int, int]:
    """The start and end of the `{% .. %}` or `{{ .. }}` around a tag or output token."""
    if token.start_index < 0:
        return 0, len(text)
    opening, closing = ("{{", "}}") if token.kind == TOKEN_OUTPUT else ("{%", "%}")
    start = token.start_index
    if token.kind == TOKEN_TAG:
        start = max(text.rfind(opening, 0, start + 1), 0)
    end = text.find(closing, token.start_index)
    return start, (end + 2 if end >= 0 else len(text))


def markup_span(text: SpannedText, token: Token) -> Span:
    """The span of a whole `{% .. %}` or `{{ .. }}`."""
    return text.part(*markup_bounds(text.value, token))
