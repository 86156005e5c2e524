"""The checks of a program: fields against the target, paths against the source, rules that can never hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mapper import ir
from mapper.checker.sources import Known, SourceFacts, whole
from mapper.checker.types import check_operands, has_wrong_type
from mapper.checker.unreachable import check_reachable
from mapper.checker.variables import check_lookups, shown_present
from mapper.diagnostics import Label, Report, Severity, did_you_mean
from mapper.ir.facts import Facts
from mapper.schema import Schema
from mapper.shapes import Subschema, is_closed, properties_of, required_of


@dataclass(frozen=True, slots=True)
class Checking:
    """What the checks look at."""

    source: Schema | None
    target: Schema
    facts: Facts
    report: Report
    item: Known | None = field(default=None)


def check_program(program: ir.Program, source: Schema | None, target: Schema, report: Report) -> None:
    """Report what is wrong with a program, all of it."""
    item = whole(source)
    _check_each(program, report)
    present: frozenset[tuple[str, ...]] = frozenset()
    for rule in program.skips:
        check_lookups(rule.condition.test, item, source, report)
        present |= shown_present(rule.condition.test)
    checking = Checking(source, target, SourceFacts(item, present), report, item)
    if isinstance(program.output, ir.Record):
        _check_event(program.output, program.written, checking)
    else:
        check_lookups(program.output, item, source, report)


def _check_each(program: ir.Program, report: Report) -> None:
    for path in program.each:
        selectors = [selector for segment in path.segments for selector in segment.selectors]
        if any(isinstance(selector, ir.Filter) for selector in selectors):
            report.warning(
                "M504",
                "`each` leaves items out without a trace",
                path.span,
                "what the filter does not select is lost",
                "select all items and leave some out with a `skip` rule",
            )
        if ir.Wildcard() in selectors[:-1] or (ir.Wildcard() in selectors and len(program.each) > 1):
            report.warning(
                "M505",
                "`[*]` also takes the members of an object",
                path.span,
                "an object here would be taken apart",
                "write `[:]`, which selects the elements of an array alone",
            )


def _check_event(event: ir.Record, written: frozenset[str], checking: Checking) -> None:
    target, report = checking.target, checking.report
    known = properties_of(target.document, target.document)
    required = required_of(target.document, target.document)
    for entry in event.fields:
        if entry.name not in known and is_closed(target.document, target.document):
            hint = did_you_mean(entry.name, known) or "the target has " + ", ".join(f"`{n}`" for n in known)
            report.error(
                "M302", f"no field `{entry.name}` in `{target.name}`", entry.span, "not in the target", hint
            )
    missing = required - written
    for name in sorted(missing, key=list(known).index if set(missing) <= set(known) else None):
        report.add(
            "M501",
            f"the required field `{name}` is never set",
            event.span.part(0, 1),
            f"`{target.name}` requires it",
            (f"add `{name}:` below `event:`",),
            Severity.ERROR,
            _definition(target, name),
        )
    for entry in event.fields:
        _check_field(entry, known.get(entry.name), checking)
        _walk(entry.value, checking.item, checking)


def _definition(target: Schema, name: str) -> tuple[Label, ...]:
    span = target.span_of_name(("properties", name))
    return (Label(span, "asked for here"),) if span else ()


def _check_field(entry: ir.Field, schema: Subschema | None, checking: Checking) -> None:
    asked = _definition(checking.target, entry.name)
    if schema is not None and has_wrong_type(
        entry, schema, checking.target, checking.facts, checking.report, asked
    ):
        return
    nothings = checking.facts.of(entry.value)
    if not entry.required or not (nothings.missing or (nothings.null and not entry.nullable)):
        return
    how = "can be missing" if nothings.missing else "can be null"
    checking.report.add(
        "M502",
        f"the required field `{entry.name}` {how}",
        entry.value.span,
        f"this {how}",
        (
            "add a `default`, a later alternative or a `skip` rule;"
            " or `on_missing: reject` if such items shall be rejected",
        ),
        Severity.ERROR,
        asked,
    )


def _walk(value: ir.Value, item: Known | None, checking: Checking) -> None:
    """Check a value and what is inside it: its paths, its variables, its types, what can never be taken."""
    check_operands(value, checking.facts, checking.report)
    check_reachable(value, checking.facts, checking.report)
    match value:
        case ir.Path():
            _check_path(value, item, checking)
        case ir.Template():
            check_lookups(value, item, checking.source, checking.report)
        case ir.When(condition):
            check_lookups(condition.test, item, checking.source, checking.report)
        case ir.MapItems(source, element):
            _walk(source, item, checking)
            inner = Checking(checking.source, checking.target, Facts(), checking.report)
            _walk(element, _element(source, item), inner)
            return
        case _:
            pass
    for child in children(value):
        _walk(child, item, checking)


def children(value: ir.Value) -> Iterator[ir.Value]:
    """The values a value is made of."""
    match value:
        case ir.Record(fields):
            yield from (entry.value for entry in fields)
        case ir.Array(values) | ir.Coalesce(values) | ir.Merge(values) | ir.Hash(values):
            yield from values
        case ir.Match(subject, cases, otherwise):
            yield subject
            yield from (case.value for case in cases)
            yield from () if otherwise is None else (otherwise,)
        case ir.When(_, then, otherwise):
            yield then
            yield from () if otherwise is None else (otherwise,)
        case ir.MapItems(source, element):
            yield from (source, element)
        case ir.Default(inner, default):
            yield from (inner, default)
        case (
            ir.Pick(inner)
            | ir.Omit(inner)
            | ir.Rename(inner)
            | ir.Cast(inner)
            | ir.Timestamp(inner)
            | ir.Required(inner)
        ):
            yield inner
        case _:
            return


def _element(source: ir.Value, item: Known | None) -> Known | None:
    if item is None:
        return None
    match source:
        case ir.Path(ir.Root.ITEM, segments):
            for segment in segments:
                match segment:
                    case ir.Child((ir.Name(name),)):
                        item = item.member(name)
                    case ir.Child((ir.Index() | ir.Wildcard() | ir.Slice(),)):
                        item = item.element()
                    case _:
                        return None
            return item.element() if source.is_singular else item
        case ir.Cast(value) | ir.Default(value):
            return _element(value, item)
        case _:
            return None


def _check_path(path: ir.Path, known: Known | None, checking: Checking) -> None:
    if known is None or path.root is not ir.Root.ITEM:
        return
    where = checking.source.name if checking.source else "the source"
    for segment in path.segments:
        match segment:
            case ir.Child((ir.Name(name, span),)):
                names = known.names
                hint = did_you_mean(name, names)
                unknown = known.schema is not False and name not in names and (known.is_closed or hint)
                if unknown:
                    checking.report.error(
                        "M301",
                        f"no field `{name}` in `{where}`",
                        span or path.span,
                        "the source schema does not know it",
                        hint,
                    )
                    return
                known, where = known.member(name), name
            case ir.Child((ir.Index() | ir.Wildcard() | ir.Slice(),)) if known.is_only(
                "array"
            ) or known.allows("array"):
                known = known.element()
            case _:
                return
