"""Files of events: one that is appended to, or files by time, of which each gets its name when it is whole.

All bytes are synced before events are marked as delivered. The position has the size of the file then; bytes
behind it are of events that will come again, so they are cut off.
"""

from __future__ import annotations

import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mapper.receiver.configuration.settings import GIGABYTE
from mapper.receiver.destinations.destination import (
    Delivered,
    DeliveryBroken,
    DeliveryError,
    QueuedEvent,
)
from mapper.streams.gzip_files import GzipWriter
from mapper.transform.whole_file import find_obstacle, open_part, sync_folder, write_all

PART = ".part"
BATCH = 1000


@dataclass(frozen=True, slots=True)
class FilePosition:
    """A file by its name and inode, its size, and the time in seconds since 1970 at which it was begun."""

    name: str
    inode: int
    size: int
    begun: float

    @property
    def text(self) -> str:
        """The position as a text."""
        return json.dumps([self.name, self.inode, self.size, self.begun])

    @classmethod
    def read(cls, text: str) -> FilePosition | None:
        """The position of a text; None for the empty one."""
        return cls(*json.loads(text)) if text else None

    def fits(self, path: Path) -> bool:
        """True if a path leads to the file of the position, and all bytes before it are there."""
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return False
        return self.inode == status.st_ino and self.size <= status.st_size


@dataclass(slots=True)
class _OpenFile:
    """A file that is appended to: all behind `size` is cut off before more is written."""

    path: Path
    descriptor: int
    size: int
    begun: float

    @classmethod
    def open(cls, path: Path, known: FilePosition | None, now: float) -> _OpenFile:
        is_new = not path.exists()
        descriptor = open_part(path)
        if known is None or not known.fits(path):
            opened = cls(path, descriptor, _whole_lines(path, os.fstat(descriptor).st_size), now)
        else:
            opened = cls(path, descriptor, known.size, known.begun)
        if is_new:
            _sync_folder(path)
        return opened

    def append(self, data: bytes) -> None:
        """Append bytes and sync them; raises DeliveryError, and DeliveryBroken if the sync fails."""
        try:
            if os.fstat(self.descriptor).st_size != self.size:
                os.ftruncate(self.descriptor, self.size)
            write_all(self.descriptor, data)
        except OSError as error:
            raise DeliveryError(f"`{self.path}` cannot be written: {error.strerror}") from error
        self.sync()
        self.size += len(data)

    def sync(self) -> None:
        try:
            os.fsync(self.descriptor)
        except OSError as error:
            raise DeliveryBroken(f"`{self.path}` cannot be synced: {error.strerror}") from error

    def position(self) -> FilePosition:
        return FilePosition(self.path.name, os.fstat(self.descriptor).st_ino, self.size, self.begun)

    def close(self) -> None:
        os.close(self.descriptor)


def _sync_folder(path: Path) -> None:
    try:
        sync_folder(path)
    except OSError as error:
        raise DeliveryBroken(f"`{path.parent}` cannot be synced: {error.strerror}") from error


def _whole_lines(path: Path, size: int) -> int:
    """The size of a file without a line that is not ended."""
    with path.open("rb") as stream:
        end = size
        while end > 0:
            start = max(0, end - 65_536)
            stream.seek(start)
            found = stream.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0


@dataclass(slots=True)
class _LineFiles(ABC):
    """Events as lines, appended to the file that is open; a subclass opens it."""

    name: str
    place: Path
    batch: int = field(default=BATCH, kw_only=True)
    concurrency: int = field(default=1, kw_only=True)
    clock: Callable[[], float] = field(default=time.time, kw_only=True)
    _file: _OpenFile | None = field(default=None, init=False)
    _known: FilePosition | None = field(default=None, init=False)

    def begin(self, position: str) -> None:
        """Go on behind the lines that were delivered."""
        self._known = FilePosition.read(position)

    async def deliver(self, events: Sequence[QueuedEvent]) -> Delivered:
        """Append events, each a line."""
        try:
            opened = self._opened()
        except OSError as error:
            raise self._not_written(error) from error
        opened.append(self._packed(b"".join(one.event + b"\n" for one in events)))
        self._known = opened.position()
        return Delivered.all(events, self._known.text)

    def tidy(self) -> str | None:
        """Nothing is due."""
        return None

    async def end(self) -> None:
        """Close the file; the next start goes on in it."""
        self._close()

    @abstractmethod
    def _opened(self) -> _OpenFile:
        """The file that is appended to; raises OSError."""

    def _packed(self, lines: bytes) -> bytes:
        return lines

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _not_written(self, error: OSError) -> DeliveryError:
        return DeliveryError(f"`{self.place}` cannot be written: {error.strerror}")


@dataclass(slots=True)
class EventsFile(_LineFiles):
    """One file to which each event is appended as a line; whoever moves it away gets a new one."""

    def _opened(self) -> _OpenFile:
        if self._file is not None:
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._file.descriptor), os.lstat(self.place)):
                    return self._file
            self._close()
        self._file = _OpenFile.open(self.place, self._known, self.clock())
        return self._file


@dataclass(slots=True)
class RotatedFiles(_LineFiles):
    """Files in a folder, a new one after `rotate` seconds or `max_bytes`; the present one is `NAME.part`.

    A file ends with a group of events that were delivered together, so it may be larger by one group. Packed
    files have a gzip member for each group. Parts whose events were never marked are removed.
    """

    rotate: float
    gzip: bool = False
    max_bytes: int = GIGABYTE
    _is_tidied: bool = field(default=False, init=False)

    def tidy(self) -> str | None:
        """Give the present part its name if its time is over, or if it is large."""
        if self._known is None or not self._is_over(self._known):
            return None
        try:
            opened = self._opened()
            if os.fstat(opened.descriptor).st_size != opened.size:
                os.ftruncate(opened.descriptor, opened.size)
            opened.sync()
            os.rename(opened.path, opened.path.with_suffix(""))
            _sync_folder(opened.path)
        except OSError as error:
            raise self._not_written(error) from error
        self._close()
        self._known = None
        return ""

    def _packed(self, lines: bytes) -> bytes:
        if not self.gzip:
            return lines
        packer = GzipWriter()
        return packer.pack(lines) + packer.end_member()

    def _is_over(self, known: FilePosition) -> bool:
        return self.clock() - known.begun >= self.rotate or known.size >= self.max_bytes

    def _opened(self) -> _OpenFile:
        if self._file is None:
            self.place.mkdir(parents=True, exist_ok=True)
            known = self._known
            part = None if known is None else self.place / known.name
            if not self._is_tidied:
                self._remove_parts(part)
                self._is_tidied = True
            if known is None or part is None or not known.fits(part):
                self._known = known = None
                part = self._new_part()
            self._file = _OpenFile.open(part, known, self.clock())
        return self._file

    def _remove_parts(self, but: Path | None) -> None:
        for path in self.place.glob(f"events-*{PART}"):
            if path != but and find_obstacle(path) is None:
                path.unlink()

    def _new_part(self) -> Path:
        """A part whose name, and that of the whole file, nobody has yet."""
        moment = datetime.fromtimestamp(self.clock(), UTC).strftime("%Y%m%dT%H%M%SZ")
        suffix = ".ndjson.gz" if self.gzip else ".ndjson"
        number = 1
        while True:
            name = f"events-{moment}" + (f"-{number}" if number > 1 else "") + suffix
            if not any(os.path.lexists(self.place / each) for each in (name, name + PART)):
                return self.place / (name + PART)
            number += 1
