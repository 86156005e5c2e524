"""Codegen of values: each ir node becomes the statements that a good engineer would write for it.

Tests are left out only if a proof without any schema makes them idle: of a literal, of a template's text,
after a cast, a `default` or `on_missing` (`mapper.ir.facts`). Nothing is left out because of the source
schema, since payloads do not always fit it; and every event is validated.
"""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import replace
from keyword import iskeyword
from typing import assert_never

from mapper import ir
from mapper.codegen.absence import raise_absent
from mapper.codegen.cast_code import emit_cast, emit_timestamp
from mapper.codegen.entry_code import emit_parts
from mapper.codegen.metering import emit_kept, emit_taken, inner_room, own_room
from mapper.codegen.object_code import emit_change, emit_copy, emit_pruned, emit_spread
from mapper.codegen.path_code import emit_path
from mapper.codegen.presence import (
    absent_test,
    blank_test,
    may_be_left_out,
    presence_test,
)
from mapper.codegen.template_code import (
    emit_compute,
    emit_condition,
    emit_operand,
    emit_printed,
    emit_template,
    printed_operand,
)
from mapper.codegen.writer import Scope, Writer, literal
from mapper.ir.facts import may_miss, nothings, types
from mapper.ir.work import element_units

_SMALL = 10**15  # integers below have few digits


def emit_value(writer: Writer, node: ir.Value, scope: Scope, into: str | None = None) -> str:
    """Write the statements that compute `node`; return a local or literal that holds its value or MISSING.

    `into` is a local that the caller wants filled; a node that needs no local of its own ignores it, see
    `emit_into`.
    """
    match node:
        case ir.Literal(value):
            return literal(value)
        case ir.Path():
            return emit_path(writer, node, scope)
        case ir.Template():
            return emit_template(writer, node, scope)
        case ir.Compute():
            return emit_compute(writer, node, scope)
        case ir.Record():
            return emit_record(writer, node, scope, into)
        case ir.Array():
            return _emit_array(writer, node, scope, into)
        case ir.Coalesce():
            return _emit_coalesce(writer, node, scope, into)
        case ir.Match():
            return _emit_match(writer, node, scope, into)
        case ir.When():
            return _emit_when(writer, node, scope, into)
        case ir.Merge():
            return _emit_merge(writer, node, scope, into)
        case ir.MapItems():
            return _emit_map(writer, node, scope, into)
        case ir.Entries() | ir.ObjectFrom() | ir.Take():
            return _emit_parts(writer, node, scope, into)
        case ir.WithItem():
            return _emit_with_item(writer, node, scope, into)
        case ir.Pick() | ir.Omit() | ir.Rename() | ir.Flatten():
            return _emit_object_change(writer, node, scope, into)
        case ir.Prune():
            value = emit_value(writer, node.value, scope)
            return emit_pruned(writer, node, value, into or writer.fresh(scope.hint("pruned")))
        case ir.Hash():
            return _emit_hash(writer, node, scope, into)
        case ir.FromRequest():
            return _emit_request(writer, node, scope, into)
        case ir.VarRead(_, var):
            return writer.var_reader.read(writer, var, scope)
        case ir.Cast():
            return _emit_cast(writer, node, scope, into)
        case ir.Timestamp():
            value = emit_local(writer, node.value, scope)
            return emit_timestamp(writer, node, value, scope, into)
        case ir.Default():
            return _emit_default(writer, node, scope, into)
        case ir.Required():
            return _emit_required(writer, node, scope, into)
        case _ as never:
            assert_never(never)


def _emit_cast(writer: Writer, node: ir.Cast, scope: Scope, into: str | None) -> str:
    operand = printed_operand(node.value) if node.kind in (ir.CastKind.INTEGER, ir.CastKind.NUMBER) else None
    if operand is None:
        return emit_cast(writer, node, emit_local(writer, node.value, scope), scope, into)
    # The text of a small integer reads back as the same integer.
    assert isinstance(node.value, ir.Template)
    number = emit_operand(writer, node.value, operand, scope)
    result = into or writer.fresh(scope.hint("cast"))
    with writer.block(f"if type({number}) is int and -{_SMALL} < {number} < {_SMALL}:", node.span):
        writer.line(f"{result} = {number}")
    with writer.block("else:"):
        text = emit_printed(writer, node.value, operand, number, scope)
        emit_cast(writer, node, text, scope, result)
    return result


