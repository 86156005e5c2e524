"""Native code of programs: a checked ir.Program becomes a program of the native core.

It reads the same places as the narrow path, and is only made for a mapping that has one. The words about it
are a part of the plan: which values Python computes, or why the core can do nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mapper import ir
from mapper.codegen.check_code import has_known_members
from mapper.codegen.native_assembly import (
    Assembly,
    JumpTarget,
    NotNative,
    Region,
    Register,
    TooLargeForCore,
    Trie,
)
from mapper.codegen.native_calls import generate_calls
from mapper.codegen.native_reads import mask
from mapper.codegen.native_values import NativeValues, name_piece
from mapper.codegen.plan import NotNarrow, make_plan
from mapper.codegen.proven import remaining
from mapper.codegen.validator_code import is_trivial, member_schema
from mapper.codegen.var_code import vars_read_once
from mapper.ir.facts import may_be_null
from mapper.ir.growth import growth
from mapper.native.program import NONE, Instruction, NativeKind, NativeProgram
from mapper.schemas.questions import Subschema

_VALUE, _ALL, _ELEMENTS = range(3)
_MAX_GROWTH = 6  # times its length may the output of an item become, or the item is left
_KINDS: dict[str, tuple[NativeKind, ...]] = {
    "string": (NativeKind.TEXT,),
    "object": (NativeKind.OBJECT,),
    "array": (NativeKind.ARRAY,),
    "boolean": (NativeKind.TRUE, NativeKind.FALSE),
    "null": (NativeKind.NULL,),
    "integer": (NativeKind.INTEGER,),
    "number": (NativeKind.INTEGER, NativeKind.DECIMAL),
}
_TIMES = (None, r"\S", r"^\S+(?!\s)$", r"^\S+$")
_COSTLY = (
    *(ir.Hash, ir.MapItems, ir.Entries, ir.ObjectFrom, ir.Flatten, ir.Prune),
    *(ir.FilterCall, ir.For, ir.Filter, ir.Descendant),
)
_WORDS = frozenset({"title", "description", "examples", "default", "$comment"})


def generate_native(
    program: ir.Program, target: Any, filename: str, version: str
) -> tuple[NativeProgram | None, str]:
    """The native program of a mapping that has a narrow path, None if it has none, and words about it."""
    try:
        return _generate(program, target, filename, version)
    except (NotNative, NotNarrow, UnicodeEncodeError) as reason:
        why = "a name that is not Unicode" if isinstance(reason, UnicodeEncodeError) else reason
        return None, f"The native core maps none of it: {why}.\n"
    except (RecursionError, TooLargeForCore):
        return None, "The native core maps none of it: the mapping is too large.\n"


def _generate(program: ir.Program, target: Any, filename: str, version: str) -> tuple[NativeProgram, str]:
    if not isinstance(program.output, ir.Record):
        raise NotNative("the event is one template")
    if not has_known_members(program.output, target):
        raise NotNative("the target schema restricts more than single fields")
    _refuse_costly_vars(program)
    assembly = Assembly()
    values = NativeValues(assembly)
    _emit_rules(values, program.rules)
    _emit_event(values, program.output, target)
    alternatives, trie = _selection(program, assembly)
    found = growth(program)
    numbers = assembly.numbers(alternatives, trie, min(max(2, found.own + found.shared + 1), _MAX_GROWTH))
    python = ""
    if values.called:
        python = generate_calls(program, values.called, make_plan(program), filename, version)
    native = NativeProgram(numbers, assembly.texts.decode(), tuple(assembly.given), python)
    return native, _describe(values)


def _refuse_costly_vars(program: ir.Program) -> None:
    """A var is computed once for an item; calls of Python would compute it anew in each of them."""
    once = vars_read_once(program)
    for var in program.vars:
        if var not in once and any(isinstance(node, _COSTLY) for node in ir.walk(var.value)):
            raise NotNative(f"the var `{var.name}` is costly, and read several times")


def _describe(values: NativeValues) -> str:
    kinds = sorted({type(node).__name__.lower() for node in values.called})
    words = "The native core maps usual bodies, if it is there"
    if kinds:
        words += f"; Python computes what it is not certain of ({', '.join(kinds)})"
    return f"{words}.\n"


def _emit_rules(values: NativeValues, rules: tuple[ir.Rule, ...]) -> None:
    for number, rule in enumerate(rules):
        passed = JumpTarget()
        values.condition(rule.condition)
        values.assembly.emit(Instruction.JUMP_UNLESS, passed)
        if rule.rejects:
            values.leave_item()
        else:
            values.assembly.emit(Instruction.SKIP, number)
        values.assembly.place(passed)


def _emit_event(values: NativeValues, output: ir.Record, target: Mapping[str, Any]) -> None:
    assembly = values.assembly
    fields = values.fields(output.fields)
    for field, register in fields:
        _emit_check(assembly, field, register, member_schema(target, field.name))
    assembly.emit(Instruction.BEGIN)
    assembly.emit(Instruction.PUT, 0, assembly.piece(b"{"))
    for field, register in fields:
        assembly.emit(
            Instruction.MEMBER, register, assembly.piece(name_piece(field.name)), int(field.nullable)
        )
    assembly.emit(Instruction.PUT, 0, assembly.piece(b"}"))
    assembly.emit(Instruction.END)


def _emit_check(assembly: Assembly, field: ir.Field, register: Register, schema: Subschema) -> None:
    """Leave the item if a field that is there does not fit, or perhaps does not fit, its schema."""
    rest = schema if field.nullable and may_be_null(field.value) else remaining(schema, field.value)
    if is_trivial(rest):
        return
    if isinstance(rest, bool):
        raise NotNative("the target schema forbids a field")
    passed = JumpTarget()
    if not field.required:
        assembly.emit(Instruction.IS_NOTHING, register)
        assembly.emit(Instruction.JUMP_IF, passed)
        if field.nullable:
            raise NotNative("a checked field that may be null")
    for code, operand in _checks(rest):
        assembly.emit(code, register, operand)
    assembly.place(passed)


def _checks(schema: Mapping[str, Any]) -> list[tuple[Instruction, int]]:
    """The instructions that check a value; raises NotNative if they do not exist."""
    types = schema.get("type")
    names = [types] if isinstance(types, str) else types
    if not names or not all(name in _KINDS for name in names):
        raise NotNative("a field of the target schema may be of any type")
    kinds = mask(tuple(kind for name in dict.fromkeys(names) for kind in _KINDS[name]))
    others = {key: value for key, value in schema.items() if key not in _WORDS and key != "type"}
    if not others:
        return [(Instruction.NEED_KIND, kinds)]
    length, pattern, form = (others.pop(key, None) for key in ("minLength", "pattern", "format"))
    if others or names != ["string"]:
        raise NotNative("the target schema has more than simple keywords")
    if form == "date-time" and length is None and pattern in _TIMES:
        return [(Instruction.NEED_TIME, 0)]
    if form is None and pattern in (None, r"\S") and length in (None, 0, 1):
        return [(Instruction.NEED_CONTENT, 0)]
    raise NotNative("the target schema has patterns of its own")


def _selection(program: ir.Program, assembly: Assembly) -> tuple[list[tuple[int, int, int, int]], Trie]:
    """The alternatives of `each` as numbers, and the places around and in items."""
    holders: list[tuple[Register | None, int, tuple[str, ...]]] = []
    inner_slots: dict[tuple[str, ...], Register] = {}
    is_alone = False
    forbidden: list[str] = []
    for path in program.each:
        steps = ir.plain_steps(path)
        if steps is None:
            raise NotNative("`each` uses more than names, `[*]` and `[:]`")
        kinds = [step[0] for step in steps]
        at = next((position for position, kind in enumerate(kinds) if kind != "name"), len(kinds))
        if any(kind != "name" for kind in kinds[at + 1 :]):
            raise NotNative("`each` goes through arrays in arrays")
        names, inner = (tuple(step[1] for step in part) for part in (steps[:at], steps[at + 1 :]))
        form = _VALUE if at == len(kinds) else _ALL if kinds[at] == "all" else _ELEMENTS
        is_alone = is_alone or not steps
        holder = assembly.slot(assembly.body.below(names), Region.BODY) if names else None
        if inner:
            inner_slots.setdefault(inner, Register(Region.BODY, assembly.slots[Region.BODY]))
            assembly.slots[Region.BODY] = max(assembly.slots[Region.BODY], inner_slots[inner].number + 1)
            forbidden.append(inner[0])
        holders.append((holder, form, inner))
    trie = Trie(assembly)
    trie.item = trie.node(assembly.item, None, tuple(forbidden))
    trie.body = trie.node(assembly.item if is_alone else None, assembly.body)
    alternatives = []
    for holder, form, inner in holders:
        node, slot = 0, NONE
        if inner:
            node, slot = trie.holder(inner, inner_slots[inner]), assembly.number(inner_slots[inner])
        alternatives.append((NONE if holder is None else assembly.number(holder), form, node, slot))
    return alternatives, trie
