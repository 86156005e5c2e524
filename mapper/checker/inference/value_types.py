"""Values: an IR node and a scope in, the type of its value out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import assert_never

from mapper import ir
from mapper.checker.inference import predicates as p
from mapper.checker.inference.cast_types import Casting, cast_type, kept_type, time_type
from mapper.checker.inference.condition_types import divide_condition
from mapper.checker.inference.findings import Inference, PossibleRejection
from mapper.checker.inference.object_types import changed_object, entries_of, merged_objects, object_of
from mapper.checker.inference.operand_types import operand_type
from mapper.checker.inference.path_types import first_match, infer_path
from mapper.checker.inference.printing import unsure_numbers
from mapper.checker.inference.shape_types import pruned
from mapper.checker.inference.template_types import infer_template
from mapper.checker.inference.type_scope import ITEM, TypeScope, narrowed_value, place_of_path
from mapper.checker.types import (
    ANYTHING,
    MISSING_ONLY,
    NEVER,
    NULL_ONLY,
    Objects,
    Type,
    join,
    join_all,
    literal_type,
    meet,
    only,
    without_missing,
    without_nothing,
)
from mapper.checker.types.from_schema import remove_literals
from mapper.checker.types.lattice import of_element, of_member
from mapper.checker.types.named import DIGEST, EMPTY_OBJECT, OBJECT, array_of
from mapper.runtime.digits import LOST_DIGITS


def infer_value(node: ir.Value, scope: TypeScope, notes: Inference) -> Type:
    """The type of a node's value, missing included; possible rejections are noted."""
    notes.note_reached(node, scope.is_reachable)
    if not scope.is_reachable:
        return NEVER
    notes.note_scope(node, scope)
    return notes.note_type(node, _infer(node, scope, notes))


def _infer_liquid(node: ir.Template | ir.Compute, scope: TypeScope, notes: Inference) -> Type:
    if isinstance(node, ir.Compute) and node.value is not None:
        return operand_type(node.value, replace(scope, computes=True), notes)
    if isinstance(node, ir.Compute) or node.body is None:
        notes.note_unfollowed(node, node.span, scope)
    return ANYTHING.with_missing() if isinstance(node, ir.Compute) else infer_template(node, scope, notes)


def _infer(node: ir.Value, scope: TypeScope, notes: Inference) -> Type:
    match node:
        case ir.Literal(value):
            return literal_type(value)
        case ir.Path():
            return infer_path(node, scope)
        case ir.Template() | ir.Compute():
            return _infer_liquid(node, scope, notes)
        case ir.Record():
            return infer_record(node, scope, notes)
        case ir.Array(values):
            found = [infer_value(value, scope, notes) for value in values]
            sure = sum(1 for each in found if not each.missing)
            return array_of(without_missing(join_all(found)), sure, len(found))
        case ir.Coalesce():
            return _coalesce(node, scope, notes)
        case ir.Match():
            return _match(node, scope, notes)
        case ir.When(condition, then, otherwise):
            inside, outside = divide_condition(condition, scope, notes)
            return join(infer_value(then, inside, notes), _other(otherwise, outside, notes))
        case ir.Merge():
            return _merge(node, scope, notes)
        case ir.MapItems():
            return _map(node, scope, notes)
        case ir.Entries():
            return _entries(node, scope, notes)
        case ir.ObjectFrom():
            return _object_from(node, scope, notes)
        case ir.WithItem():
            return _with_item(node, scope, notes)
        case ir.Take():
            return _take(node, scope, notes)
        case ir.Pick() | ir.Omit() | ir.Rename() | ir.Flatten():
            return _change(node, scope, notes)
        case ir.Prune(value, kinds):
            return pruned(infer_value(value, scope, notes), frozenset(kinds))
        case ir.Hash(operands):
            found = [infer_value(operand, scope, notes) for operand in operands]
            _note_hashed(node, found, notes)
            return DIGEST.with_missing(all(each.may_be_nothing for each in found))
        case ir.FromRequest(part, name):
            given = scope.roots[part.value]
            return given if part is ir.RequestPart.RECEIVED_AT else of_member(given, name)
        case ir.VarRead(_, var):
            return scope.read_var(var)
        case ir.Cast() | ir.Timestamp():
            return _cast(node, scope, notes)
        case ir.Default(value, default):
            inner = infer_value(value, scope, notes)
            reached = scope if inner.may_be_nothing else scope.unreachable()
            return join(without_nothing(inner), infer_value(default, reached, notes))
        case ir.Required(value):
            return without_nothing(infer_value(value, scope, notes))
        case _ as never:
            assert_never(never)


