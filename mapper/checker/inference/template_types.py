"""Templates: a Liquid template and a scope in, the texts it can render out."""

from __future__ import annotations

from functools import partial, reduce
from typing import assert_never

from mapper import ir
from mapper.checker.inference import predicates as p
from mapper.checker.inference.condition_types import divide
from mapper.checker.inference.filter_types import gives_exact_numbers
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.operand_types import operand_type
from mapper.checker.inference.printing import NOTHING, concatenated, printed, unprintable
from mapper.checker.inference.type_scope import TypeScope, join_scopes, narrowed_lookup
from mapper.checker.types import ANY_MEMBER, ANYTHING, Type, join, join_all
from mapper.checker.types.facts import Texts
from mapper.checker.types.lattice import of_element
from mapper.checker.types.named import INTEGER, OBJECT, TEXT, array_of
from mapper.checker.types.text_facts import join_texts
from mapper.diagnostics.source import Span
from mapper.ir.liquid import walk

_ANY_TEXT = Texts()


def infer_template(template: ir.Template, scope: TypeScope, notes: Inference) -> Type:
    """The texts a template renders; any text if it has no body, because the library's interpreter runs it."""
    if template.body is None:
        return TEXT
    text, after = _body(template.body, scope, notes)
    if not after.is_reachable and scope.is_reachable:
        return TEXT  # every branch ends in `abort`
    return Type(texts=text)


def _body(body: tuple[ir.Statement, ...], scope: TypeScope, notes: Inference) -> tuple[Texts, TypeScope]:
    text = NOTHING
    for statement in body:
        if not scope.is_reachable:
            break
        written, scope = _statement(statement, scope, notes)
        text = concatenated(text, written)
    return text, scope


def _statement(statement: ir.Statement, scope: TypeScope, notes: Inference) -> tuple[Texts, TypeScope]:
    match statement:
        case ir.Write(text):
            return Texts(values=frozenset({text})), scope
        case ir.Output(value, span):
            return _written(value, span, scope, notes), scope
        case ir.Assign(name, value):
            return NOTHING, scope.with_local(name, operand_type(value, scope, notes))
        case ir.Capture(name, body):
            captured, after = _body(body, scope, notes)
            return NOTHING, after.with_local(name, Type(texts=captured))
        case ir.Branches():
            return _branches(statement, scope, notes)
        case ir.Choices():
            return _choices(statement, scope, notes)
        case ir.For():
            return _loop(statement, scope, notes)
        case ir.Cycle(_, values, span):
            texts = [_written(value, span, scope, notes) for value in values]
            return reduce(join_texts, texts, NOTHING), scope
        case ir.Count(name):
            return printed(INTEGER), scope.with_local(name, join(scope.read(name), INTEGER))
        case ir.Abort() | ir.Break() | ir.Continue():
            return NOTHING, scope.unreachable()
        case _ as never:
            assert_never(never)


def _written(value: ir.Operand, span: Span, scope: TypeScope, notes: Inference) -> Texts:
    """The texts that an operand prints; numbers that may have lost digits are noted, because they stop it."""
    given = operand_type(value, scope, notes)
    bad = unprintable(given)
    if not bad.is_never and not gives_exact_numbers(value):
        notes.note_lost_digits(value, span, bad, scope)
    return printed(given)


def _branches(node: ir.Branches, scope: TypeScope, notes: Inference) -> tuple[Texts, TypeScope]:
    ends: list[tuple[Texts, TypeScope]] = []
    for branch in node.branches:
        inside, scope = divide(branch.test, scope, notes)
        notes.note_reached(branch, inside.is_reachable)
        if inside.is_reachable:
            ends.append(_body(branch.body, inside, notes))
    if scope.is_reachable:
        ends.append(_body(node.otherwise, scope, notes))
    return _together(ends, scope)


def _together(ends: list[tuple[Texts, TypeScope]], scope: TypeScope) -> tuple[Texts, TypeScope]:
    alive = [(text, after) for text, after in ends if after.is_reachable]
    if not alive:
        return NOTHING, scope.unreachable()
    texts = reduce(join_texts, (text for text, _ in alive))
    return texts, reduce(join_scopes, (after for _, after in alive))


def _choices(node: ir.Choices, scope: TypeScope, notes: Inference) -> tuple[Texts, TypeScope]:
    subject = operand_type(node.subject, scope, notes)
    ends: list[tuple[Texts, TypeScope]] = []
    keys = [value for choice in node.choices for value in choice.values or ()]
    exclusive = all(isinstance(key, ir.Scalar) for key in keys) and len({repr(key) for key in keys}) == len(
        keys
    )
    left, has_other = subject, False
    for choice in node.choices:
        if choice.values is None:
            has_other = True
            ends.append(_body(choice.body, scope, notes))
            continue
        wanted = [operand_type(value, scope, notes) for value in choice.values]
        inside = scope
        matching = _equal_to_any(subject, wanted)
        notes.note_reached(
            choice, not matching.is_never or any(isinstance(v, ir.Special) for v in choice.values)
        )
        if isinstance(node.subject, ir.Lookup):
            inside = narrowed_lookup(node.subject, scope, partial(_equal_to_any, wanted=wanted))
        if inside.is_reachable:
            ends.append(_body(choice.body, inside, notes))
        left = reduce(p.unequal_to, wanted, left)
    if not has_other and not left.is_never:
        ends.append((NOTHING, scope))
    text, after = _together(ends, scope)
    # Unless the cases are distinct constants, several of them may write their text.
    return (text if exclusive else Texts(blank=text.blank if text.blank is False else None)), after


def _equal_to_any(given: Type, wanted: list[Type]) -> Type:
    return join_all(p.equal_to(given, each) for each in wanted)


def _loop(node: ir.For, scope: TypeScope, notes: Inference) -> tuple[Texts, TypeScope]:
    source = operand_type(node.source, scope, notes)
    for operand in (node.limit, node.offset):
        if operand is not None:
            operand_type(operand, scope, notes)
    element = of_element(source)
    if source.texts is not None:
        element = join(element, Type(texts=source.texts))
    if source.objects:
        element = join(element, array_of(ANYTHING, 2, 2))
    _, nothing = _body(node.otherwise, scope, notes)
    changed = {n.name for n in walk(node.body) if isinstance(n, ir.Assign | ir.Capture | ir.Count)}
    for name in changed:
        scope = scope.with_local(name, ANY_MEMBER)
    if not element.is_never:
        inside = scope.with_local(node.name, element).with_local("forloop", OBJECT)
        _body(node.body, inside, notes)
    return _ANY_TEXT, join_scopes(scope, nothing)
