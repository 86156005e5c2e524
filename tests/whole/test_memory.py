"""Memory: without enough of it, a mapping, a body or a command ends with a code and a word of advice."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import mapper
from support.examples import slow_but
from support.frames import FRAME, text_of
from support.places import ROOT, TESTS

MEGABYTE = 1024 * 1024
LARGE = FRAME.replace("PROPERTIES", "{" + ", ".join(f"k{i}: $.k{i}" for i in range(700)) + "}")
MANY = FRAME.replace("PROPERTIES", "{a: {map: $.x, to: {a: {}, b: []}}}")
ELEMENTS = 100_000
BODY = b'{"x":[' + b"0," * ELEMENTS + b"0]}"


def codes_of(result: mapper.Result | mapper.JsonResult) -> str:
    assert len(result.events) + len(result.rejected) == result.items == 1
    return " ".join(code for rejected in result.rejected for code in rejected.codes)


def compiled(text: str) -> str:
    try:
        mapper.compile(text)
    except mapper.CompileError as error:
        return " ".join(diagnostic.code for diagnostic in error.diagnostics)
    return ""


def jobs() -> dict[str, Callable[[], str]]:
    """What is tried, by its name; what is imported late is loaded here."""
    transform, parsed = mapper.compile(MANY), json.loads(BODY)
    compiled(FRAME.replace("PROPERTIES", text_of("{{ a }}")))
    codes_of(transform(b"{}"))

    return {
        "compile": lambda: compiled(LARGE),
        "check": lambda: " ".join(diagnostic.code for diagnostic in mapper.check(LARGE)),
        "bytes": lambda: codes_of(transform(BODY)),
        "json": lambda: codes_of(transform.json(BODY)),
        "parsed": lambda: codes_of(transform(parsed)),
        "stream": lambda: codes_of(transform.stream(BODY).collect()),
    }


def outcome(job: Callable[[], str], megabytes: float) -> str:
    """The codes that a job ends with in a process that gets so many megabytes more."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        said = "died"
        try:
            size = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
            limit = int(size + megabytes * MEGABYTE)
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            said = job()
        except BaseException as error:  # a MemoryError is what is looked for
            said = type(error).__name__
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def tried(name: str) -> None:
    """Print how a job ends with more and more megabytes."""
    job = jobs()[name]
    print(json.dumps([outcome(job, megabytes) for megabytes in (0, 1, 2, 4, 200)]))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and limits of memory")
@pytest.mark.parametrize(
    "name", slow_but(["bytes"], ["compile", "check", "bytes", "json", "parsed", "stream"])
)
def test_too_little_memory_is_a_code(name: str) -> None:
    # In a process of its own: one that has run other tests has memory to spare.
    code = f"from whole.test_memory import tried; tried({name!r})"
    path = f"{TESTS}{os.pathsep}{ROOT}"
    words = [sys.executable, "-c", code]
    ended = subprocess.run(words, env={"PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert not ended.returncode, ended.stderr
    found = json.loads(ended.stdout)
    assert set(found) == {"M902", ""}, found
    assert (found[0], found[-1]) == ("M902", "")


def test_a_mapping_without_memory_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    for stage in ("read_document", "load_references", "check_program", "compile_module"):
        with monkeypatch.context() as patch:
            patch.setattr(f"mapper.compiler.{stage}", fail)
            (found,) = mapper.check(LARGE)
        assert (found.code, found.labels[0].span.file.text) == ("M902", LARGE), stage
        assert found.hints[0].startswith("give the process more")


# Runs a command; the last line of its output is the most address space that it took, in kB.
MEASURED = """import runpy, sys
try:
    runpy.run_module("mapper", run_name="__main__")
finally:
    with open("/proc/self/status") as status:
        print(next(line.split()[1] for line in status if line.startswith("VmPeak")))
"""


def command(
    *words: str, folder: Path, code: str = "", megabytes: float = 0
) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if megabytes:
            resource.setrlimit(resource.RLIMIT_AS, (int(megabytes * MEGABYTE),) * 2)

    return subprocess.run(
        [sys.executable, *(["-c", code] if code else ["-m", "mapper"]), *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )


def megabytes_of(*words: str, folder: Path) -> float:
    return int(command(*words, folder=folder, code=MEASURED).stdout.split()[-1]) / 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs limits of memory")
@pytest.mark.parametrize(
    "words", [["check", "large.yaml"], ["test", "large.yaml"], ["run", "many.yaml", "b.json"]]
)
def test_a_command_without_memory_ends_with_a_line(words: list[str], tmp_path: Path) -> None:
    """It gets more than what starts it, and less than all that it takes."""
    (tmp_path / "large.yaml").write_text(LARGE, "utf-8")
    (tmp_path / "many.yaml").write_text(MANY, "utf-8")
    (tmp_path / "b.json").write_bytes(BODY)
    least, most = megabytes_of("--version", folder=tmp_path), megabytes_of(*words, folder=tmp_path)
    failed = 0
    for share in (0.1, 0.5, 0.7, 0.9):
        megabytes = least + share * (most - least)
        done = command(*words, folder=tmp_path, megabytes=megabytes)
        said = done.stdout + done.stderr
        assert "Traceback" not in said, (megabytes, said[-2_000:])
        if "no memory is left" in said or "cannot be loaded" in said:
            failed += 1
            assert done.returncode == 1, (megabytes, said)
    assert failed
