"""Seeds: mappings and bodies to start from: shipped ones, those of tests and documents, random ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from textwrap import indent

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

import mapper
from mapper.catalog import find_mappings
from mapper.samples.cases import Sample, find_cases
from support import random_mappings
from support.language_cases import CASES, FRAME, read_case
from support.markdown import Block, Page
from support.places import LANGUAGE_PAGES

REQUEST = mapper.Request(
    headers={"x": "h", "x-request-id": "r"},
    query={"q": "1"},
    settings={"event_name": "Seen", "s": {"a": 1}},
    received_at="2026-11-23T20:00:00Z",
)
PAYLOADS = (
    '{"a": 1, "b": [1, "x", null, {"a": 2}], "c": {"a": "t", "b": {}}, "at": "2026-11-23T20:00:00Z"}',
    '[{"id": 7, "type": "track", "properties": {"n": 1e3}}, {}, [], 5, {"a": [[], ""]}]',
    '{"items": [{"a": "", "b": false}, null], "profiles": [{"identity": "u", "ts": 1795464000}]}',
)
FORM = "a=1&b[]=x&b[]=y&c[a]=t&a%20b=%C3%A9&odd+key=%7B%22a%22%3A%5B1%5D%7D&items[0][a]=2"


@dataclass(frozen=True, slots=True)
class Seed:
    """A mapping and the text of a body for it; the file of a shipped one, and if it is meant to compile."""

    mapping: str
    body: str
    filename: str = "<mapping>"
    is_clean: bool = True


@cache
def shipped_seeds() -> tuple[Seed, ...]:
    """The shipped mappings, each with all of its samples."""
    return tuple(
        Seed(path.read_text("utf-8"), sample.body.decode("latin-1"), str(path))
        for path in find_mappings()
        for sample in (case.load() for case in find_cases(path))
        if isinstance(sample, Sample)
    )


@cache
def written_seeds() -> tuple[Seed, ...]:
    """The mappings of tests/cases and of the documents that need no file beside them."""
    return (*_of_cases(), *_of_documents())


def _of_cases() -> Iterator[Seed]:
    for path in sorted(CASES.glob("*/*.yaml")):
        case = read_case(path)
        if {"source", "target", "schema"} & set(case):
            continue
        text = case.get("mapping")
        if text is None:
            text = FRAME + indent(case["properties"], "    ")
            text += f"\nbody: {case['body_format']}\n" if "body_format" in case else ""
        body = case.get("body")
        if not isinstance(body, str):
            body = json.dumps(case.get("payload", {}))
        body = body.encode("utf-8", "surrogatepass").decode("latin-1")
        yield Seed(text, body, is_clean="errors" not in case)


def _of_documents() -> Iterator[Seed]:
    for path in LANGUAGE_PAGES:
        for part in Page(path).parts():
            if isinstance(part, Block) and part.language == "yaml" and "schema.json" not in part.text:
                is_whole = re.search(r"^mapping:", part.text, re.MULTILINE)
                text = part.text if is_whole else FRAME + indent(part.text, "    ")
                yield Seed(text, PAYLOADS[0])


def random_seeds(seed: int, count: int) -> list[Seed]:
    """Mappings over all operators and modifiers that compile, with bodies; the same for the same seed."""
    found: list[Seed] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        random_mappings.mappings | random_mappings.form_mappings | random_mappings.unread_mappings,
        random_mappings.bodies,
    )
    def draw(mapping: object, body: object) -> None:
        text = json.dumps(mapping)
        if not any(each.severity is mapper.Severity.ERROR for each in mapper.check(text)):
            found.append(Seed(text, json.dumps(body)))

    draw()
    return found
