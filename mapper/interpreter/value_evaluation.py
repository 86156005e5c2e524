"""Interpreter of values: walks the same IR as codegen, slowly and plainly; the oracle of generated code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NoReturn, TypeAlias, assert_never

from mapper import ir
from mapper.interpreter.path_evaluation import NO_SITE, evaluate_path
from mapper.ir.work import element_units, round_units
from mapper.runtime import casts as values
from mapper.runtime.blank import has_no_content, is_blank_text
from mapper.runtime.faults import Fault, Skip
from mapper.runtime.json.canonical import stable_hash
from mapper.runtime.liquid import library
from mapper.runtime.liquid.lazy_vars import VarValues
from mapper.runtime.missing import INVALID, MISSING
from mapper.runtime.shapes import flatten, prune
from mapper.runtime.times import times
from mapper.runtime.times.formats import read_time
from mapper.runtime.times.writing import canonical, write
from mapper.runtime.work import spend, spend_on
from mapper.transform.request import Request

# Called with a node, its outcome and its context; see `EvaluationContext.observe`.
Observer: TypeAlias = Callable[[ir.Value | ir.Rule, object, "EvaluationContext"], None]


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """The item, its body and its request, from which a value is computed.

    Inside `map`, the item is the element; beside `of`, it is the value at which the path starts.

    `outer` is the item of the mapping if it is another one, `held` has the vars that were read.

    `observe` is called after a node is evaluated, and so after its operands: with the node, its outcome and
    the context. The outcome is a value or MISSING, or the Fault or Skip that ends the item; of a Rule it
    is True or False. Nodes that are not reached are not observed. So the last option of a Coalesce that is
    observed is the one that was taken, unless the Coalesce is MISSING. The places that a Path reads are
    `find_nodes(node, context.item, context.body)`. An observer must not change what it is given.
    """

    item: object
    body: object
    request: Request
    observe: Observer | None = None
    outer: object = MISSING
    held: dict[ir.Var, object] = field(default_factory=dict)

    def var(self, var: ir.Var) -> object:
        """The value of a var, which is computed of the item of the mapping when it is first read."""
        if var not in self.held:
            context = self if self.outer is MISSING else replace(self, item=self.outer, outer=MISSING)
            self.held[var] = evaluate(var.value, context)
        return self.held[var]

    def within(self, element: object) -> EvaluationContext:
        """The context inside `map`: there the element is the item."""
        return replace(self, item=element, outer=self.item if self.outer is MISSING else self.outer)

    def text(self, template: ir.Template) -> str:
        """The text of a template, by the library itself."""
        self._spend_on_names(template.body)
        return library.render(
            template.text,
            template.rules.pairs,
            template.partials,
            *self._given(template.vars),
            round_units(template),
        )

    def computed(self, node: ir.Compute) -> object:
        """The value of a Liquid expression, or MISSING, by the library itself."""
        self._spend_on_names(node.value)
        return library.compute(node.text, node.rules.pairs, *self._given(node.vars))

    def holds(self, condition: ir.Condition) -> bool:
        """Return True if a condition holds by the library itself."""
        self._spend_on_names(condition.test)
        return library.holds(condition.text, condition.rules.pairs, *self._given(condition.vars))

    def _spend_on_names(self, lowered: object) -> None:
        """Count the names that the library gets if generated code leaves a text to it."""
        if lowered is None:
            spend_on(self.item)

    def _given(self, read: tuple[ir.Var, ...]) -> tuple[object, object, Request, int, VarValues]:
        """All that the library gets besides its text: the scopes, the site, and the vars that are read."""
        known = {var.name: partial(self.var, var) for var in read}
        return self.item, self.body, self.request, NO_SITE, known


def fail(code: str, value: object = MISSING) -> NoReturn:
    """End the item, as generated code does; the interpreter has nodes instead of sites."""
    raise Fault(code, NO_SITE, "", value)


def is_absent(value: object) -> bool:
    """Return True for missing and null."""
    return value is MISSING or value is None


def evaluate(node: ir.Value, context: EvaluationContext) -> object:
    """The value of a node, or MISSING. Raises Fault or Skip. Reports the outcome to the observer."""
    if context.observe is None:
        return _evaluate(node, context)
    try:
        value = _evaluate(node, context)
    except (Fault, Skip) as end:
        context.observe(node, end, context)
        raise
    context.observe(node, value, context)
    return value


def _evaluate(node: ir.Value, context: EvaluationContext) -> object:
    match node:
        case ir.Literal(value):
            return value
        case ir.Path():
            return evaluate_path(node, context.item, context.body)
        case ir.Template():
            return context.text(node)
        case ir.Compute():
            return context.computed(node)
        case ir.Record():
            return _record(node, context)
        case ir.Array(members):
            return [v for v in (evaluate(m, context) for m in members) if v is not MISSING]
        case ir.Coalesce(options, nonblank):
            return _first(options, nonblank, context)
        case ir.Match(subject, cases, otherwise):
            return _match(evaluate(subject, context), cases, otherwise, context)
        case ir.When(condition, then, otherwise):
            if context.holds(condition):
                return evaluate(then, context)
            return MISSING if otherwise is None else evaluate(otherwise, context)
        case ir.Merge(operands):
            return _merge(operands, context)
        case ir.MapItems(source, element):
            return _map(evaluate(source, context), element, element_units(node), context)
        case ir.Entries(inner, takes_lists):
            return _entries(evaluate(inner, context), takes_lists)
        case ir.ObjectFrom(inner, on_duplicate):
            return _object_from(evaluate(inner, context), on_duplicate)
        case ir.WithItem(source, element):
            item = evaluate(source, context)
            return evaluate(element, context.within(None if item is MISSING else item))
        case ir.Take(inner, which):
            return _take(evaluate(inner, context), which)
        case ir.Pick() | ir.Omit() | ir.Rename() | ir.Flatten():
            return _change(node, evaluate(node.value, context))
        case ir.Prune(inner, kinds):
            value = evaluate(inner, context)
            prune(value, kinds)  # counts the work
            return _prune(value, kinds)
        case ir.Hash(operands):
            digest = stable_hash([evaluate(operand, context) for operand in operands])
            return fail("M613") if digest is INVALID else digest
        case ir.FromRequest(part, name):
            return _from_request(part, name, context.request)
        case ir.VarRead(_, var):
            return context.var(var)
        case ir.Cast():
            return _cast(node, evaluate(node.value, context))
        case ir.Timestamp():
            return _time(node, evaluate(node.value, context), context.request)
        case ir.Default(inner, default):
            value = evaluate(inner, context)
            return evaluate(default, context) if is_absent(value) else value
        case ir.Required(inner):
            value = evaluate(inner, context)
            return fail("M611") if is_absent(value) else value
        case _ as never:
            assert_never(never)


def _record(node: ir.Record, context: EvaluationContext) -> dict[str, object]:
    """An object; missing fields are left out, null ones too unless they may be null."""
    record: dict[str, object] = {}
    for entry in node.fields:
        value = evaluate(entry.value, context)
        if value is MISSING or (value is None and not entry.nullable):
            if entry.required:
                fail("M611")
            continue
        record[entry.name] = value
    return record


def _first(options: tuple[ir.Value, ...], nonblank: bool, context: EvaluationContext) -> object:
    for option in options:
        value = evaluate(option, context)
        if not (has_no_content(value) if nonblank else is_absent(value)):
            return value
    return MISSING


def _match(
    subject: object, cases: tuple[ir.Case, ...], otherwise: ir.Value | None, context: EvaluationContext
) -> object:
    for case in cases:
        if any(
            isinstance(k.value, bool) == isinstance(subject, bool) and subject == k.value for k in case.keys
        ):
            return evaluate(case.value, context)
    return MISSING if otherwise is None else evaluate(otherwise, context)


def _merge(operands: tuple[ir.Value, ...], context: EvaluationContext) -> dict[str, object]:
    merged: dict[str, object] = {}
    for operand in operands:
        value = evaluate(operand, context)
        if isinstance(value, dict):
            if not isinstance(operand, ir.Record):  # whose fields count when they are evaluated
                spend_on(value)
            merged |= value
        elif not is_absent(value):
            fail("M615", value)
    return merged


def _map(source: object, element: ir.Value, units: int, context: EvaluationContext) -> object:
    if is_absent(source):
        return source
    if not isinstance(source, list):
        fail("M616", source)
    spend(len(source) * units)
    mapped = (evaluate(element, context.within(member)) for member in source)
    return [value for value in mapped if value is not MISSING]


def _entries(value: object, takes_lists: bool) -> object:
    if is_absent(value) or (takes_lists and isinstance(value, list)):
        return value
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        fail("M616" if takes_lists else "M615", value)
    spend_on(value)
    return [{"key": key, "value": member} for key, member in value.items()]


def _object_from(entries: object, on_duplicate: ir.OnDuplicate) -> object:
    if not isinstance(entries, list):
        return entries
    spend_on(entries)
    pairs = [(entry["key"], entry["value"]) for entry in entries if {"key", "value"} <= set(entry)]
    keys = [key for key, _ in pairs]
    match on_duplicate:
        case ir.OnDuplicate.LIST:
            found: dict[str, list[object]] = {key: [] for key in keys}
            for key, value in pairs:
                found[key].append(value)
            return found
        case ir.OnDuplicate.REJECT if len(set(keys)) < len(keys):
            fail("M617")
        case ir.OnDuplicate.FIRST:
            first = dict(reversed(pairs))
            return {key: first[key] for key in keys}
    return dict(pairs)


def _take(found: object, which: ir.Taken) -> object:
    assert isinstance(found, list)
    if which is ir.Taken.ONLY and len(found) > 1:
        fail("M627")
    if not found:
        return MISSING
    return found[-1] if which is ir.Taken.LAST else found[0]


def _change(node: ir.Pick | ir.Omit | ir.Rename | ir.Flatten, value: object) -> object:
    if is_absent(value):
        return value
    changed: object
    match node:
        case ir.Pick(_, keys):
            changed = values.pick(value, keys)
        case ir.Omit(_, keys):
            changed = values.omit(value, keys)
        case ir.Rename(_, names):
            changed = values.rename(value, names)
        case ir.Flatten():
            flatten(value, node.separator, node.by_index, sys.maxsize, NO_SITE)  # counts the work
            changed = _flatten(node, value)
    if changed is INVALID:
        fail("M615", value)
    if changed is values.COLLISION:
        fail("M617", value)
    return changed


def _flatten(node: ir.Flatten, value: object) -> object:
    if not isinstance(value, dict):
        return INVALID
    pairs = _leaves(node, "", value)
    names = dict(pairs)
    return names if len(names) == len(pairs) else values.COLLISION


def _leaves(node: ir.Flatten, start: str, value: object) -> list[tuple[object, object]]:
    """The names, each behind `start`, and the values that `flatten` gives the members of a value."""
    members: list[tuple[object, object]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list) and node.by_index:
        members = [(str(index), element) for index, element in enumerate(value)]
    found: list[tuple[object, object]] = []
    for name, member in members:
        if isinstance(name, str):
            inner = _leaves(node, f"{start}{name}{node.separator}", member)
            found += inner or [(start + name, member)]
        else:
            found.append((name, member))
    return found


def _prune(value: object, kinds: tuple[str, ...]) -> object:
    if isinstance(value, dict):
        members = [(key, _prune(member, kinds)) for key, member in value.items()]
        value = {key: member for key, member in members if member is not MISSING}
    elif isinstance(value, list):
        elements = [_prune(element, kinds) for element in value]
        value = [element for element in elements if element is not MISSING]
    is_listed = (
        ("null" in kinds and value is None)
        or ("blank" in kinds and isinstance(value, str) and is_blank_text(value))
        or ("empty" in kinds and isinstance(value, dict | list) and not value)
    )
    return MISSING if is_listed else value


def _from_request(part: ir.RequestPart, name: str, request: Request) -> object:
    match part:
        case ir.RequestPart.HEADER:
            return request.headers.get(name, MISSING)
        case ir.RequestPart.QUERY:
            return request.query.get(name, MISSING)
        case ir.RequestPart.SETTING:
            return request.settings.get(name, MISSING)
        case ir.RequestPart.RECEIVED_AT:
            return MISSING if request.received_at is None else request.received_at


def _cast(node: ir.Cast, value: object) -> object:
    if is_absent(value):
        return value
    result = values.CONVERSIONS[node.kind.value](value)
    return _on_error(node.on_error, "M613", value) if result is INVALID else result


def _on_error(choice: ir.OnError, code: str, value: object) -> object:
    match choice:
        case ir.OnError.REJECT:
            fail(code, value)
        case ir.OnError.OMIT:
            return MISSING
        case ir.OnError.NULL:
            return None
        case ir.OnError.KEEP:
            return value


def _time(node: ir.Timestamp, value: object, request: Request) -> object:
    if is_absent(value):
        return value
    fine = read_time(value, node.formats, node.zone, node.time_of_day, fine=True)
    if not isinstance(fine, str):
        return _on_error(node.on_error, "M614", value)
    received_at = request.received_at if isinstance(request.received_at, str) else None
    if not times.within(canonical(fine), node.low, node.high, received_at):
        return MISSING
    written = canonical(fine) if node.form is None else write(fine, node.form)
    return _on_error(node.on_error, "M614", value) if written is INVALID else written
