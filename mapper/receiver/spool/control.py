"""Control: other commands ask the receiver that has a spool open, by a local socket in its folder.

A question and its answer are one line of JSON each. The folder of a spool is its owner's, and so is the
socket: who can ask could also write to the spool.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOCKET = "control"
MAX_LINE = 64 * 1024
ASKING = 10.0  # seconds in which a question has to arrive
ANSWERING = 3600.0


class ControlError(Exception):
    """The receiver that has the spool open cannot be asked."""


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The address of the socket; its path may be longer than an address can be."""
    path = str(folder.absolute() / SOCKET)
    if len(os.fsencode(path)) < 100:
        yield path
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class ControlServer:
    """Answers questions between `start` and `stop`, one at a time, in a thread."""

    folder: Path
    answer: Callable[[dict[str, Any]], dict[str, Any]]
    _socket: socket.socket | None = None
    _thread: threading.Thread | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to listen; raises OSError. The lock of the spool must be held: an older socket is removed."""
        with suppress(FileNotFoundError):
            (self.folder / SOCKET).unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _address(self.folder) as address:
                listening.bind(address)
            os.chmod(self.folder / SOCKET, 0o600)
            listening.listen(4)
            listening.settimeout(0.2)
        except OSError:
            listening.close()
            raise
        self._socket = listening
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Return when the present question is answered."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._socket is not None:
            self._socket.close()
            with suppress(OSError):
                (self.folder / SOCKET).unlink()

    def _run(self) -> None:
        assert self._socket is not None
        while not self._stopping.is_set():
            try:
                asking, _ = self._socket.accept()
            except TimeoutError:
                continue
            with asking, suppress(OSError):
                asking.settimeout(ASKING)
                asking.sendall(self._answer(_read_line(asking)))

    def _answer(self, line: bytes) -> bytes:
        try:
            question = json.loads(line)
            answer = self.answer(question if isinstance(question, dict) else {})
        except (ValueError, KeyError, TypeError):
            answer = {"error": "the receiver does not understand the question; is it of another version?"}
        return json.dumps(answer).encode() + b"\n"


def ask(folder: Path, question: dict[str, Any]) -> dict[str, Any] | None:
    """The answer of the receiver that has a spool open; None if there is none. Raises ControlError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(ANSWERING)
        try:
            with _address(folder) as address:
                asking.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except OSError as error:
            raise ControlError(f"the receiver of `{folder}` cannot be asked: {error.strerror}") from error
        try:
            asking.sendall(json.dumps(question).encode() + b"\n")
            answer = json.loads(_read_line(asking))
        except (OSError, ValueError) as error:
            raise ControlError(f"the receiver of `{folder}` did not answer; it may have ended") from error
    if not isinstance(answer, dict):
        raise ControlError(f"the receiver of `{folder}` answers in another way; is it of another version?")
    return answer


def _read_line(asking: socket.socket) -> bytes:
    """The bytes until a line end."""
    line = b""
    while not line.endswith(b"\n") and len(line) < MAX_LINE:
        piece = asking.recv(MAX_LINE)
        if not piece:
            break
        line += piece
    return line
