"""IR of vars: values that a mapping names, and the places that read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field
from typing import Any, TypeVar

from mapper.diagnostics.source import Span
from mapper.ir.answers import Answers, answer, answers_field
from mapper.ir.spans import span_field

# The name of all vars in Liquid.
VARS = "vars"

_Found = TypeVar("_Found")


@dataclass(frozen=True, eq=False, slots=True)
class Var:
    """A named value of the item, computed when it is first read, and once. It reads only vars above it.

    Nodes that read it hold it (`shared_field`). So a program is a tree only if these are not followed: vars
    that read each other twice would be walked 2, 4, 8, .. times. `depth` is the longest chain of vars below.
    """

    name: str
    value: Any  # a Value; the module of values imports this one
    depth: int
    span: Span = span_field()
    _answers: Answers = answers_field()

    def once(self, question: Callable[[Any], _Found]) -> _Found:
        """The answer to a question about the value, worked out once, however often the var is read."""
        return answer(self._answers, question, self.value)


def shared_field(default: object = MISSING) -> Any:
    """The field for a var, or a tuple of them, that a node reads: `walk` does not enter it."""
    return field(default=default, compare=False, repr=False, metadata={"shared": True})
