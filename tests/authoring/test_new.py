"""Drafts of mappings: guesses on payloads that they have not seen, and the files that are written."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import mapper
from mapper.authoring.draft import MappingDraft, draft, draft_of
from mapper.authoring.infer import infer
from mapper.authoring.traffic import Traffic
from support.calls import Call, ndjson, write
from support.examples import tries
from support.places import ROOT
from support.public_payloads import SHAPES, payloads

REPORT = json.loads((ROOT / "schemas/reports/new.schema.json").read_text("utf-8"))
# Codes of rejections that a draft declares (`on_missing: reject`, `on_error: reject`), and of bodies and
# items that no mapping could take: broken, or no objects.
ANNOUNCED = {"M611", "M613", "M614", "M615"}
FORCED = {"M601", "M602", "M603", "M604", "M606"}


def vendor_bodies(name: str) -> list[Any]:
    """The bodies of the samples of a shipped mapping."""
    files = sorted(str(path) for path in (ROOT / "mappings" / name).glob("*.json"))
    return [body for some in Traffic().of_files(files) for body in some]


VENDORS = ("segment", "moengage", "clevertap", "amplitude", "webengage", "server")
DATA = {**{name: name for name in VENDORS}, **{shape: shape for shape in SHAPES}}


def bodies_of(name: str) -> list[Any]:
    return vendor_bodies(name) if name in VENDORS else payloads(name, 40)


@cache
def half_drafts(name: str) -> list[tuple[MappingDraft, list[Any], list[Any]]]:
    """A draft of each half, the bodies it was made of, and the bodies that it has not seen."""
    bodies = bodies_of(name)
    halves = [bodies[::2], bodies[1::2]]
    return [(draft_of("x", half, "x.schema.json"), half, other) for half, other in (halves, halves[::-1])]


@pytest.mark.parametrize("name", DATA)
def test_unseen_payloads_are_rejected_only_as_the_draft_says(name: str, tmp_path: Path) -> None:
    for made, half, other in half_drafts(name):
        schema = infer(half, each=made.each or "$").document
        write(tmp_path / "x.schema.json", json.dumps(schema))
        write(tmp_path / "x.yaml", made.text)
        assert mapper.check(made.text, filename=str(tmp_path / "x.yaml")) == (), "a draft is clean"
        transform = mapper.load(tmp_path / "x.yaml")
        events = 0
        for body in other:
            result = transform(body, request=mapper.Request(received_at="2026-11-23T20:00:00Z"))
            events += len(result.events)
            codes = {code for item in result.rejected for code in item.codes}
            assert codes <= ANNOUNCED | FORCED, (made.text, codes)
            if name in SHAPES and made.guesses["user_id"].is_sure:
                assert not result.rejected, made.text
        assert events >= 0.3 * len(other), f"many become events: {made.text}"


# The fields that a person would take; None if there is none, which the draft must say.
RIGHT: dict[str, dict[str, set[str] | None]] = {
    "segment": {
        "event_id": {"$.messageId"},
        "event_name": {"$.event", "$.type"},
        "user_id": {"$.userId"},
        "timestamp": {"$.timestamp"},
    },
    "moengage": {
        "event_id": {"$.event_uuid"},
        "event_name": {"$.event_name"},
        "user_id": {"$.uid"},
        "timestamp": {"$.event_time"},
    },
    "clevertap": {
        "event_id": None,
        "event_name": {"$.key_values.event_name"},
        "user_id": {"$.identity"},
        "timestamp": None,
    },
    "amplitude": {
        "event_id": {"$.insert_id", "$.event_id", "$['$insert_id']"},
        "event_name": {"$.event_type"},
        "user_id": {"$.user_id"},
        "timestamp": {"$.event_time", "$.time"},
    },
    "webengage": {
        "event_id": None,
        "event_name": {"$.event_name"},
        "user_id": {"$.user_id"},
        "timestamp": {"$.event_time"},
    },
    "order": {
        "event_id": {"$.id"},
        "event_name": None,
        "user_id": {"$.customer.id"},
        "timestamp": {"$.created_at", "$.processed_at"},
    },
    "payment event": {
        "event_id": {"$.id"},
        "event_name": {"$.type"},
        "user_id": {"$.data.object.customer"},
        "timestamp": {"$.created"},
    },
    "push": {
        "event_id": {"$.head_commit.id", "$.after"},
        "event_name": None,
        "user_id": {"$.sender.id"},
        "timestamp": {"$.head_commit.timestamp"},
    },
    "mail events": {
        "event_id": {"$.sg_event_id"},
        "event_name": {"$.event"},
        "user_id": {"$.email"},
        "timestamp": {"$.timestamp"},
    },
    "mail event": {
        "event_id": {"$['event-data'].id"},
        "event_name": {"$['event-data'].event"},
        "user_id": {"$['event-data'].recipient"},
        "timestamp": {"$['event-data'].timestamp"},
    },
    "form response": {
        "event_id": {"$.event_id"},
        "event_name": {"$.event_type"},
        "user_id": {"$.form_response.hidden.user_id"},
        "timestamp": {"$.form_response.submitted_at"},
    },
}
FIELDS = ("event_id", "event_name", "user_id", "timestamp")
LISTED_VENDORS = ("segment", "moengage", "clevertap", "amplitude", "webengage")


def is_right(name: str, made: MappingDraft, target: str) -> bool:
    guess, wanted = made.guesses[target], RIGHT[name][target]
    if wanted is None:
        return not guess.is_sure
    return bool(guess.paths) and guess.paths[0] in wanted


@pytest.mark.parametrize("target", FIELDS)
@pytest.mark.parametrize("half", [0, 1])
def test_guesses_are_right_for_four_of_five_vendors(target: str, half: int) -> None:
    wrong = [
        (name, made.guesses[target])
        for name in LISTED_VENDORS
        if not is_right(name, made := half_drafts(name)[half][0], target)
    ]
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1, 3, 40])
def test_guesses_are_right_for_public_shapes(shape: str, count: int) -> None:
    made = draft("x", payloads(shape, count))
    wrong = {target: made.guesses[target] for target in FIELDS if not is_right(shape, made, target)}
    if shape == "payment event" and count == 1:
        wrong.pop("user_id", None)  # the one event is about a customer, not of one
    assert wrong == {}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_sure_is_right(name: str) -> None:
    for made, _, _ in half_drafts(name):
        wrong = [
            (target, made.guesses[target])
            for target in FIELDS
            if made.guesses[target].is_sure and not is_right(name, made, target)
        ]
        assert wrong == []


EACH = {
    "an order with its products": (
        {"id": 1, "created_at": "2026-11-23T20:00:00Z", "lines": [{"sku": "a"}]},
        [],
    ),
    "a list": ([{"id": 1}], []),
    "an envelope": ({"source": "x", "events": [{"id": 1}]}, ["$.events[:]"]),
    "a list under an odd name": ({"rows": [{"at": "2026-11-23T20:00:00Z"}]}, ["$.rows[:]"]),
    "an envelope in data": ({"data": {"records": [{"id": 1}]}}, ["$.data.records[:]"]),
    "a name in need of quotes": ({"event-rows": [{"at": 1764000000}]}, ["$['event-rows'][:]"]),
    "an empty envelope": ({"events": []}, []),
    "a list of texts": ({"events": ["a", "b"]}, []),
    "a number that is like a time is none": (
        {"targetId": 1659684581, "profiles": [{"identity": "a"}]},
        ["$.profiles[:]"],
    ),
}


@pytest.mark.parametrize("name", EACH)
def test_the_items_are_found(name: str) -> None:
    body, each = EACH[name]
    items = [body, {"id": "so that there is an object"}]
    assert list(draft_of("x", items, "").each) == [*each, *(["$"] if each else [])]
    if each:
        alone = [path.removesuffix("[:]") for path in each]
        assert list(draft_of("x", [body], "").each) == alone, "an object in place of the list is an item"


def test_values_are_not_in_the_text() -> None:
    bodies = [
        {
            "id": "zoe-7@example.com",
            "event": "Paid",
            "user_id": "zoe",
            "at": "2026-11-23T20:00:00Z",
            "zoe@x.y": 1,
        }
    ]
    assert "zoe" not in draft("x", bodies).text


def test_times_are_read_as_they_were_seen() -> None:
    def read(*values: Any) -> str:
        text = draft("x", [{"id": n, "timestamp": value} for n, value in enumerate(values)]).text
        return next(line for line in text.splitlines() if line.startswith("  timestamp:"))

    assert "from" not in read("2026-11-23T20:00:00Z")
    assert "from: epoch_ms," in read(1764000000000)
    assert "from: epoch_s," in read("1764000000")
    assert "from: [iso8601, epoch_s]," in read("2026-11-23T20:00:00Z", "2026-11-23T20:00:00Z", 1764000000)
    assert "zone: UTC" in read("2026-11-23 20:00:00")
    assert "from: iso8601_minutes, zone: UTC" in read("2026-11-23T20:00")
    assert 'from: date, time_of_day: "00:00", zone: UTC' in read("2026-11-23")


def test_an_item_is_asked_for() -> None:
    with pytest.raises(ValueError, match="no object"):
        draft("x", ["1", "[]", '"text"'])


ODD_NAMES = [
    "a b",
    "é",
    "x'y",
    'x"y',
    "x\\y",
    "x: y",
    "x #y",
    "{x}",
    "[0]",
    "-",
    "*",
    "#",
    "&a",
    "!t",
    "%",
    "@",
]
NAMES = ["id", "event_id", "type", "user_id", "email", "timestamp", "date", "data", "properties"]
TIME = "2026-11-23T20:00:00Z"


def random_body(chance: random.Random) -> Any:
    names = [*NAMES, *(f"{odd} {chance.choice(NAMES)}" for odd in ODD_NAMES), *ODD_NAMES]
    values = [None, "", 7, 1.5, True, "paid", TIME, "2026-11-23", 1764000000, "\ud800", [1], {}]
    body = {chance.choice(names): chance.choice(values) for _ in range(chance.randrange(9))}
    if chance.random() < 0.5:
        body[chance.choice(names)] = {chance.choice(names): chance.choice(values) for _ in range(3)}
    return body if chance.random() < 0.8 else {chance.choice([*ODD_NAMES, "events"]): [body | {"at": TIME}]}


def test_a_draft_of_anything_compiles_and_rejects_as_it_says(project: Path) -> None:
    chance = random.Random(16)
    for _ in range(tries(25)):
        bodies = [random_body(chance) for _ in range(chance.choice([1, 5]))]
        made = mapper.draft("x", bodies)
        write(project / "x.schema.json", json.dumps(infer(bodies, each=made.each or "$").document))
        for source in ("", "x.schema.json"):
            text = mapper.draft("x", bodies, source=source).text
            transform = mapper.load(write(project / "x.yaml", text))
            for body in (*bodies, *(random_body(chance) for _ in range(10))):
                codes = {code for item in transform(json.dumps(body)).rejected for code in item.codes}
                assert codes <= ANNOUNCED | FORCED, (text, body)


class TestCommand:
    def test_the_draft_passes_right_after(self, project: Path, call: Call) -> None:
        write(project / "order.json", json.dumps(payloads("order", 1)[0]))
        ended = call("new", "shop", "--from", "order.json")
        assert (ended.code, ended.err) == (0, "")
        assert "mappings/shop/  1 sample: 1 event, 0 rejected" in ended.out
        assert call("test", "shop").code == 0
        checked = call("check", "shop", "--strict")
        assert (checked.code, checked.out) == (
            0,
            "mappings/shop.yaml: as far as 1 sample tells: `shop.schema.json` was inferred\n"
            "no problems in 1 mapping\n",
        )
        text = (project / "mappings/shop.yaml").read_text()
        write(project / "mappings/shop.yaml", text.replace("$.customer.id", "$.custmer.id"))
        assert "did you mean `customer`" in call("check", "shop").out, "a typo is found"

    @pytest.mark.parametrize(
        "shape",
        [pytest.param(one, marks=[] if one == "payment event" else pytest.mark.slow) for one in SHAPES],
    )
    def test_two_thousand_lines(self, project: Path, call: Call, shape: str) -> None:
        write(project / "traffic.ndjson", ndjson(*payloads(shape, 2000)))
        ended = call("new", "x", "--from", "traffic.ndjson", "--format", "json")
        assert ended.code == 0, ended.err
        report = json.loads(ended.out)
        Draft202012Validator(REPORT).validate(report)
        assert report["bodies"] == 2000
        assert 1 <= len(report["samples"]) <= 12
        assert call("test", "x").code == 0
        assert call("check", "x", "--strict").code == 0

    def test_the_schema_is_made_of_all_bodies(self, project: Path, call: Call) -> None:
        write(project / "t.ndjson", ndjson(*({"id": n} for n in range(2500))))
        assert call("new", "x", "--from", "t.ndjson").code == 0
        assert '"x-inferred": "2,500 samples"' in (project / "schemas/x.schema.json").read_text()

    @pytest.mark.parametrize("there", ["mappings/x.yaml", "schemas/x.schema.json", "mappings/x/a.json"])
    def test_nothing_is_overwritten(self, project: Path, call: Call, there: str) -> None:
        write(project / "a.json", "{}")
        write(project / there, "mine")
        before = sorted(project.rglob("*"))
        ended = call("new", "x", "--from", "a.json")
        assert (ended.code, ended.out) == (2, "")
        assert "nothing is overwritten" in ended.err
        assert sorted(project.rglob("*")) == before
        assert (project / there).read_text() == "mine"

    def test_a_path_keeps_all_in_one_folder(self, project: Path, call: Call) -> None:
        write(project / "a.json", '{"id": 1}')
        write(project / "vendors/keep", "")
        assert call("new", "vendors/x.yaml", "--from", "a.json").code == 0
        assert {path.name for path in (project / "vendors").iterdir()} == {
            "keep",
            "x.yaml",
            "x",
            "x.schema.json",
        }
        assert call("test", "vendors/x.yaml").code == 0

    def test_samples_of_several_files_have_names_of_their_own(self, project: Path, call: Call) -> None:
        write(project / "one/a b.json", '{"id": 1}')
        write(project / "two/a b.json", '{"id": 2, "more": 1}')
        write(project / "t.ndjson", ndjson({"id": 3, "x": 1}, {"id": 4, "y": 1}))
        assert call("new", "x", "--from", "one/a b.json", "two/a b.json", "t.ndjson").code == 0
        names = {p.name for p in (project / "mappings/x").iterdir() if ".expected." not in p.name}
        assert names == {"a_b.json", "a_b_2.json", "t_1.json", "t_2.json"}

    def test_bodies_that_look_like_requests_stay_bodies(self, project: Path, call: Call) -> None:
        write(project / "t.ndjson", ndjson({"request": {"id": 7, "timestamp": "2026-11-23T20:00:00Z"}}))
        assert call("new", "x", "--from", "t.ndjson").code == 0
        assert call("test", "x").code == 0
        assert json.loads((project / "mappings/x/t.json").read_text()) == {
            "request": {"body": {"request": {"id": 7, "timestamp": "2026-11-23T20:00:00Z"}}}
        }

    @pytest.mark.parametrize("value", ["1e999", "1.0", "12345678901234567890"])
    def test_a_sample_is_the_body_as_it_came(self, project: Path, call: Call, value: str) -> None:
        write(project / "t.ndjson", f'{{"id": 1}}\n{{"id": 2, "x": {value}}}\n')
        assert call("new", "x", "--from", "t.ndjson").code == 0
        assert call("test", "x").code == 0
        sample = json.loads((project / "mappings/x/t_2.json").read_text(), parse_float=Decimal)
        assert sample["request"]["body"]["x"] == json.loads(value, parse_float=Decimal)

    @pytest.mark.parametrize(("value", "is_held"), [("1" * 5000, False), ('"\\ud800"', True)])
    def test_a_body_that_no_sample_can_hold_is_left_out(
        self, project: Path, call: Call, value: str, is_held: bool
    ) -> None:
        write(project / "t.ndjson", f'{{"id": 1}}\n{{"id": 2, "x": {value}}}\n')
        assert call("new", "x", "--from", "t.ndjson").code == 0
        assert call("test", "x").code == 0
        assert (project / "mappings/x/t_2.json").exists() is is_held

    def test_broken_lines_are_named(self, project: Path, call: Call) -> None:
        write(project / "t.ndjson", b'{"id": 1}\noops\n')
        ended = call("new", "x", "--from", "t.ndjson")
        assert ended.code == 1
        assert ended.err.startswith("t.ndjson:2: ")
        assert call("test", "x").code == 0

    @pytest.mark.parametrize(
        ("name", "file", "code"),
        [
            ("x", "none.json", 2),
            ("x", "-", 2),
            ("a/b", "a.json", 2),
            ("../x", "a.json", 2),
            ("a b", "a.json", 2),
            ("", "a.json", 2),
            ("x", "texts.ndjson", 1),
        ],
    )
    def test_wrong_usage(self, project: Path, call: Call, name: str, file: str, code: int) -> None:
        write(project / "a.json", "{}")
        write(project / "texts.ndjson", b'"a"\n"b"\n')
        before = sorted(project.rglob("*"))
        ended = call("new", name, "--from", file)
        assert (ended.code, ended.out) == (code, "")
        assert ended.err
        assert sorted(project.rglob("*")) == before
