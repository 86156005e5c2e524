"""Quotients: whole numbers that are divided in Liquid, so that the decimals of the result are cut."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from mapper import ir
from mapper.checker.inference.findings import Inference
from mapper.checker.types import Type
from mapper.checker.types.facts import Numbers
from mapper.diagnostics.diagnostic import Report
from mapper.ir.liquid import walk


def check_quotients(program: ir.Program, notes: Inference, report: Report) -> None:
    """Warn of each division that cuts decimals for some payload, because both numbers are whole (M407).

    Numbers that only may be whole are left alone, and so are divisions that no payload reaches.
    """
    for call in _divisions(program):
        dividend, divisor = (_whole(notes.type_of(operand)) for operand in (call.value, *call.args))
        if dividend is None or divisor is None or _is_exact(dividend, divisor):
            continue
        report.warning(
            "M407",
            "the decimals of this quotient are cut",
            call.span,
            "both numbers are whole, so the result is, too: 7 divided by 2 is 3",
            f"{_with_decimals(call.args[0])}; or say `| floor` behind it if the cut is meant",
        )


def _divisions(program: ir.Program) -> Iterator[ir.FilterCall]:
    """The divisions by a number; `floor` behind one says that the cut is meant, and `date` takes seconds."""
    meant = set()
    for node in walk(program):
        match node:
            case ir.FilterCall(name="floor" | "date", value=ir.FilterCall() as call):
                meant.add(id(call))
            case ir.FilterCall(name="divided_by", args=(_,), kwargs=()) if id(node) not in meant:
                yield node


def _whole(given: Type | None) -> Numbers | None:
    """The numbers of a type that has whole numbers alone, and what counts as nothing."""
    if given is None or given.numbers is None or not given.kinds <= {"integer", "number", "null"}:
        return None
    values = given.numbers.values
    is_whole = given.numbers.integral if values is None else all(isinstance(one, int) for one in values)
    return given.numbers if is_whole else None


def _is_exact(dividend: Numbers, divisor: Numbers) -> bool:
    """True if no quotient has decimals, as far as the values and steps tell."""
    if divisor.values is None:
        return False
    whole = [int(one) for one in divisor.values if one]
    if dividend.values is not None:
        return all(int(one) % by == 0 for one, by in product(dividend.values, whole))
    steps = [int(step) for step in (1, *dividend.steps) if step == int(step)]
    return all(any(step % by == 0 for step in steps) for by in whole)


def _with_decimals(divisor: ir.Operand) -> str:
    match divisor:
        case ir.Scalar(int() as number):
            return f"divide by `{number}.0` to keep them"
        case _:
            return "write `| times: 1.0` before it to keep them"
