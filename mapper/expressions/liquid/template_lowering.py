"""Lowering of Liquid: the library's parse tree becomes ir, or None if its interpreter must run it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from liquid.ast import BlockNode, Node
from liquid.builtin import (
    assign_tag,
    capture_tag,
    case_tag,
    comment_tag,
    content,
    cycle_tag,
    decrement_tag,
    doc_tag,
    for_tag,
    if_tag,
    increment_tag,
    liquid_tag,
    output,
    unless_tag,
)
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    KeywordArgument,
    Nil,
    Path,
    StringLiteral,
    logical,
)
from liquid.builtin.expressions.primitive import Blank, Empty, Literal, RangeLiteral
from liquid.expression import Expression

from mapper.diagnostics.source import Span, SpannedText
from mapper.expressions.liquid.places import markup_span, path_span, token_span
from mapper.ir import liquid as ir
from mapper.ir.vars import VARS, Var
from mapper.runtime.limits import MAX_LOWERED_LOOPS, MAX_LOWERED_TAGS
from mapper.runtime.liquid.abort import AbortNode
from mapper.runtime.liquid.arithmetic import as_double

_LONGEST_CHAIN = 50
LOOP_FIELDS = frozenset({"name", "length", "index", "index0", "rindex", "rindex0", "first", "last"})


class Unlowered(Exception):
    """A part of a template for which there is no IR."""


class Misplaced(Exception):
    """A `break` or `continue` outside of any loop."""

    def __init__(self, name: str, span: Span) -> None:
        super().__init__(name)
        self.name = name
        self.span = span


@dataclass(frozen=True, slots=True)
class _Nesting:
    # The vars that may be read, and the depth of a statement in blocks and in loops, which CPython limits.
    # With `doubles`, 2.0 is the whole number 2.
    text: SpannedText
    vars: Mapping[str, Var]
    doubles: bool
    depth: int = 0
    loops: int = 0

    def deeper(self) -> _Nesting:
        if self.depth >= MAX_LOWERED_TAGS:
            raise Unlowered("nests deep")
        return replace(self, depth=self.depth + 1)


def lower_body(
    nodes: list[Node], text: SpannedText, known: Mapping[str, Var], doubles: bool
) -> tuple[ir.Statement, ...] | None:
    """The statements of a template; None if a part of it has no ir. `known` are vars. Raises Misplaced."""
    try:
        body = _statements(nodes, _Nesting(text, known, doubles))
    except (Unlowered, RecursionError):
        return None
    counted = {node.name for node in ir.walk(body) if isinstance(node, ir.Count)}
    read = {node.name for node in ir.walk(body) if isinstance(node, ir.Lookup)}
    # A counter that is also read as a variable hides behind the item's key of that name.
    return None if counted & read else body


def lower_condition(
    condition: BooleanExpression, text: SpannedText, known: Mapping[str, Var], doubles: bool
) -> ir.TextTest | None:
    """The test of a condition; None if a part of it has no ir. `known` are its vars."""
    try:
        return _test(condition, _Nesting(text, known, doubles))
    except (Unlowered, RecursionError):
        return None


def lower_expression(
    expression: Expression, text: SpannedText, known: Mapping[str, Var], doubles: bool
) -> ir.Operand | None:
    """The operand of an expression as inside `{{ .. }}`; None if a part of it has no ir. `known` are vars."""
    try:
        return _value(expression, _Nesting(text, known, doubles))
    except (Unlowered, RecursionError):
        return None


def _statements(nodes: Iterable[Node], place: _Nesting, blank: bool = False) -> tuple[ir.Statement, ...]:
    statements: list[ir.Statement] = []
    for node in nodes:
        for statement in _statement(node, place):
            last = statements[-1] if statements else None
            if isinstance(statement, ir.Write):
                if blank or not statement.text:
                    continue
                if isinstance(last, ir.Write):
                    statements[-1] = ir.Write(last.text + statement.text, last.span)
                    continue
            statements.append(statement)
    return tuple(statements)


def _block(block: BlockNode | None, place: _Nesting) -> tuple[ir.Statement, ...]:
    # A block that holds nothing but white space and silent tags writes nothing.
    return () if block is None else _statements(block.nodes, place.deeper(), block.blank)


def _statement(node: Node, place: _Nesting) -> tuple[ir.Statement, ...]:
    span = markup_span(place.text, node.token)
    match node:
        case content.ContentNode():
            return (ir.Write(node.text, token_span(place.text, node.token)),)
        case output.OutputNode():
            return (_output(node, place),)
        case assign_tag.AssignNode():
            return (ir.Assign(str(node.name), _value(node.expression, place), span),)
        case capture_tag.CaptureNode():
            return (ir.Capture(str(node.name), _block(node.block, place), span),)
        case if_tag.IfNode() | unless_tag.UnlessNode():
            return (_branches(node, place),)
        case case_tag.CaseNode():
            return (_choices(node, place),)
        case for_tag.ForNode():
            return (_for(node, place),)
        case for_tag.BreakNode() | for_tag.ContinueNode():
            if not place.loops:
                raise Misplaced(node.token.value, span)
            return (ir.Break(span) if isinstance(node, for_tag.BreakNode) else ir.Continue(span),)
        case cycle_tag.CycleNode():
            return (_cycle(node, place),)
        case increment_tag.IncrementNode():
            return (ir.Count(str(node.name), 1, span),)
        case decrement_tag.DecrementNode():
            return (ir.Count(str(node.name), -1, span),)
        case liquid_tag.LiquidNode():
            return _statements(node.block.nodes, place.deeper(), node.block.blank)
        case comment_tag.CommentNode() | doc_tag.DocNode():
            return ()
        case AbortNode():
            return (ir.Abort(span),)
        case _:
            raise Unlowered(type(node).__name__)


def _output(node: output.OutputNode, place: _Nesting) -> ir.Statement:
    value = _value(node.expression, place)
    if isinstance(value, ir.Scalar) and (value.value is None or isinstance(value.value, str)):
        return ir.Write(value.value or "", value.span)
    return ir.Output(value, markup_span(place.text, node.token))


def _branches(node: if_tag.IfNode | unless_tag.UnlessNode, place: _Nesting) -> ir.Branches:
    first = _test(node.condition, place)
    if isinstance(node, unless_tag.UnlessNode):
        first = ir.Negation(first, first.span)
    branches = [ir.Branch(first, _block(node.consequence, place))]
    for other in node.alternatives:
        branches.append(ir.Branch(_test(other.expression, place), _block(other.block, place)))
    otherwise = _block(node.default, place) if node.default else ()
    return ir.Branches(tuple(branches), otherwise, markup_span(place.text, node.token))


def _choices(node: case_tag.CaseNode, place: _Nesting) -> ir.Choices:
    choices = []
    for block in node.blocks:
        if isinstance(block, BlockNode):
            choices.append(ir.Choice(None, _block(block, place)))
            continue
        values = tuple(_operand(value, place) for value in block.expression.expressions)
        body = _block(block.block, place)
        if len(values) > 1 and _interrupts(body):
            raise Unlowered("a block that may run twice and leaves the loop")
        choices.append(ir.Choice(values, body))
    return ir.Choices(_value(node.expression, place), tuple(choices), markup_span(place.text, node.token))


def _interrupts(body: tuple[ir.Statement, ...]) -> bool:
    # True if a break or continue in these statements is meant for a loop around them.
    for statement in body:
        match statement:
            case ir.Break() | ir.Continue():
                return True
            case ir.Capture(_, inner) if _interrupts(inner):
                return True
            case ir.Branches(branches, otherwise):
                if _interrupts(otherwise) or any(_interrupts(branch.body) for branch in branches):
                    return True
            case ir.Choices(_, choices):
                if any(_interrupts(choice.body) for choice in choices):
                    return True
            case ir.For(otherwise=otherwise) if _interrupts(otherwise):
                return True
    return False


def _for(node: for_tag.ForNode, place: _Nesting) -> ir.For:
    loop = node.expression
    if loop.identifier == "forloop" or place.loops >= MAX_LOWERED_LOOPS:
        raise Unlowered("a loop of another kind")
    resumes = isinstance(loop.offset, StringLiteral) and loop.offset.value == "continue"
    return ir.For(
        name=str(loop.identifier),
        source=_value(loop.iterable, place),
        limit=None if loop.limit is None else _value(loop.limit, place),
        offset=None if loop.offset is None or resumes else _value(loop.offset, place),
        resumes=resumes,
        backwards=loop.reversed,
        label=f"{loop.identifier}-{loop.iterable}",
        body=_block(node.block, replace(place, loops=place.loops + 1)),
        otherwise=_block(node.default, place),
        span=markup_span(place.text, node.token),
    )


def _cycle(node: cycle_tag.CycleNode, place: _Nesting) -> ir.Cycle:
    values = tuple(_value(value, place) for value in node.args)
    group = "" if node.group is None else str(_literal(_value(node.group, place)))
    key = group or str([_literal(value) for value in values])
    return ir.Cycle(key, values, markup_span(place.text, node.token))


def _literal(value: ir.Operand) -> object:
    if isinstance(value, ir.Scalar):
        return value.value
    raise Unlowered("a cycle whose group is known at run time only")


def _value(expression: Expression, place: _Nesting) -> ir.Operand:
    operand = _operand(expression, place)
    if isinstance(operand, ir.Special):
        raise Unlowered("blank or empty as a value")
    return operand


def _operand(expression: Expression, place: _Nesting) -> ir.Operand:
    span = token_span(place.text, expression.token)
    match expression:
        case FilteredExpression():
            return _filtered(expression, place)
        case Nil():
            return ir.Scalar(None, span)
        case Literal():
            value: Any = as_double(expression.value) if place.doubles else expression.value
            return ir.Scalar(value, span)
        case Path():
            return _lookup(expression, place)
        case RangeLiteral():
            return ir.Interval(_value(expression.start, place), _value(expression.stop, place), span)
        case Blank():
            return ir.Special("blank", span)
        case Empty():
            return ir.Special("empty", span)
        case _ if isinstance(expression, _TESTS):
            return _test(expression, place.deeper())
        case _:
            raise Unlowered(type(expression).__name__)


def _filtered(expression: FilteredExpression, place: _Nesting) -> ir.Operand:
    if len(expression.filters or ()) > _LONGEST_CHAIN:
        raise Unlowered("a long chain of filters")
    value = _value(expression.left, place)
    for call in expression.filters or ():
        args = [a.value for a in call.args if not isinstance(a, KeywordArgument)]
        named = {a.name: _value(a.value, place) for a in call.args if isinstance(a, KeywordArgument)}
        value = ir.FilterCall(
            value,
            call.name,
            tuple(_value(argument, place) for argument in args),
            tuple(named.items()),
            token_span(place.text, call.token),
        )
    return value


def _lookup(path: Path, place: _Nesting) -> ir.Lookup:
    name, *keys = path.path
    if len(keys) > _LONGEST_CHAIN:
        raise Unlowered("a long chain of keys")
    if not isinstance(name, str):
        raise Unlowered("a variable whose name is known at run time only")
    parts = tuple(_lookup(key, place) if isinstance(key, Path) else key for key in keys)
    if name == "forloop" and place.loops:
        _check_loop_field(parts)
    var = place.vars.get(str(keys[0])) if name == VARS and keys else None
    return ir.Lookup(str(name), parts, path_span(place.text, path.token), var)


def _check_loop_field(keys: tuple[object, ...]) -> None:
    rest = list(keys)
    while len(rest) > 1 and rest[0] == "parentloop":
        rest.pop(0)
    if len(rest) != 1 or rest[0] not in LOOP_FIELDS:
        raise Unlowered("forloop as a value")


def _test(expression: Expression, place: _Nesting) -> ir.TextTest:
    span = token_span(place.text, expression.token)
    match expression:
        case BooleanExpression():
            return _test(expression.expression, place)
        case logical.LogicalAndExpression():
            return ir.AllOf(_flat(expression, logical.LogicalAndExpression, place), span)
        case logical.LogicalOrExpression():
            return ir.AnyOf(_flat(expression, logical.LogicalOrExpression, place), span)
        case logical.ContainsExpression():
            return ir.Contains(_value(expression.left, place), _value(expression.right, place), span)
        case (
            logical.EqExpression()
            | logical.NeExpression()
            | logical.LtExpression()
            | logical.LeExpression()
            | logical.GtExpression()
            | logical.GeExpression()
        ):
            operator = next(sign for kind, sign in _RELATIONS.items() if isinstance(expression, kind))
            # Only equality compares with `blank` and `empty`.
            side = _operand if operator in ("==", "!=") else _value
            return ir.Compare(operator, side(expression.left, place), side(expression.right, place), span)
        case _:
            return ir.Truthy(_value(expression, place), span)


_RELATIONS: dict[type[Expression], str] = {
    logical.EqExpression: "==",
    logical.NeExpression: "!=",
    logical.LtExpression: "<",
    logical.LeExpression: "<=",
    logical.GtExpression: ">",
    logical.GeExpression: ">=",
}


_TESTS: tuple[type[Expression], ...] = (
    BooleanExpression,
    logical.LogicalAndExpression,
    logical.LogicalOrExpression,
    logical.ContainsExpression,
    *_RELATIONS,
)


def _flat(
    expression: logical.LogicalAndExpression | logical.LogicalOrExpression,
    kind: type[Expression],
    place: _Nesting,
) -> tuple[ir.TextTest, ...]:
    # `a and b and c` is one list of tests; a change of operator nests.
    tests = []
    rest: Expression = expression
    while type(rest) is kind and isinstance(rest, logical.LogicalAndExpression | logical.LogicalOrExpression):
        tests.append(_test(rest.left, place.deeper()))
        rest = rest.right
    tests.append(_test(rest, place.deeper()))
    return tuple(tests)
