"""Metered: the units of work of an item, by generated code and by the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mapper
from mapper import ir
from mapper.codegen.modules import generate_decoded
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.interpreter.items import interpret_item
from mapper.ir.work import item_units
from mapper.runtime.faults import Fault, InvalidEvent, Skip
from mapper.runtime.limits import active, within
from mapper.runtime.work import Meter, counted, metering

MANY = 1 << 60


def program_of(text: str, filename: str = "case.yaml") -> ir.Program:
    """The program of a mapping's text."""
    folder = Path(filename).parent if Path(filename).is_file() else None
    program = analyse(SourceFile(filename, text), folder, Report()).program
    assert program is not None
    return program


def units(program: ir.Program, run: Callable[[], object]) -> tuple[str, int]:
    """The code of the fault that ends an item, or "", and the units that it has taken."""
    meter = Meter(MANY, MANY)
    token = metering.set(meter)
    code = ""
    try:
        meter.begin(item_units(program))
        outcome = run()
        if isinstance(outcome, tuple) and outcome[0] == "rejected":
            code = str(outcome[1])
    except Fault as fault:
        code = fault.code
    except (InvalidEvent, Skip):
        pass
    finally:
        metering.reset(token)
    return code, meter.used


def event_of(program: ir.Program) -> Callable[..., object]:
    """The function that maps an item, generated without a target schema."""
    names: dict[str, object] = {}
    with within(replace(active(), body_work=1)):  # so that the program counts
        exec(generate_decoded(program, True, "case.yaml", "").python, names)
    event = names["event"]
    assert callable(event)
    return event


def by_generated_code(
    program: ir.Program,
    item: object,
    body: object,
    request: mapper.Request,
    event: Callable[..., object] | None = None,
) -> tuple[str, int]:
    """The code and units of an item, by generated code."""
    run = event or event_of(program)
    return units(program, lambda: run(item, body, request, 0))


def by_interpreter(
    program: ir.Program, item: object, body: object, request: mapper.Request
) -> tuple[str, int]:
    """The code and units of an item, by the interpreter, whose Liquid is run by the library."""
    return units(program, lambda: interpret_item(program, item, body, request))


def units_of_event(transform: mapper.Transform, item: object) -> int:
    """The units of an item that is its body, with the checks of its event, by a transform that counts."""
    meter = Meter(MANY, MANY)
    event = counted(transform._module["event"], meter, transform._decoded.work.units)
    event(item, item, mapper.Request(), 0)
    return meter.used