def infer_record(node: ir.Record, scope: TypeScope, notes: Inference) -> Type:
    """The closed object of a record; a field is left out if it is missing, or null but not nullable."""
    members = {}
    for entry in node.fields:
        found = infer_value(entry.value, scope, notes)
        if found.null and not entry.nullable:
            found = replace(found, null=False, missing=True)
        members[entry.name] = found
    if any(member.is_never for member in members.values()):
        return NEVER  # one field rejects every item
    members = {
        e.name: without_missing(members[e.name]) if e.required else members[e.name] for e in node.fields
    }
    return Type(objects=(Objects(members, MISSING_ONLY),))


def _other(node: ir.Value | None, scope: TypeScope, notes: Inference) -> Type:
    if node is None:
        return MISSING_ONLY if scope.is_reachable else NEVER
    return infer_value(node, scope, notes)


def _coalesce(node: ir.Coalesce, scope: TypeScope, notes: Inference) -> Type:
    taken = NEVER
    for option in node.options:
        found = infer_value(option, scope, notes)
        taken = join(taken, p.content(found) if node.nonblank else without_nothing(found))
        passed = p.without_content(found) if node.nonblank else p.nil(found)
        if not scope.is_reachable or passed.is_never:
            scope = scope.unreachable()
            continue
        scope = narrowed_value(option, scope, p.without_content if node.nonblank else p.nil)
    return join(taken, MISSING_ONLY) if scope.is_reachable else taken


def _match(node: ir.Match, scope: TypeScope, notes: Inference) -> Type:
    subject = infer_value(node.subject, scope, notes)
    result = NEVER
    for case in node.cases:
        keys = [key.value for key in case.keys]
        for each in case.keys:
            notes.note_reached(each, not meet(subject, literal_type(each.value)).is_never)
        key = join_all(map(literal_type, keys))
        if meet(subject, key).is_never:
            inside = scope.unreachable()
        else:
            inside = narrowed_value(node.subject, scope, partial(meet, key))
        result = join(result, infer_value(case.value, inside, notes))
        subject = remove_literals(subject, keys)
        scope = narrowed_value(node.subject, scope, partial(remove_literals, values=keys))
        if subject.is_never:
            scope = scope.unreachable()
    return join(result, _other(node.otherwise, scope, notes))


def _merge(node: ir.Merge, scope: TypeScope, notes: Inference) -> Type:
    merged = EMPTY_OBJECT
    for operand in node.operands:
        found = infer_value(operand, scope, notes)
        _note_others("M615", operand, operand, found, notes)
        merged = merged_objects(merged, found)
    return merged


def _map(node: ir.MapItems, scope: TypeScope, notes: Inference) -> Type:
    source = infer_value(node.source, scope, notes)
    _note_others("M616", node, node.source, source, notes)
    element = of_element(source)
    reached = scope.within(element)
    found = infer_value(node.element, reached if not element.is_never else reached.unreachable(), notes)
    shortest = source.arrays.shortest if source.arrays is not None and not found.missing else 0
    longest = None if source.arrays is None else source.arrays.longest
    mapped = array_of(without_missing(found), shortest, longest) if source.arrays is not None else NEVER
    return join(mapped, only(source, "missing", "null"))


def _entries(node: ir.Entries, scope: TypeScope, notes: Inference) -> Type:
    source = infer_value(node.value, scope, notes)
    if not node.takes_lists:
        _note_others("M615", node, node.value, source, notes)
        return join(entries_of(source), only(source, "missing", "null"))
    _note_others("M616", node, node.value, source, notes, also="object")
    return join(entries_of(source), only(source, "missing", "null", "array"))


def _object_from(node: ir.ObjectFrom, scope: TypeScope, notes: Inference) -> Type:
    entries = infer_value(node.value, scope, notes)
    if entries.arrays is None:
        return only(entries, "missing", "null")
    may_repeat = entries.arrays.longest not in (0, 1) and not _keeps_keys(node, notes)
    if node.on_duplicate is ir.OnDuplicate.REJECT and may_repeat:
        reason, several = "two entries may have the same key", join(array_of(ANYTHING, 2), OBJECT)
        rejection = PossibleRejection("M617", node.span, reason, node, several, declared=node.declared)
        notes.note_rejection(rejection)
    differ = node.on_duplicate is ir.OnDuplicate.REJECT or not may_repeat
    made = object_of(entries, lists=node.on_duplicate is ir.OnDuplicate.LIST, differ=differ)
    return join(made, only(entries, "missing", "null"))


def _keeps_keys(node: ir.ObjectFrom, notes: Inference) -> bool:
    """True if the keys are those of an object, which all differ."""
    match node.value:
        case ir.MapItems(ir.Entries(source), ir.Record((key, _))):
            given = notes.type_of(source)
            is_object = given is not None and given.arrays is None
            return is_object and isinstance(key.value, ir.Cast) and _is_entry_key(key.value.value)
        case _:
            return False


