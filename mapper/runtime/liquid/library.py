"""Library at run time: python-liquid under our rules and limits, for what is not lowered and as the oracle.

One Environment serves parsing, fallback and comparison. Changed against the library: the filters
(`mapper.runtime.liquid.filters`), `blank` and `contains` (`mapper.runtime.liquid.semantics`), how values
print, `limit: 0`, no variables `now`, `today` and `partial`, and limits that count as in lowered code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from io import StringIO
from typing import Any, TextIO, TypeAlias, TypeVar

from liquid import BoundTemplate, DictLoader, Environment, Mode, RenderContext, TokenStream
from liquid.builtin import case_tag, cycle_tag, echo_tag, for_tag, if_tag, output, tablerow_tag, unless_tag
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    LoopExpression,
    StringLiteral,
    tokenize,
)
from liquid.builtin.expressions.primitive import Literal
from liquid.exceptions import (
    LiquidError,
    LoopIterationLimitError,
    OutputStreamLimitError,
    ResourceLimitError,
)
from liquid.expression import Expression
from liquid.filter import with_context
from liquid.token import TOKEN_EXPRESSION, Token
from liquid.undefined import UNDEFINED, Undefined
from liquid.utils import ReadOnlyChainMap

from mapper.runtime.faults import Fault, Skip
from mapper.runtime.limits import MAX_TAG_DEPTH, active
from mapper.runtime.liquid import semantics as text
from mapper.runtime.liquid.abort import AbortTag
from mapper.runtime.liquid.arithmetic import as_double
from mapper.runtime.liquid.comparisons import AnyEqual, plain, refine_condition, refined
from mapper.runtime.liquid.filters import (
    COMPUTED,
    FILTERS,
    ROWS,
    apply,
    computed_date_of_moment,
    fault_of,
)
from mapper.runtime.liquid.filters.row import Function
from mapper.runtime.liquid.filters.values import date_of_moment
from mapper.runtime.liquid.lazy_vars import NO_VARS, LazyVars, VarFailed, VarValues, all_variables
from mapper.runtime.missing import MISSING
from mapper.runtime.work import meter, spend

# The rules of a dialect, as (name, value) pairs; see ir.LiquidRules.
Rules: TypeAlias = tuple[tuple[str, bool | str], ...]

_Found = TypeVar("_Found")


class _Buffer(StringIO):
    def __init__(self) -> None:
        super().__init__(newline="\n")
        self.size = 0

    def write(self, piece: str) -> int:
        self.size += len(piece)
        if self.size > active().text_length:
            raise OutputStreamLimitError("output limit", token=None)
        return super().write(piece)


def _doubled(value: object, context: RenderContext) -> object:
    """The value, as a double in a dialect whose numbers are all doubles."""
    return as_double(value) if context.env.rules.get("doubles") else value  # type: ignore[attr-defined]


class _Captured(_Buffer):
    def getvalue(self) -> str:
        captured = super().getvalue()
        spend(len(captured))
        return captured


class LimitedRenderContext(RenderContext):
    """A render context without a clock, whose limits count as those of lowered code do."""

    __slots__ = ("_held",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held = 0
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)

    def assign(self, key: str, val: object) -> None:
        """Set a variable; all of them together stay below the limit."""
        self._held = text.hold(self._held - text.held_by(self.locals.get(key, text.UNSET)), val, -1)
        self.locals[key] = val

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        """A buffer for a capture."""
        return _Captured()

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        """The value of a variable and its keys."""
        found = super().get(path, token=token, default=default)
        return text.as_infinity(_doubled(found, self))

    def get_item(self, obj: object, key: object) -> object:
        """An entry, element, size, first or last; never a Python attribute."""
        if isinstance(obj, Undefined):
            return obj
        if isinstance(obj, LazyVars):
            return obj.read(key)
        if isinstance(obj, for_tag.ForLoop | tablerow_tag.TableRow):
            return obj[key]  # type: ignore[index]
        found = text.member(obj, key)
        if found is MISSING:
            raise KeyError(key)
        return found


class Rendering(BoundTemplate):
    """A template that renders into a limited buffer and defines no variables of its own."""

    context_class = LimitedRenderContext

    def render_names(self, names: Mapping[str, object]) -> str:
        """The text with these variables, which are read when they are needed and not copied."""
        context, written = self.context_class(self, globals=names), _Buffer()
        self.render_with_context(context, written)
        return written.getvalue()

    def make_partial_namespace(
        self, partial: bool, render_args: Mapping[str, object]
    ) -> Mapping[str, object]:
        """The arguments of an `include`; nothing else."""
        return render_args


class _Loop(LoopExpression):
    __slots__ = ()

    def evaluate(self, context: RenderContext) -> tuple[Iterator[object], int]:
        source = text.elements(plain(self.iterable.evaluate(context)))
        limit = None if self.limit is None else plain(self.limit.evaluate(context))
        offset = None if self.offset is None else plain(self.offset.evaluate(context))
        key = f"{self.identifier}-{self.iterable}"
        if isinstance(self.offset, StringLiteral) and offset == "continue":
            offset = context.stopindex(key)
        visited, stop = text.loop_over(source, limit, offset, -1)
        context.stopindex(key, stop)
        length = text.length_of(visited)
        context.raise_for_loop_limit(length)
        counting = meter()
        if counting is not None:
            counting.spend(length * counting.round_units)
        return (reversed(visited) if self.reversed else iter(visited)), length


def _refined_loop(loop: LoopExpression) -> _Loop:
    return _Loop(
        loop.token,
        loop.identifier,
        loop.iterable,
        limit=loop.limit,
        offset=loop.offset,
        reversed_=loop.reversed,
        cols=loop.cols,
    )


def _refine_branches(node: if_tag.IfNode | unless_tag.UnlessNode) -> None:
    node.condition = refined(node.condition)
    for alternative in node.alternatives:
        alternative.expression = refined(alternative.expression)


class _IfNode(if_tag.IfNode):
    __slots__ = ()

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        _refine_branches(self)


class _UnlessNode(unless_tag.UnlessNode):
    __slots__ = ()

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        _refine_branches(self)


class _CaseNode(case_tag.CaseNode):
    __slots__ = ()

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        for block in self.blocks:
            if isinstance(block, case_tag.MultiExpressionBlockNode):
                test = block.expression
                block.expression = AnyEqual(test.token, test.left, test.expressions)


class _ForNode(for_tag.ForNode):
    __slots__ = ()

    def __init__(self, token: Any, expression: LoopExpression, block: Any, default: Any = None) -> None:
        super().__init__(token, _refined_loop(expression), block, default)


class _TablerowNode(tablerow_tag.TablerowNode):
    __slots__ = ()

    def __init__(self, token: Any, expression: LoopExpression, block: Any) -> None:
        super().__init__(token, _refined_loop(expression), block)


class _OutputNode(output.OutputNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = _doubled(self.expression.evaluate(context), context)
        return buffer.write(text.to_text(value))


class _EchoNode(_OutputNode, echo_tag.EchoNode):
    __slots__ = ()


class _CycleNode(cycle_tag.CycleNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        values = [_doubled(value.evaluate(context), context) for value in self.args]
        named = None if self.group is None else self.group.evaluate(context)
        group = "__UNDEFINED" if isinstance(named, Undefined) else str(named) if self.group else ""
        key = group or text.group_of(values)
        if not group and not all(isinstance(value, Literal) for value in self.args):
            spend(len(key))
        turn = context.cycle(key, len(values))
        return buffer.write(text.to_text(values[turn])) if turn < len(values) else 0


_TAGS = {
    if_tag.IfTag: _IfNode,
    unless_tag.UnlessTag: _UnlessNode,
    case_tag.CaseTag: _CaseNode,
    for_tag.ForTag: _ForNode,
    tablerow_tag.TablerowTag: _TablerowNode,
    output.Output: _OutputNode,
    echo_tag.EchoTag: _EchoNode,
    cycle_tag.CycleTag: _CycleNode,
}


def _adapted(function: Function) -> Function:
    # A filter in the form that the library calls: a missing value is an Undefined there.
    def call(value: object, *args: object, **kwargs: object) -> object:
        named = {name: plain(arg) for name, arg in kwargs.items()}
        result = apply(function, -1, plain(value), *map(plain, args), **named)
        return Undefined("") if result is MISSING else result

    return call


# Made once: compiling a mapping makes an environment for each of its templates.
_ADAPTED: dict[str, Function] = {name: _adapted(function) for name, function in FILTERS.items()}
_ADAPTED_COMPUTED: dict[str, Function] = {name: _adapted(function) for name, function in COMPUTED.items()}


def _of_doubles(function: Function) -> Function:
    # In a dialect whose numbers are all doubles, so are the arguments and the results of filters.
    def call(value: object, *args: object, **kwargs: object) -> object:
        named = {name: as_double(arg) for name, arg in kwargs.items()}
        return as_double(function(as_double(value), *map(as_double, args), **named))

    return call


def _clocked(function: Function) -> Function:
    # In a dialect whose dates know "now", that is the time of receipt.
    def call(value: object, *args: object, context: RenderContext, **kwargs: object) -> object:
        received = context.globals.get("received_at")
        return function(text.clock(value, received, -1), *args, **kwargs)

    return with_context(call)


_OWN_TAGS = [type(kind.__name__, (kind,), {"node_class": node}) for kind, node in _TAGS.items()]


class LiquidEnvironment(Environment):
    """The library under our rules; the module's docstring lists the differences."""

    template_class = Rendering
    block_nesting_limit = MAX_TAG_DEPTH

    @property
    def loop_iteration_limit(self) -> int:  # type: ignore[override]
        """The rounds a template may run; a setting of the caller, not of the environment."""
        return active().loop_rounds

    def __init__(self, rules: Rules = (), partials: tuple[tuple[str, str], ...] = ()) -> None:
        self.rules = dict(rules)
        self.partials = dict(partials)
        super().__init__(tolerance=Mode.STRICT, loader=DictLoader(self.partials), strict_filters=True)

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Register the library's tags with our nodes, and our filters."""
        super().setup_tags_and_filters(extra=False)
        for tag in _OWN_TAGS:
            self.add_tag(tag)
        if self.rules.get("abort"):
            self.add_tag(AbortTag)
        zone, computes = str(self.rules.get("zone", "UTC")), self.rules.get("computes")
        if self.rules.get("moments"):
            date = partial(computed_date_of_moment if computes else date_of_moment, local=zone)
        else:
            date = partial((COMPUTED if computes else FILTERS)["date"], zone=zone)
        self.filters = {**(_ADAPTED_COMPUTED if computes else _ADAPTED), "date": _adapted(date)}
        for row in ROWS.values():
            if row.of_dialects and not self.rules.get(row.name):
                del self.filters[row.name]
        if self.rules.get("doubles"):
            self.filters = {name: _of_doubles(function) for name, function in self.filters.items()}
        for name in self.filters.keys() & {"date", "date_tz"} if self.rules.get("now") else ():
            self.filters[name] = _clocked(self.filters[name])


