"""Configuration: what a file says, every fault of it with its place, and no secret in any message."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from mapper.catalog import shipped_mappings
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.render import render_text
from mapper.diagnostics.source import SourceFile
from mapper.receiver.configuration import destination_reader
from mapper.receiver.configuration.checks import BasicCheck, DigestCheck, HeaderCheck, SignatureCheck
from mapper.receiver.configuration.configuration import Address, Configuration
from mapper.receiver.configuration.configuration_reader import configuration_schema, read_configuration
from mapper.receiver.configuration.keys import Secret
from mapper.receiver.configuration.settings import (
    FilesSettings,
    GiveUp,
    HttpSettings,
    PostgresSettings,
    SpoolSettings,
)
from support.examples import tries
from support.golden import Golden
from support.places import ROOT, TESTS

HERE = TESTS / "receiver"
SCHEMA = ROOT / "schemas" / "receiver.schema.json"
FAULTS: list[dict[str, Any]] = yaml.safe_load((HERE / "faults.yaml").read_text("utf-8"))
ENVIRONMENT = {"KEY": "k3y", "TOKEN": "t0ken", "EMPTY": ""}

WHOLE = """
receiver: 1
listen: "[::1]:8443"
spool: {folder: ./spool, keep: 1.5d, max_bytes: 20GB, min_free: 512MiB, max_waiting: 10, max_delay: 500ms}
sources:
  - {path: /server/v4, mapping: server, verify: {header: X-API-KEY, secrets: [{env: KEY}, {file: old_key}]}}
  - path: /segment/v4
    mapping: [segment, own/acme.yaml, segment]
    profile: segment
    verify: [{header: X-API-KEY, secrets: [{env: KEY}]}, {signature: profile, secrets: [{env: TOKEN}]}]
    keep_headers: [X-Trace]
  - path: /clevertap/v4
    mapping: clevertap
    profile: clevertap
    verify: {basic: {user: ct, secrets: [{env: KEY}]}}
    settings: {event_name: Campaign, list: [1, null]}
    methods: [POST, GET]
    max_body: 1MB
    challenge: $.a['b'][0]
  - path: /webengage/v4
    name: we
    mapping: webengage
    profile: webengage
    verify:
      {query: secret, md5_of: [{env: KEY}, [{env: TOKEN}, {file: old_key}]], license: {query: licenseCode}}
  - {path: /open, mapping: server, verify: none}
destinations:
  - {name: archive, files: {folder: ./events, rotate: 1h, gzip: true}}
  - {name: plain, files: {folder: /tmp/events}}
  - name: api
    http:
      url: https://events.example:8443/server/v4?x=1
      headers: {X-API-KEY: {env: KEY}, X-Old: {file: old_key}}
      events_per_request: 10
      concurrency: 4
      timeout: 5s
      order: user_id
      give_up: {attempts: 7, age: 2d}
  - {name: simple, http: {url: "http://[::1]:80"}}
  - {name: warehouse, postgres: {dsn: {env: TOKEN}, table: mapped.events}}
"""


def read(text: str, folder: Path) -> tuple[Configuration | None, Report]:
    report = Report()
    found = read_configuration(SourceFile("receiver.yaml", text), report, folder, ENVIRONMENT).configuration
    assert (found is None) == report.has_errors
    return found, report


def configuration(text: str, folder: Path) -> Configuration:
    found, report = read(text, folder)
    assert found is not None, render_text(report.ordered())
    assert not report.diagnostics
    return found


@pytest.fixture(scope="module", autouse=True)
def psycopg_is_installed() -> Iterator[None]:
    """Configurations are read in the same way without the package, but for the one fault that says so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(destination_reader, "find_spec", lambda name: ModuleSpec(name, None))
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "acme.yaml").write_text("mapping: acme\n", "utf-8")
    (tmp_path / "old_key").write_bytes(b"0ld\r\n")
    return tmp_path


def test_without_its_package_postgres_cannot_be_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destination_reader, "find_spec", lambda name: None)
    found, report = read(WHOLE, folder)
    (fault,) = report.diagnostics
    assert found is None
    assert fault.code == "M114"
    assert fault.hints == ("pip install 'mapper[receiver,postgres]'",)