def emit_into(writer: Writer, node: ir.Value, scope: Scope, target: str) -> None:
    """Write statements that leave the value of `node`, or MISSING, in the local `target`."""
    value = emit_value(writer, node, scope, target)
    if value != target:
        writer.line(f"{target} = {value}", node.span)


def emit_local(writer: Writer, node: ir.Value, scope: Scope) -> str:
    """The local that holds the value of `node`, for callers that look at it more than once."""
    value = emit_value(writer, node, scope)
    if value.isidentifier() and not iskeyword(value):
        return value
    local = writer.fresh(scope.hint("constant"))
    writer.line(f"{local} = {value}", node.span)
    return local


def emit_record(writer: Writer, node: ir.Record, scope: Scope, into: str | None = None) -> str:
    """An object: a dict display as far as all fields are sure, then one test for each that may be missing."""
    fields = [(field, emit_field(writer, field, scope)) for field in node.fields]
    return emit_object(writer, node, fields, into or writer.fresh(scope.hint("event")))


def emit_object(writer: Writer, node: ir.Record, fields: list[tuple[ir.Field, str]], record: str) -> str:
    """The object of fields whose values are held already, in the local `record`."""
    unsure = next((i for i, (field, _) in enumerate(fields) if may_be_left_out(field)), len(fields))
    pairs = ", ".join(f"{literal(field.name)}: {value}" for field, value in fields[:unsure])
    writer.line(f"{record} = {{{pairs}}}", node.span)
    for field, value in fields[unsure:]:
        emit_entry(writer, field, value, record)
    return record


def emit_field(writer: Writer, field: ir.Field, scope: Scope) -> str:
    """The value of a field; a required one that is absent is a fault."""
    place = f"{scope.field}.{field.name}" if scope.field else field.name
    value = emit_value(writer, field.value, replace(scope, field=place))
    test = absent_test(value, field.value, nullable=field.nullable)
    if field.required and test:
        writer.line(f"if {test}:", field.span)
        inner = replace(scope, field=place)
        writer.line(f"    {raise_absent(writer, field.value, field.span, inner)}")
    return value


def emit_entry(writer: Writer, field: ir.Field, value: str, record: str) -> None:
    """Set a key of the object in local `record`, unless the value is absent."""
    entry = f"{record}[{literal(field.name)}] = {value}"
    if not may_be_left_out(field):
        writer.line(entry, field.span)
        return
    writer.line(f"if {presence_test(field, value)}:", field.span)
    writer.line(f"    {entry}")


def _emit_array(writer: Writer, node: ir.Array, scope: Scope, into: str | None) -> str:
    values = [emit_value(writer, value, scope) for value in node.values]
    array = into or writer.fresh(scope.hint("array"))
    members = ", ".join(values)
    if any(may_miss(value) for value in node.values):
        writer.line(f"{array} = [v for v in [{members}] if v is not MISSING]", node.span)
    else:
        writer.line(f"{array} = [{members}]", node.span)
    return array


_LONG = 8  # options of one value; so many are not nested


def _emit_coalesce(writer: Writer, node: ir.Coalesce, scope: Scope, into: str | None) -> str:
    result = into or writer.fresh(scope.hint("first"))
    is_long = len(node.options) > _LONG
    with ExitStack() as nested:
        for position, option in enumerate(node.options):
            if is_long:  # side by side: Python nests no more than 100 blocks
                nested.close()
                if position:
                    passed = f"{result} is MISSING or {result} is None"
                    if node.nonblank:
                        passed = blank_test(result, writer.use("missing", "has_no_content"), writer.counts)
                    nested.enter_context(writer.block(f"if {passed}:"))
            emit_into(writer, option, scope, result)
            found = nothings(option)
            may_pass_over = node.nonblank and found.blank
            if may_pass_over:
                test: str | None = blank_test(result, writer.use("missing", "has_no_content"), writer.counts)
            else:
                test = absent_test(result, option)
            if test is None:
                break
            if position + 1 < len(node.options) and not is_long:
                nested.enter_context(writer.block(f"if {test}:"))
            elif position + 1 == len(node.options) and (may_pass_over or found.null):
                writer.line(f"if {test if may_pass_over else f'{result} is None'}:")
                writer.line(f"    {result} = MISSING")
    return result


