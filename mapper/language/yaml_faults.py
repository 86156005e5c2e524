"""YAML faults: an error of the YAML parser becomes a diagnostic that names the change to make."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from mapper.diagnostics.diagnostic import Label, Report, Severity
from mapper.diagnostics.render.visible import shorten
from mapper.diagnostics.source import SourceFile, Span
from mapper.language.scalars import quoted

_QUOTED = r""""(?:\\.|[^"\\])*"|'(?:[^']|'')*'"""
_PATH_IN_FLOW = re.compile(_QUOTED + r"|(?<![^\s\[{,:])(?P<path>\$[^\s,\[\]{}'\"]*)[\[{]")
_FLOW_OPENS = re.compile(r"(?:^\s*|[:\-]\s+)[\[{]")
_LIQUID_OPENS = re.compile(r"(?:^|[:\-,\[{]\s+|[\[{,])(?P<liquid>\{[{%])")
_COMPUTE = re.compile(r"(?<![^\s{,\[])compute:(?=\s|$)\s*")
_IS_QUOTED = re.compile(rf"(?:{_QUOTED})\s*(?:$|[,}}\]#])")
_NEXT_KEY = re.compile(r",\s*[a-z_]+:\s")
_BRACE = re.compile(r"\}(?=[\s,}\]]*$)|\}(?=,)")
_SHOWN = 500  # characters of an expression at most: the patterns for its end look ahead
_MAX_LINES = 20  # of an expression
_UP_TO_COMMENT = re.compile(rf"(?:{_QUOTED}|(?!\s#).)*")
_CRAMPED_KEY = re.compile(r"^[\s-]*[A-Za-z_]\w*(?P<colon>:)\S")


def is_nesting_limit(error: yaml.YAMLError) -> bool:
    """True if the parser stopped at a limit of its own, not at a fault of the text.

    libyaml calls it "exceeded maximum nesting depth"; the words of other versions differ.
    """
    problem = getattr(error, "problem", None) or ""
    return "nesting" in problem.lower()


def explain_fault(
    file: SourceFile, report: Report, error: yaml.YAMLError, shift: int, *, in_flow: bool
) -> None:
    """Report the fault at which the YAML parser stopped: as M120 for an unquoted path, else as M101."""
    problem = getattr(error, "problem", None) or "the text is not YAML"
    place = _offset(file, getattr(error, "problem_mark", None), shift)
    opened = _offset(file, getattr(error, "context_mark", None), shift)
    if place is None:
        place = opened if opened is not None else 0
    context = getattr(error, "context", None) or ""
    if _report_unquoted_path(file, report, place, in_flow or "flow" in context):
        return
    liquid = _unquoted_liquid(file, place)
    if liquid is not None:
        report_unquoted_liquid(file, report, liquid)
        return
    if _report_unquoted_expression(file, report, place):
        return
    _report_problem(_Fault(file, report, problem, context, place, opened))


def report_unquoted_liquid(file: SourceFile, report: Report, start: int) -> None:
    """Report Liquid text at `start` that YAML reads as a flow mapping."""
    opening = file.text[start : start + 2]
    closing = file.text.rfind("}}" if opening == "{{" else "%}", start, file.line_around(start).end)
    while opening == "{{" and closing > start and file.text[closing - 1 : closing] == "}":
        closing -= 1  # the last brace ends the mapping around it
    span = Span(file, start, closing + 2 if closing != -1 else start + 2)
    report.error(
        "M101",
        f"text that begins with `{opening}` needs quotes",
        span,
        "YAML reads a brace as the start of a mapping",
        _quote_hint("Liquid text", span.text if closing != -1 else ""),
    )


def report_question_mark(file: SourceFile, report: Report, start: int) -> None:
    """Report text inside `[..]` or `{..}` that begins with `?`: for the parser the sign only opens a key."""
    match = re.compile(r"[^\s,\[\]{}:]+").match(file.text, start)
    span = Span(file, start, match.end() if match else start + 1)
    label = "YAML 1.2 reads text here, older parsers read a key"
    report.error(
        "M101", "text that begins with `?` needs quotes", span, label, _quote_hint("text", span.text)
    )


