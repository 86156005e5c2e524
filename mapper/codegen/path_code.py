"""Codegen of paths: an ir.Path becomes straight Python that looks up, loops and filters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from mapper import ir
from mapper.codegen.comparison_code import Side, compare
from mapper.codegen.decoded_payload import within
from mapper.codegen.emitter import Emitter
from mapper.codegen.writer import Writer, literal


@dataclass(frozen=True, slots=True)
class _PathEmitter:
    """The context of every step of one path: the emitter, the local that `$` means, and the path itself."""

    at: Emitter
    root: str
    path: ir.Path
    nested: bool = False  # inside a filter already

    @property
    def writer(self) -> Writer:
        return self.at.writer

    def site(self) -> int:
        return self.at.site(self.path.span, ir.path_text(self.path))


@dataclass(slots=True)
class _MatchState:
    """The matches so far: `single` if they are one value or MISSING, `bounded` if their number is checked."""

    single: bool = True
    bounded: bool = False
    is_last: bool = False


def emit_path(at: Emitter, path: ir.Path) -> str:
    """Write the statements of `path`; the local that holds its value or MISSING, or a new list of matches."""
    root = _root_local(at, path.root)
    if path.is_singular:
        return _emit_singular(at, root, path.segments)
    return _emit_nodes(_PathEmitter(at, root, path), root, path.segments)


def emit_open_path(at: Emitter, path: ir.Path) -> str:
    """The local that holds the value of a singular path, for a caller that reads members of it."""
    return _emit_steps(at, _root_local(at, path.root), path.segments)


def _root_local(at: Emitter, root: ir.Root) -> str:
    match root:
        case ir.Root.ITEM:
            return at.item
        case ir.Root.BODY:
            return at.body
    assert_never(root)


def _emit_singular(at: Emitter, start: str, segments: tuple[ir.Segment, ...]) -> str:
    """The local that holds the value of a singular path, or MISSING."""
    return at.payload.value(_emit_steps(at, start, segments))


def _emit_steps(at: Emitter, start: str, segments: tuple[ir.Segment, ...]) -> str:
    """One lookup for each segment; lookups of earlier paths are reused."""
    local = start
    for segment in segments:
        match segment.selectors[0]:
            case ir.Name(name, span):
                local = at.payload.member(local, name, span)
            case ir.Index(index, span):
                local = at.payload.element(local, index, span)
            case _:
                raise AssertionError("not a singular selector")
    return local


def _emit_nodes(emitter: _PathEmitter, start: str, segments: tuple[ir.Segment, ...]) -> str:
    """A list of all matches: the singular beginning as lookups, then one list a segment."""
    split = next(i for i, segment in enumerate(segments) if not ir.is_singular((segment,)))
    nodes = _emit_steps(emitter.at, start, segments[:split])
    state = _MatchState()
    for count in range(split, len(segments)):
        state.is_last = count == len(segments) - 1
        nodes = _emit_segment(emitter, nodes, segments[count], state)
        state.single = False
    return emitter.at.payload.values(nodes)


def _emit_segment(emitter: _PathEmitter, nodes: str, segment: ir.Segment, state: _MatchState) -> str:
    """The list after a segment; `nodes` is one value or MISSING at first, then a list."""
    writer, selectors = emitter.writer, segment.selectors
    match segment:
        case ir.Descendant():
            visited, start = writer.fresh("visited"), _whole(emitter, nodes, state)
            start = _as_list(emitter, start) if state.single else start
            writer.line(f"{visited} = {writer.use('jsonpath', 'descendants')}({start}, {emitter.site()})")
            nodes, state.single, state.bounded = visited, False, True
        case ir.Child():
            state.bounded = state.bounded or len(selectors) > 1
        case _:
            assert_never(segment)
    found = writer.fresh("found")
    if len(selectors) > 1 or isinstance(selectors[0], ir.Filter):
        nodes = _whole(emitter, nodes, state)
        for test in (s.test for s in selectors if isinstance(s, ir.Filter)):
            _emit_invariants(emitter, test)
        if emitter.nested:
            _emit_loop_apart(emitter, nodes, selectors, state, found)
        else:
            _emit_loop(emitter, nodes, selectors, state, found)
    elif state.bounded and isinstance(selectors[0], ir.Wildcard | ir.Slice):
        _emit_loop(emitter, nodes, selectors, state, found)
    else:
        writer.line(f"{found} = {_comprehension(emitter.at, nodes, selectors[0], state, found)}")
        _emit_bound(emitter, found, state)
    return found


def _whole(emitter: _PathEmitter, nodes: str, state: _MatchState) -> str:
    """The value or the list of values, for a step that needs all of them."""
    payload = emitter.at.payload
    return payload.value(nodes) if state.single else payload.values(nodes)


def _as_list(emitter: _PathEmitter, value: str) -> str:
    """A list with the one value; empty if it is MISSING."""
    if value == emitter.root:
        return f"[{value}]"
    return f"[] if {value} is {emitter.writer.use('missing', 'MISSING')} else [{value}]"


def _comprehension(at: Emitter, nodes: str, selector: ir.Selector, state: _MatchState, found: str) -> str:
    """One selector applied to one value (`single`) or to each node of a list, to be held by `found`."""
    if isinstance(selector, ir.Name):
        return at.payload.member_of_each(nodes, selector.name, found)
    at.payload.note_elements(nodes, found)
    match selector:
        case ir.Index(index):
            inside = within("node", index)
            return f"[node[{index}] for node in {nodes} if isinstance(node, list) and {inside}]"
        case ir.Wildcard() if state.single:
            children = f"{at.payload.children(nodes)}({nodes})"
            return (
                f"list({children})" if state.is_last else f"{nodes} if type({nodes}) is list else {children}"
            )
        case ir.Wildcard():
            return f"[value for node in {nodes} for value in {at.payload.children(nodes)}(node)]"
        case ir.Slice() if state.single:
            return f"{nodes}{_bounds(selector)} if isinstance({nodes}, list) else []"
        case ir.Slice():
            part = f"node{_bounds(selector)}"
            return f"[value for node in {nodes} if isinstance(node, list) for value in {part}]"
        case ir.Filter():
            raise AssertionError("filters are loops")
    assert_never(selector)


def _bounds(part: ir.Slice) -> str:
    """A Python slice of the same meaning; a step of 0 selects nothing (RFC 9535 §2.3.4.2.2)."""
    if part.step == 0:
        return "[:0]"
    start, stop = ("" if bound is None else str(bound) for bound in (part.start, part.stop))
    return f"[{start}:{stop}]" if part.step in (None, 1) else f"[{start}:{stop}:{part.step}]"


def _emit_loop_apart(
    emitter: _PathEmitter, nodes: str, selectors: tuple[ir.Selector, ...], state: _MatchState, found: str
) -> None:
    """The loop as a function of its own: Python nests no more than 20 loops in one."""
    writer = emitter.writer
    function = writer.fresh("find")
    with writer.block(f"def {function}():"):
        _emit_loop(emitter, nodes, selectors, state, found)
        writer.line(f"return {found}")
    writer.line(f"{found} = {function}()")


def _emit_loop(
    emitter: _PathEmitter, nodes: str, selectors: tuple[ir.Selector, ...], state: _MatchState, found: str
) -> None:
    """Fill the list `found` by applying all selectors to each node in turn."""
    writer = emitter.writer
    writer.line(f"{found} = []")
    if state.single:
        for selector in selectors:
            _emit_selector(emitter, nodes, selector, found)
        _emit_bound(emitter, found, state)
        return
    node = writer.fresh("node")
    with writer.block(f"for {node} in {nodes}:"):
        for selector in selectors:
            _emit_selector(emitter, node, selector, found)
        _emit_bound(emitter, found, state)


def _emit_bound(emitter: _PathEmitter, found: str, state: _MatchState) -> None:
    if state.bounded:
        check = emitter.writer.use("jsonpath", "check_matches")
        emitter.writer.line(f"{check}({found}, {emitter.site()})")


def _emit_selector(emitter: _PathEmitter, node: str, selector: ir.Selector, found: str) -> None:
    """Append to `found` the values that one selector selects in one node."""
    writer = emitter.writer
    match selector:
        case ir.Name(name):
            with writer.block(f"if isinstance({node}, dict) and {literal(name)} in {node}:"):
                writer.line(f"{found}.append({node}[{literal(name)}])")
        case ir.Index(index):
            with writer.block(f"if isinstance({node}, list) and {within(node, index)}:"):
                writer.line(f"{found}.append({node}[{index}])")
        case ir.Wildcard():
            writer.line(f"{found}.extend({writer.use('jsonpath', 'children')}({node}))")
        case ir.Slice():
            with writer.block(f"if isinstance({node}, list):"):
                writer.line(f"{found}.extend({node}{_bounds(selector)})")
        case ir.Filter(test):
            value = writer.fresh("value")
            with writer.block(f"for {value} in {writer.use('jsonpath', 'children')}({node}):"):
                condition = _emit_test(replace(emitter, nested=True), value, test)
                with writer.block(f"if {condition}:"):
                    writer.line(f"{found}.append({value})")
        case _:
            assert_never(selector)


def _emit_invariants(emitter: _PathEmitter, node: ir.Test | ir.Comparable) -> None:
    """Write the `$` queries of a filter before its loop: they are the same for every element."""
    match node:
        case ir.Query(False, segments) if ir.is_singular(segments):
            _emit_singular(emitter.at, emitter.root, segments)
        case ir.Query(False, segments):
            key = _nodes_key(emitter.root, segments)
            if emitter.writer.recall(key) is None:
                emitter.writer.remember(key, _emit_nodes(emitter, emitter.root, segments))
        case ir.Query(_, segments):
            for selector in (s for segment in segments for s in segment.selectors):
                if isinstance(selector, ir.Filter):
                    _emit_invariants(emitter, selector.test)
        case ir.Constant():
            pass
        case ir.Function(_, parts) | ir.And(parts) | ir.Or(parts):
            for part in parts:
                _emit_invariants(emitter, part)
        case ir.Comparison(_, left, right):
            _emit_invariants(emitter, left)
            _emit_invariants(emitter, right)
        case ir.Exists(inner) | ir.Matches(inner) | ir.Not(inner):
            _emit_invariants(emitter, inner)
        case _:
            assert_never(node)


def _nodes_key(start: str, segments: tuple[ir.Segment, ...]) -> object:
    return "nodes", start, repr(segments)  # by repr: `@.a == 1` and `@.a == true` are equal as data


def _emit_test(emitter: _PathEmitter, current: str, test: ir.Test) -> str:
    """Write the statements of a test; the Python condition that decides it for the local `current`."""
    writer = emitter.writer
    match test:
        case ir.Exists(query):
            local, is_list = _emit_query(emitter, current, query)
            return local if is_list else f"{local} is not {writer.use('missing', 'MISSING')}"
        case ir.Matches(call):
            return _emit_match(emitter, current, call)
        case ir.Comparison(operator, left, right):
            sides = (_emit_operand(emitter, current, left), _emit_operand(emitter, current, right))
            return compare(writer, operator, *sides)
        case ir.And(tests):
            parts = [(t, _emit_test(emitter, current, t)) for t in tests]
            return " and ".join(f"({part})" if isinstance(t, ir.Or) else part for t, part in parts)
        case ir.Or(tests):
            return " or ".join(_emit_test(emitter, current, t) for t in tests)
        case ir.Not(ir.Exists(query)) if ir.is_singular(query.segments):
            return f"{_emit_query(emitter, current, query)[0]} is {writer.use('missing', 'MISSING')}"
        case ir.Not(inner):
            return f"not ({_emit_test(emitter, current, inner)})"
    assert_never(test)


def _emit_query(emitter: _PathEmitter, current: str, query: ir.Query) -> tuple[str, bool]:
    """The local that holds a query's result, and True if that is a list of nodes."""
    start = current if query.relative else emitter.root
    if ir.is_singular(query.segments):
        return _emit_singular(emitter.at, start, query.segments), False
    known = emitter.writer.recall(_nodes_key(start, query.segments))
    return known or _emit_nodes(emitter, start, query.segments), True


