"""Saved transforms: a file gives back the transform that was saved, or an error that says why not."""

from __future__ import annotations

import dataclasses
import os
import pickle
import random
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import mapper
from mapper import catalog
from mapper.runtime.faults import Fault
from mapper.samples.cases import find_cases
from mapper.transform import saved
from mapper.transform.compiled import Compiled
from support.places import ROOT
from support.stored import ORDER, SCHEMA, TEXT, WARNED, altered, resealed, sealed


@pytest.fixture
def file(mapping: Path, tmp_path: Path) -> Path:
    path = tmp_path / "orders.transform"
    mapper.load(mapping).save(path)
    return path


# --- a file gives back what was saved


@pytest.mark.parametrize("path", catalog.find_mappings(), ids=lambda path: path.stem)
def test_a_shipped_mapping_comes_back_whole(path: Path, tmp_path: Path) -> None:
    made = mapper.load(path)
    made.save(tmp_path / "saved")
    opened = mapper.Transform.open(str(tmp_path / "saved"))
    assert opened._compiled == made._compiled
    for case in find_cases(path):
        sample = case.load()
        assert opened(sample.body, sample.request) == made(sample.body, sample.request)
        assert opened.json(sample.body, sample.request) == made.json(sample.body, sample.request)


def test_everything_in_a_transform_is_saved(mapping: Path, tmp_path: Path) -> None:
    mapping.write_text(
        "description: Ä \U0001f600\nrepair: [comments]\neach: [$.orders, $]\n" + WARNED, encoding="utf-8"
    )
    made = mapper.load(mapping, limits=mapper.Limits(items=7))
    made.save(tmp_path / "saved")
    opened = mapper.Transform.open(tmp_path / "saved")
    assert opened._compiled == made._compiled
    assert made.diagnostics
    changed = {
        field.name
        for field in dataclasses.fields(Compiled)
        if field.default is not dataclasses.MISSING and getattr(made._compiled, field.name) != field.default
    }
    assert changed == {"policy", "narrow", "plan", "native", "diagnostics", "limits", "reads", "each"}
    assert opened.diagnostics[0].span is not None
    assert opened.diagnostics[0].span.line == made.diagnostics[0].span.line  # type: ignore[union-attr]


def test_labels_in_several_files_are_saved(mapping: Path) -> None:
    schema = mapper.SourceFile("order.schema.json", SCHEMA)
    own = mapper.SourceFile("orders.yaml", TEXT)
    labels = [
        mapper.Label(mapper.Span(file, at, at + 2), f"{at}") for at, file in enumerate([own, schema, own])
    ]
    warning = mapper.Diagnostic("M405", "m", tuple(labels), ("h",), mapper.Severity.WARNING)
    made = dataclasses.replace(mapper.load(mapping)._compiled, diagnostics=(warning,))
    assert saved.unpack(saved.pack(made), "the file")[0] == made


def test_a_name_beyond_unicode_is_saved(tmp_path: Path) -> None:
    made = mapper.compile(TEXT.replace("source: order.schema.json\n", ""), filename="or\udcffders.yaml")
    made.save(tmp_path / "saved")
    assert mapper.Transform.open(tmp_path / "saved").python == made.python


def test_an_opened_transform_is_saved_and_pickled_again(file: Path) -> None:
    opened = mapper.Transform.open(file)
    again = file.with_name("again")
    opened.save(again)
    assert again.read_bytes() == file.read_bytes()


