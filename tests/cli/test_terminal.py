"""Hostile texts in every place that reaches the output of a command: none arrives raw.

A text has a tag, so that a place that does not reach the output fails its test. The commands run in
processes of their own; the bytes of their standard streams are looked at.
"""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mapper.cli.dispatch import COMMANDS
from mapper.diagnostics.render import FORMATS
from mapper.diagnostics.render.visible import printable
from mapper.receiver.spool.queues import EventQueue
from mapper.receiver.spool.spool import Spool
from mapper.receiver.spool.tables import EventRow, Portion, RejectionRow
from support.calls import ENVIRONMENT, EVENT, ONE_EVENT, ORDER, ORDERS, ndjson, write
from support.forked import ForkedCall, ForkedEnd, run_forked
from support.spools import received

TAG = "zq7"
# Commands to a build server; then the screen is erased, coloured, its title set, the bell rung, the cursor
# moved back, the text turned around, hidden, and ended as a line in the eyes of some readers.
HOSTILE = (
    f"::error {TAG}::a ##[error]b ##vso[task.c]d ##teamcity[e]"
    "\x1b[2J\x1b[45m\x1b]0;t\x07\x9b1m\r\b\u202e\u2066\u200b\u2028\u2029\x85\x7f"
    "\n::error::a\n ::set-output name=b::c"
)
HALVES = f"{TAG}\udcff\udcfe"  # bytes of a file name that are no UTF-8; half surrogates elsewhere
RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
    r"|^\s*::(?!:)|##\w*\[",
    re.MULTILINE,
)
OWN_COLORS = re.compile(r"\x1b\[(?!45m)[0-9;]*m")
Place = Callable[[Path, str], tuple[str, ...]]
PLACES: dict[str, Place] = {}

MAPPING = """\
mapping: odd
each: [$.orders, $]
skip:
  - {{when: test == true, reason: {0}}}
event:
  event_id: {{path: $.id, as: string, on_missing: reject}}
  event_name: {{path: $.type, as: string, default: x}}
  user_id: {{path: $.customer, as: string, default: x}}
  timestamp: {{path: $.at, as: timestamp, default: 2026-11-23T20:00:00.000Z}}
  event_properties: {{{0}: {{path: {1}, as: integer, on_missing: reject}}}}
"""


def place(function: Place) -> Place:
    PLACES[function.__name__] = function
    return function


def quoted(text: str) -> str:
    """A text as YAML and as JSON write it."""
    return json.dumps(text)


def file_name(text: str) -> str:
    return text.replace("/", "|")


def step(text: str) -> str:
    """A path to a member, in quotes for YAML."""
    return json.dumps(f"$[{json.dumps(text, ensure_ascii=True)}]")


def mapping(folder: Path, text: str, name: str = "m") -> Path:
    return write(folder / f"{name}.yaml", MAPPING.format(quoted(text), step(text)))


# --- words of the command line


@place
def a_command(folder: Path, text: str) -> tuple[str, ...]:
    return (text,)


@place
def an_option(folder: Path, text: str) -> tuple[str, ...]:
    return ("check", f"--{text}")


@place
def a_choice(folder: Path, text: str) -> tuple[str, ...]:
    return ("check", "--format", text)


@place
def the_name_of_a_mapping(folder: Path, text: str) -> tuple[str, ...]:
    return ("check", text)


@place
def a_missing_mapping(folder: Path, text: str) -> tuple[str, ...]:
    return ("test", f"{file_name(text)}.yaml")


@place
def a_file_that_is_no_mapping(folder: Path, text: str) -> tuple[str, ...]:
    return ("run", write(folder / file_name(text), "x").name)


@place
def an_empty_folder(folder: Path, text: str) -> tuple[str, ...]:
    (folder / file_name(text)).mkdir()
    return ("check", file_name(text))


@place
def a_missing_template(folder: Path, text: str) -> tuple[str, ...]:
    return ("check", f"{text}.liquid")


@place
def a_dialect(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "t.liquid", "{}")
    return ("check", "t.liquid", "--dialect", text)


@place
def a_schema_of_a_template(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "t.liquid", "{}")
    return ("check", "t.liquid", "--source", text)


@place
def a_selection(folder: Path, text: str) -> tuple[str, ...]:
    return ("test", "odd.yaml", "-k", f"({text}")


@place
def a_selection_that_matches_nothing(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "m.yaml", ORDERS)
    write(folder / "m/a.json", "{}")
    return ("test", "m.yaml", "-k", re.sub(r"[\s()]", "_", text))


