"""IR of values: the sources and operators of each field of the event, and the program around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import TypeAlias, TypeVar

from mapper.diagnostics.source import Span
from mapper.ir.answers import Answers, answer, answers_field
from mapper.ir.jsonpath import Path, Root
from mapper.ir.liquid import Compute, Condition, Template
from mapper.ir.spans import span_field
from mapper.ir.vars import Var, shared_field
from mapper.runtime.repair.policy import STRICT, Policy
from mapper.runtime.times.writing import TimeForm

_Found = TypeVar("_Found")


class OnError(Enum):
    """The outcome of a cast that fails."""

    REJECT = "reject"
    OMIT = "omit"
    NULL = "null"
    KEEP = "keep"  # the value as it was before the cast


class RequestPart(Enum):
    """The scopes of a request other than the body; passed in by the host."""

    HEADER = "header"
    QUERY = "query"
    SETTING = "setting"
    RECEIVED_AT = "received_at"


# The scopes of a request as names in Liquid.
REQUEST_NAMES = frozenset(part.value for part in RequestPart)


class CastKind(Enum):
    """The types `as:` casts to, besides `timestamp`."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"
    JSON = "json"


# One end of a window: a canonical timestamp, or ("received_at", seconds to add).
Bound: TypeAlias = str | tuple[str, int]


