"""Power cuts: the files that a folder may hold after one, by what was synced until then.

A sync of a file brings its bytes to disk, a sync of a folder the names in it. Everything else may be there
after a power cut or not: the bytes without the names, the names without the bytes, or neither.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from support.watched_disk import DiskCall

STATES = (("synced", "synced"), ("current", "synced"), ("synced", "current"), ("random", "random"))


@dataclass
class PowerCuts:
    """Watches the calls on the files of folders; `states` gives what may be there if the power fails now."""

    folders: tuple[Path, ...]
    opened: ExitStack
    _streams: dict[int, BinaryIO] = field(default_factory=dict)  # by inode, which nothing else gets meanwhile
    _synced_bytes: dict[int, bytes] = field(default_factory=dict)
    _synced_names: dict[Path, dict[str, int]] = field(default_factory=dict)

    def look(self) -> None:
        """Get to know new files."""
        for folder in self.folders:
            for name, inode in self._names(folder).items():
                if inode not in self._streams:
                    self._streams[inode] = self.opened.enter_context((folder / name).open("rb"))

    def enter(self, call: DiskCall) -> None:
        """Note a call that is about to be made."""
        if call.name == "fsync" and call.path in self.folders:
            self._synced_names[call.path] = self._names(call.path)
        elif call.name == "fsync":
            inode = call.path.stat().st_ino
            self._synced_bytes[inode] = self._bytes(inode)

    def states(self, chance: random.Random) -> Iterator[dict[Path, bytes]]:
        """The files that may be there, each with its bytes."""
        for names, contents in STATES:
            found: dict[Path, bytes] = {}
            for folder in self.folders:
                is_current = names == "current" or (names == "random" and chance.random() < 0.5)
                here = self._names(folder) if is_current else self._synced_names.get(folder, {})
                for name, inode in here.items():
                    is_current = contents == "current" or (contents == "random" and chance.random() < 0.5)
                    synced = self._synced_bytes.get(inode, b"")
                    found[folder / name] = self._bytes(inode) if is_current else synced
            yield found

    def _bytes(self, inode: int) -> bytes:
        stream = self._streams[inode]
        stream.seek(0)
        return stream.read()

    @staticmethod
    def _names(folder: Path) -> dict[str, int]:
        with os.scandir(folder) as entries:
            return {entry.name: entry.inode() for entry in entries if entry.is_file(follow_symlinks=False)}