def _emit_branches(
    writer: Writer,
    branches: list[tuple[str, ir.Value]],
    otherwise: ir.Value | None,
    scope: Scope,
    result: str,
) -> str:
    """One branch a test, and an else; each leaves its value in `result`."""
    for position, (test, value) in enumerate(branches):
        with writer.block(f"{'elif' if position else 'if'} {test}:", value.span):
            emit_into(writer, value, scope, result)
    with writer.block("else:") if branches else nullcontext():
        if otherwise is None:
            writer.line(f"{result} = MISSING")
        else:
            emit_into(writer, otherwise, scope, result)
    return result


def _emit_match(writer: Writer, node: ir.Match, scope: Scope, into: str | None) -> str:
    subject = emit_local(writer, node.subject, own_room(writer, scope, node.subject))
    branches = [(_equals_any(subject, case.keys), case.value) for case in node.cases]
    result = into or writer.fresh(scope.hint("match"))
    return _emit_branches(writer, branches, node.otherwise, scope, result)


def _equals_any(name: str, keys: tuple[ir.CaseKey, ...]) -> str:
    values = [key.value for key in keys]
    if len(values) > 1 and all(isinstance(value, str) for value in values):
        return f"{name} in {literal(values)}"
    return " or ".join(_equals(name, value) for value in values)


def _equals(name: str, key: str | int | float | bool | None) -> str:
    match key:
        case None | True | False:
            return f"{name} is {key}"
        case 0 | 1:
            # In Python True == 1; in JSON they differ.
            return f"{name} == {literal(key)} and {name} is not {bool(key)}"
        case _:
            return f"{name} == {literal(key)}"


def _emit_when(writer: Writer, node: ir.When, scope: Scope, into: str | None) -> str:
    test = emit_condition(writer, node.condition, scope)
    result = into or writer.fresh(scope.hint("when"))
    return _emit_branches(writer, [(test, node.then)], node.otherwise, scope, result)


def _emit_merge(writer: Writer, node: ir.Merge, scope: Scope, into: str | None) -> str:
    merged = into or writer.fresh(scope.hint("merged"))
    first, *others = node.operands
    if isinstance(first, ir.Record):
        emit_record(writer, first, scope, merged)
    else:
        emit_copy(writer, first, emit_local(writer, first, scope), scope, merged)
    for operand in others:
        _emit_operand(writer, operand, scope, merged)
    return merged


def _emit_operand(writer: Writer, operand: ir.Value, scope: Scope, merged: str) -> None:
    if isinstance(operand, ir.Record):
        _emit_entries(writer, operand, scope, merged)
    else:
        emit_spread(writer, operand, emit_local(writer, operand, scope), scope, merged)


def _emit_entries(writer: Writer, record: ir.Record, scope: Scope, merged: str) -> None:
    for field in record.fields:
        emit_entry(writer, field, emit_field(writer, field, scope), merged)


def _emit_map(writer: Writer, node: ir.MapItems, scope: Scope, into: str | None) -> str:
    source = emit_local(writer, node.source, own_room(writer, scope, node.source))
    result = into or writer.fresh(scope.hint("mapped"))
    absent = absent_test(source, node.source)
    is_list = types(node.source) == {"array"}
    if is_list and not absent:
        _emit_elements(writer, node, source, scope, result)
        return result
    with writer.block(f"if isinstance({source}, list):", node.span):
        _emit_elements(writer, node, source, scope, result)
    if absent and not is_list:
        writer.line(f"elif {absent}:")
        writer.line(f"    {result} = {source}")
    writer.line("else:")
    if is_list:
        writer.line(f"    {result} = {source}")
    else:
        site = writer.site(node.span, scope.field, scope.place(ir.path_text(node.source)))
        writer.line(f"    raise {writer.use('faults', 'Fault')}('M616', {site}, '', {source})")
    return result


