"""Digests: those of a value that can be nothing, in Liquid text, where nothing is the empty text."""

from __future__ import annotations

from collections.abc import Iterator

from mapper import ir
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.printing import printed
from mapper.checker.types import Type
from mapper.diagnostics.diagnostic import Report
from mapper.ir.liquid import walk
from mapper.runtime.liquid.filters import ROWS

_HINT = (
    "use `compute`, whose digest of nothing is missing; or a `skip` rule for blank ones; or `first_nonblank`"
)


def check_digests(program: ir.Program, notes: Inference, report: Report) -> None:
    """Warn of each digest in a text that can be made of nothing, or with no key (M403).

    All items without the value would get the same digest, as if they were about the same person.
    """
    for call in _digests(program):
        given = notes.type_of(call.value)
        if given is not None and _may_print_blank(given):
            message = f"`{call.name}` can get a value without content"
            label = f"this can be {_nothings(given)}, and gives all such items the same digest"
            report.warning("M403", message, call.value.span, label, _HINT)
        for key in () if call.name == "uuid_v5" else call.args:
            given = notes.type_of(key)
            if given is not None and _may_print_blank(given):
                message = f"`{call.name}` can get a key without content"
                label = f"this can be {_nothings(given)}, and everybody can compute such a digest"
                report.warning("M403", message, key.span, label, _HINT)


def _digests(program: ir.Program) -> Iterator[ir.FilterCall]:
    for template in walk(program):
        if isinstance(template, ir.Template):
            for node in walk(template.body):
                if isinstance(node, ir.FilterCall) and ROWS[node.name].is_digest:
                    yield node


def _may_print_blank(given: Type) -> bool:
    return not given.is_never and Type(texts=printed(given)).may_be_blank


def _nothings(given: Type) -> str:
    """The kinds of nothing among the values, in words."""
    found = [word for word, can_be in (("missing", given.missing), ("null", given.null)) if can_be]
    if not found or given.may_be_blank:
        found.append("blank")
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} or {found[-1]}"
