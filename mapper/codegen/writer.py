"""Writer: lines of Python with indentation, fresh names, constants, and the map back to the mapping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mapper.diagnostics.source import Span


def literal(value: object) -> str:
    """The one gate from user text to Python source: `repr` of plain JSON values, ASCII only.

    ASCII keeps U+2028, lone surrogates and bidirectional marks out of the source file.
    """
    if isinstance(value, bytes):
        return repr(value)
    if value is None or isinstance(value, bool | int | float | str):
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            return f"float({str(value)!a})"
        return ascii(value)
    if isinstance(value, list):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(literal(v) for v in value) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    raise TypeError(f"not a plain value: {type(value).__name__}")


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the mapping that can fail at run time: offsets, output field, path read."""

    start: int
    end: int
    what: str
    path: str | None


@dataclass
class Writer:
    """Collects generated lines.

    `constants` become module-level names: regular expressions, frozen sets, literals. `imports` holds pairs
    (full name of a module, name). `lines` pairs each line with the span it came from. `counts` is true if the
    work that generated code does itself is counted.
    """

    lines: list[tuple[str, Span | None]] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    imports: set[tuple[str, str]] = field(default_factory=set)
    sites: list[Site] = field(default_factory=list)
    known: list[dict[object, str]] = field(default_factory=lambda: [{}])
    counts: bool = False
    _indent: int = 0
    _loops: int = 0
    _counts: dict[str, int] = field(default_factory=dict)
    _numbers: dict[Site, int] = field(default_factory=dict)
    _named: dict[str, str] = field(default_factory=dict)

    def line(self, text: str, span: Span | None = None) -> None:
        """Write one line at the current indentation."""
        self.lines.append(("    " * self._indent + text, span))

    @contextmanager
    def block(self, head: str, span: Span | None = None) -> Iterator[None]:
        """Write `head` (ending in a colon) and indent what follows.

        Names noted by `remember` inside a block are forgotten at its end.
        """
        self.line(head, span)
        is_loop = head.startswith("for ")
        self._loops += is_loop
        self._indent += 1
        self.known.append({})
        start = len(self.lines)
        try:
            yield
        finally:
            if len(self.lines) == start:
                self.line("pass")
            self.known.pop()
            self._indent -= 1
            self._loops -= is_loop

    @property
    def in_loop(self) -> bool:
        """True inside a block that may run several times."""
        return self._loops > 0

    def module(self) -> str:
        """A module of the written functions alone; `codegen.frame` adds the tables of a Transform."""
        imports = [f"from {module} import {name}" for module, name in sorted(self.imports)]
        constants = [f"{name} = {expression}" for name, expression in self.constants.items()]
        return "\n".join((*imports, *constants, *(text for text, _ in self.lines)))

    def fresh(self, hint: str = "v") -> str:
        """A new local name: `hint`, `hint_2`, ...; only ASCII letters, digits and underscores of it stay."""
        stem = "".join(c if c.isascii() and c.isalnum() else "_" for c in hint).strip("_").lower()[:30]
        stem = f"v_{stem}_" if stem[:1].isdigit() else f"{stem or 'v'}_"
        count = self._counts[stem] = self._counts.get(stem, 0) + 1
        return f"{stem}{count}"

    def use(self, module: str, name: str) -> str:
        """Import `name` from `mapper.runtime.<module>` or `mapper.regex`; return the name it has here.

        A name that another module has already given (`jsonpath.less`, `semantics.less`) gets an alias.
        """
        # Patterns are matched by `regex/`, which the checker uses too; everything else is in `runtime/`.
        source = f"mapper.{module}" if module.startswith("regex.") else f"mapper.runtime.{module}"
        if any(other == name and owner != source for owner, other in self.imports):
            alias = f"{module.rpartition('.')[2]}_{name}"
            self.imports.add((source, f"{name} as {alias}"))
            return alias
        self.imports.add((source, name))
        return name

    def spend(self, units: str, site: int = -1) -> None:
        """Count units of work, if the program has to; behind other units they need no test of their own."""
        if self.counts:
            spent = "    " * (self._indent + 1) + "counting.spend("
            if not (self.lines and self.lines[-1][0].startswith(spent)):
                self.line(f"if (counting := {self.use('work', 'meter')}()) is not None:")
            self.line(f"    counting.spend({units}{'' if site < 0 else f', {site}'})")

    def spend_on(self, value: str) -> None:
        """Count a value that is read, if the program has to."""
        if self.counts:
            self.spend(f"{self.use('work', 'size_of')}({value})")

    def site(self, span: Span, what: str = "", path: str | None = None) -> int:
        """The number under which a run-time fault finds its place in the mapping.

        `what` names the output field (`event.timestamp`); `path` is the JSONPath that was read, if one was.
        """
        site = Site(span.start, span.end, what, path)
        number = self._numbers.setdefault(site, len(self.sites))
        if number == len(self.sites):
            self.sites.append(site)
        return number

    def constant(self, expression: str, hint: str = "K") -> str:
        """A module-level name for a Python expression; equal expressions share one name."""
        name = self._named.get(expression)
        if name is None:
            name = self._named[expression] = f"_{hint.upper()}_{len(self.constants) + 1}"
            self.constants[name] = expression
        return name

    def remember(self, key: object, name: str) -> None:
        """Note that `key` is held by local `name` in this block and those inside it."""
        self.known[-1][key] = name

    def recall(self, key: object) -> str | None:
        """The local that holds `key`, if an enclosing block has computed it."""
        for known in reversed(self.known):
            if key in known:
                return known[key]
        return None
