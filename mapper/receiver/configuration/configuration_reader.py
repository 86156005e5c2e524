"""Configuration reader: the text of a configuration becomes data; all faults are reported in one pass."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mapper import catalog, ir
from mapper.diagnostics.diagnostic import Label, Report, Severity, did_you_mean
from mapper.diagnostics.files import read_source
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.expressions.jsonpath import parse_path
from mapper.language.document import FileKind, read_document
from mapper.language.forms import JsonForm
from mapper.receiver.configuration.checks import VERIFY, CheckReader
from mapper.receiver.configuration.configuration import (
    DEFAULT_METHODS,
    METHODS,
    Address,
    Configuration,
    RequestSource,
)
from mapper.receiver.configuration.destination_reader import DESTINATION, NAME, PORT, DestinationReader
from mapper.receiver.configuration.keys import SECRETS, KeyRing, Secret
from mapper.receiver.configuration.kinds import (
    DURATION,
    SIZE,
    ChoiceKind,
    ConstantKind,
    CountKind,
    ListKind,
    ObjectKind,
    ReadTable,
    TableKey,
    TableKind,
    TextKind,
)
from mapper.receiver.configuration.masking import masked
from mapper.receiver.configuration.profiles import Profile, load_profile
from mapper.receiver.configuration.settings import MIN_MAX_BYTES, SpoolSettings
from mapper.receiver.configuration.signatures import HEADER_NAME
from mapper.runtime.limits import DEFAULT

_FILE = FileKind("configuration", "receiver: 1")
_TEXT = TextKind(r"[^\s]", "this is empty")
_LISTEN = TextKind(
    rf"^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):{PORT}$", "write a host and a port, such as `127.0.0.1:8080`"
)
_PATH = TextKind(
    r"^(?!.*//)(?!.*/\.{1,2}(?:/|$))(?!/(?:livez|readyz|metrics|admin)(?:/|$))"
    r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$",
    "a path begins with `/`, has no `//`, `..`, `%` and query, and is none of the receiver's own",
)

SPOOL = TableKind(
    "`spool`",
    {
        "folder": TableKey(
            _TEXT, "The folder of the spool, from that of the configuration; default ./spool."
        ),
        "keep": TableKey(DURATION, "How long finished requests are kept; default 30d."),
        "max_bytes": TableKey(
            SIZE,
            "The largest size of the spool, beyond which requests get 503; 100MB or more, default 20GB.",
        ),
        "min_free": TableKey(SIZE, "The space that is left free on the disk of the spool; default 1GB."),
        "max_waiting": TableKey(
            CountKind(), "The requests that may wait to be mapped before others get 503; default 100000."
        ),
        "max_delay": TableKey(
            DURATION, "The time a request may wait for the disk before others get 503; default 1s."
        ),
    },
)
SOURCE = TableKind(
    "a source",
    {
        "path": TableKey(_PATH, "The path of the requests.", required=True),
        "name": TableKey(NAME, "The source's name in metrics and commands; default its path."),
        "methods": TableKey(
            ListKind(ChoiceKind(METHODS), or_one=True),
            "The methods of the requests; default POST, PUT, PATCH.",
        ),
        "mapping": TableKey(
            ListKind(_TEXT, or_one=True),
            "A shipped mapping by its name, or a file; of a list, each maps every request.",
            required=True,
        ),
        "profile": TableKey(
            _TEXT, "The vendor: profiles/NAME.yaml beside the configuration, or a shipped one."
        ),
        "verify": TableKey(
            VERIFY,
            "How requests are authenticated; all checks of a list must pass. Or `none`.",
            required=True,
        ),
        "settings": TableKey(ObjectKind(), "The settings of the mapping."),
        "challenge": TableKey(
            TextKind(r"^[$]", "write the path of a value, such as `$.challenge`"),
            "The path of a text in the body that is answered, for vendors who ask so if the address is ours.",
        ),
        "max_body": TableKey(SIZE, "The largest body, packed and unpacked; default 16MiB."),
        "keep_headers": TableKey(
            ListKind(HEADER_NAME), "Headers that are kept beside those that the mapping and the profile name."
        ),
    },
)
_KEYS = TableKey(SECRETS, "The secrets; each is accepted.", required=True)
METRICS = TableKind("`metrics`", {"secrets": _KEYS})
ADMIN = TableKind("`admin`", {"secrets": _KEYS})
CONFIGURATION = TableKind(
    "a configuration",
    {
        "receiver": TableKey(ConstantKind(1), "The version of the configuration.", required=True),
        "listen": TableKey(_LISTEN, "The address to listen on; default 127.0.0.1:8080."),
        "spool": TableKey(SPOOL, "The place on disk where requests are kept until they are delivered."),
        "sources": TableKey(ListKind(SOURCE), "The vendors and servers that send requests.", required=True),
        "drain": TableKey(
            DURATION,
            "After SIGTERM, the time in which readiness is 503 and requests are taken; default none.",
        ),
        "metrics": TableKey(METRICS, "Who may read /metrics; default everybody who reaches the port."),
        "admin": TableKey(ADMIN, "The page /admin and its keys; default no page."),
        "destinations": TableKey(
            ListKind(DESTINATION), "The receivers of events; default the file events.ndjson in the spool."
        ),
    },
)


def configuration_schema() -> JsonForm:
    """The JSON Schema of a configuration, for editors; it is written to `schemas/receiver.schema.json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A receiver of webhooks",
        **CONFIGURATION.form,
    }


@dataclass(frozen=True, slots=True)
class ReadConfiguration:
    """A configuration, None if it has errors; and in any case the files that it names.

    `mappings` are those of mappings, `files` those of profiles and secrets.
    """

    configuration: Configuration | None = None
    mappings: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()


def read_configuration(
    file: SourceFile, report: Report, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> ReadConfiguration:
    """The configuration of a text with the secrets that it names; faults are in `report`.

    Names of files are looked up from `folder`, by default that of the file; secrets in `environment`, by
    default that of the process. Mappings are not compiled.
    """
    document = read_document(file, Report(), _FILE)
    shown = file if document is None else masked(file, document)
    document = read_document(shown, report, _FILE)
    table = None if document is None else CONFIGURATION.read(document, "a configuration", report)
    if not isinstance(table, ReadTable):
        return ReadConfiguration()
    place = Path(file.name).parent if folder is None else folder
    reader = _Reader(KeyRing(os.environ if environment is None else environment, place), place, report)
    configuration = reader.configuration(table)
    files = tuple(dict.fromkeys((*reader.profile_files, *reader.keys.files)))
    return ReadConfiguration(configuration, tuple(reader.mappings), files)


def read_configuration_file(path: Path, report: Report) -> ReadConfiguration:
    """As `read_configuration`, of a file, which is one of the `files`."""
    file = read_source(path, report)
    read = ReadConfiguration() if file is None else read_configuration(file, report, path.parent)
    return replace(read, files=(*read.files, path))


@dataclass(slots=True)
class _Reader:
    """Makes the parts of one configuration; `mappings` are the files of mappings in their order."""

    keys: KeyRing
    folder: Path
    report: Report
    profiles: dict[str, Profile | None] = field(default_factory=dict)
    profile_files: list[Path] = field(default_factory=list)
    mappings: dict[Path, None] = field(default_factory=dict)

    def configuration(self, table: ReadTable) -> Configuration | None:
        """The whole; None if it has errors."""
        written: tuple[ReadTable, ...] = table.get("sources", ())
        sources = [self._source(each) for each in written]
        places: tuple[tuple[str, ReadTable], ...] = table.get("destinations", ())
        reader = DestinationReader(self.keys, self.folder, self.report)
        destinations = [reader.read(each) for each in places]
        routes = self._check_routes(written)
        self._check_names(
            (each, each.text("name") or each.text("path")) for each in written if each not in routes
        )
        self._check_names((each, each.text("name")) for _, each in places)
        metrics, admin = (self._secrets(table.get(key)) for key in ("metrics", "admin"))
        host, _, port = table.text("listen", str(Address())).rpartition(":")
        spool = self._spool(table.get("spool"))
        if self.report.has_errors:
            return None
        return Configuration(
            tuple(sources),
            Address(host.strip("[]"), int(port)),
            spool,
            tuple(destination for destination in destinations if destination is not None),
            table.get("drain", 0.0),
            metrics,
            admin,
        )

    def _secrets(self, table: ReadTable | None) -> tuple[Secret, ...]:
        return () if table is None else self.keys.secrets(table.get("secrets", ()), self.report)

    def _spool(self, table: ReadTable | None) -> SpoolSettings:
        default = SpoolSettings()
        if table is None:
            return SpoolSettings(self.folder / default.folder)
        if table.get("max_bytes", default.max_bytes) < MIN_MAX_BYTES:
            label = f"write `{MIN_MAX_BYTES // 1000**2}MB` or more"
            hint = "the log of the spool counts, too, and could fill this alone"
            self.report.error("M705", "`max_bytes` is too small", table.span("max_bytes"), label, hint)
        return SpoolSettings(
            folder=self.folder / table.text("folder", str(default.folder)),
            keep=table.get("keep", default.keep),
            max_bytes=int(table.get("max_bytes", default.max_bytes)),
            min_free=int(table.get("min_free", default.min_free)),
            max_waiting=table.get("max_waiting", default.max_waiting),
            max_delay=table.get("max_delay", default.max_delay),
        )

    def _source(self, table: ReadTable) -> RequestSource:
        named: SpannedText | None = table.get("profile")
        profile = None if named is None else self._profile(named)
        signature = profile.signature if profile else None
        checks = CheckReader(self.keys, signature, self.report, profile is not None or named is None)
        found = [self._mapping(name) for name in table.get("mapping", ())]
        challenge: SpannedText | None = table.get("challenge")
        return RequestSource(
            path=table.text("path"),
            mappings=tuple(dict.fromkeys(path for path in found if path is not None)),
            verify=checks.read(table.get("verify", ())),
            name=table.text("name"),
            methods=tuple(dict.fromkeys(table.get("methods", DEFAULT_METHODS))),
            profile=profile,
            settings=table.get("settings", {}),
            challenge=() if challenge is None else self._challenge(challenge),
            max_body=int(table.get("max_body", DEFAULT.body_bytes)),
            keep_headers=frozenset(text.value.lower() for text in table.get("keep_headers", ())),
        )

    def _profile(self, name: SpannedText) -> Profile | None:
        if name.value not in self.profiles:
            path = catalog.find_profile(name, self.folder, self.report)
            if path is not None:
                self.profile_files.append(path)
            self.profiles[name.value] = None if path is None else load_profile(path, self.report)
        return self.profiles[name.value]

    def _mapping(self, name: SpannedText) -> Path | None:
        """The file of a mapping: by its path from the folder, or a shipped one by its name."""
        is_path = "/" in name.value or Path(name.value).suffix in catalog.MAPPING_SUFFIXES
        path = self.folder / name.value if is_path else catalog.find_mapping(name.value)
        if path is not None and catalog.is_file(path):
            self.mappings[path] = None
            return path
        known = catalog.mapping_names()
        hint = "write its path from the folder of the configuration" if is_path else ""
        hint = hint or did_you_mean(name.value, known) or "shipped are " + ", ".join(f"`{n}`" for n in known)
        self.report.error("M003", f"no mapping `{name.value}`", name.whole(), "no such file", hint)
        return None

    def _challenge(self, text: SpannedText) -> tuple[str | int, ...]:
        path = parse_path(text, ir.Root.BODY, self.report)
        steps = () if path is None else ir.plain_steps(path, indexes=True) or (("all",),)
        names = tuple(step[1] for step in steps if step[0] in ("name", "index"))
        if len(names) < len(steps):
            label = "only names and indexes can be used here"
            self.report.error("M204", "the path may select several values", text.whole(), label)
        return names

    def _check_routes(self, sources: Iterable[ReadTable]) -> list[ReadTable]:
        """The sources whose requests another source takes; they are reported."""
        taken: dict[tuple[str, str], Span] = {}
        again = []
        for table in sources:
            path, place = table.text("path"), table.span("path")
            routes = [(path, method) for method in table.get("methods", DEFAULT_METHODS) if path]
            twice = next((route for route in routes if route in taken), None)
            if twice:
                message = f"two sources take {twice[1]} on `{path}`"
                hint = "a request is for one source; `mapping` may be a list"
                self._again("M701", message, place, taken[twice], hint)
                again.append(table)
            for route in routes:
                taken.setdefault(route, place)
        return again

    def _check_names(self, named: Iterable[tuple[ReadTable, str]]) -> None:
        taken: dict[str, Span] = {}
        for table, name in named:
            place = table.span("name" if table.get("name") else "path")
            if name and name in taken:
                self._again(
                    "M702", f"the name `{name}` stands twice", place, taken[name], "give one another `name`"
                )
            taken.setdefault(name, place)

    def _again(self, code: str, message: str, place: Span, first: Span, hint: str) -> None:
        more = (Label(first, "first here"),)
        self.report.add(code, message, place, "again here", (hint,), Severity.ERROR, more)