@place
def a_report_that_cannot_be_written(folder: Path, text: str) -> tuple[str, ...]:
    return ("test", "odd.yaml", "--junit", f"none/{file_name(text)}")


@place
def a_code(folder: Path, text: str) -> tuple[str, ...]:
    return ("explain", text)


@place
def a_missing_input(folder: Path, text: str) -> tuple[str, ...]:
    return ("run", "odd.yaml", text)


@place
def an_output_that_cannot_be_written(folder: Path, text: str) -> tuple[str, ...]:
    return ("run", "odd.yaml", "in", "-o", f"none/{file_name(text)}")


@place
def an_output_that_is_an_input(folder: Path, text: str) -> tuple[str, ...]:
    name = write(folder / file_name(text), "{}").name
    return ("run", "odd.yaml", name, "-o", name)


@place
def a_request_file(folder: Path, text: str) -> tuple[str, ...]:
    return ("run", "odd.yaml", "in", "--request", file_name(text))


@place
def a_request_file_that_is_not_json(folder: Path, text: str) -> tuple[str, ...]:
    return ("run", "odd.yaml", "in", "--request", write(folder / file_name(text), "x").name)


@place
def a_part_of_a_request(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "request", json.dumps({text: 1}))
    return ("run", "odd.yaml", "in", "--request", "request")


@place
def a_header(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "request", json.dumps({"headers": {text: 1}}))
    return ("run", "odd.yaml", "in", "--request", "request")


# --- mappings, schemas and templates


@place
def the_file_of_a_mapping(folder: Path, text: str) -> tuple[str, ...]:
    return ("check", write(folder / f"{file_name(text)}.yaml", "mapping: m\n").name)


@place
def a_key_of_a_mapping(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "m.yaml", f"mapping: m\n{quoted(text)}: 1\nevent: {{}}\n")
    return ("check", "m.yaml")


@place
def a_line_of_a_mapping(folder: Path, text: str) -> tuple[str, ...]:
    line = "".join(character for character in text if " " <= character <= "~")
    write(folder / "m.yaml", f"mapping: m\nevnt: '{line}'\nevent: {{}}\n")
    return ("check", "m.yaml", "--format", "text")


@place
def a_word_of_the_language(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "m.yaml", f"mapping: m\nevent: {{event_id: {{path: $.a, as: {quoted(text)}}}}}\n")
    return ("check", "m.yaml")


@place
def a_path(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "m.yaml", f"mapping: m\nevent: {{event_id: {quoted('$.' + text)}}}\n")
    return ("check", "m.yaml")


@place
def a_template(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "m.yaml", f"mapping: m\nevent: {{event_id: {quoted('{{ a | ' + text + ' }}')}}}\n")
    return ("check", "m.yaml")


@place
def a_schema(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "m.yaml", f"mapping: m\nsource: {quoted(text)}\nevent: {{}}\n")
    return ("check", "m.yaml")


@place
def a_property_of_a_schema(folder: Path, text: str) -> tuple[str, ...]:
    # A schema beside the mapping, in a file with a hostile name, whose required member is not set.
    name = f"{file_name(text).lstrip('.')[:40]}.json".replace(":", "").replace("\\", "")
    name = "".join(character for character in name if character >= " ")
    schema = {"type": "object", "required": [text], "properties": {text: {"enum": [text]}}}
    write(folder / name, json.dumps(schema))
    write(folder / "m.yaml", f"mapping: m\ntarget: {quoted(name)}\nevent: {{a: b}}\n")
    return ("check", "m.yaml")


@place
def a_line_of_a_mapping_and_one_of_its_schema(folder: Path, text: str) -> tuple[str, ...]:
    schema = {"type": "object", "properties": {text: {"type": "integer"}}, "required": [text]}
    write(folder / "s.json", json.dumps(schema))
    write(folder / "m.yaml", f"mapping: m\nsource: s.json\nevent: {{event_id: {step(text)}}}\n")
    return ("check", "m.yaml", "--format", "text")


@place
def the_file_of_a_template(folder: Path, text: str) -> tuple[str, ...]:
    return ("check", write(folder / f"{file_name(text)}.liquid", "{}").name)


@place
def a_mapping_that_does_not_compile(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "m.yaml", f"mapping: m\n{quoted(text)}: 1\nevent: {{}}\n")
    return ("run", "m.yaml", "in")


