"""Codegen of Liquid values: operands and tests of templates and conditions become Python expressions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from mapper.codegen.emitter import Emitter
from mapper.codegen.presence import blank_test, truth_test
from mapper.codegen.var_code import is_plain
from mapper.codegen.writer import Writer, literal
from mapper.diagnostics.source import Span
from mapper.ir import liquid as ir
from mapper.runtime.liquid import semantics
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.liquid.filters.row import Effect
from mapper.runtime.work import SHORT


@dataclass(frozen=True, slots=True)
class WrittenLoop:
    """A loop being written: its variable and the locals that hold element, index, length and rounds."""

    name: str
    label: str
    element: str
    index: str
    length: str
    rounds: str


@dataclass
class OperandWriter:
    """Writes operands and tests; knows which Python local holds which Liquid variable."""

    at: Emitter
    rules: ir.LiquidRules
    variables: dict[str, str] = field(default_factory=dict)
    certain: set[str] = field(default_factory=set)
    loops: list[WrittenLoop] = field(default_factory=list)

    @property
    def writer(self) -> Writer:
        """The writer of lines."""
        return self.at.writer

    def use(self, name: str, module: str = "liquid.semantics") -> str:
        """A name of the run time's, imported."""
        return self.writer.use(module, name)

    def site(self, span: Span) -> int:
        """The number of a place that can fail."""
        return self.at.site(span)

    def hold(self, hint: str, expression: str, span: Span | None = None) -> str:
        """A fresh local that holds an expression."""
        name = self.writer.fresh(hint)
        self.writer.line(f"{name} = {expression}", span)
        return name

    # --- operands

    def value(self, node: ir.Operand) -> str:
        """A local or literal that holds the value of an operand."""
        match node:
            case ir.Scalar(value):
                return literal(value)
            case ir.Lookup():
                return self._double(self.lookup(node), node.span)
            case ir.Interval(start, stop, span):
                return self.hold(
                    "range",
                    f"{self.use('interval')}({self.value(start)}, {self.value(stop)}, {self.site(span)})",
                    span,
                )
            case ir.FilterCall():
                return self._double(self._filter(node), node.span)
            case ir.Special():
                raise AssertionError("blank and empty stand in comparisons only")
            case _:
                return self.test(node)

    def _double(self, value: str, span: Span) -> str:
        if not self.rules.doubles:
            return value
        return self.hold("number", f"{self.use('as_double', 'liquid.arithmetic')}({value})", span)

    def lookup(self, node: ir.Lookup, is_tested: bool = False) -> str:
        """A local that holds a variable, or the value under its keys; decoded in part only if `is_tested`."""
        keys = node.keys
        if node.name == "forloop" and self.loops:
            return self._loop_field(keys)
        held, keys = self._root(node)
        root = held
        for count, key in enumerate(keys, 1):
            known = ("liquid", root, keys[:count]) if self._is_steady(node, keys[:count]) else None
            if isinstance(key, str) and key not in ir.SPECIAL_KEYS:
                payload = self.at.payload
                held = (payload.member if known else payload.changed_member)(held, key, node.span)
                continue
            found = self.writer.recall(known) if known else None
            held = found or self._element(held, key, node.span)
            if known:
                self.writer.remember(known, held)
        return held if is_tested else self.at.payload.value(held)

    def _is_steady(self, node: ir.Lookup, keys: tuple[object, ...]) -> bool:
        # True if the same keys give the same value wherever they are read. Assigned variables do not.
        if any(isinstance(key, ir.Lookup) for key in keys):
            return False
        return any(loop.name == node.name for loop in self.loops) or node.name not in self.variables

    def _element(self, holder: str, key: str | int | ir.Lookup, span: Span) -> str:
        if isinstance(key, int):
            element = self.at.payload.partial_element(holder, key, span)
            if element is not None:
                return element
        holder = self.at.payload.value(holder)
        step = self.lookup(key) if isinstance(key, ir.Lookup) else literal(key)
        found = f"{self.use('member')}({holder}, {step})"
        if isinstance(key, str) and holder.isidentifier():  # an own key, in nearly all cases
            found = f"{holder}[{step}] if type({holder}) is dict and {step} in {holder} else {found}"
        return self.hold("found", found, span)

    def _root(self, node: ir.Lookup) -> tuple[str, tuple[str | int | ir.Lookup, ...]]:
        # The local that holds the variable itself, and the keys still to be read.
        name = node.name
        if node.var is not None:
            return self.at.var_reader.read_open(self.at, node.var), node.rest
        for loop in reversed(self.loops):
            if loop.name == name:
                return loop.element, node.keys
        if name in self.variables:
            local = self.variables[name]
            if name in self.certain:
                return local, node.keys
            outer = self.at.payload.value(self._outer_root(ir.Lookup(name, (), node.span))[0])
            read = f"{local} if {local} is not {self.use('UNSET')} else {outer}"
            return self.hold(name, read, node.span), node.keys
        return self._outer_root(node)

    def _outer_root(self, node: ir.Lookup) -> tuple[str, tuple[str | int | ir.Lookup, ...]]:
        request = self.at.request
        match node.name:
            case "item":
                return self.at.item, node.keys
            case "envelope":
                return self.at.body, node.keys
            case "query":
                return f"{request}.query", node.keys
            case "setting":
                return f"{request}.settings", node.keys
            case "header":
                return self._header(node)
            case "received_at":
                return self._known(("received_at",), "received_at", self._received()), node.keys
            case name:
                return self.at.payload.member(self.at.item, name, node.span), node.keys

    def _received(self) -> str:
        self.use("MISSING", "missing")
        moment = f"{self.at.request}.received_at"
        return f"MISSING if {moment} is None else {moment}"

    def _header(self, node: ir.Lookup) -> tuple[str, tuple[str | int | ir.Lookup, ...]]:
        headers = f"{self.at.request}.headers"
        if node.keys and isinstance(node.keys[0], str) and node.keys[0] not in ir.SPECIAL_KEYS:
            self.use("MISSING", "missing")
            name = node.keys[0].lower()
            read = f"{headers}.get({literal(name)}, MISSING)"
            return self._known(("header", name), name, read, node.span), node.keys[1:]
        return self._known(("headers",), "headers", f"{self.use('Headers')}({headers})"), node.keys

    def _known(self, key: tuple[object, ...], hint: str, expression: str, span: Span | None = None) -> str:
        # Computed once in a block and those inside it.
        found = self.writer.recall(("liquid", *key))
        if found is None:
            found = self.hold(hint, expression, span)
            self.writer.remember(("liquid", *key), found)
        return found

    def _loop_field(self, keys: tuple[str | int | ir.Lookup, ...]) -> str:
        depth = len(keys) - 1
        self.use("MISSING", "missing")
        if depth >= len(self.loops):
            return "MISSING"
        loop = self.loops[-1 - depth]
        match keys[-1]:
            case "name":
                return literal(loop.label)
            case "length":
                return loop.length
            case "index0":
                return loop.index
            case "index":
                return f"({loop.index} + 1)"
            case "rindex":
                return f"({loop.length} - {loop.index})"
            case "rindex0":
                return f"({loop.length} - {loop.index} - 1)"
            case "first":
                return f"({loop.index} == 0)"
            case _:
                return f"({loop.index} == {loop.length} - 1)"

    # --- filters

    def _filter(self, node: ir.FilterCall) -> str:
        factor = _rounded_factor(node)
        if factor is not None:
            return self._rounded_product(node, factor)
        return self._filtered(node, self.value(node.value))

    def _rounded_product(self, node: ir.FilterCall, factor: int) -> str:
        assert isinstance(node.value, ir.FilterCall)
        value = self.value(node.value.value)
        product = self.use("rounded_product", "liquid.arithmetic")
        result = self.hold("rounded", f"{product}({value}, {factor})", node.span)
        with self.writer.block(f"if {result} is None:", node.span):
            exact = self._filtered(node, self._filtered(node.value, value))
            self.writer.line(f"{result} = {exact}", node.span)
        return result

    def _filtered(self, node: ir.FilterCall, value: str) -> str:
        if node.name == "default" and not node.kwargs:
            instead = self.value(node.args[0]) if node.args else "''"
            sure = f"{value} if type({value}) is str and {value} else "
            return self.hold("value", f"{sure}{self.use('default')}({value}, {instead})", node.span)
        call = self._call(node, value)
        row = ROWS[node.name]
        if row.method and isinstance(node.value, ir.Lookup):
            is_text = f"type({value}) is str"
            if self.writer.counts:
                is_text += f" and len({value}) < {SHORT}"
            given = self.use("WHITE_SPACE", "blank") if row.effect is Effect.TRIMMED else ""
            call = f"{value}.{row.method}({given}) if {is_text} else {call}"
        return self.hold(node.name, call, node.span)

    def _call(self, node: ir.FilterCall, value: str) -> str:
        site = self.site(node.span)
        arguments = [self.value(argument) for argument in node.args]
        named = {name: self.value(argument) for name, argument in node.kwargs}
        if node.name in ("date", "date_tz") and self.rules.now:
            value = f"{self.use('clock')}({value}, {self.at.request}.received_at, {site})"
        if node.name == "date" and self.rules.zone != "UTC":
            named.setdefault("local" if self.rules.moments else "zone", literal(self.rules.zone))
        if node.name == "date" and self.rules.moments:
            if self.rules.computes:
                function = self.use("computed_date_of_moment", "liquid.filters")
            else:
                function = self.use("date_of_moment", "liquid.filters.values")
        else:
            filters = self.use("COMPUTED" if self.rules.computes else "FILTERS", "liquid.filters")
            function = self.writer.constant(f"{filters}[{literal(node.name)}]", node.name)
        arguments += [f"{name}={argument}" for name, argument in named.items()]
        return f"{self.use('apply', 'liquid.filters')}({', '.join([function, str(site), value, *arguments])})"

    # --- tests

    def test(self, node: ir.TextTest) -> str:
        """A Python expression that is true if the test holds; lookups are written before it."""
        match node:
            case ir.Truthy(value):
                return self._truthy(value)
            case ir.AllOf(tests):
                return self._together(tests, "and")
            case ir.AnyOf(tests):
                return self._together(tests, "or")
            case ir.Negation(test):
                return f"(not {self.test(test)})"
            case ir.Contains(left, right):
                return f"{self.use('contains')}({self.value(left)}, {self.value(right)})"
            case ir.Compare():
                return self._compare(node)
            case _ as never:
                assert_never(never)

    def _together(self, tests: tuple[ir.TextTest, ...], word: str) -> str:
        if not any(map(may_fail, tests[1:])):
            return "(" + f" {word} ".join(self.test(test) for test in tests) + ")"
        # A var may reject the item: it is computed only if the tests before it have not decided.
        held = self.hold("holds", self.test(tests[0]), tests[0].span)
        for test in tests[1:]:
            with self.writer.block(f"if {held}:" if word == "and" else f"if not {held}:", test.span):
                self.writer.line(f"{held} = {self.test(test)}")
        return held

    def _truthy(self, value: ir.Operand) -> str:
        if isinstance(value, ir.Scalar):
            return literal(value.value is not None and value.value is not False)
        if isinstance(value, ir.Interval):
            return "True"
        if (
            isinstance(value, ir.Lookup)
            and value.name == "forloop"
            and value.keys[-1:] in (("first",), ("last",))
        ):
            return self.value(value) if self.loops else f"{self.use('is_truthy')}({self.value(value)})"
        held = self._compared(value) if isinstance(value, ir.Lookup) else self.value(value)
        self.use("MISSING", "missing")
        return truth_test(held, self.use("is_truthy"))

    def _compared(self, node: ir.Lookup) -> str:
        # The operand of a test, or of a comparison with a constant: all objects and lists give the same
        # result, so they may be decoded in part.
        return self.lookup(node, is_tested=True)

    def _compare(self, node: ir.Compare) -> str:
        left, right = node.left, node.right
        match node.operator:
            case "==":
                return self.equality(left, right)
            case "!=":
                return f"(not {self.equality(left, right)})"
            case operator:
                one, other = self.value(left), self.value(right)  # in this order, as both may fail
                less, more = (one, other) if operator in ("<", "<=") else (other, one)
                if operator in ("<=", ">="):
                    return f"{self.use('at_most')}({less}, {more})"
                return f"{self.use('less')}({less}, {more}, {self.site(node.span)})"

    def equality(self, left: ir.Operand, right: ir.Operand) -> str:
        """The test that two operands are equal, as short as their kinds allow."""
        for one, other in ((left, right), (right, left)):
            if isinstance(one, ir.Special):
                return self._special(one, other)
        if isinstance(left, ir.Scalar) and isinstance(right, ir.Scalar):
            return literal(semantics.equal(left.value, right.value))
        for one, other in ((left, right), (right, left)):
            if isinstance(one, ir.Scalar):
                held = self._compared(other) if isinstance(other, ir.Lookup) else self.value(other)
                return self.equals(held, one)
        return f"{self.use('equal')}({self.value(left)}, {self.value(right)})"

    def _special(self, special: ir.Special, other: ir.Operand) -> str:
        if isinstance(other, ir.Special):
            return literal(special.name == other.name)
        if special.name == "blank" and isinstance(other, ir.Lookup):
            return self._is_blank(other)
        if special.name == "blank":
            return f"{self.use('is_blank', 'blank')}({self.value(other)})"
        return f"{self.use('is_empty')}({self.value(other)})"

    def _is_blank(self, node: ir.Lookup) -> str:
        self.use("MISSING", "missing")
        return blank_test(self.lookup(node), self.use("is_blank", "blank"))

    def equals(self, value: str, constant: ir.Scalar) -> str:
        """The test that a held value equals a constant."""
        scalar = constant.value
        if scalar is None:
            self.use("MISSING", "missing")
            return f"({value} is None or {value} is MISSING)"
        if isinstance(scalar, bool):
            return f"{value} is {scalar}"
        if scalar == 0 or scalar == 1:
            return f"({value} == {literal(scalar)} and {value} is not {bool(scalar)})"
        return f"{value} == {literal(scalar)}"


def _rounded_factor(node: ir.FilterCall) -> int | None:
    """The factor of `times: factor | round`, which needs no decimal numbers in nearly all cases."""
    match node:
        case ir.FilterCall(ir.FilterCall(_, "times", (ir.Scalar(int(factor)),), ()), "round", (), ()):
            return factor if not isinstance(factor, bool) and abs(factor) <= 1_000_000 else None
        case _:
            return None


def may_fail(test: ir.TextTest) -> bool:
    """True if a test reads a var that may reject the item."""
    return any(not is_plain(var.value) for var in ir.vars_read(test))


def is_textual(node: ir.Operand) -> bool:
    """True if the value is certainly a text."""
    if isinstance(node, ir.FilterCall):
        return ROWS[node.name].is_text
    return isinstance(node, ir.Scalar) and isinstance(node.value, str)
