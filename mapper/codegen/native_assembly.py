"""Assembly of native programs: instructions with labels, registers, constants and places that are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

import msgspec
from msgspec.json import encode

from mapper.codegen.plan import PayloadPlace
from mapper.native.program import FORMAT_VERSION, NONE, Instruction, NativeKind

MAX_REGISTERS = 400  # as in the core
MAX_MEMBERS = 64
MAX_EMITTED = 5_000  # instructions: a var that several others read is written several times
_CERTAIN = frozenset(  # instructions that leave no doubt
    (
        *(Instruction.MOVE, Instruction.LOAD, Instruction.BEGIN, Instruction.SKIP),
        *(Instruction.IS_NOTHING, Instruction.IS_TRUE, Instruction.IS_KIND, Instruction.NOT),
        *(Instruction.JUMP, Instruction.JUMP_IF, Instruction.JUMP_UNLESS),
    )
)
_UNGUARDED, MARKS, FORBIDDEN = range(3)


class NotNative(Exception):
    """Raised for a construct that the core has no instructions for; the message names it."""


class TooLargeForCore(Exception):
    """Raised for a mapping that would take too long to be compiled for the core."""


class Region(IntEnum):
    """The registers, in their order: values of the item, of the body, of the request, and results."""

    ITEM = 0
    BODY = 1
    GIVEN = 2
    RESULT = 3


@dataclass(frozen=True, slots=True)
class Register:
    """A register, by its number among those of its region."""

    region: Region
    number: int


NOTHING = Register(Region.RESULT, 0)  # never set: MISSING


@dataclass(eq=False, slots=True)
class JumpTarget:
    """A place in the program; jumps lead ahead."""

    position: int = -1
    is_used: bool = False


Operand: TypeAlias = "int | Register | JumpTarget"
# A member of a text for Python: its name (a constant), its register, the number of arguments inside of it.
Argument: TypeAlias = "tuple[int, Register, int]"


@dataclass(eq=False, slots=True)
class TriePlace:
    """A place of payloads that the core notes: in a slot, and as a value that may pass as it is (`raw`)."""

    members: dict[str, TriePlace] = field(default_factory=dict)
    element: TriePlace | None = None
    slot: Register | None = None
    raw: bool = False
    guard: int = _UNGUARDED

    def member(self, name: str) -> TriePlace:
        """The place of a member, made if there is none."""
        return self.members.setdefault(name, TriePlace())

    def below(self, names: tuple[str, ...]) -> TriePlace:
        """The place that names lead to."""
        place = self
        for name in names:
            place = place.member(name)
        return place

    def elements(self) -> TriePlace:
        """The place of all elements, made if there is none."""
        self.element = self.element or TriePlace()
        return self.element


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A state of the assembly to go back to."""

    operations: int
    results: int
    calls: int


