"""Claims: what the checker says of a mapping, held against payloads that its source schema allows.

A field without a diagnostic claims that it never stops an item unasked; a payload in a hint claims to be
rejected; `cannot be`, `never` and `always` claim that no payload passes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema.exceptions import best_match

from mapper import ir
from mapper.compiler import Analysis, analyse
from mapper.diagnostics.diagnostic import Diagnostic, Report, Severity
from mapper.diagnostics.source import SourceFile, Span
from mapper.ir.liquid import walk
from mapper.runtime.blank import is_blank_text
from mapper.runtime.work import OUT_OF_WORK
from mapper.transform.runner import Execute, Payload, ProgramRunner, Run
from support.declared import declared_places
from support.shown_payloads import whole_payload
from support.validators import reference

Json = Any
OPEN = "M412"
# Faults of the limits of a run, and of the request, which no schema describes.
_UNJUDGED = frozenset({"M619", "M620", "M624", *OUT_OF_WORK})
_SHOWN = re.compile(r"^(?:smallest payload that fails: `(.*)`|a payload that shows it: (.*))$", re.DOTALL)
_EXTRA = re.compile(r"(header|query|setting) ([^ :=]+)(?:: |=)([^,)]*)")
_QUOTED = re.compile(r"`[^`]*`")
_CERTAIN = re.compile(r"^`(\w+)` (?:cannot be|never fits|is always)")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Words for the answers of the checker, and each claim that a payload breaks."""

    words: tuple[str, ...]
    broken: tuple[str, ...] = ()


@dataclass(slots=True)
class _Judging:
    program: ir.Program
    source: Json
    target: Json
    diagnostics: tuple[Diagnostic, ...]
    execute: Execute
    runner: ProgramRunner
    extents: dict[str, tuple[int, int]]
    broken: list[str] = field(default_factory=list)


def is_surely_wrong(folder: Path, case: Json) -> bool:
    """True if the checker reports an error of a case without a payload: that leaves little to be judged."""
    return "error" in _words(checked(folder, case).report.ordered())


def checked(folder: Path, case: Json) -> Analysis:
    """The analysis of a case, whose schemas are written into a folder."""
    for name in ("source", "target"):
        (folder / f"{name}.schema.json").write_text(json.dumps(case[name]), "utf-8")
    file = SourceFile(str(folder / "case.yaml"), json.dumps(case["mapping"]))
    return analyse(file, folder, Report())


def judge(folder: Path, case: Json) -> Judgement:
    """Check `{"mapping": .., "source": .., "target": .., "payloads": [..]}`, written into a folder."""
    analysis = checked(folder, case)
    found = analysis.report.ordered()
    words = tuple(_words(found))
    program, source = analysis.program, analysis.references.source
    # If a part of the mapping cannot be read, nothing is claimed of the rest.
    is_unread = any(each.code < "M300" for each in found if each.severity is Severity.ERROR)
    if program is None or source is None or is_unread:
        return Judgement(words)
    runner = ProgramRunner(analysis.file, source, analysis.objects_only)
    execute = runner.prepare(program, case["target"])
    judging = _Judging(
        program, case["source"], case["target"], found, execute, runner, dict(_extents(program))
    )
    fits = reference(case["source"]).is_valid
    judged = 0
    for payload in case["payloads"]:
        if fits(payload):
            judged += 1
            _judge_run(judging, payload)
    for diagnostic in found:
        _judge_shown(judging, diagnostic, fits)
    return Judgement((*words, *(["no payload"] if not judged else [])), tuple(dict.fromkeys(judging.broken)))


def _words(found: tuple[Diagnostic, ...]) -> Iterator[str]:
    is_error = [each.severity is Severity.ERROR for each in found]
    shows = [_shown(each) is not None for each in found]
    if not found:
        yield "clean"
    elif any(error and not shown for error, shown in zip(is_error, shows, strict=True)):
        yield "error"
    elif any(shows):
        yield "refuted"
    elif any(each.code == OPEN for each in found):
        yield "open"
    else:
        yield "warned"
    if any(each.code == OPEN for each in found):
        yield "has an open question"
    yield from dict.fromkeys(each.code for each in found)
    for each in found:
        if each.code == OPEN:
            text = each.labels[0].text if each.labels else each.message
            yield f"open: {_QUOTED.sub('..', text)[:70]}"


