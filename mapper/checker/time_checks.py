"""Times: values for fields of the format date-time that nothing proves to be times."""

from __future__ import annotations

from mapper import ir
from mapper.checker.inference.findings import Inference
from mapper.checker.types import Type, is_subtype, only
from mapper.checker.types.lattice import of_element, of_member
from mapper.diagnostics.diagnostic import Report


def check_times(value: ir.Value, wanted: Type, notes: Inference, report: Report) -> None:
    """Report (M404) each value that a date-time field takes over and that is not known to be a time.

    Without a source schema no payload shows that it is none, but whatever is no time is rejected.
    """
    found = notes.type_of(value)
    if found is None or found.is_never:
        return
    match value:
        case ir.Record(fields):
            for entry in fields:
                check_times(entry.value, of_member(only(wanted, "object"), entry.name), notes, report)
        case ir.Array(values):
            for element in values:
                check_times(element, of_element(wanted), notes, report)
        case ir.MapItems(_, element):
            check_times(element, of_element(wanted), notes, report)
        case _ if chosen := ir.alternatives(value):
            for option in chosen:
                check_times(option, wanted, notes, report)
        case _ if _is_unproven(found, wanted):
            report.warning(
                "M404",
                "a time that may not be readable",
                value.span,
                "the target wants the format date-time, and nothing proves that this is one",
                "use `as: timestamp`",
            )


def _is_unproven(found: Type, wanted: Type) -> bool:
    if wanted.texts is None or "date-time" not in wanted.texts.formats:
        return False
    texts = only(found, "string")
    return texts.is_present and not is_subtype(texts, only(wanted, "string"))
