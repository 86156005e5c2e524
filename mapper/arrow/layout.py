"""Layout: the columns of outcomes, known before any data.

outcome         `event`, `skipped` or `rejected`
KEPT            the columns of the input that are kept, as they are
item            the index of the item in its body, from 0
items           the number of items of its body: a body gives this many rows
EVENT           the members of the event, typed by the target schema; null in rows of other outcomes
other_members   the JSON of the members of the event that these columns do not hold exactly
reason          of a skipped item: the reason
codes           of a rejected item: the codes of its diagnostics, each once
messages        of a rejected item: the message of each diagnostic
location        of a rejected item: its place in the body, `$` if that is not known
rejected_item   of a rejected item: its bytes, as JSON, or those of the body if it cannot be read
mapping         the version of the transform
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from mapper.arrow.arrays import arrow_type
from mapper.arrow.columns import Member, columns_of
from mapper.arrow.tables import column_of
from mapper.diagnostics.errors import ColumnError
from mapper.transform.transform import Transform

Schema: TypeAlias = pa.Schema
Field: TypeAlias = pa.Field
DataType: TypeAlias = pa.DataType

# The columns to keep: their names, or new names with those of the input.
Keep: TypeAlias = Sequence[str] | Mapping[str, str]

_TEXTS = pa.list_(pa.string())
FIRST = (("outcome", pa.string()),)
BEFORE_EVENT = (("item", pa.int64()), ("items", pa.int64()))
AFTER_EVENT = (
    ("other_members", pa.string()),
    ("reason", pa.string()),
    ("codes", _TEXTS),
    ("messages", _TEXTS),
    ("location", pa.string()),
    ("rejected_item", pa.binary()),
    ("mapping", pa.string()),
)
OWN = tuple(name for name, _ in (*FIRST, *BEFORE_EVENT, *AFTER_EVENT))
# Arrow does not repeat values of these types; others hold the same.
_AS = ((pa.types.is_string_view, pa.string()), (pa.types.is_binary_view, pa.binary()))


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of outcomes: `kept` are those of the input, by name there; `members` those of the event."""

    schema: Schema
    kept: tuple[tuple[str, Field], ...]
    members: tuple[Member, ...] = field(repr=False)


def layout_of(transform: Transform, schema: Schema, keep: Keep, prefix: str) -> Layout:
    """The columns of outcomes for an input of a schema; raises ColumnError."""
    members = columns_of(transform._compiled.target)
    kept = tuple(_kept(schema, keep))
    events = [pa.field(prefix + member.name, arrow_type(member.type)) for member in members]
    _check_names([kept_field.name for _, kept_field in kept], [event.name for event in events], prefix)
    fields = [
        *(pa.field(*each) for each in FIRST),
        *(kept_field for _, kept_field in kept),
        *(pa.field(*each) for each in BEFORE_EVENT),
        *events,
        *(pa.field(*each) for each in AFTER_EVENT),
    ]
    return Layout(pa.schema(fields), kept, members)


def _kept(schema: Schema, keep: Keep) -> Iterator[tuple[str, Field]]:
    if isinstance(keep, str):
        raise ColumnError(f"`keep` is a list of names of columns, as [{keep!r}]")
    names = keep if isinstance(keep, Mapping) else {name: name for name in keep}
    if len(names) < len(keep):
        raise ColumnError("`keep` has a name twice")
    for new, name in names.items():
        found = column_of(schema, name, "kept")
        kind = next((other for test, other in _AS if test(found.type)), found.type)
        try:
            pa.array([], kind).take(pa.array([], pa.int64()))
        except pa.ArrowException:
            raise ColumnError(f"the column `{name}` cannot be kept: Arrow repeats no {kind}") from None
        yield name, found.with_name(new).with_type(kind)


def _check_names(kept: list[str], events: list[str], prefix: str) -> None:
    """Raise ColumnError if two columns have one name. Many an engine does not tell case apart in names."""
    owners = dict.fromkeys(OWN, "every outcome")
    for names, owner, remedy in (
        (events, "the events", f"give them a prefix, as prefix={prefix + 'event_'!r}"),
        (kept, "the input", "keep it under another name, as keep={{'kept_{0}': '{0}'}}"),
    ):
        for name in names:
            other = owners.get(name.casefold())
            if other is not None:
                raise ColumnError(f"{owner} and {other} both have a column `{name}`: {remedy.format(name)}")
            owners[name.casefold()] = owner
