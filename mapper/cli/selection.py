"""Selection: the expression after `-k` becomes a test of names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from mapper.diagnostics.stop import Stop

Selects: TypeAlias = Callable[[str], bool]
TOKEN = re.compile(r"\(|\)|[^\s()]+")


def parse_selection(text: str) -> Selects:
    """A test of `mapping/case` names: parts of names joined by `and`, `or`, `not` and brackets, any case."""
    tokens = _Tokens(text)
    selects = _either(tokens)
    if tokens.peek():
        raise tokens.fault(f"unexpected `{tokens.peek()}`")
    return selects


class _Tokens:
    """The words of an expression, read from the left."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._rest = TOKEN.findall(text)

    def peek(self) -> str:
        return self._rest[0].lower() if self._rest else ""

    def take(self) -> str:
        if not self._rest:
            raise self.fault("it ends too early")
        return str(self._rest.pop(0)).lower()

    def while_next(self, word: str) -> Iterator[None]:
        while self.peek() == word:
            self.take()
            yield

    def fault(self, reason: str) -> Stop:
        return Stop(f"cannot read `-k {self._text}`: {reason}")


def _either(tokens: _Tokens) -> Selects:
    options = [_all(tokens), *(_all(tokens) for _ in tokens.while_next("or"))]
    return lambda name: any(option(name) for option in options)


def _all(tokens: _Tokens) -> Selects:
    parts = [_one(tokens), *(_one(tokens) for _ in tokens.while_next("and"))]
    return lambda name: all(part(name) for part in parts)


def _one(tokens: _Tokens) -> Selects:
    word = tokens.take()
    if word == "not":
        inner = _one(tokens)
        return lambda name: not inner(name)
    if word == "(":
        inner = _either(tokens)
        if tokens.take() != ")":
            raise tokens.fault("a bracket is not closed")
        return inner
    if word in ("and", "or", ")"):
        raise tokens.fault(f"unexpected `{word}`")
    return lambda name: word in name.lower()
