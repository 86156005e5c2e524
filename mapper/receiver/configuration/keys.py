"""Keys: secrets of a configuration, read from the environment or from files. No message shows one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.files import read_regular
from mapper.receiver.configuration.kinds import ListKind, ReadTable, TableKey, TableKind, TextKind, UnionKind

MAX_BYTES = 65_536
_ANY_TEXT = TextKind(r"[^\s]", "this is empty")

SECRET = UnionKind(
    "the place of a secret",
    {
        "env": TableKind(
            "a secret",
            {
                "env": TableKey(
                    TextKind(r"^[A-Za-z_][A-Za-z0-9_]*$", "a name has letters, digits and `_`"),
                    "The environment variable that holds the secret.",
                    required=True,
                )
            },
        ),
        "file": TableKind(
            "a secret",
            {
                "file": TableKey(
                    _ANY_TEXT,
                    "The file that holds the secret; a line feed at its end does not count.",
                    required=True,
                )
            },
        ),
    },
)
SECRETS = ListKind(SECRET)


@dataclass(frozen=True, slots=True)
class Secret:
    """The bytes of a secret, and the place they are from; `repr` shows the place alone."""

    place: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Reads secrets from an environment, and from files in a folder; `files` are those that it read."""

    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    files: list[Path] = field(default_factory=list)

    def secret(self, read: tuple[str, ReadTable], report: Report) -> Secret | None:
        """The secret at a place; None after reporting M703, without a word of what is there."""
        key, table = read
        if not table.is_whole:
            return None
        name = table.text(key)
        place = f"{key} {name}"
        if key == "env":
            value = _without_line_end(os.fsencode(self.environment.get(name, "")))
            reason = "it is empty" if name in self.environment else "it is not set"
        else:
            value, reason = self._file(name)
        if value:
            return Secret(place, value)
        noun = "the environment variable" if key == "env" else "the file"
        hint = "set it before the receiver starts" if key == "env" else "write the secret into it"
        report.error("M703", f"{noun} `{name}` holds no secret", table.span(key), reason, hint)
        return None

    def secrets(self, read: tuple[tuple[str, ReadTable], ...], report: Report) -> tuple[Secret, ...]:
        """The secrets of a list, those that are found."""
        found = [self.secret(each, report) for each in read]
        return tuple(secret for secret in found if secret is not None)

    def _file(self, name: str) -> tuple[bytes, str]:
        self.files.append(self.folder / name)
        try:
            value = read_regular(self.folder / name, MAX_BYTES)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "the name cannot be a path"
            return b"", reason[:1].lower() + reason[1:]
        if len(value) > MAX_BYTES:
            return b"", f"it is larger than {MAX_BYTES} bytes"
        return _without_line_end(value), "it is empty"


def _without_line_end(value: bytes) -> bytes:
    # Editors and `echo` add one, and no header could hold it.
    return value.removesuffix(b"\n").removesuffix(b"\r")
