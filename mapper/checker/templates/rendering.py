"""Rendering: a compiled template is rendered with payloads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import TypeAlias

from mapper import ir
from mapper.checker.templates.emission import write
from mapper.checker.templates.json_grammar import JsonFault, JsonPlace
from mapper.checker.templates.payloads import TemplateInput
from mapper.runtime.faults import Fault, Skip
from mapper.runtime.limits import Limits, trial_limits, within
from mapper.runtime.liquid.filters import apply
from mapper.runtime.missing import MISSING
from mapper.runtime.schema.validation import delegate
from mapper.schemas.schema import Schema

# Renders a template: the event of a payload, or the number of a skip rule. Raises Fault or Skip.
Render: TypeAlias = Callable[[TemplateInput], object]
# Compiles a program so that its template can be rendered. The compiler provides it, because a check must not
# import later stages. The second argument replaces `filters.apply` in the generated code.
PrepareTemplate: TypeAlias = Callable[[ir.Program, Callable[..., object]], Render]

_MAX_JUDGED = 5_000_000  # subschemas that items are held against, for one template
_CHARACTERS_A_RENDERING = 2_000


@dataclass(frozen=True, slots=True)
class TemplateRendering:
    """One rendering. `broken` is the reason why its text is not JSON; `at` is the offset of the bad
    character.

    `value` is the parsed JSON; MISSING if there is none: the item was skipped, or rejected for another
    reason.
    """

    text: str = ""
    broken: str = ""
    at: int = 0
    value: object = MISSING

    @property
    def passes(self) -> bool:
        """True if JSON was rendered and parsed."""
        return not self.broken and self.value is not MISSING


@dataclass(slots=True)
class TemplateRenderer:
    """Renders a template by its generated code; counts the renderings left.

    One in which filters work on many characters or elements counts for several.
    """

    valid: Callable[[object], bool]
    limits: Limits
    render: Render = field(init=False)
    left: int = 0
    worked_on: int = 0

    def run(self, given: TemplateInput) -> TemplateRendering:
        """Render the template with an input."""
        self.left -= 1
        self.worked_on = 0
        try:
            with within(self.limits):
                outcome = self.render(given)
        except Skip:
            return TemplateRendering()
        except Fault as fault:
            return self._faulty(fault)
        except Exception:
            return TemplateRendering()
        finally:
            self.left -= self.worked_on // _CHARACTERS_A_RENDERING
        return TemplateRendering() if type(outcome) is int else TemplateRendering(value=outcome)

    def apply(
        self, function: Callable[..., object], site: int, value: object, *args: object, **kwargs: object
    ) -> object:
        """Call a filter for the generated code; counts the characters and elements that it works on."""
        if isinstance(value, str | list | tuple):
            self.worked_on += len(value)
        return apply(function, site, value, *args, **kwargs)

    def _faulty(self, fault: Fault) -> TemplateRendering:
        if fault.code not in ("M621", "M622") or not isinstance(fault.value, str):
            return TemplateRendering()
        text = fault.value
        after = _after(text)
        if not isinstance(after, JsonPlace):
            return TemplateRendering(text, after[1].why, after[0])
        if not after.is_complete:
            return TemplateRendering(
                text, "the text ends too early" if text.strip() else "the text is empty", len(text)
            )
        if fault.code == "M622":
            return TemplateRendering(value=json.loads(text))
        return TemplateRendering(text, "it holds a number that is out of range")

    def breaks(self, given: TemplateInput) -> TemplateRendering | None:
        """The rendering if it is broken and the source schema admits the payload; else None."""
        rendered = self.run(given)
        return rendered if rendered.broken and self.valid(given.item) else None


@lru_cache(maxsize=256)
def _after(text: str) -> JsonPlace | tuple[int, JsonFault]:
    return write(JsonPlace(), text)[0]


def renderer_of(program: ir.Program, prepare: PrepareTemplate, source: Schema | None) -> TemplateRenderer:
    """The renderer of a template with payloads of a source schema; raises the exceptions of `prepare`."""
    renderer = TemplateRenderer(_validator(source), trial_limits(len(program.output.span.text)))
    with within(renderer.limits):
        renderer.render = prepare(program, renderer.apply)
    return renderer


def _validator(source: Schema | None) -> Callable[[object], bool]:
    if source is None:
        return lambda item: True
    fits = delegate(json.dumps(source.document))
    max_judged = _MAX_JUDGED // source.size
    judged = count()

    def valid(item: object) -> bool:
        if next(judged) >= max_judged:
            return False
        try:
            return fits(item)
        except RecursionError:  # an item that cannot be judged is not admitted
            return False

    return valid
