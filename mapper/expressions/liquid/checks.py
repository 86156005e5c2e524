"""Checks of Liquid: filters, their arguments, and the terms of a dialect, on the library's parse tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from inspect import Parameter, signature

from liquid import RenderContext
from liquid.ast import BlockNode, Node
from liquid.builtin import case_tag, include_tag, render_tag
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import (
    FilteredExpression,
    KeywordArgument,
    Nil,
    Path,
    PositionalArgument,
    StringLiteral,
)
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.primitive import Literal
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.token import TOKEN_COMMENT, TOKEN_TAG, Token

from mapper.diagnostics.diagnostic import Report, did_you_mean
from mapper.diagnostics.source import SpannedText
from mapper.expressions.liquid.dialects import Dialect
from mapper.expressions.liquid.places import path_span, token_span
from mapper.expressions.liquid.template_faults import INNER_TAGS, exponent_hint
from mapper.expressions.var_names import VarNames
from mapper.ir.liquid import LiquidRules
from mapper.ir.values import REQUEST_NAMES
from mapper.ir.vars import VARS, Var
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.liquid.filters.digests import namespace_of
from mapper.runtime.liquid.filters.row import Fails
from mapper.runtime.liquid.filters.values import date_of_moment
from mapper.runtime.liquid.library import LiquidEnvironment
from mapper.runtime.liquid.semantics import to_text

RESERVED = frozenset({"item", "envelope"}) | REQUEST_NAMES


class Checks:
    """Reports unknown filters, tags and variables of a template or condition, and wrong arguments."""

    def __init__(
        self,
        text: SpannedText,
        report: Report,
        environment: LiquidEnvironment,
        rules: LiquidRules,
        dialect: Dialect | None,
        var_names: VarNames | None = None,
    ) -> None:
        self.text = text
        self.report = report
        self.environment = environment
        self.rules = rules
        self.dialect = dialect
        self.failed = False
        self.locals = set(RESERVED)
        self.var_names = var_names
        self.vars: dict[str, Var] = {}  # those that were read

    def _error(self, code: str, message: str, token: Token, label: str, *hints: str) -> None:
        self.failed = True
        self.report.error(code, message, token_span(self.text, token), label, *hints)

    def template(self, nodes: list[Node]) -> None:
        """Check a whole template."""
        self._comments()
        everything = list(self._walk(nodes))
        for node in everything:
            for name in (*node.template_scope(), *node.block_scope()):
                self.locals.add(str(name))
                if name == VARS and self.var_names is not None:
                    self.failed = True
                    self.var_names.report_assigned(token_span(self.text, name.token))
        if self.dialect is not None:
            self._tags(self.dialect)
        for node in everything:
            if isinstance(node, BlockNode):
                self._blanks(node)
            if isinstance(node, include_tag.IncludeNode | render_tag.RenderNode):
                self._partial(node)
            for expression in node.expressions():
                self.expression(expression)

    def _blanks(self, block: BlockNode) -> None:
        """Report a block of blanks in one line: Liquid prints nothing of it. With line ends it is layout."""
        text = "".join(node.text for node in block.nodes if isinstance(node, ContentNode))
        is_text = all(isinstance(node, ContentNode) for node in block.nodes)
        if not block.blank or not is_text or not text or "\n" in text:
            return
        hint = 'to print a blank, write `{{ " " }}`'
        place = token_span(self.text, block.nodes[0].token)
        self.report.warning("M252", "a block of blanks prints nothing", place, "left out by Liquid", hint)

    def _comments(self) -> None:
        for token in self._tokens():
            opened = token.value.rfind("{%") if token.kind == TOKEN_COMMENT else -1
            if opened > token.value.rfind("%}"):
                # The tag left open swallows the `{% endcomment %}`, as in the reference implementation.
                place = token._replace(start_index=token.start_index + opened, value="{%")
                self._error(
                    "M211", "invalid Liquid: a tag in a comment is never closed", place, "opened here"
                )

    def _tokens(self) -> Iterator[Token]:
        # Up to the first error, which the parser has reported.
        with suppress(LiquidError):
            yield from self.environment.tokenizer()(self.text.value)

    def _walk(self, nodes: Iterable[Node]) -> Iterator[Node]:
        context = RenderContext(self.environment.from_string(""))
        stack = list(nodes)
        while stack:
            node = stack.pop()
            yield node
            if not isinstance(node, include_tag.IncludeNode | render_tag.RenderNode):
                stack.extend(node.children(context, include_partials=False))

    def expression(self, expression: Expression) -> None:
        """Check an expression and those inside it."""
        stack = [expression]
        while stack:
            found = stack.pop()
            if isinstance(found, FilteredExpression):
                self._filters(found)
            if isinstance(found, Path) and found.path[0] == VARS and self.var_names is not None:
                if VARS not in self.locals:  # else reported already
                    self._var(found, self.var_names)
            elif isinstance(found, Path):
                self._number(found)
                if self.dialect is not None:
                    self._object(found, self.dialect)
            if isinstance(found, case_tag._AnyExpression):
                stack.extend(found.expressions)
            else:
                stack.extend(found.children())

    def _number(self, path: Path) -> None:
        """Report a number with an exponent, which Liquid reads as a name."""
        [name, *rest] = path.path
        is_bare = self.text.value.startswith(str(name), path.token.start_index)
        is_plain = isinstance(name, str) and name not in self.locals and not rest
        if is_plain and is_bare and (hint := exponent_hint(str(name))):
            self.failed = True
            message = f"invalid Liquid: `{name}` is no number"
            hints = (hint, f'for a field of this name write `item["{name}"]`')
            self.report.error("M211", message, path_span(self.text, path.token), "read as a name", *hints)

    def _var(self, path: Path, names: VarNames) -> None:
        """Note a var that is read, or report that there is none."""
        span = path_span(self.text, path.token)
        found = None
        match path.path[1:2]:
            case [str(name)]:
                found = names.find(name, span)
            case [Path()]:
                names.report_dynamic(span)
            case _:
                names.report_whole(span)
        if found is None:
            self.failed = True
        else:
            self.vars[found.name] = found

    def _partial(self, node: include_tag.IncludeNode | render_tag.RenderNode) -> None:
        name = node.name.value if isinstance(node.name, StringLiteral) else None
        known = self.environment.partials
        if not known or (name is not None and name not in known):
            tag = node.token.value
            message = f"`{tag}` names no template that is there"
            self._error(
                "M211", message, node.token, "a mapping has no partial templates", "write the text here"
            )

    # --- filters

    def _filters(self, expression: FilteredExpression) -> None:
        left: Expression | None = expression.left
        for call in expression.filters or ():
            if call.name not in self.environment.filters:
                self._unknown_filter(call)
            else:
                self._arguments(call, left)
                self._documented("filter", call)
            left = None

    def _unknown_filter(self, call: Filter) -> None:
        if call.name in ROWS and self.dialect is not None:
            self._documented("filter", call)
            return
        hint = did_you_mean(call.name, self.environment.filters)
        if call.name in ROWS:
            hint = f"`{call.name}` belongs to a dialect: declare `dialect:`"
        elif call.name in ("to_json", "jsonify", "as_json"):
            hint = "did you mean `json`?"
        self._error("M212", f"no Liquid filter `{call.name}`", call.token, "not a filter", hint)

    def _arguments(self, call: Filter, left: Expression | None) -> None:
        parameters = ROWS[call.name].parameters
        if call.name == "date" and self.rules.moments:
            parameters = tuple(signature(date_of_moment).parameters.values())[1:-1]  # `local` is the rule's
        named = {p.name for p in parameters if p.kind is Parameter.KEYWORD_ONLY}
        places = [p for p in parameters if p.kind is not Parameter.KEYWORD_ONLY]
        given = [a for a in call.args if isinstance(a, PositionalArgument)]
        needed = sum(1 for p in places if p.default is Parameter.empty)
        if not needed <= len(given) <= len(places):
            takes = _counted(needed, len(places))
            self._error(
                "M214",
                f"`{call.name}` takes {takes}, found {len(given)}",
                call.token,
                _shape(call.name, places),
            )
        for argument in call.args:
            if isinstance(argument, KeywordArgument) and argument.name not in named:
                hint = did_you_mean(argument.name, named)
                message = f"`{call.name}` has no argument `{argument.name}`"
                self._error("M214", message, argument.token, "not known here", hint)
        if call.name in ("date", "date_tz") and not self.rules.now and isinstance(left, StringLiteral):
            self._clock(call, left)
        if ROWS[call.name].fails is Fails.NO_NAMESPACE and given:
            self._namespace(call, given[0].value)

    def _clock(self, call: Filter, left: StringLiteral) -> None:
        if left.value in ("now", "today"):
            message = f'`"{left.value}" | {call.name}` needs a clock, and a mapping has none'
            hint = "use `received_at`, the time of receipt that the host passes in"
            self._error("M214", message, left.token, "the same input must give the same output", hint)

    def _namespace(self, call: Filter, given: Expression) -> None:
        constant = given.value if isinstance(given, Literal) else None
        if not isinstance(given, Literal | Nil) or namespace_of(to_text(constant)) is not None:
            return
        hint = "write a UUID, or `dns`, `url`, `oid` or `x500` in quotes"
        self._error("M214", f"`{call.name}` has no such namespace", given.token, "not a namespace", hint)

    # --- dialects

    def _tags(self, dialect: Dialect) -> None:
        for token in self._tokens():
            name = token.value
            known = name in self.environment.tags and name != "#" and name not in dialect.tags
            if token.kind != TOKEN_TAG or name in INNER_TAGS or not known:
                continue
            self._outside("tag", name, token, name in dialect.undocumented_tags, dialect.tags)

    def _documented(self, what: str, call: Filter) -> None:
        if self.dialect is not None and call.name not in self.dialect.filters:
            likely = call.name in self.dialect.undocumented_filters
            self._outside(what, call.name, call.token, likely, self.dialect.filters)

    def _outside(self, what: str, name: str, token: Token, likely: bool, documented: frozenset[str]) -> None:
        assert self.dialect is not None
        note = self.dialect.note(name)
        if likely:
            message = f"{what} `{name}` is not documented for `{self.dialect.name}`"
            span = token_span(self.text, token)
            self.report.warning("M215", message, span, "may work; try it there first", note)
        else:
            message = f"`{self.dialect.name}` has no {what} `{name}`"
            self._error(
                "M215", message, token, "not part of the dialect", note or did_you_mean(name, documented)
            )

    def _object(self, path: Path, dialect: Dialect) -> None:
        name = path.path[0]
        if not isinstance(name, str) or name in dialect.objects or name in self.locals or not dialect.objects:
            return
        spelled = next((known for known in dialect.objects if known.lower() == name.lower()), None)
        if spelled is not None:
            message = f"`{name}` is spelled `{spelled}` in `{dialect.name}`"
            self._error(
                "M216", message, path.token, "resolves to nothing there", f"did you mean `{spelled}`?"
            )
        else:
            span = path_span(self.text, path.token)
            message = f"`{dialect.name}` has no object `{name}`"
            hint = did_you_mean(name, dialect.objects) or "known are " + ", ".join(sorted(dialect.objects))
            self.report.warning("M215", message, span, "resolves to nothing there", hint)


def _counted(low: int, high: int) -> str:
    if high == 0:
        return "no arguments"
    count = str(high) if low == high else f"{low} to {high}" if low else f"at most {high}"
    return f"{count} argument{'s' if high != 1 else ''}"


def _shape(name: str, places: list[Parameter]) -> str:
    return f"{name}: {', '.join(p.name.strip('_') for p in places)}" if places else f"`{name}` stands alone"