def _extents(program: ir.Program) -> Iterator[tuple[str, tuple[int, int]]]:
    """The ranges of the text of the fields, vars and rules."""
    for var in program.vars:
        yield f"var {var.name}", _extent(var.span, var.value)
    for number, rule in enumerate(program.rules):
        yield f"rule {number}", _extent(None, rule.condition)
    if isinstance(program.output, ir.Record):
        for entry in program.output.fields:
            yield entry.name, _extent(entry.span, entry.value)


def _extent(name: Span | None, value: object) -> tuple[int, int]:
    spans = [part.span for part in walk(value) if isinstance(getattr(part, "span", None), Span)]
    spans += [] if name is None else [name]
    return min((span.start for span in spans), default=0), max((span.end for span in spans), default=0)


def _place_of(judging: _Judging, span: Span | None) -> str:
    """The name of the field, var or rule around a span; empty if there is none."""
    if span is None:
        return ""
    around = (
        name for name, (start, end) in judging.extents.items() if start <= span.start and span.end <= end
    )
    return next(around, "")


def _judge_run(judging: _Judging, payload: Json) -> None:
    run = judging.execute(Payload(payload, {}, {}, {}))
    if any(code == "M901" for code, _, _ in run.faults):
        judging.broken.append("a defect M901")
    if run.skipped:
        return
    # A mapping that is wrong for every payload does not compile, and the rest of it is not asked about.
    claims = () if "error" in _words(judging.diagnostics) else run.faults
    for code, span, _ in claims:
        if code not in _UNJUDGED and not _is_announced(judging, code, span):
            reason = _reason(judging, payload, code, _place_of(judging, span))
            if reason is not None:
                place = " in a template" if isinstance(judging.program.output, ir.Template) else ""
                judging.broken.append(f"unannounced {code} {reason}".rstrip() + place)
    if not run.faults:
        for each in judging.diagnostics:
            certain = _CERTAIN.match(each.message)
            if certain and _shown(each) is None and isinstance(run.event, dict) and certain[1] in run.event:
                judging.broken.append(f"passes although {each.code} says never")


def _is_announced(judging: _Judging, code: str, span: Span | None) -> bool:
    place = _place_of(judging, span)
    for each in judging.diagnostics:
        # A question about the event as a whole is asked at none of its fields.
        places = {_place_of(judging, label.span) for label in each.labels[:1]}
        if not place or places & {place, ""}:
            return True
    declared = set(declared_places(judging.program))
    return span is not None and (code, span.start, span.end) in declared


def _reason(judging: _Judging, payload: Json, code: str, place: str) -> str | None:
    """The keyword of the target that is not met, for a fault of the event; None if it was asked for."""
    if code != "M612":
        return ""
    run = judging.runner.prepare(judging.program, True)(Payload(payload, {}, {}, {}))
    output = judging.program.output
    value = run.event.get(place) if isinstance(run.event, dict) else None
    fields = output.fields if isinstance(output, ir.Record) else ()
    is_required = any(entry.name == place and isinstance(entry.value, ir.Required) for entry in fields)
    if is_required and isinstance(value, str) and is_blank_text(value):
        return None  # a blank text counts as missing for `on_missing: reject`
    error = best_match(reference(judging.target).iter_errors(run.event))
    return "" if error is None else str(error.validator)


def _shown(diagnostic: Diagnostic) -> str | None:
    for hint in diagnostic.hints:
        shown = _SHOWN.match(hint)
        if shown:
            return shown[1] or shown[2]
    return None


def _judge_shown(judging: _Judging, diagnostic: Diagnostic, fits: Any) -> None:
    shown = _shown(diagnostic)
    if shown is None:
        return
    body, extras = whole_payload(shown, judging.source)
    given: dict[str, dict[str, Any]] = {"header": {}, "query": {}, "setting": {}}
    for kind, name, value in _EXTRA.findall(extras):
        given[kind][name] = json.loads(value) if kind == "setting" else value
    if not fits(body):
        judging.broken.append(f"a payload of {diagnostic.code} that the source does not allow")
        return
    run = judging.execute(Payload(body, given["header"], given["query"], given["setting"]))
    if run.skipped or not run.faults:
        judging.broken.append(f"a payload of {diagnostic.code} that is not rejected")
    elif not _concerns(judging, diagnostic, run):
        judging.broken.append(f"a payload of {diagnostic.code} that is rejected elsewhere")


def _concerns(judging: _Judging, diagnostic: Diagnostic, run: Run) -> bool:
    """True if a fault is at the diagnostic's place, or at one where another diagnostic foresees it."""
    place = _place_of(judging, diagnostic.span)
    at = [(code, span) for code, span, _ in run.faults]
    return any(
        _place_of(judging, span) in (place, "") or _is_announced(judging, code, span) for code, span in at
    )
