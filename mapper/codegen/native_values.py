"""Native code of values: each node of the ir becomes instructions of the core, or a call of Python.

A value that the core cannot compute at all is a call of a function that codegen makes of the same node. A
value that it can mostly compute has such a call beside it, for payloads that it is not certain of. So every
node has its meaning from one place, the code that `value_code` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from msgspec.json import encode

from mapper import ir
from mapper.codegen.native_assembly import MARKS, NOTHING, JumpTarget, NotNative, Register
from mapper.codegen.native_reads import mask, names_of
from mapper.codegen.native_tests import NativeTests
from mapper.native.program import Instruction, NativeKind
from mapper.runtime.liquid.semantics import to_text
from mapper.runtime.times.formats import DATE_FORMAT, ISO_FORMATS
from mapper.runtime.times.times import EPOCH_UNITS

_ABSENT = (NativeKind.MISSING, NativeKind.NULL)
# The kinds of values that a cast leaves as they are; Python casts others.
_KEPT: dict[ir.CastKind, tuple[NativeKind, ...]] = {
    ir.CastKind.BOOLEAN: (*_ABSENT, NativeKind.TRUE, NativeKind.FALSE),
    ir.CastKind.INTEGER: (*_ABSENT, NativeKind.INTEGER),
    ir.CastKind.OBJECT: (*_ABSENT, NativeKind.OBJECT),
    ir.CastKind.ARRAY: (*_ABSENT, NativeKind.ARRAY),
    ir.CastKind.NUMBER: (*_ABSENT, NativeKind.INTEGER, NativeKind.DECIMAL),
    ir.CastKind.JSON: tuple(kind for kind in NativeKind if kind is not NativeKind.TEXT),
}
# No text has more than one of these forms, so their order does not matter.
_APART = frozenset({*ISO_FORMATS, DATE_FORMAT, *EPOCH_UNITS})


@dataclass(slots=True)
class NativeValues(NativeTests):
    """Writes the instructions of values."""

    def value(self, node: ir.Value) -> Register:
        """The register that holds the value of a node."""
        match node:
            case ir.Literal(value):
                result = self.assembly.result()
                self.assembly.emit(Instruction.LOAD, result, self.assembly.constant(value))
                return result
            case ir.Path() if node.is_singular:
                try:
                    return self.capture(node.root, names_of(node))
                except NotNative:
                    return self._or_call(node, self._leave)
            case ir.FromRequest(part, name):
                return self.assembly.of_request(part.value, name)
            case ir.Required(value):
                return self._required(self.value(value))
            case ir.Default(value, default):
                return self._first((value, default), (Instruction.IS_NOTHING,), keeps_last=True)
            case ir.Coalesce(options, nonblank=False):
                return self._first(options, (Instruction.IS_NOTHING,))
            case ir.When():
                return self._branch(node)
            case ir.VarRead(_, var):
                return self.var(var)
            case ir.Record(fields):
                return self.object([("fields", self.fields(fields))])
            case _:
                return self._or_call(node, self._certain)

    def _certain(self, node: ir.Value) -> Register:
        """As `value`, for nodes whose instructions are not certain of all payloads."""
        match node:
            case ir.Path():
                return self._list(node)
            case ir.Template(body=body, rules=rules) if body is not None and not rules.doubles:
                return self._template(body)
            case ir.Coalesce(options):
                return self._first(options, (Instruction.IS_BLANK, 1))
            case ir.Match():
                return self._match(node)
            case ir.Merge(operands):
                return self._merge(operands)
            case ir.Omit(value, keys):
                return self._unchanged(value, keys)
            case ir.Rename(value, names):
                return self._unchanged(value, tuple(old for old, _ in names))
            case ir.Cast(value, kind):
                return self._cast(self._native(value), kind)
            case ir.Timestamp():
                return self._time(node)
            case ir.WithItem(ir.Path() as source, ir.Path(ir.Root.ITEM) as element) if source.is_singular:
                return self.capture(source.root, names_of(source) + names_of(element))
            case _:
                raise NotNative(type(node).__name__.lower())

    def _leave(self, node: ir.Value) -> Register:
        raise NotNative("it")

    def _or_call(self, node: ir.Value, write: Callable[[ir.Value], Register]) -> Register:
        """The value as `write` computes it, or as Python does if that is not possible or not certain."""
        if self.is_passing:
            return write(node)
        result = self.assembly.result()

        def native() -> None:
            self.assembly.emit(Instruction.MOVE, result, write(node))

        def call() -> None:
            self.call(node, result)

        self.either(native, call)
        return result

    def _native(self, node: ir.Value) -> Register:
        """As `value`, for a node that is taken with the one around it if Python has to compute it."""
        if isinstance(node, ir.Template | ir.Compute | ir.Hash):
            return self._certain(node)
        return self.value(node)

    # --- choices

    def _required(self, register: Register) -> Register:
        present = JumpTarget()
        self.assembly.emit(Instruction.IS_NOTHING, register)
        self.assembly.emit(Instruction.JUMP_UNLESS, present)
        self.leave_item()
        self.assembly.place(present)
        return register

    def _first(
        self,
        options: tuple[ir.Value, ...],
        passes: tuple[Instruction] | tuple[Instruction, int],
        keeps_last: bool = False,
    ) -> Register:
        """The first of several values that is none of those to be passed over."""
        assembly, result, end, depth = self.assembly, self.assembly.result(), JumpTarget(), len(self.known)
        for position, option in enumerate(options):
            is_last = position + 1 == len(options)
            assembly.emit(Instruction.MOVE, result, self.value(option))
            if not (is_last and keeps_last):
                assembly.emit(passes[0], result, *passes[1:])
                assembly.emit(Instruction.JUMP_UNLESS, end)
            if not position:
                self.known.append({})  # the others may not be computed
        if not keeps_last:
            assembly.emit(Instruction.MOVE, result, NOTHING)
        del self.known[depth:]
        assembly.place(end)
        return result

    def _branch(self, node: ir.When) -> Register:
        assembly, result, otherwise, end = self.assembly, self.assembly.result(), JumpTarget(), JumpTarget()
        self.condition(node.condition)
        assembly.emit(Instruction.JUMP_UNLESS, otherwise)
        with self.scope():
            assembly.emit(Instruction.MOVE, result, self.value(node.then))
        assembly.emit(Instruction.JUMP, end)
        assembly.place(otherwise)
        self._otherwise(node.otherwise, result)
        assembly.place(end)
        return result

    def _otherwise(self, node: ir.Value | None, result: Register) -> None:
        with self.scope():
            register = NOTHING if node is None else self.value(node)
            self.assembly.emit(Instruction.MOVE, result, register)

    def _match(self, node: ir.Match) -> Register:
        assembly, result, end = self.assembly, self.assembly.result(), JumpTarget()
        subject = self.value(node.subject)
        for case in node.cases:
            hit, other = JumpTarget(), JumpTarget()
            for key in case.keys:
                self.equals(subject, key.value)
                assembly.emit(Instruction.JUMP_IF, hit)
            assembly.emit(Instruction.JUMP, other)
            assembly.place(hit)
            with self.scope():
                assembly.emit(Instruction.MOVE, result, self.value(case.value))
            assembly.emit(Instruction.JUMP, end)
            assembly.place(other)
        self._otherwise(node.otherwise, result)
        assembly.place(end)
        return result

    # --- objects, lists, texts

    def fields(self, fields: tuple[ir.Field, ...]) -> list[tuple[ir.Field, Register]]:
        """The values of fields; an item that lacks a required one is for Python."""
        return [(field, self.field(field)) for field in fields]

    def field(self, field: ir.Field) -> Register:
        """The value of a field."""
        register = self.value(field.value)
        if field.required and field.nullable:
            raise NotNative("a required field that may be null")
        is_tested = isinstance(field.value, ir.Required)
        return self._required(register) if field.required and not is_tested else register

    def object(self, parts: list[tuple[str, object]]) -> Register:
        """An object of fields (`fields`) and of all members of other objects (`members`), in order."""
        assembly, result = self.assembly, self.assembly.result()
        assembly.emit(Instruction.BEGIN)
        assembly.emit(Instruction.PUT, 0, assembly.piece(b"{"))
        for kind, part in parts:
            if kind == "members":
                assembly.emit(Instruction.SPREAD, part)  # type: ignore[arg-type]
                continue
            for field, register in part:  # type: ignore[attr-defined]
                piece = assembly.piece(name_piece(field.name))
                assembly.emit(Instruction.MEMBER, register, piece, int(field.nullable))
        assembly.emit(Instruction.PUT, 0, assembly.piece(b"}"))
        assembly.emit(Instruction.FINISH, result, NativeKind.OBJECT)
        return result

    def _merge(self, operands: tuple[ir.Value, ...]) -> Register:
        records = [operand for operand in operands if isinstance(operand, ir.Record)]
        names = [field.name for record in records for field in record.fields]
        if len(operands) - len(records) > 1 or len(set(names)) < len(names):
            raise NotNative("a merge of several objects")
        parts: list[tuple[str, object]] = []
        for operand in operands:
            if isinstance(operand, ir.Record):
                parts.append(("fields", self.fields(operand.fields)))
            else:
                parts.append(("members", self._passed(operand, tuple(names))))
        return self.object(parts)

    def _passed(self, node: ir.Value, names: tuple[str, ...]) -> Register:
        """The register of an object of the payload; one that has a member of these names is marked."""
        for path in _passed_paths(node):
            tree = self.assembly.item if path.root is ir.Root.ITEM else self.assembly.body
            place = tree.below(names_of(path))
            for name in names:
                member = place.member(name)
                member.guard = member.guard or MARKS
        passing, self.is_passing = self.is_passing, True
        try:
            return self.value(node)
        finally:
            self.is_passing = passing

    def _unchanged(self, node: ir.Value, names: tuple[str, ...]) -> Register:
        """An object that has no member of these names; nothing stays nothing."""
        register = self._passed(node, names)
        if self.is_passing:
            return register
        assembly, result, end = self.assembly, self.assembly.result(), JumpTarget()
        assembly.emit(Instruction.MOVE, result, register)
        assembly.emit(Instruction.IS_NOTHING, register)
        assembly.emit(Instruction.JUMP_IF, end)
        assembly.emit(Instruction.MOVE, result, self.object([("members", register)]))
        assembly.place(end)
        return result

    def _list(self, path: ir.Path) -> Register:
        """The list of the values at `$.a.b[*].c`, or with `[:]`."""
        if path.root is not ir.Root.ITEM:
            raise NotNative("a list of the body")
        steps = ir.plain_steps(path)
        kinds = [step[0] for step in steps or ()]
        if steps is None or kinds.count("name") != len(kinds) - 1 or kinds[0] != "name":
            raise NotNative("a path with several lists")
        at = next(position for position, kind in enumerate(kinds) if kind != "name")
        names, inner = (tuple(step[1] for step in part) for part in (steps[:at], steps[at + 1 :]))
        holder = self.capture(path.root, names, raw=False)
        if kinds[at] == "all":  # of an object, all members
            others = tuple(kind for kind in NativeKind if kind is not NativeKind.OBJECT)
            self.assembly.emit(Instruction.NEED_KIND, holder, mask(others))
        place = self.assembly.item.below(names).elements().below(inner)
        slot = self.assembly.list_slot(place)
        result = self.assembly.result()
        self.assembly.emit(Instruction.LIST, result, slot)
        return result

    def _template(self, body: tuple[ir.Statement, ...]) -> Register:
        pieces: list[Register | str] = []
        for statement in body:
            match statement:
                case ir.Write(text):
                    pieces.append(text)
                case ir.Output(ir.Lookup() as value):
                    pieces.append(self.lookup(value, raw=False))
                case ir.Output(ir.Scalar(str() | int() | None as value)):
                    pieces.append(to_text(value))
                case _:
                    raise NotNative("liquid")
        assembly, result = self.assembly, self.assembly.result()
        assembly.emit(Instruction.BEGIN)
        assembly.emit(Instruction.PUT, 0, assembly.piece(b'"'))
        for piece in pieces:
            if isinstance(piece, Register):
                assembly.emit(Instruction.PUT_TEXT, piece)
            elif piece:
                assembly.emit(Instruction.PUT, 0, assembly.piece(name_piece(piece)[2:-2]))
        assembly.emit(Instruction.PUT, 0, assembly.piece(b'"'))
        assembly.emit(Instruction.FINISH, result, NativeKind.TEXT)
        return result

    # --- casts and times

    def _cast(self, register: Register, kind: ir.CastKind) -> Register:
        if kind in _KEPT:
            self.assembly.emit(Instruction.NEED_KIND, register, mask(_KEPT[kind]))
            return register
        result = self.assembly.result()
        self.assembly.emit(Instruction.TO_TEXT, result, register)
        return result

    def _time(self, node: ir.Timestamp) -> Register:
        known = takewhile(_APART.__contains__, node.formats)
        if node.form is not None or "iso8601" not in known:
            raise NotNative("a format of times")
        value, result = self._native(node.value), self.assembly.result()
        self.assembly.emit(Instruction.TO_TIME, result, value, int(node.zone == "UTC"))
        if node.low is not None or node.high is not None:
            low, high = self._bound(node.low), self._bound(node.high)
            self.assembly.emit(Instruction.WITHIN, result, low, high)
        return result

    def _bound(self, bound: ir.Bound | None) -> Register:
        if bound is None:
            return NOTHING
        if not isinstance(bound, str):
            return self.assembly.of_request("bound", str(bound[1]))
        register = self.assembly.result()
        self.assembly.emit(Instruction.LOAD, register, self.assembly.constant(bound))
        return register


def _passed_paths(node: ir.Value) -> Iterator[ir.Path]:
    """The paths of the objects that a node may pass on; raises NotNative if it may pass on others."""
    match node:
        case ir.Path() if node.is_singular:
            yield node
        case ir.Literal(value) if not value:
            pass
        case ir.Cast(value, ir.CastKind.OBJECT) | ir.Omit(value) | ir.Rename(value):
            yield from _passed_paths(value)
        case ir.VarRead(_, var):
            yield from _passed_paths(var.value)
        case ir.When() | ir.Match() | ir.Default() | ir.Required() | ir.Coalesce():
            for part in ir.alternatives(node):
                yield from _passed_paths(part)
        case _:
            raise NotNative("a merge of a computed object")


def name_piece(name: str) -> bytes:
    """A name of an object as it is written behind another member."""
    return b"," + encode(name) + b":"
