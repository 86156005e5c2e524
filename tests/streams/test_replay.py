"""`mapper run --replay`: what was rejected, and nothing else, becomes what a mended mapping makes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

import mapper
from mapper import catalog
from mapper.runtime.json.canonical import canonical_json
from mapper.samples.cases import Sample, find_cases
from mapper.streams.envelopes import EnvelopeNeeds
from mapper.streams.replay import replay_bodies
from support.calls import EVENT, ORDER, ORDERS, Call, lines, ndjson, write

SOON = {**ORDER, "at": "soon"}
TIME = "{path: $.at, as: timestamp, on_missing: reject}"
MENDED = ORDERS.replace(
    TIME, '{path: $.at, as: timestamp, on_error: default, default: "2026-11-23T20:00:00.000Z"}'
)


def sample_bodies(mapping: Path) -> bytes:
    """The bodies of a mapping's samples, a line each, and the same bodies in a second order."""
    found = []
    for case in find_cases(mapping):
        sample = case.load()
        if isinstance(sample, Sample):
            found.append(sample.body.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n")
    return b"".join(found + found[::-1])


def by_place(entries: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(entries, key=lambda entry: (entry["line"], entry["item"]))


def stricter(mapping: str, bodies: bytes) -> str:
    """The mapping with a rule that rejects about half of its items: those with more members than others."""

    def rule(most: int) -> str:
        line = f"\nreject:\n  - when: item.size > {most}\n    reason: too many members\n"
        return mapping.replace("\nreject:\n", line, 1) if "\nreject:\n" in mapping else mapping + line

    def events(text: str) -> int:
        transform = mapper.compile(text, filename="mappings/broken.yaml")
        return sum(len(transform(body).events) for body in bodies.splitlines())

    wanted = events(mapping) // 2
    return min(map(rule, (0, 1, 2, 3, 4, 6, 8, 12, 16, 24)), key=lambda text: abs(events(text) - wanted))


@pytest.mark.slow
@pytest.mark.parametrize("mapping", catalog.find_mappings(), ids=lambda path: path.stem)
def test_shipped_mappings(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch, mapping: Path) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(mapping.parent / "dialects", "mappings/dialects")
    text = mapping.read_text()
    write(Path("mappings/mended.yaml"), text)
    write(Path("in"), bodies := sample_bodies(mapping))
    write(Path("mappings/broken.yaml"), stricter(text, bodies))
    options = ["--received-at", "2026-11-24T00:00:00Z", "--input", "ndjson"]
    for name in ("mended", "broken"):
        files = ["-o", f"{name}.out", "--rejected", f"{name}.no", "--skipped", f"{name}.skip"]
        assert call("run", name, "in", *files, *options).code in (0, 1)
    again = ["--replay", "broken.no", *options[:2]]
    call("run", "mended", *again, "-o", "again.out", "--rejected", "again.no", "--skipped", "again.skip")
    outputs = [lines(Path(f"{name}.out")) for name in ("broken", "again", "mended")]
    events = [[canonical_json(event) for event in output] for output in outputs]
    assert events[1]
    assert sorted(events[0] + events[1]) == sorted(events[2])
    assert lines(Path("again.no")) == lines(Path("mended.no"))
    skips = [lines(Path(f"{name}.skip")) for name in ("broken", "again", "mended")]
    assert by_place(skips[0] + skips[1]) == by_place(skips[2])


class Desk:
    """Rejects with one mapping, mends it, and replays."""

    def __init__(self, project: Path, call: Call) -> None:
        self.project, self.call = project, call

    def reject(self, mapping: str, *bodies: object) -> list[dict[str, object]]:
        write(self.project / "mappings/orders.yaml", mapping)
        write(self.project / "in", ndjson(*bodies))
        self.call("run", "orders", "in", "-o", "out", "--rejected", "no", "--skipped", "skip")
        return lines(self.project / "no")

    def replay(self, mapping: str, *more: str) -> list[dict[str, object]]:
        write(self.project / "mappings/orders.yaml", mapping)
        ended = self.call("run", "orders", "--replay", "no", "-o", "again", "--rejected", "still", *more)
        assert ended.code in (0, 1), ended.err
        return lines(self.project / "again")

    def refuse(self, mapping: str, *more: str) -> str:
        write(self.project / "mappings/orders.yaml", mapping)
        ended = self.call("run", "orders", "--replay", "no", "-o", "again", *more)
        assert ended.code == 2
        assert not (self.project / "again").exists()
        return ended.err


@pytest.fixture
def desk(project: Path, call: Call) -> Desk:
    return Desk(project, call)


def with_details(mapping: str, path: str) -> str:
    return mapping.replace("{path: $.details, as: object, default: {}}", path)


class TestWhatIsKept:
    def test_an_item_keeps_its_body_without_the_others(self, desk: Desk) -> None:
        (line,) = desk.reject(ORDERS, {"shop": 7, "orders": [ORDER, SOON, ORDER]})
        assert (line["item"], line["payload"], line["envelope"]) == (1, SOON, {"shop": 7, "orders": []})
        mended = with_details(MENDED, "{shop: {envelope: $.shop}}")
        assert desk.replay(mended) == [{**EVENT, "event_properties": {"shop": 7}}]

    def test_a_body_that_is_the_item_keeps_nothing_more(self, desk: Desk) -> None:
        (line,) = desk.reject(ORDERS, SOON)
        assert line.keys() == {"file", "line", "item", "codes", "location", "messages", "payload"}
        assert desk.replay(MENDED) == [EVENT]

    @pytest.mark.parametrize(
        ("each", "body"),
        [
            ("$.orders[?@.id]", {"orders": [SOON, ORDER, {}, SOON]}),
            ("$.orders[1:]", {"orders": [ORDER, SOON, ORDER, SOON]}),
            ("$.all[0].orders", {"all": [{"orders": [SOON, ORDER, SOON]}, {}]}),
            ("$.orders[*]", {"orders": {"a": SOON, "b": ORDER, "c": SOON}}),
            ("$..orders[*]", {"more": {"orders": [SOON, SOON]}}),
        ],
    )
    def test_the_first_line_keeps_the_whole_body(self, desk: Desk, each: str, body: object) -> None:
        mapping = ORDERS.replace("[$.orders, $]", f'"{each}"')
        first, second = desk.reject(mapping, ORDER, body)[-2:]
        assert json.loads(str(first["body_text"])) == body
        assert second["body_above"] is True
        events = desk.replay(MENDED.replace("[$.orders, $]", f'"{each}"'))
        assert events == [EVENT, EVENT]
        assert [line["line"] for line in lines(desk.project / "still")] == [1]

    @pytest.mark.parametrize(
        "path",
        [
            "{all: {envelope: $.orders}}",
            "{all: {envelope: '$..id'}}",
            '{all: "{{ envelope.orders | size }}"}',
        ],
    )
    def test_a_mapping_that_reads_the_other_items_gets_them(self, desk: Desk, path: str) -> None:
        body = {"orders": [ORDER, SOON, {**ORDER, "id": "o3"}]}
        mapping, mended = with_details(ORDERS, path), with_details(MENDED, path)
        (line,) = desk.reject(mapping, body)
        assert "envelope" not in line
        (event,) = desk.replay(mended)
        write(desk.project / "in", ndjson(body))
        in_place = desk.call("run", "orders", "in").out.splitlines()[1]
        assert event == json.loads(in_place)

    def test_an_element_without_item_keeps_the_whole_body(self, desk: Desk) -> None:
        each = ORDERS.replace("[$.orders, $]", '["$.a[*].order", "$.a[*]"]')
        (line,) = desk.reject(each, {"a": [{"order": ORDER}, ORDER]})
        assert line["codes"] == ["M605"]
        assert "body_text" in line
        assert desk.replay(each) == []  # alone it would be found by the second alternative
        assert lines(desk.project / "still") == [line]

    def test_bodies_that_are_not_json(self, desk: Desk) -> None:
        write(desk.project / "in", b'{"a": \n\xff\xfe\n' + ndjson(ORDER))
        desk.call("run", "orders", "in", "-o", "out", "--rejected", "no")
        assert desk.replay(ORDERS) == []
        assert (desk.project / "still").read_bytes() == (desk.project / "no").read_bytes()

    def test_numbers_beyond_floats_and_deep_items_come_back(self, desk: Desk) -> None:
        texts = ['{"orders": [{"n": 1e999, "t": "\\ud800"}, {"deep": ' + "[" * 700 + "]" * 700 + "}]}"]
        write(desk.project / "in", "\n".join(texts))
        desk.call("run", "orders", "in", "-o", "out", "--rejected", "no")
        desk.replay(ORDERS)
        assert (desk.project / "still").read_bytes() == (desk.project / "no").read_bytes()

    @pytest.mark.slow
    @pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
    def test_large_groups_stay_together(self, desk: Desk, monkeypatch: pytest.MonkeyPatch, jobs: str) -> None:
        monkeypatch.setattr("mapper.streams.inputs.CHUNK", 1_000)
        each = ORDERS.replace("[$.orders, $]", "$.orders[?@.id]")
        bodies = [{"orders": [{**SOON, "id": f"{n}.{m}"} for m in range(30)]} for n in range(10)]
        desk.reject(each, *bodies)
        assert desk.replay(each, "--jobs", jobs) == []
        assert (desk.project / "still").read_bytes() == (desk.project / "no").read_bytes()
        mended = MENDED.replace("[$.orders, $]", "$.orders[?@.id]")
        assert [event["event_id"] for event in desk.replay(mended, "--jobs", jobs)] == [
            order["id"] for body in bodies for order in body["orders"]
        ]


def test_an_empty_body_is_a_body() -> None:
    line = b'{"file": "in", "line": 1, "item": 0, "location": "$", "payload_text": ""}'
    (again,) = replay_bodies("no", [(1, line)], EnvelopeNeeds((), None, None))
    assert (again.body, again.items) == (b"", None)


RULES = ORDERS.replace(
    "event:\n",
    """\
  - when: vars.shop == blank
    reason: no shop
vars:
  shop: {envelope: $.shop}
reject:
  - when: vars.shop != "a" and details.total < 10
    reason: a small order
event:
""",
    1,
)
SMALL = {**ORDER, "details": {"total": 5}}
RULE_WITH_FORM = """\
mapping: orders
version: 1
body: {format: FORMAT}
reject:
  - when: query.kind == "bad" or sku == "none"
    reason: unwanted
event:
  event_id: {query: id, on_missing: reject}
  event_name: Example
  user_id: u-1
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {whole: $}
"""


class TestRejectRules:
    def test_what_a_rule_reads_is_kept(self, desk: Desk) -> None:
        found = desk.reject(RULES, {"shop": "b", "orders": [ORDER, SMALL]}, {"shop": "a", "orders": [SMALL]})
        assert [(line["line"], line["item"], line["codes"]) for line in found] == [(1, 1, ["M626"])]
        assert found[0]["envelope"] == {"shop": "b", "orders": []}
        assert desk.replay(RULES) == []
        assert lines(desk.project / "still") == found
        assert desk.replay(RULES.replace("< 10", "< 1")) == [{**EVENT, "event_properties": {"total": 5}}]

    def test_a_skip_rule_may_take_over(self, desk: Desk) -> None:
        desk.reject(RULES, {"shop": "b", "orders": [ORDER, SMALL]})
        skipping = RULES.replace("no shop\n", "no shop\n  - {when: details.total < 10, reason: small}\n")
        assert desk.replay(skipping, "--skipped", "left") == []
        assert lines(desk.project / "still") == []
        (left,) = lines(desk.project / "left")
        assert (left["line"], left["item"], left["reason"], left["payload"]) == (1, 1, "small", SMALL)

    @pytest.mark.parametrize(
        ("body", "query", "event"),
        [("form", "kind=good", {"whole": {"sku": "none", "n": "1"}}), ("none", "kind=good", {})],
    )
    def test_a_form_and_a_body_that_is_not_read(
        self, desk: Desk, body: str, query: str, event: dict[str, object]
    ) -> None:
        mapping = RULE_WITH_FORM.replace("FORMAT", body)
        if body == "none":
            mapping = mapping.replace("{whole: $}", "{}").replace(' or sku == "none"', "")
        write(desk.project / "mappings/orders.yaml", mapping)
        write(desk.project / "in", b"sku=none&n=1\n")
        options = ["--query", "id=7", "--query"]
        ended = desk.call("run", "orders", "in", "-o", "out", "--rejected", "no", *options, "kind=bad")
        assert ended.code == 1
        (line,) = lines(desk.project / "no")
        assert (line["codes"], line["payload_text"]) == (["M626"], "sku=none&n=1")
        mended = mapping.replace(' or sku == "none"', "")
        assert desk.replay(mended, *options, "kind=bad") == []
        assert lines(desk.project / "still") == [line]
        (again,) = desk.replay(mended, *options, query)
        assert (again["event_id"], again["event_properties"]) == ("7", event)


class TestRefusals:
    def test_another_each(self, desk: Desk) -> None:
        desk.reject(ORDERS, {"orders": [SOON]})
        assert "cannot replay no:1: `each` of the mapping changed" in desk.refuse(
            MENDED.replace("[$.orders, $]", "$.orders")
        )

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_a_mapping_that_reads_more(self, desk: Desk, jobs: str) -> None:
        desk.reject(ORDERS, {"orders": [SOON]})
        mended = with_details(MENDED, "{all: {envelope: $.orders}}")
        said = desk.refuse(mended, "--jobs", jobs)
        assert "cannot replay no:1: the mapping now reads more of the body" in said

    def test_a_line_whose_body_is_gone(self, desk: Desk) -> None:
        each = "$.orders[?@.id]"
        found = desk.reject(ORDERS.replace("[$.orders, $]", each), {"orders": [SOON, SOON]})
        write(desk.project / "no", ndjson(found[1]))
        assert "no:1: the line above it, which held its body, is gone" in desk.refuse(
            MENDED.replace("[$.orders, $]", each)
        )

    @pytest.mark.parametrize(
        "line", ["{}", "[]", "5", "{", '{"file": 1, "line": 1, "item": 0, "location": "$"}']
    )
    def test_other_lines(self, desk: Desk, line: str) -> None:
        write(desk.project / "no", line)
        assert "no:1 is no line that `--rejected` wrote" in desk.refuse(ORDERS)

    def test_a_replay_has_no_other_input(self, project: Path, call: Call) -> None:
        write(project / "in", "")
        for arguments in (["in"], ["--input", "json"]):
            ended = call("run", "orders", *arguments, "--replay", "in")
            assert (ended.code, "goes without other files" in ended.err) == (2, True)


class TestRequestsInLines:
    """Lines that `mapper.rejected_lines` writes hold what came beside their body, and a replay takes it."""

    TEXT = ORDERS.replace("user_id: {path: $.customer,", "user_id: {header: X-User,")
    REQUEST = mapper.Request(
        headers={"X-User": "u7"}, settings={"rate": 1.5}, query={"q": "1"}, received_at="2026-11-23T20:00:00Z"
    )
    BODIES = (
        {"orders": [ORDER, SOON, SOON]},
        SOON,
        [1],
        {"orders": [ORDER, {**SOON, "details": {"é": [1.0, 10**30]}}]},
    )

    def written(self, text: str, request: mapper.Request | None, bodies: Iterable[bytes]) -> list[bytes]:
        transform = mapper.compile(text)
        made: list[bytes] = []
        for line, body in enumerate(bodies, 1):
            given = transform.json(body, request)
            again = transform(body, request)
            one = list(mapper.rejected_lines(transform, body, given, request, file="queue", line=line))
            assert one == list(
                mapper.rejected_lines(transform, memoryview(body), again, request, file="queue", line=line)
            )
            assert len(one) == len(given.rejected)
            made += one
        return made

    @pytest.mark.parametrize("each", ["[$.orders, $]", '"$.orders[?@.id]"'])
    def test_a_replay_has_the_request(self, desk: Desk, each: str) -> None:
        text, mended = (mapping.replace("[$.orders, $]", each) for mapping in (self.TEXT, MENDED))
        mended = mended.replace("user_id: {path: $.customer,", "user_id: {header: X-User,")
        mended = with_details(mended, "{at: {received_at: true}, rate: {setting: rate}, q: {query: q}}")
        bodies = [json.dumps(body).encode() for body in self.BODIES] + [b"no json", b"\xff", b""]
        found = self.written(text, self.REQUEST, bodies)
        write(desk.project / "no", b"".join(found))
        expected = mapper.compile(mended)
        events = [event for body in bodies for event in expected(body, self.REQUEST).events]
        already = [event for body in bodies for event in mapper.compile(text)(body, self.REQUEST).events]
        again = desk.replay(mended)
        assert len(again) == len(events) - len(already) > 0
        assert all(event in events for event in again)
        assert {event["user_id"] for event in again} == {"u7"}
        kept = lines(desk.project / "still")
        assert all(line["request"] == self.written_request() for line in kept)
        assert [(line["line"], line["item"]) for line in kept] == [
            (number, one.index)
            for number, body in enumerate(bodies, 1)
            for one in expected(body, self.REQUEST).rejected
        ]

    def written_request(self) -> dict[str, object]:
        return {
            "headers": {"x-user": "u7"},
            "query": {"q": "1"},
            "settings": {"rate": 1.5},
            "received_at": "2026-11-23T20:00:00.000Z",
        }

    def test_options_count_for_the_rest(self, desk: Desk) -> None:
        own = mapper.Request(headers={"X-User": "u7"})
        write(desk.project / "no", b"".join(self.written(self.TEXT, own, [json.dumps(SOON).encode()])))
        mended = MENDED.replace("user_id: {path: $.customer,", "user_id: {header: X-User,")
        mended = with_details(mended, "{tenant: {header: x-tenant}}")
        (event,) = desk.replay(mended, "--header", "x-tenant=acme", "--header", "x-user=other")
        assert (event["user_id"], event["event_properties"]) == ("u7", {"tenant": "acme"})

    def test_without_a_request_nothing_of_it_is_kept(self) -> None:
        transform = mapper.compile(ORDERS)
        body = json.dumps(SOON).encode()
        (line,) = mapper.rejected_lines(transform, body, transform(body, self.REQUEST))
        assert "request" not in json.loads(line)
        assert b"u7" not in line

    def test_an_item_that_nests_too_deep(self, desk: Desk) -> None:
        deep = json.dumps({**SOON, "id": None, "details": 0}).replace(
            '"details": 0', f'"details": {"[" * 400}{"]" * 400}'
        )
        body = f'{{"orders": [{deep}, {deep}]}}'.encode()
        found = self.written(self.TEXT, self.REQUEST, [body])
        write(desk.project / "no", b"".join(found))
        desk.replay(self.TEXT)
        assert [line["item"] for line in lines(desk.project / "still")] == [
            json.loads(line)["item"] for line in found
        ]

    def test_parsed_payloads_have_no_bytes(self) -> None:
        transform = mapper.compile(ORDERS)
        with pytest.raises(TypeError, match="bytes of a body"):
            mapper.rejected_lines(transform, SOON, transform(SOON))  # type: ignore[arg-type]

    @pytest.mark.parametrize("request_", ["5", "null", '{"header": {}}', '{"headers": {"a": 1}}'])
    def test_a_request_that_is_none(self, desk: Desk, request_: str) -> None:
        (line,) = self.written(self.TEXT, None, [json.dumps(SOON).encode()])
        write(desk.project / "no", line.replace(b'"payload"', b'"request":%s,"payload"' % request_.encode()))
        assert "no:1 is no line that `--rejected` wrote" in desk.refuse(self.TEXT)