# --- samples


@place
def the_name_of_a_suite(folder: Path, text: str) -> tuple[str, ...]:
    return ("test", mapping(folder, "a", file_name(text)).name)


@place
def the_name_of_a_sample(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, "a")
    write(folder / f"m/{file_name(text)}.json", "{}")
    return ("test", "m.yaml")


@place
def a_stray_expectation(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, "a")
    write(folder / f"m/{file_name(text)}.expected.json", "{}")
    return ("test", "m.yaml")


@place
def a_sample_that_is_written(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, "a")
    write(folder / f"m/{file_name(text)}.json", "{}")
    return ("test", "m.yaml", "--update", "--format", "text")


@place
def a_difference(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, text)
    write(folder / "m/a.json", json.dumps({"id": text, text: 1}))
    write(folder / "m/a.expected.json", json.dumps({**ONE_EVENT, "events": [{**EVENT, text: text}]}))
    return ("test", "m.yaml")


@place
def a_reason_in_a_difference(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, text)
    write(folder / "m/a.json", json.dumps({"test": True}))
    write(folder / "m/a.expected.json", json.dumps(ONE_EVENT))
    return ("test", "m.yaml")


@place
def a_request_of_a_sample(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, "a")
    write(folder / "m/a.json", json.dumps({"request": {text: 1}}))
    return ("test", "m.yaml")


# --- bodies


@place
def the_name_of_an_input(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, "a")
    return ("run", "m.yaml", write(folder / file_name(text), "{}").name)


@place
def the_name_of_a_damaged_input(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, "a")
    return ("run", "m.yaml", write(folder / file_name(text), gzip.compress(b"{}" * 99)[:-9]).name)


@place
def a_reason_of_a_skip(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, text)
    write(folder / "in", ndjson({"test": True}))
    return ("run", "m.yaml", "in")


@place
def a_location(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, text)
    write(folder / "in", ndjson({"id": 1, text: "x"}))
    return ("run", "m.yaml", "in")


@place
def a_value_that_is_shown(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, "a")
    write(folder / "in", ndjson({"id": 1, "a": text}))
    return ("run", "m.yaml", "in", "--show-values")


@place
def a_name_beside_missing_items(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "m.yaml", ORDERS.replace("[$.orders, $]", "$.orders"))
    write(folder / "in", ndjson({text[:20]: []}))
    return ("run", "m.yaml", "in")


@place
def a_file_in_a_replay(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, "a")
    line = {"file": text, "line": 1, "item": 0, "location": "$", "payload": {"id": 1}}
    write(folder / "replay", ndjson(line))
    return ("run", "m.yaml", "--replay", "replay", "--rejected", "again")


@place
def a_replay_that_is_none(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, "a")
    return ("run", "m.yaml", "--replay", write(folder / file_name(text), "{}").name)


# --- schemas and drafts


@place
def an_input_to_infer_that_is_broken(folder: Path, text: str) -> tuple[str, ...]:
    return ("infer", write(folder / file_name(text), "x\n{}\n").name)


@place
def a_schema_that_is_written(folder: Path, text: str) -> tuple[str, ...]:
    return ("infer", "in", "-o", file_name(text))


@place
def a_path_to_items(folder: Path, text: str) -> tuple[str, ...]:
    return ("infer", "in", "--each", f"$.{text}")


@place
def a_name_in_a_schema(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "in", ndjson({f"{TAG} ##[error]": 1, text: 1}))
    return ("infer", "in")


@place
def a_name_for_a_draft(folder: Path, text: str) -> tuple[str, ...]:
    return ("new", file_name(text), "--from", "in")


@place
def a_path_in_a_draft(folder: Path, text: str) -> tuple[str, ...]:
    write(folder / "in", ndjson({f"{TAG} ##[error]": {"id": 1, text: 2}}))
    return ("new", "x", "--from", "in")


@place
def an_input_of_a_draft_that_is_broken(folder: Path, text: str) -> tuple[str, ...]:
    return ("new", "x", "--from", write(folder / file_name(text), "x\n{}\n").name)


@place
def a_body_that_is_traced(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, "a")
    body = write(folder / "body.json", json.dumps({"id": text, "a": {text: 1}, text: 1}))
    return ("trace", "m.yaml", body.name, "--show-values")


@place
def a_field_that_is_traced(folder: Path, text: str) -> tuple[str, ...]:
    mapping(folder, text)
    return ("trace", "m.yaml", write(folder / "body.json", "{}").name, "--field", text)


