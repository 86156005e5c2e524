"""Served mappings: compiled once each, with a version that changes with whatever they read."""

from __future__ import annotations

from pathlib import Path

from mapper.catalog import shipped_schemas
from mapper.diagnostics.diagnostic import Report, Severity
from mapper.diagnostics.render import render_text
from mapper.receiver.outcomes.served_mapping import ServedMapping, kept_parts, load_mapping, load_mappings
from support.calls import ORDERS, UNSET, write
from support.receivers import read_sources

PROPERTIES = "{path: $.details, as: object, default: {}}"
TARGET = shipped_schemas() / "event.schema.json"


def load(path: Path) -> ServedMapping:
    report = Report()
    found = load_mapping(path, report)
    assert found is not None, render_text(report.ordered())
    return found


def test_the_version_is_that_of_all_that_a_mapping_reads(tmp_path: Path) -> None:
    path = tmp_path / "orders.yaml"
    write(path, ORDERS)
    first = load(path)
    assert (first.name, first.version) == ("orders", load(path).version)
    assert len(first.version) == 64
    write(path, ORDERS + "# a comment\n")
    second = load(path)
    assert second.version != first.version
    write(tmp_path / "event.schema.json", TARGET.read_text("utf-8") + " ")
    assert load(path).version not in (first.version, second.version)


def test_the_errors_of_a_mapping_are_reported_and_its_warnings_are_not(tmp_path: Path) -> None:
    filtered = ORDERS.replace("each: [$.orders, $]", "each: $.orders[?@.id]")
    write(tmp_path / "warned.yaml", filtered)
    write(tmp_path / "unset.yaml", UNSET)
    report = Report()
    assert load_mapping(tmp_path / "warned.yaml", report) is not None
    assert not report.diagnostics
    assert load_mapping(tmp_path / "unset.yaml", report) is None
    assert load_mapping(tmp_path / "absent.yaml", report) is None
    assert {d.code for d in report.diagnostics} == {"M501", "M001"}
    assert {d.severity for d in report.diagnostics} == {Severity.ERROR}


def test_a_source_keeps_the_headers_of_all_its_mappings(tmp_path: Path) -> None:
    for name in ("a", "b", "any"):
        value = '"{{ header }}"' if name == "any" else f"{{header: X-{name}}}"
        write(tmp_path / f"{name}.yaml", ORDERS.replace(PROPERTIES, f"{{a: {value}}}"))
    lines = """
    {path: /a, mapping: [./a.yaml, ./b.yaml], verify: none}
    {path: /b, mapping: [./a.yaml, ./any.yaml], verify: {header: X-Key, secrets: [{env: KEY}]}}
    """
    sources = read_sources(lines, tmp_path)
    paths = [tmp_path / f"{name}.yaml" for name in ("a", "b", "any")]
    report = Report()
    kept = kept_parts(sources, load_mappings(paths, report))
    assert not report.diagnostics, render_text(report.ordered())
    assert kept["/a"].headers == {"x-a", "x-b", "content-type"}
    assert kept["/b"].headers is None
    assert "x-key" in kept["/b"].private_headers
