"""Watching: a command answers again at each change of the files that decide its answer, and only for these.

Files are polled. A mapping has few of them, a look at each takes microseconds, and polling needs no package
and works on every file system. A file is read only after it has been left alone for a moment, so that no half
of it is read, and no change in the same tick of the file system's clock is missed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from mapper.catalog.references import places_of_references
from mapper.cli import screen
from mapper.diagnostics.files import display_name
from mapper.diagnostics.stop import Stop

INTERVAL = 0.1  # seconds between two looks
SETTLING = 0.02  # seconds for which files are left alone before they are read
MAX_SETTLING = 10  # looks at files that never rest, such as a log, before they are read all the same

Find: TypeAlias = Callable[[], Sequence[Path]]
# The files that decide the answer for a target, besides itself; None if its text does not tell.
FilesOf: TypeAlias = Callable[[Path], Iterable[Path] | None]
# Gets the targets to answer for, and those that are gone.
Answer: TypeAlias = Callable[[Sequence[Path], Sequence[Path]], None]
Pause: TypeAlias = Callable[[float], None]
# Times, size and inode of a file or folder; None if there is none.
_Stamp: TypeAlias = tuple[int, int, int, int] | None
_Known: TypeAlias = dict[Path, dict[Path, _Stamp]]


def watch(find: Find, files_of: FilesOf, answer: Answer) -> int:
    """Answer for all targets, then for those that changed, until Ctrl-C; the exit code.

    Raises Stop if the first answer cannot be given.
    """
    output = screen.out()
    is_first = True
    try:
        for changed, gone in changes(find, files_of):
            start = time.perf_counter()
            for path in gone:
                output.line(f"{display_name(path)} is gone", style="yellow")
            try:
                answer(changed, gone)
            except BrokenPipeError:
                raise
            except (OSError, Stop) as error:  # a file vanished meanwhile; the next look answers again
                if is_first:
                    raise
                output.line(f"not answered: {error}", style="yellow")
            names = ", ".join(display_name(path) for path in changed) or "nothing"
            spent = f"{1000 * (time.perf_counter() - start):.0f} ms"
            what = "all read" if is_first else f"read again: {names}"
            output.line(f"{what} in {spent}; waiting for a change, Ctrl-C ends\n", style="dim")
            is_first = False
    except KeyboardInterrupt:
        pass  # the way to end it
    return 0


def changes(
    find: Find, files_of: FilesOf, pause: Pause = time.sleep
) -> Iterator[tuple[list[Path], list[Path]]]:
    """All targets, then at each change those that changed and those that are gone."""
    known: _Known = {}
    is_first = True
    while True:
        found = _look(find(), known)
        if is_first or found != known:
            found = _settled(find, found, known, pause)
            changed = [target for target, stamps in found.items() if stamps != known.get(target)]
            gone = [target for target in known if target not in found]
            for target in changed:
                # The target comes first: if it changes after that, the next look sees it.
                own = _stamp(target)
                files = files_of(target)
                files = found[target] if files is None else files
                found[target] = {**{file: _stamp(file) for file in files}, target: own}
            known = found
            if is_first or changed or gone:
                yield changed, gone
            is_first = False
        pause(INTERVAL)


def _settled(find: Find, found: _Known, known: _Known, pause: Pause) -> _Known:
    """The stamps when two looks in a row saw the same."""
    for _ in range(MAX_SETTLING):
        pause(SETTLING)
        before, found = found, _look(find(), known)
        if before == found:
            break
    return found


def _look(targets: Sequence[Path], known: _Known) -> _Known:
    return {target: {file: _stamp(file) for file in known.get(target, (target,))} for target in targets}


def _stamp(path: Path) -> _Stamp:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def finder(words: Sequence[str], find: Callable[[Sequence[str]], list[Path]]) -> Find:
    """The files that words name now: a folder may get more of them, and a file may vanish for a while.

    Raises Stop if a word names none at the start.
    """
    find(words)

    def find_now() -> list[Path]:
        found: dict[Path, None] = {}
        for some in [[word] for word in words] or [[]]:
            try:
                found.update(dict.fromkeys(find(some)))
            except (OSError, Stop):
                continue
        return list(found)

    return find_now


def with_samples(mapping: Path) -> tuple[Path, ...] | None:
    """The places of a mapping's schemas, its folder of samples, and the files in it."""
    places = places_of_references(mapping)
    if places is None:
        return None
    folder = mapping.with_suffix("")
    return (*places, folder, *folder.glob("*"))