@dataclass(slots=True)
class Assembly:
    """A program in the making. `lists` are the slots that collect several values.

    `doubt` is the label to go to if an instruction is not certain; None leaves the item to Python.
    """

    item: TriePlace = field(default_factory=TriePlace)
    body: TriePlace = field(default_factory=TriePlace)
    operations: list[tuple[Instruction, list[Operand], JumpTarget | None]] = field(default_factory=list)
    constants: dict[tuple[bytes, NativeKind], int] = field(default_factory=dict)
    given: dict[tuple[str, str], Register] = field(default_factory=dict)
    lists: set[Register] = field(default_factory=set)
    slots: dict[Region, int] = field(default_factory=lambda: {Region.ITEM: 0, Region.BODY: 0})
    results: int = 1  # the first is NOTHING
    doubt: JumpTarget | None = None
    calls: list[tuple[list[Argument], list[Argument], bool]] = field(default_factory=list)
    texts: bytearray = field(default_factory=bytearray)
    _emitted: int = 0  # also instructions that were taken back
    _text_places: dict[bytes, int] = field(default_factory=dict)

    # --- instructions

    def emit(self, code: Instruction, *operands: Operand, leaves: bool = False) -> None:
        """One more instruction; with `leaves` its doubt is not that of the value around it."""
        self._emitted += 1
        if self._emitted > MAX_EMITTED:
            raise TooLargeForCore
        doubt = None if leaves or code in _CERTAIN else self.doubt
        if doubt is not None:
            doubt.is_used = True
        for operand in operands:
            if isinstance(operand, JumpTarget):
                operand.is_used = True
        self.operations.append((code, list(operands), doubt))

    def place(self, label: JumpTarget) -> None:
        """Put a label at the next instruction."""
        label.position = len(self.operations)

    def mark(self) -> Doubtful:
        """The state, for `restore`."""
        return Doubtful(len(self.operations), self.results, len(self.calls))

    def restore(self, state: Doubtful) -> None:
        """Take back all instructions since; places that were noted stay, which costs little."""
        del self.operations[state.operations :]
        del self.calls[state.calls :]
        self.results = state.results

    # --- registers

    def result(self) -> Register:
        """A register of its own."""
        self.results += 1
        return Register(Region.RESULT, self.results - 1)

    def slot(self, place: TriePlace, region: Region) -> Register:
        """The slot of a place."""
        if place.slot is None:
            place.slot = Register(region, self.slots[region])
            self.slots[region] += 1
        return place.slot

    def list_slot(self, place: TriePlace) -> Register:
        """The slot of a place that may have several values in an item, which pass as they are."""
        register = self.slot(place, Region.ITEM)
        self.lists.add(register)
        place.raw = True
        return register

    def of_request(self, scope: str, name: str) -> Register:
        """The register of a value of the request."""
        return self.given.setdefault((scope, name), Register(Region.GIVEN, len(self.given)))

    # --- constants

    def piece(self, text: bytes) -> int:
        """The number of a piece of the output."""
        return self.constants.setdefault((text, NativeKind.MISSING), len(self.constants))

    def constant(self, value: object) -> int:
        """The number of a constant value; raises NotNative for one that JSON text of Python cannot hold."""
        try:
            text = encode(value)
        except (msgspec.MsgspecError, ValueError, OverflowError):
            raise NotNative("a constant out of range") from None
        return self.constants.setdefault((text, kind_of(value)), len(self.constants))

    def arguments(self, reads: PayloadPlace, place: TriePlace, region: Region) -> list[Argument]:
        """The members of a place that a value reads, each followed by those inside it."""
        found: list[Argument] = []
        for name, member in reads.members.items():
            noted = place.member(name)
            is_apart = member.is_open and not member.elements
            inside = self.arguments(member, noted, region) if is_apart else []
            found += [(self.piece(encode(name) + b":"), self.slot(noted, region), len(inside)), *inside]
        return found

    # --- the numbers

    def numbers(
        self, alternatives: list[tuple[int, int, int, int]], trie: Trie, growth: int
    ) -> tuple[int, ...]:
        """The program as numbers; raises NotNative if it is too large for the core."""
        operations = list(self._operations())
        constants = [
            number for text, kind in self.constants for number in (self.text(text), len(text), int(kind))
        ]
        calls: list[int] = []
        arguments: list[int] = []
        for of_item, of_body, reads_body in self.calls:
            for given in (of_item, of_body):
                calls += [len(arguments) // 3, len(given)]
                for name, register, inside in given:
                    arguments += [name, self.number(register), inside]
            calls.append(int(reads_body))
        each = [number for alternative in alternatives for number in alternative]
        nodes, members = trie.numbers()
        registers = self.first(Region.RESULT) + self.results
        reserve = 512 + 2 * sum(len(text) for text, _ in self.constants)
        if registers > MAX_REGISTERS or reserve > 1_000_000 or growth > 16:
            raise NotNative("a mapping of this size")
        parts = (nodes, members, operations, constants, calls, arguments, each)
        counts = [len(part) // width for part, width in zip(parts, (5, 7, 5, 3, 5, 3, 4), strict=True)]
        if max(counts) >= NONE:
            raise NotNative("a mapping of this size")
        slots = self.slots[Region.ITEM]
        are_lists = [int(Register(Region.ITEM, number) in self.lists) for number in range(slots)]
        registers_of = [slots, self.slots[Region.BODY], len(self.given), registers]
        head = [FORMAT_VERSION, *counts, *registers_of, trie.body, trie.item, reserve, growth]
        return tuple(head + are_lists + [number for part in parts for number in part])

    def first(self, region: Region) -> int:
        """The number of the first register of a region."""
        sizes = (self.slots[Region.ITEM], self.slots[Region.BODY], len(self.given))
        return sum(sizes[:region])

    def number(self, operand: Operand) -> int:
        """An operand as a number."""
        match operand:
            case Register(region, number):
                return self.first(region) + number
            case JumpTarget():
                return operand.position
            case _:
                return operand

    def text(self, raw: bytes) -> int:
        """The place of a text among all texts."""
        if raw not in self._text_places:
            self._text_places[raw] = len(self.texts)
            self.texts += raw
        return self._text_places[raw]

    def _operations(self) -> Iterator[int]:
        for code, operands, doubt in self.operations:
            yield code
            yield from (self.number(operand) for operand in operands)
            yield from [0] * (3 - len(operands))
            yield 0 if doubt is None else doubt.position


def kind_of(value: object) -> NativeKind:
    """The kind of a JSON value."""
    match value:
        case None:
            return NativeKind.NULL
        case bool():
            return NativeKind.TRUE if value else NativeKind.FALSE
        case int():
            return NativeKind.INTEGER
        case float():
            return NativeKind.DECIMAL
        case str():
            return NativeKind.TEXT
        case dict():
            return NativeKind.OBJECT
        case _:
            return NativeKind.ARRAY


@dataclass(slots=True)
class Trie:
    """The nodes of the places of a program: `body` is that of a body, `item` that of an item in an array."""

    assembly: Assembly
    body: int = 0
    item: int = 0
    _nodes: list[list[int]] = field(default_factory=lambda: [[0, 0, NONE, 0, 0]])
    _members: dict[int, list[list[int]]] = field(default_factory=dict)

    def node(self, item: TriePlace | None, body: TriePlace | None, forbidden: tuple[str, ...] = ()) -> int:
        """The number of a node with the places of an item, those of the body, or both; 0 if it has none."""
        given = [place for place in (item, body) if place is not None]
        names = dict.fromkeys((*forbidden, *(name for place in given for name in place.members)))
        element = next((place.element for place in given if place.element is not None), None)
        if not names and element is None:
            return 0
        if len(names) > MAX_MEMBERS:
            raise NotNative(f"more than {MAX_MEMBERS} names of one object")
        number = len(self._nodes)
        self._nodes.append([])
        below = 0 if element is None else self.node(element, None)
        slot = self._slot(element)
        members = [self._member(item, body, name, name in forbidden) for name in names]
        self._nodes[number] = [0, len(members), slot, below, int(element is not None and element.raw)]
        self._members[number] = members
        return number

    def _member(
        self, item: TriePlace | None, body: TriePlace | None, name: str, forbidden: bool
    ) -> list[int]:
        of_item = item.members.get(name) if item is not None else None
        of_body = body.members.get(name) if body is not None else None
        given = [place for place in (of_item, of_body) if place is not None]
        guard = FORBIDDEN if forbidden else max((place.guard for place in given), default=0)
        raw = name.encode()
        return [
            *(self.assembly.text(raw), len(raw), self._slot(of_item), self._slot(of_body)),
            *(self.node(of_item, of_body), int(any(place.raw for place in given)), guard),
        ]

    def _slot(self, place: TriePlace | None) -> int:
        return NONE if place is None or place.slot is None else self.assembly.number(place.slot)

    def numbers(self) -> tuple[list[int], list[int]]:
        """The nodes and their members as numbers."""
        nodes: list[int] = []
        members: list[int] = []
        for number, node in enumerate(self._nodes):
            nodes += [len(members) // 7, *node[1:]]
            for member in self._members.get(number, ()):
                members += member
        return nodes, members

    def holder(self, names: tuple[str, ...], slot: Register) -> int:
        """The number of a node that notes nothing but the value that names lead to."""
        root = TriePlace()
        root.below(names).slot = slot
        return self.node(root, None)