def report_cramped_colon(file: SourceFile, report: Report, colon: int) -> None:
    """Report a colon that ends no key because no blank follows it."""
    span = Span(file, colon, colon + 1)
    report.error("M101", "a blank is missing after the colon", span, "a key ends in `: `")


@dataclass(frozen=True, slots=True)
class _Fault:
    """An error of the parser, with its places as offsets."""

    file: SourceFile
    report: Report
    problem: str
    context: str
    place: int
    opened: int | None

    def say(self, message: str, start: int, end: int, label: str = "", hint: str = "") -> None:
        """Report M101 over a range."""
        self.report.error("M101", message, self.span(start, end), label, hint)

    def rest_of_line(self, start: int) -> str:
        """The text from an offset to the end of its line, without blanks at its end."""
        return self.file.text[start : self.file.line_around(start).end].rstrip()

    def span(self, start: int, end: int) -> Span:
        """A range inside the file: the parser also reports faults behind its end."""
        length = len(self.file.text)
        return Span(self.file, min(start, length), min(end, length))


def _report_problem(fault: _Fault) -> None:
    """The first description that fits; libyaml and the pure parser word their problems almost alike."""
    problem, context = fault.problem, fault.context
    nearby = fault.file.text[max(fault.place - 1, 0) : fault.place + 1]
    if "\t" in nearby and ("token" in problem or "tab" in problem or "indentation" in problem):
        _say_tab(fault)
    elif "cannot start any token" in problem:
        _say_reserved(fault, fault.place)
    elif context.endswith(("an alias", "an anchor")) and fault.opened is not None:
        _say_reserved(fault, fault.opened)
    elif "quoted scalar" in context and "end of" in problem and fault.opened is not None:
        hint = "inside single quotes a quote is written twice" if _at(fault, fault.opened) == "'" else ""
        fault.say("a quote that is never closed", fault.opened, fault.opened + 1, "opened here", hint)
    elif "escape" in problem or "hexdecimal" in problem:
        start = fault.file.text.rfind("\\", 0, fault.place + 1)
        hint = "double the backslash, or write the text in single quotes"
        if "Unicode" in problem:
            hint = "write the character itself, or its number as `\\UXXXXXXXX`"
        fault.say("an escape that YAML does not know", max(start, 0), start + 2, "", hint)
    elif "block scalar" in context:
        label = "only `-`, `+` or a number may follow the sign"
        hint = "begin the text on the next line, indented"
        fault.say("text beside the sign of a block", fault.place, fault.place + 1, label, hint)
    elif "unexpected ':'" in problem:
        report_cramped_colon(fault.file, fault.report, fault.place)
    elif "find expected ':'" in problem:
        _say_missing_colon(fault)
    elif "mapping values are not allowed" in problem:
        _say_second_colon(fault)
    else:
        _report_structure(fault)


def _report_structure(fault: _Fault) -> None:
    """Faults of the parser proper: brackets, tags, lines that do not fit."""
    if "node content" in fault.problem and _at(fault, fault.place):
        fault.say(f"a value cannot begin with `{_at(fault, fault.place)}`", fault.place, fault.place + 1)
    elif "flow" in fault.context:
        _say_open_bracket(fault)
    elif "tag" in fault.context or "tag handle" in fault.problem:
        start = fault.place if fault.opened is None else fault.opened
        start = fault.file.text.find("!", start) if "!" in fault.file.text[start:] else start
        report_tag(fault.file, fault.report, start)
    elif "block mapping" in fault.context or "block collection" in fault.context:
        _say_stray_text(fault)
    else:
        fault.say("the text is not YAML", fault.place, fault.place + 1, fault.problem)


