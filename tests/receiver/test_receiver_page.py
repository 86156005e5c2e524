"""The page about the receiver: its tables of keys and of vendors are those of the code and the profiles."""

from __future__ import annotations

from collections.abc import Iterator

from mapper.catalog import shipped_mappings
from mapper.diagnostics.diagnostic import Report
from mapper.receiver.configuration.configuration_reader import ADMIN, CONFIGURATION, METRICS, SOURCE, SPOOL
from mapper.receiver.configuration.destination_reader import DESTINATION, GIVE_UP
from mapper.receiver.configuration.kinds import TableKind
from mapper.receiver.configuration.profiles import VendorFact, load_profile
from support.places import ROOT

PAGE = ROOT / "docs" / "receiver.md"
BEGIN = "`pytest --update tests/receiver/test_receiver_page.py` -->\n"


def inner(table: TableKind, key: str) -> TableKind:
    kind = table.rows[key].kind
    assert isinstance(kind, TableKind)
    return kind


TABLES: dict[str, TableKind] = {
    "configuration": CONFIGURATION,
    "`spool`": SPOOL,
    "`metrics`": METRICS,
    "`admin`": ADMIN,
    "`sources`": SOURCE,
    **{f"`destinations`, `{name}`": table for name, table in DESTINATION.tables.items()},
    **{f"`{name}`": inner(table, name) for name, table in DESTINATION.tables.items()},
    "`give_up`": GIVE_UP,
}


def keys_table() -> str:
    lines = ["| in | key | meaning |", "|---|---|---|"]
    for place, table in TABLES.items():
        for key, row in table.rows.items():
            lines.append(f"| {place} | `{key}`{' (required)' * row.required} | {row.sentence} |")
    return "\n".join(lines) + "\n"


def vendors_table() -> str:
    lines = ["| profile | authentication | success | retries | waits |", "|---|---|---|---|---|"]
    for path in sorted((shipped_mappings() / "profiles").glob("*.yaml")):
        profile = load_profile(path, Report())
        assert profile is not None
        facts = (profile.authentication, profile.success, profile.retries, profile.waits)
        cells = [f"[`{profile.name}`](../mappings/profiles/{path.name})", *map(cell, facts)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cell(fact: VendorFact) -> str:
    return f"{fact.text}{'' if fact.established else ' ?'}".strip()


def parts(text: str) -> Iterator[tuple[str, str, str]]:
    """What is before a generated table, the table, and the mark behind it."""
    for name, mark in (("keys", "<!-- end of keys -->"), ("vendors", "<!-- end of vendors -->")):
        before, _, rest = text.partition(BEGIN)
        table, _, text = rest.partition(mark)
        assert table or mark in rest, name
        yield before + BEGIN, table, mark
    yield text, "", ""


def test_the_tables_are_current(update: bool) -> None:
    text = PAGE.read_text("utf-8")
    tables = [keys_table(), vendors_table(), ""]
    found = [(before, table, mark) for (before, _, mark), table in zip(parts(text), tables, strict=True)]
    whole = "".join(before + table + mark for before, table, mark in found)
    if update:
        PAGE.write_text(whole, "utf-8")
    assert PAGE.read_text("utf-8") == whole, "run `pytest --update`"
