"""Native code of tests: the conditions of Liquid, and the comparison of a value with a constant."""

from __future__ import annotations

from dataclasses import dataclass

from mapper import ir
from mapper.codegen.native_assembly import JumpTarget, NotNative, Register
from mapper.codegen.native_reads import NativeReads
from mapper.native.program import Instruction


@dataclass(slots=True)
class NativeTests(NativeReads):
    """Writes the instructions of conditions, which leave an answer."""

    def condition(self, node: ir.Condition) -> None:
        """Leave the answer to a condition."""

        def native() -> None:
            if node.test is None or node.rules.doubles:
                raise NotNative("a condition that the library evaluates")
            self._test(node.test)

        def call() -> None:
            result = self.assembly.result()
            truth = ir.When(node, ir.Literal(True, node.span), ir.Literal(False, node.span), node.span)
            self.call(truth, result)
            self.assembly.emit(Instruction.IS_TRUE, result)

        passing, self.is_passing = self.is_passing, False
        try:
            self.either(native, call)
        finally:
            self.is_passing = passing

    def _test(self, node: ir.TextTest) -> None:
        match node:
            case ir.AllOf(tests) | ir.AnyOf(tests):
                end = JumpTarget()
                leaves = Instruction.JUMP_UNLESS if isinstance(node, ir.AllOf) else Instruction.JUMP_IF
                for position, test in enumerate(tests):
                    with self.scope():
                        self._test(test)
                    if position + 1 < len(tests):
                        self.assembly.emit(leaves, end)
                self.assembly.place(end)
            case ir.Negation(test):
                self._test(test)
                self.assembly.emit(Instruction.NOT)
            case ir.Truthy(ir.Lookup() as value):
                self.assembly.emit(Instruction.IS_TRUE, self.lookup(value, raw=False))
            case ir.Compare("==" | "!=" as operator, left, right):
                if not isinstance(left, ir.Lookup):
                    left, right = right, left
                self._equality(left, right)
                if operator == "!=":
                    self.assembly.emit(Instruction.NOT)
            case _:
                raise NotNative("a condition")

    def _equality(self, left: ir.Operand, right: ir.Operand) -> None:
        if not isinstance(left, ir.Lookup):
            raise NotNative("a condition")
        match right:
            case ir.Special("blank"):
                self.assembly.emit(Instruction.IS_BLANK, self.lookup(left, raw=False), 0)
            case ir.Scalar(None):
                self.assembly.emit(Instruction.IS_NOTHING, self.lookup(left, raw=False))
            case ir.Scalar(value):
                self.equals(self.lookup(left, raw=False), value)
            case _:
                raise NotNative("a condition")

    def equals(self, register: Register, value: object) -> None:
        """Leave the answer to the comparison with a constant."""
        if isinstance(value, float):
            raise NotNative("a comparison with a decimal number")
        self.assembly.emit(Instruction.EQUALS, register, self.assembly.constant(value))
