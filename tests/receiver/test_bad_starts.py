"""Bad starts: what cannot be served is said, the exit code is 2, and nothing on the disk is touched."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

from mapper.cli import main
from mapper.receiver.spool.spool import DATABASE, Spool
from support.calls import ORDERS, write
from support.spools import order, received

VERIFY = "{header: X-Key, secrets: [{env: OTHER}, {file: key}]}"
SOURCE = f"  - {{path: /orders, mapping: ./orders.yaml, verify: {VERIFY}}}\n"
CONFIGURATION = f"receiver: 1\nlisten: 127.0.0.1:0\nsources:\n{SOURCE}"
SECRETS = ("s3cret-of-the-file", "s3cret-of-the-environment")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a receiver; it would be served if nothing else was wrong."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it is served")

    monkeypatch.setattr("mapper.receiver.serving.serve", refuse)
    monkeypatch.setenv("OTHER", SECRETS[1])
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "receiver.yaml", CONFIGURATION)
    write(tmp_path / "orders.yaml", ORDERS)
    write(tmp_path / "key", SECRETS[0])
    return tmp_path


def content(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """All files of a folder: mode, time of change, and bytes."""
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        is_file = path.is_file() and not path.is_symlink()
        found[str(path)] = (state.st_mode, state.st_mtime_ns, path.read_bytes() if is_file else b"")
    return found


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The message of a start that fails."""
    assert main(["serve", *(words or ("receiver.yaml",))]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert not [secret for secret in SECRETS if secret in err]
    return err


def test_the_folder_of_these_tests_would_be_served(home: Path) -> None:
    with pytest.raises(AssertionError, match="it is served"):
        main(["serve", "receiver.yaml"])


def configured(old: str, new: str) -> Callable[[Path], AbstractContextManager[Any]]:
    def change(home: Path) -> AbstractContextManager[Any]:
        assert old in CONFIGURATION
        write(home / "receiver.yaml", CONFIGURATION.replace(old, new))
        return nullcontext()

    return change


def without_variable(home: Path) -> AbstractContextManager[Any]:
    del os.environ["OTHER"]  # `monkeypatch` has set it, and sets it back
    return nullcontext()


def mapping_of(text: str) -> Callable[[Path], AbstractContextManager[Any]]:
    def change(home: Path) -> AbstractContextManager[Any]:
        write(home / "orders.yaml", text)
        return nullcontext()

    return change


@contextmanager
def port_in_use(home: Path) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        write(home / "receiver.yaml", CONFIGURATION.replace(":0", f":{port}"))
        yield


def gone(name: str) -> Callable[[Path], AbstractContextManager[Any]]:
    def change(home: Path) -> AbstractContextManager[Any]:
        (home / name).unlink()
        return nullcontext()

    return change


@dataclass(frozen=True)
class BadStart:
    """How to spoil a folder, and texts of the message."""

    spoil: Callable[[Path], AbstractContextManager[Any]]
    said: tuple[str, ...]


BEFORE_THE_SPOOL: dict[str, BadStart] = {
    "no configuration": BadStart(gone("receiver.yaml"), ("receiver.yaml",)),
    "no YAML": BadStart(configured("sources:", "sources: ["), ("error[M", "receiver.yaml:")),
    "a key that is not known": BadStart(
        configured("verify:", "verfy:"), ("error[M1", "receiver.yaml:4:", "did you mean `verify`?")
    ),
    "a destination of another kind": BadStart(
        configured("sources:", "destinations: [{name: a, htp: {}}]\nsources:"),
        ("error[M1", "receiver.yaml:3:"),
    ),
    "two sources on one path and method": BadStart(
        configured(SOURCE, SOURCE + SOURCE),
        ("error[M701]: two sources take POST on `/orders`", "receiver.yaml:5:", "first here"),
    ),
    "a variable that is not set": BadStart(
        without_variable, ("error[M703]: the environment variable `OTHER` holds no secret", "it is not set")
    ),
    "a file of a secret that is not there": BadStart(gone("key"), ("error[M703]: the file `key`",)),
    "a mapping that does not compile": BadStart(
        mapping_of(ORDERS.replace("mapping: orders", "mappin: orders")), ("error[M1", "orders.yaml:")
    ),
    "a mapping that is not there": BadStart(gone("orders.yaml"), ("error[M003]", "receiver.yaml:4:")),
    "a profile that is not there": BadStart(
        configured("verify:", "profile: segmnt, verify:"), ("error[M014]", "did you mean `segment`?")
    ),
    "a port that is in use": BadStart(port_in_use, ("cannot listen on 127.0.0.1:", "Address already in use")),
    "an address of another machine": BadStart(
        configured("127.0.0.1:0", "192.0.2.1:9"), ("cannot listen on 192.0.2.1:9",)
    ),
    "a name that nobody knows": BadStart(
        configured("127.0.0.1:0", "nobody.invalid:9"), ("cannot listen on nobody.invalid:9",)
    ),
}


@pytest.mark.parametrize("name", BEFORE_THE_SPOOL)
def test_a_bad_configuration_is_told_before_anything_is_made(
    home: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    case = BEFORE_THE_SPOOL[name]
    with case.spoil(home):
        before = content(home)
        text = refused(capsys)
        assert not [words for words in case.said if words not in text], text
        assert content(home) == before


def test_options_and_configuration_exclude_each_other(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = content(home)
    for words in (("--port", "1"), ("--spool", "other")):
        assert "`listen` and `spool` are in the configuration" in refused(capsys, "receiver.yaml", *words)
    for option in ("--check", "--openapi"):
        assert "needs the file of a configuration" in refused(capsys, option)
    assert content(home) == before


def spoilt(statement: str) -> Callable[[Path], AbstractContextManager[Any]]:
    def change(spool: Path) -> AbstractContextManager[Any]:
        with closing(sqlite3.connect(spool / DATABASE)) as db:
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute(statement)
            db.commit()
        return nullcontext()

    return change


@contextmanager
def in_use(spool: Path) -> Iterator[None]:
    opened = Spool.open(spool)
    yield
    opened.close()


def no_database(spool: Path) -> AbstractContextManager[Any]:
    (spool / DATABASE).write_bytes(b"notes" * 1000)
    return nullcontext()


def file_in_its_place(spool: Path) -> AbstractContextManager[Any]:
    shutil.rmtree(spool)
    spool.write_text("notes")
    return nullcontext()


BAD_SPOOLS: dict[str, BadStart] = {
    "of a newer version": BadStart(
        spoilt("PRAGMA user_version = 99"), ("is of version 99", "the newer mapper")
    ),
    "of another program": BadStart(
        spoilt("PRAGMA application_id = 7"), ("is a database of another program; choose another folder",)
    ),
    "no database": BadStart(no_database, ("cannot be read as a spool",)),
    "open already": BadStart(in_use, ("is in use by another receiver; each needs a folder of its own",)),
    "a file": BadStart(file_in_its_place, ("something else has its name",)),
}


def make_spool(folder: Path) -> Path:
    """A spool with a request."""
    spool = Spool.open(folder)
    spool.append([received(order(1))])
    spool.close()
    return folder


@pytest.mark.parametrize("name", BAD_SPOOLS)
def test_a_spool_that_cannot_be_used_is_told_and_stays(
    home: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    spool = make_spool(home / "spool")
    case = BAD_SPOOLS[name]
    with case.spoil(spool):
        before = content(home)
        text = refused(capsys)
        assert not [words for words in case.said if words not in text], text
        assert content(home) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_full_or_read_only_is_told(
    home: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_spool(small_disk / "spool")
    write(home / "receiver.yaml", CONFIGURATION + "spool: {folder: disk/spool}\n")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    before = content(home)
    assert "choose a folder on a disk that can be written" in refused(capsys)
    assert content(home) == before
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    write(home / "receiver.yaml", CONFIGURATION + "spool: {folder: disk/another}\n")
    with (small_disk / "ballast").open("wb") as stream:
        stream.write(bytes(os.statvfs(small_disk).f_bavail * 4096))
    requests = content(small_disk / "spool")
    assert "full" in refused(capsys)
    assert content(small_disk / "spool") == requests
