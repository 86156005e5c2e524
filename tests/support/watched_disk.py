"""A watched disk: each call that a run makes on files of a folder is reported, and can be made to fail."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mapper.streams.batches import InputFile
from mapper.transform.request import Request

BY_NAME = ("open", "replace", "unlink", "chmod")  # calls whose first argument is a path
BY_DESCRIPTOR = ("write", "fsync", "ftruncate", "pread", "close")
READS = ("pread", "read")


@dataclass(frozen=True)
class DiskCall:
    """A call, and the file it is about."""

    name: str
    path: Path


@dataclass
class WatchedDisk:
    """Reports each call on files below `folder` to `report`, which may raise what the system would."""

    folder: Path
    report: Callable[[DiskCall], None]
    _open: dict[int, Path] = field(default_factory=dict)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Inside, calls are reported."""
        with pytest.MonkeyPatch.context() as patched:
            for name in BY_NAME:
                patched.setattr(os, name, self._by_name(name, getattr(os, name)))
            for name in BY_DESCRIPTOR:
                patched.setattr(os, name, self._by_descriptor(name, getattr(os, name)))
            disk = self

            class Reported(InputFile):
                """An input whose reads are reported."""

                def readinto(self, buffer: Any) -> int:
                    disk.report(DiskCall("read", Path(str(self.name))))
                    return super().readinto(buffer) or 0

                def close(self) -> None:
                    if not self.closed:
                        disk._open.pop(self.fileno(), None)
                    super().close()

                def readall(self) -> bytes:
                    disk.report(DiskCall("read", Path(str(self.name))))
                    return super().readall()

            def open_raw(name: str | int) -> InputFile:
                assert isinstance(name, str)  # standard input is in no folder
                self.report(DiskCall("read", Path(name)))
                stream = Reported(name)
                self._open[stream.fileno()] = Path(name)
                return stream

            for module in ("batches", "digests", "inputs"):
                patched.setattr(f"mapper.streams.{module}.open_raw", open_raw)
            yield

    def _by_name(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def reported(path: Any, *arguments: Any, **named: Any) -> Any:
            is_ours = isinstance(path, str | Path) and self.folder in Path(path).absolute().parents
            is_ours = is_ours or (isinstance(path, Path) and path == self.folder)
            if is_ours:
                self.report(DiskCall(name, Path(path).absolute()))
            found = call(path, *arguments, **named)
            if name == "open" and is_ours:
                self._open[found] = Path(path).absolute()
            return found

        return reported

    def _by_descriptor(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def reported(descriptor: int, *arguments: Any) -> Any:
            path = self._open.get(descriptor)
            if name == "close":
                self._open.pop(descriptor, None)
                call(descriptor)
            try:
                if path is not None:
                    self.report(DiskCall(name, path))
            except OSError:
                if name == "write":  # a disk that is full takes some of the bytes
                    call(descriptor, arguments[0][: len(arguments[0]) // 2])
                raise
            return None if name == "close" else call(descriptor, *arguments)

        return reported


class BrittleRequest(Request):
    """A request that makes the disk fail in each process that it is sent to, at a read with some number."""

    number = 1

    def __reduce__(self) -> tuple[Callable[[int], Request], tuple[int]]:
        return _fail_here, (self.number,)


def _fail_here(number: int) -> Request:
    read, left = os.pread, number

    def failing(descriptor: int, size: int, offset: int) -> bytes:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, size, offset)

    os.pread = failing
    return Request()


@dataclass
class FailsOnce:
    """A report that makes one of the calls fail: the one with that number, from 1 on."""

    number: int
    seen: list[DiskCall] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: DiskCall) -> None:
        with self._lock:
            self.seen.append(call)
            is_failing = len(self.seen) == self.number
        if is_failing:
            code = errno.EIO if call.name in READS else errno.ENOSPC
            raise OSError(code, os.strerror(code))