def _emit_elements(writer: Writer, node: ir.MapItems, source: str, scope: Scope, result: str) -> None:
    """Fill the list `result` with the value of `node.element` for each element of the list `source`."""
    element = writer.fresh("element")
    writer.line(f"{result} = []", node.span)
    writer.spend(f"len({source}) * {element_units(node)}", writer.site(node.span, scope.field))
    with writer.block(f"for {element} in {source}:"):
        read = scope.place(ir.read_place(node.source))
        origin = None if read is None else f"{read}[*]"
        inner = replace(inner_room(writer, node, scope), item=element, origin=origin)
        value = emit_value(writer, node.element, inner)
        with writer.block(f"if {value} is not MISSING:") if may_miss(node.element) else nullcontext():
            writer.line(f"{result}.append({value})")
            emit_taken(writer, node, value, scope)


def _emit_parts(
    writer: Writer, node: ir.Entries | ir.ObjectFrom | ir.Take, scope: Scope, into: str | None
) -> str:
    site = writer.site(node.span, scope.field, scope.place(ir.path_text(node.value)))
    # Each entry keeps the member that it is made of.
    inner = scope if isinstance(node, ir.Entries) else own_room(writer, scope, node.value)
    source = emit_local(writer, node.value, inner)
    result = emit_parts(writer, node, source, site, into or writer.fresh(scope.hint("parts")))
    if inner is not scope:
        emit_kept(writer, node, node.value, result, scope)
    return result


def _emit_with_item(writer: Writer, node: ir.WithItem, scope: Scope, into: str | None) -> str:
    source = emit_local(writer, node.source, own_room(writer, scope, node.source))
    if may_miss(node.source):
        item = writer.fresh("start")
        writer.line(f"{item} = None if {source} is MISSING else {source}", node.span)
        source = item
    origin = scope.place(ir.read_place(node.source))
    result = emit_value(writer, node.element, replace(scope, item=source, origin=origin), into)
    emit_kept(writer, node, node.source, result, scope)
    return result


def _emit_object_change(
    writer: Writer, node: ir.Pick | ir.Omit | ir.Rename | ir.Flatten, scope: Scope, into: str | None
) -> str:
    value = emit_local(writer, node.value, scope)
    result = into or writer.fresh(scope.hint("object"))
    emit_change(writer, node, value, scope, result)
    return result


def _emit_hash(writer: Writer, node: ir.Hash, scope: Scope, into: str | None) -> str:
    inner = own_room(writer, scope, *node.operands)
    values = ", ".join(emit_value(writer, operand, inner) for operand in node.operands)
    result = into or writer.fresh(scope.hint("hash"))
    writer.line(f"{result} = {writer.use('json.canonical', 'stable_hash')}([{values}])", node.span)
    # Values that JSON cannot hold (a NaN the host passed in) have no canonical JSON.
    writer.line(f"if {result} is {writer.use('missing', 'INVALID')}:")
    site, unsure = writer.site(node.span, scope.field), f"{writer.use('digits', 'first_unsure')}([{values}])"
    writer.line(f"    raise {writer.use('faults', 'Fault')}('M613', {site}, 'hash', {unsure})")
    return result


_SCOPES = {
    ir.RequestPart.HEADER: "headers",
    ir.RequestPart.QUERY: "query",
    ir.RequestPart.SETTING: "settings",
}


def _emit_request(writer: Writer, node: ir.FromRequest, scope: Scope, into: str | None) -> str:
    result = into or writer.fresh(node.name or node.part.value)
    if node.part is ir.RequestPart.RECEIVED_AT:
        writer.line(f"{result} = {scope.request}.received_at", node.span)
        writer.line(f"if {result} is None:")
        writer.line(f"    {result} = MISSING")
    else:
        scopes = f"{scope.request}.{_SCOPES[node.part]}"
        writer.line(f"{result} = {scopes}.get({literal(node.name)}, MISSING)", node.span)
    return result


def _emit_default(writer: Writer, node: ir.Default, scope: Scope, into: str | None) -> str:
    if nothings(node.value).is_sure:
        return emit_value(writer, node.value, scope, into)
    result = into or writer.fresh(scope.hint("value"))
    emit_into(writer, node.value, scope, result)
    with writer.block(f"if {absent_test(result, node.value)}:"):
        emit_into(writer, node.default, scope, result)
    return result


def _emit_required(writer: Writer, node: ir.Required, scope: Scope, into: str | None) -> str:
    value = emit_value(writer, node.value, scope, into)
    test = absent_test(value, node.value)
    if test is not None:
        writer.line(f"if {test}:", node.span)
        writer.line(f"    {raise_absent(writer, node.value, node.span, scope)}")
    return value
