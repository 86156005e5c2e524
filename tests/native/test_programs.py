"""Programs of the native core: the loader takes nothing that could do harm; what is not certain is left."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import mapper
from mapper.native import load_core
from mapper.native.program import NativeProgram
from mapper.transform import native_path as module_of_path
from mapper.transform.compiled import execute
from support.native import assert_native, native_outcomes, native_path, needs_core
from support.shipped import shipped

pytestmark = needs_core

BODY = (
    b'{"type":"track","messageId":"m","event":"E","userId":"u","timestamp":"2026-01-01T00:00:00Z",'
    b'"properties":%s}'
)
REQUEST = mapper.Request()
SEVERAL = """
mapping: several
each: $.xs[*]
event:
  event_id: x
  event_name: n
  user_id: u
  timestamp: {literal: "2026-01-01T00:00:00Z"}
  event_properties: {p: "{{ a | upcase }}"}
"""


def program_of(name: str) -> NativeProgram:
    program = shipped(name)._compiled.native
    assert program is not None
    return program


def loaded(numbers: tuple[int, ...] | list[int], texts: str) -> Any:
    core: Any = load_core()
    return core.Program(b"".join(number.to_bytes(4, sys.byteorder) for number in numbers), texts.encode())


def test_a_program_loads() -> None:
    program = program_of("segment")
    assert loaded(program.numbers, program.texts)


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_a_program_that_is_cut_is_refused(cut: int) -> None:
    program = program_of("segment")
    for numbers in (program.numbers[:-cut], program.numbers[cut:], (*program.numbers, *[0] * cut)):
        with pytest.raises(ValueError, match="not a program"):
            loaded(numbers, program.texts)


def changed(program: NativeProgram, chance: random.Random) -> Iterator[list[int]]:
    for at in range(len(program.numbers)):
        for number in (0, 0xFFFF, 2**32 - 1, program.numbers[at] + 1, chance.choice(program.numbers)):
            numbers = list(program.numbers)
            numbers[at] = min(number, 2**32 - 1)
            yield numbers


def test_a_wrong_number_is_refused_or_harmless() -> None:
    """Each number of a program in turn; tests/fuzz/native_core.py does the same under sanitizers."""
    program, chance = program_of("server"), random.Random(1)
    bodies = [b'{"event_id":"e","user_id":1,"timestamp":"2026-01-01T00:00:00Z"}', b'{"events":[{}, {"a":1}]}']
    refused = 0
    for numbers in changed(program, chance):
        try:
            made = loaded(numbers, program.texts)
        except ValueError:
            refused += 1
            continue
        for body in bodies:
            made.map(body, REQUEST, (None,) * numbers[10], lambda *_: b'"x"', 100)
    assert refused > len(program.numbers)


def mapped(properties: bytes) -> list[Any] | None:
    assert_native(shipped("segment"), BODY % properties)
    return native_outcomes(shipped("segment"), BODY % properties, REQUEST)


@pytest.mark.parametrize(
    "properties",
    [
        *(
            b'{"a":1,"a":2}',
            b'{"a":{"b":1,"b":1}}',
            b'{"\\u0061":1}',
            b'{"a":1e5}',
            b'{"a":123456789012345678901}',
        ),
        *(
            b'{"a":0.00001}',
            b'{"a":-0}',
            b'{"a":-0.0}',
            b'{"a":"\\ud800"}',
            b'{"a":"\xff"}',
            b'{"a":01}',
            b'{"a":tru}',
            b"{",
        ),
        *(b"[" * 199 + b"]" * 199, b'{"a":0.12345678901234567890}', b'{"a":0.10000000000000001}'),
    ],
)
def test_what_is_not_certain_is_left(properties: bytes) -> None:
    assert not mapped(properties) or mapped(properties) == [None]


@pytest.mark.parametrize(
    ("properties", "written"),
    [
        (b'{ "a" : [ 1 , 2.50 , "x y" ] }', b'{"a":[1,2.5,"x y"]}'),
        (
            b'{"a":"\\/\\u00e9\\ud83d\\ude00\\u001f\\u000a\\u0022\\u0041"}',
            b'{"a":"/\xc3\xa9\xf0\x9f\x98\x80\\u001f\\n\\"A"}',
        ),
        (
            b'{"a":0.6378696088993425,"b":-12.75,"c":0.0,"d":100.00}',
            b'{"a":0.6378696088993425,"b":-12.75,"c":0.0,"d":100.0}',
        ),
        (b'{"a":0.00037287839316496596,"b":-0.5}', b'{"a":0.00037287839316496596,"b":-0.5}'),
        (b'{"a":-0.6378696088993425,"b":-0.50}', b'{"a":-0.6378696088993425,"b":-0.5}'),
        (b"{ }", b"{}"),
        (b'{"a":null,"b":true,"c":false,"d":{},"e":[ ]}', b'{"a":null,"b":true,"c":false,"d":{},"e":[]}'),
    ],
)
def test_what_passes_is_written_as_python_writes_it(properties: bytes, written: bytes) -> None:
    (event,) = mapped(properties) or [b""]
    assert event.endswith(b'"event_properties":' + written + b"}")


def test_names_that_look_alike_are_left() -> None:
    """They differ in the middle only, which the hash of names does not see."""
    names = b",".join(b'"aaaaaaaa%04dbbbbbbbb":1' % number for number in range(400))
    assert mapped(b"{%s}" % names) is None
    few = b",".join(b'"aaaaaaaa%04dbbbbbbbb":1' % number for number in range(20))
    assert mapped(b"{%s}" % few) is not None


def test_an_interrupt_is_not_swallowed() -> None:
    path = native_path(shipped("moengage"))
    assert path is not None

    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    body = b'{"events":[{"event_name":"E","uid":"u","event_uuid":"i","event_time":1770627601}]}'
    assert native_outcomes(shipped("moengage"), body, REQUEST)
    with pytest.raises(KeyboardInterrupt):
        path._map(body, REQUEST, path._values(REQUEST), interrupted, 100)


def test_a_saved_transform_carries_its_program(tmp_path: Any) -> None:
    shipped("server").save(tmp_path / "saved")
    opened = mapper.Transform.open(tmp_path / "saved")
    assert opened._compiled.native == program_of("server")
    assert native_path(opened) is not None


def test_the_module_of_calls_is_executed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many calls the first body needs."""
    executed = []

    def execute_and_note(*given: Any) -> dict[str, Any]:
        executed.append(given[1])
        return execute(*given)

    monkeypatch.setattr(module_of_path, "execute", execute_and_note)
    transform = mapper.compile(SEVERAL)
    result = transform.json(json.dumps({"xs": [{"a": "b"}] * 50}).encode())
    assert [json.loads(event)["event_properties"] for event in result.events] == [{"p": "B"}] * 50
    assert len(executed) == 1
