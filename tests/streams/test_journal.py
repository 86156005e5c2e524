"""Journals that are not what a run wrote are refused, with a word and before anything is written."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mapper.diagnostics.stop import Stop
from mapper.streams import journal
from mapper.streams.journal import Checkpoint, Journal, read_journal, starting_point, write_journal
from mapper.transform.sealed import seal
from support.calls import ORDER, Call, ndjson, write

SOON = {**ORDER, "at": "soon"}
TEST = {**ORDER, "test": True}
ARGUMENTS = ("run", "orders", "a", "b", "-o", "out", "--skipped", "skipped", "--resume")
OTHER_VALUES: list[Any] = [None, True, -1, 2**70, 0.5, "x", "\ud800", [], {}, [[]], [1], {"x": 1}, [["x"], 1]]


@pytest.fixture
def stopped(project: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that ended in its second input, with each kind of item in its journal."""
    monkeypatch.setattr("mapper.streams.inputs.CHUNK", 500)
    monkeypatch.setattr("mapper.streams.recording.CHECKPOINT", 1_500)
    write(project / "a", ndjson(ORDER, SOON, TEST) * 10)
    write(project / "b", ndjson(ORDER, SOON, TEST) * 10)
    with monkeypatch.context() as patched:
        patched.setattr("mapper.streams.run._check_inputs", interrupt)
        assert call(*ARGUMENTS[:-1]).code == 130
    return project


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def assert_refused(stopped: Path, call: Call, data: bytes, words: str) -> None:
    write(stopped / "out.progress", data)
    before = files(stopped)
    ended = call(*ARGUMENTS)
    assert (ended.code, ended.out) == (2, ""), (data, ended)
    assert ended.err.startswith("mapper: ")
    assert (ended.err.count("\n"), words in ended.err) == (1, True), ended
    assert files(stopped) == before


def test_a_flipped_bit_is_refused(stopped: Path, call: Call) -> None:
    data, chance = (stopped / "out.progress").read_bytes(), random.Random(6)
    bits = {*range(0, 8 * 90, 5), *chance.sample(range(8 * len(data)), 500)}
    words = set()
    for bit in sorted(bits):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path = write(stopped / "flipped", bytes(flipped))
        with pytest.raises(Stop) as refused:
            read_journal(path)
        words.add(str(refused.value).split("`; ")[0].partition("` ")[2].partition(";")[0])
        assert refused.value.code == 2
    assert words == {
        "is no journal of a run",
        "is a journal of another version of mapper",
        "is damaged: it was cut short or altered",
    }
    for bit in chance.sample(sorted(bits), 9):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        assert_refused(stopped, call, bytes(flipped), "`out.progress` is ")


def test_a_cut_is_refused(stopped: Path, call: Call) -> None:
    data = (stopped / "out.progress").read_bytes()
    for size in range(0, len(data), 9):
        path = write(stopped / "cut", data[:size])
        with pytest.raises(Stop, match=r"damaged|no journal"):
            read_journal(path)
    for size in (0, 1, 40, 100, len(data) - 1):
        assert_refused(stopped, call, data[:size], "`out.progress` is damaged")
    assert_refused(stopped, call, data + b" ", "`out.progress` is damaged")
    assert_refused(stopped, call, b"{}", "`out.progress` is no journal of a run")


def changes(value: Any) -> Iterator[Callable[[Any], Any]]:
    """Every way to change one member of a JSON value: removed, added, and replaced by other values."""
    match value:
        case dict():
            for key, inner in value.items():
                yield lambda found, key=key: {name: one for name, one in found.items() if name != key}
                for change in changes(inner):
                    yield lambda found, key=key, change=change: {**found, key: change(found[key])}
            yield lambda found: {**found, "more": 1}
        case list():
            yield lambda found: found[1:] if found else [None]
            yield lambda found: [*found, *(found[:1] or [None])]
            for index, inner in enumerate(value):
                for change in changes(inner):
                    yield lambda found, index=index, change=change: [
                        *found[:index],
                        change(found[index]),
                        *found[index + 1 :],
                    ]
    for other in OTHER_VALUES:
        yield lambda _, other=other: copy.deepcopy(other)


