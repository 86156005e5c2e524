"""`mapper trace`: the outcome is the transform's, and each field names its place and what it has read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import mapper
from mapper.catalog import find_mappings
from mapper.cli import main
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.interpreter.traces import ItemTrace, trace_items
from mapper.samples.cases import Sample, find_cases
from support.calls import Call
from support.examples import examples
from support.golden import Golden
from support.language_cases import FRAME
from support.random_mappings import bodies, mappings, requests
from support.shipped import SHIPPED, shipped

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parents[1] / "golden" / "trace"
# The body could not be read, or mapping stopped at a limit: the interpreter has nothing to tell then.
NOT_MAPPED = {"M601", "M602", "M603", "M604", "M605", "M606", "M608", "M619", "M620", "M629", "M630"}
MAPPING = """\
mapping: shop
version: 1
each: $.orders[*]
skip:
  - when: customer.id == blank and state != "paid"
    reason: guest order
event:
  event_id: {path: $.number, as: string, on_missing: reject}
  event_name: {literal: Order}
  user_id:
    first_of: [$.customer.id, $.customer.email]
    on_missing: reject
  timestamp: {path: $.at, as: timestamp, from: [epoch_s], on_missing: reject}
  event_properties: {total: {path: $.total, as: number}}
"""
BODY = {
    "orders": [
        {"number": 1, "at": 5, "state": "paid", "customer": {"email": None}},
        {"number": 2, "at": 3},
        {"number": 3, "at": "secret\x1b[31m", "state": "paid", "customer": {"id": "u"}},
    ]
}


REJECT = {"on_missing": "reject", "on_error": "reject"}


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "shop.yaml").write_text(MAPPING)
    (tmp_path / "body.json").write_text(json.dumps(BODY))
    return str(tmp_path / "shop.yaml"), str(tmp_path / "body.json")


def read(event: object, path: str) -> Any:
    """The value at the path of a leaf."""
    value: Any = event
    for name, quoted, index in re.findall(r"\.(\w+)|\['([^']*)'\]|\[(\d+)\]", path):
        value = value[int(index)] if index else value[name or quoted]
    return value


def assert_traced(traces: tuple[ItemTrace, ...], result: mapper.Result) -> None:
    """Traces have the outcomes of the transform, and the interpreted leaves explain them."""
    assert [one.event for one in traces if one.outcome == "event"] == result.events
    assert [(o.index, o.reason) for o in traces if o.outcome == "skipped"] == [
        (other.index, other.reason) for other in result.skipped
    ]
    for one in traces:
        codes = {diagnostic.code for diagnostic in one.diagnostics}
        applied = [rule for rule in one.steps.rules if rule.applied]
        failed = [leaf for leaf in one.steps.leaves if leaf.state not in ("value", "missing")]
        if one.outcome == "event":
            assert not applied
            assert not failed
            for leaf in one.steps.leaves:
                if leaf.state == "value" and leaf.value is not None and "\\" not in leaf.path:
                    assert repr(read(one.event, leaf.path)) == repr(leaf.value)
        elif one.outcome == "skipped":
            assert [rule.reason for rule in applied] == [one.reason] or failed[-1].state == "skipped"
        elif not codes & NOT_MAPPED:
            ends = {leaf.state for leaf in failed} | {"M626" for rule in applied if rule.rejects}
            ends |= {rule.code for rule in one.steps.rules if rule.code}
            assert ends, (one, codes)
            assert ends <= codes


@pytest.mark.parametrize("name", SHIPPED)
def test_traces_of_samples_are_those_of_the_transform(name: str) -> None:
    path = next(path for path in find_mappings() if path.stem == name)
    transform, report = shipped(name), Report()
    source = SourceFile(transform._compiled.filename, transform._compiled.text)
    program = analyse(source, path.parent, report).program  # once: `mapper.trace` does so for each body
    assert program is not None
    samples = [sample for case in find_cases(path) if isinstance(sample := case.load(), Sample)]
    for sample in samples:
        result = transform(sample.body, sample.request)
        assert_traced(trace_items(program, transform, sample.body, sample.request), result)
    assert_traced(mapper.trace(transform, sample.body, sample.request), result)


def test_json_fits_its_schema_and_hides_values(call: Call, files: tuple[str, str]) -> None:
    found = call("trace", *files, "--format", "json")
    assert found.code == 1
    schema = json.loads((ROOT / "schemas" / "reports" / "trace.schema.json").read_text())
    document = json.loads(found.out)
    assert not list(Draft202012Validator(schema).iter_errors(document))
    assert [item["outcome"] for item in document["items"]] == ["rejected", "skipped", "rejected"]
    assert "secret" not in found.out
    assert "secret" in call("trace", *files, "--format", "json", "--show-values").out


def test_text_tells_why_a_field_is_missing(call: Call, files: tuple[str, str]) -> None:
    found = call("trace", *files, "--item", "1", "--field", "user_id")
    assert "user_id 10:3 M611\n" in found.out
    assert "11:16 $.customer.id: missing\n" in found.out
    assert "11:31 $.customer.email: null\n" in found.out
    assert "event_id" not in found.out


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Calls `mapper` on a terminal of a width, with or without colours; the text that it prints."""

    def run(columns: int, color: str, *arguments: str) -> str:
        terminal = Terminal()
        monkeypatch.setattr("sys.stdout", terminal)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("NO_COLOR", "" if color == "color" else "1")
        main(list(arguments))
        return terminal.getvalue()

    return run


