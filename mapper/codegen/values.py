"""Codegen of values: each IR node becomes the statements a good engineer would write for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from mapper import ir
from mapper.codegen.casts import emit_cast, emit_timestamp
from mapper.codegen.paths import emit_path
from mapper.codegen.text import emit_condition, emit_template
from mapper.codegen.writer import Scope, Writer, literal
from mapper.ir.facts import may_be_blank, may_be_null, may_miss

NOTHING = "{0} is MISSING or {0} is None"


def emit_value(writer: Writer, node: ir.Value, scope: Scope, what: str) -> str:
    """Write what computes `node`; return a local name or a literal that holds its value or MISSING.

    `what` is the output field being set, for diagnostics (`event_properties.city`).
    """
    match node:
        case ir.Literal(value):
            return emit_literal(writer, value)
        case ir.Path():
            return emit_path(writer, node, scope)
        case ir.Template():
            return emit_template(writer, node, scope)
        case ir.Record():
            return emit_record(writer, node, scope, what)
        case ir.Array():
            return _emit_array(writer, node, scope, what)
        case ir.Coalesce():
            return _emit_coalesce(writer, node, scope, what)
        case ir.Match():
            return _emit_match(writer, node, scope, what)
        case ir.When():
            return _emit_when(writer, node, scope, what)
        case ir.Merge():
            return _emit_merge(writer, node, scope, what)
        case ir.MapItems():
            return _emit_map(writer, node, scope, what)
        case ir.Pick() | ir.Omit() | ir.Rename():
            return _emit_object_change(writer, node, scope, what)
        case ir.Hash():
            return _emit_hash(writer, node, scope, what)
        case ir.FromRequest():
            return _emit_request(writer, node, scope)
        case ir.Cast():
            value = emit_value(writer, node.value, scope, what)
            return emit_cast(writer, node, value, what)
        case ir.Timestamp():
            value = emit_value(writer, node.value, scope, what)
            return emit_timestamp(writer, node, value, scope, what)
        case ir.Default():
            return _emit_default(writer, node, scope, what)
        case ir.Required():
            return _emit_required(writer, node, scope, what)
        case _ as never:
            assert_never(never)


def emit_literal(writer: Writer, value: object) -> str:
    """A literal; mutable ones are built anew for each event, so that events never share them."""
    if isinstance(value, dict | list):
        name = writer.fresh("constant")
        writer.line(f"{name} = {literal(value)}")
        return name
    return literal(value)


def is_nothing(node: ir.Value, name: str) -> str | None:
    """The test that `name`, holding `node`, is missing or null; None where it never is."""
    tests = []
    if may_miss(node):
        tests.append(f"{name} is MISSING")
    if may_be_null(node):
        tests.append(f"{name} is None")
    return " or ".join(tests) or None


def emit_record(writer: Writer, node: ir.Record, scope: Scope, what: str) -> str:
    """An object: a dict display of the fields that are sure, then one test per field that may be missing."""
    sure: list[tuple[str, str]] = []
    unsure: list[tuple[ir.Field, str, str]] = []
    for field in node.fields:
        place = f"{what}.{field.name}" if what else field.name
        name = emit_value(writer, field.value, scope, place)
        test = _absent(field, name)
        if test is not None and field.required:
            site = writer.site(field.span, place)
            writer.line(f"if {test}:", field.span)
            writer.line(f"    raise {writer.use('faults', 'Fault')}('M611', {site})")
            test = None
        if test is None and not unsure:
            sure.append((field.name, name))
        else:
            unsure.append((field, name, test or ""))
    record = writer.fresh(what.rpartition(".")[2] or "event")
    pairs = ", ".join(f"{literal(key)}: {name}" for key, name in sure)
    writer.line(f"{record} = {{{pairs}}}", node.span)
    for field, name, test in unsure:
        target = f"{record}[{literal(field.name)}] = {name}"
        if test:
            writer.line(f"if not ({test}):", field.span)
            writer.line(f"    {target}")
        else:
            writer.line(target, field.span)
    return record


def _absent(field: ir.Field, name: str) -> str | None:
    tests = []
    if may_miss(field.value):
        tests.append(f"{name} is MISSING")
    if not field.nullable and may_be_null(field.value):
        tests.append(f"{name} is None")
    return " or ".join(tests) or None


def _emit_array(writer: Writer, node: ir.Array, scope: Scope, what: str) -> str:
    names = [emit_value(writer, value, scope, what) for value in node.values]
    array = writer.fresh("array")
    if any(may_miss(value) for value in node.values):
        writer.line(
            f"{array} = [v for v in ({''.join(n + ', ' for n in names)}) if v is not MISSING]", node.span
        )
    else:
        writer.line(f"{array} = [{', '.join(names)}]", node.span)
    return array


def _emit_coalesce(writer: Writer, node: ir.Coalesce, scope: Scope, what: str) -> str:
    result = writer.fresh(what.rpartition(".")[2] or "first")

    def absent(option: ir.Value) -> str | None:
        if node.nonblank and may_be_blank(option):
            return f"{writer.use('values', 'is_blank')}({result})"
        return is_nothing(option, result)

    def emit(position: int) -> None:
        option = node.options[position]
        writer.line(f"{result} = {emit_value(writer, option, scope, what)}", option.span)
        test = absent(option)
        if test is None:
            return
        if position + 1 < len(node.options):
            with writer.block(f"if {test}:"):
                emit(position + 1)
        elif "is_blank" in test or may_be_null(option):
            writer.line(f"if {test if 'is_blank' in test else f'{result} is None'}:")
            writer.line(f"    {result} = MISSING")

    emit(0)
    return result


def _emit_branches(
    writer: Writer,
    branches: list[tuple[str, ir.Value]],
    otherwise: ir.Value | None,
    result: str,
    emit: Callable[[ir.Value], str],
) -> str:
    keyword = "if"
    for test, value in branches:
        with writer.block(f"{keyword} {test}:", value.span):
            writer.line(f"{result} = {emit(value)}")
        keyword = "elif"
    if not branches:
        writer.line(f"{result} = {'MISSING' if otherwise is None else emit(otherwise)}")
        return result
    with writer.block("else:"):
        writer.line(f"{result} = {'MISSING' if otherwise is None else emit(otherwise)}")
    return result


def _emit_match(writer: Writer, node: ir.Match, scope: Scope, what: str) -> str:
    subject = emit_value(writer, node.subject, scope, what)
    if not subject.isidentifier():
        name = writer.fresh("subject")
        writer.line(f"{name} = {subject}")
        subject = name
    branches = [(_equals(subject, case.key), case.value) for case in node.cases]
    result = writer.fresh(what.rpartition(".")[2] or "match")
    return _emit_branches(
        writer, branches, node.otherwise, result, lambda v: emit_value(writer, v, scope, what)
    )


def _equals(name: str, key: str | int | float | bool | None) -> str:
    match key:
        case None | True | False:
            return f"{name} is {key}"
        case int() | float():
            # In Python True == 1; in JSON they differ.
            return f"{name} == {literal(key)} and not isinstance({name}, bool)"
        case _:
            return f"{name} == {literal(key)}"


def _emit_when(writer: Writer, node: ir.When, scope: Scope, what: str) -> str:
    test = emit_condition(writer, node.condition, scope)
    result = writer.fresh(what.rpartition(".")[2] or "when")
    return _emit_branches(
        writer, [(test, node.then)], node.otherwise, result, lambda v: emit_value(writer, v, scope, what)
    )


def _emit_merge(writer: Writer, node: ir.Merge, scope: Scope, what: str) -> str:
    merged = writer.fresh(what.rpartition(".")[2] or "merged")
    writer.line(f"{merged} = {{}}", node.span)
    for operand in node.operands:
        name = emit_value(writer, operand, scope, what)
        if isinstance(operand, ir.Record | ir.Merge):
            writer.line(f"{merged}.update({name})", operand.span)
            continue
        site = writer.site(operand.span, what, _path_text(operand))
        writer.line(f"if isinstance({name}, dict):", operand.span)
        writer.line(f"    {merged}.update({name})")
        writer.line(f"elif {name} is not MISSING and {name} is not None:")
        writer.line(f"    raise {writer.use('faults', 'Fault')}('M615', {site}, '', {name})")
    return merged


def _path_text(node: ir.Value) -> str | None:
    match node:
        case ir.Path(ir.Root.ITEM, _, text):
            return text
        case ir.Cast(value) | ir.Timestamp(value) | ir.Default(value) | ir.Required(value):
            return _path_text(value)
        case _:
            return None


def _emit_map(writer: Writer, node: ir.MapItems, scope: Scope, what: str) -> str:
    source = emit_value(writer, node.source, scope, what)
    result, element = writer.fresh(what.rpartition(".")[2] or "mapped"), writer.fresh("element")
    site = writer.site(node.span, what, _path_text(node.source))
    with writer.block(f"if isinstance({source}, list):", node.span):
        writer.line(f"{result} = []")
        with writer.block(f"for {element} in {source}:"):
            inner = Scope(element, scope.body, scope.request)
            value = emit_value(writer, node.element, inner, what)
            if may_miss(node.element):
                writer.line(f"if {value} is not MISSING:")
                writer.line(f"    {result}.append({value})")
            else:
                writer.line(f"{result}.append({value})")
    writer.line(f"elif {NOTHING.format(source)}:")
    writer.line(f"    {result} = {source}")
    writer.line("else:")
    writer.line(f"    raise {writer.use('faults', 'Fault')}('M616', {site}, '', {source})")
    return result


def _emit_object_change(writer: Writer, node: ir.Pick | ir.Omit | ir.Rename, scope: Scope, what: str) -> str:
    value = emit_value(writer, node.value, scope, what)
    result = writer.fresh(what.rpartition(".")[2] or "object")
    site = writer.site(node.span, what, _path_text(node.value))
    fault = writer.use("faults", "Fault")
    match node:
        case ir.Pick(_, keys):
            change = f"{writer.use('values', 'pick')}({value}, {literal(keys)})"
        case ir.Omit(_, keys):
            change = f"{writer.use('values', 'omit')}({value}, {literal(keys)})"
        case ir.Rename(_, names):
            change = f"{writer.use('values', 'rename')}({value}, {literal(names)})"
    with writer.block(f"if {NOTHING.format(value)}:"):
        writer.line(f"{result} = {value}")
    with writer.block("else:"):
        writer.line(f"{result} = {change}", node.span)
        writer.line(f"if {result} is {writer.use('nothing', 'INVALID')}:")
        writer.line(f"    raise {fault}('M615', {site}, '', {value})")
        if isinstance(node, ir.Rename):
            writer.line(f"if {result} is {writer.use('values', 'COLLISION')}:")
            writer.line(f"    raise {fault}('M617', {site}, '', {value})")
    return result


def _emit_hash(writer: Writer, node: ir.Hash, scope: Scope, what: str) -> str:
    names = [emit_value(writer, operand, scope, what) for operand in node.operands]
    result = writer.fresh("hash")
    writer.line(f"{result} = {writer.use('canonical', 'stable_hash')}([{', '.join(names)}])", node.span)
    # Values that JSON cannot hold (a NaN the host passed in) have no canonical JSON.
    writer.line(f"if {result} is {writer.use('nothing', 'INVALID')}:")
    writer.line(f"    raise {writer.use('faults', 'Fault')}('M613', {writer.site(node.span, what)}, 'hash')")
    return result


def _emit_request(writer: Writer, node: ir.FromRequest, scope: Scope) -> str:
    result = writer.fresh(node.name or node.part.value)
    match node.part:
        case ir.RequestPart.RECEIVED_AT:
            writer.line(f"{result} = {scope.request}.received_at", node.span)
            writer.line(f"if {result} is None:")
            writer.line(f"    {result} = MISSING")
        case ir.RequestPart.HEADER:
            writer.line(f"{result} = {scope.request}.headers.get({literal(node.name)}, MISSING)", node.span)
        case ir.RequestPart.QUERY:
            writer.line(f"{result} = {scope.request}.query.get({literal(node.name)}, MISSING)", node.span)
        case ir.RequestPart.SETTING:
            writer.line(f"{result} = {scope.request}.settings.get({literal(node.name)}, MISSING)", node.span)
    return result


def _emit_default(writer: Writer, node: ir.Default, scope: Scope, what: str) -> str:
    value = emit_value(writer, node.value, scope, what)
    test = is_nothing(node.value, value)
    if test is None:
        return value
    result = writer.fresh(what.rpartition(".")[2] or "value")
    writer.line(f"{result} = {value}", node.span)
    test = is_nothing(node.value, result)
    with writer.block(f"if {test}:"):
        writer.line(f"{result} = {emit_value(writer, node.default, scope, what)}")
    return result


def _emit_required(writer: Writer, node: ir.Required, scope: Scope, what: str) -> str:
    value = emit_value(writer, node.value, scope, what)
    test = is_nothing(node.value, value)
    if test is not None:
        site = writer.site(node.span, what, _path_text(node.value))
        writer.line(f"if {test}:", node.span)
        writer.line(f"    raise {writer.use('faults', 'Fault')}('M611', {site})")
    return value