@place
def a_schema_that_there_is_not(folder: Path, text: str) -> tuple[str, ...]:
    return ("schema", text)


@place
def a_shell_that_there_is_not(folder: Path, text: str) -> tuple[str, ...]:
    return ("completion", text)


# --- configurations of a receiver


def configuration(folder: Path, source: str, more: str = "", name: str = "receiver.yaml") -> tuple[str, ...]:
    text = f"receiver: 1\n{more}\nsources:\n  - {{path: /a, mapping: ./odd.yaml, verify: none, {source}}}\n"
    return ("serve", "--check", write(folder / name, text).name)


@place
def a_configuration(folder: Path, text: str) -> tuple[str, ...]:
    return configuration(folder, "a: 1", name=file_name(text))


@place
def a_key_of_a_configuration(folder: Path, text: str) -> tuple[str, ...]:
    return configuration(folder, f"{quoted(text)}: 1")


@place
def a_value_of_a_configuration(folder: Path, text: str) -> tuple[str, ...]:
    return configuration(
        folder, f"methods: [{quoted(text)}]", f"listen: {quoted(text)}\nspool: {{keep: {quoted(text)}}}"
    )


@place
def a_mapping_and_a_profile_of_a_configuration(folder: Path, text: str) -> tuple[str, ...]:
    more = f"destinations: [{{name: {quoted(text)}, files: {{folder: a}}}}]"
    return configuration(folder, f"profile: {quoted(text)}", more)


@place
def the_place_of_a_secret(folder: Path, text: str) -> tuple[str, ...]:
    check = f"{{header: A, secrets: [{{file: {quoted(text)}}}]}}"
    source = f"{{path: /b, mapping: {quoted(text)}, verify: {check}}}"
    return configuration(folder, f"name: b}}\n  - {source[:-1]}")


@place
def a_profile(folder: Path, text: str) -> tuple[str, ...]:
    write(
        folder / "profiles/own.yaml", f"profile: own\n{quoted(text)}: 1\nsuccess: {{is: [{quoted(text)}]}}\n"
    )
    return configuration(folder, "profile: own")


# --- spools


def spool(folder: Path, text: str) -> None:
    """A spool with a dead letter that has a text wherever one may come from outside."""
    whole = text.encode("utf-8", "replace").decode()
    row = RejectionRow(0, f"$['{whole}']", True, ("M611",), (), (text,))
    opened = Spool.open(folder / "spool", [EventQueue(whole)])
    opened.append([received({}, source=whole)])
    portion = Portion(1, whole, "2026-11-23T20:00:00.000Z", whole, "0" * 64, rows=[row])
    event = EventRow(0, None, b"", b"{}")
    opened.enter([portion, replace(portion, rows=[event])], opened.waiting([whole]))
    opened.close()


@place
def a_dead_letter(folder: Path, text: str) -> tuple[str, ...]:
    spool(folder, text)
    return ("dead",)


@place
def the_lines_of_a_dead_letter(folder: Path, text: str) -> tuple[str, ...]:
    spool(folder, text)
    return ("dead", "--lines")


@place
def the_source_of_totals(folder: Path, text: str) -> tuple[str, ...]:
    spool(folder, text)
    return ("spool", "stats")


@place
def the_source_of_a_request(folder: Path, text: str) -> tuple[str, ...]:
    spool(folder, text)
    return ("spool", "export")


@place
def a_folder_without_a_spool(folder: Path, text: str) -> tuple[str, ...]:
    return ("replay", "--spool", text)


@place
def a_time_of_dead_letters(folder: Path, text: str) -> tuple[str, ...]:
    return ("dead", "--spool", text, "--since", "1h")


