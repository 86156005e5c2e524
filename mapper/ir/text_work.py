"""Work of texts: bounds of what the loops, filters and comparisons of a template can cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from mapper import ir
from mapper.ir.growth import NUMBERS, SizeBound, lookup_place, var_bound
from mapper.ir.units import ENDLESS, NOTHING, REQUESTED, Size, Units, either, least, size_of, total
from mapper.runtime.limits import active
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.liquid.filters.row import Effect, FilterRow, Gives
from mapper.runtime.liquid.filters.texts import CODED
from mapper.runtime.work import (
    CALL,
    DATE,
    DATE_PATTERN,
    ENTERED,
    FREE_DATE,
    FREE_DATE_CHARACTER,
    LISTED,
    LONG_DIGIT,
    LONGEST_DATE,
    NUMBER,
    PRINTED,
    VALUE,
    units_of_search,
)

_NUMBER: Final = 20  # characters of a number that is printed, beside those in the payload
_LONG_NUMBER: Final = 4_302  # characters of the longest
_DIGEST: Final = 130
_LONG_PATTERN: Final = 1_000  # characters of the longest pattern of a date
_WIDE: Final = 512  # characters of a date for a character of its pattern: `%1024d`; few without digits in it
_LONGER: Final = 6  # times: a text that is escaped, or in upper case
_SORTED: Final = 24  # comparisons of each element of a sorted list: bits of its number
_MAX_PENDING: Final = 20  # variables that are read before they are assigned, one by way of the other
_CODED: Final = frozenset(
    ROWS[name].function for name in ("escape_once", "escapejs", "strip_html", "url_encode", "url_decode")
)
_SEARCHING: Final = frozenset(
    ROWS[name].function
    for name in ("remove", "remove_first", "remove_last", "replace", "replace_first", "replace_last", "split")
)
_STEADY: Final = (Effect.TRIMMED, Effect.THINNED)  # of filters whose text is not longer than the value's
_ENDLESS: Final = Size(ENDLESS, ENDLESS)

# The loops around a place in a template, the outermost first.
_Loops: TypeAlias = tuple[ir.For, ...]


def of_text(
    node: ir.Template | ir.Condition | ir.Compute, round_units: int, *, is_large: bool = False
) -> Units:
    """A bound of the work of a text; a round of its loops takes `round_units` beside what is inside.

    Of two bounds it takes the smaller one for a small body, or with `is_large` for the largest one.
    """
    match node:
        case ir.Template(body=tuple(body)):
            return _TextWork(round_units, is_large, _assigned(body)).block(body, ())
        case ir.Condition(test=operand) | ir.Compute(value=operand) if operand is not None:
            return _TextWork(round_units, is_large).operand(operand, ())
        case _:  # the library runs it
            return ENDLESS


def length_of(node: ir.Template, *, is_large: bool) -> Units:
    """A bound of the characters of a text: those that it prints, or as many as any text may have."""
    limit = Units(active().text_length)
    if node.body is None:
        return limit
    printed = _TextWork(0, is_large, _assigned(node.body)).written(node.body, ())
    return least(printed, limit, is_large=is_large)


# A value that is assigned (None: a text that is captured), and the loops around it.
_Assigned: TypeAlias = tuple[ir.Operand | None, _Loops]


def _assigned(body: tuple[ir.Statement, ...]) -> dict[str, list[_Assigned]]:
    """The variables of a template, each with what is assigned to it."""
    found: dict[str, list[_Assigned]] = {}
    waiting: list[tuple[ir.Statement, _Loops]] = [(statement, ()) for statement in body]
    while waiting:
        node, loops = waiting.pop()
        match node:
            case ir.Assign(name, value):
                found.setdefault(name, []).append((value, loops))
            case ir.Capture(name, inner):
                found.setdefault(name, []).append((None, loops))
                waiting += [(part, loops) for part in inner]
            case ir.For(body=inner, otherwise=otherwise):
                waiting += [(part, (*loops, node)) for part in inner]
                waiting += [(part, loops) for part in otherwise]
            case ir.Branches(branches, otherwise):
                waiting += [(part, loops) for branch in branches for part in branch.body]
                waiting += [(part, loops) for part in otherwise]
            case ir.Choices(choices=choices):
                waiting += [(part, loops) for choice in choices for part in choice.body]
    return found


@dataclass
class _TextWork:
    """Bounds of one text. All sizes and units are those of all rounds of the loops around, together."""

    round_units: int
    is_large: bool
    variables: dict[str, list[_Assigned]] = field(default_factory=dict)
    known: dict[str, Size] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)  # variables whose size is being worked out

    # --- statements

    def block(self, body: tuple[ir.Statement, ...], loops: _Loops, buffered: _Loops = ()) -> Units:
        """The work of statements, which write to a buffer that was opened inside the loops `buffered`."""
        return total(self._statement(node, loops, buffered) for node in body)

    def _statement(self, node: ir.Statement, loops: _Loops, buffered: _Loops) -> Units:
        match node:
            case ir.Output(value):
                return self.operand(value, loops) + self._printed(value, loops, buffered)
            case ir.Assign(value=value):
                return self.operand(value, loops)
            case ir.Capture(body=body):
                captured = Units(active().text_length * _times(loops))
                return self.block(body, loops, loops) + self._least(captured, self.written(body, loops))
            case ir.For():
                return self._of_loop(node, loops, buffered)
            case ir.Branches(branches, otherwise):
                tests = total(self.operand(branch.test, loops) for branch in branches)
                bodies = (*(branch.body for branch in branches), otherwise)
                if loops:  # each round may take another branch
                    return tests + total(self.block(body, loops, buffered) for body in bodies)
                return tests + either(self.block(body, loops, buffered) for body in bodies)
            case ir.Choices():
                return self._of_choices(node, loops, buffered)
            case ir.Cycle():
                return ENDLESS
            case ir.Write() | ir.Count() | ir.Break() | ir.Continue() | ir.Abort():
                return NOTHING

    def _of_loop(self, node: ir.For, loops: _Loops, buffered: _Loops) -> Units:
        source = self.size(node.source, loops)
        match node.source:
            case ir.Interval(start, stop):
                parts = [start, stop]
                work = NOTHING
            case other:
                parts = [other]
                work = source.nodes.times(VALUE)
        parts += [part for part in (node.limit, node.offset) if part is not None]
        work += total(self.operand(part, loops) for part in parts) + _rounds(source.nodes).times(
            self.round_units
        )
        inner = self.block(node.body, (*loops, node), buffered)
        return work + inner + self.block(node.otherwise, loops, buffered)

    def _each(self, loops: _Loops) -> Units:
        """The number of times that what is inside some loops is done."""
        match loops:
            case ():
                return Units(1)
            case (loop,):
                return _rounds(self.size(loop.source, ()).nodes)
            case _:
                return Units(active().loop_rounds)

    def _of_choices(self, node: ir.Choices, loops: _Loops, buffered: _Loops) -> Units:
        work = self.operand(node.subject, loops)
        for choice in node.choices:
            compared = [self._of_comparison(node.subject, value, loops) for value in choice.values or ()]
            # Each value that matches writes the text again.
            body = self.block(choice.body, loops, buffered).times(max(1, len(compared)))
            work += (
                total(compared) + total(self.operand(value, loops) for value in choice.values or ()) + body
            )
        return work

    def _printed(self, value: ir.Operand, loops: _Loops, buffered: _Loops) -> Units:
        """The units to print a value; what is not a text costs as many as it has characters."""
        if _is_text(value):
            return NOTHING
        printed = _to_print(self.size(value, loops))
        if loops == buffered:
            return printed
        # The length of the buffer is looked at in each round.
        round_ = _to_print(self.size(value, loops, Units(1)))
        return self._least(printed, Units(active().text_length) + round_)

    def written(self, body: tuple[ir.Statement, ...], loops: _Loops) -> Units:
        """The characters that statements write."""
        written = NOTHING
        for node in body:
            match node:
                case ir.Write(text):
                    written += self._each(loops).times(len(text))
                case ir.Output(value):
                    written += _text_of(self.size(value, loops))
                case ir.Count():
                    written += self._each(loops).times(_NUMBER)
                case ir.Branches(branches, otherwise):
                    written += total(self.written(branch.body, loops) for branch in branches)
                    written += self.written(otherwise, loops)
                case ir.For(body=inner, otherwise=otherwise):
                    written += self.written(inner, (*loops, node)) + self.written(otherwise, loops)
                case ir.Assign() | ir.Capture() | ir.Break() | ir.Continue() | ir.Abort():
                    pass
                case _:
                    return ENDLESS
        return written

    def _least(self, one: Units, other: Units) -> Units:
        return least(one, other, is_large=self.is_large)

    # --- operands and tests

    def operand(self, node: ir.Operand, loops: _Loops) -> Units:
        """The work of an operand or a test."""
        match node:
            case ir.FilterCall():
                return total(self.operand(part, loops) for part in _given(node)) + self._of_call(node, loops)
            case ir.Compare(left=left, right=right):
                work = self.operand(left, loops) + self.operand(right, loops)
                return work + self._of_comparison(left, right, loops)
            case ir.Contains(left, right):
                work = self.operand(left, loops) + self.operand(right, loops)
                held, part = self.size(left, loops), self.size(right, loops)
                searched = held.characters.times(1 + _searched(right)) + _to_print(part) + _text_of(part)
                each = 2 * VALUE + (0 if isinstance(right, ir.Scalar) else ENTERED + VALUE)
                return work + searched + held.nodes.times(each)
            case ir.Truthy(value):
                return self.operand(value, loops)
            case ir.AllOf(tests) | ir.AnyOf(tests):
                return total(self.operand(test, loops) for test in tests)
            case ir.Negation(test):
                return self.operand(test, loops)
            case ir.Interval():
                return ENDLESS
            case ir.Scalar() | ir.Special() | ir.Lookup():
                return NOTHING

    def _of_comparison(self, left: ir.Operand, right: ir.Operand, loops: _Loops) -> Units:
        """The units of a comparison: those of the shorter side, and none for most constants."""
        sides = (left, right)
        if any(isinstance(side, ir.Scalar) for side in sides):
            return NOTHING
        if any(isinstance(side, ir.Special) for side in sides):
            return total(self.size(side, loops).characters for side in sides)
        one, other = (self.size(side, loops) for side in sides)
        return self._each(loops).times(ENTERED) + self._least(_to_compare(one), _to_compare(other))

    def size(self, node: ir.Operand, loops: _Loops, times: Units | None = None) -> Size:
        """The size of a value so many times; in all rounds of the loops around if it is not said."""
        times = self._each(loops) if times is None else times
        match node:
            case ir.Scalar(value):
                return Size(times.times(len(str(value))), times)
            case ir.Lookup():
                return self._of_lookup(node, loops, times)
            case ir.FilterCall():
                return self._of_result(node, loops, times)
            case ir.Interval(start, stop):  # the source of a loop
                is_short = isinstance(start, ir.Scalar) and isinstance(stop, ir.Scalar)
                rounds = times.times(active().loop_rounds)
                digits = rounds.times(_NUMBER if is_short else _LONG_NUMBER)
                return Size(digits, rounds, digits)
            case _:
                return Size(times.times(len("false")), times)

    def _of_lookup(self, node: ir.Lookup, loops: _Loops, times: Units) -> Size:
        most = _most(times)
        if isinstance(node.var, ir.Var):
            return size_of(var_bound(node.var)).times(most)
        if node.name == "forloop" and loops:
            return Size(times.times(_NUMBER), times)
        for depth in range(len(loops) - 1, -1, -1):
            if loops[depth].name == node.name:
                # All elements together are the source; an inner loop may repeat them.
                source = self.size(loops[depth].source, loops[:depth])
                if not node.keys and isinstance(loops[depth].source, ir.Lookup):
                    # A member of an object is a list of its name and its value.
                    source = replace(source, nodes=source.nodes.times(3))
                return source if depth == len(loops) - 1 else source.times(most)
        place = SizeBound()
        if node.name in ir.REQUEST_NAMES:
            read = Size(Units(REQUESTED), Units(1))
        else:
            place.reads[lookup_place(node)] = 1
            read = size_of(place)
        if node.name in self.variables:
            read += self._of_variable(node.name)
        return read.times(most)

    def _of_variable(self, name: str) -> Size:
        if name in self.pending or len(self.pending) > _MAX_PENDING:  # it may grow in each round
            return _ENDLESS
        if name not in self.known:
            self.pending.add(name)
            found = Size()
            for value, loops in self.variables[name]:
                built = Size(Units(active().text_length), Units(1))
                found += built if value is None else self.size(value, loops, Units(1))
            self.pending.discard(name)
            self.known[name] = found
        return self.known[name]

    # --- filters

    def _of_call(self, node: ir.FilterCall, loops: _Loops) -> Units:
        """The work of a call of a filter, apart from that of its operands."""
        row, times = ROWS[node.name], self._each(loops)
        value, *args = (self.size(part, loops) for part in _given(node))
        given, result = _text_of(value), self._of_result(node, loops, times)
        if node.name in ("default", "first", "last", "size"):
            return NOTHING
        if row.gives is Gives.DATE:
            patterns = total(arg.characters + arg.nodes.times(VALUE) for arg in args).times(DATE_PATTERN)
            reading = DATE + FREE_DATE + FREE_DATE_CHARACTER * LONGEST_DATE
            printed = total(map(_to_print, (value, *args)))
            return times.times(reading) + patterns + printed + given + value.nodes.times(VALUE)
        if row.gives in NUMBERS and row.takes == "a number":
            characters = total(size.characters.times(2 + LONG_DIGIT) for size in (value, *args))
            return characters + times.times(NUMBER * (1 + len(args)))
        if row.gives is Gives.CONTENT and row.method:
            return _to_print(value) + given.times(2)
        # Printed and read; the result is written.
        read = times.times(CALL) + total(_to_print(size) + _text_of(size) for size in (value, *args))
        if row.function in _CODED:
            read += given.times(CODED)
        if row.function in _SEARCHING:
            read += given.times(_searched(*node.args[:1])) + total(map(_to_print, args[:1]))
        read += total(size.nodes.times(VALUE) for size in (value, *args))
        if row.is_text or row.gives is Gives.JSON:
            return read + result.characters
        looked_at = value.nodes.times(2 * LISTED) + result.nodes.times(VALUE) + times.times(LISTED)
        if node.name in ("sort", "sort_natural"):
            # Texts by their characters, long integers by their digits.
            compared = value.characters.times(LONG_DIGIT) + value.nodes.times(VALUE)
            return read + looked_at + compared.times(_SORTED) + value.nodes.times(LISTED)
        added = (given.times(1 + LONG_DIGIT) + value.nodes.times(VALUE)).times(4)
        return read + looked_at + added + value.nodes.times(LISTED + ENTERED)

    def _of_result(self, node: ir.FilterCall, loops: _Loops, times: Units) -> Size:
        """The size of what a filter gives."""
        row = ROWS[node.name]
        if row.gives in NUMBERS:
            digits = times.times(_LONG_NUMBER)
            return Size(digits, times, digits)
        if row.is_digest:
            return Size(times.times(_DIGEST), times)
        value, *args = (self.size(part, loops, times) for part in _given(node))
        if row.gives is Gives.DATE:
            return Size(times.times(_date_length(node.args)) + _text_of(value), times)
        if row.is_text:
            length = _length(row, node, value, args, times)
            if row.gives is not Gives.CONTENT:  # it is measured
                length = self._least(length, times.times(active().text_length))
            return Size(length, times)
        if row.gives is Gives.TEXTS:  # a piece may be one character
            return Size(_text_of(value), _text_of(value) + times)
        if row.gives is Gives.PART:
            written = _text_of(value)
            return Size(value.characters + written, value.nodes + written, value.digits)
        return sum(args, value) + Size(times, times)


def _given(node: ir.FilterCall) -> list[ir.Operand]:
    return [node.value, *node.args, *(part for _, part in node.kwargs)]


def _length(row: FilterRow, node: ir.FilterCall, value: Size, args: list[Size], times: Units) -> Units:
    """The characters of a text that a filter gives."""
    text = _text_of(value)
    if row.gives is Gives.JOINED:
        match node.args:
            case () | (ir.Scalar(),):
                between = len(str(node.args[0].value)) if node.args else 1  # type: ignore[union-attr]
                return text + value.nodes.times(max(between, _NUMBER))
            case _:
                return ENDLESS
    if row.effect is Effect.REPLACED and node.name != "remove":
        return ENDLESS
    factor = 1 if row.effect in _STEADY or row.gives in (Gives.APPENDED, Gives.PREPENDED) else _LONGER
    return text.times(factor) + total(map(_text_of, args)) + times


def _date_length(args: tuple[ir.Operand, ...]) -> int:
    """The characters of a date, by its pattern."""
    match args:
        case (ir.Scalar(value), *_):
            pattern = str(value)
            return len(pattern) * (_WIDE if any(map(str.isdigit, pattern)) else _NUMBER)
        case _:
            return _LONG_PATTERN * _WIDE


def _times(loops: _Loops) -> int:
    """The most rounds of loops inside each other."""
    return active().loop_rounds if loops else 1


def _rounds(nodes: Units) -> Units:
    """The number of rounds of a loop over so many elements."""
    match [*nodes.values.items()]:
        case [((ir.Root.ITEM, _), 1)] if not nodes.bytes and not nodes.rounds and nodes.constant <= 1:
            return Units(1, rounds=1)
        case _:
            return Units(active().loop_rounds)


def _most(times: Units) -> int:
    """The same as a number; a loop of values of the item has no more rounds than any."""
    return active().loop_rounds if times.rounds else times.constant


def _is_text(node: ir.Operand) -> bool:
    if isinstance(node, ir.FilterCall):
        return ROWS[node.name].is_text
    return isinstance(node, ir.Scalar)


def _text_of(size: Size) -> Units:
    """The characters of a value when it is printed."""
    return size.characters + size.nodes.times(_NUMBER)


def _to_print(size: Size) -> Units:
    """The units to print a value, the characters included: each part of an object or list takes some."""
    return size.characters + size.digits.times(LONG_DIGIT) + size.nodes.times(_NUMBER + PRINTED)


def _searched(*part: ir.Operand) -> int:
    """The units to look for a part at one character of a text."""
    match part:
        case (ir.Scalar(value),):
            return units_of_search(len(str(value)), _WIDE) // _WIDE + 1
        case _:
            return units_of_search(_WIDE * _WIDE, _WIDE) // _WIDE + 1


def _to_compare(size: Size) -> Units:
    return size.characters + size.nodes.times(ENTERED + VALUE)
