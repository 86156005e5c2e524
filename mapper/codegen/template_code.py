"""Codegen of text: a lowered Liquid template or condition becomes plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import assert_never

from mapper.codegen.emitter import Emitter
from mapper.codegen.operand_code import OperandWriter, WrittenLoop, is_textual, may_fail
from mapper.codegen.writer import Writer, literal
from mapper.diagnostics.source import Span
from mapper.ir import liquid as ir
from mapper.ir.values import REQUEST_NAMES, Rule
from mapper.ir.work import round_units
from mapper.runtime.digits import may_have_lost_digits
from mapper.runtime.limits import active
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.liquid.filters.row import Gives
from mapper.runtime.liquid.semantics import VARIABLES, equal, to_text


def emit_template(at: Emitter, template: ir.Template) -> str:
    """Write the statements that render a template; return a local or literal that holds its text."""
    if template.body is None:
        return _emit_interpreted(at, template)
    statements = _Statements(OperandWriter(at, template.rules), template.span, round_units(template))
    statements.prepare(template.body)
    return statements.text(template.body)


def emit_parsed(at: Emitter, template: ir.Template) -> str:
    """A local that holds the event of a mapping that is one template: its text, read as JSON."""
    text, writer = emit_template(at, template), at.writer
    event, site = writer.fresh("event"), writer.site(template.span, "template")
    writer.line(f"{event} = {writer.use('liquid.rendered', 'parse_rendered')}({text}, {site})")
    return event


def emit_rules(at: Emitter, rules: Sequence[Rule]) -> None:
    """At the start of `event`: it returns the number of the rule that skips the item, or raises M626."""
    for number, rule in enumerate(rules):
        at.writer.line(f"if {emit_condition(at, rule.condition)}:", rule.span)
        ending = at.fault("M626", at.site(rule.span), rule.reason) if rule.rejects else f"return {number}"
        at.writer.line(f"    {ending}")


def printed_operand(node: object) -> ir.FilterCall | None:
    """The filtered value of a template that prints it and nothing else."""
    match node:
        case ir.Template(body=(ir.Output(ir.FilterCall() as value),)) if not is_textual(value):
            return value
        case _:
            return None


def emit_operand(at: Emitter, template: ir.Template, operand: ir.Operand) -> str:
    """A local or literal that holds the value of an operand of a template."""
    return OperandWriter(at, template.rules).value(operand)


def emit_printed(at: Emitter, template: ir.Template, held: str) -> str:
    """A local that holds the text of a template that prints nothing but the value in local `held`."""
    return _Statements(OperandWriter(at, template.rules), template.span).printed_alone(held)


def emit_compute(at: Emitter, node: ir.Compute) -> str:
    """Write the statements that compute an expression; return a local that holds its value or MISSING."""
    writer = at.writer
    if node.value is None:
        writer.spend_on(at.item)
        text, rules = writer.constant(literal(node.text), "expression"), literal(node.rules.pairs)
        call = f"{writer.use('liquid.library', 'compute')}({text}, {rules}, {_given(at, node)})"
    else:
        held = OperandWriter(at, node.rules).value(node.value)
        if _is_json(node.value):
            return held
        call = held
        if not isinstance(node.value, ir.Scalar):
            call = f"{writer.use('liquid.semantics', 'as_value')}({held}, {at.site(node.span)})"
    name = at.fresh("computed")
    writer.line(f"{name} = {call}", node.span)
    return name


def _is_json(operand: ir.Operand) -> bool:
    """True if the value of an operand is certainly in a local, and one that JSON has."""
    match operand:
        case ir.Lookup(name) if name not in REQUEST_NAMES:
            return all(isinstance(key, str | int) and key not in ir.SPECIAL_KEYS for key in operand.rest)
        case ir.FilterCall(name=name):
            return ROWS[name].gives not in (Gives.ELEMENT, Gives.DEFAULTED)
        case _:
            return False


def emit_condition(at: Emitter, condition: ir.Condition) -> str:
    """A Python boolean expression for the condition; lookups are written before it."""
    if condition.test is not None:
        return OperandWriter(at, condition.rules).test(condition.test)
    at.writer.spend_on(at.item)
    text = at.writer.constant(literal(condition.text), "condition")
    holds, rules = at.writer.use("liquid.library", "holds"), literal(condition.rules.pairs)
    return f"{holds}({text}, {rules}, {_given(at, condition)})"


def _given(at: Emitter, node: ir.Template | ir.Condition | ir.Compute) -> str:
    """The arguments of the library's interpreter, which may read everything."""
    given = f"{at.item}, {at.body}, {at.request}, {at.site(node.span)}"
    return f"{given}, {at.var_reader.lazy(at, node.vars)}" if node.vars else given