def test_a_whole_configuration(folder: Path) -> None:
    found = configuration(WHOLE, folder)
    assert found.listen == Address("::1", 8443)
    assert str(found.listen) == "[::1]:8443"
    assert found.spool == SpoolSettings(folder / "spool", 129_600.0, 20 * 10**9, 512 * 2**20, 10, 0.5)
    assert [(each.name, each.kind) for each in found.destinations] == [
        ("archive", FilesSettings(folder / "events", 3600.0, True)),
        ("plain", FilesSettings(Path("/tmp/events"))),
        (
            "api",
            HttpSettings(
                "https://events.example:8443/server/v4?x=1",
                (("X-API-KEY", Secret("env KEY", b"k3y")), ("X-Old", Secret("file old_key", b"0ld"))),
                *(10, 4, 5.0, True),
                GiveUp(7, 172_800.0),
            ),
        ),
        ("simple", HttpSettings("http://[::1]:80")),
        ("warehouse", PostgresSettings(Secret("env TOKEN", b"t0ken"), "events", "mapped")),
    ]
    server, segment, clevertap, webengage, opened = found.sources
    key, token, old = Secret("env KEY", b"k3y"), Secret("env TOKEN", b"t0ken"), Secret("file old_key", b"0ld")
    assert server.verify == (HeaderCheck("x-api-key", (key, old)),)
    assert server.name == "/server/v4"
    assert server.methods == ("POST", "PUT", "PATCH")
    assert segment.mappings == (shipped_mappings() / "segment.yaml", folder / "own" / "acme.yaml")
    assert segment.profile is not None
    assert segment.profile.signature is not None
    assert segment.verify[1] == SignatureCheck(segment.profile.signature, (token,))
    assert clevertap.verify == (BasicCheck("ct", (key,)),)
    assert clevertap.settings == {"event_name": "Campaign", "list": [1, None]}
    assert (clevertap.methods, clevertap.max_body) == (("POST", "GET"), 1_000_000)
    assert clevertap.challenge == ("a", "b", 0)
    assert webengage.verify == (DigestCheck("secret", ((key,), (token, old)), "licenseCode"),)
    assert webengage.name == "we"
    assert opened.verify == ()


def test_the_part_of_a_request_that_is_kept(folder: Path) -> None:
    _, segment, clevertap, webengage, opened = configuration(WHOLE, folder).sources
    kept = segment.kept(frozenset({"x-read"}))
    assert kept.headers == {"x-trace", "x-read", "content-type"}
    assert kept.private_headers >= {"x-api-key", "x-signature", "authorization", "cookie"}
    assert kept.secrets == (b"k3y", b"t0ken")
    assert clevertap.kept(None).headers is None
    assert webengage.kept(frozenset()).headers == {"x-request-id", "content-type"}
    assert webengage.kept(frozenset()).private_parameters == {"secret", "licenseCode"}
    assert opened.kept(frozenset()).secrets == ()


def test_the_mappings_of_a_faulty_configuration_are_known(folder: Path) -> None:
    text = WHOLE.replace("mapping: webengage", "mapping: [webengage, absent]").replace("1.5d", "x")
    found = read_configuration(SourceFile("r.yaml", text), Report(), folder, ENVIRONMENT)
    assert found.configuration is None
    assert [path.stem for path in found.mappings] == ["server", "segment", "acme", "clevertap", "webengage"]


def test_defaults(tmp_path: Path) -> None:
    found = configuration("receiver: 1\nsources: [{path: /, mapping: server, verify: none}]", tmp_path)
    assert found.listen == Address("127.0.0.1", 8080)
    assert found.spool == SpoolSettings(tmp_path / "spool")
    assert found.destinations == ()
    assert found.sources[0].answer == 200


def test_secrets_are_read_again_with_the_configuration(folder: Path) -> None:
    before = configuration(WHOLE, folder).sources[0].verify[0]
    (folder / "old_key").write_bytes(b"n3w\n")
    after = configuration(WHOLE, folder).sources[0].verify[0]
    assert isinstance(before, HeaderCheck)
    assert isinstance(after, HeaderCheck)
    assert [before.secrets[1].value, after.secrets[1].value] == [b"0ld", b"n3w"]


def test_no_repr_shows_a_secret(folder: Path) -> None:
    text = repr(configuration(WHOLE, folder))
    assert "env KEY" in text
    assert not [secret for secret in ("k3y", "t0ken", "0ld") if secret in text]


def test_files_of_a_configuration_are_beside_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    report = Report()
    found = read_configuration(SourceFile(str(folder / "receiver.yaml"), WHOLE), report).configuration
    assert found is not None, render_text(report.ordered())
    assert found.spool.folder == folder / "spool"


