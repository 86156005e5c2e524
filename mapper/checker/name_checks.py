"""Checks of names: paths, keys and variables that the source schema does not know."""

from __future__ import annotations

from mapper import ir
from mapper.checker.inference.sources import Known
from mapper.checker.variable_checks import check_lookups
from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.schemas.schema import Schema

check_names = check_lookups


def check_value_names(value: ir.Value, item: Known | None, source: Schema | None, report: Report) -> None:
    """Report the paths and variables inside a value that the source does not know (M301, M303)."""
    match value:
        case ir.Path():
            _check_path(value, item, source, report)
        case ir.Template():
            check_lookups(value, item, source, report)
        case ir.When(condition):
            check_lookups(condition.test, item, source, report)
        case ir.MapItems(inner, element):
            check_value_names(inner, item, source, report)
            check_value_names(element, _element(inner, item), source, report)
            return
        case _:
            pass
    for child in ir.children(value):
        check_value_names(child, item, source, report)


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


def _check_path(path: ir.Path, known: Known | None, source: Schema | None, report: Report) -> None:
    if known is None or path.root is not ir.Root.ITEM:
        return
    where = source.name if source else "the source"
    for segment in path.segments:
        match segment:
            case ir.Child((ir.Name(name, span),)):
                is_unknown = known.schema is not False and not known.names_member(name)
                hint = did_you_mean(name, known.names) if is_unknown else ""
                if is_unknown and (hint or known.is_closed):
                    report.error(
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
