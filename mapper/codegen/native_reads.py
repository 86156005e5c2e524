"""Native code of reads: the places, vars and parts of a request that values read, and the calls of Python."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mapper import ir
from mapper.codegen.native_assembly import Assembly, JumpTarget, NotNative, Region, Register, TooLargeForCore
from mapper.codegen.plan import NotNarrow, reads_of
from mapper.codegen.var_code import reads_body
from mapper.native.program import Instruction, NativeKind

# Values without a size, and without a first and a last part.
_UNSIZED = (
    NativeKind.MISSING,
    NativeKind.NULL,
    NativeKind.FALSE,
    NativeKind.TRUE,
    NativeKind.INTEGER,
    NativeKind.DECIMAL,
)


def mask(kinds: tuple[NativeKind, ...]) -> int:
    """A set of kinds as the bits of a number."""
    return sum(1 << kind for kind in kinds)


MAX_CALLED = 5_000  # nodes, in functions for Python; those of a value inside another count in both
_ANYTHING = mask(tuple(kind for kind in NativeKind if kind is not NativeKind.MISSING))


@dataclass(slots=True)
class NativeReads:
    """Writes the instructions of reads. `called` are the nodes that Python computes.

    `known` has the registers of vars that are certainly computed. In an operand of a `merge` (`is_passing`)
    no value may come out of Python: its names could be those of its neighbours.
    """

    assembly: Assembly
    called: list[ir.Value] = field(default_factory=list)
    known: list[dict[ir.Var, Register]] = field(default_factory=lambda: [{}])
    is_passing: bool = False
    nodes: int = 0  # in all values that Python computes

    @abstractmethod
    def value(self, node: ir.Value) -> Register:
        """The register that holds the value of a node."""

    def leave_item(self) -> None:
        """The item is for Python, whatever stands around this value."""
        self.assembly.emit(Instruction.DOUBT, leaves=True)

    # --- calls of Python

    def either(self, native: Callable[[], None], call: Callable[[], None]) -> None:
        """Instructions, and the call that takes over if they are not certain; the call alone without them."""
        assembly, outer = self.assembly, self.assembly.doubt
        state, called, depth = assembly.mark(), len(self.called), len(self.known)
        assembly.doubt = doubt = JumpTarget()
        try:
            with self.scope():
                native()
        except NotNative:
            assembly.restore(state)
            del self.called[called:]
            assembly.doubt = outer
            call()
            return
        finally:
            assembly.doubt = outer
            del self.known[depth:]
        if not doubt.is_used:
            return
        end = JumpTarget()
        assembly.emit(Instruction.JUMP, end)
        assembly.place(doubt)
        state, called = assembly.mark(), len(self.called)
        try:
            call()
        except NotNative:  # then the item is left
            assembly.restore(state)
            del self.called[called:]
            assembly.emit(Instruction.DOUBT)
        assembly.place(end)

    def call(self, node: ir.Value, result: Register) -> None:
        """Let Python compute a node; raises NotNative if it needs more than members of item and body."""
        if self.is_passing:
            raise NotNative("a computed value")
        for number, known in enumerate(self.called):
            if known is node:
                self.assembly.emit(Instruction.CALL, result, number)
                return
        self.nodes += sum(1 for _ in ir.walk_with_vars(node))
        if self.nodes > MAX_CALLED:
            raise TooLargeForCore
        try:
            reads = reads_of(node)
        except NotNarrow as reason:
            raise NotNative(str(reason)) from None
        if reads.item.whole or reads.body.whole:
            raise NotNative("the whole item")
        assembly = self.assembly
        of_item = assembly.arguments(reads.item, assembly.item, Region.ITEM)
        of_body = assembly.arguments(reads.body, assembly.body, Region.BODY)
        assembly.emit(Instruction.CALL, result, len(assembly.calls))
        assembly.calls.append((of_item, of_body, reads_body(node)))
        self.called.append(node)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Instructions that may be passed over: what they compute is not known afterwards."""
        depth = len(self.known)
        self.known.append({})
        try:
            yield
        finally:
            del self.known[depth:]

    # --- places and vars

    def capture(self, root: ir.Root, names: tuple[str, ...], raw: bool = True) -> Register:
        """The slot of a value; `raw` if it may get into the event."""
        is_item = root is ir.Root.ITEM
        if not names:
            raise NotNative("the whole item")
        place = (self.assembly.item if is_item else self.assembly.body).below(names)
        place.raw = place.raw or raw
        slot = self.assembly.slot(place, Region.ITEM if is_item else Region.BODY)
        if slot in self.assembly.lists:
            raise NotNative("a value that is also an element")
        return slot

    def _keyed(self, root: ir.Root, names: tuple[str, ...], keys: tuple[str, ...], raw: bool) -> Register:
        """As `capture`, for keys of Liquid: `size`, `first`, `last` are computed without such a member."""
        names += keys
        slot = self.capture(root, names, raw)
        for position in range(len(names) - len(keys), len(names)):
            if names[position] not in ir.SPECIAL_KEYS:
                continue
            if not position:
                raise NotNative("the size of an item")
            found = JumpTarget()
            self.assembly.emit(
                Instruction.IS_KIND, self.capture(root, names[: position + 1], raw=False), _ANYTHING
            )
            self.assembly.emit(Instruction.JUMP_IF, found)
            holder = self.capture(root, names[:position], raw=False)
            self.assembly.emit(Instruction.NEED_KIND, holder, mask(_UNSIZED))
            self.assembly.place(found)
        return slot

    def var(self, var: ir.Var) -> Register:
        """The register of a var; computed again if it is not certain that it has been.

        An object that passes must not be one that Python made, which may be known.
        """
        if self.is_passing:
            return self.value(var.value)
        for known in self.known:
            if var in known:
                return known[var]
        register = self.value(var.value)
        self.known[-1][var] = register
        return register

    def lookup(self, node: ir.Lookup, raw: bool = True) -> Register:
        """The register of a variable of Liquid."""
        if node.var is not None:
            if not node.rest:
                return self.var(node.var)
            path = node.var.value
            if isinstance(path, ir.Path) and path.is_singular:
                return self._keyed(path.root, names_of(path), _keys(node.rest), raw)
            raise NotNative("a key of a var")
        match node.name:
            case "received_at" if not node.keys:
                return self.assembly.of_request("received_at", "")
            case "header" | "query" | "setting" if len(node.keys) == 1:
                (name,) = _keys(node.keys)
                if name in ir.SPECIAL_KEYS:
                    raise NotNative("a part of the request")
                return self.assembly.of_request(node.name, name.lower() if node.name == "header" else name)
            case "header" | "query" | "setting" | "received_at" | "forloop":
                raise NotNative("a part of the request")
            case "item":
                return self._keyed(ir.Root.ITEM, (), _keys(node.keys), raw)
            case "envelope":
                return self._keyed(ir.Root.BODY, (), _keys(node.keys), raw)
            case name:
                return self._keyed(ir.Root.ITEM, (name,), _keys(node.keys), raw)


def names_of(path: ir.Path) -> tuple[str, ...]:
    """The names of a path; raises NotNative if it has other steps."""
    steps = ir.plain_steps(path)
    if steps is None or any(step[0] != "name" for step in steps):
        raise NotNative("an element of a list")
    return tuple(step[1] for step in steps)


def _keys(keys: tuple[str | int | ir.Lookup, ...]) -> tuple[str, ...]:
    if not all(isinstance(key, str) for key in keys):
        raise NotNative("a key that is computed")
    return tuple(key for key in keys if isinstance(key, str))
