"""Header needs: every header that a mapping can read is known, or all of them are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from mapper.catalog import shipped_mappings
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.render import render_text
from mapper.receiver.outcomes.served_mapping import ServedMapping, load_mapping
from support.shipped import SHIPPED

FRAME = """
mapping: acme
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: {path: $.name, as: string, on_missing: reject}
  user_id: {path: $.uid, as: string, on_missing: reject}
  timestamp: {path: $.time, as: timestamp, on_missing: reject}
"""


def load(path: Path) -> ServedMapping:
    report = Report()
    found = load_mapping(path, report)
    assert found is not None, render_text(report.ordered())
    return found


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("{a: $.a}", set()),
        ("{a: {header: X-Trace}, b: {query: header}}", {"x-trace"}),
        ('{a: "{{ header.Host }}", b: "{{ header[\'X-B\'] }}"}', {"host", "x-b"}),
        ('{a: {when: "header.x-a == blank", then: 1, else: {header: X-C}}}', {"x-a", "x-c"}),
        ("{a: \"{% assign name = 'x-d' %}{{ header[name] }}\"}", None),
        ('{a: "{% for pair in header %}{{ pair }}{% endfor %}"}', None),
        ('{a: "{{ header }}"}', None),
        ('{a: "{{ header.size }}"}', None),
        ('{a: {map: "$.l[*]", to: {b: {header: X-E}}}}', {"x-e"}),
        ('{a: "{% assign header = 1 %}{{ header }}"}', None),
        ("{a: {var: v}}", {"x-v"}),
    ],
)
def test_headers_of_mappings(tmp_path: Path, properties: str, expected: set[str] | None) -> None:
    path = tmp_path / "acme.yaml"
    mapping_vars = "vars: {v: {header: X-V}}\n" if "var:" in properties else ""
    path.write_text(f"{FRAME}  event_properties: {properties}\n{mapping_vars}", "utf-8")
    assert load(path).headers == expected


@pytest.mark.parametrize("name", SHIPPED)
def test_the_headers_that_shipped_mappings_read(name: str) -> None:
    path = shipped_mappings() / f"{name}.yaml"
    assert load(path).headers == ({"x-request-id"} if name == "webengage" else set())
