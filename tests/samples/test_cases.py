"""Cases beside a mapping: how they are found, read, faulty, and expected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.samples.cases import Sample, SampleCase, find_cases, find_orphans, request_of, result_document
from mapper.transform.request import Request
from mapper.transform.result import Rejected, Result, Skipped

EMPTY = {"events": [], "skipped": [], "rejected": []}


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    (tmp_path / "orders").mkdir()
    return tmp_path / "orders.yaml"


def add(mapping: Path, name: str, text: str | bytes) -> Path:
    path = mapping.with_suffix("") / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def only_case(mapping: Path) -> SampleCase:
    (case,) = find_cases(mapping)
    return case


def load(mapping: Path, text: str | bytes) -> Sample | Diagnostic:
    add(mapping, "one.json", text)
    return only_case(mapping).load()


def expectation(mapping: Path, text: str) -> dict[str, object] | Diagnostic:
    add(mapping, "one.json", "{}")
    add(mapping, "one.expected.json", text)
    return only_case(mapping).expectation()


class TestFinding:
    def test_cases_come_by_name_with_their_expectations(self, mapping: Path) -> None:
        for name in ("b.json", "a.json", "a.expected.json", "notes.md"):
            add(mapping, name, "{}")
        assert [(c.title, c.expected.name) for c in find_cases(mapping)] == [
            ("orders/a", "a.expected.json"),
            ("orders/b", "b.expected.json"),
        ]

    def test_a_case_may_be_called_expected(self, mapping: Path) -> None:
        add(mapping, "expected.json", "{}")
        assert only_case(mapping).expected.name == "expected.expected.json"

    def test_a_mapping_without_a_folder_has_no_cases(self, tmp_path: Path) -> None:
        assert find_cases(tmp_path / "none.yaml") == []
        assert find_orphans(tmp_path / "none.yaml") == []

    def test_an_expectation_without_a_sample_is_reported(self, mapping: Path) -> None:
        add(mapping, "a.json", "{}")
        add(mapping, "a.expected.json", "{}")
        add(mapping, "b.expected.json", "{}")
        (orphan,) = find_orphans(mapping)
        assert orphan.code == "M011"
        assert "b.expected.json" in orphan.message
        assert "`b.json`" in orphan.hints[0]


class TestLoading:
    @pytest.mark.parametrize(
        "text",
        [
            '{"a": 1.0, "b": 123456789012345678901234567890, "a": 2}',
            "[1, 2]",
            '{"request": "a text"}',
            '{"request": {"body": 1}, "more": 2}',
            " \n null ",
        ],
    )
    def test_a_body_alone_is_passed_byte_for_byte(self, mapping: Path, text: str) -> None:
        assert load(mapping, text) == Sample(text.encode(), Request())

    def test_a_request_keeps_the_bytes_of_its_body(self, mapping: Path) -> None:
        sample = load(
            mapping, '{"request": {"query": {"a": "b"}, "body": {"x":  1.0, "y": 10000000000000000000000}}}'
        )
        assert isinstance(sample, Sample)
        assert sample.body == b'{"x":  1.0, "y": 10000000000000000000000}'
        assert sample.request.query == {"a": "b"}

    def test_a_request_has_all_scopes(self, mapping: Path) -> None:
        request = {
            "headers": {"X-Tenant": "acme"},
            "settings": {"names": ["a"]},
            "received_at": "2026-11-23T20:00:00Z",
            "body": {},
        }
        sample = load(mapping, json.dumps({"request": request}))
        assert isinstance(sample, Sample)
        assert sample.request.headers == {"x-tenant": "acme"}
        assert sample.request.settings == {"names": ["a"]}
        assert sample.request.received_at == "2026-11-23T20:00:00.000Z"

    @pytest.mark.parametrize(
        ("body", "data"),
        [
            ({"body_text": '{"broken": '}, b'{"broken": '),
            ({"body_text": "\ud800"}, b"\xed\xa0\x80"),
            ({"body_base64": "/wA="}, b"\xff\x00"),
            ({}, b""),
        ],
    )
    def test_bodies_that_are_no_json(self, mapping: Path, body: dict[str, str], data: bytes) -> None:
        assert load(mapping, json.dumps({"request": body})) == Sample(data, Request())

    @pytest.mark.parametrize(
        ("text", "place", "words"),
        [
            ("{", (1, 2), "is not JSON"),
            ('{"a":\n  nul}', (2, 3), "is not JSON"),
            ('{"a": NaN}', (1, 1), "is not JSON"),
            ("[" * 100_000, (1, 1), "is not JSON"),
            ("1" * 5_000, (1, 1), "is not JSON"),
            ("", (1, 1), "is not JSON"),
            (b'{"a": "\xff"}', (1, 8), "is not UTF-8"),
            ('{"request": {"bodi": 1}}', (1, 1), "did you mean `body`?"),
            ('{"request": {"body_txt": "1"}}', (1, 1), "did you mean `body_text`?"),
            ('{"request": {"body": 1, "body_text": "1"}}', (1, 1), "several bodies"),
            ('{"request": {"body_text": 1}}', (1, 1), "`body_text` must be a text"),
            ('{"request": {"body_base64": "%"}}', (1, 1), "cannot be used"),
            ('{"request": {"body_base64": "ä"}}', (1, 1), "cannot be used"),
            ('{"request": {"body": 1, "header": {}}}', (1, 1), "did you mean `headers`?"),
            ('{"request": {"body": 1, "headers": []}}', (1, 1), "`headers` must be an object"),
            ('{"request": {"body": 1, "headers": {"a": 1}}}', (1, 1), "`a` is not one"),
            ('{"request": {"body": 1, "query": {"a": null}}}', (1, 1), "`a` is not one"),
            ('{"request": {"body": 1, "settings": 1}}', (1, 1), "`settings` must be an object"),
            ('{"request": {"body": 1, "received_at": 1}}', (1, 1), "`received_at` must be"),
            ('{"request": {"body": 1, "received_at": "noon"}}', (1, 1), "received_at"),
        ],
    )
    def test_a_fault_is_a_diagnostic_with_a_place(
        self, mapping: Path, text: str | bytes, place: tuple[int, int], words: str
    ) -> None:
        diagnostic = load(mapping, text)
        assert isinstance(diagnostic, Diagnostic)
        assert diagnostic.code == "M011"
        assert diagnostic.span is not None
        assert (diagnostic.span.line, diagnostic.span.column) == place
        assert words in " ".join((diagnostic.message, diagnostic.labels[0].text, *diagnostic.hints))

    def test_a_file_that_cannot_be_read(self, mapping: Path) -> None:
        add(mapping, "one.json", "{}")
        case = only_case(mapping)
        case.input.unlink()
        diagnostic = case.load()
        assert isinstance(diagnostic, Diagnostic)
        assert "cannot be read" in diagnostic.message

    def test_a_request_takes_known_parts_only(self) -> None:
        with pytest.raises(ValueError, match="a request has no `method`"):
            request_of({"method": "POST"})


class TestExpectations:
    def test_a_missing_expectation_names_the_way_out(self, mapping: Path) -> None:
        add(mapping, "one.json", "{}")
        diagnostic = only_case(mapping).expectation()
        assert isinstance(diagnostic, Diagnostic)
        assert "--update" in diagnostic.hints[0]

    @pytest.mark.parametrize(
        "text",
        [
            "[]",
            "{}",
            '{"events": []}',
            json.dumps({**EMPTY, "more": []}),
            json.dumps({**EMPTY, "events": {}}),
        ],
    )
    def test_an_expectation_holds_three_arrays(self, mapping: Path, text: str) -> None:
        diagnostic = expectation(mapping, text)
        assert isinstance(diagnostic, Diagnostic)
        assert "wrong shape" in diagnostic.message

    def test_what_is_written_is_read_again(self, mapping: Path) -> None:
        add(mapping, "one.json", "{}")
        case = only_case(mapping)
        document = {**EMPTY, "events": [{"text": "é\u2028\x00", "number": 1.0, "long": 10**30}]}
        case.write(document)
        assert case.expectation() == document
        assert "é" in case.expected.read_text("utf-8")

    def test_half_a_surrogate_pair_is_written_as_an_escape(self, mapping: Path) -> None:
        add(mapping, "one.json", "{}")
        case = only_case(mapping)
        case.write({**EMPTY, "events": [{"text": "\ud800"}]})
        assert case.expectation() == {**EMPTY, "events": [{"text": "\ud800"}]}

    def test_a_result_becomes_a_document_without_payloads(self) -> None:
        faults = tuple(Diagnostic(code, "no") for code in ("M613", "M611", "M613"))
        result = Result(
            [{"a": 1}], [Skipped(2, "test event", {"b": 1})], [Rejected(1, "$[1]", faults, {"c": 1})]
        )
        assert result_document(result) == {
            "events": [{"a": 1}],
            "skipped": [{"item": 2, "reason": "test event"}],
            "rejected": [{"item": 1, "codes": ["M613", "M611"]}],
        }
