"""Secrets: what a payload or a request holds is shown nowhere unless `--show-values` is given."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest

import mapper
from mapper.diagnostics import render
from mapper.diagnostics.codes import CODES
from mapper.runtime.faults import Fault
from mapper.runtime.limits import Limits
from mapper.runtime.liquid.rendered import parse_rendered
from mapper.transform.body import read_body
from support.calls import Call, Ended

SECRET = "Zx9-S3CR3T"
HEAD = """\
mapping: m
each: $.items
skip:
  - {when: 'kind == "skip"', reason: left out}
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Seen
  user_id: {header: authorization, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, default: "2026-11-23T20:00:00.000Z"}
  event_properties:
    object:
      token: {query: token}
      key: {setting: key}
"""
NAMES = ("event_id", "event_name", "user_id", "timestamp", "event_properties")
OBJECTS = "mapping: m\nsource: event.schema.json\neach: $.items\nevent:\n" + "".join(
    f"  {n}: $.{n}\n" for n in NAMES
)
REQUEST = mapper.Request(
    headers={"Authorization": f"Bearer {SECRET}"},
    query={"token": SECRET},
    settings={"key": SECRET, "nested": {"deep": [SECRET]}},
    received_at="2026-11-23T20:00:00Z",
)


def with_property(value: str) -> str:
    return f"{HEAD}      p: {value}\n"


def items(*members: str) -> bytes:
    return ('{"items": [' + ", ".join("{" + member + "}" for member in members) + "]}").encode()


S = json.dumps(SECRET)
GOOD = f'"id": {S}'
# For each code of run time: a mapping, and a body full of secrets that ends with it.
FAULTS: dict[str, tuple[str, bytes]] = {
    "M601": (HEAD, b'{"items": [{"id": "' + SECRET.encode() + b'", ' + SECRET.encode()),
    "M602": (HEAD, b'{"items": [{"id": "' + SECRET.encode() + b'\xff"}]}'),
    "M603": (HEAD, f'{{"other": {S}}}'.encode()),
    "M604": (OBJECTS, f'{{"items": [{S}, [{S}]]}}'.encode()),
    "M605": (HEAD.replace("$.items", "'$.items[*].x'"), items(f'"x": {{{GOOD}}}', f'"y": {S}')),
    "M606": (HEAD, items(f'{GOOD}, "x": {"[" * 300}{S}{"]" * 300}')),
    "M607": (with_property("$.p"), items(f'{GOOD}, "p": [{S}, 1e999]')),
    "M608": (HEAD, items(*[GOOD] * 10_001)),
    "M611": (HEAD, items(f'"name": {S}')),
    "M612": (HEAD, items('"id": "", "name": ' + S)),
    "M613": (with_property("{path: $.p, as: integer}"), items(f'{GOOD}, "p": {S}')),
    "M614": (HEAD, items(f'{GOOD}, "at": {S}')),
    "M615": (with_property("{merge: [$.p]}"), items(f'{GOOD}, "p": {S}')),
    "M616": (with_property("{map: $.p, to: $.a}"), items(f'{GOOD}, "p": {S}')),
    "M617": (
        with_property("{path: $.p, as: object, rename: {a: b}}"),
        items(f'{GOOD}, "p": {{"a": {S}, "b": {S}}}'),
    ),
    "M618": (with_property("'{{ p | divided_by: 0 }}'"), items(f'{GOOD}, "p": {S}')),
    "M619": (
        with_property("'{% for x in p %}{{ x }}{% endfor %}'"),
        items(f'{GOOD}, "p": [{", ".join([S] * 10_001)}]'),
    ),
    "M620": (with_property("'{{ p | append: p }}'"), items(f'{GOOD}, "p": {json.dumps(SECRET * 60_000)}')),
    "M628": ("body: {format: form, field: items}\n" + HEAD, f"items={SECRET}%".encode()),
    "M623": (with_property("$.p"), items(f'{GOOD}, "p": [{S}, "\\ud800"]')),
    "M626": (f"{HEAD}reject: [{{when: p != nil, reason: unwanted}}]\n", items(f'{GOOD}, "p": {S}')),
    "M627": (with_property("{path: '$.p[:]', take: only}"), items(f'{GOOD}, "p": [{S}, {S}]')),
}
UNREACHED = {
    "M621": "templates that may render it do not compile; see below",
    "M622": "templates that may render it do not compile; see below",
    "M609": "needs a declared repair; tested where repairs are",
    "M624": "its message holds sizes alone; tested where limits of output are",
    "M625": "its message holds sizes alone; tested where limits of output are",
    "M629": "its message holds a limit alone; tested where work is",
    "M630": "its message holds a limit alone; tested where work is",
    "M901": "a defect of ours; see below",
    "M902": "says nothing of the item",
}


def printed(value: object) -> str:
    """All the ways in which Python shows a value."""
    texts = [repr(value), str(value), f"{value}", ascii(value)]
    if isinstance(value, BaseException):
        texts.append("".join(traceback.format_exception(value)))
    return "\n".join(texts)


def is_kept(text: str) -> bool:
    lowered = text.lower()
    return SECRET.lower() not in lowered and "s3cr3t" not in lowered


def assert_kept(text: str) -> None:
    # pytest takes minutes to compare texts of megabytes.
    assert is_kept(text), "the secret is shown"


@pytest.mark.parametrize("code", FAULTS)
def test_no_outcome_shows_a_value(code: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text, body = FAULTS[code]
    transform = mapper.compile(text)
    result = transform(body, REQUEST)
    assert code in {c for r in result.rejected for c in r.codes}, result
    for outcome in (
        result,
        transform.json(body, REQUEST),
        transform,
        REQUEST,
        *result.rejected,
        *result.skipped,
    ):
        assert_kept(printed(outcome))
    diagnostics = [d for r in result.rejected for d in r.diagnostics]
    for form in render.FORMATS:
        assert_kept(render.render(diagnostics, form))
        assert_kept(render.render(diagnostics, form, color=True))
    for diagnostic in diagnostics:
        assert_kept(printed(diagnostic))
        assert_kept(diagnostic.message + "".join(diagnostic.hints) + (diagnostic.location or ""))
    assert_kept(printed(read_body(body)))
    assert_kept(caplog.text)
    assert not is_kept(repr([r.item for r in result.rejected] + result.events)), "nothing was searched"


def test_every_code_of_run_time_is_searched() -> None:
    codes = {code for code in CODES if code.startswith(("M6", "M9"))}
    assert codes - FAULTS.keys() - UNREACHED.keys() == set()


def test_a_defect_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    transform = mapper.compile(HEAD)

    def broken(*_: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr(transform._decoded, "_event", broken)
    result = transform(items(GOOD), REQUEST)
    assert [r.codes for r in result.rejected] == [("M901",)]
    assert_kept(printed(result))
    assert_kept(render.render(result.rejected[0].diagnostics, "text"))


@pytest.mark.parametrize("rendered", [f'{{"id": {S}', f"[{S}]", f"{{{S}: 1, {S}: 2}}", f"[[{S}]" * 300])
def test_a_rendered_text_is_not_shown(rendered: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_rendered(rendered, 0)
    assert caught.value.code in ("M606", "M621", "M622")
    assert_kept(printed(caught.value) + caught.value.detail)


def test_values_are_shown_where_they_are_asked_for() -> None:
    text, body = FAULTS["M613"]
    (rejection,) = mapper.compile(text)(body, REQUEST).rejected
    for form in ("text", "json"):
        assert SECRET in render.render(rejection.diagnostics, form, show_values=True)
    assert SECRET in str(rejection.item)
    assert pickle.loads(pickle.dumps(rejection)) == rejection


@pytest.mark.parametrize(
    "misuse",
    [
        lambda: mapper.Request(headers=[SECRET]),  # type: ignore[arg-type]
        lambda: mapper.Request(headers={5: SECRET}),  # type: ignore[dict-item]
        lambda: mapper.Request(query=SECRET),  # type: ignore[arg-type]
        lambda: mapper.Request(received_at=SECRET),
        lambda: mapper.Request(received_at=[SECRET]),  # type: ignore[arg-type]
        lambda: mapper.compile(HEAD)({"a": SECRET}, {"headers": SECRET}),  # type: ignore[arg-type]
        lambda: mapper.compile(HEAD).json({"a": SECRET}),  # type: ignore[arg-type]
        lambda: mapper.compile(HEAD, limits=Limits(items=SECRET)),  # type: ignore[arg-type]
    ],
)
def test_no_exception_shows_a_value(misuse: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        misuse()
    assert_kept(f"{caught.value!r} {caught.value}")


# --- the command line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


OPTIONS = ["--header", f"authorization={SECRET}", "--query", f"token={SECRET}", "--setting", f"key={SECRET}"]


def run(call: Call, code: str, folder: Path, *more: str) -> Ended:
    text, body = FAULTS[code]
    (folder / "m.yaml").write_text(text, "utf-8")
    (folder / "body.json").write_bytes(body)
    return call("run", "m.yaml", "body.json", "--input", "json", "-o", "out.ndjson", *OPTIONS, *more)


@pytest.mark.parametrize("code", FAULTS)
def test_run_prints_no_value(code: str, folder: Path, call: Call) -> None:
    ended = run(call, code, folder, "--rejected", "rejected.ndjson", "--skipped", "skipped.ndjson")
    assert ended.code == 1
    assert_kept(ended.out + ended.err)
    lines = [json.loads(line) for line in (folder / "rejected.ndjson").read_bytes().splitlines()]
    for line in lines:
        # The payload is what the file is for; what is said of it is not.
        for key in [key for key in line if key.startswith(("payload", "envelope", "body"))]:
            del line[key]
        assert_kept(json.dumps(line))
    assert code in json.dumps(lines)


def test_run_shows_values_where_they_are_asked_for(folder: Path, call: Call) -> None:
    assert SECRET in run(call, "M613", folder, "--show-values").err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--header", SECRET],
        ["--header", f"={SECRET}"],
        ["--heder", f"authorization={SECRET}"],
        [f"--tokn={SECRET}"],
        ["--received-at", "yesterday", "--query", f"t={SECRET}"],
        ["--request", "request.json"],
        ["--request", "broken.json"],
        ["--request", "list.json"],
        ["--limit", SECRET],
        ["--limit", f"{SECRET}=1"],
        ["--limit", f"items={SECRET}"],
    ],
)
def test_wrong_arguments_are_not_repeated(arguments: list[str], folder: Path, call: Call) -> None:
    (folder / "m.yaml").write_text(HEAD, "utf-8")
    (folder / "body.json").write_bytes(b"{}")
    (folder / "request.json").write_text(json.dumps({"headers": {"x": [SECRET]}, "query": SECRET}), "utf-8")
    (folder / "broken.json").write_text('{"headers": {"x": "' + SECRET, "utf-8")
    (folder / "list.json").write_text(json.dumps([SECRET]), "utf-8")
    ended = call("run", "m.yaml", "body.json", *arguments)
    assert ended.code == 2
    assert_kept(ended.out + ended.err)


@pytest.mark.parametrize("form", render.FORMATS)
def test_test_prints_no_value_of_a_rejected_item(form: str, folder: Path, call: Call) -> None:
    """Differences show what stands in the author's own expectation; diagnostics show nothing."""
    text, body = FAULTS["M613"]
    sample = {
        "request": {
            "headers": {"authorization": SECRET},
            "settings": {"key": SECRET},
            "body": json.loads(body),
        }
    }
    (folder / "mappings/m").mkdir(parents=True)
    (folder / "mappings/m.yaml").write_text(text, "utf-8")
    (folder / "mappings/m/case.json").write_text(json.dumps(sample), "utf-8")
    (folder / "mappings/m/case.expected.json").write_text(
        '{"events": [], "skipped": [], "rejected": []}', "utf-8"
    )
    ended = call("test", "--format", form, "--junit", "report.xml")
    assert ended.code == 1
    assert "M613" in ended.out
    assert_kept(ended.out + ended.err + (folder / "report.xml").read_text("utf-8"))