def _emit_operand(emitter: _PathEmitter, current: str, operand: ir.Comparable | ir.Test) -> Side:
    """One side of a comparison or one argument: a constant, or an expression for a value or MISSING."""
    writer = emitter.writer
    match operand:
        case ir.Constant(value):
            return Side(literal(value), operand)
        case ir.Query() as query:
            return Side(_emit_query(emitter, current, query)[0])
        case ir.Function("length", (argument,)):
            side = _emit_operand(emitter, current, argument)
            return _held(writer, "length", f"{writer.use('jsonpath', 'length')}({side.python})")
        case ir.Function("count" | "value" as name, (ir.Query() as query,)):
            local, is_list = _emit_query(emitter, current, query)
            if name == "value":
                only = f"{writer.use('jsonpath', 'only')}({local})"
                return _held(writer, name, only) if is_list else Side(local)
            if is_list:
                return _held(writer, name, f"len({local})", is_number=True)
            missing = writer.use("missing", "MISSING")
            return _held(writer, name, f"int({local} is not {missing})", is_number=True)
        case _:
            raise AssertionError("refused by the parser")


def _held(writer: Writer, hint: str, expression: str, is_number: bool = False) -> Side:
    """A local that holds the result of a function."""
    local = writer.fresh(hint)
    writer.line(f"{local} = {expression}")
    return Side(local, is_number=is_number)


def _emit_match(emitter: _PathEmitter, current: str, call: ir.Function) -> str:
    """A condition that runs `match()` or `search()`; a literal pattern is compiled once a module."""
    writer = emitter.writer
    text, pattern = (_emit_operand(emitter, current, argument) for argument in call.arguments)
    compiled = pattern.python
    if pattern.constant is not None and isinstance(pattern.constant.value, str):
        prepare = writer.use("regex.iregexp", "prepare")
        compiled = writer.constant(f"{prepare}({pattern.python})", "pattern")
    return f"{writer.use('regex.iregexp', call.name)}({text.python}, {compiled})"
