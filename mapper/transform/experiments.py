"""Experiments: programs of the checker are compiled and run, so that no counterexample is shown untried.

The code generator is imported for the first of them: many a mapping is judged without.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mapper import ir
from mapper.budget import MAX_NODES, nodes_of
from mapper.checker.search.candidates import Payload
from mapper.checker.search.counterexamples import Run, Trial
from mapper.diagnostics.source import SourceFile
from mapper.ir.liquid import nodes_run
from mapper.runtime.limits import trial_limits, within
from mapper.runtime.missing import MISSING
from mapper.schemas.schema import Schema
from mapper.transform.compiled import Compiled
from mapper.transform.request import Request
from mapper.transform.transform import Transform
from mapper.version import __version__

if TYPE_CHECKING:  # mappings without a template are checked without the proofs of templates
    from mapper.checker.templates.payloads import Given
    from mapper.checker.templates.rendering import Render

RECEIVED_AT = "2026-01-15T10:20:30.000Z"
MOST_JUDGED = 1_000_000  # subschemas that items are held against, for one mapping
MOST_NODES_RUN = 10_000_000  # nodes of the programs that are run, for one mapping
_LEAST_NODES = 100  # a run of the smallest program takes as long
_CHARACTERS = 50_000  # of texts this long a node takes twice as long
_STOPPED = frozenset({"M619", "M620"})


@dataclass(slots=True)
class Experiments:
    """Runs the programs of one mapping; what they are compiled to is kept nowhere."""

    file: SourceFile
    source: Schema | None
    objects_only: bool
    left: int = MOST_JUDGED
    nodes_left: int = MOST_NODES_RUN
    _fits: Callable[[object], bool] | None = field(default=None, repr=False)

    def prepare(self, program: ir.Program, target: Any) -> Run:
        """A function that runs a program, compiled for a target schema."""
        from mapper.codegen.module import generate

        limits = trial_limits(len(self.file.text))
        with within(limits):
            module = generate(program, target, self.file.name, __version__, objects_only=self.objects_only)
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
        nodes = _LEAST_NODES + nodes_run(program) * (1 + limits.text_length // _CHARACTERS)

        def run(payload: Payload) -> Trial:
            self.nodes_left -= nodes + nodes_of(payload.body, MAX_NODES)
            if self.nodes_left < 0:
                return _NOTHING_SHOWN
            return _run(transform, payload)

        return run

    def fits_source(self, item: object) -> bool:
        """Whether an item is valid under the source schema."""
        if self.source is None:
            return True
        self.left -= max(self.source.size, nodes_of(item, MAX_NODES))
        if self.left < 0:
            return False  # what there is no time to judge is not tried
        if self._fits is None:
            self._fits = _validator(self.source.document)
        try:
            return self._fits(item)
        except RecursionError:  # what cannot be judged is not tried
            return False


_NOTHING_SHOWN = Trial(skipped=True)


def prepare_template(program: ir.Program, apply: Callable[..., object]) -> Render:
    """A function that renders the template of a program; raises whatever code generation raises.

    `apply` is called for each filter, in place of `filters.apply`.
    """
    from mapper.codegen.module import generate

    module = generate(replace(program, each=program.each[:1]), True, "<template>", "")
    names: dict[str, Any] = {"__name__": "<template>"}
    # The text came out of codegen, where user text passes through repr() alone.
    exec(compile(module.python, "<template>", "exec", dont_inherit=True), names)
    if "apply" in names:
        names["apply"] = apply
    event = names["event"]

    def render(given: Given) -> object:
        request = Request(
            headers=given.headers or {},  # type: ignore[arg-type]
            query=given.query or {},  # type: ignore[arg-type]
            settings=given.setting or {},
            received_at=RECEIVED_AT,
        )
        return event(given.item, given.envelope, request, 0)

    return render


def _run(transform: Transform, payload: Payload) -> Trial:
    request = Request(payload.headers, payload.query, payload.settings, payload.received_at)
    result = transform(payload.body, request)
    faults = tuple((d.code, d.span) for rejected in result.rejected for d in rejected.diagnostics)
    if any(code in _STOPPED for code, _ in faults):
        return _NOTHING_SHOWN
    event = result.events[0] if result.events else MISSING
    return Trial(event, bool(result.skipped), faults)


def _validator(document: dict[str, Any]) -> Callable[[object], bool]:
    from mapper.codegen.validator_code import emit_validator
    from mapper.codegen.writer import Writer

    writer = Writer()
    emit_validator(writer, document, "valid")
    lines = [f"from {module} import {name}" for module, name in sorted(writer.imports)]
    lines += [f"{name} = {expression}" for name, expression in writer.constants.items()]
    names: dict[str, Any] = {}
    # The text came out of codegen, where user text passes through repr() alone.
    exec(compile("\n".join([*lines, *(text for text, _ in writer.lines)]), "<source schema>", "exec"), names)
    valid: Callable[[object], bool] = names["valid"]
    return valid
