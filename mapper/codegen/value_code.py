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
from mapper.codegen.emitter import Emitter
from mapper.codegen.entry_code import emit_parts
from mapper.codegen.metering import emit_kept, emit_taken, inner_room, own_room
from mapper.codegen.object_code import emit_change, emit_copy, emit_pruned, emit_spread
from mapper.codegen.path_code import emit_path
from mapper.codegen.presence import absent_test, blank_test, may_be_left_out, presence_test
from mapper.codegen.template_code import (
    emit_compute,
    emit_condition,
    emit_operand,
    emit_printed,
    emit_template,
    printed_operand,
)
from mapper.codegen.writer import literal
from mapper.ir.facts import may_miss, nothings, types
from mapper.ir.work import element_units
from mapper.runtime.work import FEW

_SMALL = 10**15  # integers below have few digits


def emit_value(at: Emitter, node: ir.Value) -> str:
    """Write the statements that compute `node`; return a local or literal that holds its value or MISSING.

    The local is the node's own, whatever local is being filled.
    """
    return _emit(at.filling(None), node)


def emit_into(at: Emitter, node: ir.Value, target: str) -> None:
    """Write statements that leave the value of `node`, or MISSING, in the local `target`."""
    value = _emit(at.filling(target), node)
    if value != target:
        at.writer.line(f"{target} = {value}", node.span)


def emit_local(at: Emitter, node: ir.Value) -> str:
    """The local that holds the value of `node`, for callers that look at it more than once."""
    value = emit_value(at, node)
    if value.isidentifier() and not iskeyword(value):
        return value
    local = at.fresh("constant")
    at.writer.line(f"{local} = {value}", node.span)
    return local


def _emit(at: Emitter, node: ir.Value) -> str:
    """As `emit_value`, in the local that is being filled if the node needs one."""
    match node:
        case ir.Literal(value):
            return literal(value)
        case ir.Path():
            return emit_path(at, node)
        case ir.Template():
            return emit_template(at, node)
        case ir.Compute():
            return emit_compute(at, node)
        case ir.Record():
            return emit_record(at, node)
        case ir.Array():
            return _emit_array(at, node)
        case ir.Coalesce():
            return _emit_coalesce(at, node)
        case ir.Match():
            return _emit_match(at, node)
        case ir.When():
            test = emit_condition(at, node.condition)
            return _emit_branches(at, [(test, node.then)], node.otherwise, at.local("when"))
        case ir.Merge():
            return _emit_merge(at, node)
        case ir.MapItems():
            return _emit_map(at, node)
        case ir.Entries() | ir.ObjectFrom() | ir.Take():
            return _emit_parts(at, node)
        case ir.WithItem():
            return _emit_with_item(at, node)
        case ir.Pick() | ir.Omit() | ir.Rename() | ir.Flatten():
            return emit_change(at, node, emit_local(at, node.value))
        case ir.Prune():
            return emit_pruned(at, node, emit_value(at, node.value))
        case ir.Hash():
            return _emit_hash(at, node)
        case ir.FromRequest():
            return _emit_request(at, node)
        case ir.VarRead(_, var):
            return at.var_reader.read(at, var)
        case ir.Cast():
            return _emit_cast(at, node)
        case ir.Timestamp():
            return emit_timestamp(at, node, emit_local(at, node.value))
        case ir.Default():
            return _emit_default(at, node)
        case ir.Required():
            return _emit_required(at, node)
        case _ as never:
            assert_never(never)


def _emit_cast(at: Emitter, node: ir.Cast) -> str:
    operand = printed_operand(node.value) if node.kind in (ir.CastKind.INTEGER, ir.CastKind.NUMBER) else None
    if operand is None:
        return emit_cast(at, node, emit_local(at, node.value))
    # The text of a small integer reads back as the same integer.
    assert isinstance(node.value, ir.Template)
    number = emit_operand(at, node.value, operand)
    result = at.local("cast")
    with at.writer.block(f"if type({number}) is int and -{_SMALL} < {number} < {_SMALL}:", node.span):
        at.writer.line(f"{result} = {number}")
    with at.writer.block("else:"):
        emit_cast(at.filling(result), node, emit_printed(at, node.value, number))
    return result


def emit_record(at: Emitter, node: ir.Record) -> str:
    """An object: a dict display as far as all fields are sure, then one test for each that may be missing."""
    return emit_object(at, node, [(field, emit_field(at, field)) for field in node.fields])


