"""Time lowering: formats, zones, windows and written forms of `as: timestamp` are checked and become ir."""

from __future__ import annotations

from enum import Enum
from zoneinfo import available_timezones

from mapper import ir
from mapper.diagnostics.diagnostic import Report, Severity, did_you_mean
from mapper.diagnostics.source import Span, SpannedText
from mapper.language import spec
from mapper.language.time_modifiers import format_hint
from mapper.runtime.times.formats import DATE_FORMAT, ISO_FORMATS, NAMED_FORMATS
from mapper.runtime.times.patterns import check_pattern, compile_pattern
from mapper.runtime.times.times import EPOCH_UNITS, check_window, is_time_of_day, parse_bound
from mapper.runtime.times.writing import (
    DigitsForm,
    EpochForm,
    PatternForm,
    TimeForm,
    check_written_pattern,
    shows_zone,
)
from mapper.runtime.times.zones import load_zone

_DIGITS = {"s": 0, "us": 6, "ns": 9}
_ZONE_HINT = "write an IANA name such as `Asia/Kolkata`, `UTC`, or an offset such as `+05:30`"


def lower_time(
    value: ir.Value, modifiers: spec.Modifiers, on_error: ir.OnError, span: Span, report: Report
) -> ir.Timestamp:
    """The node of a value `as: timestamp`; errors are in the report."""
    formats = _formats(modifiers, report) or ("iso8601",)
    if modifiers.reads_times:  # else what seems to be absent is there, and reported
        _check_zone(modifiers, report)
        _check_time_of_day(modifiers, report)
    low, high = _window(modifiers.within, report)
    zone, time_of_day = modifiers.zone, modifiers.time_of_day
    return ir.Timestamp(
        value,
        formats,
        None if zone is None else zone.value,
        None if time_of_day is None else time_of_day.value,
        low,
        high,
        None if modifiers.write is None else _form(modifiers.write, report),
        on_error,
        span,
        modifiers.declares_errors,
    )


def _formats(modifiers: spec.Modifiers, report: Report) -> tuple[str, ...]:
    """The formats that can be used: the checker computes with them, also if there are others."""
    usable: list[str] = []
    for index, text in enumerate(modifiers.formats):
        if any(text.value == before.value for before in modifiers.formats[:index]):
            label = "the same format stands before it"
            report.error("M503", "a format that can never be tried", text.whole(), label, "remove it")
        elif _is_usable(text, report):
            usable.append(text.value)
    return tuple(usable)


def _is_usable(text: SpannedText, report: Report) -> bool:
    """True for a format that can be read by; any other is reported (M115)."""
    name = text.value
    if name in NAMED_FORMATS:
        return True
    if "%" in name:
        problem, hint = check_pattern(name), ""
    else:
        problem, hint = "neither a named format nor a pattern", format_hint(name, NAMED_FORMATS)
    if problem:
        report.error("M115", f"unusable time format `{name}`", text.whole(), problem, hint)
    return not problem


def _check_zone(modifiers: spec.Modifiers, report: Report) -> None:
    """Report a zone that is unknown or can never matter (M116, M113), and formats that want one (M116)."""
    zone = modifiers.zone
    uses = [(text, _zone_use(text.value)) for text in modifiers.formats]
    if zone is None:
        for text in (text for text, use in uses if use is _ZoneUse.NEEDED):
            reason, hint = "every such time would be unreadable", "add `zone:`, such as `UTC`"
            report.error("M116", "no format tells the zone", text.whole(), reason, hint)
    elif load_zone(zone.value) is None:
        _report_unknown_zone(zone, report)
    elif uses and all(use is _ZoneUse.IGNORED for _, use in uses):
        headline, label = "`zone` beside formats that tell the zone", "it would be ignored"
        hint = "remove it; to write the time in a zone, use `write: {pattern: .., zone: ..}`"
        report.error("M113", headline, zone.whole(), label, hint)


def _report_unknown_zone(zone: SpannedText, report: Report) -> None:
    hints = (did_you_mean(zone.value, sorted(available_timezones())), _ZONE_HINT)
    message = f"unknown time zone `{zone.value}`"
    report.add("M116", message, zone.whole(), "no such zone", tuple(filter(None, hints)), Severity.ERROR)


class _ZoneUse(Enum):
    NEEDED = "no time can be read without a zone"
    POSSIBLE = "the zone is for texts without an offset; or the format is unusable"
    IGNORED = "all times tell their zone"


def _zone_use(name: str) -> _ZoneUse:
    if name in EPOCH_UNITS:
        return _ZoneUse.IGNORED
    if name == DATE_FORMAT:
        return _ZoneUse.NEEDED
    if name in ISO_FORMATS or check_pattern(name) is not None:
        return _ZoneUse.POSSIBLE
    return _ZoneUse.IGNORED if compile_pattern(name).reads_zone else _ZoneUse.NEEDED


def _check_time_of_day(modifiers: spec.Modifiers, report: Report) -> None:
    text = modifiers.time_of_day
    dates = [each for each in modifiers.formats if each.value == DATE_FORMAT]
    if text is None:
        for each in dates:
            reason, hint = "a date is not a moment", 'add `time_of_day:`, such as `"12:00"`'
            report.error("M130", "`from: date` without `time_of_day`", each.whole(), reason, hint)
    elif not dates:
        hint = "a pattern without an hour means midnight" if modifiers.formats else "add `from: date`"
        reason = "only `from: date` reads dates without a time"
        report.error("M113", "`time_of_day` without `from: date`", text.whole(), reason, hint)
    elif not is_time_of_day(text.value):
        message = f"unreadable time of day `{text.value}`"
        report.error("M130", message, text.whole(), "not from `00:00` to `23:59:59`", 'write `"12:00"`')


def _form(write: spec.WrittenTime, report: Report) -> TimeForm | None:
    """The form of `write`; None for the canonical one."""
    if write.name in EPOCH_UNITS:
        return EpochForm(EPOCH_UNITS[write.name])
    if write.precision is not None:
        return DigitsForm(_DIGITS[write.precision]) if write.precision in _DIGITS else None
    pattern, zone = write.pattern, write.zone
    if zone is not None and load_zone(zone.value) is None:
        _report_unknown_zone(zone, report)
        return None
    if pattern is None:
        return None
    if problem := check_written_pattern(pattern.value):
        message = f"unusable time format `{pattern.value}`"
        report.error("M115", message, pattern.whole(), problem)
        return None
    if zone is not None and not shows_zone(pattern.value):
        headline, label = "`zone` beside a pattern that is the same in all zones", "it would be ignored"
        report.error("M113", headline, zone.whole(), label, "remove it")
    return PatternForm(pattern.value, "UTC" if zone is None else zone.value)


def _window(window: spec.Window | None, report: Report) -> tuple[ir.Bound | None, ir.Bound | None]:
    if window is None:
        return None, None
    low, high = _bound(window.low, report), _bound(window.high, report)
    problem = check_window(low, high)
    if problem:
        report.error("M117", "no time lies in this window", window.span, problem)
    return low, high


def _bound(text: SpannedText | None, report: Report) -> ir.Bound | None:
    if text is None:
        return None
    bound = parse_bound(text.value)
    if bound is None:
        hint = "write a date, an RFC 3339 date-time, `received_at`, or `received_at + 1d` (units s m h d)"
        report.error("M117", f"unreadable bound `{text.value}`", text.whole(), "not a time", hint)
        return None
    return bound