@lru_cache(maxsize=32)
def environment(rules: Rules = (), partials: tuple[tuple[str, str], ...] = ()) -> LiquidEnvironment:
    """The environment of a dialect's rules; equal rules share one."""
    return LiquidEnvironment(rules, partials)


@lru_cache(maxsize=256)
def _parsed(source: str, rules: Rules, partials: tuple[tuple[str, str], ...]) -> Rendering:
    template = environment(rules, partials).from_string(source)
    assert isinstance(template, Rendering)
    return template


def render(
    source: str,
    rules: Rules,
    partials: tuple[tuple[str, str], ...],
    item: object,
    body: object,
    request: object,
    site: int,
    known: VarValues = NO_VARS,
    round_units: int = 0,
) -> str:
    """The text the library renders; raises Fault or Skip as lowered code does. `known` are its vars.

    `round_units` is the work of a round of one of its loops.
    """

    def work() -> str:
        template, names = _parsed(source, rules, partials), all_variables(item, body, request, known)
        counting = meter()
        if counting is None:
            return template.render_names(names)
        outer, counting.round_units = counting.round_units, round_units
        try:
            return template.render_names(names)
        finally:
            counting.round_units = outer

    return _run(work, site)


@lru_cache(maxsize=256)
def _condition(source: str, rules: Rules) -> tuple[BooleanExpression, BoundTemplate]:
    used = environment(rules)
    return parse_condition(source, used), used.from_string("")


