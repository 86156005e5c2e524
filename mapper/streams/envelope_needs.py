"""Envelope needs: the parts of a body that the items of a mapping need, from its paths and templates."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from mapper import ir
from mapper.compiler import Analysis, analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_source
from mapper.ir.liquid import walk
from mapper.runtime.items import Step
from mapper.streams.envelopes import EnvelopeNeeds

ENVELOPE = "envelope"  # the body's name in Liquid


def envelope_needs(mapping: Path) -> EnvelopeNeeds:
    """The parts of a body to keep beside a rejected item, for a mapping file that compiles."""
    report = Report()
    file = read_source(mapping, report)
    if file is None:
        return EnvelopeNeeds((), None, None)
    return needs_of(analyse(file, mapping.parent, report))


def needs_of(analysis: Analysis) -> EnvelopeNeeds:
    """The same, for a mapping that is analysed."""
    if analysis.spec is None or analysis.program is None:
        return EnvelopeNeeds((), None, None)
    texts = tuple(text.value for text in analysis.spec.each) or ("$",)
    program = analysis.program
    # A part of a form is kept with the whole form: its envelope would be JSON.
    alternatives = _alternatives(program.each) if program.policy.reads_json else None
    return EnvelopeNeeds(texts, alternatives, _reads(program))


def _alternatives(paths: tuple[ir.Path, ...]) -> tuple[tuple[Step, ...], ...] | None:
    """The steps of each alternative; None if one holds more than names, `[*]` and `[:]`."""
    found = [steps for steps in map(ir.plain_steps, paths) if steps is not None]
    return tuple(found) if len(found) == len(paths) else None


def _reads(program: ir.Program) -> frozenset[str] | None:
    """The names the mapping reads at the top of the body, through `envelope`; None if that may be any."""
    names: set[str] = set()
    for node in walk(tuple(getattr(program, part.name) for part in fields(program) if part.name != "each")):
        match node:
            case ir.Path(ir.Root.BODY, (ir.Child((ir.Name(name),)), *_)):
                names.add(name)
            case ir.Path(ir.Root.BODY):
                return None
            case ir.Lookup(name, (str(key), *_)) if name == ENVELOPE:
                names.add(key)
            case ir.Lookup(name) if name == ENVELOPE:
                return None
            case ir.Template(text, None) | ir.Condition(text, None) | ir.Compute(text, None) if (
                ENVELOPE in text
            ):
                return None
            case ir.Template(partials=partials) if any(ENVELOPE in text for _, text in partials):
                return None
    return frozenset(names)
