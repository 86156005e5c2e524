"""Limit trials: inputs that are tried to see in which code they end, and how they are made for any size."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import mapper
from mapper.cli import main
from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.stop import Stop
from mapper.runtime.limits import Limits
from mapper.samples.cases import SampleCase
from mapper.streams.journal import Checkpoint, Journal, read_journal, write_journal
from mapper.transform.sealed import seal
from support.frames import FRAME
from support.places import ROOT

REFUSED = "refused"  # in words: what is no mapping, body or sample has no code


@dataclass(frozen=True)
class Trial:
    """A mapping and a body, in bytes or parsed; `files` lie beside the mapping."""

    properties: str = "{a: $.a}"
    body: object = b'{"a": 1}'
    head: str = ""
    tail: str = ""
    files: dict[str, str] = field(default_factory=dict)

    def written(self, folder: Path) -> Path:
        """The mapping's file in a folder, with those beside it."""
        for name, text in self.files.items():
            (folder / name).write_text(text, "utf-8")
        path = folder / "m.yaml"
        path.write_text(self.head + FRAME.replace("PROPERTIES", self.properties) + self.tail, "utf-8")
        return path

    def prepared(self, limits: Limits | None = None) -> Callable[[], str]:
        """A call, made once, that compiles, maps the body, and gives the codes of what goes wrong."""
        folder = Path(tempfile.mkdtemp(prefix="limit-"))
        path = self.written(folder)

        def call() -> str:
            try:
                result = mapper.load(path, limits=limits)(self.body)
            except mapper.CompileError as error:
                return " ".join(sorted({d.code for d in error.diagnostics}))
            finally:
                shutil.rmtree(folder)
            return " ".join(sorted({code for rejected in result.rejected for code in rejected.codes}))

        return call


@dataclass(frozen=True)
class FileTrial:
    """A file of other kinds; `read` gives the code in which reading it ends, if it does."""

    content: bytes
    read: Callable[[Path], str]

    def prepared(self, limits: Limits | None = None) -> Callable[[], str]:
        """A call, made once, that reads the file; no limit that can be set is one of such files."""
        folder = Path(tempfile.mkdtemp(prefix="limit-"))
        (folder / "file.json").write_bytes(self.content)

        def call() -> str:
            try:
                return self.read(folder / "file.json")
            finally:
                shutil.rmtree(folder)

        return call


@dataclass(frozen=True)
class LimitInput:
    """An input for a limit: `make` takes its size in the unit of the limit, `code` ends a larger one."""

    code: str
    make: Callable[[int], Trial | FileTrial]
    limit: int
    is_slow: bool = False

    def trial(self, share: float) -> Trial | FileTrial:
        """The input of a share of the limit."""
        size = self.limit * share
        return self.make(int(size) if share < 1 else math.ceil(size))


def body_of(**members: object) -> bytes:
    """A body as compact JSON."""
    return json.dumps(members, separators=(",", ":")).encode()


def of_schema(schema: object, fields: str = "{a: $.a}", body: object = b'{"a": 1}') -> Trial:
    """A mapping whose target has a schema for the field `a`."""
    document = json.loads((ROOT / "schemas" / "event.schema.json").read_text("utf-8"))
    document["properties"]["event_properties"]["properties"] = {"a": schema}
    files = {"own.schema.json": json.dumps(document)}
    return Trial(fields, body, "target: own.schema.json\n", files=files)


# --- files


def sample(size: int) -> FileTrial:
    """A sample of so many bytes."""
    return FileTrial(b'{"a":1}' + b" " * (size - 7), _read_sample)


def _read_sample(path: Path) -> str:
    found = SampleCase("m", "x", path, path).load()
    return found.code if isinstance(found, Diagnostic) else ""


def saved_form(size: int) -> FileTrial:
    """A saved transform of so many bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.saved"
        mapper.compile(FRAME.replace("PROPERTIES", "{a: $.a}")).save(path)
        return FileTrial(_longer(path.read_bytes(), size, b"\n"), _read_saved)


def _read_saved(path: Path) -> str:
    try:
        mapper.Transform.open(path)
    except mapper.TransformError:
        return REFUSED
    return ""


def journal(size: int) -> FileTrial:
    """A journal of so many bytes."""
    start = Checkpoint(sizes=[0])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        write_journal(path, Journal(same={}, inputs=["x"], last=start, before=start))
        return FileTrial(_longer(path.read_bytes(), size, b""), _read_journal)


def _read_journal(path: Path) -> str:
    try:
        read_journal(path)
    except Stop:
        return REFUSED
    return ""


def _longer(sealed: bytes, size: int, before: bytes) -> bytes:
    """Sealed bytes that are longer by blanks, put in the first `before` of the content or at its end."""
    first, _, content = sealed.split(b"\n", 2)
    kind, version = first.decode("ascii").rsplit(" ", 1)
    at = content.index(before) if before else len(content)
    return seal(kind, int(version), content[:at] + b" " * (size - len(sealed)) + content[at:])


def document(size: int) -> FileTrial:
    """The input of a run: a document of so many bytes over several lines."""
    return FileTrial(b'{"a":\n1' + b" " * (size - 8) + b"}", _run)


def _run(path: Path) -> str:
    mapping, rejected = path.with_name("m.yaml"), path.with_name("rejected")
    mapping.write_text(FRAME.replace("PROPERTIES", "{a: $.a}"), "utf-8")
    limits = ("--limit", "body_bytes=100000000")
    events = str(path.with_name("events"))
    main(["run", str(mapping), str(path), "-o", events, "--rejected", str(rejected), *limits])
    found = [json.loads(line)["codes"] for line in rejected.read_text("utf-8").splitlines()]
    return " ".join(sorted({code for codes in found for code in codes}))