def emit_object(at: Emitter, node: ir.Record, fields: list[tuple[ir.Field, str]]) -> str:
    """The object of fields whose values are held already."""
    record = at.local("event")
    unsure = next((i for i, (field, _) in enumerate(fields) if may_be_left_out(field)), len(fields))
    pairs = ", ".join(f"{literal(field.name)}: {value}" for field, value in fields[:unsure])
    at.writer.line(f"{record} = {{{pairs}}}", node.span)
    for field, value in fields[unsure:]:
        _emit_entry(at, field, value, record)
    return record


def emit_field(at: Emitter, field: ir.Field) -> str:
    """The value of a field; a required one that is absent is a fault."""
    inner = at.of_field(field.name)
    value = emit_value(inner, field.value)
    test = absent_test(value, field.value, nullable=field.nullable)
    if field.required and test:
        at.writer.line(f"if {test}:", field.span)
        at.writer.line(f"    {raise_absent(inner, field.value, field.span)}")
    return value


def _emit_entry(at: Emitter, field: ir.Field, value: str, record: str) -> None:
    """Set a key of the object in local `record`, unless the value is absent."""
    entry = f"{record}[{literal(field.name)}] = {value}"
    if not may_be_left_out(field):
        at.writer.line(entry, field.span)
        return
    at.writer.line(f"if {presence_test(field, value)}:", field.span)
    at.writer.line(f"    {entry}")


def _emit_array(at: Emitter, node: ir.Array) -> str:
    members = ", ".join([emit_value(at, value) for value in node.values])
    array = at.local("array")
    if any(may_miss(value) for value in node.values):
        at.writer.line(f"{array} = [v for v in [{members}] if v is not MISSING]", node.span)
    else:
        at.writer.line(f"{array} = [{members}]", node.span)
    return array


_LONG = 8  # options of one value; so many are not nested


def _emit_coalesce(at: Emitter, node: ir.Coalesce) -> str:
    writer, result = at.writer, at.local("first")
    is_long = len(node.options) > _LONG
    with ExitStack() as nested:
        for position, option in enumerate(node.options):
            if is_long:  # side by side: Python nests no more than 100 blocks
                nested.close()
                if position:
                    passed = f"{result} is MISSING or {result} is None"
                    if node.nonblank:
                        passed = blank_test(result, writer.use("blank", "has_no_content"))
                    nested.enter_context(writer.block(f"if {passed}:"))
            emit_into(at, option, result)
            found = nothings(option)
            may_pass_over = node.nonblank and found.blank
            if may_pass_over:
                test: str | None = blank_test(result, writer.use("blank", "has_no_content"))
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
    at: Emitter, branches: list[tuple[str, ir.Value]], otherwise: ir.Value | None, result: str
) -> str:
    """One branch a test, and an else; each leaves its value in `result`."""
    writer = at.writer
    for position, (test, value) in enumerate(branches):
        with writer.block(f"{'elif' if position else 'if'} {test}:", value.span):
            emit_into(at, value, result)
    with writer.block("else:") if branches else nullcontext():
        if otherwise is None:
            writer.line(f"{result} = MISSING")
        else:
            emit_into(at, otherwise, result)
    return result


def _emit_match(at: Emitter, node: ir.Match) -> str:
    subject = emit_local(own_room(at, node.subject), node.subject)
    branches = [(_equals_any(subject, case.keys), case.value) for case in node.cases]
    return _emit_branches(at, branches, node.otherwise, at.local("match"))


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


def _emit_merge(at: Emitter, node: ir.Merge) -> str:
    merged = at.local("merged")
    first, *others = node.operands
    if isinstance(first, ir.Record):
        emit_record(at.filling(merged), first)
    else:
        emit_copy(at, first, emit_local(at, first), merged)
    for operand in others:
        if isinstance(operand, ir.Record):
            for field in operand.fields:
                _emit_entry(at, field, emit_field(at, field), merged)
        else:
            emit_spread(at, operand, emit_local(at, operand), merged)
    return merged


