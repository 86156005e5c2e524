"""`mapper run`: what goes in, what comes out, and that nothing is lost between."""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
import subprocess
import sys
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from support.calls import (
    ENVIRONMENT,
    EVENT,
    ORDER,
    UNSET,
    Call,
    Ended,
    lines,
    ndjson,
    shell,
    write,
)
from support.places import ROOT

SCOPES = """\
mapping: scopes
version: 1
event:
  event_id: {header: X-Id, default: none}
  event_name: {query: name, default: none}
  user_id: {setting: user, default: none}
  timestamp: {received_at: true, default: 2000-01-01T00:00:00.000Z}
  event_properties: {}
"""


def exactly(text: str | bytes) -> dict[str, object]:
    """JSON with every digit of its numbers."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


class TestRun:
    def test_events_go_out_and_the_numbers_add_up(self, project: Path, call: Call) -> None:
        bodies = [
            ORDER,
            {"orders": [ORDER, {**ORDER, "test": True}]},
            {**ORDER, "at": "soon"},
            {"orders": []},
        ]
        write(project / "in.ndjson", ndjson(*bodies))
        ended = call("run", "orders", "in.ndjson")
        assert ended.code == 1
        assert [json.loads(line) for line in ended.out.splitlines()] == [EVENT, EVENT]
        assert ended.err.splitlines()[-4:] == [
            "4 bodies · 4 items = 2 events + 1 skipped + 1 rejected",
            "  skipped   1  test order",
            "  rejected  1  M614 unreadable-time: timestamp",
            "  `--rejected FILE` keeps rejected items, `mapper explain CODE` tells more",
        ]

    def test_clean_input_ends_with_zero(self, project: Path, call: Call) -> None:
        write(project / "in.json", json.dumps(ORDER))
        ended = call("run", "mappings/orders.yaml", "in.json", "-o", "out.ndjson")
        assert ended == Ended(0, "", "1 body · 1 item = 1 event + 0 skipped + 0 rejected\n")
        assert lines(project / "out.ndjson") == [EVENT]

    def test_the_first_rejection_of_each_kind_is_shown(self, project: Path, call: Call) -> None:
        soon, later = {**ORDER, "at": "soon"}, {**ORDER, "at": "later"}
        write(project / "in.ndjson", ndjson(ORDER, {"orders": [ORDER, soon]}, later, []))
        ended = call("run", "orders", "in.ndjson")
        assert "in.ndjson:2, item 1\nerror[M614]" in ended.err
        assert ended.err.count("error[M614]") == 1
        assert "soon" not in ended.err
        shown = call("run", "orders", "in.ndjson", "--show-values").err
        assert "soon" in shown
        assert "later" not in shown

    def test_nothing_is_lost(self, project: Path, call: Call) -> None:
        soon = {**ORDER, "at": "soon"}
        raw = [b'{"a": \n', b"\n", b"\xff\xfe\n", ndjson({"orders": [ORDER, soon, {**ORDER, "test": True}]})]
        write(project / "in.ndjson", b"".join(raw))
        ended = call("run", "orders", "in.ndjson", "--rejected", "no.ndjson", "--skipped", "skip.ndjson")
        assert ended.code == 1
        broken, bytes_, item = lines(project / "no.ndjson")
        assert (broken["line"], broken["codes"], broken["payload_text"]) == (1, ["M601"], '{"a": ')
        assert base64.b64decode(str(bytes_["payload_base64"])) == b"\xff\xfe"
        assert bytes_["line"] == 3
        assert item == {
            "file": "in.ndjson",
            "line": 4,
            "item": 1,
            "codes": ["M614"],
            "location": "$.orders[1]",
            "messages": item["messages"],
            "payload": soon,
            "each": ["$.orders", "$"],
            "envelope": {"orders": []},
        }
        assert lines(project / "skip.ndjson") == [
            {
                "file": "in.ndjson",
                "line": 4,
                "item": 2,
                "reason": "test order",
                "payload": {**ORDER, "test": True},
            }
        ]

    @pytest.mark.parametrize(
        "text",
        [
            '{"test": true, "n": 1e400, "m": 123456789012345678901234567890, "x": 1.0}',
            '{"test": true, "text": "\\ud800", "\\udfff": [1e400, 12, null]}',
            '{"test": true, "text": "\\u2028\\u0000é"}',
            '{"test": true, "text": "\\ud800", "deep": ' + "[" * 700 + "]" * 700 + "}",
        ],
    )
    def test_payloads_are_kept_to_the_last_digit(self, project: Path, call: Call, text: str) -> None:
        write(project / "in", text)
        call("run", "orders", "in", "--skipped", "skipped", "--rejected", "rejected")
        line = (project / "skipped").read_bytes() + (project / "rejected").read_bytes()
        kept = exactly(line)
        payload = exactly(kept["payload_text"]) if "payload_text" in kept else kept["payload"]
        assert payload == exactly(text)

    def test_values_stay_out_of_messages_unless_asked_for(self, project: Path, call: Call) -> None:
        write(project / "in.ndjson", ndjson({**ORDER, "at": "soon"}))
        call("run", "orders", "in.ndjson", "--rejected", "no.ndjson")
        (line,) = lines(project / "no.ndjson")
        assert "soon" not in json.dumps(line["messages"])
        call("run", "orders", "in.ndjson", "--rejected", "no.ndjson", "--show-values")
        (line,) = lines(project / "no.ndjson")
        assert "soon" in json.dumps(line["values"])

    @pytest.mark.parametrize(
        ("content", "ids"),
        [
            (b"", []),
            (b"\n \r\n\t\n", []),
            (ndjson(ORDER, {**ORDER, "id": "o2"}), ["o1", "o2"]),
            (ndjson(ORDER).rstrip(), ["o1"]),
            (ndjson(ORDER, {**ORDER, "id": "o2"}).replace(b"\n", b"\r\n\r\n"), ["o1", "o2"]),
            (b"\xef\xbb\xbf" + ndjson(ORDER), ["o1"]),
            (json.dumps(ORDER, indent=2).encode(), ["o1"]),
            (b"\xef\xbb\xbf\n" + json.dumps(ORDER, indent=2).encode() + b"\n\n", ["o1"]),
            (json.dumps({"orders": [ORDER, ORDER]}, indent=2).encode(), ["o1", "o1"]),
            (b'{"orders": [\n' + b",\n".join([json.dumps(ORDER).encode()] * 3) + b"\n]}", ["o1"] * 3),
        ],
    )
    @pytest.mark.parametrize("packed", [False, True])
    def test_forms_of_input(
        self, project: Path, call: Call, content: bytes, ids: list[str], packed: bool
    ) -> None:
        write(project / "in", gzip.compress(content) if packed else content)
        ended = call("run", "orders", "in")
        assert [json.loads(line)["event_id"] for line in ended.out.splitlines()] == ids
        assert ended.code == 0

    def test_a_broken_first_line_does_not_hide_the_others(self, project: Path, call: Call) -> None:
        write(project / "in", b'{"orders": [{"id": 1,\n' + ndjson(ORDER, ORDER))
        ended = call("run", "orders", "in")
        assert len(ended.out.splitlines()) == 2
        assert "3 bodies · 3 items = 2 events + 0 skipped + 1 rejected" in ended.err

    def test_a_document_longer_than_the_look_ahead_is_still_read_by_lines(
        self, project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mapper.streams.inputs.LOOK_AHEAD", 100)
        write(project / "in", b'{"broken"\n' + ndjson(*[{**ORDER, "id": str(n)} for n in range(5)]))
        ended = call("run", "orders", "in")
        assert [json.loads(line)["event_id"] for line in ended.out.splitlines()] == list("01234")

    def test_a_form_that_is_declared_is_not_guessed(self, project: Path, call: Call) -> None:
        write(project / "in", ndjson(ORDER, ORDER))
        assert "1 body ·" in call("run", "orders", "in", "--input", "json").err
        write(project / "in", json.dumps(ORDER, indent=1))
        assert "7 rejected" not in call("run", "orders", "in", "--input", "json").err
        assert "0 events" in call("run", "orders", "in", "--input", "ndjson").err

    def test_long_integers_and_odd_text_come_out_as_they_went_in(self, project: Path, call: Call) -> None:
        details = {"long": 2**63, "text": "é\u2028\U0001f600", "real": 1.0}
        write(project / "in", ndjson({**ORDER, "details": details}))
        event = json.loads(call("run", "orders", "in").out)
        assert json.dumps(event["event_properties"]) == json.dumps(details)

    @pytest.mark.parametrize("argument", ["", pytest.param("-", marks=pytest.mark.slow)])
    def test_standard_input(self, project: Path, argument: str) -> None:
        ended = shell(f"$MAPPER run orders {argument}", cwd=project, stdin=gzip.compress(ndjson(ORDER)))
        assert (ended.code, json.loads(ended.out)) == (0, EVENT)

    def test_a_pipe_by_name_is_opened_once(self, project: Path) -> None:
        write(project / "in", ndjson(ORDER))
        ended = shell("$MAPPER run orders <(cat in) in", cwd=project)
        assert (ended.code, len(ended.out.splitlines())) == (0, 2)

    def test_several_inputs(self, project: Path, call: Call) -> None:
        write(project / "a", ndjson(ORDER))
        write(project / "b", ndjson({}, ORDER))
        call("run", "orders", "a", "b", "--rejected", "no")
        assert [(line["file"], line["line"]) for line in lines(project / "no")] == [("b", 1)]

    def test_the_scopes_of_a_request(self, project: Path, call: Call) -> None:
        mapping = write(project / "mappings/scopes.yaml", SCOPES)
        write(project / "in", "{}")
        options = ["--header", "x-ID=h=1", "--query", "name=q", "--setting", "user=s"]
        (event,) = map(
            json.loads,
            call(
                "run", mapping, "in", *options, "--received-at", "2026-11-23T21:00:00+01:00"
            ).out.splitlines(),
        )
        expected = ["h=1", "q", "s", "2026-11-23T20:00:00.000Z", {}]
        assert list(event.values()) == expected
        request = {"headers": {"X-Id": "h0"}, "query": {"name": "q"}, "settings": {"user": "s"}}
        write(project / "request.json", json.dumps({**request, "received_at": "2026-11-23T20:00:00Z"}))
        (event,) = map(
            json.loads,
            call("run", mapping, "in", "--request", "request.json", "--header", "X-Id=h=1").out.splitlines(),
        )
        assert list(event.values()) == expected

    def test_a_mapping_that_does_not_compile_writes_nothing(self, project: Path, call: Call) -> None:
        write(project / "mappings/unset.yaml", UNSET)
        write(project / "out", "kept")
        write(project / "in", "{}")
        ended = call("run", "unset", "in", "-o", "out")
        assert (ended.code, ended.out) == (1, "")
        assert "error[M501]" in ended.err
        assert (project / "out").read_text() == "kept"

    def test_a_gzip_file_that_breaks_off(self, project: Path, call: Call) -> None:
        bodies = ndjson(*[{**ORDER, "id": os.urandom(50).hex()} for _ in range(2_000)])
        write(project / "in.gz", gzip.compress(bodies)[:-5_000])
        write(project / "more", ndjson(ORDER))
        ended = call("run", "orders", "in.gz", "more")
        assert ended.code == 3
        assert ended.err == "mapper: `in.gz` is damaged: it ends in the middle\n"
        events = ended.out.splitlines()
        assert 500 < len(events) < 2_000
        assert ended.out.endswith("\n")

    def test_memory_does_not_grow_with_the_input(
        self, project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mapper.streams.inputs.CHUNK", 20_000)
        peaks = []
        for count in (100, 4_000):  # the second file has 4 MB
            write(project / "in", ndjson({**ORDER, "details": {"text": "x" * 1_000}}) * count)
            tracemalloc.start()
            assert call("run", "orders", "in", "-o", "out").code == 0
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert peaks[1] < peaks[0] + 500_000

    def test_a_reader_that_leaves_is_no_error(self, project: Path) -> None:
        write(project / "in", ndjson(ORDER) * 20_000)
        ended = shell("$MAPPER run orders in | head -1; echo ${PIPESTATUS[0]}", cwd=project)
        event, code = ended.out.splitlines()
        assert (json.loads(event), code, ended.err) == (EVENT, "141", "")

    @pytest.mark.slow
    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
    @pytest.mark.parametrize("where", ["> /dev/full", "-o /dev/full", "--rejected /dev/full > /dev/null"])
    def test_a_full_disk_is_one_line(self, project: Path, where: str) -> None:
        write(project / "in", ndjson(ORDER, {}) * 10_000)
        ended = shell(f"$MAPPER run orders in {where}", cwd=project)
        assert ended.code == 1
        assert ended.err.splitlines()[-1].startswith("mapper: ")
        assert "No space left" in ended.err.splitlines()[-1]
        assert "Traceback" not in ended.err

    def test_an_interrupt_ends_quietly(self, project: Path) -> None:
        write(project / "in", ndjson(ORDER) * 20_000)
        process = subprocess.Popen(
            [sys.executable, "-m", "mapper", "run", "orders", "in"],
            cwd=project,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A shell that runs the tests in the background has told them to ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert process.stdout is not None
        # It runs now, and cannot end before its output is read: a pipe holds a small part of it.
        assert process.stdout.read(1) == b"{"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (130, b"mapper: interrupted\n")


class TestClosingNumbers:
    BODIES = (
        ORDER,
        {**ORDER, "customer": None},
        {**ORDER, "at": "x", "customer": {}},
        {**ORDER, "customer": []},
    )

    def test_rejections_are_counted_by_code_and_field(self, project: Path, call: Call) -> None:
        write(project / "in", ndjson(*self.BODIES, {"test": True}))
        ended = call("run", "orders", "in", "-o", "out")
        assert ended.err.splitlines()[-5:-1] == [
            "5 bodies · 5 items = 1 event + 1 skipped + 3 rejected",
            "  skipped   1  test order",
            "  rejected  2  M613 cast-failed: user_id",
            "  rejected  1  M611 required-missing: user_id",
        ]
        assert [line for line in ended.err.splitlines() if line.startswith("in:")] == [
            "in:3, item 0",
            "in:2, item 0",
        ]

    def test_names_of_payloads_are_no_kinds(self, project: Path, call: Call) -> None:
        # The message names the place in the event; the name at its end is the payload's.
        write(project / "in", ndjson(*({**ORDER, "details": {f"n{n}": "\ud800"}} for n in range(9))))
        ended = call("run", "orders", "in", "-o", "out")
        rows = [line for line in ended.err.splitlines() if line.startswith("  rejected")]
        assert rows == ["  rejected  9  M623 text-not-unicode: event_properties"]

    def test_json_for_pipelines(self, project: Path, call: Call) -> None:
        write(project / "in", ndjson(*self.BODIES, {"test": True}))
        ended = call("run", "orders", "in", "-o", "out", "--format", "json")
        assert ended.code == 1
        document = json.loads(ended.err)
        schema = json.loads((ROOT / "schemas/reports/run.schema.json").read_text("utf-8"))
        assert not list(Draft202012Validator(schema).iter_errors(document))
        kinds = document["rejected"]
        assert sum(one["items"] for one in [*document["skipped"], *kinds]) + document["events"] == 5
        assert {"code": "M611", "field": "user_id"} in [one["faults"][0] for one in kinds]
        assert {one["first"]["line"] for one in kinds} <= {2, 3, 4}
