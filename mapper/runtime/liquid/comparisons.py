"""Comparisons of the library: its tests of equality and `contains`, under our rules."""

from __future__ import annotations

from liquid import RenderContext
from liquid.builtin import case_tag
from liquid.builtin.expressions import BooleanExpression, logical
from liquid.builtin.expressions.primitive import Blank, Empty, Literal, Nil
from liquid.expression import Expression
from liquid.undefined import Undefined

from mapper.runtime.blank import is_blank
from mapper.runtime.liquid import semantics as text
from mapper.runtime.missing import MISSING


def plain(value: object) -> object:
    """A value of the library, MISSING if it is undefined."""
    return MISSING if isinstance(value, Undefined) else value


def equal(left: object, right: object) -> bool:
    """Liquid's `==` of library values, `blank` and `empty` among them."""
    left, right = plain(left), plain(right)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Blank):
            return isinstance(other, Blank) or (not isinstance(other, Empty) and is_blank(other))
        if isinstance(one, Empty):
            return isinstance(other, Empty) or (not isinstance(other, Blank) and text.is_empty(other))
    return text.equal(left, right)


def _are_equal(left: Expression, right: Expression, context: RenderContext) -> bool:
    one, other = left.evaluate(context), right.evaluate(context)
    if isinstance(left, Literal | Nil) or isinstance(right, Literal | Nil):
        # The comparison takes as long as the constant, which is a part of the template.
        if isinstance(one, str) and isinstance(other, str):
            return one == other
        if isinstance(one, list | dict) or isinstance(other, list | dict):
            return False
    return equal(one, other)


class _Equal(logical.EqExpression):
    __slots__ = ()

    def evaluate(self, context: RenderContext) -> object:
        return _are_equal(self.left, self.right, context)


class _Unequal(logical.NeExpression):
    __slots__ = ()

    def evaluate(self, context: RenderContext) -> object:
        return not _are_equal(self.left, self.right, context)


class _Contains(logical.ContainsExpression):
    __slots__ = ()

    def evaluate(self, context: RenderContext) -> object:
        return text.contains(plain(self.left.evaluate(context)), plain(self.right.evaluate(context)))


class AnyEqual(case_tag._AnyExpression):
    """The values of a `when`."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> list[bool]:
        """For each value, True if the subject equals it."""
        return [_are_equal(self.left, right, context) for right in self.expressions]


def refined(expression: Expression) -> Expression:
    """The same test with our comparisons in it."""
    match expression:
        case BooleanExpression():
            return BooleanExpression(expression.token, refined(expression.expression))
        case logical.LogicalAndExpression() | logical.LogicalOrExpression():
            return type(expression)(expression.token, refined(expression.left), refined(expression.right))
        case logical.EqExpression():
            return _Equal(expression.token, refined(expression.left), refined(expression.right))
        case logical.NeExpression():
            return _Unequal(expression.token, refined(expression.left), refined(expression.right))
        case logical.ContainsExpression():
            return _Contains(expression.token, refined(expression.left), refined(expression.right))
    return expression


def refine_condition(expression: BooleanExpression) -> BooleanExpression:
    """A parsed condition with our comparisons in place of the library's."""
    return BooleanExpression(expression.token, refined(expression.expression))
