"""Lowering: a Spec becomes an ir.Program; paths and templates are parsed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from mapper import ir
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import Span, SpannedText
from mapper.expressions.jsonpath import parse_path
from mapper.expressions.liquid import parse_condition, parse_expression, parse_template
from mapper.expressions.liquid.dialects import Dialect
from mapper.expressions.time_lowering import lower_time
from mapper.expressions.var_names import VarNames
from mapper.ir.facts import nothings
from mapper.ir.growth import repeats
from mapper.language import spec
from mapper.runtime.limits import active
from mapper.schemas.questions import (
    Subschema,
    allows_null,
    items_of,
    members_of,
    property_of,
    required_of,
)
from mapper.schemas.schema import Schema

MAX_VAR_DEPTH = 100  # vars, each of which reads the one above it


@dataclass(frozen=True, slots=True)
class Lowering:
    """The context of lowering, besides the spec."""

    target: Schema | None
    dialect: Dialect | None
    report: Report
    vars: VarNames

    @property
    def document(self) -> Subschema:
        """The document of the target schema; it permits anything if there is none."""
        return self.target.document if self.target else {}

    def template(self, text: SpannedText) -> ir.Template | None:
        """The ir of a template."""
        return parse_template(text, self.report, self.dialect, var_names=self.vars)

    def condition(self, text: SpannedText) -> ir.Condition | None:
        """The ir of a condition."""
        return parse_condition(text, self.report, self.dialect, var_names=self.vars)


def lower(
    mapping: spec.Spec, target: Schema | None, dialect: Dialect | None, report: Report
) -> ir.Program | None:
    """The program of a spec; None when its output could not be lowered at all. Errors are in `report`."""
    entries = mapping.vars or ()
    names = VarNames(tuple(entry.name for entry in entries), report, is_whole=mapping.vars is not None)
    tools = Lowering(target, dialect, report, names)
    vars_ = lower_vars(entries, tools)
    each = [_each_path(text, tools) for text in mapping.each]
    rules = [_rule(rule, tools) for rule in mapping.rules]
    output: ir.Record | ir.Template | None = None
    if mapping.event is not None:
        output = lower_event(mapping.event, tools)
    elif mapping.template is not None:
        output = tools.template(mapping.template)
    check_used(entries, tools)
    if output is None:
        return None
    return ir.Program(
        name=mapping.name.value,
        each=tuple(path for path in each if path is not None) or (_whole_body(mapping.span),),
        rules=tuple(rule for rule in rules if rule is not None),
        output=output,
        written=mapping.event.written if mapping.event is not None else frozenset(),
        span=mapping.span,
        policy=mapping.policy,
        vars=vars_,
    )


def lower_vars(entries: tuple[spec.VarEntry, ...], tools: Lowering) -> tuple[ir.Var, ...]:
    """The vars that could be lowered; each is known to those below it."""
    found = []
    for entry in entries:
        tools.vars.current = entry.name
        value = None if entry.value is None else lower_value(entry.value, None, tools)
        var = None if value is None else _var(entry, value, tools)
        tools.vars.defined[entry.name] = var
        if var is not None:
            found.append(var)
    tools.vars.current = ""
    return tuple(found)


def _var(entry: spec.VarEntry, value: ir.Value, tools: Lowering) -> ir.Var | None:
    """The var of an entry; None after reporting one that would be too deep or too large (M141)."""
    depth = 1 + max((var.depth for var in ir.vars_read(value)), default=0)
    var = ir.Var(entry.name, value, depth, entry.span)
    most = active().mapping_nodes
    if depth > MAX_VAR_DEPTH:
        label = f"the longest chain of vars it reads has {depth} of them"
    elif var.once(repeats) > most:
        label = f"written out, a value would be there more than {most} times"
    else:
        return var
    tools.report.error("M141", f"the var `{entry.name}` builds on too many others", entry.span, label)
    return None


def check_used(entries: tuple[spec.VarEntry, ...], tools: Lowering) -> None:
    """Report vars that nothing reads (M124); what has an error may have been meant to read one."""
    if tools.report.has_errors:
        return
    for entry in entries:
        if entry.name not in tools.vars.used:
            message = f"nothing reads the var `{entry.name}`"
            hint = f"read it as `{{var: {entry.name}}}` or `vars.{entry.name}`, or remove it"
            tools.report.warning("M124", message, entry.span, "it is never computed", hint)


def _whole_body(span: Span) -> ir.Path:
    return ir.Path(ir.Root.BODY, (), "$", span)


def _each_path(text: SpannedText, tools: Lowering) -> ir.Path | None:
    return parse_path(text, ir.Root.BODY, tools.report)


def _rule(rule: spec.RuleEntry, tools: Lowering) -> ir.Rule | None:
    condition = tools.condition(rule.condition)
    return None if condition is None else ir.Rule(condition, rule.reason, rule.rejects, rule.span)


def lower_event(event: spec.ObjectValue, tools: Lowering) -> ir.Record:
    """The event's fields, marked by the target schema as required and nullable."""
    return _record(event, tools.document, tools)


