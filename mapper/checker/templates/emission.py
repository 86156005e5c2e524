"""Emission: text written at a place of the JSON; the places it can lead to, and how it can break the JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from mapper.budget import remembered, spend
from mapper.checker.templates.element_counts import uncounted
from mapper.checker.templates.json_grammar import JsonFault, JsonFinding, JsonPlace, ends_value, step
from mapper.checker.templates.printed_values import json_kinds, parts_of
from mapper.checker.types import Type
from mapper.regex.characters import Ranges, inverse, joined, ranges, readable, shared, span
from mapper.regex.languages import Language

_MAX_QUEUE = 20_000
_ENOUGH_WITH_BREAKS = 300
_DEEPER = 6


@dataclass(frozen=True, slots=True)
class JsonBreak:
    """A way in which a piece of text can break the JSON: the kind of value that does it, and the reason."""

    kind: str
    why: str
    text: str = ""


@dataclass(slots=True)
class Emission:
    """The places that a text can lead to, how it can break the JSON, and the values seen in it."""

    places: dict[JsonPlace, None] = field(default_factory=dict)
    breaks: list[JsonBreak] = field(default_factory=list)
    seen: dict[JsonFinding, None] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def write(place: JsonPlace, text: str) -> tuple[JsonPlace | tuple[int, JsonFault], list[JsonFinding]]:
    """The place after a fixed text, or the index of the first character that breaks it and why."""
    seen: list[JsonFinding] = []
    for index, character in enumerate(text):
        after, shown = step(place, character)
        if isinstance(after, JsonFault):
            return (index, after), seen
        if shown is not None:
            seen.append(shown)
        place = after
    return place, seen


def emit(place: JsonPlace, value: Type) -> Emission:
    """All results of printing a value."""
    outcome = Emission()
    for kind, language in parts_of(value):
        _emit_language(place, kind, language, outcome)
    for name in sorted(json_kinds(value)):
        after, shown = ends_value(place, name)
        if isinstance(after, JsonFault):
            outcome.breaks.append(JsonBreak(f"an {name}", f"its JSON cannot stand here: {after.why}"))
        else:
            outcome.places[after] = None
            _note(outcome, shown)
    return outcome


def emit_part(place: JsonPlace, kind: str, language: Language) -> Emission:
    """All results of printing one kind of value, as one of these texts."""
    outcome = Emission()
    _emit_language(place, kind, language, outcome)
    return outcome


def _note(outcome: Emission, shown: JsonFinding | None) -> None:
    if shown is not None:
        outcome.seen[shown] = None


def _emit_language(place: JsonPlace, kind: str, language: Language, outcome: Emission) -> None:
    few = language.few
    if few is None:
        return _emit_many(place, kind, language, outcome)
    for text in few:
        after, shown = write(place, text)
        for each in shown:
            _note(outcome, each)
        if isinstance(after, JsonPlace):
            outcome.places[after] = None
        else:
            outcome.breaks.append(JsonBreak(kind, after[1].why, text))
    return None


def _emit_many(place: JsonPlace, kind: str, language: Language, outcome: Emission) -> None:
    """Follow all texts of a language through the grammar at once.

    After a break the rest of the template is followed as if a whole value, or a harmless text, had been
    printed: the verdict is certain by then, and other flaws are still to be found.
    """
    result = _inside(place, kind, language) if place.in_string else _followed(place, kind, language)
    outcome.breaks += result.breaks
    outcome.doubts += result.doubts
    if result.breaks:
        outcome.places[replace(place, key=None) if place.in_string else _after(place)] = None
    else:
        outcome.places.update(result.places)
        outcome.seen.update(result.seen)


def _after(place: JsonPlace) -> JsonPlace:
    after, _ = ends_value(place, "string")
    return after if isinstance(after, JsonPlace) else place


def _inside(place: JsonPlace, kind: str, language: Language) -> Emission:
    """The results inside of a string, which no text leaves: they are the same for all counts of elements."""
    result = _followed(uncounted(place), kind, language)
    return replace(result, places={replace(at, frames=place.frames): None for at in result.places})


@remembered(4096)
def _followed(place: JsonPlace, kind: str, language: Language) -> Emission:
    outcome = Emission()
    found: dict[str, str] = {}
    start = [(state, place) for state in sorted(language.starts)]
    seen = set(start)
    queue = [(state, at, "") for state, at in start]
    for state, at, text in queue:
        if state in language.finals:
            why = _bad_end(place, at, language, kind)
            if why:
                found.setdefault(why, text)
            else:
                outcome.places[at] = None
        for given, target in language.edges[state]:
            for hit in _classes(given):
                character = readable(hit)
                after, shown = _advance(place, at, character, _is_single(given))
                if isinstance(after, JsonFault):
                    found.setdefault(after.why, text + character)
                    continue
                _note(outcome, shown)
                if (target, after) not in seen:
                    seen.add((target, after))
                    queue.append((target, after, text + character))
        if found and len(queue) > _ENOUGH_WITH_BREAKS:
            break
        if len(queue) > _MAX_QUEUE:
            outcome.doubts.append("the texts an output can render take too many ways through the JSON")
            break
    spend(len(queue))
    outcome.breaks += [JsonBreak(kind, why, text) for why, text in found.items()]
    return outcome


def _advance(
    origin: JsonPlace, at: JsonPlace, character: str, exact: bool
) -> tuple[JsonPlace | JsonFault, JsonFinding | None]:
    if origin.in_string and at.in_string and at.mode == "string" and character == '"':
        return JsonFault("a quote in it ends the string"), None
    if len(at.frames) > len(origin.frames) + _DEEPER:
        return JsonFault("it opens objects or lists without end"), None
    after, shown = step(at, character, exact)
    if isinstance(after, JsonPlace) and after.frames != at.frames:
        after = uncounted(after)  # or there were as many places as there are numbers of elements
    return after, shown


def _bad_end(origin: JsonPlace, at: JsonPlace, language: Language, kind: str) -> str:
    """The reason why a text must not end here although the grammar would go on; empty if it may."""
    if origin.in_string and at.mode in ("escape", "hex"):
        return "a backslash in it escapes what follows"
    if kind != "a number" and at.in_number and not language.is_finite:
        return "its digits can be more than a number may have"
    return ""


def _is_single(hit: Ranges) -> bool:
    return len(hit) == 1 and hit[0][0] == hit[0][1]


_APART = '"\\/{}[],:-+.0eE\n\r\t '


@lru_cache(maxsize=1)
def _partition() -> tuple[Ranges, ...]:
    """Characters that the grammar treats alike; those of `true`, `false` and `null` each by itself."""
    single = [ranges(c) for c in sorted({*_APART, *"trufalsnbcdABCDF"})]
    control = shared(((0, 0x1F),), inverse(ranges("\n\r\t")))
    known = [*single, span("1", "9"), control]
    rest = inverse(joined(pair for given in known for pair in given))
    return (*known, rest)


@lru_cache(maxsize=2048)
def _classes(given: Ranges) -> tuple[Ranges, ...]:
    return tuple(_split(given))


def _split(given: Ranges) -> Iterator[Ranges]:
    for part in _partition():
        hit = shared(given, part)
        if hit:
            yield hit
