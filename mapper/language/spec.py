"""Spec: a mapping file as dataclasses, with spans; expressions still as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from mapper.diagnostics.source import Span, SpannedText
from mapper.runtime.repair.policy import Policy


def _span() -> Span:
    return field(compare=False, repr=False)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class PathText:
    """A JSONPath, on the item or, with `of_body`, on the whole body."""

    text: SpannedText
    of_body: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class PathOf:
    """`of` beside a path: the value at which the path starts."""

    source: Value
    path: PathText
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class TakeValue:
    """`take` beside a path: `which` is one of `first`, `last` and `only`."""

    path: Value
    which: SpannedText
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class LiquidText:
    """A Liquid template."""

    text: SpannedText
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class ComputedValue:
    """`compute`: a Liquid expression whose value keeps its type."""

    text: SpannedText
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class LiteralValue:
    """A constant; `declared` is True if it was written with `literal:`."""

    value: object
    span: Span = _span()
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of an object and the value it is given."""

    name: str
    value: Value
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class ObjectValue:
    """An object built key by key; `written` also names keys whose values could not be read."""

    entries: tuple[Entry, ...]
    written: frozenset[str]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class ArrayValue:
    """An array built element by element."""

    items: tuple[Value, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class FirstOf:
    """`first_of` and, with `nonblank`, `first_nonblank`."""

    options: tuple[Value, ...]
    nonblank: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class CaseConstant:
    """A key of `cases:`, or an entry of `in:`."""

    value: str | int | float | bool | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """One alternative of `cases:`, for one or more constants."""

    keys: tuple[CaseConstant, ...]
    value: Value
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class MatchValue:
    """`match` with `cases` and `else`."""

    subject: Value
    cases: tuple[CaseEntry, ...]
    otherwise: Value | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class WhenValue:
    """`when` with `then` and `else`."""

    condition: SpannedText
    then: Value
    otherwise: Value | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class MergeValue:
    """`merge`."""

    operands: tuple[Value, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class MapValue:
    """`map` with `to`."""

    source: Value
    element: Value
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class EntriesValue:
    """`entries`."""

    source: Value
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class ObjectFromValue:
    """`object_from` with `key` and `value`; `declares_duplicates` is true for a written `on_duplicate`."""

    source: Value
    key: Value
    value: Value
    on_duplicate: str
    declares_duplicates: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class HashValue:
    """`hash`."""

    operands: tuple[Value, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class RequestValue:
    """`header`, `query`, `setting` (with a name) or `received_at`."""

    part: str
    name: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class VarValue:
    """`var`: the value of a var."""

    name: SpannedText
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Window:
    """`within`: two bounds, None for an open one."""

    low: SpannedText | None
    high: SpannedText | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Flattening:
    """`flatten`: the text between joined names; `by_index` if lists are taken apart, too."""

    separator: str = "."
    by_index: bool = False


@dataclass(frozen=True, slots=True)
class WrittenTime:
    """`write`: a named form, a precision, or a pattern with a zone."""

    name: str | None = None
    precision: str | None = None
    pattern: SpannedText | None = None
    zone: SpannedText | None = None


@dataclass(frozen=True, slots=True)
class Modifiers:
    """The changes to a value, in this order: cast, pick, omit, rename, flatten, prune, default, on_missing.

    `declares_errors` is true for a written `on_error: reject`, which means the same as none. `reads_times` is
    false if a part that says how times are read could not be read itself.
    """

    pick: tuple[str, ...] | None = None
    omit: tuple[str, ...] | None = None
    rename: tuple[tuple[str, str], ...] | None = None
    flatten: Flattening | None = None
    prune: tuple[str, ...] = ()
    cast: str | None = None
    formats: tuple[SpannedText, ...] = ()
    zone: SpannedText | None = None
    time_of_day: SpannedText | None = None
    within: Window | None = None
    write: WrittenTime | None = None
    reads_times: bool = True
    default: Value | None = None
    on_error: str = "reject"
    declares_errors: bool = False
    rejects_missing: bool = False


@dataclass(frozen=True, slots=True)
class Modified:
    """A value and its modifiers."""

    value: Value
    modifiers: Modifiers
    span: Span = _span()


Value: TypeAlias = (
    PathText
    | PathOf
    | TakeValue
    | LiquidText
    | ComputedValue
    | LiteralValue
    | ObjectValue
    | ArrayValue
    | FirstOf
    | MatchValue
    | WhenValue
    | MergeValue
    | MapValue
    | EntriesValue
    | ObjectFromValue
    | HashValue
    | RequestValue
    | VarValue
    | Modified
)


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """One rule of `skip:` or, if it `rejects`, of `reject:`."""

    condition: SpannedText
    reason: str
    rejects: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class VarEntry:
    """One entry of `vars:`; its value is None if it, or the name, could not be read."""

    name: str
    value: Value | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Spec:
    """A mapping file. One of `event` and `template` is set; of the `rules`, those of `skip` come first.

    `vars` is None if it could not be read at all.
    """

    name: SpannedText
    description: str
    source: SpannedText | None
    target: SpannedText | None
    dialect: SpannedText | None
    policy: Policy
    body_schema: SpannedText | None
    each: tuple[SpannedText, ...]
    vars: tuple[VarEntry, ...] | None
    rules: tuple[RuleEntry, ...]
    event: ObjectValue | None
    template: SpannedText | None
    span: Span = _span()
