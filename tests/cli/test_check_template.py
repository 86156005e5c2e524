"""`mapper check FILE.liquid`: a bare template gets its verdict, without a mapping around it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.calls import Call, write

BODY = '{"id": "{{ Event["Order Id"] }}", "amount": {{ Event.Amount | default: 0 }}}'
ID = {"type": ["string", "null"], "pattern": "^[A-Z0-9-]*$"}
EVENT = {"type": "object", "properties": {"Order Id": ID, "Amount": {"type": ["number", "null"]}}}
SOURCE = json.dumps({"type": "object", "properties": {"Event": EVENT}})
TARGET = json.dumps({"type": "object", "properties": {"amount": {"type": "string"}}})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "body.liquid", BODY)
    write(tmp_path / "order.schema.json", SOURCE)
    write(tmp_path / "target.schema.json", TARGET)
    return tmp_path


def test_a_bare_template_is_refuted(folder: Path, call: Call) -> None:
    done = call("check", "body.liquid", "--dialect", "clevertap")
    assert done.code == 1
    assert "error[M411]: a text printed here can break the JSON\n --> body.liquid:1:9" in done.out
    assert 'hint: smallest payload that fails: `{"Event": {"Order Id": "\\""}}`' in done.out
    assert "body.liquid: refuted: there are payloads for which it does not render" in done.out
    assert done.out.endswith("2 errors in 1 template\n")


def test_a_bare_template_is_proven_with_its_schema(folder: Path, call: Call) -> None:
    done = call("check", "body.liquid", "--dialect", "clevertap", "--source", "order.schema.json")
    assert done.code == 0
    proven = "body.liquid: proven: it renders JSON for every payload that `order.schema.json` admits"
    assert done.out.splitlines() == [proven, "no problems in 1 template"]


def test_a_bare_template_is_undecided(folder: Path, call: Call) -> None:
    write(folder / "odd.liquid", '{"a": "{{ x | size | url_decode }}"}')
    done = call("check", "odd.liquid")
    assert done.code == 0
    assert "warning[M412]" in done.out
    assert "odd.liquid: undecided" in done.out
    assert call("check", "odd.liquid", "--strict").code == 1


def test_a_target_is_checked(folder: Path, call: Call) -> None:
    options = ["--source", "order.schema.json", "--target", "target.schema.json"]
    done = call("check", "body.liquid", *options)
    assert done.code == 1
    assert "error[M413]: `amount` is a number" in done.out


def test_machines_get_the_verdict_beside_the_diagnostics(folder: Path, call: Call) -> None:
    done = call("check", "body.liquid", "--format", "json")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [diagnostic["code"] for diagnostic in found] == ["M411", "M411"]
    assert "refuted" in done.err


def test_what_cannot_be_read_has_no_verdict(folder: Path, call: Call) -> None:
    write(folder / "open.liquid", "{{ Event.Order Id }}")
    done = call("check", "open.liquid", "--dialect", "clevertap")
    assert done.code == 1
    assert 'a name with blanks goes in brackets: `Event["Order Id"]`' in done.out
    assert "open.liquid: cannot be judged before the errors are mended" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.liquid"], "no template file `none.liquid`"),
        (["body.liquid", "--dialect", "clevertop"], "no dialect `clevertop`; did you mean `clevertap`?"),
        (["body.liquid", "--source", "none.json"], "no schema file `none.json`"),
        (["--dialect", "clevertap"], "--dialect, --source and --target are for bare templates"),
    ],
)
def test_wrong_usage(folder: Path, call: Call, arguments: list[str], message: str) -> None:
    done = call("check", *arguments)
    assert done.code == 2
    assert message in done.err