def _record(
    value: spec.ObjectValue, schema: Subschema | None, tools: Lowering, *, is_whole: bool = True
) -> ir.Record:
    """An object; unless it `is_whole`, other operands may have the members that the target requires."""
    document = tools.document
    required = required_of(document, schema) if schema is not None and is_whole else frozenset()
    fields = []
    for entry in value.entries:
        expected = None if schema is None else property_of(document, schema, entry.name)
        lowered = lower_value(entry.value, expected, tools)
        if lowered is None:
            continue
        nullable = expected is None or allows_null(document, expected)
        fields.append(ir.Field(entry.name, lowered, nullable, entry.name in required, entry.span))
    return ir.Record(tuple(fields), value.span)


def lower_value(value: spec.Value, schema: Subschema | None, tools: Lowering) -> ir.Value | None:
    """One value expression; `schema` is the target's for its place, None if the target has none."""
    match value:
        case spec.PathText(text, of_body):
            return parse_path(text, ir.Root.BODY if of_body else ir.Root.ITEM, tools.report)
        case spec.PathOf():
            return _path_of(value, tools)
        case spec.TakeValue():
            return _take(value, tools)
        case spec.LiquidText(text):
            return tools.template(text)
        case spec.ComputedValue(text):
            return parse_expression(text, tools.report, tools.dialect, var_names=tools.vars)
        case spec.LiteralValue(constant, span, declared):
            return ir.Literal(constant, span, declared)
        case spec.ObjectValue():
            return _record(value, schema, tools)
        case spec.ArrayValue(items, span):
            return ir.Array(_elements(items, schema, tools), span)
        case spec.FirstOf(options, nonblank, span):
            return ir.Coalesce(_values(options, schema, tools), nonblank, span)
        case spec.MatchValue():
            return _match(value, schema, tools)
        case spec.WhenValue():
            return _when(value, schema, tools)
        case spec.MergeValue(operands, span):
            return ir.Merge(_operands(operands, schema, tools), span)
        case spec.MapValue():
            return _map(value, schema, tools)
        case spec.EntriesValue(source, span):
            lowered = lower_value(source, None, tools)
            return None if lowered is None else ir.Entries(lowered, False, span)
        case spec.ObjectFromValue():
            return _object_from(value, schema, tools)
        case spec.HashValue(operands, span):
            return ir.Hash(_values(operands, None, tools), span)
        case spec.RequestValue(part, name, span):
            # Names of headers are case-insensitive (RFC 9110 §5.1); a Request has them in lower case.
            stored = name.lower() if part == "header" else name
            return ir.FromRequest(ir.RequestPart(part), stored, span)
        case spec.VarValue(name, span):
            var = tools.vars.find(name.value, name.part(0, len(name.value)))
            return None if var is None else ir.VarRead(var.name, var, span)
        case spec.Modified():
            return _modified(value, schema, tools)
        case _ as never:
            assert_never(never)


