"""Events: the JSON of events becomes typed records, and the members that their columns cannot hold stay JSON.

Nearly every event fits its columns, and is decoded in one go. Of any other each member is decoded alone. A
member that its column holds exactly is in the column and nowhere else. Any other member is, with its own
text, in `other_members`:

- a member that has no column;
- a number that the column cannot hold (an integer beyond 64 bits, an integer beyond 2^53 among numbers);
- null in place of a member that may be absent: a column can only say one of the two;
- a date-time that is not written as mapper writes it; its column holds the moment, cut to microseconds, if it
  is one of the years 1 to 9999 and no leap second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeAlias

import msgspec

from mapper.arrow.columns import ColumnType, ListType, Member, Plain, StructType

_INT64 = 2**63
_EXACT = 2**53  # up to here a double holds every integer

_SMALL = Annotated[int, msgspec.Meta(ge=-_EXACT, le=_EXACT)]
_LONG = Annotated[int, msgspec.Meta(ge=-_INT64, le=_INT64 - 1)]
_WHOLE = Annotated[float, msgspec.Meta(multiple_of=1, ge=-_EXACT, le=_EXACT)]  # 5.0 is an integer
_PLAIN: dict[Plain, Any] = {
    Plain.TEXT: str,
    Plain.MOMENT: str,
    Plain.INTEGER: _LONG | _WHOLE,
    Plain.NUMBER: _SMALL | float,
    Plain.BOOLEAN: bool,
    Plain.JSON: msgspec.Raw,
}

# Errors that say that an event, or a member of one, does not fit its columns.
MISFITS = (msgspec.MsgspecError, RecursionError)
# A record of an event: an object with an attribute for each column, None for null.
Record: TypeAlias = Any

_split: Callable[[bytes], dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
).fullmatch
_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII).fullmatch


def attribute(index: int) -> str:
    """The name of a record's attribute for the member with this index."""
    return f"m{index}"


class EventReader:
    """Reads events whose columns are `members`.

    `decode` gives the record of an event that fits its columns, but for the form of its date-times; for any
    other it raises one of MISFITS. `blank` is the record of nothing.
    """

    __slots__ = ("_columns", "_moments", "_record", "blank", "decode", "members")

    def __init__(self, members: tuple[Member, ...]) -> None:
        self.members = members
        self._record = _record_type(members)
        self._columns = {
            member.name: _MemberReader(attribute(index), member) for index, member in enumerate(members)
        }
        self._moments = [column for column in self._columns.values() if column.has_moments]
        self.decode: Callable[[bytes], Record] = msgspec.json.Decoder(self._record).decode
        self.blank: Record = self._record(**{attribute(index): None for index in range(len(members))})

    def read(self, event: bytes) -> tuple[Record, bytes]:
        """The record of any event, and the JSON of its other members, empty if it has none."""
        with suppress(*MISFITS):
            record = self.decode(event)
            if all(column.settle(getattr(record, column.attribute))[1] for column in self._moments):
                return record, b""
        values: dict[str, object] = dict.fromkeys(map(attribute, range(len(self.members))))
        others: list[bytes] = []
        for name, text in _split(event).items():
            column = self._columns.get(name)
            value, is_exact = (None, False) if column is None else column.read(text)
            if column is not None:
                values[column.attribute] = value
            if not is_exact:
                others.append(b"%b:%b" % (msgspec.json.encode(name), bytes(text)))
        return self._record(**values), b"{%b}" % b",".join(others) if others else b""


@dataclass(frozen=True, slots=True)
class _MemberReader:
    """Reads one member of events, alone."""

    attribute: str
    member: Member
    has_moments: bool = field(init=False)
    _decode: Callable[[msgspec.Raw], Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_decode", msgspec.json.Decoder(_annotation(self.member)).decode)
        object.__setattr__(self, "has_moments", _has_moments(self.member.type))

    def read(self, text: msgspec.Raw) -> tuple[object, bool]:
        """The value for the column, and True if the column holds all of it."""
        try:
            value = self._decode(text)
        except MISFITS:
            return None, False
        return self.settle(value) if self.has_moments else (value, True)

    def settle(self, value: object) -> tuple[object, bool]:
        """As `read`, for a decoded value."""
        try:
            return _settle(self.member.type, value)
        except (ValueError, OverflowError):  # a moment that no column holds
            return None, False


def is_canonical(text: str) -> bool:
    """True if a date-time is written as mapper writes it: in UTC with milliseconds, from the year 1 on."""
    if not _CANONICAL(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _settle(kind: ColumnType, value: Any) -> tuple[object, bool]:
    """The value with its date-times in a form that can be read, and True if none had another one.

    Raises ValueError or OverflowError for a date-time that is no moment of a column.
    """
    match kind:
        case Plain.MOMENT if value is not None and not is_canonical(value):
            return _moment(value), False
        case ListType() if value is not None:
            settled = [_settle(kind.element, element) for element in value]
            return [element for element, _ in settled], all(is_exact for _, is_exact in settled)
        case StructType() if value is not None:
            are_exact = True
            for index, member in enumerate(kind.members):
                part, is_exact = _settle(member.type, getattr(value, attribute(index)))
                setattr(value, attribute(index), part)
                are_exact = are_exact and is_exact
            return value, are_exact
        case _:
            return value, True


def _moment(text: str) -> str:
    """A date-time of RFC 3339 in UTC with microseconds; what is finer is cut off."""
    found = _DATE_TIME(text)
    if found is None:
        raise ValueError("no date-time")
    day, time, fraction, sign, hours, minutes = found.groups()
    moment = datetime.fromisoformat(f"{day}T{time}.{(fraction or '')[:6]:0<6}+00:00")
    if sign:
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        moment += -offset if sign == "+" else offset
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _has_moments(kind: ColumnType) -> bool:
    match kind:
        case ListType():
            return _has_moments(kind.element)
        case StructType():
            return any(_has_moments(member.type) for member in kind.members)
        case _:
            return kind is Plain.MOMENT


def _record_type(members: Sequence[Member]) -> type:
    """The class of a record; a member that is absent is None, one that is null only if it must be there."""
    fields: list[Any] = []
    for index, member in enumerate(members):
        name, annotation = attribute(index), _annotation(member)
        fields.append((name, annotation) if member.is_required else (name, annotation, None))
    fields.sort(key=len)  # those without a default come first
    names = {attribute(index): member.name for index, member in enumerate(members)}
    return msgspec.defstruct("Record", fields, rename=names, forbid_unknown_fields=True, gc=False)


def _annotation(member: Member) -> Any:
    kind = _type_of(member.type)
    has_null = member.is_required and member.allows_null and member.type is not Plain.JSON
    return kind | None if has_null else kind


def _type_of(kind: ColumnType) -> Any:
    match kind:
        case ListType():
            element = _type_of(kind.element)
            return list[element | None] if kind.has_nulls else list[element]  # type: ignore[valid-type]
        case StructType():
            return _record_type(kind.members)
        case _:
            return _PLAIN[kind]


_split_members: Callable[[bytes], dict[str, msgspec.Raw]] = msgspec.json.Decoder(
    dict[str, msgspec.Raw]
).decode