def report_tag(file: SourceFile, report: Report, start: int) -> None:
    """Report the tag that begins at `start`."""
    match = re.compile(r"[^\s,\[\]{}]+").match(file.text, start)
    span = Span(file, start, match.end() if match else start + 1)
    hint = "quote a value to make it text; `as:` casts at run time"
    report.error("M109", f"the tag `{shorten(span.text)}`", span, "mappings have no tags", hint)


def _say_tab(fault: _Fault) -> None:
    text = fault.file.text
    start = fault.place if text[fault.place : fault.place + 1] == "\t" else fault.place - 1
    end = start
    while text[end : end + 1] == "\t":
        end += 1
    fault.say("a tab in the indentation", start, end, "YAML indents with blanks only", "use blanks")


def _say_reserved(fault: _Fault, start: int) -> None:
    text = fault.rest_of_line(start)
    name = "a backtick" if text[:1] == "`" else f"`{text[:1]}`"
    hint = _quote_hint("text", text if " #" not in text else "")
    fault.say(f"plain text cannot begin with {name}", start, start + 1, "YAML reserves this character", hint)


def _say_missing_colon(fault: _Fault) -> None:
    start = fault.opened if fault.opened is not None else fault.place
    line = fault.file.line_around(start)
    cramped = _CRAMPED_KEY.match(line.text)
    if cramped:
        report_cramped_colon(fault.file, fault.report, line.start + cramped.start("colon"))
        return
    end = start + len(fault.rest_of_line(start))
    fault.say("a line without `key: value`", start, end, "no colon follows this text")


def _say_second_colon(fault: _Fault) -> None:
    before = fault.file.text[fault.file.line_around(fault.place).start : fault.place]
    if re.search(r":\s", before):
        message, hint = "a second `: ` in one line", "quote the text that holds the colon"
    else:
        message, hint = "a key where none can be", "keys of one mapping begin in the same column"
    fault.say(message, fault.place, fault.place + 1, "this colon cannot end a key", hint)


def _say_open_bracket(fault: _Fault) -> None:
    opened = fault.opened if fault.opened is not None else fault.place
    bracket = _at(fault, opened)
    closing = {"[": "]", "{": "}"}.get(bracket, "the end")
    place = fault.span(fault.place, fault.place + 1)
    message = f"{f'`{bracket}`' if bracket else 'a bracket'} is not closed as it should be"
    more = (Label(fault.span(opened, opened + 1), "opened here"),)
    fault.report.add("M101", message, place, f"expected `,` or `{closing}`", (), Severity.ERROR, more)


def _say_stray_text(fault: _Fault) -> None:
    before = fault.file.text[fault.file.line_around(fault.place).start : fault.place].rstrip()
    end = fault.place + len(fault.rest_of_line(fault.place))
    if before.endswith(("'", '"')):
        hint = "quotes must hold the whole value; inside single quotes a quote is written twice"
        fault.say("text after the closing quote", fault.place, end, "the value has ended before", hint)
        return
    if before.endswith(("]", "}")):
        hint = "quote the whole value"
        fault.say("text after the closing bracket", fault.place, end, "the value has ended before", hint)
        return
    hint = "keys of one mapping, and dashes of one list, begin in the same column"
    label = "nothing above begins in this column"
    fault.say("a line that does not fit the ones above", fault.place, end, label, hint)


def _report_unquoted_path(file: SourceFile, report: Report, place: int, in_flow: bool) -> bool:
    """Report M120 if a path on the line stops at a bracket because it is inside `[..]` or `{..}`."""
    line = file.line_around(place)
    found = None
    for match in _PATH_IN_FLOW.finditer(line.text):
        if match["path"] and line.start + match.start() <= place:
            found = match
    if found is None or not (in_flow or _FLOW_OPENS.search(line.text[: found.start()])):
        return False
    span = line.part(found.start(), found.start() + _path_length(line.text[found.start() :]))
    report.error(
        "M120",
        "a path with brackets needs quotes here",
        span,
        "inside `[..]` and `{..}` YAML ends plain text at a bracket",
        _quote_hint("path", span.text),
    )
    return True