def _values(
    values: tuple[spec.Value, ...], schema: Subschema | None, tools: Lowering
) -> tuple[ir.Value, ...]:
    lowered = (lower_value(value, schema, tools) for value in values)
    return tuple(value for value in lowered if value is not None)


def _elements(
    values: tuple[spec.Value, ...], schema: Subschema | None, tools: Lowering
) -> tuple[ir.Value, ...]:
    expected = [
        None if schema is None else items_of(tools.document, schema, index) for index in range(len(values))
    ]
    lowered = (_element(*each, tools) for each in zip(values, expected, strict=True))
    return tuple(value for value in lowered if value is not None)


def _element(value: spec.Value, schema: Subschema | None, tools: Lowering) -> ir.Value | None:
    """An element of a list that is built: one that is null is left out unless the target allows it."""
    lowered = lower_value(value, schema, tools)
    if lowered is None or schema is None or allows_null(tools.document, schema):
        return lowered
    return ir.Coalesce((lowered,), False, lowered.span) if nothings(lowered).null else lowered


def _operands(
    values: tuple[spec.Value, ...], schema: Subschema | None, tools: Lowering
) -> tuple[ir.Value, ...]:
    lowered = (
        _record(value, schema, tools, is_whole=False)
        if isinstance(value, spec.ObjectValue)
        else lower_value(value, None, tools)
        for value in values
    )
    return tuple(value for value in lowered if value is not None)


def _path_of(value: spec.PathOf, tools: Lowering) -> ir.Value | None:
    source = lower_value(value.source, None, tools)
    path = lower_value(value.path, None, tools)
    if source is None or not isinstance(path, ir.Path):
        return None
    if path.segments:
        return ir.WithItem(source, path, value.span)
    headline, reason = "`of` beside the path `$`", "this is the value of `of` itself"
    tools.report.error("M113", headline, path.span, reason, "write that value without `path`")
    return source


def _finds_one(node: ir.Value) -> bool:
    """True for a path that finds at most one value."""
    match node:
        case ir.WithItem(_, element):
            return _finds_one(element)
        case _:
            return isinstance(node, ir.Path) and node.is_singular


def _take(value: spec.TakeValue, tools: Lowering) -> ir.Value | None:
    path = lower_value(value.path, None, tools)
    if path is None or not _finds_one(path):
        return None if path is None else ir.Take(path, ir.Taken(value.which.value), value.span)
    tools.report.error(
        "M113",
        "`take` on a path that finds at most one value",
        value.which.whole(),
        "there are never several to choose from",
        "remove `take`, or write a path that can find several, for instance with `[*]`",
    )
    return path


def _optional(value: spec.Value | None, schema: Subschema | None, tools: Lowering) -> ir.Value | None:
    return None if value is None else lower_value(value, schema, tools)


def _match(value: spec.MatchValue, schema: Subschema | None, tools: Lowering) -> ir.Value | None:
    subject = lower_value(value.subject, None, tools)
    cases = []
    for case in value.cases:
        lowered = lower_value(case.value, schema, tools)
        if lowered is not None:
            keys = tuple(ir.CaseKey(key.value, key.span) for key in case.keys)
            cases.append(ir.Case(keys, lowered, case.span))
    otherwise = _optional(value.otherwise, schema, tools)
    return None if subject is None else ir.Match(subject, tuple(cases), otherwise, value.span)


def _when(value: spec.WhenValue, schema: Subschema | None, tools: Lowering) -> ir.Value | None:
    condition = tools.condition(value.condition)
    then = lower_value(value.then, schema, tools)
    otherwise = _optional(value.otherwise, schema, tools)
    if condition is None or then is None:
        return None
    return ir.When(condition, then, otherwise, value.span)