@pytest.mark.parametrize("color", ["color", "plain"])
@pytest.mark.parametrize("columns", [60, 120])
def test_text_on_a_terminal(
    on_terminal: Callable[..., str], files: tuple[str, str], golden: Golden, columns: int, color: str
) -> None:
    text = on_terminal(columns, color, "trace", *files, "--show-values")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    assert max(map(len, lines)) <= columns
    assert "\x1b[31m'" not in text
    assert ("\x1b" in text) == (color == "color")
    golden(GOLDEN / f"{columns}_{color}.txt", text)


def test_a_narrow_terminal_has_short_lines(on_terminal: Callable[..., str], tmp_path: Path) -> None:
    """Long names, places, texts and reasons are cut or folded."""
    long = "a" * 70
    mapping = {
        "mapping": "long",
        "skip": [{"when": f"{long} == 1", "reason": long}],
        "event": {
            "event_id": {"first_of": [f"$.{long}.{long}", f"$.{long}"], "as": "string", **REJECT},
            "event_name": {"match": f"$.{long}", "cases": {f"{long}{n}": "x" for n in range(9)}, "else": "y"},
            "user_id": {"path": f"$.{long}", "as": "string", "on_error": "reject", "default": "u"},
            "timestamp": "2026-11-23T20:00:00.000Z",
            "event_properties": {long: {long: [f"$.{long}.b"]}},
        },
    }
    path, body = tmp_path / "long.yaml", tmp_path / "body.json"
    path.write_text(json.dumps(mapping))
    for item in ({}, {long: 1}, {long: {long: [long]}}, {long: None}):
        body.write_text(json.dumps(item))
        text = on_terminal(60, "plain", "trace", str(path), str(body), "--show-values")
        assert text.startswith("item 1: ")
        assert max(map(len, text.splitlines())) <= 60


# A value of `event_properties.v`, the item, and how the trace says that the item ended.
ENDS: dict[str, tuple[str, dict[str, object], str]] = {
    "M611": ("{path: $.a, on_missing: reject}", {}, ".v"),
    "M613": ("{path: $.a, as: integer, on_error: reject}", {"a": "x"}, ".v"),
    "M614": ("{path: $.a, as: timestamp, on_error: reject}", {"a": "x"}, ".v"),
    "M615": ("{merge: [$.a]}", {"a": 1}, ".v"),
    "M616": ("{map: $.a, to: $}", {"a": 1}, ".v"),
    "M617": ("{object_from: $.a, key: $.k, value: $.k}", {"a": [{"k": "x"}, {"k": "x"}]}, ".v"),
    "M618": ("{when: a < 1, then: 1}", {"a": "x"}, ".v"),
    "M627": ("{path: '$.a[*]', take: only}", {"a": [1, 2]}, ".v"),
    "in an object": ("{n: {path: $.a, on_missing: reject}}", {}, ".v.n"),
    "in a list": ("[1, {path: $.a, on_missing: reject}]", {}, ".v[1]"),
    "in a map": ("{map: $.c, to: {n: {path: $.a, on_missing: reject}}}", {"c": [{"a": 1}, {}]}, ".v[1].n"),
}


