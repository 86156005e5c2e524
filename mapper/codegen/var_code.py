"""Codegen of vars: each is computed when an item first needs it, and at most once.

A var that is read at one place is written there, and one that is another name of a path costs what the path
costs. Any other is written where `event` first needs it for sure, and kept in a local. If that may be in a
branch or loop, the var becomes a function, which keeps its result in a slot of the list `held`. So a var is
written twice at most, whatever reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from mapper import ir
from mapper.codegen.emitter import BODY, ITEM, REQUEST, Emitter
from mapper.codegen.metering import own_room
from mapper.codegen.path_code import emit_open_path
from mapper.codegen.writer import Writer, literal

_MAX_NESTED = 10  # vars written one inside the other; the compiler's own stack is limited

ValueEmitter = Callable[[Emitter, ir.Value], str]


def is_plain(value: ir.Value) -> bool:
    """True for the value of a var that costs as much as a read of the var, and cannot fail."""
    match value:
        case ir.Path():
            return value.is_singular
        case _:
            return isinstance(value, ir.Literal | ir.FromRequest)


def vars_read_once(program: ir.Program) -> frozenset[ir.Var]:
    """The vars that one place of a program reads, and no text that the library runs."""
    reads: Counter[ir.Var] = Counter()
    for node in ir.walk(program):
        match node:
            case ir.VarRead(_, var) | ir.Lookup(var=ir.Var() as var):
                reads[var] += 1
            case (
                ir.Template(body=None, vars=known)
                | ir.Condition(test=None, vars=known)
                | ir.Compute(value=None, vars=known)
            ):
                reads.update((*known, *known))
    return frozenset(var for var, count in reads.items() if count == 1)


@dataclass(slots=True)
class VarCode:
    """Writes the reads of the vars of a program, and afterwards the functions they call.

    `functions` has the name of each function. `started` are vars that a function may have computed already.
    `stores` are lines of `event` that matter only if it calls functions. `begin` may be called again, for
    another function like `event` that shares the functions of vars.
    """

    program: ir.Program
    emit: ValueEmitter
    functions: dict[ir.Var, str] = field(default_factory=dict)
    _once: frozenset[ir.Var] = field(init=False)
    _below: frozenset[ir.Var] = field(init=False)
    _started: set[ir.Var] = field(default_factory=set)
    _slots: dict[ir.Var, int] = field(default_factory=dict)
    _waiting: list[ir.Var] = field(default_factory=list)
    _stores: list[int] = field(default_factory=list)
    _firsts: list[int] = field(default_factory=list)
    _idle: list[int] = field(default_factory=list)
    _calls: bool = False
    _nested: int = 0
    _outermost: int = 0
    _in_function: bool = False

    def __post_init__(self) -> None:
        self._once = vars_read_once(self.program)
        values = [var.value for var in self.program.vars if not is_plain(var.value)]
        texts = [node for node in ir.walk(self.program) if _is_run_by_library(node)]
        self._below = frozenset(ir.vars_below((*values, *texts)))

    def begin(self, writer: Writer) -> None:
        """At the start of `event`: a place for the list `held`."""
        self._end()
        self._outermost, self._calls = len(writer.known), False
        self._stores = [len(writer.lines)]
        self._started.clear()
        writer.line("held = None")

    def _end(self) -> None:
        """At the end of `event`: its lines about `held` stay if it calls functions."""
        if self._calls:
            self._firsts.append(self._stores[0])
        else:
            self._idle += self._stores
        self._stores = []

    def read(self, at: Emitter, var: ir.Var) -> str:
        """The local that holds the value of a var, or MISSING."""
        writer = at.writer
        local = writer.recall(var)
        if local is not None:
            return local
        is_once = var in self._once
        if is_plain(var.value):
            return self._inline(at, var)
        if self._nested < _MAX_NESTED and not writer.in_loop and (is_once or self._is_first(writer, var)):
            local = self._inline(at, var)
            if not is_once and var in self._below:
                self._stores.append(len(writer.lines))
                writer.line(f"held[{self._slot(var)}] = {local}", var.span)
        else:
            local = writer.fresh(var.name)
            writer.line(f"{local} = {self._call(at, var)}", var.span)
        writer.remember(var, local)
        return local

    def read_open(self, at: Emitter, var: ir.Var) -> str:
        """As `read`, for a caller that reads members of the value: it may be decoded in part."""
        if isinstance(var.value, ir.Path) and var.value.is_singular:
            return emit_open_path(at.of_mapping(), var.value)
        return self.read(at, var)

    def lazy(self, at: Emitter, known: tuple[ir.Var, ...]) -> str:
        """The expression of the vars that the library may read: their names, each with a function."""
        pairs = []
        for var in known:
            local = at.writer.recall(var)
            pairs.append(f"{literal(var.name)}: lambda: {local or self._call(at, var)}")
        return f"{{{', '.join(pairs)}}}"

    def finish(self, at: Emitter) -> None:
        """After `event`: the functions that it calls, and those that these call."""
        writer = at.writer
        self._end()
        while self._waiting:
            self._emit_function(at, self._waiting.pop(0))
        for number in self._firsts:
            text, span = writer.lines[number]
            unset = writer.use("liquid.semantics", "UNSET")
            writer.lines[number] = (text.replace("None", f"[{unset}] * {len(self._slots)}"), span)
        for number in reversed(self._idle):
            del writer.lines[number]

    def _is_first(self, writer: Writer, var: ir.Var) -> bool:
        """True if every item that goes on reaches this place, and nothing before it computes the var."""
        is_certain = len(writer.known) == self._outermost and not self._in_function
        return is_certain and var not in self._started

    def _inline(self, at: Emitter, var: ir.Var) -> str:
        self._nested += 1
        value = self.emit(own_room(at, var.value).of_mapping(), var.value)
        self._nested -= 1
        if value.isidentifier() and value not in ("None", "True", "False"):
            return value
        local = at.writer.fresh(var.name)
        at.writer.line(f"{local} = {value}", var.span)
        return local

    def _slot(self, var: ir.Var) -> int:
        return self._slots.setdefault(var, len(self._slots))

    def _call(self, at: Emitter, var: ir.Var) -> str:
        if var not in self.functions:
            self.functions[var] = at.writer.fresh(f"compute_{var.name}")
            self._waiting.append(var)
        if not self._in_function:
            self._calls = True
            self._started |= {var, *ir.vars_below(var.value)}
        place = "field" if self._in_function else literal(at.field)
        return f"{self.functions[var]}({', '.join((*_arguments(var), 'held', place))})"

    def _emit_function(self, at: Emitter, var: ir.Var) -> None:
        """The function of a var. A fault in it gets the field of the event that was being set."""
        writer = at.writer
        known, writer.known = writer.known, [{}]
        self._in_function = True
        slot, unset = self._slot(var), writer.use("liquid.semantics", "UNSET")
        parameters = ", ".join((*_arguments(var), "held", "field"))
        with writer.block(f"def {self.functions[var]}({parameters}):", var.span):
            writer.line(f"if held[{slot}] is not {unset}:")
            writer.line(f"    return held[{slot}]")
            with writer.block("try:"):
                value = self.emit(own_room(at, var.value), var.value)
                writer.line(f"held[{slot}] = {value}", var.span)
                writer.line(f"return {value}")
            writer.line(f"except {writer.use('faults', 'Fault')} as fault:")
            writer.line("    fault.field = field")
            writer.line("    raise")
        self._in_function = False
        writer.known = known


def _arguments(var: ir.Var) -> tuple[str, ...]:
    """The scopes that a var reads. An item that does not read its body can be mapped without it."""
    return (ITEM, BODY, REQUEST) if reads_body(var.value) else (ITEM, REQUEST)


def reads_body(value: ir.Value) -> bool:
    """True if a value reads the body around the item, or a text that the library runs may do so."""
    return any(
        _is_run_by_library(node)
        or (isinstance(node, ir.Path) and node.root is ir.Root.BODY)
        or (isinstance(node, ir.Lookup) and node.name == "envelope")
        for node in ir.walk_with_vars(value)
    )


def _is_run_by_library(node: object) -> bool:
    match node:
        case ir.Template(body=None) | ir.Condition(test=None) | ir.Compute(value=None):
            return True
        case _:
            return False