def faults_of(case: dict[str, Any], folder: Path) -> str:
    (folder / "empty").write_bytes(b"\n")
    (folder / "large").write_bytes(b"k" * 70_000)
    for name, text in case.get("files", {}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    _, report = read(case["text"], folder)
    return render_text(report.ordered()).replace(f"{folder}/", "")


def test_what_is_reported(golden: Golden, tmp_path: Path) -> None:
    shown = []
    for number, case in enumerate(FAULTS):
        (tmp_path / str(number)).mkdir()
        found = faults_of(case, tmp_path / str(number))
        assert found, case["idea"]
        assert not [secret for secret in ("hunter", *filter(None, ENVIRONMENT.values())) if secret in found]
        shown.append(f"## {case['idea']}\n\n{found}")
    golden(HERE / "faults.txt", "\n".join(shown))


def test_the_schema_is_current(golden: Golden) -> None:
    Draft202012Validator.check_schema(configuration_schema())
    golden(SCHEMA, json.dumps(configuration_schema(), indent=2) + "\n")


# Codes of the shape, which a schema can tell. Other faults are in texts, or between sources.
SHAPE = {"M103", "M104", "M105", "M106", "M107", "M114", "M122"}
WORDS = [
    "path",
    "mapping",
    "verify",
    "header",
    "hmac",
    "query",
    "md5_of",
    "secrets",
    "env",
    "files",
    "odd",
    "of",
]
VALUES: list[Any] = [
    *(
        "/a",
        "server",
        "none",
        "1h",
        "1GB",
        "0GB",
        "X-A",
        "a b",
        "",
        "POST",
        "sha1",
        "body",
        "{body}{x}",
        "$.a",
    ),
    *(
        1,
        0,
        True,
        None,
        1.5,
        [],
        {},
        ["POST"],
        {"env": "KEY"},
        [{"env": "KEY"}],
        {"header": "A"},
        "1.2.3.4:99999",
    ),
]
SEEDS: list[dict[str, Any]] = [
    yaml.safe_load(WHOLE),
    {
        "receiver": 1,
        "sources": [
            {
                "path": "/a",
                "mapping": "server",
                "verify": {
                    "hmac": "sha256",
                    "header": "X-S",
                    "encoding": "base64",
                    "prefix": "v1,",
                    "separator": " ",
                    "of": ["{timestamp}.{body}", "{header.x-id}{timestamp}{first_item}"],
                    "timestamp": {"header": "X-T", "prefix": "t=", "unit": "ms", "tolerance": "5m"},
                    "key": {"encoding": "base64", "prefix": "whsec_"},
                    "secrets": [{"env": "KEY"}],
                    "unpacked": True,
                },
            },
            {"path": "/b", "mapping": "server", "verify": [{"bearer": {"secrets": [{"env": "KEY"}]}}]},
            {"path": "/c", "mapping": "server", "verify": {"query": "key", "secrets": [{"env": "KEY"}]}},
        ],
    },
]


def by_reader(document: object) -> list[str]:
    text = yaml.safe_dump(document, allow_unicode=True)
    report = Report()
    read_configuration(SourceFile("receiver.yaml", text), report, ROOT, ENVIRONMENT)
    return [d.code for d in report.diagnostics if d.code in SHAPE]


VALIDATOR = Draft202012Validator(configuration_schema())


def by_schema(document: object) -> bool:
    return VALIDATOR.is_valid(document)


@pytest.mark.parametrize("document", SEEDS)
def test_seeds_are_accepted(document: dict[str, Any]) -> None:
    assert by_reader(document) == []
    assert by_schema(document)


@pytest.mark.parametrize("seed", range(tries(10)))
def test_reader_and_schema_agree(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(15):
        document = deepcopy(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 3)):
            change(document, chance)
        assert by_schema(document) == (not (found := by_reader(document))), (document, found)


def change(document: dict[str, Any], chance: random.Random) -> None:
    """Change one place of a document: drop, rename, replace or add."""
    place: Any = document
    while True:
        values = list(place.values()) if isinstance(place, dict) else place
        inner = [value for value in values if isinstance(value, dict | list) and value]
        if not inner or chance.random() < 0.2:
            break
        place = chance.choice(inner)
    if isinstance(place, list):
        place[chance.randrange(len(place))] = deepcopy(chance.choice(VALUES))
        return
    key = chance.choice(list(place)) if place else "odd"
    match chance.randrange(4):
        case 0:
            place.pop(key, None)
        case 1:
            place[chance.choice(WORDS)] = place.pop(key, 1)
        case 2:
            place[key] = deepcopy(chance.choice(VALUES))
        case _:
            place[chance.choice(WORDS)] = deepcopy(chance.choice(VALUES))
