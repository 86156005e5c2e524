"""Experiments: programs of the checker are compiled and run, so that no counterexample is shown untried.

The code generator is imported for the first of them: many a mapping is judged without.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mapper import ir
from mapper.checker.candidates import Payload
from mapper.checker.counterexamples import Run, Trial
from mapper.compiled import Compiled
from mapper.request import Request
from mapper.runtime.nothing import MISSING
from mapper.schema import Schema
from mapper.source import SourceFile
from mapper.transform import Transform
from mapper.version import __version__

MOST_JUDGED = 1_000_000  # subschemas that items are held against, for one mapping


@dataclass(slots=True)
class Experiments:
    """Runs the programs of one mapping; what they are compiled to is kept nowhere."""

    file: SourceFile
    source: Schema | None
    objects_only: bool
    left: int = MOST_JUDGED
    _fits: Callable[[object], bool] | None = field(default=None, repr=False)

    def prepare(self, program: ir.Program, target: Any) -> Run:
        """A function that runs a program, compiled for a target schema."""
        from mapper.codegen.module import generate

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
        )
        transform = Transform(compiled)
        return lambda payload: _run(transform, payload)

    def fits_source(self, item: object) -> bool:
        """Whether an item is valid under the source schema."""
        if self.source is None:
            return True
        self.left -= self.source.size
        if self.left < 0:
            return False  # what there is no time to judge is not tried
        if self._fits is None:
            self._fits = _validator(self.source.document)
        try:
            return self._fits(item)
        except RecursionError:  # what cannot be judged is not tried
            return False


def _run(transform: Transform, payload: Payload) -> Trial:
    request = Request(payload.headers, payload.query, payload.settings, payload.received_at)
    result = transform(payload.body, request)
    faults = tuple((d.code, d.span) for rejected in result.rejected for d in rejected.diagnostics)
    event = result.events[0] if result.events else MISSING
    return Trial(event, bool(result.skipped), faults)


def _validator(document: dict[str, Any]) -> Callable[[object], bool]:
    from mapper.codegen.validation import emit_validator
    from mapper.codegen.writer import Writer

    writer = Writer()
    emit_validator(writer, document, "valid")
    lines = [f"from mapper.runtime.{module} import {name}" for module, name in sorted(writer.imports)]
    lines += [f"{name} = {expression}" for name, expression in writer.constants.items()]
    names: dict[str, Any] = {}
    # The text came out of codegen, where user text passes through repr() alone.
    exec(compile("\n".join([*lines, *(text for text, _ in writer.lines)]), "<source schema>", "exec"), names)
    valid: Callable[[object], bool] = names["valid"]
    return valid
