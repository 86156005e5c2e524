"""Destination reader: the part of a configuration about the places that events are delivered to."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from mapper.diagnostics.diagnostic import Label, Report, Severity
from mapper.diagnostics.source import Span
from mapper.receiver.configuration.keys import SECRET, KeyRing, Secret
from mapper.receiver.configuration.kinds import (
    DURATION,
    SIZE,
    ChoiceKind,
    CountKind,
    FlagKind,
    MapKind,
    ReadTable,
    TableKey,
    TableKind,
    TextKind,
    UnionKind,
)
from mapper.receiver.configuration.settings import (
    DestinationSettings,
    FilesSettings,
    GiveUp,
    HttpSettings,
    PostgresSettings,
)
from mapper.receiver.configuration.signatures import HEADER_NAME

NAME = TextKind(r"^[A-Za-z0-9/][A-Za-z0-9._/-]{0,99}$", "a name has letters, digits, `.`, `_`, `-` and `/`")
PORT = "(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_TEXT = TextKind(r"[^\s]", "this is empty")
_URL = TextKind(
    rf"^https?://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::{PORT})?(?:[/?][!-~]*)?$",
    "write `https://`, a host without a user and a password, and a path in ASCII",
)
_TABLE = TextKind(
    r"^(?:[A-Za-z_][A-Za-z0-9_]{0,49}\.)?[A-Za-z_][A-Za-z0-9_]{0,49}$",
    "a name has up to 50 letters, digits and `_`, also behind that of a schema and a dot",
)
# They are about the request itself, which is made here.
_MADE_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "content-type", "expect", "host", "transfer-encoding"}
)

GIVE_UP = TableKind(
    "`give_up`",
    {
        "attempts": TableKey(CountKind(), "The tries after which an event is dead; default 50."),
        "age": TableKey(
            DURATION, "The time in the queue after which an event that fails again is dead; default 7d."
        ),
    },
)
HTTP = TableKind(
    "`http`",
    {
        "url": TableKey(_URL, "The URL that events are posted to.", required=True),
        "headers": TableKey(MapKind(HEADER_NAME, SECRET), "Headers with secrets, by their names."),
        "events_per_request": TableKey(
            CountKind(),
            "The events of a request: 1 for one as it is, more for an array of up to so many; default 1.",
        ),
        "concurrency": TableKey(CountKind(), "The requests at the same time; default 8."),
        "timeout": TableKey(DURATION, "The time for a request and its answer; default 30s."),
        "order": TableKey(
            ChoiceKind(("user_id",)), "An event waits for all earlier ones of its user; default no order."
        ),
        "give_up": TableKey(GIVE_UP, "How long an event is tried that the server does not take."),
    },
)
FILES = TableKind(
    "`files`",
    {
        "folder": TableKey(_TEXT, "The folder, from that of the configuration.", required=True),
        "rotate": TableKey(DURATION, "The time after which a new file begins; default 1h."),
        "max_bytes": TableKey(SIZE, "The size after which a new file begins; default 1GB."),
        "gzip": TableKey(FlagKind(), "Files are packed; default false."),
    },
)
POSTGRES = TableKind(
    "`postgres`",
    {
        "dsn": TableKey(SECRET, "The place of the connection string.", required=True),
        "table": TableKey(_TABLE, "The table of events; it is made if it is missing.", required=True),
    },
)


def _destination(key: str, kind: TableKind, sentence: str) -> TableKind:
    name = TableKey(NAME, "The destination's name in metrics and commands.", required=True)
    return TableKind("a destination", {"name": name, key: TableKey(kind, sentence, required=True)})


DESTINATION = UnionKind(
    "a destination",
    {
        "http": _destination("http", HTTP, "A server that takes events."),
        "files": _destination("files", FILES, "Files of events in a folder."),
        "postgres": _destination("postgres", POSTGRES, "A table in PostgreSQL."),
    },
)


@dataclass(frozen=True, slots=True)
class DestinationReader:
    """Makes the settings of destinations; names of files are looked up from `folder`."""

    keys: KeyRing
    folder: Path
    report: Report
    _folders: dict[Path, Span] = field(default_factory=dict)

    def read(self, found: tuple[str, ReadTable]) -> DestinationSettings | None:
        """The settings of a destination; None if they have errors."""
        key, table = found
        kind: ReadTable | None = table.get(key)
        if kind is None:
            return None
        settings: FilesSettings | HttpSettings | PostgresSettings | None
        match key:
            case "http":
                settings = self._http(kind)
            case "postgres":
                settings = self._postgres(kind)
            case _:
                settings = self._files(kind)
        return None if settings is None else DestinationSettings(table.text("name"), settings)

    def _files(self, table: ReadTable) -> FilesSettings:
        default = FilesSettings(self.folder / table.text("folder"))
        place, real = table.span("folder"), default.folder.resolve()
        if "folder" in table.values and real in self._folders:
            # Each removes parts of files that it does not know.
            label, more = "again here", (Label(self._folders[real], "first here"),)
            message, hint = "two destinations write into one folder", "give each a folder of its own"
            self.report.add("M114", message, place, label, (hint,), Severity.ERROR, more)
        self._folders.setdefault(real, place)
        return FilesSettings(
            default.folder,
            table.get("rotate", default.rotate),
            bool(table.get("gzip")),
            int(table.get("max_bytes", default.max_bytes)),
        )

    def _http(self, table: ReadTable) -> HttpSettings:
        default = HttpSettings(table.text("url"))
        give_up: ReadTable | None = table.get("give_up")
        return HttpSettings(
            default.url,
            self._headers(table),
            table.get("events_per_request", default.events_per_request),
            table.get("concurrency", default.concurrency),
            table.get("timeout", default.timeout),
            "order" in table.values,
            default.give_up
            if give_up is None
            else GiveUp(
                give_up.get("attempts", default.give_up.attempts), give_up.get("age", default.give_up.age)
            ),
        )

    def _headers(self, table: ReadTable) -> tuple[tuple[str, Secret], ...]:
        headers = []
        seen: set[str] = set()
        for name, place in table.get("headers", ()):
            lower = name.value.lower()
            if lower in _MADE_HEADERS or lower in seen:
                label = "it stands twice" if lower in seen else "the receiver writes this one itself"
                self.report.error("M114", f"the header `{name.value}` cannot be set", name.whole(), label)
                continue
            seen.add(lower)
            secret = self.keys.secret(place, self.report)
            if secret is None:
                continue
            if any(byte < 0x20 or byte == 0x7F for byte in secret.value):
                label = "it holds a line end or another control character"
                message = f"the secret of `{name.value}` cannot be sent in a header"
                self.report.error("M703", message, place[1].span(place[0]), label)
                continue
            headers.append((name.value, secret))
        return tuple(headers)

    def _postgres(self, table: ReadTable) -> PostgresSettings | None:
        if find_spec("psycopg") is None:
            self.report.error(
                "M114",
                "`postgres` cannot be used here",
                table.node.span.part(0, 1),
                "the package psycopg is not installed",
                "pip install 'mapper[receiver,postgres]'",
            )
        place = table.get("dsn")
        secret = None if place is None else self.keys.secret(place, self.report)
        schema, _, name = table.text("table").rpartition(".")
        return None if secret is None else PostgresSettings(secret, name, schema)
