"""Guesses: for each field of an event, the fields of the samples that are most likely meant, with reasons.

A guess rests on the name, the type, the form, how often the field is there, and for ids on their being
unique. The names are those that are common in the field; a vendor's own words are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mapper.authoring.item_fields import ItemField
from mapper.authoring.privacy import are_constants, looks_random, names, words_of
from mapper.diagnostics.render.summary import counted

SURE = 7.0  # points from which on a guess is not marked as unsure
LEAST = 3.0  # points below which a field is no candidate
MAX_ALTERNATIVES = 3
_MOST_REPEATS = 0.5  # share of ids that were seen before, unless the name speaks of an event
_ENOUGH = 4  # texts that show if they repeat
_EVENT_ID = 8.5  # points of such names
_WORTH = 0.02  # the share of items that an alternative must add

Points = dict[tuple[str, ...], float]


def _points(text: str) -> Points:
    """`event id=10, uuid=7`: points for the words at the end of a name."""
    pairs = (part.split("=") for part in text.split(","))
    return {tuple(words.split()): float(number) for words, number in pairs}


_ID_NAMES = _points(
    "event id=10,event uuid=10,insert id=10,message id=9,uuid=8,guid=8,delivery id=8,webhook id=7,id=8,"
    "request id=5,transaction id=6,order id=6,token=4,number=4,after=3,hash=3,sha=4"
)
_NAME_NAMES = _points(
    "event name=10,event type=9,event=9.5,type=8,topic=8,action=7,event action=8,trigger=6,kind=6,name=5,"
    "activity=6,message type=7,notification type=8,event code=6"
)
_USER_NAMES = _points(
    "user id=10,customer id=9.5,uid=8,identity=8,distinct id=8,external id=7,member id=8,contact id=8,"
    "person id=8,profile id=8,subscriber id=8,account id=6,client id=5,user=7,customer=8,cuid=8,"
    "recipient=7,email=6.5,sender id=6,owner id=4,login=4,phone=4"
)
_TIME_NAMES = _points(
    "timestamp=10,event time=10,event timestamp=10,occurred at=10,event date=8,time=9,submitted at=9.5,"
    "created at=8.5,created=8.5,processed at=7.5,triggered at=9,fired at=9,sent at=6,received at=5,"
    "date=7,datetime=9,updated at=7,ts=8,at=7,pushed at=6,date created=8,creation date=8"
)
_BAG_NAMES = _points(
    "event properties=10,event attributes=10,event data=9,properties=9,attributes=8,props=8,params=7,"
    "parameters=7,payload=6,data=6,object=7,details=7,traits=4"
)
# Words of objects around an id that say whose id it is.
_PERSONS = names("user customer profile contact member person subscriber sender buyer recipient owner pusher")
_OTHERS = names(
    """
    user customer account session device anonymous group shop store site company organization repository
    product app application client parent previous project campaign profile location form owner sender author
    contact member person subscriber order checkout cart pusher variation
    """
)
_ASIDE = names(
    "context signature definition previous library device integrations metadata links settings old"
    " properties attributes traits params props parameters"
)
_OTHER_TIMES = names(
    "birth birthday expires expiry expiration due start end cancelled canceled closed deleted until last"
    " first"
)


@dataclass(frozen=True, slots=True)
class Guess:
    """The fields taken for a field of an event, best first; none if there is no candidate.

    `reason` says why, without values. If it is not `is_sure`, a person must look.
    """

    fields: tuple[ItemField, ...]
    reason: str
    is_sure: bool
    share: float = 0.0  # of the items that have one of the fields

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the fields."""
        return tuple(one.path for one in self.fields)


def guess_all(fields: Sequence[ItemField], count: int) -> dict[str, Guess]:
    """The guesses for each field of the canonical event, for `count` items."""
    scores: dict[str, Callable[[ItemField, int], float]] = {
        "event_id": _score_id,
        "event_name": _score_name,
        "user_id": _score_user,
        "timestamp": _score_time,
        "event_properties": _score_bag,
    }
    return {name: _guess(name, score, fields, count) for name, score in scores.items()}


def _guess(
    name: str, score: Callable[[ItemField, int], float], fields: Sequence[ItemField], count: int
) -> Guess:
    scored = [(score(one, count), one) for one in fields]
    ranked = sorted((pair for pair in scored if pair[0] >= LEAST), key=lambda pair: -pair[0])
    if not ranked:
        return Guess((), "", False)
    points, best = ranked[0]
    chosen, covered = [best], set(best.values)
    for more, one in ranked[1:]:
        added = len(one.values.keys() - covered)
        if name == "event_properties" or len(chosen) == MAX_ALTERNATIVES or more < SURE:
            break
        if added > _WORTH * count:
            chosen.append(one)
            covered |= one.values.keys()
    is_sure = points >= SURE and len(covered) >= 0.5 * count and not _lacks_zone(name, chosen)
    reason = _reason(name, best, count, len(covered))
    return Guess(tuple(chosen), reason, is_sure, len(covered) / count)