def parse_condition(source: str, used: Environment) -> BooleanExpression:
    """The condition as the library parses it inside `{% if .. %}`, with our comparisons."""
    whole = Token(TOKEN_EXPRESSION, source, 0, source)
    return refine_condition(BooleanExpression.parse(used, TokenStream(tokenize(source, whole))))


def holds(
    source: str,
    rules: Rules,
    item: object,
    body: object,
    request: object,
    site: int,
    known: VarValues = NO_VARS,
) -> bool:
    """Return True if the condition holds by the library; raises Fault as lowered code does."""

    def work() -> bool:
        condition, template = _condition(source, rules)
        names = all_variables(item, body, request, known)
        return condition.evaluate(LimitedRenderContext(template, globals=names))

    return _run(work, site)


@lru_cache(maxsize=256)
def _expression(source: str, rules: Rules) -> tuple[Expression, BoundTemplate]:
    used = environment(rules)
    return parse_expression(source, used), used.from_string("")


def parse_expression(source: str, used: Environment) -> Expression:
    """The expression as the library parses it inside `{{ .. }}`."""
    whole = Token(TOKEN_EXPRESSION, source, 0, source)
    return FilteredExpression.parse(used, TokenStream(tokenize(source, whole)))


def compute(
    source: str,
    rules: Rules,
    item: object,
    body: object,
    request: object,
    site: int,
    known: VarValues = NO_VARS,
) -> object:
    """The value of an expression by the library, or MISSING; raises Fault as lowered code does."""

    def work() -> object:
        expression, template = _expression(source, rules)
        context = LimitedRenderContext(template, globals=all_variables(item, body, request, known))
        return text.as_value(plain(_doubled(expression.evaluate(context), context)), site)

    return _run(work, site)


def _run(work: Callable[[], _Found], site: int) -> _Found:
    """The result of the library's work; all that ends it is a Fault or Skip at the site, or of a var."""
    try:
        return work()
    except Skip:
        raise Skip(site) from None
    except RecursionError:
        raise
    except Exception as error:
        raise _fault_at(error, site) from None


def _fault_at(error: Exception, site: int) -> Fault:
    """The Fault for an error of the library, or of a var that a text reads."""
    if isinstance(error, VarFailed):
        return error.fault
    if isinstance(error, LoopIterationLimitError):
        return text.rounds_fault(site)
    if isinstance(error, OutputStreamLimitError):
        return text.length_fault(site)
    if isinstance(error, ResourceLimitError):
        return Fault("M620", site, "the template's variables hold too much")
    if isinstance(error, LiquidError | Fault):
        return fault_of(error, site)
    return Fault("M618", site, "the template cannot work with this value")