def _calls(folder: Path, text: str) -> Iterator[tuple[str, ForkedCall]]:
    """A call for each place in a folder of its own, in turn with each of the formats."""
    for number, (name, prepare) in enumerate(PLACES.items()):
        here = folder / str(number)
        write(here / "odd.yaml", ORDERS)
        write(here / "in", ndjson(ORDER))
        arguments = prepare(here, text)
        if arguments[0] in ("check", "test", "serve") and "--format" not in arguments and number % 2:
            arguments = (*arguments, "--format", FORMATS[number // 2 % len(FORMATS)])
        yield name, ForkedCall(str(here), arguments)


def _fault(name: str, end: ForkedEnd, arguments: tuple[str, ...], tag: str) -> str:
    """The reason why a call shows a text wrongly; empty if it does not."""
    if end.code not in (0, 1, 2, 3) or "Traceback" in end.err:
        return f"{name} fails: {end}"
    if tag not in end.out + end.err:
        return f"{name} does not show its text: {end}"
    for text in (end.out, end.err):
        shown = "\n".join(
            line
            for line in OWN_COLORS.sub("", text).split("\n")
            # A line that the renderer for GitHub has made is a command.
            if not ("github" in arguments and re.fullmatch(r"::(error|warning) (file|title)=.*::.*", line))
        )
        if found := RAW.search(shown):
            return f"{name} prints {found[0]!r}: {text!r}"
    return ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "variables"),
    [(HOSTILE, {}), (HALVES, {}), (HOSTILE, {"FORCE_COLOR": "1", "NO_COLOR": ""})],
    ids=["controls", "halves", "colored"],
)
def test_no_text_reaches_the_terminal_raw(tmp_path: Path, text: str, variables: dict[str, str]) -> None:
    names, calls = zip(*_calls(tmp_path, text), strict=True)
    ends = zip(names, calls, run_forked(calls, variables), strict=True)
    # Half surrogates cannot be in YAML, so not all places can show them.
    tag = "" if text == HALVES else TAG
    faults = [fault for name, call, end in ends if (fault := _fault(name, end, call.arguments, tag))]
    assert not faults, "\n\n".join(faults)


def test_every_command_has_places(tmp_path: Path) -> None:
    used = {call.arguments[0] for _, call in _calls(tmp_path, TAG)}
    assert COMMANDS.keys() <= used


def test_a_report_for_build_servers_holds_visible_texts(tmp_path: Path) -> None:
    mapping(tmp_path, HOSTILE)
    write(tmp_path / f"m/{file_name(HOSTILE)}.json", json.dumps({"test": True}))
    write(tmp_path / f"m/{file_name(HOSTILE)}.expected.json", json.dumps(ONE_EVENT))
    write(tmp_path / f"{file_name(HOSTILE)}.yaml", f"mapping: m\n{quoted(HOSTILE)}: 1\n")
    (end,) = run_forked([ForkedCall(str(tmp_path), ("test", ".", "--junit", "report.xml"))])
    assert end.code == 1
    root = ElementTree.parse(tmp_path / "report.xml").getroot()
    texts = [text for node in root.iter() for text in (*node.attrib.values(), node.text or "")]
    assert sum(TAG in text for text in texts) >= 6
    for text in texts:
        assert not RAW.search(text), text


def test_the_progress_bar_shows_names_visibly(tmp_path: Path) -> None:
    mapping(tmp_path, "a")
    name = write(tmp_path / file_name(HOSTILE), ndjson({**ORDER, "a": 1})).name
    reading, writing = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "mapper", "run", "m.yaml", name, "-o", "out"],
        cwd=tmp_path,
        env={**ENVIRONMENT, "TERM": "xterm"},
        stderr=writing,
        check=True,
    )
    os.close(writing)
    shown = b""
    while True:
        try:
            shown += os.read(reading, 65_536)
        except OSError:  # all has been read
            break
    os.close(reading)
    assert done.returncode == 0
    text = shown.decode()
    assert TAG in text
    for raw in ("\x1b[2J", "\x1b[45m", "\x1b]0", "\x07", "\x9b", "\u202e", "\u2028", "\x85", "\n::", "##["):
        assert raw not in text, raw


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n::error::b\n", "a\n\\u003a:error::b\n"),
        ("\u3000 ::error::b", "\u3000 \\u003a:error::b"),
        (" ::: a.yaml:1:2", " ::: a.yaml:1:2"),
        ("a ::error::b", "a ::error::b"),
        ("a ##[error]b ##vso[c]", "a \\u0023#[error]b \\u0023#vso[c]"),
        ("##", "##"),
        ("a\tb\x1b[31mc", "a\\tb\\x1b[31mc"),
    ],
)
def test_what_is_printable(text: str, expected: str) -> None:
    assert printable(text) == expected
    assert printable(expected) == expected


def test_colors_and_commands_of_renderers_stay() -> None:
    assert printable("\x1b[1;31mred\x1b[0m\x1b[2J", has_color=True) == "\x1b[1;31mred\x1b[0m\\x1b[2J"
    assert printable("::error::a", has_commands=True) == "::error::a"