def _emit_interpreted(at: Emitter, template: ir.Template) -> str:
    text = at.writer.constant(literal(template.text), "template")
    how = f"{literal(template.rules.pairs)}, {literal(template.partials)}"
    name = at.writer.fresh("text")
    render, given = (
        at.writer.use("liquid.library", "render"),
        f"{_given(at, template)}, round_units={round_units(template)}",
    )
    at.writer.spend_on(at.item)
    at.writer.line(f"{name} = {render}({text}, {how}, {given})", template.span)
    return name


@dataclass
class _Sink:
    # The destination of text: neighbouring pieces are joined before `put` writes them.
    put: str | None
    pieces: list[str] = field(default_factory=list)

    def joined(self) -> str:
        return _concatenation(self.pieces)


def _concatenation(pieces: Sequence[str]) -> str:
    if not pieces:
        return "''"
    if len(pieces) <= 8:
        return " + ".join(pieces)
    return f"''.join(({', '.join(pieces)}))"


@dataclass
class _Statements:
    operands: OperandWriter
    span: Span
    round_units: int = 0
    stops: dict[str, str] = field(default_factory=dict)
    counters: dict[str, str] = field(default_factory=dict)
    turns: str = ""
    held: str = ""  # of all variables together, if they are so many that they may hold too much

    @property
    def writer(self) -> Writer:
        return self.operands.writer

    def prepare(self, body: tuple[ir.Statement, ...]) -> None:
        """Name the template's variables and counters, and set those that may be read before they are set."""
        nodes = list(ir.walk(body))
        names = {node.name for node in nodes if isinstance(node, ir.Assign | ir.Capture)}
        resumed = {node.label for node in nodes if isinstance(node, ir.For) and node.resumes}
        if len(names) > VARIABLES:
            self.held = self.writer.fresh("held")
            self._start(self.held, "0")
        for node in nodes:
            match node:
                case ir.Assign(name) | ir.Capture(name) if name not in self.operands.variables:
                    self.operands.variables[name] = self.writer.fresh(name)
                    if len(names) > VARIABLES or not _is_set_first(name, body):
                        self._start(self.operands.variables[name], self.operands.use("UNSET"))
                case ir.Count(name) if name not in self.counters:
                    self.counters[name] = self.writer.fresh(name)
                    self._start(self.counters[name], "0")
                case ir.For(label=label) if label in resumed and label not in self.stops:
                    self.stops[label] = self.writer.fresh("stop")
                    self._start(self.stops[label], "0")
                case ir.Cycle() if not self.turns:
                    self.turns = self.writer.fresh("turns")
                    self._start(self.turns, "{}")

    def _start(self, name: str, value: str) -> None:
        self.writer.line(f"{name} = {value}", self.span)

    def text(self, body: tuple[ir.Statement, ...]) -> str:
        """Write the statements; return a local or literal that holds the text they write."""
        if all(
            isinstance(statement, ir.Write | ir.Output | ir.Assign | ir.Count | ir.Cycle)
            for statement in body
        ):
            return self._straight(body)
        loops = any(isinstance(node, ir.For) for node in ir.walk(body))
        store = self.writer.fresh("buffer" if loops else "parts")
        self.writer.line(f"{store} = {self.operands.use('buffer') + '()' if loops else '[]'}", self.span)
        sink = _Sink(f"{store}.write" if loops else f"{store}.append")
        self.block(body, sink, store if loops else "")
        text = self.writer.fresh("text")
        self.writer.line(f"{text} = {store}.getvalue()" if loops else f"{text} = ''.join({store})", self.span)
        return self._limited(text)

    def _straight(self, body: tuple[ir.Statement, ...]) -> str:
        sink = _Sink(None)
        for statement in body:
            self.statement(statement, sink, "")
        if not sink.pieces or (len(sink.pieces) == 1 and isinstance(body[0], ir.Write)):
            return sink.joined()
        text = sink.joined()
        return self._limited(text if text.isidentifier() else self.operands.hold("text", text, self.span))

    def _limited(self, text: str) -> str:
        with self.writer.block(f"if len({text}) > {active().text_length}:", self.span):
            self.writer.line(f"{self.operands.use('too_long')}({self.operands.site(self.span)})", self.span)
        return text

    # --- statements

    def block(self, body: tuple[ir.Statement, ...], sink: _Sink, store: str) -> None:
        """Write the statements of one block; variables that they set are not certain after it."""
        certain = set(self.operands.certain)
        for statement in body:
            self.statement(statement, sink, store)
        self._flush(sink)
        self.operands.certain = certain

    def _flush(self, sink: _Sink) -> None:
        if sink.put is not None and sink.pieces:
            self.writer.line(f"{sink.put}({sink.joined()})", self.span)
            sink.pieces.clear()

    def statement(self, node: ir.Statement, sink: _Sink, store: str) -> None:
        """Write one statement."""
        match node:
            case ir.Write(text):
                sink.pieces.append(literal(text))
                return
            case ir.Output(value, span):
                sink.pieces.append(self._printed(value, span))
                return
            case ir.Count(name, step):
                self._count(self.counters[name], step, sink)
                return
            case ir.Cycle():
                sink.pieces.append(self._cycle(node))
                return
            case ir.Assign(name, value, span):
                self._assign(name, self.operands.value(value), span)
                return
        self._flush(sink)
        match node:
            case ir.Capture(name, body, span):
                self._assign(name, self._captured(body), span)
            case ir.Branches():
                self._branches(node, sink, store)
            case ir.Choices():
                self._choices(node, sink, store)
            case ir.For():
                self._for(node, sink, store)
            case ir.Break(span):
                self.writer.line("break", span)
            case ir.Continue(span):
                self.writer.line("continue", span)
            case ir.Abort(span):
                self.writer.line(
                    f"raise {self.operands.use('Skip', 'faults')}({self.operands.site(span)})", span
                )
            case _ as never:
                assert_never(never)

    def printed_alone(self, held: str) -> str:
        """The text of a value that is held already, within limits."""
        return self._limited(self._printed_held(held, self.span))

    def _printed(self, value: ir.Operand, span: Span) -> str:
        if isinstance(value, ir.Scalar) and not may_have_lost_digits(value.value):
            return literal(to_text(value.value))
        held = self.operands.value(value)
        return held if is_textual(value) else self._printed_held(held, span)

    def _printed_held(self, held: str, span: Span) -> str:
        printed = f"{self.operands.use('to_text')}({held}, {self.operands.site(span)})"
        if held.isidentifier() and held != "MISSING":
            printed = f"{held} if type({held}) is str else {printed}"
        return self.operands.hold("part", printed, span)

    def _count(self, counter: str, step: int, sink: _Sink) -> None:
        if step < 0:
            self.writer.line(f"{counter} -= 1", self.span)
        sink.pieces.append(self.operands.hold("part", f"str({counter})", self.span))
        if step > 0:
            self.writer.line(f"{counter} += 1", self.span)

    def _cycle(self, node: ir.Cycle) -> str:
        values = "".join(f"{self.operands.value(value)}, " for value in node.values)
        turn = f"{self.operands.use('cycle')}({self.turns}, {literal(node.key)}, ({values.rstrip()}))"
        return self.operands.hold(
            "part", f"{self.operands.use('to_text')}({turn}, {self.operands.site(node.span)})"
        )

    def _assign(self, name: str, value: str, span: Span) -> None:
        local = self.operands.variables[name]
        if self.held:
            self.writer.line(f"{self.held} -= {self.operands.use('held_by')}({local})", span)
        self.writer.line(f"{local} = {value}", span)
        self.operands.certain.add(name)
        if self.held:
            site = self.operands.site(span)
            self.writer.line(f"{self.held} = {self.operands.use('hold')}({self.held}, {local}, {site})", span)

    def _captured(self, body: tuple[ir.Statement, ...]) -> str:
        certain = set(self.operands.certain)
        text = self.text(body)
        self.operands.certain = certain
        self.writer.spend(f"len({text})")
        return text

    # --- branches

    def _branches(self, node: ir.Branches, sink: _Sink, store: str) -> None:
        if any(may_fail(branch.test) for branch in node.branches[1:]):
            tests = self._tests_in_turn(node)
        else:
            tests = [self.operands.test(branch.test) for branch in node.branches]
        word = "if"
        for test, branch in zip(tests, node.branches, strict=True):
            with self.writer.block(f"{word} {test}:", node.span):
                self.block(branch.body, sink, store)
            word = "elif"
        if node.otherwise:
            with self.writer.block("else:", node.span):
                self.block(node.otherwise, sink, store)

    def _tests_in_turn(self, node: ir.Branches) -> list[str]:
        """The tests of branches, of which each is computed only if none before it holds; side by side."""
        taken = self.operands.hold("taken", "None", node.span)
        for number, branch in enumerate(node.branches):
            with self.writer.block(f"if {taken} is None:", node.span) if number else nullcontext():
                self.writer.line(f"if {self.operands.test(branch.test)}:", node.span)
                self.writer.line(f"    {taken} = {number}")
        return [f"{taken} == {number}" for number in range(len(node.branches))]

    def _choices(self, node: ir.Choices, sink: _Sink, store: str) -> None:
        if _is_one_of(node):
            self._one_of(node, sink, store)
            return
        matched = self.operands.hold("matched", "0", node.span)
        for choice in node.choices:
            if choice.values is None:
                with self.writer.block(f"if not {matched}:", node.span):
                    self.block(choice.body, sink, store)
                continue
            tests = [self.operands.equality(node.subject, value) for value in choice.values]
            if len(tests) == 1:
                with self.writer.block(f"if {tests[0]}:", node.span):
                    self.writer.line(f"{matched} = 1", node.span)
                    self.block(choice.body, sink, store)
                continue
            times = self.operands.hold("times", " + ".join(f"bool({test})" for test in tests), node.span)
            self.writer.line(f"{matched} += {times}", node.span)
            with self.writer.block(f"for _ in range({times}):", node.span):
                self.block(choice.body, sink, store)

    def _one_of(self, node: ir.Choices, sink: _Sink, store: str) -> None:
        subject = self.operands.value(node.subject)
        word = "if"
        for choice in node.choices:
            head = "else:"
            if choice.values is not None:
                constants = [value for value in choice.values if isinstance(value, ir.Scalar)]
                tests = [self.operands.equals(subject, value) for value in constants]
                head = f"{word} {' or '.join(tests)}:"
            with self.writer.block(head, node.span):
                self.block(choice.body, sink, store)
            word = "elif"

    # --- loops

    def _for(self, node: ir.For, sink: _Sink, store: str) -> None:
        operands, writer, site = self.operands, self.writer, self.operands.site(node.span)
        source = operands.hold(
            "elements", f"{operands.use('elements')}({operands.value(node.source)})", node.span
        )
        source = self._window(node, source, site)
        outer = operands.loops[-1].rounds if operands.loops else "1"
        rounds = operands.hold(
            "rounds", f"{operands.use('rounds')}({source}, {outer}, {site}, {self.round_units})", node.span
        )
        loop = WrittenLoop(node.name, node.label, writer.fresh(node.name), "", f"len({source})", rounds)
        visited = f"reversed({source})" if node.backwards else source
        head = f"for {loop.element} in {visited}:"
        if any(isinstance(inner, ir.Lookup) and inner.name == "forloop" for inner in ir.walk(node.body)):
            index = writer.fresh("index")
            length = operands.hold("length", f"len({source})", node.span)
            loop = WrittenLoop(node.name, node.label, loop.element, index, length, rounds)
            head = f"for {index}, {loop.element} in enumerate({visited}):"
        with writer.block(head, node.span):
            with writer.block(f"if {store}.tell() > {active().text_length}:", node.span):
                writer.line(f"{operands.use('too_long')}({site})", node.span)
            operands.loops.append(loop)
            self.block(node.body, sink, store)
            operands.loops.pop()
        if node.otherwise:
            with writer.block(f"if not {source}:", node.span):
                self.block(node.otherwise, sink, store)

    def _window(self, node: ir.For, source: str, site: int) -> str:
        stop = self.stops.get(node.label)
        if node.limit is None and node.offset is None and stop is None:
            return source
        limit = "None" if node.limit is None else self.operands.value(node.limit)
        offset = "None" if node.offset is None else self.operands.value(node.offset)
        if node.resumes and stop is not None:
            offset = stop
        visited = self.writer.fresh("elements")
        call = f"{self.operands.use('loop_over')}({source}, {limit}, {offset}, {site})"
        self.writer.line(f"{visited}, {stop or '_'} = {call}", node.span)
        return visited


def _is_set_first(name: str, body: tuple[ir.Statement, ...]) -> bool:
    # True if the first statement that mentions the variable sets it, outside of any branch or loop.
    for statement in body:
        inside = statement.value if isinstance(statement, ir.Assign) else statement
        if isinstance(statement, ir.Capture):
            inside = statement.body  # type: ignore[assignment]
        reads = any(
            isinstance(n, ir.Lookup | ir.Assign | ir.Capture) and n.name == name for n in ir.walk(inside)
        )
        if reads:
            return False
        if isinstance(statement, ir.Assign | ir.Capture) and statement.name == name:
            return True
    return False


def _is_one_of(node: ir.Choices) -> bool:
    # True if at most one choice can match: constants that all differ, and an `else` only at the end.
    if not isinstance(node.subject, ir.Lookup) or any(choice.values is None for choice in node.choices[:-1]):
        return False
    seen: list[object] = []
    for choice in node.choices:
        for value in choice.values or ():
            if not isinstance(value, ir.Scalar) or any(equal(value.value, other) for other in seen):
                return False
            seen.append(value.value)
    return bool(seen)