def _map(value: spec.MapValue, schema: Subschema | None, tools: Lowering) -> ir.Value | None:
    source = lower_value(value.source, None, tools)
    expected = None if schema is None else items_of(tools.document, schema)
    element = _element(value.element, expected, tools)
    if source is None or element is None:
        return None
    return ir.MapItems(source, element, value.span)


def _object_from(value: spec.ObjectFromValue, schema: Subschema | None, tools: Lowering) -> ir.Value | None:
    """A `map` over the list, or over the entries of the object, whose elements have a `key` and a `value`."""
    source = lower_value(value.source, None, tools)
    key = lower_value(value.key, None, tools)
    expected = None if schema is None else members_of(tools.document, schema)
    on_duplicate = ir.OnDuplicate(value.on_duplicate)
    if expected is not None and on_duplicate is ir.OnDuplicate.LIST:
        expected = items_of(tools.document, expected)
    member = lower_value(value.value, expected, tools)
    if source is None or key is None or member is None:
        return None
    if not any(map(_reads_item, ir.walk(key))):
        text = value.key.value if isinstance(value.key, spec.LiteralValue) else None
        hint = f"write `$.{text}`" if isinstance(text, str) and text.isidentifier() else ""
        headline, reason = "every entry has the same key", "this reads nothing of the entry"
        tools.report.error("M125", headline, key.span, reason, hint or "the entry is `$`")
        return None
    nullable = expected is None or allows_null(tools.document, expected)
    text_key = ir.Cast(key, ir.CastKind.STRING, ir.OnError.REJECT, key.span)
    fields = (
        ir.Field("key", text_key, nullable=False, required=False, span=key.span),
        ir.Field("value", member, nullable, required=False, span=member.span),
    )
    entries = ir.MapItems(ir.Entries(source, True, source.span), ir.Record(fields, value.span), value.span)
    return ir.ObjectFrom(entries, on_duplicate, value.span, value.declares_duplicates)


def _reads_item(node: object) -> bool:
    match node:
        case ir.Path(root):
            return root is ir.Root.ITEM
        case ir.Lookup(name):
            return name != "envelope" and name not in ir.REQUEST_NAMES
        case _:
            return False


def _modified(value: spec.Modified, schema: Subschema | None, tools: Lowering) -> ir.Value | None:
    modifiers, span = value.modifiers, value.span
    # The names of an object that is flattened or whose members are renamed are not those of the target.
    is_renamed = modifiers.flatten is not None or modifiers.rename is not None
    lowered = lower_value(value.value, None if is_renamed else schema, tools)
    # Only a cast can end in another way than a rejection.
    declared = modifiers.declares_errors and modifiers.on_error == "reject"
    default = _optional(modifiers.default, schema, tools)
    if lowered is None:
        return None
    # `on_error: default` leaves nothing behind; the default then fills it.
    on_error = ir.OnError.OMIT if modifiers.on_error == "default" else ir.OnError(modifiers.on_error)
    if modifiers.cast == "timestamp":
        lowered = lower_time(lowered, modifiers, on_error, span, tools.report)
    elif modifiers.cast is not None:
        lowered = ir.Cast(lowered, ir.CastKind(modifiers.cast), on_error, span, declared)
    if modifiers.pick is not None:
        lowered = ir.Pick(lowered, modifiers.pick, span, declared)
    if modifiers.omit is not None:
        lowered = ir.Omit(lowered, modifiers.omit, span, declared)
    if modifiers.rename is not None:
        lowered = ir.Rename(lowered, modifiers.rename, span, declared)
    if modifiers.flatten is not None:
        separator, by_index = modifiers.flatten.separator, modifiers.flatten.by_index
        lowered = ir.Flatten(lowered, separator, by_index, span, declared)
    if modifiers.prune:
        lowered = ir.Prune(lowered, modifiers.prune, span)
    if default is not None:
        lowered = ir.Default(lowered, default, span)
    if modifiers.rejects_missing and default is None:
        lowered = ir.Required(lowered, span)
    return lowered
