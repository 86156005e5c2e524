"""Codes: the table is in order, every code has a page, and what the pages show is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mapper
from mapper.diagnostics.codes import CODES, explain
from mapper.diagnostics.diagnostic import Diagnostic, Report
from mapper.diagnostics.render import render_text
from mapper.diagnostics.source import SourceFile
from mapper.receiver.configuration.configuration_reader import read_configuration

PAGES = Path(mapper.__file__).parent / "diagnostics/explanations"
ROWS = re.findall(
    r"^(M\d{3}) ", (Path(mapper.__file__).parent / "diagnostics/codes.py").read_text("utf-8"), re.MULTILINE
)

# Codes whose example would not fit on a page, or is no mapping and no body.
WITHOUT_EXAMPLE = {
    "M001": "a file that cannot be read",
    "M002": "bytes that are not text",
    "M003": "a name given on the command line",
    "M006": "a schema file",
    "M007": "a schema file",
    "M008": "a schema file",
    "M010": "a very large file",
    "M011": "a sample",
    "M012": "a dialect file",
    "M013": "a sample and its expectation",
    "M014": "needs a configuration and its profile",
    "M110": "a very large mapping",
    "M205": "a very long path",
    "M215": "needs a dialect",
    "M216": "needs a dialect",
    "M218": "needs a dialect",
    "M414": "needs a dialect",
    "M415": "a very complex schema",
    "M602": "bytes that are not text",
    "M606": "a very deep body",
    "M608": "a very large body",
    "M621": "a payload that breaks what its source schema promises",
    "M622": "a payload that breaks what its source schema promises",
    "M624": "a very large event",
    "M625": "many large events",
    "M629": "a very large item",
    "M630": "many large items",
    "M901": "a defect of our own",
    "M902": "a process without memory",
}

# Faults that another one cannot come without.
ALONG_WITH = {"M402": {"M502"}}


def show(diagnostics: tuple[Diagnostic, ...]) -> str:
    return render_text(diagnostics, show_values=True)


def pages(noun: str) -> list[str]:
    return [number for number in CODES if explain(number).wrong is not None and explain(number).noun == noun]


def test_numbers_are_unique_and_sorted() -> None:
    assert len(set(ROWS)) == len(ROWS)
    assert sorted(ROWS) == ROWS
    assert list(CODES) == ROWS


def test_slugs_are_unique_kebab_case() -> None:
    slugs = [code.slug for code in CODES.values()]
    assert len(set(slugs)) == len(slugs)
    assert [slug for slug in slugs if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)] == []


def test_summaries_fit_a_line() -> None:
    assert [code for code in CODES.values() if not 5 <= len(code.summary) <= 80] == []


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert {path.stem for path in PAGES.glob("*.yaml")} == set(CODES)


def test_unknown_codes_have_no_page() -> None:
    with pytest.raises(KeyError):
        explain("../codes")


@pytest.mark.parametrize("number", CODES)
def test_page_is_complete(number: str) -> None:
    page = explain(number)
    assert page.code is CODES[number]
    sentences = re.findall(r"[.?!](?:\s|$)", page.text)
    assert 2 <= len(sentences) <= 6, page.text
    assert (page.wrong is None) == (page.right is None) == (number in WITHOUT_EXAMPLE)
    assert page.wrong != page.right or page.wrong is None
    assert all(line[:2] in ("", "  ", "- ", "+ ") for line in (page.example or "").splitlines())


@pytest.mark.parametrize("number", pages("mapping"))
def test_wrong_mapping_has_this_fault_and_no_other(number: str) -> None:
    found = mapper.check(explain(number).wrong or "")
    assert {diagnostic.code for diagnostic in found} - ALONG_WITH.get(number, set()) == {number}, show(found)


@pytest.mark.parametrize("number", pages("mapping"))
def test_right_mapping_is_clean(number: str) -> None:
    found = mapper.check(explain(number).right or "")
    assert not found, show(found)


def read_by_receiver(text: str | None) -> tuple[Diagnostic, ...]:
    report = Report()
    read_configuration(SourceFile("<configuration>", text or ""), report, environment={"KEY": "k"})
    return report.ordered()


@pytest.mark.parametrize("number", pages("configuration"))
def test_wrong_configuration_has_this_fault_and_no_other(number: str) -> None:
    found = read_by_receiver(explain(number).wrong)
    assert {diagnostic.code for diagnostic in found} == {number}, show(found)


@pytest.mark.parametrize("number", pages("configuration"))
def test_right_configuration_is_clean(number: str) -> None:
    found = read_by_receiver(explain(number).right)
    assert not found, show(found)


@pytest.mark.parametrize("number", pages("body"))
def test_wrong_body_is_rejected_for_this_reason(number: str) -> None:
    page = explain(number)
    result = mapper.compile(page.mapping or "")((page.wrong or "").encode())
    found = [diagnostic for rejected in result.rejected for diagnostic in rejected.diagnostics]
    assert {diagnostic.code for diagnostic in found} == {number}, show(tuple(found))


@pytest.mark.parametrize("number", pages("body"))
def test_right_body_becomes_an_event(number: str) -> None:
    page = explain(number)
    result = mapper.compile(page.mapping or "")((page.right or "").encode())
    assert not result.rejected, show(result.rejected[0].diagnostics)
    assert len(result.events) == 1


def test_every_code_is_reported_somewhere() -> None:
    sources = Path(mapper.__file__).parent.rglob("*.py")
    text = "\n".join(path.read_text("utf-8") for path in sources if path.name != "codes.py")
    assert [number for number in CODES if f'"{number}"' not in text and f"'{number}'" not in text] == []
