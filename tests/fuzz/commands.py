"""Commands: the command line in this process and in a folder of its own; each mapping is compiled once."""

from __future__ import annotations

import atexit
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from unittest import mock

from mapper.api import load
from mapper.cli import main
from mapper.streams.envelope_needs import envelope_needs

MEMORY_DISK = Path("/dev/shm")  # syncing is a matter for other tests
OUTPUTS = ("out", "skip", "no")
NUMBERS = re.compile(
    r"^[\d,]+ bod(?:y|ies) · ([\d,]+) items? = ([\d,]+) events? \+ ([\d,]+) skipped \+ ([\d,]+)", re.M
)
MESSAGE = re.compile(r"[^\n\x00-\x1f\x7f-\x9f]*\n")

MAPPINGS = {
    "orders": """\
each: [$.orders, $]
skip:
  - {when: test == true, reason: test order}
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: {path: $.type, as: string, on_missing: reject}
  user_id: {path: $.customer, as: string, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject}
  event_properties: {path: $.details, as: object, default: {}}
""",
    "shops": """\
each: ["$.shops[*].orders[*]", "$[*]"]
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Ordered
  user_id: {envelope: $.shop.name, as: string, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, from: [iso8601, epoch_s], on_missing: reject}
  event_properties: {a: "{{ envelope.shops.size }}", b: "{{ item | json }}"}
""",
    "whole": """\
repair: [trailing_commas]
encoding_errors: replace
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Seen
  user_id: {first_nonblank: ["{{ envelope.user | upcase }}"], on_missing: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject}
  event_properties: {path: $, as: object, default: {}}
""",
    "form": """\
body: {format: form, names: brackets}
each: [$.orders, $]
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: Sent
  user_id: {path: $.user, as: string, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject}
  event_properties: {path: $, as: object, default: {}}
""",
}
BODIES = {
    "orders": [
        '{"orders": [{"id": 1, "type": "paid", "customer": "c", "at": "2026-11-23T20:00:00Z", "details": {}},'
        '{"id": 2, "at": "soon"}, {"test": true}, 5, {"id": "3", "type": "x", "customer": 7, "at": null}]}',
        '{"id": 9, "type": "sent", "customer": "d", "at": "2026-11-23T20:00:00Z"}',
        '{"id": 9, "type": [], "customer": "d", "at": "2026-11-23T20:00:00Z"}',
        "nope",
    ],
    "shops": [
        '{"shop": {"name": "s"}, "shops": [{"orders": [{"id": 1, "at": 1795464000}, {"id": "x"}]}, {}]}',
        '[{"id": 1, "at": "2026-11-23T20:00:00Z"}, null]',
        '{"shops": {"a": 1}}',
    ],
    "whole": [
        '{"id": 1, "user": "u", "at": "2026-11-23T20:00:00Z", "x": [1, 2,],}',
        '{"user": "\xff"}',
        "[]",
    ],
    "form": ["id=1&user=u&at=2026-11-23T20:00:00Z", "orders[0][id]=1&orders[1][user]=u", "%zz=1", ""],
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, and what it printed on standard error."""

    code: int
    printed: str

    @property
    def counts(self) -> tuple[int, ...]:
        """Items, events, skipped and rejected items, as its closing line has them."""
        found = NUMBERS.search(self.printed)
        assert found is not None, "no closing line"
        return tuple(int(number.replace(",", "")) for number in found.groups())


class Workplace:
    """A folder with the mappings, in which commands run."""

    def __init__(self) -> None:
        base = MEMORY_DISK if MEMORY_DISK.is_dir() else None
        self.path = Path(mkdtemp(prefix="fuzz-", dir=base))
        atexit.register(rmtree, self.path, ignore_errors=True)
        for name, text in MAPPINGS.items():
            (self.path / f"{name}.yaml").write_text(f"mapping: {name}\n{text}", "utf-8")
        self._load, self._needs = cache(load), cache(envelope_needs)

    def call(self, *arguments: str) -> Ended:
        """Run a command; what it raises comes through."""
        printed, before = io.TextIOWrapper(io.BytesIO(), "utf-8"), Path.cwd()
        os.chdir(self.path)
        try:
            with self._patched(), mock.patch.object(sys, "stderr", printed):
                code = main(list(arguments))
        finally:
            os.chdir(before)
        printed.flush()
        return Ended(code, printed.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]

    @contextmanager
    def _patched(self) -> Iterator[None]:
        def kept(mapping: Path, limits: object) -> object:
            return self._load(mapping)

        with mock.patch.multiple("mapper.cli.run", load=kept, envelope_needs=self._needs):
            yield

    def run(self, mapping: str, *arguments: str) -> Ended:
        """`mapper run` into three files that are not there before, checked."""
        self.clear()
        files = ("-o", "out", "--skipped", "skip", "--rejected", "no")
        return self.checked(self.call("run", f"{mapping}.yaml", *arguments, *files))

    def checked(self, ended: Ended) -> Ended:
        """What must hold of any run into three files."""
        assert ended.code in (0, 1, 2, 3), f"exit code {ended.code}"
        assert MESSAGE.sub("", ended.printed) == "", "a control character is printed"
        assert "Traceback" not in ended.printed, "a traceback is printed"
        assert ended.printed, "nothing is printed"
        if ended.code in (2, 3):
            assert not any((self.path / name).exists() for name in OUTPUTS), "a name over what is not whole"
            return ended
        items, events, skipped, rejected = ended.counts
        assert items == events + skipped + rejected, "items are lost"
        written = [self.lines(name) for name in OUTPUTS]
        assert [len(lines) for lines in written] == [events, skipped, rejected], (
            "the numbers are not the lines"
        )
        assert ended.code == (1 if rejected else 0), "the wrong exit code"
        return ended

    def lines(self, name: str) -> list[object]:
        """The lines of an output, which are JSON, whatever numbers they hold."""
        return [json.loads(line, parse_int=str) for line in self.read(name).splitlines()]

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        return (self.path / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Write a file."""
        (self.path / name).write_bytes(data)

    def clear(self) -> None:
        """Remove outputs and all that belongs to them."""
        for path in self.path.iterdir():
            if path.name.split(".")[0] in OUTPUTS:
                path.unlink()
