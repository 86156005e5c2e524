"""Codegen of casts: declared types and times, with the common case inlined."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial

from mapper import ir
from mapper.codegen.emitter import Emitter
from mapper.codegen.presence import present_test
from mapper.codegen.writer import Writer, literal
from mapper.runtime.times.formats import DATE_FORMAT, ISO_FORMATS
from mapper.runtime.times.times import EPOCH_UNITS
from mapper.runtime.times.writing import DigitsForm, EpochForm, PatternForm, TimeForm

# If this test fails, the cast gives the value itself: the function is called for other types alone.
# By type() and not isinstance(): True is no integer, and a subclass that a host passes in is converted too.
OF_OTHER_TYPE = {
    ir.CastKind.STRING: "type({0}) is not str",
    # A larger one may have too many digits; a comparison with what Python compares fast costs little.
    ir.CastKind.INTEGER: "(type({0}) is not int or not -10**18 < {0} < 10**18)",
    ir.CastKind.BOOLEAN: "type({0}) is not bool",
    ir.CastKind.OBJECT: "type({0}) is not dict",
    ir.CastKind.ARRAY: "type({0}) is not list",
}


def emit_cast(at: Emitter, node: ir.Cast, value: str) -> str:
    """Cast the value in local `value`; missing and null pass, failures follow `on_error`."""
    writer, result = at.writer, at.local("cast")
    writer.line(f"{result} = {value}", node.span)
    tests = [present_test(result, node.value)]
    if node.kind in OF_OTHER_TYPE:
        tests.insert(0, OF_OTHER_TYPE[node.kind].format(result))
    convert = writer.use("casts", f"to_{node.kind.value}")
    # JSON text is parsed by a function whose result may itself be null; the rest convert scalars.
    with _guard(writer, tests):
        writer.line(f"{result} = {convert}({result})")
        _emit_invalid(at, node, result, value, "M613", node.kind.value)
    return result


def _guard(writer: Writer, tests: list[str | None]) -> AbstractContextManager[None]:
    given = [test for test in tests if test]
    return writer.block(f"if {' and '.join(given)}:") if given else nullcontext()


def _emit_invalid(
    at: Emitter, node: ir.Cast | ir.Timestamp, result: str, value: str, code: str, detail: str
) -> None:
    writer = at.writer
    writer.line(f"if {result} is {writer.use('missing', 'INVALID')}:")
    match node.on_error:
        case ir.OnError.OMIT:
            writer.line(f"    {result} = MISSING")
        case ir.OnError.NULL:
            writer.line(f"    {result} = None")
        case ir.OnError.KEEP:
            writer.line(f"    {result} = {value}")
        case ir.OnError.REJECT:
            site = at.site(node.span, ir.path_text(node.value))
            writer.line(f"    {at.fault(code, site, detail, value)}")


def emit_timestamp(at: Emitter, node: ir.Timestamp, value: str) -> str:
    """Read the time in local `value` by the declared formats and write it; MISSING outside the window."""
    writer, result = at.writer, at.local("time")
    writer.line(f"{result} = {value}", node.span)
    with _guard(writer, [present_test(result, node.value)]):
        for position, name in enumerate(node.formats):
            read = f"{result} = {_reader(writer, name, node, value)}"
            if position:
                writer.line(f"if {result} is {writer.use('missing', 'INVALID')}:")
                writer.line(f"    {read}")
            else:
                writer.line(read)
        invalid = partial(_emit_invalid, at, node, result, value, "M614", ", ".join(node.formats))
        if node.form is None:
            invalid()
            _emit_window(at, node, "elif", result, result)
        else:
            _emit_written(at, node, node.form, result)
            invalid()
    return result


def _emit_written(at: Emitter, node: ir.Timestamp, form: TimeForm, result: str) -> None:
    """Write the fine text in local `result`, if it is one and inside the window."""
    writer = at.writer
    with writer.block(f"if {result} is not {writer.use('missing', 'INVALID')}:"):
        if node.low is None and node.high is None:
            writer.line(f"{result} = {_written(writer, form, result)}")
            return
        moment = at.fresh("moment")
        writer.line(f"{moment} = {writer.use('times.writing', 'canonical')}({result})")
        _emit_window(at, node, "if", moment, result)
        writer.line("else:")
        writer.line(f"    {result} = {_written(writer, form, result)}")


def _written(writer: Writer, form: TimeForm, fine: str) -> str:
    match form:
        case EpochForm(unit):
            return f"{writer.use('times.writing', 'epoch_of')}({fine}, {unit})"
        case DigitsForm(digits):
            return f'{fine}[:{20 + digits if digits else 19}] + "Z"'
        case PatternForm(pattern, zone):
            made = f"{writer.use('times.writing', 'WrittenPattern')}({literal(pattern)}, {literal(zone)})"
            return (
                f"{writer.use('times.writing', 'write_pattern')}({fine}, {writer.constant(made, 'pattern')})"
            )


def _reader(writer: Writer, name: str, node: ir.Timestamp, value: str) -> str:
    """The call that reads a value in one format, as a fine text unless the canonical one is written."""
    fine = "" if node.form is None else ", True"
    if name in EPOCH_UNITS:
        return f"{writer.use('times.times', 'epoch')}({value}, {EPOCH_UNITS[name]}{fine})"
    zone = _zone(writer, node.zone)
    if name in ISO_FORMATS:
        return f"{writer.use('times.times', name)}({value}, {zone}{fine})"
    if name == DATE_FORMAT:
        return f"{writer.use('times.times', 'date_at')}({value}, {literal(node.time_of_day)}, {zone}{fine})"
    compiled = writer.constant(
        f"{writer.use('times.patterns', 'compile_pattern')}({literal(name)})", "pattern"
    )
    return f"{writer.use('times.patterns', 'pattern')}({value}, {compiled}, {zone}{fine})"


def _zone(writer: Writer, zone: str | None) -> str:
    if zone is None:
        return "None"
    return writer.constant(f"{writer.use('times.zones', 'load_zone')}({literal(zone)})", "zone")


def _emit_window(at: Emitter, node: ir.Timestamp, keyword: str, moment: str, result: str) -> None:
    """Make local `result` MISSING if (or elif) the canonical time in local `moment` is outside the window."""
    if node.low is None and node.high is None:
        return
    tests = [
        _is_beyond(at.writer, moment, sign, bound, f"{at.request}.received_at")
        for sign, bound in (("<", node.low), (">", node.high))
        if bound is not None
    ]
    at.writer.line(f"{keyword} {' or '.join(tests)}:")
    at.writer.line(f"    {result} = MISSING")


def _is_beyond(writer: Writer, time: str, sign: str, bound: ir.Bound, received_at: str) -> str:
    """The test that a canonical time lies beyond a bound; one that is not known is open."""
    if isinstance(bound, str):
        return f"{time} {sign} {literal(bound)}"
    shifted = (
        f"{writer.use('times.times', 'shifted')}({received_at}, {bound[1]})" if bound[1] else received_at
    )
    return f"({received_at} and {time} {sign} {shifted})"