def _report_unquoted_expression(file: SourceFile, report: Report, place: int) -> bool:
    """Report M101 for the expression of a `compute`, on the line of the fault, that is no text in YAML."""
    line = file.line_around(place)
    starts = [found.end() for found in _COMPUTE.finditer(line.text)]
    starts = [start for start in starts if line.text[start:] and not _IS_QUOTED.match(line.text, start)]
    if not starts:
        return _report_expression_over_lines(file, report, line)
    # The parser stops inside of the expression, or behind it.
    start = max((each for each in starts if line.start + each <= place), default=starts[0])
    text = line.text[start:][:_SHOWN]
    if "{" in line.text[:start]:
        for end in (_NEXT_KEY, _BRACE):
            text = end.split(text, maxsplit=1)[0].rstrip()
    else:
        text = _UP_TO_COMMENT.match(text)[0].rstrip()  # type: ignore[index]  # it matches any text
    _say_unquoted_expression(line.part(start, start + len(text)), report)
    return True


def _report_expression_over_lines(file: SourceFile, report: Report, line: Span) -> bool:
    """Report M101 for an expression that goes on with a filter on the line of the fault."""
    first, lines = line, 0
    while _goes_on(first.text) and first.start > 0 and lines < _MAX_LINES:
        first, lines = file.line_around(first.start - 1), lines + 1
    opening = first
    if _COMPUTE.search(first.text) is None and first.start > 0:
        opening = file.line_around(first.start - 1)  # the expression begins below `compute:`
    found = _COMPUTE.search(opening.text)
    if not lines or found is None or (opening is not first and found.end() < len(opening.text.rstrip())):
        return False
    start = opening.start + found.end()
    if opening is not first:
        start = first.end - len(first.text.lstrip())
    if _IS_QUOTED.match(file.text, start):
        return False
    last = line
    while last.end < len(file.text) and _goes_on(file.line_around(last.end + 1).text):
        last = file.line_around(last.end + 1)
    _say_unquoted_expression(Span(file, start, last.start + len(last.text.rstrip())), report)
    return True


def _goes_on(line: str) -> bool:
    return line.lstrip().startswith("|")


def _say_unquoted_expression(span: Span, report: Report) -> None:
    report.error(
        "M101",
        "the expression of `compute` needs quotes",
        span,
        "YAML ends plain text at a colon, a comma or a bracket",
        _quote_hint("expression", " ".join(span.text.split()) if "\n" in span.text else span.text),
    )


def _quote_hint(what: str, text: str) -> str:
    """A hint to quote `text`; shows it in quotes if it is short."""
    return f"quote the {what}: {quoted(text)}" if 0 < len(text) <= 80 else f"quote the {what}"


def _path_length(text: str) -> int:
    """The length of the path: it ends at the first comma, blank or closing bracket outside brackets."""
    depth = 0
    quote = ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "[({":
            depth += 1
        elif depth == 0 and character in ",]} \t":
            return position
        elif character in "])}":
            depth -= 1
    return len(text.rstrip())


def _unquoted_liquid(file: SourceFile, place: int) -> int | None:
    """The offset of plain text on the line of the fault that begins with `{{` or `{%`; else None."""
    line = file.line_around(place)
    blanked = re.sub(_QUOTED, lambda match: "." * len(match.group()), line.text)
    match = _LIQUID_OPENS.search(blanked)
    return line.start + match.start("liquid") if match else None


def _at(fault: _Fault, offset: int) -> str:
    return fault.file.text[offset : offset + 1]


def _offset(file: SourceFile, mark: object, shift: int) -> int | None:
    index = getattr(mark, "index", None)
    return None if index is None else min(index + shift, len(file.text))
