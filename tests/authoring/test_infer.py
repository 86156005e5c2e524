"""Inferred schemas: types, forms, constants, maps, required fields; what is never told; broken bodies."""

from __future__ import annotations

import gc
import json
import random
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import mapper
from mapper.authoring import observations
from mapper.authoring.infer import infer, infer_files
from mapper.diagnostics.diagnostic import Report
from mapper.schemas.schema import load_schema
from support.calls import ENVIRONMENT, Call, ndjson, write
from support.places import ROOT

REPORT = json.loads((ROOT / "schemas/reports/infer.schema.json").read_text("utf-8"))


def fields(*bodies: Any, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = infer(bodies, **options).document["properties"]
    return found


def test_the_schema_says_that_it_is_inferred() -> None:
    assert infer([{"a": 1}]).document == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "x-inferred": "1 sample",
        "type": "object",
        "properties": {"a": {"type": "integer", "x-seen": "1/1"}},
    }


def test_types_are_counted() -> None:
    found = fields({"a": 1}, {"a": "x"}, {"a": None}, {"a": ""}, {})
    assert found["a"] == {
        "type": ["string", "integer", "null"],
        "x-types": {"string": 2, "integer": 1, "null": 1},
        "x-blank": 1,
        "x-seen": "4/5",
    }


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "integer"),
        ([1, 2.5], "number"),
        ([True], "boolean"),
        ([[]], "array"),
        ([{}], "object"),
        ([10**400], "integer"),
    ],
)
def test_a_type(values: list[Any], kind: str) -> None:
    assert fields(*({"a": value} for value in values))["a"]["type"] == kind


def test_of_a_field_that_is_always_null_nothing_is_known() -> None:
    assert fields({"a": None})["a"] == {"x-types": {"null": 1}, "x-seen": "1/1"}


def test_a_field_is_sometimes_an_object_and_sometimes_text() -> None:
    found = fields({"who": {"id": 7}}, {"who": "u-7"})["who"]
    assert found["type"] == ["string", "object"]
    assert found["properties"] == {"id": {"type": "integer", "x-seen": "1/1"}}


