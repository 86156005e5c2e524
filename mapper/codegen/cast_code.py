"""Codegen of casts: declared types and times, with the common case inlined."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from mapper import ir
from mapper.codegen.presence import present_test
from mapper.codegen.writer import Scope, Writer, literal
from mapper.runtime.times.times import EPOCH_UNITS

# If this test fails, the cast gives the value itself: the function is called for other types alone.
# By type() and not isinstance(): True is no integer, and a subclass that a host passes in is converted too.
OF_OTHER_TYPE = {
    ir.CastKind.STRING: "type({0}) is not str",
    ir.CastKind.INTEGER: "type({0}) is not int",
    ir.CastKind.BOOLEAN: "type({0}) is not bool",
    ir.CastKind.OBJECT: "type({0}) is not dict",
    ir.CastKind.ARRAY: "type({0}) is not list",
}


def emit_cast(writer: Writer, node: ir.Cast, value: str, scope: Scope, into: str | None = None) -> str:
    """Cast the value in local `value`; missing and null pass, failures follow `on_error`."""
    result = into or writer.fresh(scope.hint("cast"))
    writer.line(f"{result} = {value}", node.span)
    tests = [present_test(result, node.value)]
    if node.kind in OF_OTHER_TYPE:
        tests.insert(0, OF_OTHER_TYPE[node.kind].format(result))
    if value in writer.passing:
        tests.insert(0, f"type({result}) is not bytes")
        writer.hand_on(value, result)
    convert = writer.use("casts", f"to_{node.kind.value}")
    # JSON text is parsed by a function whose result may itself be null; the rest convert scalars.
    with _guard(writer, tests):
        writer.line(f"{result} = {convert}({result})")
        _emit_invalid(writer, node, result, value, scope, "M613", node.kind.value)
    return result


def _guard(writer: Writer, tests: list[str | None]) -> AbstractContextManager[None]:
    given = [test for test in tests if test]
    return writer.block(f"if {' and '.join(given)}:") if given else nullcontext()


def _emit_invalid(
    writer: Writer,
    node: ir.Cast | ir.Timestamp,
    result: str,
    value: str,
    scope: Scope,
    code: str,
    detail: str,
) -> None:
    writer.line(f"if {result} is {writer.use('missing', 'INVALID')}:")
    match node.on_error:
        case ir.OnError.OMIT:
            writer.line(f"    {result} = MISSING")
        case ir.OnError.NULL:
            writer.line(f"    {result} = None")
        case ir.OnError.KEEP:
            writer.line(f"    {result} = {value}")
        case ir.OnError.REJECT:
            path = node.value.text if isinstance(node.value, ir.Path) else None
            site = writer.site(node.span, scope.field, path)
            fault = writer.use("faults", "Fault")
            writer.line(f"    raise {fault}({literal(code)}, {site}, {literal(detail)}, {value})")


def emit_timestamp(
    writer: Writer, node: ir.Timestamp, value: str, scope: Scope, into: str | None = None
) -> str:
    """Read the time in local `value` by the declared formats; outside the window it is MISSING."""
    result = into or writer.fresh(scope.hint("time"))
    writer.line(f"{result} = {value}", node.span)
    with _guard(writer, [present_test(result, node.value)]):
        for position, name in enumerate(node.formats):
            read = f"{result} = {_reader(writer, name, node.zone, value)}"
            if position:
                writer.line(f"if {result} is {writer.use('missing', 'INVALID')}:")
                writer.line(f"    {read}")
            else:
                writer.line(read)
        _emit_invalid(writer, node, result, value, scope, "M614", ", ".join(node.formats))
        _emit_window(writer, node, result, scope)
    return result


def _reader(writer: Writer, name: str, zone: str | None, value: str) -> str:
    if name in EPOCH_UNITS:
        return f"{writer.use('times.times', 'epoch')}({value}, {EPOCH_UNITS[name]})"
    zone_name = _zone(writer, zone)
    if name == "iso8601":
        return f"{writer.use('times.times', 'iso8601')}({value}, {zone_name})"
    compiled = writer.constant(
        f"{writer.use('times.patterns', 'compile_pattern')}({literal(name)})", "pattern"
    )
    return f"{writer.use('times.patterns', 'pattern')}({value}, {compiled}, {zone_name})"


def _zone(writer: Writer, zone: str | None) -> str:
    if zone is None:
        return "None"
    return writer.constant(f"{writer.use('times.zones', 'load_zone')}({literal(zone)})", "zone")


def _emit_window(writer: Writer, node: ir.Timestamp, result: str, scope: Scope) -> None:
    if node.low is None and node.high is None:
        return
    tests = [
        _is_beyond(writer, result, sign, bound, f"{scope.request}.received_at")
        for sign, bound in (("<", node.low), (">", node.high))
        if bound is not None
    ]
    writer.line(f"elif {' or '.join(tests)}:")  # after the test of a text that is no time
    writer.line(f"    {result} = MISSING")


def _is_beyond(writer: Writer, time: str, sign: str, bound: ir.Bound, received_at: str) -> str:
    """The test that a canonical time lies beyond a bound; one that is not known is open."""
    if isinstance(bound, str):
        return f"{time} {sign} {literal(bound)}"
    shifted = (
        f"{writer.use('times.times', 'shifted')}({received_at}, {bound[1]})" if bound[1] else received_at
    )
    return f"({received_at} and {time} {sign} {shifted})"