def _is_entry_key(node: ir.Value) -> bool:
    return isinstance(node, ir.Path) and place_of_path(node) == (ITEM, ("key",))


def _with_item(node: ir.WithItem, scope: TypeScope, notes: Inference) -> Type:
    given = infer_value(node.source, scope, notes)
    if given.missing:
        given = join(without_missing(given), NULL_ONLY)
    reached = scope.within(given)
    return infer_value(node.element, reached.unreachable() if given.is_never else reached, notes)


def _take(node: ir.Take, scope: TypeScope, notes: Inference) -> Type:
    source = infer_value(node.value, scope, notes)
    # `only` says that items with several matches are rejected.
    if node.which is ir.Taken.ONLY and (source.arrays is None or source.arrays.longest not in (0, 1)):
        reason = "this path can find several values"
        notes.note_rejection(PossibleRejection("M627", node.span, reason, node.value, source, declared=True))
    if node.which is ir.Taken.FIRST and isinstance(node.value, ir.Path):
        first = first_match(node.value, scope)
        if first is not None:
            return first
    is_sure = source.arrays is not None and source.arrays.shortest > 0
    return of_element(source).with_missing(not is_sure)


def _change(node: ir.Pick | ir.Omit | ir.Rename | ir.Flatten, scope: TypeScope, notes: Inference) -> Type:
    found = infer_value(node.value, scope, notes)
    _note_others("M615", node, node.value, found, notes, declared=node.declared)
    changed, bad = changed_object(node, found)
    if not bad.is_never:
        reason = "two keys may get the same name"
        notes.note_rejection(PossibleRejection("M617", node.span, reason, node, bad, declared=node.declared))
    return join(changed, only(found, "missing", "null"))


def _cast(node: ir.Cast | ir.Timestamp, scope: TypeScope, notes: Inference) -> Type:
    outer = notes.is_declared
    # `on_error: reject` also declares failures inside the value, because they end the same way.
    notes.is_declared = outer or (node.declared and node.on_error is ir.OnError.REJECT)
    given = infer_value(node.value, scope, notes)
    notes.is_declared = outer
    done = time_type(node, given) if isinstance(node, ir.Timestamp) else cast_type(node.kind, given)
    result = join(done.good, only(given, "missing", "null"))
    if not done.bad.is_never:
        match node.on_error:
            case ir.OnError.REJECT:
                code = "M614" if isinstance(node, ir.Timestamp) else "M613"
                _note_cast(code, node, done, result, notes)
            case ir.OnError.OMIT:
                result = join(result, MISSING_ONLY)
            case ir.OnError.NULL:
                result = join(result, NULL_ONLY)
            case ir.OnError.KEEP:
                result = join(result, kept_type(node, given, done))
    if isinstance(node, ir.Timestamp) and (node.low is not None or node.high is not None):
        result = result.with_missing(result.missing or not done.good.is_never)
    return result


def _note_cast(
    code: str, node: ir.Cast | ir.Timestamp, done: Casting, result: Type, notes: Inference
) -> None:
    is_certain = done.good.is_never and result.is_never
    wanted = "time in " + ", ".join(node.formats) if isinstance(node, ir.Timestamp) else node.kind.value
    reason = f"{'no' if is_certain else 'not every'} value here can be read as {wanted}"
    # All other numbers of these types can be cast.
    loses_digits = code == "M613" and not is_certain and done.bad == unsure_numbers(done.bad)
    if loses_digits:
        reason = LOST_DIGITS
    notes.note_rejection(
        PossibleRejection(code, node.span, reason, node, done.bad, is_certain, node.declared, loses_digits)
    )


def _note_hashed(node: ir.Hash, found: list[Type], notes: Inference) -> None:
    """Note numbers that may have lost digits: the hash of one would be that of another id, too."""
    bad = join_all(map(unsure_numbers, found))
    if not bad.is_never:
        notes.note_rejection(PossibleRejection("M613", node.span, LOST_DIGITS, node, bad, loses_digits=True))


def _note_others(
    code: str,
    node: ir.Value,
    operand: ir.Value,
    found: Type,
    notes: Inference,
    *,
    declared: bool = False,
    also: str = "",
) -> None:
    """Note values of an operand that are no array (M616) or no object (M615); null and type `also` pass."""
    kind, noun = ("array", "a list") if code == "M616" else ("object", "an object")
    noun = f"{noun} or an {also}" if also else noun
    bad = only(found, *(found.kinds - {"null", kind, also}))
    if bad.is_never:
        return
    is_certain = bad == found
    reason = f"this is never {noun}" if is_certain else f"this is not always {noun}"
    notes.note_rejection(PossibleRejection(code, node.span, reason, operand, bad, is_certain, declared))
