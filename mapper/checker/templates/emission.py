"""Emission: text written at a place; where it can end up, and how it can break the JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from mapper.budget import remembered, spend
from mapper.checker.templates.json_grammar import Bad, Place, Seen, ends_value, step
from mapper.checker.templates.value_sets import Value, json_kinds, parts_of
from mapper.regex.characters import Ranges, inverse, joined, ranges, readable, shared, span
from mapper.regex.languages import Language

_MOST = 20_000
_ENOUGH = 300
_DEEPER = 6


@dataclass(frozen=True, slots=True)
class Break:
    """A way in which a piece of text can break the JSON: what kind of value does it, and why."""

    kind: str
    why: str
    text: str = ""


@dataclass(slots=True)
class Outcome:
    """Where the text can stand afterwards, how it can break, what it has shown."""

    places: dict[Place, None]
    breaks: list[Break]
    seen: dict[Seen, None]
    doubts: list[str]

    @classmethod
    def empty(cls) -> Outcome:
        """Nothing yet."""
        return cls({}, [], {}, [])


def write(place: Place, text: str) -> tuple[Place | tuple[int, Bad], list[Seen]]:
    """The place after a fixed text, or the index of the first character that breaks it and why."""
    seen: list[Seen] = []
    for index, character in enumerate(text):
        after, shown = step(place, character)
        if isinstance(after, Bad):
            return (index, after), seen
        if shown is not None:
            seen.append(shown)
        place = after
    return place, seen


def emit(place: Place, value: Value) -> Outcome:
    """Everything that printing a value can do."""
    outcome = Outcome.empty()
    for kind, language in parts_of(value):
        _emit_language(place, kind, language, outcome)
    for name in sorted(json_kinds(value)):
        after, shown = ends_value(place, name)
        if isinstance(after, Bad):
            outcome.breaks.append(Break(f"an {name}", f"its JSON cannot stand here: {after.why}"))
        else:
            outcome.places[after] = None
            _note(outcome, shown)
    return outcome


def _note(outcome: Outcome, shown: Seen | None) -> None:
    if shown is not None:
        outcome.seen[shown] = None


def _emit_language(place: Place, kind: str, language: Language, outcome: Outcome) -> None:
    few = language.few
    if few is None:
        return _emit_many(place, kind, language, outcome)
    for text in few:
        after, shown = write(place, text)
        for each in shown:
            _note(outcome, each)
        if isinstance(after, Place):
            outcome.places[after] = None
        else:
            outcome.breaks.append(Break(kind, after[1].why, text))
    return None


def _emit_many(place: Place, kind: str, language: Language, outcome: Outcome) -> None:
    """Follow all texts of a language through the grammar at once.

    After a break the rest of the template is followed as if a whole value, or a harmless text, had been
    printed: the verdict is not in question any more, only what else there is to find.
    """
    result = _followed(place, kind, language)
    outcome.breaks += result.breaks
    outcome.doubts += result.doubts
    if result.breaks:
        outcome.places[replace(place, key=None) if place.in_string else _after(place)] = None
    else:
        outcome.places.update(result.places)
        outcome.seen.update(result.seen)


def _after(place: Place) -> Place:
    after, _ = ends_value(place, "string")
    return after if isinstance(after, Place) else place


@remembered(4096)
def _followed(place: Place, kind: str, language: Language) -> Outcome:
    outcome = Outcome.empty()
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
                if isinstance(after, Bad):
                    found.setdefault(after.why, text + character)
                    continue
                _note(outcome, shown)
                if (target, after) not in seen:
                    seen.add((target, after))
                    queue.append((target, after, text + character))
        if found and len(queue) > _ENOUGH:
            break
        if len(queue) > _MOST:
            outcome.doubts.append("the texts an output can render take too many ways through the JSON")
            break
    spend(len(queue))
    outcome.breaks += [Break(kind, why, text) for why, text in found.items()]
    return outcome


def _advance(origin: Place, at: Place, character: str, exact: bool) -> tuple[Place | Bad, Seen | None]:
    if origin.in_string and at.in_string and at.mode == "string" and character == '"':
        return Bad("a quote in it ends the string"), None
    if len(at.frames) > len(origin.frames) + _DEEPER:
        return Bad("it opens objects or lists without end"), None
    return step(at, character, exact)


def _bad_end(origin: Place, at: Place, language: Language, kind: str) -> str:
    """Why a text must not end here, though the grammar would go on."""
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
