"""Liquid against the source schema: variables that do not exist."""

from __future__ import annotations

from mapper import ir
from mapper.checker.inference.sources import Known
from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.ir.liquid import walk
from mapper.schemas.schema import Schema

RESERVED = ("item", "envelope", "header", "query", "setting", "received_at", "forloop")


def check_lookups(node: object, item: Known | None, source: Schema | None, report: Report) -> None:
    """Report variables that neither the template or condition nor the source schema knows (M303, M301)."""
    if item is None or source is None:
        return
    local = {n.name for n in walk(node) if isinstance(n, ir.Assign | ir.Capture | ir.For | ir.Count)}
    for lookup in walk(node):
        if isinstance(lookup, ir.Lookup) and lookup.name not in local:
            _check_lookup(lookup, item, source, report)


def _check_lookup(lookup: ir.Lookup, item: Known, source: Schema, report: Report) -> None:
    names: tuple[object, ...] = (lookup.name, *lookup.keys)
    if lookup.name in RESERVED:
        if lookup.name != "item":
            return
        names = lookup.keys
    known, where = item, source.name
    for position, name in enumerate(names):
        if not isinstance(name, str) or (position and name in ("size", "first", "last")):
            return
        is_unknown = known.schema is not False and not known.names_member(name)
        hint = did_you_mean(name, known.names) if is_unknown else ""
        if is_unknown and (hint or known.is_closed):
            code = "M301" if position else "M303"
            what = "field" if position else "variable"
            report.error(
                code,
                f"no {what} `{name}` in `{where}`",
                lookup.span,
                "the source schema does not know it",
                hint,
            )
            return
        known, where = known.member(name), name
