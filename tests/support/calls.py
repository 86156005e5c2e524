"""Calls of the command line, and a small project to call it in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.places import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
ORDERS = """\
mapping: orders
version: 1
each: [$.orders, $]
skip:
  - when: test == true
    reason: test order
event:
  event_id: {path: $.id, as: string, on_missing: reject}
  event_name: {path: $.type, as: string, on_missing: reject}
  user_id: {path: $.customer, as: string, on_missing: reject}
  timestamp: {path: $.at, as: timestamp, on_missing: reject}
  event_properties: {path: $.details, as: object, default: {}}
"""
UNSET = "mapping: unset\nversion: 1\nevent:\n  event_id: one\n"
ORDER = {"id": "o1", "type": "paid", "customer": "c1", "at": "2026-11-23T20:00:00Z", "details": {"total": 12}}
EVENT = {
    "event_id": "o1",
    "event_name": "paid",
    "user_id": "c1",
    "timestamp": "2026-11-23T20:00:00.000Z",
    "event_properties": {"total": 12},
}
ONE_EVENT = {"events": [EVENT], "skipped": [], "rejected": []}


@dataclass(frozen=True)
class Ended:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def closing(self) -> str:
        return self.out.splitlines()[-1]


Call = Callable[..., Ended]


def shell(command: str, *, cwd: Path, stdin: bytes = b"") -> Ended:
    """Calls `mapper` (as `$MAPPER`) in a shell."""
    environment = {**ENVIRONMENT, "MAPPER": f"{sys.executable} -m mapper"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=cwd, env=environment, input=stdin, capture_output=True, timeout=300
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def write(path: Path, content: str | bytes) -> Path:
    """Write a file, and the folders around it; the path of the file.

    It is there as a whole at once, in place of one before it: who watches the file or its folder never sees
    an empty file, half of one, or one of another name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    place = Path(os.path.realpath(path))
    # Beside the folder, not in it: one of samples is watched itself.
    new = place.parent.parent / f"written-{os.getpid()}-{threading.get_ident()}"
    new.write_bytes(content.encode() if isinstance(content, str) else content)
    new.replace(place)
    return path


def add_case(
    project: Path, name: str, body: object, expected: object = None, mapping: str = "orders"
) -> Path:
    """Add a case to a mapping of the project, with its expectation if there is one."""
    folder = project / "mappings" / mapping
    write(folder / f"{name}.json", json.dumps(body))
    path = folder / f"{name}.expected.json"
    return path if expected is None else write(path, json.dumps(expected))


def lines(path: Path) -> list[dict[str, object]]:
    """The values of a file of JSON lines."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def ndjson(*bodies: object) -> bytes:
    """Bodies as JSON lines."""
    return b"".join(json.dumps(body).encode() + b"\n" for body in bodies)