def _declared() -> bool:
    # True if the author wrote out the default (`on_error: reject`, `literal:`): it only silences warnings.
    return field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant JSON value; `declared` is True if it was written with `literal:`."""

    value: object
    span: Span = span_field()
    declared: bool = _declared()


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of an object: left out when missing; null counts as missing unless `nullable`."""

    name: str
    value: Value
    nullable: bool
    required: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Record:
    """Builds an object, field by field, in order."""

    fields: tuple[Field, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Array:
    """Builds an array; missing elements are left out."""

    values: tuple[Value, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first option that is neither missing nor null (nor blank, with `nonblank`), else MISSING."""

    options: tuple[Value, ...]
    nonblank: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class CaseKey:
    """A constant with which a match compares its subject, types apart."""

    value: str | int | float | bool | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Case:
    """One alternative of a match: taken when the subject equals one of the keys."""

    keys: tuple[CaseKey, ...]
    value: Value
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Match:
    """Chooses by equality with a discriminator; MISSING when nothing fits and there is no `otherwise`."""

    subject: Value
    cases: tuple[Case, ...]
    otherwise: Value | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class When:
    """Chooses by a condition."""

    condition: Condition
    then: Value
    otherwise: Value | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Merge:
    """One object of several: later keys win, missing and null operands count as `{}`."""

    operands: tuple[Value, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class MapItems:
    """A list built element by element; inside `element` the item is the element of `source`."""

    source: Value
    element: Value
    span: Span = span_field()
    _answers: Answers = answers_field()

    def once(self, question: Callable[[MapItems], _Found]) -> _Found:
        """The answer to a question about the list, worked out once: lists hold lists, and each is asked."""
        return answer(self._answers, question, self)


@dataclass(frozen=True, slots=True)
class Entries:
    """The members of an object as a list of objects with a `key` and a `value`, in order.

    A list passes unchanged if `takes_lists`; any other value is a fault.
    """

    value: Value
    takes_lists: bool
    span: Span = span_field()


class OnDuplicate(Enum):
    """The outcome of two entries with one key."""

    REJECT = "reject"
    FIRST = "first"
    LAST = "last"
    LIST = "list"  # every value becomes a list


@dataclass(frozen=True, slots=True)
class ObjectFrom:
    """The object of a list of entries; those without a `key` or a `value` are left out. Keys are texts."""

    value: Value
    on_duplicate: OnDuplicate
    span: Span = span_field()
    declared: bool = _declared()


@dataclass(frozen=True, slots=True)
class WithItem:
    """The value of `element`, with the value of `source` as the item; with null if the source is missing."""

    source: Value
    element: Value
    span: Span = span_field()


class Taken(Enum):
    """The one of several matches that `take` keeps."""

    FIRST = "first"
    LAST = "last"
    ONLY = "only"  # several are a fault


@dataclass(frozen=True, slots=True)
class Take:
    """One element of a list; MISSING if the list is empty."""

    value: Value
    which: Taken
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Pick:
    """An object with only the named keys."""

    value: Value
    keys: tuple[str, ...]
    span: Span = span_field()
    declared: bool = _declared()


@dataclass(frozen=True, slots=True)
class Omit:
    """An object without the named keys."""

    value: Value
    keys: tuple[str, ...]
    span: Span = span_field()
    declared: bool = _declared()


@dataclass(frozen=True, slots=True)
class Rename:
    """An object with keys renamed: (old, new) pairs; renaming onto a key that is there is a fault."""

    value: Value
    names: tuple[tuple[str, str], ...]
    span: Span = span_field()
    declared: bool = _declared()


@dataclass(frozen=True, slots=True)
class Flatten:
    """An object of one level: the members of inner objects get the names on the way to them, joined.

    With `by_index` elements of lists are members, too, named by their index. Empty objects and lists stay.
    Two members of one name are a fault.
    """

    value: Value
    separator: str
    by_index: bool
    span: Span = span_field()
    declared: bool = _declared()


@dataclass(frozen=True, slots=True)
class Prune:
    """A value without its members of some kinds (`null`, `blank`, `empty`), at any depth.

    MISSING if the value itself is of one of the kinds, or becomes empty and `empty` is one.
    """

    value: Value
    kinds: tuple[str, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Hash:
    """SHA-256 over the canonical JSON of the operands; MISSING when all of them are missing or null."""

    operands: tuple[Value, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class FromRequest:
    """A header, query parameter, setting, or the time of receipt."""

    part: RequestPart
    name: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class VarRead:
    """The value of a var, also inside of `map` that of the item of the mapping."""

    name: str
    var: Var = shared_field()
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Cast:
    """A declared type; missing and null pass unchanged."""

    value: Value
    kind: CastKind
    on_error: OnError
    span: Span = span_field()
    declared: bool = _declared()


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A time in one of `formats` (tried in turn), written as `form` says (None: in UTC with milliseconds).

    `zone` is the zone of texts without one, `time_of_day` that of dates without one. Outside the window
    (`low`, `high`), which is of milliseconds, the value is MISSING.
    """

    value: Value
    formats: tuple[str, ...]
    zone: str | None
    time_of_day: str | None
    low: Bound | None
    high: Bound | None
    form: TimeForm | None
    on_error: OnError
    span: Span = span_field()
    declared: bool = _declared()


@dataclass(frozen=True, slots=True)
class Default:
    """`value` unless it is missing or null, else `default`."""

    value: Value
    default: Value
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Required:
    """`on_missing: reject`: the author has decided that an item without this value is rejected."""

    value: Value
    span: Span = span_field()


Value: TypeAlias = (
    Literal
    | Path
    | Template
    | Compute
    | Record
    | Array
    | Coalesce
    | Match
    | When
    | Merge
    | MapItems
    | Entries
    | ObjectFrom
    | WithItem
    | Take
    | Pick
    | Omit
    | Rename
    | Flatten
    | Prune
    | Hash
    | FromRequest
    | VarRead
    | Cast
    | Timestamp
    | Default
    | Required
)


def children(node: Value) -> Iterator[Value]:
    """The values directly inside a value, in the order of its attributes."""
    for part in fields(node):
        given = getattr(node, part.name)
        for inner in given if isinstance(given, tuple) else (given,):
            value = inner.value if isinstance(inner, Field | Case) else inner
            if isinstance(value, Value):
                yield value


def alternatives(node: Value) -> tuple[Value, ...]:
    """The values of a choice: one of them is passed on as the value of the node; none if it makes its own."""
    match node:
        case Coalesce(options):
            return options
        case Match(_, cases, otherwise):
            return (*(case.value for case in cases), *_given(otherwise))
        case When(_, then, otherwise):
            return (then, *_given(otherwise))
        case Default(value, default):
            return (value, default)
        case Required(value):
            return (value,)
        case _:
            return ()


def path_text(node: Value) -> str | None:
    """The text of the path that a value is read by, with `^` in place of `$` if it is one on the body.

    None if there is no such path, or several.
    """
    match node:
        case Path(root, _, text):
            return text if root is Root.ITEM else "^" + text[1:]
        case WithItem(source, element):
            return _joined(path_text(source), path_text(element))
        case Cast(value) | Timestamp(value) | Default(value) | Required(value) | Take(value) | Prune(value):
            return path_text(value)
        case VarRead(_, var):
            return path_text(var.value)
        case _:
            return None


def _joined(start: str | None, path: str | None) -> str | None:
    """The path that begins where another one ends."""
    return path if path is None or path.startswith("^") else start and start + path[1:]


def read_place(node: Value) -> str | None:
    """The path that a value is read by as it is; of a path on the whole body, `^` in place of `$`.

    None if the value may be made of anything but a constant, or if the path can give several values.
    """
    match node:
        case Path(root, _, text) if node.is_singular:
            return text if root is Root.ITEM else "^" + text[1:]
        case WithItem(source, element):
            return _joined(read_place(source), read_place(element))
        case Cast(value, kind) if kind is not CastKind.JSON:
            return read_place(value)
        case Timestamp(value) | Required(value) | Default(value, Literal()):
            return read_place(value)
        case _:
            return None


def _given(otherwise: Value | None) -> tuple[Value, ...]:
    return () if otherwise is None else (otherwise,)


@dataclass(frozen=True, slots=True)
class Rule:
    """Leaves an item out on purpose, or `rejects` it, with the reason the author gives."""

    condition: Condition
    reason: str
    rejects: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Program:
    """A whole mapping: the places of items, the rules that end some, and the event of each of the others.

    Of the `rules`, those that skip come first, so that the number of a rule is also that of its reason. The
    `vars` are in the order of the file, also those that nothing reads.

    `written` names the fields of the event that the author wrote, also those that could not be lowered.
    `policy` says how a body is read.
    """

    name: str
    each: tuple[Path, ...]
    rules: tuple[Rule, ...]
    output: Record | Template
    written: frozenset[str]
    span: Span = span_field()
    policy: Policy = STRICT
    vars: tuple[Var, ...] = ()
