"""Draft: bodies of requests become a mapping that compiles, with the reason of each guess as a comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from mapper.authoring.each_guess import guess_each
from mapper.authoring.guesses import Guess, guess_all
from mapper.authoring.item_fields import ItemField, fields_of
from mapper.authoring.traffic import ItemReader, Traffic, read_each
from mapper.diagnostics.render.summary import counted
from mapper.runtime.times.formats import DATE_FORMAT

UNSURE = "UNSURE: "
MAX_BODIES = 2_000  # that guesses rest on
DEFAULT_FORMAT = "iso8601"
_HALF = 0.5  # of the samples: a field that fewer have is not enough for an id or a time
_PLAIN = re.compile(r"\$(?:\.\w+)*\Z").match


@dataclass(frozen=True, slots=True)
class FieldGuess:
    """The guess for a field of the event: paths, best first, the reason without values, if it `is_sure`."""

    paths: tuple[str, ...]
    reason: str
    is_sure: bool


@dataclass(frozen=True, slots=True)
class MappingDraft:
    """A mapping made of samples: its text, the paths of `each`, the guesses by field of the event."""

    name: str
    text: str = field(repr=False)
    each: tuple[str, ...]
    guesses: dict[str, FieldGuess]
    bodies: int

    @property
    def unsure(self) -> tuple[str, ...]:
        """The fields of the event at which a person must look."""
        return tuple(name for name, guess in self.guesses.items() if not guess.is_sure)

    @property
    def reads_time_of_receipt(self) -> bool:
        """True if an event needs the time of its receipt."""
        return "received_at: true" in self.text


def draft(name: str, bodies: Iterable[object], *, source: str = "") -> MappingDraft:
    """A mapping called `name` of bodies: bytes or text of JSON, or parsed; the first 2,000 of them count.

    `source` is the name of the schema that the mapping is to have. Raises ValueError if there is no item.
    """
    traffic = Traffic()
    parsed: list[Any] = []
    for some in traffic.of_bodies(bodies):
        parsed += some
        if len(parsed) >= MAX_BODIES:
            break
    return draft_of(name, parsed[:MAX_BODIES], source)


def draft_of(name: str, bodies: Sequence[Any], source: str) -> MappingDraft:
    """As `draft`, for parsed bodies."""
    each, why = guess_each(bodies)
    items = [item for item in ItemReader(read_each(each)).items_of(list(bodies)) if isinstance(item, dict)]
    if not items:
        raise ValueError("no object among the samples could be an event")
    guesses = guess_all(fields_of(items), len(items))
    lines = _head(name, source, len(items), len(bodies))
    if each:
        lines += ["", *_comment(why + ".", ""), "each:", *(f"  - {_quoted(path)}" for path in each)]
    lines += ["", "event:"]
    told: dict[str, FieldGuess] = {}
    for target, guess in guesses.items():
        value, reason = _VALUES[target](guess, name)
        told[target] = FieldGuess(guess.paths, reason, guess.is_sure)
        lines += [*_comment(f"{'' if guess.is_sure else UNSURE}{reason}.", "  "), f"  {target}:{value}", ""]
    return MappingDraft(name, "\n".join(lines).rstrip() + "\n", tuple(each), told, len(bodies))


def _head(name: str, source: str, items: int, bodies: int) -> list[str]:
    counts = counted(items, "sample") + (
        f" in {counted(bodies, 'body', 'bodies')}" if items != bodies else ""
    )
    return [
        *_comment(
            f"A draft, made of {counts}. Each guess has its reason above it. Those that are marked UNSURE"
            " need a person who knows the payloads; correct them and delete the mark.",
            "",
        ),
        f"mapping: {name}",
        "version: 1",
        *([f"source: {source}"] if source else []),
    ]


def _comment(text: str, indent: str) -> list[str]:
    return [f"{indent}# {line}" for line in wrap(text, 108 - len(indent), break_on_hyphens=False)]


def _quoted(path: str) -> str:
    """A path as YAML: inside `[..]` and `{..}`, brackets and commas need quotes."""
    return path if _PLAIN(path) else "'" + path.replace("'", "''") + "'"


def _why(guess: Guess) -> str:
    return f"`{guess.paths[0]}`: {guess.reason}"


def _text(guess: Guess, *more: str) -> str:
    paths = ", ".join([*map(_quoted, guess.paths), *more])
    return f" {{first_nonblank: [{paths}], as: string, on_error: reject, on_missing: reject}}"


def _event_id(guess: Guess, name: str) -> tuple[str, str]:
    digest = "a digest of the whole item: sent again it has the same id, and two equal items are one event"
    if not guess.fields:
        return (
            " {hash: [$], as: string, on_error: reject, on_missing: reject}",
            f"no field looks like an id of the event, so it is {digest}",
        )
    if guess.share < _HALF:
        return _text(guess, "{hash: [$]}"), f"{_why(guess)}; otherwise {digest}"
    return _text(guess), _why(guess)


def _event_name(guess: Guess, name: str) -> tuple[str, str]:
    if not guess.fields:
        words = " ".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", name)) or "Event"
        return f" {{literal: {words}}}", "no field looks like a name of the event, so all get one name"
    return _text(guess), _why(guess)


def _user_id(guess: Guess, name: str) -> tuple[str, str]:
    if not guess.fields:
        # A path that is only an example would be reported, if the schema has a field of a similar name.
        reason = "no field looks like an id of a user; until a path stands here, every item is rejected"
        return " {setting: user_id, as: string, on_error: reject, on_missing: reject}", reason
    return _text(guess), _why(guess)


def _timestamp(guess: Guess, name: str) -> tuple[str, str]:
    if not guess.fields:
        return (
            " {received_at: true, on_missing: reject}",
            "no field looks like the time of the event, so it is the time of receipt",
        )
    values = [f"{{{_time(one)}, on_error: reject}}" for one in guess.fields]
    reason = _why(guess)
    if guess.share < _HALF:
        values.append("{received_at: true}")
        reason += "; otherwise the time of receipt"
    if len(values) == 1:
        return f" {values[0][:-1]}, on_missing: reject}}", reason
    # An alternative that cannot be read is rejected, not passed over: a later one may mean another time.
    alternatives = "".join(f"\n      - {value}" for value in values)
    return f"\n    first_of:{alternatives}\n    on_missing: reject", reason


def _time(one: ItemField) -> str:
    """The keys that read a field as a time by the formats that were seen, the most frequent first."""
    seen = one.time_formats()
    names = list(dict.fromkeys(form.name for form, _ in seen.most_common()))
    parts = [f"first_nonblank: [{_quoted(one.path)}], as: timestamp"]
    if names != [DEFAULT_FORMAT]:
        parts.append(f"from: {names[0] if len(names) == 1 else '[' + ', '.join(names) + ']'}")
    if DATE_FORMAT in names:
        parts.append('time_of_day: "00:00"')
    if any(form.needs_zone for form in seen):
        parts.append("zone: UTC")
    return ", ".join(parts)


def _event_properties(guess: Guess, name: str) -> tuple[str, str]:
    if not guess.fields:
        value = " {path: $, as: object, on_error: reject, on_missing: reject}"
        return value, "the whole item; choose what the receivers need"
    # A default beside a field that all samples have would be reported as one that is never taken.
    absent = "on_missing: reject" if guess.share == 1 else "default: {}"
    path = _quoted(guess.paths[0])
    return f" {{path: {path}, as: object, on_error: reject, {absent}}}", _why(guess)


_VALUES = {
    "event_id": _event_id,
    "event_name": _event_name,
    "user_id": _user_id,
    "timestamp": _timestamp,
    "event_properties": _event_properties,
}
