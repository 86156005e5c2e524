"""`--watch`: each change is answered once, whole, and only for the mappings that it concerns."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mapper.catalog.references import places_of_references
from mapper.cli.check import _find
from mapper.cli.watching import INTERVAL, MAX_SETTLING, SETTLING, changes, finder, with_samples
from support.calls import ENVIRONMENT, ORDER, ORDERS, UNSET, Call, add_case, write
from support.places import ROOT
from support.waiting import PATIENCE, until

SCHEMA = '{"type": "object", "properties": {"id": {"type": "string"}}}'
Edit = Callable[[], object]


class End(Exception):
    """The script of a fake clock is at its end."""


class Clock:
    """A pause that takes no time: at each look that waits for a change, the next edit is made."""

    def __init__(self, *edits: Edit, while_settling: tuple[Edit, ...] = ()) -> None:
        self.edits = list(edits)
        self.while_settling = list(while_settling)
        self.settled = 0

    def __call__(self, seconds: float) -> None:
        if seconds == SETTLING:
            self.settled += 1
            if self.while_settling:
                self.while_settling.pop(0)()
            return
        assert seconds == INTERVAL
        if not self.edits:
            raise End
        self.edits.pop(0)()


def answered(
    words: list[str], clock: Clock, files_of: Callable[[Path], object] = places_of_references
) -> Iterator[tuple[set[str], set[str]]]:
    """The names of changed and of gone mappings, change by change, after the first answer."""
    found = changes(finder(words, _find), files_of, clock)  # type: ignore[arg-type]
    next(found)
    try:
        for changed, gone in found:
            yield {path.name for path in changed}, {path.name for path in gone}
    except End:
        pass


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "mappings/orders.yaml", "source: orders.schema.json\n" + ORDERS)
    write(tmp_path / "mappings/unset.yaml", UNSET)
    write(tmp_path / "schemas/orders.schema.json", SCHEMA)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_what_changed_is_answered_for(two: Path) -> None:
    orders, unset = two / "mappings/orders.yaml", two / "mappings/unset.yaml"
    schema = two / "schemas/orders.schema.json"
    clock = Clock(
        lambda: None,
        lambda: write(orders, ORDERS + "# more\n"),
        lambda: None,
        lambda: write(unset, UNSET + "\n"),
        lambda: write(orders, "source: orders.schema.json\n" + ORDERS),
        lambda: write(schema, SCHEMA + "\n"),
        lambda: os.utime(schema),  # the same text, written again
        lambda: write(two / "mappings/orders.schema.json", SCHEMA),  # a schema that is found before the other
        lambda: (two / "mappings/orders.schema.json").unlink(),
        lambda: write(two / "schemas/event.schema.json", SCHEMA),  # a target in place of the shipped one
    )
    seen = list(answered([], clock))
    o, u = {"orders.yaml"}, {"unset.yaml"}
    assert seen == [(one, set()) for one in (o, u, o, o, o, o, o, o | u)]


def test_files_that_vanish_and_come_back(two: Path) -> None:
    orders, aside = two / "mappings/orders.yaml", two / "mappings/orders.yaml~"
    clock = Clock(
        lambda: orders.rename(aside),
        lambda: None,
        lambda: aside.rename(orders),
        lambda: write(two / "mappings/new.yaml", UNSET),
        lambda: (two / "mappings").rename(two / "other"),
        lambda: (two / "other").rename(two / "mappings"),
    )
    everything = {"orders.yaml", "unset.yaml", "new.yaml"}
    assert list(answered(["mappings"], clock)) == [
        (set(), {"orders.yaml"}),
        ({"orders.yaml"}, set()),
        ({"new.yaml"}, set()),
        (set(), everything),
        (everything, set()),
    ]


@pytest.mark.parametrize("word", ["mappings/orders.yaml", "orders"])
def test_an_editor_that_replaces_the_file_is_one_change(two: Path, word: str) -> None:
    orders, copy = two / "mappings/orders.yaml", two / "mappings/.orders.yaml.swp"
    write(copy, ORDERS + "# more\n")
    clock = Clock(orders.unlink)
    found = changes(finder([word], _find), places_of_references, clock)
    next(found)
    # It is gone for one look, and there again before it was left alone.
    clock.while_settling = [lambda: copy.replace(orders)]
    changed, gone = next(found)
    assert ([path.name for path in changed], gone) == (["orders.yaml"], [])
    with pytest.raises(End):
        next(found)


def test_no_half_of_a_file_is_read(two: Path) -> None:
    orders = two / "mappings/orders.yaml"
    pieces = [ORDERS[:20], ORDERS[:60], ORDERS]
    clock = Clock(lambda: write(orders, ""))
    found = changes(finder(["orders"], _find), places_of_references, clock)
    next(found)
    clock.while_settling = [lambda text=text: write(orders, text) for text in pieces]  # type: ignore[misc]
    next(found)
    assert orders.read_text() == ORDERS  # all of it was there when the answer was asked for
    assert clock.settled == 2 + len(pieces)


def test_a_file_that_never_rests_is_read_all_the_same(two: Path) -> None:
    orders = two / "mappings/orders.yaml"

    def grow() -> None:
        write(orders, orders.read_text() + "#\n")

    clock = Clock(grow)
    found = changes(finder(["orders"], _find), places_of_references, clock)
    next(found)
    clock.settled, clock.while_settling = 0, [grow] * 100
    changed, _ = next(found)
    assert [path.name for path in changed] == ["orders.yaml"]
    assert clock.settled == MAX_SETTLING


def test_broken_text_keeps_the_files_that_were_known(two: Path) -> None:
    orders, schema = two / "mappings/orders.yaml", two / "schemas/orders.schema.json"
    clock = Clock(lambda: write(orders, "mapping: ["), lambda: write(schema, SCHEMA + " "))
    assert list(answered(["orders"], clock)) == [({"orders.yaml"}, set())] * 2


def test_samples_are_watched_by_test(two: Path) -> None:
    folder = two / "mappings/orders"
    clock = Clock(
        lambda: write(folder / "paid.json", json.dumps(ORDER)),
        lambda: write(folder / "paid.json", json.dumps(ORDER) + "\n"),
        lambda: write(folder / "paid.expected.json", "{}"),
        lambda: (folder / "paid.json").unlink(),
        lambda: write(two / "mappings/orders.schema.json", SCHEMA),
    )
    seen = list(answered(["orders", "unset"], clock, with_samples))
    assert seen == [({"orders.yaml"}, set())] * 5


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--watch", "--format", "json"),
        ("test", "--watch", "--format", "github"),
        ("test", "--watch", "--update"),
        ("test", "--watch", "--junit", "x"),
    ],
)
def test_a_watch_is_for_people(project: Path, call: Call, arguments: tuple[str, ...]) -> None:
    ended = call(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "`--watch` is for people" in ended.err


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_watch_of_nothing_is_wrong_usage(project: Path, call: Call, command: str) -> None:
    ended = call(command, "mappings/no.yaml", "--watch")
    assert (ended.code, ended.err) == (2, "mapper: no mapping file `mappings/no.yaml`\n")


class Process:
    """A watch as a process of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mapper", *arguments, "--watch"],
            cwd=folder,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell that runs the tests in the background has Ctrl-C ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.milliseconds: list[int] = []

    def answer(self) -> str:
        """The next answer, without its last line."""
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            if end := re.search(r" in (\d+) ms; waiting for a change", line):
                self.milliseconds.append(int(end[1]))
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"it ended: {''.join(lines)}")

    def interrupt(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


@contextmanager
def watching(folder: Path, *arguments: str) -> Iterator[Process]:
    process = Process(folder, *arguments)
    try:
        yield process
    finally:
        process.process.kill()
        process.process.communicate()


def test_check_answers_again_until_it_is_interrupted(two: Path) -> None:
    orders = two / "mappings/orders.yaml"
    right = orders.read_text()
    with watching(two, "check") as process:
        assert process.answer().endswith("4 errors, 4 warnings in 2 mappings\n")
        write(orders, "mapping: [")
        broken = process.answer()
        assert "mappings/orders.yaml:" in broken
        assert "mappings/unset.yaml: as before, 4 errors\n" in broken
        assert "M501" not in broken
        write(orders, b"\xff\xfe")
        assert "UTF-16" in process.answer()
        orders.unlink()
        assert "mappings/orders.yaml is gone\n" in process.answer()
        write(orders, right)
        assert "error[M501]" not in process.answer()
        write(two / "mappings/unset.yaml", ORDERS)
        assert "unset.yaml: not checked" in process.answer()
        assert process.interrupt() == (0, "")


@pytest.mark.slow
def test_test_answers_again_until_it_is_interrupted(project: Path) -> None:
    add_case(project, "paid", ORDER, {"events": [], "skipped": [], "rejected": []})
    write(project / "mappings/unset.yaml", UNSET)
    with watching(project, "test") as process:
        assert "orders/paid failed" in process.answer()
        (project / "mappings/unset.yaml").unlink()
        gone = process.answer()
        assert "mappings/unset.yaml is gone\n" in gone
        assert "orders/paid failed" not in gone
        write(project / "mappings/orders/paid.json", "{")
        assert "1 failed" in process.answer()
        assert process.interrupt() == (0, "")


@pytest.mark.slow
def test_a_template_is_watched_with_its_schema(tmp_path: Path) -> None:
    template = write(tmp_path / "body.liquid", '{"id": {{ id | json }}}')
    schema = write(tmp_path / "s.json", '{"type": "object"}')
    with watching(tmp_path, "check", "body.liquid", "--source", "s.json") as process:
        assert "no problems in 1 template" in process.answer()
        write(schema, '{"type": "object", "properties": {"id": {"type": "string"}}}')
        assert "1 template" in process.answer()
        write(template, '{"id": {{ id }}}')
        assert "refuted" in process.answer()
        template.unlink()
        assert "body.liquid is gone" in process.answer()
        assert process.interrupt() == (0, "")


@pytest.mark.slow
def test_a_reader_that_leaves_ends_it(two: Path) -> None:
    with watching(two, "check", "orders") as process:
        process.answer()
        assert process.process.stdout is not None
        process.process.stdout.close()
        write(two / "mappings/orders.yaml", ORDERS)
        assert process.process.wait(PATIENCE) == 141


@pytest.mark.slow
@pytest.mark.parametrize("command", ["check", "test"])
def test_answers_again_take_less_than_half_of_the_first(tmp_path: Path, command: str) -> None:
    """What the first one has imported is there. One that is quick is enough: machines are busy."""
    for folder in ("mappings", "schemas"):
        subprocess.run(["cp", "-r", str(ROOT / folder), str(tmp_path / folder)], check=True)
    mapping = tmp_path / "mappings/segment.yaml"
    with watching(tmp_path, command, "segment") as process:
        process.answer()

        def is_quick() -> bool:
            write(mapping, mapping.read_text() + "#\n")
            process.answer()
            return process.milliseconds[-1] < process.milliseconds[0] / 2

        until(is_quick)
