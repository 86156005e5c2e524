"""JSON texts: Liquid that writes JSON for `as: json`, each as a program of its own for the proof.

A text printed inside can break the JSON there as it can in `template:`. Liquid that only prints a JSON text
of the payload (`"{{ payload }}"`) writes no JSON itself; if such a text cannot be read, the cast fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mapper import ir
from mapper.ir import liquid as text_ir
from mapper.ir.facts import writes_json


@dataclass(frozen=True, slots=True)
class JsonTemplate:
    """Liquid under `as: json`, and the program that renders it alone.

    If `is_sure`, each payload that the program takes reaches the Liquid in the mapping, too. `is_declared` is
    True if the author has said what becomes of a text that is no JSON. `of_item` is False if the Liquid reads
    something else than the mapping's item.
    """

    program: ir.Program
    is_sure: bool
    is_declared: bool
    of_item: bool


@dataclass(frozen=True, slots=True)
class _Reach:
    """The way to a value: the tests that hold or fail on it, and all that leaves it in doubt."""

    tests: tuple[tuple[text_ir.TextTest, bool], ...] = ()
    is_sure: bool = True
    of_item: bool = True
    root: ir.Program = field(kw_only=True)

    def under(self, test: text_ir.TextTest | None, holds: bool) -> _Reach:
        """It, if the test holds, or fails."""
        return self.unsure() if test is None else replace(self, tests=(*self.tests, (test, holds)))

    def unsure(self) -> _Reach:
        """It, if other values decide, too."""
        return replace(self, is_sure=False)


def json_texts(program: ir.Program) -> Iterator[JsonTemplate]:
    """The Liquid of vars and of an event that writes JSON for `as: json`, in the order of the text."""
    for var in program.vars:
        yield from _inside(var.value, _Reach(root=program).unsure())  # it is computed if it is read
    if isinstance(program.output, ir.Record):
        yield from _inside(program.output, _Reach(root=program))


def _inside(node: ir.Value, reach: _Reach) -> Iterator[JsonTemplate]:
    match node:
        case ir.Cast(ir.Template() as template, ir.CastKind.JSON) if writes_json(template):
            yield _text(node, template, reach)
        case ir.When(condition, then, otherwise):
            tests = condition.test if reach.of_item else None
            yield from _inside(then, reach.under(tests, True))
            if otherwise is not None:
                yield from _inside(otherwise, reach.under(tests, False))
        case ir.MapItems(source, element) | ir.WithItem(source, element):
            yield from _inside(source, reach)
            yield from _inside(element, replace(reach, tests=(), is_sure=False, of_item=False))
        case ir.Coalesce() | ir.Match() | ir.Default():
            for number, value in enumerate(ir.children(node)):
                yield from _inside(value, reach.unsure() if number else reach)
        case _:
            for value in ir.children(node):
                yield from _inside(value, reach)


def _text(cast: ir.Cast, template: ir.Template, reach: _Reach) -> JsonTemplate:
    body, root = template.body, reach.root
    if body is not None:
        for test, holds in reversed(reach.tests):
            # If the test has the other outcome, nothing is rendered, as if the item were skipped.
            branch, other = (
                (body, (text_ir.Abort(cast.span),)) if holds else ((text_ir.Abort(cast.span),), body)
            )
            body = (text_ir.Branches((text_ir.Branch(test, branch),), other, cast.span),)
    program = replace(root, output=replace(template, body=body))
    if not reach.of_item:
        # The value that it reads is inside of the body, and rules say nothing of it.
        inside = ir.Path(ir.Root.BODY, (ir.Child((ir.Wildcard(),)),), "$[*]", root.span)
        program = replace(program, rules=(), each=(inside,))
    is_declared = cast.declared or cast.on_error is not ir.OnError.REJECT
    return JsonTemplate(program, reach.is_sure, is_declared, reach.of_item)
