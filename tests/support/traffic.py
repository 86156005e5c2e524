"""Realistic traffic: bodies and requests of each shipped mapping as its vendor sends them, made of samples.

Nine in ten items are plain: one of a few chosen samples with other ids, names, numbers and times. One in ten
is odd: it is taken from any other sample, or a plain one with a fault. No body is broken JSON.
"""

from __future__ import annotations

import copy
import json
import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from mapper.catalog import find_mappings
from mapper.samples.cases import Sample, SampleCase, find_cases
from mapper.transform.request import Request

Json = Any
Chance = random.Random
SEED = 18
ODD = 0.1
START = datetime(2026, 6, 1, tzinfo=UTC)
# These members hold free text.
FREE = {"name", "Name", "title", "pageTitle", "cohort_name", "body", "note", "text", "city", "campaign_name"}
TEXTS = (
    *('Kaffeemühle "Nr. 5"', "O'Neil & Söhne", "Meera Nair", "São Paulo", "東京 タワー", "50% off, today"),
    *("Cart waiting 🛒", "Spring sale", "C:\\temp\\new", "one\ntwo", "Łódź — centre", "Ada Lovelace"),
)
# These members hold ids of events.
IDS = {"messageId", "event_id", "event_uuid", "$insert_id", "insert_id", "message_id", "uuid"}
# These members hold what is the user's own, with any names.
OWN = ("properties", "traits", "event_properties", "Event_properties", "event_attributes", "event_data")
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d)(?:(:\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_EPOCH = re.compile(r"(\$D_)?1[5-8]\d{8}(\d{3})?", re.ASCII)
_MAIL = re.compile(r"[^\s@]+@[^\s@]+")
_WORD = re.compile(r"[0-9a-f]{6,}|\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a body: a sample, the place in it of an item or an array of items, how often it comes.

    `wrapped` is the member of each element of the array that holds the item.
    """

    case: str
    place: tuple[str, ...] = ()
    weight: int = 1
    fewest: int = 1
    most: int = 1
    wrapped: str = ""


FORMS: dict[str, tuple[Form, ...]] = {
    "segment": (
        Form("track_order_completed", weight=6),
        Form("batch_every_type", weight=3, most=20),
        Form("batch_wrapped_in_json", most=20, wrapped="json"),
        Form("batch_envelope", ("batch",), most=20),
    ),
    "amplitude": (
        Form("default_payload", weight=8),
        Form("derived_lookup_and_groups"),
        Form("events_envelope", ("events",), most=10),
    ),
    "amplitude-cohort": (
        Form("users_entered", ("users",), 2, most=100),
        Form("users_left", ("users",), 1, most=100),
    ),
    "webengage": (
        Form("custom_event", weight=6),
        Form("push_accepted", weight=3),
        Form("survey", ("response", "data")),
        Form("feedback", ("response", "data")),
    ),
    "server": (
        Form("one_event", weight=4),
        Form("bare_array", weight=2, most=50),
        Form("events_envelope", ("events",), 2, most=50),
    ),
    "moengage": (Form("batch", ("events",), most=100),),
    "clevertap": (
        Form("test_flag_false", ("profiles",), 4),
        Form("single_profile_capitalised", ("profiles",), 2),
        Form("broadcast", ("profiles",), 3, fewest=2, most=50),
        Form("post_action_push", ("profiles",), 1),
    ),
    "clevertap-template": (Form("order", weight=3), Form("items_one")),
}


def traffic(name: str, count: int, seed: int = SEED) -> list[Sample]:
    """`count` bodies with their requests; the same for the same seed."""
    chance = random.Random(f"{name} {seed}")
    forms = FORMS[name]
    weights = [form.weight for form in forms]
    return [_made(chance, name, form) for form in chance.choices(forms, weights, k=count)]


def _made(chance: Chance, name: str, form: Form) -> Sample:
    sample, body = _read(name)[form.case]
    moment = START + timedelta(seconds=chance.randrange(10_000_000))
    if form.most > 1 and chance.random() < ODD / 5:
        return chance.choice(_others(name))
    found = item = _at(body, form.place)
    if isinstance(item, list):
        item = [item[index] for index in _mapped(name, form.case)]
        plain = [one[form.wrapped] for one in item] if form.wrapped else item
        found = [_item(chance, name, chance.choice(plain), moment) for _ in range(_size(chance, form))]
        found = [{form.wrapped: one} for one in found] if form.wrapped else found
    elif chance.random() < ODD:
        if chance.random() < 0.5:
            return chance.choice(_others(name))
        found = _spoiled(chance, _varied(chance, item, moment))
    else:
        found = _varied(chance, item, moment)
    body = found if not form.place else _placed(_varied(chance, body, moment), form.place, found)
    return Sample(_written(chance, body), _request(chance, sample.request, moment))


def _size(chance: Chance, form: Form) -> int:
    """Small arrays are more frequent than large ones."""
    return max(form.fewest, round(form.most ** chance.random()))


def _item(chance: Chance, name: str, plain: Json, moment: datetime) -> Json:
    """An element of an array, plain or odd."""
    if chance.random() >= ODD:
        return _varied(chance, plain, moment)
    if chance.random() < 0.5:
        return chance.choice(_odd_items(name))
    return _spoiled(chance, _varied(chance, plain, moment))


@cache
def _cases(name: str) -> dict[str, SampleCase]:
    path = next(path for path in find_mappings() if path.stem == name)
    return {case.name: case for case in find_cases(path)}


@cache
def _mapped(name: str, case: str) -> list[int]:
    """The items of a sample that become events."""
    expected: Json = _cases(name)[case].expectation()
    left = {one["item"] for one in expected["skipped"] + expected["rejected"]}
    return [index for index in range(len(expected["events"]) + len(left)) if index not in left]


@cache
def _read(name: str) -> dict[str, tuple[Sample, Json]]:
    """The samples of a mapping whose bodies are JSON, and those bodies."""
    found = {}
    for case in _cases(name).values():
        sample = case.load()
        assert isinstance(sample, Sample)
        try:
            found[case.name] = sample, json.loads(sample.body)
        except ValueError:
            continue
    return found


@cache
def _others(name: str) -> list[Sample]:
    """The samples that are not plain, each as requests of one item; an array is taken apart."""
    plain = {form.case for form in FORMS[name]}
    others = [read for case, read in _read(name).items() if case not in plain]
    return [one for sample, body in others for one in _taken_apart(name, sample, body)]


def _taken_apart(name: str, sample: Sample, body: Json) -> list[Sample]:
    for place in sorted({(), *(form.place for form in FORMS[name])}):
        items = _at(body, place)
        if isinstance(items, list):
            bodies = [_placed(copy.deepcopy(body), place, [item]) if place else item for item in items]
            return [Sample(json.dumps(one).encode(), sample.request) for one in bodies]
    return [sample]


@cache
def _odd_items(name: str) -> list[Json]:
    """The elements of arrays of items in the samples that are not plain; none is wrapped."""
    forms = {form.case: form for form in FORMS[name]}
    places = sorted({form.place for form in forms.values() if form.most > 1})
    bodies = [body for case, (_, body) in _read(name).items() if case not in forms]
    arrays = [_at(body, place) for body in bodies for place in places]
    found = [item for array in arrays if isinstance(array, list) for item in array]
    wrappers = {form.wrapped for form in forms.values()} - {""}
    return [item for item in found if not isinstance(item, dict) or not wrappers & set(item)]


def _at(body: Json, place: tuple[str, ...]) -> Json:
    for step in place:
        body = body.get(step) if isinstance(body, dict) else None
    return body


def _placed(body: Json, place: tuple[str, ...], value: Json) -> Json:
    _at(body, place[:-1])[place[-1]] = value
    return body


def _varied(chance: Chance, value: Json, moment: datetime, key: str = "") -> Json:
    """A value of the same form: other ids, names, numbers and times; more members where a user's own are."""
    match value:
        case dict():
            made = {name: _varied(chance, member, moment, name) for name, member in value.items()}
            return made | _more(chance, moment) if key in OWN else made
        case list():
            return [_varied(chance, element, moment, key) for element in value]
        case str():
            return _text(chance, value, moment, key)
        case bool() | None:
            return value
        case int():
            return _integer(chance, value, moment)
        case _:
            return round(chance.random() * 10 ** chance.randrange(5), chance.randrange(1, 4))


def _integer(chance: Chance, value: int, moment: datetime) -> int:
    if _EPOCH.fullmatch(str(value)):
        return int(_text(chance, str(value), moment, ""))
    return value if value < 10 else chance.randrange(1, 10 ** len(str(value)))


def _text(chance: Chance, value: str, moment: datetime, key: str) -> str:
    earlier = moment - timedelta(seconds=chance.randrange(120), microseconds=chance.randrange(10**6))
    if time := _TIME.fullmatch(value):
        return _time(time, earlier)
    if epoch := _EPOCH.fullmatch(value):
        seconds = earlier.timestamp()
        return f"{epoch[1] or ''}{int(seconds * 1000) if epoch[2] else int(seconds)}"
    if key in FREE and value:
        return chance.choice(TEXTS)
    if _MAIL.fullmatch(value):
        return f"{chance.getrandbits(32):x}@example.com"
    if key in IDS and 0 < len(value) < 20:
        return f"{value}-{chance.getrandbits(64):x}"
    return _WORD.sub(lambda word: _word(chance, word[0]), value)


def _word(chance: Chance, word: str) -> str:
    digits = "0123456789" if word.isdigit() else "0123456789abcdef"
    return "".join(chance.choices(digits, k=len(word)))


def _time(form: re.Match[str], moment: datetime) -> str:
    """A time in the form of another, its zone included."""
    _, between, _, seconds, fraction, zone = form.groups()
    if zone not in (None, "Z"):
        shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        moment += shift if zone[0] == "+" else -shift
    text = moment.strftime(f"%Y-%m-%d{between}%H:%M") + (moment.strftime(":%S") if seconds else "")
    return text + (f".{moment.microsecond:06}"[: 1 + len(fraction)] if fraction else "") + (zone or "")


def _more(chance: Chance, moment: datetime) -> dict[str, Json]:
    """Members as shops and apps have them."""
    found = {
        "note": chance.choice(TEXTS),
        "Plan Name": chance.choice(("free", "pro", "team")),
        "amount": f"{chance.randrange(10**5) / 100:.2f}",
        "rate": chance.random(),
        "count": chance.randrange(1000),
        "first": chance.random() < 0.5,
        "coupon": None,
        "tags": chance.sample(TEXTS, 2),
        "since": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "address": {"city": chance.choice(TEXTS), "zip": f"{chance.randrange(10**5):05}", "lines": []},
    }
    return {name: found[name] for name in chance.sample(list(found), chance.randrange(6))}


def _spoiled(chance: Chance, item: Json) -> Json:
    """A plain item with a fault, or with a value that is rare."""
    item = copy.deepcopy(item)
    if not isinstance(item, dict):
        return item
    name = chance.choice(list(item))
    match chance.randrange(7):
        case 0:
            item[name] = None
        case 1:
            item[name] = " "
        case 2:
            del item[name]
        case 3:
            item[name] = chance.choice(([], {}, [1], 0, True, 4000052183.0, 1e-7))
        case 4:
            item[name] = chance.choice(("\x00", "\u2028", '"\\"', "0", "{{ x }}", "<b>ü</b>"))
        case 5:
            own = next((item[key] for key in OWN if isinstance(item.get(key), dict)), item)
            own["odd"] = chance.choice((10**30, 1e300, "\u001f", "", {"a": [[]]}, -0.0))
        case _:
            _change_zones(chance, item)
    return item


def _change_zones(chance: Chance, holder: dict[str, Json]) -> None:
    """Every time of an item gets a zone that is unusual."""
    zone = chance.choice(("+05:30", "-0400", " UTC", "+00:00", ""))
    for name, value in holder.items():
        if isinstance(value, str) and (time := _TIME.fullmatch(value)):
            holder[name] = value.removesuffix(time[6] or "") + zone


def _written(chance: Chance, body: Json) -> bytes:
    """Most senders write UTF-8 without blanks, some escapes or blanks."""
    layout = (", ", ": ") if chance.random() < 0.1 else (",", ":")
    return json.dumps(body, ensure_ascii=chance.random() < 0.2, separators=layout).encode()


def _request(chance: Chance, request: Request, moment: datetime) -> Request:
    """The request of a sample, received just after its events; ids in its headers and query are others."""
    headers = {name: _text(chance, value, moment, name) for name, value in request.headers.items()}
    query = {name: _text(chance, value, moment, name) for name, value in request.query.items()}
    return Request(headers=headers, query=query, settings=request.settings, received_at=moment)