def numbers_of(document: Any) -> Iterator[tuple[Any, Any]]:
    """Each place that holds a number: the container and its key."""
    places = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in places:
        if isinstance(value, dict | list):
            yield from numbers_of(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield document, key


def resealed(document: Any) -> bytes:
    return seal(journal._KIND, journal.VERSION, json.dumps(document).encode("ascii"))


@pytest.mark.slow
def test_any_changed_field_ends_with_a_word(stopped: Path, call: Call) -> None:
    """Each field is changed in every way and sealed anew, as another build of mapper would do."""
    document = json.loads((stopped / "out.progress").read_bytes().split(b"\n", 2)[2])
    path, refused, kept = stopped / "changed", 0, []
    for change in changes(document):
        changed = change(document)
        write(path, resealed(changed))
        try:
            read_journal(path)
            kept.append(changed)
        except Stop:
            refused += 1
    assert (refused > 700, len(kept) > 20) == (True, True)
    # A field of the right form is refused for its content, or the run goes on with it.
    whole = stopped / "whole"
    shutil.copytree(stopped, whole, ignore=shutil.ignore_patterns("whole"))
    codes = set()
    for changed in [document, *random.Random(7).sample(kept, 30)]:
        for name in files(whole):
            shutil.copy2(whole / name, stopped / name)
        write(stopped / "out.progress", resealed(changed))
        before = files(stopped)
        ended = call(*ARGUMENTS)
        codes.add(ended.code)
        if ended.code == 2:
            assert ended.err.startswith("mapper: "), changed
            assert files(stopped) == before, changed
        for name in ("out", "skipped"):
            (stopped / name).unlink(missing_ok=True)
    assert {1, 2} <= codes <= {1, 2, 3}


def test_counts_have_to_add_up(stopped: Path) -> None:
    document = json.loads((stopped / "out.progress").read_bytes().split(b"\n", 2)[2])
    assert document["last"]["faults"]
    for container, key in numbers_of(document["last"]):
        is_count = isinstance(container, list) and isinstance(container[0], list)
        if key in ("items", "events", "test order") or is_count:
            container[key] += 1
            with pytest.raises(Stop, match="another build"):
                read_journal(write(stopped / "changed", resealed(document)))
            container[key] -= 1
    for codes in (["M000"], [""], ["M601"]):
        changed = copy.deepcopy(document)
        changed["last"]["faults"][0][0] = codes
        with pytest.raises(Stop, match="another build"):
            read_journal(write(stopped / "changed", resealed(changed)))


def test_each_kind_of_rejection_has_its_first_one(stopped: Path) -> None:
    document = json.loads((stopped / "out.progress").read_bytes().split(b"\n", 2)[2])
    last = document["last"]
    assert last["firsts"]
    wrong = [
        {"firsts": []},
        {"firsts": last["firsts"] * 2},
        {"firsts": [{**last["firsts"][0], "faults": []}, *last["firsts"][1:]]},
        {"faults": [[[], 0], *last["faults"]]},
        {"faults": [*last["faults"], [last["faults"][0][0], 0]]},
    ]
    for fields in wrong:
        with pytest.raises(Stop, match="another build"):
            read_journal(write(stopped / "changed", resealed({**document, "last": {**last, **fields}})))


def test_a_journal_is_read_as_it_was_written(tmp_path: Path) -> None:
    same = {"the mapping": "1", "an odd \udc80 name": "2"}
    last = Checkpoint(file=1, offset=5, line=3, sizes=[1], events=1, items=1, bodies=1)
    written = Journal(same=same, inputs=["x", "y"], last=last, before=Checkpoint(sizes=[0]))
    path = tmp_path / "journal"
    write_journal(path, written)
    assert read_journal(path) == written
    assert [one.name for one in tmp_path.iterdir()] == ["journal"]


def test_where_a_run_goes_on() -> None:
    """From the last checkpoint that has read nothing of an input that changed."""
    start, early = Checkpoint(sizes=[0]), Checkpoint(file=0, offset=9, sizes=[5])
    late = Checkpoint(file=1, offset=7, sizes=[8])

    def goes_on(*changed: int, is_broken: bool = True, last: Checkpoint = late) -> Checkpoint:
        names = ["a", "b", "c"]
        found = Journal(same={}, inputs=names, last=last, before=early, is_broken=is_broken)
        inputs = [name.upper() if number in changed else name for number, name in enumerate(names)]
        return starting_point(found, {}, names, inputs, 1)[0]

    assert goes_on() is late
    assert goes_on(is_broken=False) is late
    assert goes_on(2) is late
    assert goes_on(1) is early
    assert goes_on(1, 2) is early
    assert goes_on(0) == start
    assert goes_on(0, 2) == start
    assert goes_on(1, last=Checkpoint(file=1, sizes=[7])).sizes == [7]
    with pytest.raises(Stop, match="the input `c` changed since"):
        goes_on(2, is_broken=False)