def _emit_map(at: Emitter, node: ir.MapItems) -> str:
    source = emit_local(own_room(at, node.source), node.source)
    writer, result = at.writer, at.local("mapped")
    absent = absent_test(source, node.source)
    is_list = types(node.source) == {"array"}
    if is_list and not absent:
        _emit_elements(at, node, source, result)
        return result
    with writer.block(f"if isinstance({source}, list):", node.span):
        _emit_elements(at, node, source, result)
    if absent and not is_list:
        writer.line(f"elif {absent}:")
        writer.line(f"    {result} = {source}")
    writer.line("else:")
    if is_list:
        writer.line(f"    {result} = {source}")
    else:
        site = at.site(node.span, ir.path_text(node.source))
        writer.line(f"    {at.fault('M616', site, value=source)}")
    return result


def _emit_elements(at: Emitter, node: ir.MapItems, source: str, result: str) -> None:
    """Fill the list `result` with the value of `node.element` for each element of the list `source`."""
    writer, element = at.writer, at.writer.fresh("element")
    writer.line(f"{result} = []", node.span)
    writer.spend(f"len({source}) * {element_units(node)}", at.site(node.span))
    if writer.counts:
        writer.line(f"elif len({source}) > {FEW}:")
        writer.line(f"    raise {writer.use('work', 'Uncounted')}")
    with writer.block(f"for {element} in {source}:"):
        read = at.place(ir.read_place(node.source))
        origin = None if read is None else f"{read}[*]"
        value = emit_value(replace(inner_room(at, node), item=element, origin=origin), node.element)
        with writer.block(f"if {value} is not MISSING:") if may_miss(node.element) else nullcontext():
            writer.line(f"{result}.append({value})")
            emit_taken(at, node, value)


def _emit_parts(at: Emitter, node: ir.Entries | ir.ObjectFrom | ir.Take) -> str:
    # Each entry keeps the member that it is made of.
    inner = at if isinstance(node, ir.Entries) else own_room(at, node.value)
    result = emit_parts(at, node, emit_local(inner, node.value))
    if inner is not at:
        emit_kept(at, node, node.value, result)
    return result


def _emit_with_item(at: Emitter, node: ir.WithItem) -> str:
    source = emit_local(own_room(at, node.source), node.source)
    if may_miss(node.source):
        item = at.writer.fresh("start")
        at.writer.line(f"{item} = None if {source} is MISSING else {source}", node.span)
        source = item
    result = _emit(replace(at, item=source, origin=at.place(ir.read_place(node.source))), node.element)
    emit_kept(at, node, node.source, result)
    return result


def _emit_hash(at: Emitter, node: ir.Hash) -> str:
    inner, writer = own_room(at, *node.operands), at.writer
    values = ", ".join(emit_value(inner, operand) for operand in node.operands)
    result = at.local("hash")
    writer.line(f"{result} = {writer.use('json.canonical', 'stable_hash')}([{values}])", node.span)
    # Values that JSON cannot hold (a NaN the host passed in) have no canonical JSON.
    writer.line(f"if {result} is {writer.use('missing', 'INVALID')}:")
    unsure = f"{writer.use('digits', 'first_unsure')}([{values}])"
    writer.line(f"    {at.fault('M613', at.site(node.span), 'hash', unsure)}")
    return result


_SCOPES = {
    ir.RequestPart.HEADER: "headers",
    ir.RequestPart.QUERY: "query",
    ir.RequestPart.SETTING: "settings",
}


def _emit_request(at: Emitter, node: ir.FromRequest) -> str:
    writer, result = at.writer, at.into or at.writer.fresh(node.name or node.part.value)
    if node.part is ir.RequestPart.RECEIVED_AT:
        writer.line(f"{result} = {at.request}.received_at", node.span)
        writer.line(f"if {result} is None:")
        writer.line(f"    {result} = MISSING")
    else:
        scopes = f"{at.request}.{_SCOPES[node.part]}"
        writer.line(f"{result} = {scopes}.get({literal(node.name)}, MISSING)", node.span)
    return result


def _emit_default(at: Emitter, node: ir.Default) -> str:
    if nothings(node.value).is_sure:
        return _emit(at, node.value)
    result = at.local("value")
    emit_into(at, node.value, result)
    with at.writer.block(f"if {absent_test(result, node.value)}:"):
        emit_into(at, node.default, result)
    return result


def _emit_required(at: Emitter, node: ir.Required) -> str:
    value = _emit(at, node.value)
    test = absent_test(value, node.value)
    if test is not None:
        at.writer.line(f"if {test}:", node.span)
        at.writer.line(f"    {raise_absent(at, node.value, node.span)}")
    return value