@pytest.mark.parametrize("idea", ENDS)
def test_a_rejection_is_traced_to_its_field(idea: str) -> None:
    value, item, place = ENDS[idea]
    transform = mapper.compile(f"{FRAME}    v: {value}\n")
    (rejected,) = transform(item).rejected
    (one,) = mapper.trace(transform, item)
    (ended,) = [leaf for leaf in one.steps.leaves if leaf.state not in ("value", "missing")]
    assert (ended.path, ended.state) == (f".event_properties{place}", *rejected.codes)
    assert idea.startswith("in ") or rejected.codes == (idea,)


def test_a_rule_that_cannot_be_decided_is_traced_to_itself() -> None:
    rules = "skip:\n  - {when: a < 1, reason: too young}\n"
    (one,) = mapper.trace(mapper.compile(rules + FRAME + "    v: 1\n"), {"a": "x"})
    (rule,) = one.steps.rules
    assert (one.outcome, rule.applied, rule.code, rule.places) == ("rejected", False, "M618", ("$.a",))


def test_a_reject_rule_is_traced_to_itself() -> None:
    rules = "reject:\n  - {when: a == 1, reason: too old}\n"
    (one,) = mapper.trace(mapper.compile(rules + FRAME + "    v: 1\n"), {"a": 1})
    (rule,) = one.steps.rules
    assert (one.outcome, rule.applied, rule.rejects, rule.places) == ("rejected", True, True, ("$.a",))
    assert one.steps.leaves == ()


def test_an_event_that_does_not_fit_is_traced_to_its_field() -> None:
    text = FRAME.replace("user_id: u-1", "user_id: {path: $.user, on_missing: reject}") + "    v: 1\n"
    transform = mapper.compile(text)
    (one,) = mapper.trace(transform, {"user": 7})
    assert [(leaf.path, leaf.state) for leaf in one.steps.leaves if leaf.state != "value"] == [
        (".user_id", "M612")
    ]
    assert one.diagnostics[0].code == "M612"


TEMPLATE = """\
mapping: t
dialect: acme
template: |
  {% if test %}{% abort %}{% endif %}
  {"event_id": {{ id | json }}, "event_name": "x", "user_id": {{ user | default: "u" | json }},
   "timestamp": "2026-11-23T20:00:00.000Z", "event_properties": {}}
"""


def test_a_template_of_a_whole_event_is_one_leaf(tmp_path: Path) -> None:
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "acme.yaml").write_text(
        "dialect: acme\ntags: [if, abort]\nfilters: [json, default]\n"
    )
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    transform = mapper.load(tmp_path / "t.yaml")
    ends = [
        ({"id": "1", "user": "a"}, "event", "value", ("$.test", "$.id", "$.user")),
        ({"test": True}, "skipped", "skipped", ("$.test",)),
        ({"id": 1}, "rejected", "M612", ("$.test", "$.id", "$.user")),
    ]
    for item, outcome, state, places in ends:
        (one,) = mapper.trace(transform, item)
        (leaf,) = one.steps.leaves
        assert (one.outcome, leaf.path, leaf.state, leaf.places) == (outcome, "", state, places)


def test_a_body_that_cannot_be_read_is_explained(call: Call, files: tuple[str, str]) -> None:
    Path(files[1]).write_text('{"orders": [')
    found = call("trace", *files)
    assert found.code == 1
    assert found.out.startswith("item 1: rejected\n  M601 ")


def test_one_item_has_the_same_trace_as_among_all() -> None:
    transform = mapper.compile(MAPPING)

    def shown(traces: tuple[ItemTrace, ...]) -> list[object]:
        return [(t.index, t.outcome, [(leaf.path, leaf.state) for leaf in t.steps.leaves]) for t in traces]

    every = shown(mapper.trace(transform, BODY))
    assert [shown(mapper.trace(transform, BODY, index=i)) for i in range(4)] == [*([e] for e in every), []]


def test_an_item_that_is_not_there_is_wrong_usage(call: Call, files: tuple[str, str]) -> None:
    assert call("trace", *files, "--item", "9").code == 2


@examples(15, *HealthCheck)
@given(mappings, st.lists(bodies, min_size=1, max_size=2), requests)
def test_random_traces_are_those_of_the_transform(
    mapping: Any, payloads: list[Any], request: mapper.Request
) -> None:
    text = json.dumps(mapping)
    if any(d.severity is mapper.Severity.ERROR for d in mapper.check(text)):
        return
    transform = mapper.compile(text)
    for payload in payloads:
        assert_traced(mapper.trace(transform, payload, request), transform(payload, request))
