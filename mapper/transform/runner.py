"""Runner: compiles and runs the programs of the checker, so that every counterexample shown has been tried.

The code generator is imported when the first program is compiled: many mappings are checked without it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from mapper import ir
from mapper.budget import MAX_NODES, nodes_of, spend
from mapper.checker.search.runner import Decide, Execute, Payload, Run, undecided
from mapper.diagnostics.source import SourceFile
from mapper.ir.liquid import nodes_run
from mapper.runtime.faults import Fault
from mapper.runtime.limits import trial_limits, within
from mapper.runtime.missing import MISSING
from mapper.runtime.work import OUT_OF_WORK, Meter, metering
from mapper.schemas.schema import Schema
from mapper.transform.compiled import Compiled
from mapper.transform.request import Request
from mapper.transform.transform import Transform
from mapper.version import __version__

if TYPE_CHECKING:  # mappings without a template are checked without the proofs of templates
    from mapper.checker.templates.payloads import TemplateInput
    from mapper.checker.templates.rendering import Render

# Steps (`mapper.budget`), so that a check gives the same answer on every machine. One is about a microsecond.
_PREPARED = 1_000  # to compile the smallest program
_A_NODE_PREPARED = 15
_RUN = 30  # of the smallest program
_NODES_A_STEP = 4  # that are run
_VALUES_A_STEP = 4  # of a payload that are read
_JUDGED_A_STEP = 16  # subschemas or values in a check by generated code
_DELEGATED = 8  # times as long does jsonschema take as generated code
_JUDGED = 2  # by the smallest schema
_UNITS_A_STEP = 100  # of work that depends on the payload
_RUN_WORK = 5_000_000  # units of work of one run or check by a schema
_STOPPED = frozenset({"M619", "M620", *OUT_OF_WORK})  # faults of the limits of a trial, not of the mapping
_UNDECIDED = Run(skipped=True)

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class _Validator:
    """The check of one schema, and how often one of its subschemas counts."""

    fits: Callable[[object], bool]
    weight: int


@dataclass(slots=True)
class ProgramRunner:
    """Runs the programs of one mapping (`checker.search.runner.Runner`); keeps no compiled program."""

    file: SourceFile
    source: Schema | None
    objects_only: bool
    body: Schema | None = None
    _validators: dict[str, _Validator] = field(default_factory=dict, repr=False)

    def prepare(self, program: ir.Program, target: Any) -> Execute:
        """Compile a program for a target schema."""
        from mapper.codegen.modules import generate_decoded

        nodes = nodes_run(program)
        spend(_PREPARED + _A_NODE_PREPARED * nodes)
        limits = trial_limits(len(self.file.text))
        with within(limits):
            module = generate_decoded(
                program, target, self.file.name, __version__, objects_only=self.objects_only
            )
        compiled = Compiled(
            name=program.name,
            description="",
            filename=self.file.name,
            text=self.file.text,
            python=module.python,
            offsets=module.offsets,
            target=json.dumps(target),
            objects_only=self.objects_only,
            limits=limits,
        )
        transform = Transform(compiled)
        steps = _RUN + nodes // _NODES_A_STEP

        def execute(payload: Payload) -> Run:
            spend(steps + nodes_of(payload.body, MAX_NODES) // _VALUES_A_STEP)
            return _counted(lambda: _run(transform, payload), _UNDECIDED)

        return execute

    def fits_source(self, item: object, decide: Decide = undecided) -> bool:
        """Return True if an item is valid under the source schema; False also if that takes too much work."""
        return self._fits_schema(self.source, item, decide)

    def fits_body(self, body: object, decide: Decide = undecided) -> bool:
        """As `fits_source`, for a whole body and its schema."""
        return self._fits_schema(self.body, body, decide)

    def _fits_schema(self, schema: Schema | None, value: object, decide: Decide) -> bool:
        if schema is None:
            return True
        validator = self._validators.get(schema.name)
        if validator is None:
            validator = self._validators[schema.name] = _validator(schema.document)
        size = _JUDGED + (schema.size + nodes_of(value, MAX_NODES)) // _JUDGED_A_STEP
        spend(validator.weight * size)
        verdict = decide(value) if validator.weight > 1 else None
        if verdict is not None:
            return verdict
        try:
            return _counted(lambda: validator.fits(value), otherwise=False)
        except RecursionError:
            return False


def _counted(work: Callable[[], _Found], otherwise: _Found) -> _Found:
    """The result of work, or the other one if that takes too many units."""
    meter = Meter(_RUN_WORK, _RUN_WORK)
    token = metering.set(meter)
    try:
        meter.begin(0)
        return work()
    except Fault:
        return otherwise
    finally:
        metering.reset(token)
        spend(meter.used // _UNITS_A_STEP)


def _run(transform: Transform, payload: Payload) -> Run:
    request = Request(payload.headers, payload.query, payload.settings, payload.received_at)
    result = transform(payload.body, request)
    faults = tuple((d.code, d.span, d.message) for rejected in result.rejected for d in rejected.diagnostics)
    if any(code in _STOPPED for code, _, _ in faults):
        return _UNDECIDED
    event = result.events[0] if result.events else MISSING
    is_ended = bool(result.skipped) or any(code == "M626" for code, _, _ in faults)
    return Run(event, is_ended, faults)


def prepare_template(program: ir.Program, apply: Callable[..., object]) -> Render:
    """A function that renders the template of a program; raises any error of code generation.

    `apply` is called for each filter, in place of `filters.apply`.
    """
    from mapper.codegen.modules import generate_decoded

    module = generate_decoded(replace(program, each=program.each[:1]), True, "<template>", "")
    names = _defined(module.python, "<template>")
    if "apply" in names:
        names["apply"] = apply
    event = names["event"]

    def render(given: TemplateInput) -> object:
        request = Request(
            headers=given.headers or {},  # type: ignore[arg-type]
            query=given.query or {},  # type: ignore[arg-type]
            settings=given.setting or {},
            received_at=given.received_at,
        )
        return event(given.item, given.envelope, request, 0)

    return render


def _validator(document: dict[str, Any]) -> _Validator:
    from mapper.codegen.validator_code import emit_validator
    from mapper.codegen.writer import Writer

    writer = Writer(counts=True)
    emit_validator(writer, document)
    names = _defined(writer.module(), "<source schema>")
    return _Validator(names["valid"], _DELEGATED if "delegate" in names else 1)


def _defined(python: str, filename: str) -> dict[str, Any]:
    """The names that generated code defines."""
    names: dict[str, Any] = {"__name__": filename}
    # The text comes from codegen, where text of a user passes through repr() alone.
    exec(compile(python, filename, "exec", dont_inherit=True), names)
    return names