def _lacks_zone(name: str, chosen: Sequence[ItemField]) -> bool:
    return name == "timestamp" and any(form.needs_zone for one in chosen for form in one.time_formats())


def _reason(name: str, best: ItemField, count: int, covered: int) -> str:
    """The reason in words, as it stands in a comment of the mapping."""
    seen = len(best.values)
    parts = [f"its name fits; in {seen:,} of {counted(count, 'sample')}"]
    if name == "event_id" and seen > 1:
        parts.append("different in each" if best.distinct == seen else f"{best.distinct:,} different values")
    if name == "event_name" and seen > 1:
        parts.append(f"{best.distinct:,} different {'value' if best.distinct == 1 else 'values'}")
    if name == "timestamp":
        parts.append(" and ".join(sorted({f"`{one.name}`" for one in best.time_formats()})))
        if any(one.needs_zone for one in best.time_formats()):
            parts.append("some have no zone, and UTC is a guess")
    if covered > seen:
        parts.append(f"with the others {covered:,}")
    return "; ".join(parts)


def _by_name(table: Points, one: ItemField) -> float:
    """Points for the words that a name ends in; also of the last two names together, as `customer.id`."""
    own = one.words
    joined = (*(word for name in one.names[-2:-1] for word in words_of(name)), *own)
    best = 0.0
    for words, points in table.items():
        if own == words:
            best = max(best, points)
        elif own[-len(words) :] == words:
            best = max(best, points - 1.5)
        elif len(words) > 1 and joined[-len(words) :] == words:
            best = max(best, points - 0.5)
    return best


def _around(one: ItemField) -> frozenset[str]:
    """The words of the names around a field."""
    return frozenset(word for name in one.names[:-1] for word in words_of(name))


def _presence(one: ItemField, count: int) -> float:
    """Up to 5 points less for a field that many items do not have."""
    return -5.0 * (1 - len(one.values) / count)


def _aside(one: ItemField) -> float:
    depth = len(one.names) - 1
    return -0.7 * depth - (4.0 if _around(one) & _ASIDE else 0.0)


def _score_id(one: ItemField, count: int) -> float:
    points = _by_name(_ID_NAMES, one)
    is_plain = points < _EVENT_ID and one.repeats > _MOST_REPEATS
    if not points or one.share_of(str, int) < 0.9 or is_plain:
        return 0.0
    points -= 5.0 * one.repeats  # a body that is sent twice may be among the samples
    if (_around(one) | set(one.words[:-1])) & _OTHERS:
        points -= 4.0
    if "event" in _around(one):
        points += 1.0
    return points + _presence(one, count) + 1.5 * _aside(one)


def _score_name(one: ItemField, count: int) -> float:
    points = _by_name(_NAME_NAMES, one)
    texts = [value for value in one.values.values() if isinstance(value, str)]
    if not points or len(texts) < 0.9 * len(one.values) or any(map(_is_no_name, texts)):
        return 0.0
    # A `name` alone is more often that of a person or a thing; that of an event repeats.
    if one.words == ("name",) and (len(texts) < _ENOUGH or one.repeats < 0.5 or not are_constants(texts)):
        return 0.0
    if len(texts) >= 20 and one.repeats < 0.2:
        points -= 3.0
    if (_around(one) | set(one.words[:-1])) & _OTHERS:
        points -= 4.0
    return points + _presence(one, count) + _aside(one)


def _is_no_name(text: str) -> bool:
    return len(text) > 100 or looks_random(text.replace("_", " ").replace(".", " "))


def _score_user(one: ItemField, count: int) -> float:
    points = _by_name(_USER_NAMES, one)
    words = set(one.words)
    if one.words == ("id",) and _PERSONS & {*words_of("_".join(one.names[-2:-1]))[-1:]}:
        points = max(points, 8.0)
    if not points or one.share_of(str, int) < 0.9 or words & {"anonymous", "device", "session"}:
        return 0.0
    return points + _presence(one, count) + _aside(one)


def _score_time(one: ItemField, count: int) -> float:
    points = _by_name(_TIME_NAMES, one)
    formats = one.time_formats()
    if not points or formats.total() < 0.8 * len(one.values):
        return 0.0
    if set(one.words) & _OTHER_TIMES:
        points -= 5.0
    if _around(one) & (_OTHERS - {"form"}):
        points -= 2.0
    if any(one.needs_zone for one in formats):
        points -= 1.5
    return points + _presence(one, count) + _aside(one)


def _score_bag(one: ItemField, count: int) -> float:
    points = _by_name(_BAG_NAMES, one)
    if not points or one.share_of(dict) < 0.6:
        return 0.0
    return points + _presence(one, count) - 0.3 * (len(one.names) - 1) + _aside(one)


def is_time(name: str, value: object) -> bool:
    """True if a member of an object is a time, by its name and its value."""
    one = ItemField((name,), {0: value})
    return bool(_by_name(_TIME_NAMES, one) and one.time_formats())
