"""Digests: those of a value that can be nothing, in Liquid text, where nothing is the empty text."""

from __future__ import annotations

from collections.abc import Iterator

from mapper import ir
from mapper.checker.inference import predicates as p
from mapper.checker.inference.findings import Inference
from mapper.checker.inference.printing import printed
from mapper.checker.types import NEVER, Type, join, only
from mapper.diagnostics.diagnostic import Report
from mapper.ir.liquid import walk
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.liquid.filters.row import Gives

_HINT = (
    "use `compute`, whose digest of nothing is missing; or a `skip` rule for blank ones; or `first_nonblank`"
)


def check_digests(program: ir.Program, notes: Inference, report: Report) -> None:
    """Warn of each digest in a text that can be made of nothing, or with no key (M403).

    All items without the value would get the same digest, as if they were about the same person.
    """
    for call in _digests(program):
        nothing = _nothing(call.value, notes)
        if not nothing.is_never:
            message = f"`{call.name}` can get a value without content"
            label = f"this can be {_in_words(nothing)}, and gives all such items the same digest"
            report.warning("M403", message, call.value.span, label, _HINT)
        for key in () if ROWS[call.name].gives is Gives.UUID else call.args:
            nothing = _nothing(key, notes)
            if not nothing.is_never:
                message = f"`{call.name}` can get a key without content"
                label = f"this can be {_in_words(nothing)}, and everybody can compute such a digest"
                report.warning("M403", message, key.span, label, _HINT)


def _digests(program: ir.Program) -> Iterator[ir.FilterCall]:
    for template in walk(program):
        if isinstance(template, ir.Template):
            for node in walk(template.body):
                if isinstance(node, ir.FilterCall) and ROWS[node.name].is_digest:
                    yield node


def _nothing(operand: ir.Operand, notes: Inference) -> Type:
    """The values of an operand that count as nothing: missing, null, blank texts and empty lists.

    A list of blank texts prints nothing either. It is not considered, for no rule could exclude it.
    """
    given = notes.type_of(operand)
    if given is None or given.is_never or not Type(texts=printed(given)).may_be_blank:
        return NEVER
    if isinstance(operand, ir.FilterCall) and ROWS[operand.name].gives is Gives.CONTENT:
        return _nothing(operand.value, notes)
    return join(p.without_content(given), only(p.empty(given), "array"))


def _in_words(nothing: Type) -> str:
    """The kinds of nothing, in words."""
    kinds = {"missing": nothing.missing, "null": nothing.null, "blank": bool(nothing.texts)}
    found = [word for word, can_be in kinds.items() if can_be] or ["empty"]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} or {found[-1]}"