FORMS = {
    "date-time": ["2026-11-23T20:00:00Z", "2026-11-23T20:00:00.5+01:00"],
    "local-date-time": ["2026-11-23T20:00:00", "2026-11-23 20:00"],
    "date": ["2026-11-23"],
    "uuid": ["0b5c0f5e-7a0f-4b8e-9d7e-3f6f3f1c2a10"],
    "email": ["ann@example.com"],
    "uri": ["https://example.com/a?b"],
    "ipv4": ["10.0.0.1", "255.255.255.255"],
    "epoch_s": ["1764000000"],
    "epoch_ms": ["1764000000000"],
    "integer-text": ["007", "-12"],
    "number-text": ["7", "1.50"],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_texts(form: str) -> None:
    assert fields(*({"a": text} for text in FORMS[form]))["a"]["x-form"] == form
    assert "x-form" not in fields({"a": FORMS[form][0]}, {"a": "something else"})["a"]


@pytest.mark.parametrize(("number", "form"), [(1764000000, "epoch_s"), (1764000000123, "epoch_ms")])
def test_a_form_of_numbers(number: int, form: str) -> None:
    assert fields({"a": number})["a"] == {"type": "integer", "x-form": form, "x-seen": "1/1"}
    many = fields(*({"a": number + i} for i in range(20)))["a"]
    assert many["minimum"] < number < many["maximum"]
    assert many["minimum"] % 1_000_000 == 0, "the bounds are no values of payloads"
    assert "x-form" not in fields({"a": number}, {"a": 3})["a"]


def test_digits_are_promised_from_twenty_texts_on() -> None:
    assert "pattern" not in fields(*({"a": str(i)} for i in range(19)))["a"]
    assert "pattern" in fields(*({"a": str(i)} for i in range(20)))["a"]


def test_no_form_is_promised_beside_blank_texts() -> None:
    found = fields({"a": "2026-11-23T20:00:00Z"}, {"a": " "})["a"]
    assert (found["x-form"], found["x-blank"], "format" in found) == ("date-time", 1, False)


def test_a_field_is_required_only_if_twenty_had_it() -> None:
    assert "required" not in infer([{"a": 1}] * 19).document
    assert infer([{"a": 1}] * 20).document["required"] == ["a"]
    assert "required" not in infer([{"a": 1}] * 30, required_from=31).document
    assert infer([{"a": 1}] * 20, required_from=1).document["required"] == ["a"]
    assert "required" not in infer([{"a": 1}] * 19, required_from=1).document
    assert "required" not in infer([*[{"a": 1}] * 999, {}]).document
    inner = infer([{}] * 20 + [{"o": {"b": 1}}]).document["properties"]["o"]
    assert "required" not in inner, "20 samples, but one object"


def repeated(*texts: Any, name: str = "state") -> dict[str, Any]:
    found: dict[str, Any] = fields(*({name: text} for text in texts * 10))[name]
    return found


def test_words_that_repeat_are_listed() -> None:
    assert repeated("paid", "open", "on hold")["enum"] == ["on hold", "open", "paid"]
    assert repeated("paid", "open", None)["enum"] == ["open", "paid", None]


@pytest.mark.parametrize(
    "texts",
    [
        ("ann@example.com", "bob@example.com"),
        ("1002003004", "1002003005"),
        ("A10020030", "B10020031"),
        ("deadbeef01", "deadbeef02"),
        ("a1b2c3", "d4e5f6"),
        ("2026-11-23", "2026-11-24"),
        ("x" * 33, "y"),
        ("Grüße", "paid"),
        ("paid",),
        ("paid", "open", ""),
        ("paid", "open", 7),
        tuple(f"state {word}" for word in "abcdefghijklm"),
    ],
    ids=str,
)
def test_other_texts_are_not_listed(texts: tuple[Any, ...]) -> None:
    assert "enum" not in repeated(*texts)


@pytest.mark.parametrize(
    "name",
    [
        "name",
        "firstName",
        "customer_name",
        "city",
        "email",
        "userId",
        "id",
        "token",
        "gender",
        "ip",
        "apiKey",
    ],
)
def test_a_name_that_speaks_of_a_person_or_an_id_keeps_its_texts_secret(name: str) -> None:
    assert "enum" not in repeated("Ann", "Bob", name=name)
    assert "enum" in repeated("Ann", "Bob", name="event_name")


@pytest.mark.parametrize("outer", ["customer", "users", "shipping_address", "contacts"])
def test_a_field_inside_a_person_keeps_its_texts_secret(outer: str) -> None:
    for wrap in (lambda value: {"state": value}, lambda value: [{"state": value}]):
        bodies = [{outer: wrap(text)} for text in ("CA", "NY") * 20]
        assert "enum" not in json.dumps(infer(bodies).document)
    assert "enum" in json.dumps(infer([{"order": {"state": text}} for text in ("CA", "NY") * 20]).document)


def test_a_text_that_was_seen_once_is_not_listed() -> None:
    bodies = [{"a": "paid"}] * 10 + [{"a": "open"}] * 10 + [{"a": "Ann"}]
    assert "enum" not in fields(*bodies)["a"]


def test_no_value_of_a_payload_is_in_the_schema() -> None:
    """Values that repeat, under names that tell nothing: none of them may be found in the schema."""
    secrets = [
        "ann.smith@example.com",
        "+49 170 1234567",
        "DE89370400440532013000",
        "4711-0815-99",
        "12.5.7.250",
    ]
    bodies = [{"a": secret, secret: 1, "list": [{secret: secret}]} for secret in secrets] * 20
    text = json.dumps(infer(bodies).document)
    assert [secret for secret in secrets if secret in text] == []


def test_keys_that_are_data_make_a_map() -> None:
    found = fields({"m": {"ann@example.com": 1, "17": 2}})["m"]
    assert found == {"type": "object", "additionalProperties": {"type": "integer"}, "x-seen": "1/1"}


def test_keys_that_are_data_stand_beside_names() -> None:
    found = fields({"m": {"total": "x", "1764000000": 2}})["m"]
    assert set(found["properties"]) == {"total"}
    assert found["additionalProperties"] == {"type": "integer"}


def test_many_names_few_in_each_object_make_a_map() -> None:
    words = ["".join(pair) for pair in zip("abcdefghijklmnopqrst" * 2, "abcdefghij" * 4, strict=True)]
    found = fields(*({"m": {f"color {word}": 1}} for word in words))["m"]
    assert "properties" not in found
    assert found["additionalProperties"]["type"] == "integer"


@pytest.mark.parametrize("per_body", [1, 50, 100_000])
def test_100_000_keys_make_a_map_in_little_memory(per_body: int) -> None:
    names = [f"key {number:x} of".replace("0", "o") for number in range(100_000)]
    bodies = ({"m": dict.fromkeys(names[i : i + per_body], 1.5)} for i in range(0, 100_000, per_body))
    found = infer(bodies).document
    assert found["properties"]["m"]["additionalProperties"]["type"] == "number"
    assert len(json.dumps(found)) < 1000


@pytest.mark.parametrize("count", [660, 390], ids=["too many names", "too many fields"])
def test_a_map_of_large_objects_leaves_room_for_fields(count: int) -> None:
    inner = {f"field{chr(97 + i)}{chr(97 + j)}": 1 for i in range(10) for j in range(10)}
    words = [chr(97 + i) + chr(97 + j) + "x" for i in range(26) for j in range(26)]
    bodies = [{"m": dict.fromkeys(words[i : i + 20], inner)} for i in range(0, count, 20)]
    found = fields(*bodies, {"later": 1})
    assert set(found["m"]["additionalProperties"]["properties"]) == set(inner)
    assert "later" in found


def test_the_number_of_fields_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observations, "MAX_FIELDS", 3)
    found = infer([dict.fromkeys("abcdef", 1)]).document
    assert set(found["properties"]) == {"a", "b", "c"}
    assert found["additionalProperties"] == {"type": "integer"}