def test_opening_parses_no_expression(file: Path) -> None:
    """Not even the libraries that would are imported."""
    code = f"""
import sys, mapper
transform = mapper.Transform.open({str(file)!r})
assert transform({ORDER!r}).items == transform.json({ORDER!r}).items == 1
print({{"yaml", "liquid", "jsonpath_ng", "jinja2", "mapper.compiler"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_another_python_compiles_the_text(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert saved.read(file)[1] is not None
    monkeypatch.setattr(saved, "PYTHON", "other-399 00 0")
    assert saved.read(file)[1] is None
    opened = mapper.Transform.open(file)
    assert opened(ORDER).events[0]["event_id"] == "7"
    assert opened.json(ORDER).items == 1


UNKNOWN_NAME = resealed(
    lambda plain: plain.update(
        made_by="", python="from mapper.runtime.missing import NOWHERE\n" + str(plain["python"])
    )
)
UNUSABLE: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda data: b"", "is damaged"),
    (lambda data: data[:10], "is damaged"),
    (lambda data: data[:40], "is damaged"),
    (lambda data: data[:-1], "is damaged"),
    (lambda data: data + b"\n", "is damaged"),
    (altered, "is damaged"),
    (lambda data: data.replace(b"orders", b"Orders", 1), "is damaged"),
    (lambda data: b"mapping: orders\n", "is no saved transform"),
    (lambda data: data.replace(b"transform 1", b"transform 2", 1), "another layout"),
    (resealed(lambda plain: plain.update(version="0.0.9")), r"compiled by mapper 0\.0\.9, this is"),
    (resealed(lambda plain: plain.pop("limits")), "another build"),
    (resealed(lambda plain: plain.update(limits={"speed": 5})), "another build"),
    (resealed(lambda plain: plain.update(more=5)), "another build"),
    (resealed(lambda plain: plain.update(offsets=5)), "another build"),
    (resealed(lambda plain: plain.update(diagnostics=[{}])), "another build"),
    (resealed(lambda plain: plain.pop("version")), "another build"),
    (resealed(lambda plain: plain.update(version="\n::error::")), "another build"),
    (resealed(lambda plain: plain.update(version=["0.1.0"])), "another build"),
    (resealed(lambda plain: plain.update(made_by="", python="if:")), "cannot be used here"),
]
LABEL = {"code": "M405", "message": "m", "hints": [], "severity": "warning", "location": None, "value": None}
WRONG_FIELDS: list[dict[str, object]] = [
    *(
        {name: value}
        for name in ("name", "text", "python", "narrow", "target")
        for value in (None, 5, [], {})
    ),
    *({"objects_only": value} for value in (1, None, "true")),
    *({"offsets": value} for value in ([True], ["1"], [10**9], [-1], [1.5], {})),
    *({"policy": value} for value in ({}, [], {"format": "json"}, None)),
    *({"limits": {"items": value}} for value in (0, "1", None)),
    *({"reads": value} for value in ([5], [{}], [{"kind": 1, "name": "", "filename": "", "digest": ""}])),
    *(
        {"diagnostics": [LABEL | {"labels": [label]}], "files": [["f", "abc"]]}
        for label in ([0, 0, 4, ""], [0, 2, 1, ""], [-1, 0, 1, ""], [1, 0, 1, ""], [0, 0, 1, 5], [0, 0], None)
    ),
    *({"diagnostics": [LABEL | {"labels": []} | wrong]} for wrong in ({"code": "M000"}, {"code": []})),
    *({"diagnostics": [LABEL | {"labels": []} | wrong]} for wrong in ({"hints": "h"}, {"severity": "bad"})),
    *({"files": value} for value in ([["f"]], [[1, "t"]], {"f": "t"}, None)),
]


@pytest.mark.parametrize(("change", "message"), UNUSABLE)
def test_a_file_that_cannot_be_used_says_why(
    file: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(mapper.TransformError, match=message) as caught:
        mapper.Transform.open(file)
    assert str(file) in str(caught.value)
    assert ("compile it again" in str(caught.value)) is (message != "is no saved transform")


def test_fields_of_the_right_types_are_taken(file: Path) -> None:
    """Guards the test below."""
    right = resealed(lambda plain: plain.update({"diagnostics": [LABEL | {"labels": []}]}))
    assert saved.unpack(right(file.read_bytes()), "it")[0].diagnostics


@pytest.mark.parametrize("wrong", WRONG_FIELDS, ids=lambda wrong: ascii(wrong)[:60])
def test_fields_of_other_types_are_refused(file: Path, wrong: dict[str, object]) -> None:
    data = resealed(lambda plain: plain.update(wrong))(file.read_bytes())
    with pytest.raises(mapper.TransformError, match="another build"):
        saved.unpack(data, "it")


@pytest.mark.parametrize(("change", "message"), UNUSABLE)
def test_a_pickle_is_refused_for_the_same_reasons(
    file: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    restore, (data,) = mapper.Transform.open(file).__reduce__()
    assert data == file.read_bytes()
    with pytest.raises(mapper.TransformError, match=f"^the pickle .*{message}"):
        restore(change(data))


def test_a_pickle_of_code_that_this_runtime_does_not_know(file: Path) -> None:
    restore, (data,) = mapper.Transform.open(file).__reduce__()
    with pytest.raises(mapper.TransformError, match=r"the pickle cannot be used .*NOWHERE.*again"):
        restore(UNKNOWN_NAME(data))


def test_every_cut_of_a_file_is_refused(file: Path) -> None:
    data = file.read_bytes()
    for size in {*range(200), *range(200, len(data), 97)}:
        with pytest.raises(mapper.TransformError):
            saved.unpack(data[:size], "the file")


def test_what_is_too_large_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MAX_BYTES", file.stat().st_size - 1)
    with pytest.raises(mapper.TransformError, match="is larger than"):
        mapper.Transform.open(file)
    opened = mapper.compile(TEXT.replace("source: order.schema.json\n", ""))
    monkeypatch.setattr(saved, "MAX_BYTES", 100)
    with pytest.raises(mapper.TransformError, match="larger than 100 bytes"):
        opened.save(file.with_name("large"))
    assert not file.with_name("large").exists()


@pytest.mark.parametrize("name", ["nowhere", ".", "nul\0"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(mapper.TransformError, match="cannot read"):
        mapper.Transform.open(f"{tmp_path}/{name}")


def test_code_that_this_runtime_does_not_know(file: Path) -> None:
    file.write_bytes(UNKNOWN_NAME(file.read_bytes()))
    with pytest.raises(mapper.TransformError, match=r"NOWHERE.*compile it again"):
        mapper.Transform.open(file)


def test_every_flipped_bit_is_refused(file: Path) -> None:
    data = bytearray(file.read_bytes())
    chosen = random.Random(5)
    places = {*range(150), *range(len(data) - 50, len(data)), *chosen.sample(range(len(data)), 500)}
    for at in places:
        data[at] ^= 1 << chosen.randrange(8)
        with pytest.raises(mapper.TransformError):
            saved.unpack(bytes(data), "the file")
        data[at] = file.read_bytes()[at]


def test_damage_with_a_matching_hash_is_another_build(file: Path) -> None:
    """The fields and the code objects may hold anything then; code that loads is trusted."""
    _, _, content = file.read_bytes().split(b"\n", 2)
    line, code = content.split(b"\n", 1)
    chosen = random.Random(6)
    for _ in range(300):
        damaged = bytearray(line)
        damaged[chosen.randrange(len(line))] ^= 1 << chosen.randrange(8)
        for text in (bytes(damaged), line[: chosen.randrange(len(line))]):
            try:
                saved.unpack(sealed(text + b"\n" + code), "the file")
            except mapper.TransformError:
                continue  # others changed a text that means nothing to the reader
    for size in (0, 1, 5, len(code) // 2, len(code) - 1):
        with pytest.raises(mapper.TransformError, match="another build"):
            saved.unpack(sealed(line + b"\n" + code[:size]), "the file")


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_flipped_pickle_raises_no_error_of_ours_but_one(file: Path, protocol: int) -> None:
    """What is around our bytes belongs to the pickle module, and so do its errors."""
    data = bytearray(pickle.dumps(mapper.Transform.open(file), protocol))
    chosen = random.Random(protocol)
    start = data.index(b"mapper transform 1")
    refused, others = 0, []
    for at in [
        *range(start, start + 60),
        *range(len(data) - 15, len(data)),
        *chosen.sample(range(start, len(data)), 60),
    ]:
        flipped = data[at] ^ 1 << chosen.randrange(8)
        try:
            pickle.loads(bytes(data[:at]) + bytes([flipped]) + bytes(data[at + 1 :]))
        except mapper.TransformError:
            refused += 1
        except Exception as error:
            others += [(at, error, frame.filename) for frame in traceback.extract_tb(error.__traceback__)[1:]]
    assert refused > 60
    assert not [other for other in others if "mapper/transform" in other[2]]


@pytest.mark.parametrize("data", [None, "text", 5, bytearray(b"mapper transform 1"), [b""]])
def test_a_pickle_of_anything_is_refused(file: Path, data: object) -> None:
    restore = mapper.Transform.open(file).__reduce__()[0]
    with pytest.raises(mapper.TransformError, match="the pickle is no saved transform"):
        restore(data)


@pytest.mark.parametrize("python", ["(", "raise ValueError", "1 / 0", "x", "raise MemoryError", "\0"])
def test_code_that_cannot_be_run_here(file: Path, python: str) -> None:
    change = resealed(lambda plain: plain.update(made_by="", python=python))
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(mapper.TransformError, match="compile it again"):
        mapper.Transform.open(file)


# --- writing


def test_a_failed_write_leaves_the_old_file(
    file: Path, mapping: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, names = file.read_bytes(), sorted(file.parent.iterdir())

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        mapper.load(mapping).save(file)
    assert file.read_bytes() == before
    assert sorted(file.parent.iterdir()) == names


def test_saving_nowhere_raises(file: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        mapper.Transform.open(file).save(tmp_path / "no" / "folder")
    with pytest.raises(TypeError):
        mapper.Transform.open(5)  # type: ignore[arg-type]


# --- tracebacks


def test_a_traceback_shows_generated_code(file: Path) -> None:
    for transform in (mapper.Transform.open(file), mapper.load(file.with_name("orders.yaml"))):
        try:
            transform._decoded._event({}, {}, None, 0)
        except Fault as error:
            shown = "".join(traceback.format_exception(error))
        frame = shown[shown.index("<mapper orders ") :].splitlines()
        assert frame[1].strip() in transform.python
        assert frame[1].strip()
