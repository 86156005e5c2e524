"""Grammar: JSON read character by character; the place after each, or the fault.

A `JsonPlace` is the state of a pushdown automaton over RFC 8259. Object keys in the template are remembered:
RFC 8259 §4 allows a key twice in one object, but then most readers lose a value.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from string import hexdigits
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]

# Steps of a path: an element of an array, and a member whose key is not known.
ELEMENT = "[]"
ANY_KEY = "*"

BLANKS = " \t\n\r"  # insignificant white space (RFC 8259 §2)
_LITERALS = {"t": "true", "f": "false", "n": "null"}
_MAX_KEY = 200
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class ElementCount:
    """The least and greatest number of elements (None: any) before the last comma of an open array.

    One that `is_rest` leaves out those before the round of a loop.
    """

    fewest: int = 0
    most: int | None = 0
    is_rest: bool = False

    def plus(self, other: ElementCount) -> ElementCount:
        """The sum of both."""
        most = None if self.most is None or other.most is None else self.most + other.most
        return ElementCount(self.fewest + other.fewest, most, self.is_rest)

    def times(self, fewest: int, most: int | None) -> ElementCount:
        """The sum of so many counts like this."""
        is_open = self.most is None or (most is None and self.most > 0)
        highest = None if is_open else (self.most or 0) * (most or 0)
        return ElementCount(self.fewest * fewest, highest, self.is_rest)

    def joined(self, other: ElementCount) -> ElementCount:
        """The count of either."""
        most = None if self.most is None or other.most is None else max(self.most, other.most)
        return ElementCount(min(self.fewest, other.fewest), most, self.is_rest and other.is_rest)


_ONE = ElementCount(1, 1)


@dataclass(frozen=True, slots=True)
class JsonFrame:
    """An object or array that is open: of an object its keys so far, and the key whose value comes.

    `keys` are those that may be there, `sure` those that are. `unknown` counts keys that an output writes, up
    to two; `key` is None for such a one. `count` is that of an array; None if it is not followed.
    """

    is_object: bool
    keys: frozenset[str] = frozenset()
    sure: frozenset[str] = frozenset()
    unknown: int = 0
    key: str | None = None
    count: ElementCount | None = None


@dataclass(frozen=True, slots=True)
class JsonPlace:
    """A state of the grammar: the open objects and arrays, and the token that is being read.

    `mode` names the tokens that may come. `rest` is the missing end of a literal or escape; `key` is the text
    of a key so far, None if it is not known.
    """

    mode: str = "value"
    frames: tuple[JsonFrame, ...] = ()
    rest: str = ""
    key: str | None = None
    is_key: bool = False

    @property
    def path(self) -> Path:
        """The keys that lead to the value being read."""
        return tuple(_step_of(frame) for frame in self.frames)

    @property
    def in_string(self) -> bool:
        """True if a string is open."""
        return self.mode in ("string", "escape", "hex")

    @property
    def in_number(self) -> bool:
        """True if a number is being read."""
        return self.mode in _NUMBER

    @property
    def takes_value(self) -> bool:
        """True if a value may begin here."""
        return self.mode in ("value", "first")

    @property
    def is_complete(self) -> bool:
        """True if the text may end here."""
        return not self.frames and (self.mode == "after" or self.mode in _ENDS_NUMBER)


def _step_of(frame: JsonFrame) -> str:
    if not frame.is_object:
        return ELEMENT
    return ANY_KEY if frame.key is None else frame.key


@dataclass(frozen=True, slots=True)
class JsonFault:
    """The reason why a character is wrong at its place."""

    why: str


@dataclass(frozen=True, slots=True)
class JsonFinding:
    """A finding at a character.

    `kind` is that of the value that begins, `keys` at the end of an object, `elements` at the end of an
    array, `repeated` at a key that may occur twice. An object may have the `keys`, and it has those in
    `sure`. `count` is the number of elements of an array.
    """

    path: Path
    kind: str
    keys: frozenset[str] = frozenset()
    sure: frozenset[str] = frozenset()
    unknown: int = 0
    count: ElementCount = ElementCount()


_NUMBER: dict[str, dict[str, str]] = {
    "minus": {"0": "zero", "1-9": "integer"},
    "zero": {".": "point", "eE": "e"},
    "integer": {"0": "integer", "1-9": "integer", ".": "point", "eE": "e"},
    "point": {"0": "fraction", "1-9": "fraction"},
    "fraction": {"0": "fraction", "1-9": "fraction", "eE": "e"},
    "e": {"0": "exponent", "1-9": "exponent", "+-": "sign"},
    "sign": {"0": "exponent", "1-9": "exponent"},
    "exponent": {"0": "exponent", "1-9": "exponent"},
}
_ENDS_NUMBER = ("zero", "integer", "fraction", "exponent")


def step(
    place: JsonPlace, character: str, exact: bool = True
) -> tuple[JsonPlace | JsonFault, JsonFinding | None]:
    """The place after a character, and a finding; not `exact` if the character represents others like it."""
    if place.in_number:
        follower = _after_digit(place.mode, character)
        if follower is not None:
            return replace(place, mode=follower), None
        if place.mode not in _ENDS_NUMBER:
            return JsonFault("the number is cut short"), None
        place = replace(place, mode="after")
    match place.mode:
        case "string":
            return _in_string(place, character, exact), _repetition(place, character)
        case "escape":
            return _in_escape(place, character), None
        case "hex":
            return _in_hex(place, character), None
        case "literal":
            return _in_literal(place, character), None
    if character in BLANKS:
        return place, None
    return _between(place, character)


def _after_digit(mode: str, character: str) -> str | None:
    steps = _NUMBER[mode]
    if character in "123456789":
        return steps.get("1-9")
    return next((after for given, after in steps.items() if given != "1-9" and character in given), None)


def _in_string(place: JsonPlace, character: str, exact: bool) -> JsonPlace | JsonFault:
    if character == '"':
        return _closed(place) if place.is_key else replace(place, mode="after", key=None)
    if character < " ":
        return JsonFault("a control character must be escaped inside a string")
    key = place.key + character if place.key is not None and exact else None
    if key is not None and len(key) > _MAX_KEY:
        key = None
    if character == "\\":
        return replace(place, mode="escape", key=key)
    return replace(place, key=key) if place.is_key else place


def _repetition(place: JsonPlace, character: str) -> JsonFinding | None:
    """A finding if a key may repeat an earlier one: an output writes either, so the payload decides."""
    if character != '"' or not place.is_key:
        return None
    frame = place.frames[-1]
    if place.key is None:
        may_repeat = bool(frame.unknown or frame.keys)
    else:
        may_repeat = bool(frame.unknown) or json.loads(f'"{place.key}"') in frame.keys - frame.sure
    return JsonFinding(place.path[:-1], "repeated") if may_repeat else None


def _closed(place: JsonPlace) -> JsonPlace | JsonFault:
    """The place after the closing quote of a key."""
    frame = place.frames[-1]
    if place.key is None:
        frame = replace(frame, unknown=min(frame.unknown + 1, 2), key=None)
    else:
        key = json.loads(f'"{place.key}"')
        if key in frame.sure:
            return JsonFault("this key stands twice in one object")
        frame = replace(frame, keys=frame.keys | {key}, sure=frame.sure | {key}, key=key)
    return JsonPlace("colon", (*place.frames[:-1], frame))


def _in_escape(place: JsonPlace, character: str) -> JsonPlace | JsonFault:
    key = None if place.key is None else place.key + character
    if character in '"\\/bfnrt':
        return replace(place, mode="string", key=key)
    if character == "u":
        return replace(place, mode="hex", rest="0000", key=key)
    return JsonFault("a backslash begins an escape that JSON does not have")


def _in_hex(place: JsonPlace, character: str) -> JsonPlace | JsonFault:
    if character not in hexdigits:
        return JsonFault("`\\u` takes four hexadecimal digits")
    key = None if place.key is None else place.key + character
    rest = place.rest[1:]
    return replace(place, mode="hex" if rest else "string", rest=rest, key=key)


def _in_literal(place: JsonPlace, character: str) -> JsonPlace | JsonFault:
    if character != place.rest[0]:
        return JsonFault("not a JSON value")
    rest = place.rest[1:]
    return replace(place, rest=rest) if rest else replace(place, mode="after", rest="")


def _between(place: JsonPlace, character: str) -> tuple[JsonPlace | JsonFault, JsonFinding | None]:
    match place.mode:
        case "value" | "first":
            if character == "]" and place.mode == "first":
                return _ended(place)
            return _value(place, character)
        case "key" | "first_key":
            if character == "}" and place.mode == "first_key":
                return _ended(place)
            if character == '"':
                return replace(place, mode="string", key="", is_key=True), None
            what = "a key in quotes must stand here"
            return JsonFault(what if character != "}" else "a comma before the end of the object"), None
        case "colon":
            if character == ":":
                return replace(place, mode="value"), None
            return JsonFault("`:` must follow the key"), None
    return _after_value(place, character)


def _value(place: JsonPlace, character: str) -> tuple[JsonPlace | JsonFault, JsonFinding | None]:
    path = place.path
    if character in "{[":
        if len(place.frames) >= MAX_DEPTH:
            return JsonFault("nests too deep"), None
        is_object = character == "{"
        frames = (*place.frames, JsonFrame(True) if is_object else JsonFrame(False, count=ElementCount()))
        kind = "object" if is_object else "array"
        return JsonPlace("first_key" if is_object else "first", frames), JsonFinding(path, kind)
    if character == '"':
        return JsonPlace("string", place.frames), JsonFinding(path, "string")
    if character in _LITERALS:
        whole = _LITERALS[character]
        kind = "null" if whole == "null" else "boolean"
        return JsonPlace("literal", place.frames, whole[1:]), JsonFinding(path, kind)
    if character in "-0123456789":
        mode = {"-": "minus", "0": "zero"}.get(character, "integer")
        return JsonPlace(mode, place.frames), JsonFinding(path, "number")
    if character in ",]}":
        return JsonFault("a value is missing before this"), None
    return JsonFault("no JSON value begins like this"), None


def _after_value(place: JsonPlace, character: str) -> tuple[JsonPlace | JsonFault, JsonFinding | None]:
    if not place.frames:
        return JsonFault("nothing may follow the end of the JSON value"), None
    is_object = place.frames[-1].is_object
    if character == ",":
        if is_object:
            return JsonPlace("key", place.frames), None
        frame = place.frames[-1]
        counted = replace(frame, count=frame.count and frame.count.plus(_ONE))
        return JsonPlace("value", (*place.frames[:-1], counted)), None
    if character == ("}" if is_object else "]"):
        return _ended(place)
    return JsonFault("a comma or the end must follow a value"), None


def _ended(place: JsonPlace) -> tuple[JsonPlace | JsonFault, JsonFinding | None]:
    frame = place.frames[-1]
    outer = JsonPlace("after", place.frames[:-1])
    if not frame.is_object:
        return outer, JsonFinding(outer.path, "elements", count=_elements(frame, place.mode == "first"))
    return outer, JsonFinding(outer.path, "keys", frame.keys, frame.sure, frame.unknown)


def _elements(frame: JsonFrame, is_empty: bool) -> ElementCount:
    if is_empty:
        return ElementCount()
    count = ElementCount(1, None) if frame.count is None else frame.count.plus(_ONE)
    return ElementCount(count.fewest, None if count.is_rest else count.most)


def without_keys(place: JsonPlace) -> JsonPlace:
    """The place without keys and counts of what encloses it: equal for places that differ in nothing else."""
    frames = tuple(
        replace(frame, keys=frozenset(), sure=frozenset(), unknown=0, count=None) for frame in place.frames
    )
    return replace(place, frames=frames)


def joined_keys(one: JsonPlace, other: JsonPlace) -> JsonPlace:
    """One place for two that differ in keys: it may have the keys of either, and is sure of those of both."""
    frames = tuple(
        replace(
            a,
            keys=a.keys | b.keys,
            sure=a.sure & b.sure,
            unknown=max(a.unknown, b.unknown),
            count=a.count.joined(b.count) if a.count is not None and b.count is not None else None,
        )
        for a, b in zip(one.frames, other.frames, strict=True)
    )
    return replace(one, frames=frames)


def ends_value(place: JsonPlace, kind: str) -> tuple[JsonPlace | JsonFault, JsonFinding | None]:
    """The place after a whole JSON value of a kind."""
    if not place.takes_value:
        return JsonFault("no JSON value may stand here"), None
    return JsonPlace("after", place.frames), JsonFinding(place.path, kind)