def test_the_depth_is_bounded(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [{"a": deep}]
    found = infer([deep])
    write(tmp_path / "x.json", json.dumps(found.document))
    report = Report()
    assert load_schema(tmp_path / "x.json", report, None) is not None, report.diagnostics


def test_items_are_those_of_each() -> None:
    body = {"orders": [{"id": 1}, {"id": "x"}], "shop": "a"}
    found = infer([body, {"other": 1}], each="$.orders")
    assert found.document["properties"]["id"]["type"] == ["string", "integer"]
    assert (found.samples, found.bodies, found.without_items) == (2, 2, 1)
    assert infer([body, {"other": 1}], each=["$.orders", "$"]).samples == 3
    assert infer([body], each="$..orders[?@.id == 1]").samples == 1
    assert infer([{"a": [{"b": {"c": 1}}, {}]}], each="$.a[*].b").unmatched == 1
    with pytest.raises(mapper.CompileError):
        infer([], each="$.a[")


def test_bodies_are_bytes_texts_or_parsed() -> None:
    found = infer([b'{"a": 1}\n', '{"a": "x"}', {"a": None}, b"\n", "{"])
    assert found.document["properties"]["a"]["type"] == ["string", "integer", "null"]
    assert (found.bodies, found.unread) == (4, 1)
    assert found.broken[0].place == "<bodies>:5"


def test_the_api_infers(tmp_path: Path) -> None:
    with write(tmp_path / "x.ndjson", ndjson({"a": 1}, {"a": 2})).open("rb") as lines:
        assert mapper.infer(lines).samples == 2


def random_value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(9 if depth else 7)
    if kind == 7:
        return [random_value(chance, depth - 1) for _ in range(chance.randrange(3))]
    if kind == 8:
        names = ["id", "a b", "9", "x@y", "\ud800", "", "name"]
        return {chance.choice(names): random_value(chance, depth - 1) for _ in range(chance.randrange(4))}
    texts = ["", " ", "\ufeff", "paid", "12", "1764000000", "2026-11-23T20:00:00Z", "ann@example.com", "1e5"]
    return chance.choice([None, True, 7, 1.5, 1764000000, chance.choice(texts), chance.choice(texts)])


def test_samples_fit_the_schema_that_was_made_of_them(tmp_path: Path) -> None:
    chance = random.Random(16)
    for _ in range(150):
        bodies = [{"v": random_value(chance, 3)} for _ in range(chance.choice([1, 3, 40]))]
        found = infer(bodies)
        validator = Draft202012Validator(found.document, format_checker=Draft202012Validator.FORMAT_CHECKER)
        assert all(map(validator.is_valid, bodies)), found.document
        write(tmp_path / "x.json", json.dumps(found.document))
        report = Report()
        assert load_schema(tmp_path / "x.json", report, None) is not None, report.diagnostics


def test_progress_is_told_up_to_the_end_of_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mapper.streams.inputs.CHUNK", 64)
    files = [str(write(tmp_path / name, b'{"a": 1}\n' * 40)) for name in ("x.ndjson", "y.ndjson")]
    told: list[tuple[str, int]] = []
    infer_files(files, advance=lambda name, done: told.append((name, done)))
    assert [done for _, done in told] == sorted(done for _, done in told)
    assert {name for name, _ in told} == set(files)
    assert len(told) > 4
    assert told[-1] == (files[1], 720)


class TestCommand:
    def test_broken_lines_are_counted_and_named(self, project: Path, call: Call) -> None:
        write(project / "x.ndjson", b'{"a": 1}\n{"a": \n\n{"a": 2}\n' + b"oops\n" * 7)
        ended = call("infer", "x.ndjson", "-o", "x.schema.json")
        assert ended.code == 1
        assert ended.out == ""
        lines = ended.err.splitlines()
        assert [line.partition(": ")[0] for line in lines[:5]] == [f"x.ndjson:{n}" for n in (2, 5, 6, 7, 8)]
        assert lines[5:] == [
            "and 3 other bodies that cannot be read",
            "2 samples of 10 bodies; 8 cannot be read",
            "wrote x.schema.json",
        ]
        assert json.loads((project / "x.schema.json").read_text())["x-inferred"] == "2 samples"

    def test_lines_are_counted_over_batches(
        self, project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mapper.streams.inputs.CHUNK", 64)
        write(project / "x.ndjson", b'{"a": 1}\n' * 40 + b"oops\n")
        assert call("infer", "x.ndjson").err.startswith("x.ndjson:41: ")

    @pytest.mark.parametrize(
        ("line", "is_read"),
        [
            (b"[" * 500 + b"]" * 500, True),
            (b"[" * 500_000 + b"]" * 500_000, False),
            (b'{"a":' * 300 + b"1" + b"}" * 300, True),
            (b'{"a": 1' + b"0" * 5000 + b"}", True),
            (b'{"a": 1e999}', True),
            (b'{"a": "\\ud800", "\\ud800": 1}', True),
            (b'{"a": 1, "a": "x"}', True),
            (b'{"a": "\xff"}', False),
            (b'{"a": NaN}', False),
            ('{"a": 1}'.encode("utf-16"), False),
            (b"\x00", False),
            (b"a=1&b=2", False),
            (b"<a/>", False),
            (b'{"a": 1} {"a": 2}', False),
            (b"null", True),
            (b"[[[]]]", True),
            (b'{"request": null}', True),
            (b'{"request": {}}', True),
            (b'{"request": {"body_base64": "?"}}', False),
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_any_line_is_read_or_named(self, project: Path, call: Call, line: bytes, is_read: bool) -> None:
        write(project / "x.ndjson", b'{"first": 1}\n' + line + b'\n{"last": 1}\n')
        ended = call("infer", "x.ndjson", "--format", "json")
        report = json.loads(ended.out)
        write(project / "y.ndjson", b'{"first": 1}\n' + line + b'\n{"last": 1}\noops\n')
        beside = json.loads(call("infer", "y.ndjson", "--format", "json").out)
        assert beside["schema"] == report["schema"], "a line is read the same beside a broken one"
        assert {"first", "last"} <= report["schema"]["properties"].keys()
        assert (ended.code, report["unread"]) == ((0, 0) if is_read else (1, 1))
        assert [broken["line"] for broken in report["broken"]] == ([] if is_read else [2])

    def test_values_are_not_printed(self, project: Path, call: Call) -> None:
        write(project / "x.ndjson", b'{"secret": "zoe\n{"secret": zoe}\n')
        ended = call("infer", "x.ndjson")
        assert "zoe" not in ended.err
        assert ended.err.endswith("there is nothing to infer a schema from\n")
        assert ended.code == 1

    def test_the_report_fits_its_schema(self, project: Path, call: Call) -> None:
        write(project / "x.ndjson", b'{"a": 1}\noops\n')
        ended = call("infer", "x.ndjson", "--format", "json", "-o", "y.json")
        report = json.loads(ended.out)
        Draft202012Validator(REPORT).validate(report)
        assert report["schema"] == json.loads((project / "y.json").read_text())
        assert report["broken"][0]["line"] == 2

    def test_nothing_is_overwritten(self, project: Path, call: Call) -> None:
        write(project / "x.ndjson", b'{"a": 1}\n')
        write(project / "y.json", "mine")
        ended = call("infer", "x.ndjson", "-o", "y.json")
        assert (ended.code, (project / "y.json").read_text()) == (2, "mine")
        assert "nothing is overwritten" in ended.err

    def test_samples_are_read_without_their_requests_and_results(self, project: Path, call: Call) -> None:
        write(project / "s/a.json", json.dumps({"request": {"headers": {}, "body": {"a": 1}}}))
        write(project / "s/b.json", json.dumps({"request": {"body_text": '{"a": 2}'}}))
        write(project / "s/a.expected.json", json.dumps({"events": []}))
        ended = call("infer", *sorted((project / "s").glob("*.json")))
        assert json.loads(ended.out)["properties"] == {"a": {"type": "integer", "x-seen": "2/2"}}
        assert ended.err == "2 samples of 2 bodies; 1 expected results left out\n"

    @pytest.mark.parametrize(
        "arguments", [("none.ndjson",), ("x.ndjson", "--each", "$.["), ("x.ndjson", "--required-from", "19")]
    )
    def test_wrong_usage(self, project: Path, call: Call, arguments: tuple[str, ...]) -> None:
        write(project / "x.ndjson", b'{"a": 1}\n')
        ended = call("infer", *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err


INFERRED = {"x-inferred": "812 samples", "type": "object", "properties": {"id": {"type": "string"}}}
ID = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
# As two well-known tools write schemas of samples, and a schema that somebody wrote.
OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "our own": (INFERRED, "812 samples"),
    "marked oddly": (ID | {"x-inferred": "\x1b[31m"}, "its samples"),
    "without a draft": (ID | {"$schema": "http://json-schema.org/schema#"}, "its samples"),
    "closed definitions": (
        {
            "$schema": "http://json-schema.org/draft-06/schema#",
            "$ref": "#/definitions/Welcome",
            "definitions": {
                "Welcome": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "id": {"type": "string"},
                        "when": {"type": "string", "format": "date-time"},
                    },
                    "required": ["id", "when"],
                    "title": "Welcome",
                }
            },
        },
        "its samples",
    ),
    "draft 7": (ID | {"$schema": "http://json-schema.org/draft-07/schema#"}, ""),
    "2020-12": (ID | {"$schema": "https://json-schema.org/draft/2020-12/schema"}, ""),
}
MAPPING = """\
mapping: x
source: x.schema.json
event:
  event_id: {path: $.id, on_missing: reject}
  event_name: x
  user_id: {path: $.id, on_missing: reject}
  timestamp: {received_at: true, on_missing: reject}
  event_properties: {}
"""


@pytest.mark.parametrize("name", OTHERS)
def test_check_says_how_far_an_inferred_schema_reaches(project: Path, call: Call, name: str) -> None:
    schema, samples = OTHERS[name]
    write(project / "x.schema.json", json.dumps(schema))
    write(project / "x.yaml", MAPPING)
    ended = call("check", "x.yaml")
    said = f"as far as {samples} tell: `x.schema.json` was inferred"
    assert (said in ended.out) == bool(samples), ended.out
    assert "another draft" not in ended.out
    write(project / "x.yaml", MAPPING.replace("$.id", "$.idd", 1))
    assert "did you mean `id`" in call("check", "x.yaml").out, "its fields are known"


def test_the_siblings_of_a_reference_count_as_in_their_draft(tmp_path: Path) -> None:
    def types(draft: str) -> Any:
        document = {
            "$schema": draft,
            "properties": {"a": {"$ref": "#/definitions/t", "type": "string"}},
            "definitions": {"t": {}},
        }
        report = Report()
        schema = load_schema(write(tmp_path / "x.json", json.dumps(document)), report, None)
        assert schema is not None, report.diagnostics
        return schema.document["properties"]["a"].get("type")

    assert types("http://json-schema.org/draft-07/schema#") is None
    assert types("https://json-schema.org/draft/2019-09/schema") == "string"


def traffic(path: Path, megabytes: int) -> Path:
    """NDJSON of shop events, as large as asked for."""
    chance = random.Random(megabytes)
    block = b"".join(
        json.dumps(
            {
                "id": str(uuid.UUID(int=chance.getrandbits(128))),
                "at": f"2026-11-{chance.randint(10, 28)}T20:00:{chance.randint(10, 59)}Z",
                "type": chance.choice(["paid", "open"]),
                "user": {
                    "id": chance.randint(1, 10**9),
                    "tags": ["a", "b"],
                    "note": chance.choice([None, ""]),
                },
                "items": [{"sku": f"S{n}", "price": chance.random()} for n in range(chance.randint(1, 4))],
                "extra": {f"k{chance.randint(0, 10**6)}": 1},
            }
        ).encode()
        + b"\n"
        for _ in range(3000)
    )
    with path.open("wb") as stream:
        for _ in range(megabytes * 1_000_000 // len(block)):
            stream.write(block)
    return path


MEASURE = """
import json, sys, time
from mapper.authoring.infer import infer_files
start = time.process_time()
found = infer_files([sys.argv[1]])
spent = time.process_time() - start
start = time.process_time()
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        json.loads(line)
plain = time.process_time() - start
with open("/proc/self/status") as status:
    used = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(json.dumps([spent, plain, used / 1024]))
"""


def measured(path: Path) -> tuple[float, float, float]:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], env=ENVIRONMENT, capture_output=True, check=True
    )
    spent, plain, megabytes = json.loads(done.stdout)
    return spent, plain, megabytes


# Not ru_maxrss: after exec that still counts the memory of the process that started this one.
needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


@needs_proc
def test_it_keeps_pace_with_parsing_in_bounded_memory(tmp_path: Path) -> None:
    spent, plain, megabytes = measured(traffic(tmp_path / "x.ndjson", 12))
    assert spent < 4 * plain
    assert megabytes < 150


@needs_proc
@pytest.mark.slow
def test_much_traffic_in_bounded_memory(tmp_path: Path) -> None:
    """More than the bound on memory; a gigabyte takes no more of it, and a minute of time."""
    spent, plain, megabytes = measured(traffic(tmp_path / "x.ndjson", 250))
    assert spent < 4 * plain
    assert megabytes < 150


def test_no_cycles_are_looked_for_while_values_are_counted() -> None:
    looks: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        looks.append(phase)

    values = [{"a": [{"b": number}], "c": {"d": [number]}} for number in range(20_000)]
    observer = observations.Observer()
    gc.callbacks.append(note)
    try:
        observer.add(values)
    finally:
        gc.callbacks.remove(note)
    # One look may be due when counting ends, for nothing was freed meanwhile.
    assert looks.count("start") <= 1
    assert gc.isenabled()
    gc.disable()
    try:
        observer.add(values[:1])
        assert not gc.isenabled()  # as the host wants it
    finally:
        gc.enable()
