"""Answers: facts about a node that are kept with it, so that nested nodes are not walked again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any, TypeAlias, TypeVar

Answers: TypeAlias = dict[Callable[[Any], Any], Any]

_About = TypeVar("_About")
_Found = TypeVar("_Found")


def answers_field() -> Any:
    """The field for the answers of a node: no part of its meaning, and a copy begins without any."""
    return field(default_factory=dict, init=False, compare=False, repr=False)


def answer(known: Answers, question: Callable[[_About], _Found], about: _About) -> _Found:
    """The answer to a question, worked out if it is not known yet."""
    if question not in known:
        known[question] = question(about)
    found: _Found = known[question]
    return found
