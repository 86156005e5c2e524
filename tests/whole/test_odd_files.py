"""Files that are none: a pipe, a socket, a device, a folder, a huge file, in every place that reads one.

Nothing waits for a pipe that nobody writes, and every message names the thing.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import mapper
from mapper.api import check_file
from mapper.diagnostics.files import read_regular
from mapper.samples.cases import find_cases
from mapper.transform import cached
from support.calls import ONE_EVENT, ORDER, ORDERS, Call, write

SCHEMA = json.dumps({"type": "object"})


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket must be short
        listening.bind(path.name)
        os.chdir(here)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()


ODD: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (_fifo, "is a pipe"),
    "socket": (_socket, "is a socket"),
    "device": (_device, "is a device"),
    "folder": (_folder, "is a directory"),
}

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
each_kind = pytest.mark.parametrize("kind", ODD)


def _messages(found: Iterable[mapper.Diagnostic]) -> str:
    return "\n".join(f"{d.code} {d.message}; {d.labels[0].text if d.labels else ''}" for d in found)


@each_kind
def test_it_is_not_read(tmp_path: Path, kind: str) -> None:
    make, words = ODD[kind]
    make(tmp_path / "x")
    with pytest.raises(OSError, match=words):
        read_regular(tmp_path / "x", 10)


@each_kind
def test_a_mapping(tmp_path: Path, kind: str, call: Call) -> None:
    make, words = ODD[kind]
    make(tmp_path / "m.yaml")
    assert words in _messages(check_file(tmp_path / "m.yaml")[0])
    with pytest.raises(mapper.CompileError) as caught:
        mapper.load(tmp_path / "m.yaml", cache=tmp_path / "cache")
    assert words in _messages(caught.value.diagnostics)
    for arguments in (["check"], ["test"], ["run"]):
        ended = call(*arguments, tmp_path / "m.yaml")
        if kind != "folder":  # the mappings inside are meant
            assert words in ended.err
        assert ended.code == 2
    if kind != "folder":
        assert words in call("check", tmp_path).out


@each_kind
def test_a_schema_and_a_dialect(tmp_path: Path, kind: str, call: Call) -> None:
    make, words = ODD[kind]
    make(tmp_path / "s.json")
    (tmp_path / "dialects").mkdir()
    make(tmp_path / "dialects/d.yaml")
    for line in ("source: s.json", "target: s.json", "dialect: d", "body: {schema: s.json}"):
        path = write(tmp_path / "m.yaml", f"mapping: m\n{line}\nevent: {{}}\n")
        assert f"it {words}" in _messages(check_file(path)[0]), line
    write(tmp_path / "t.liquid", "{}")
    ended = call("check", tmp_path / "t.liquid", "--source", tmp_path / "s.json")
    assert (ended.code, words in ended.err) == (2, True)
    make(tmp_path / "u.liquid")
    ended = call("check", tmp_path / "u.liquid")
    assert (ended.code, words in ended.err) == (2, True)


@each_kind
def test_a_sample_and_its_expectation(tmp_path: Path, kind: str, call: Call) -> None:
    make, words = ODD[kind]
    write(tmp_path / "m.yaml", ORDERS)
    write(tmp_path / "m/b.json", json.dumps(ORDER))
    make(tmp_path / "m/a.json")
    make(tmp_path / "m/b.expected.json")
    ended = call("test", tmp_path / "m.yaml")
    assert (ended.code, ended.out.count(words)) == (1, 2), ended
    for case in find_cases(tmp_path / "m.yaml"):
        assert isinstance(case.load() if case.name == "a" else case.expectation(), mapper.Diagnostic)


@each_kind
def test_a_saved_transform(tmp_path: Path, kind: str) -> None:
    make, words = ODD[kind]
    make(tmp_path / "saved")
    with pytest.raises(mapper.TransformError, match=f"cannot read `.*`: {words}"):
        mapper.Transform.open(tmp_path / "saved")


@each_kind
def test_an_entry_of_a_cache(tmp_path: Path, kind: str) -> None:
    make, _ = ODD[kind]
    path = write(tmp_path / "m.yaml", ORDERS)
    folder = tmp_path / "cache"
    mapper.load(path, cache=folder)
    (entry,) = folder.iterdir()
    entry.unlink()
    make(entry)
    assert cached.recall(path, None, folder) is None
    assert mapper.load(path, cache=folder)(ORDER).events == ONE_EVENT["events"]


@each_kind
def test_a_schema_of_an_entry_of_a_cache(tmp_path: Path, kind: str) -> None:
    make, _ = ODD[kind]
    write(tmp_path / "s.json", SCHEMA)
    path = write(tmp_path / "m.yaml", f"source: s.json\n{ORDERS}")
    mapper.load(path, cache=tmp_path / "cache")
    assert cached.recall(path, None, tmp_path / "cache") is not None
    (tmp_path / "s.json").unlink()
    make(tmp_path / "s.json")
    assert cached.recall(path, None, tmp_path / "cache") is None


@each_kind
def test_a_request_and_an_input(tmp_path: Path, kind: str, call: Call) -> None:
    if kind == "pipe":
        pytest.skip("a pipe is waited for: `--request <(..)` and `mapper run m <(..)` are pipes")
    make, words = ODD[kind]
    path = write(tmp_path / "m.yaml", ORDERS)
    make(tmp_path / "x")
    if kind != "device":
        for arguments in (("--request", tmp_path / "x"), (tmp_path / "x",), ("--replay", tmp_path / "x")):
            ended = call("run", path, *arguments)
            assert ended.code == 2
            assert "cannot read" in ended.err
    else:
        ended = call("run", path, "--request", tmp_path / "x")
        assert (ended.code, "is larger than" in ended.err) == (2, True), words


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path, call: Call) -> None:
    def huge(path: Path) -> Path:
        os.truncate(write(path, ""), 1 << 40)  # it takes no room: it is one hole
        return path

    assert _messages(check_file(huge(tmp_path / "m.yaml"))[0]).startswith("M010")
    huge(tmp_path / "s.json")
    path = write(tmp_path / "n.yaml", f"source: s.json\n{ORDERS}")
    assert "M010" in _messages(check_file(path)[0])
    with pytest.raises(mapper.TransformError, match="is larger than"):
        mapper.Transform.open(huge(tmp_path / "saved"))
    ended = call("run", write(tmp_path / "o.yaml", ORDERS), "--request", huge(tmp_path / "request"))
    assert (ended.code, "is larger than" in ended.err) == (2, True)


def test_a_huge_sample_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.setattr("mapper.samples.cases.MAX_BYTES", 1_000)
    path = write(tmp_path / "m.yaml", ORDERS)
    os.truncate(write(tmp_path / "m/a.json", ""), 1 << 40)
    ended = call("test", path)
    assert (ended.code, "is larger than 1,000 bytes" in ended.out) == (1, True)
