"""Profiles: what is known about the vendors of the shipped mappings, and of others, as data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from mapper.catalog import shipped_mappings
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.render import render_text
from mapper.receiver.configuration.profiles import Profile, load_profile, profile_schema
from support.golden import Golden
from support.places import ROOT, TESTS

SHIPPED = sorted((shipped_mappings() / "profiles").glob("*.yaml"))
OTHERS = sorted((TESTS / "receiver" / "profiles").glob("*.yaml"))
SCHEMA = ROOT / "schemas" / "profile.schema.json"


def load(path: Path) -> Profile:
    report = Report()
    found = load_profile(path, report)
    assert found is not None, render_text(report.ordered())
    assert not report.diagnostics
    return found


def test_every_vendor_has_a_profile() -> None:
    assert {path.stem for path in SHIPPED} == {
        *("amplitude", "clevertap", "moengage", "segment", "server", "webengage"),
    }


@pytest.mark.parametrize("path", SHIPPED + OTHERS, ids=lambda path: path.stem)
def test_every_fact_has_a_source(path: Path) -> None:
    profile = load(path)
    assert profile.name == path.stem
    assert (profile.signature is None) == (profile.signature_source is None)
    assert profile.signature_source is None or profile.signature_source.source
    for fact in (profile.authentication, profile.success, profile.retries, profile.waits):
        assert fact.source
        assert fact.text or not fact.established, "nothing is known, and said to be established"


@pytest.mark.parametrize("path", SHIPPED + OTHERS, ids=lambda path: path.stem)
def test_the_schema_allows_it(path: Path) -> None:
    Draft202012Validator(profile_schema()).validate(yaml.safe_load(path.read_text("utf-8")))


def test_the_schema_is_current(golden: Golden) -> None:
    Draft202012Validator.check_schema(profile_schema())
    golden(SCHEMA, json.dumps(profile_schema(), indent=2) + "\n")


@pytest.mark.parametrize(
    ("statuses", "answer"),
    [
        (("2xx",), 200),
        (("200",), 200),
        (("202", "201"), 201),
        (("204", "202"), 204),
        (("20x",), 200),
        (("299",), 299),
        (("226", "2xx"), 200),
    ],
)
def test_the_answer_is_one_that_the_vendor_takes(
    tmp_path: Path, statuses: tuple[str, ...], answer: int
) -> None:
    fact = "{is: a, source: a}"
    path = tmp_path / "a.yaml"
    path.write_text(
        f"profile: a\ndescription: a\nauthentication: {fact}\nretries: {fact}\nwaits: {fact}\n"
        f"success: {{is: {json.dumps(statuses)}, source: a}}\n",
        "utf-8",
    )
    if any(status not in ("2xx",) and not status.isdigit() for status in statuses):
        assert load_profile(path, Report()) is None
    else:
        assert load(path).answer == answer


def test_the_shipped_answers() -> None:
    answers = {path.stem: load(path).answer for path in SHIPPED}
    assert answers == dict.fromkeys(answers, 200)
    assert load(shipped_mappings() / "profiles" / "webengage.yaml").statuses == ("200",)
