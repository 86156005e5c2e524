"""PostgreSQL tables: one of events and one of conflicts, made or checked, and the insertion into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from mapper.receiver.destinations.destination import QueuedEvent, Verdict

# The columns that are written, with their types, as `format_type` names them.
COLUMNS = {
    "source": "text",
    "mapping": "text",
    "event_id": "text",
    "item_hash": "bytea",
    "received_at": "timestamp with time zone",
    "event": "jsonb",
}
KEY = ("source", "mapping", "event_id")
# Two receivers may begin at once, and `IF NOT EXISTS` alone fails then.
_LOCK = 0x4D615072
_DEFINED = ", ".join(
    [
        *(f"{name} {kind} NOT NULL" for name, kind in COLUMNS.items()),
        "inserted_at timestamp with time zone NOT NULL DEFAULT now()",
    ]
)
_INSERT = (
    f"INSERT INTO {{}} ({', '.join(COLUMNS)})"
    " SELECT source, mapping, event_id, item_hash, received_at, event::jsonb FROM"
    " unnest(%s::text[], %s::text[], %s::text[], %s::bytea[], %s::timestamptz[], %s::text[])"
    " AS g(source, mapping, event_id, item_hash, received_at, event)"
    " ON CONFLICT DO NOTHING RETURNING source, mapping, event_id"
)
_FOUND_COLUMNS = (
    "SELECT attname, format_type(atttypid, -1) FROM pg_attribute"
    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
)
_FOUND_KEYS = (
    "SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_index i"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
    " WHERE i.indrelid = %s::regclass AND i.indisunique AND i.indpred IS NULL AND i.indisvalid"
    " GROUP BY i.indexrelid"
)
Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class EventTables:
    """A table of events, and one of conflicts, whose name ends with `_conflicts`."""

    table: str
    schema: str = ""

    @property
    def conflicts(self) -> str:
        """The name of the table of conflicts."""
        return f"{self.table}_conflicts"

    def _name(self, table: str) -> sql.Identifier:
        return sql.Identifier(self.schema, table) if self.schema else sql.Identifier(table)

    async def prepare(self, connection: Connection) -> str:
        """Make the tables if they are missing; a sentence if one that is there cannot be used."""
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            for table, key in ((self.table, KEY), (self.conflicts, (*KEY, "item_hash"))):
                name = self._name(table)
                written = name.as_string(connection)
                cursor = await connection.execute("SELECT to_regclass(%s) IS NULL", (written,))
                if (await cursor.fetchone() or (False,))[0]:
                    await connection.execute(
                        sql.SQL(f"CREATE TABLE {{}} ({_DEFINED}, PRIMARY KEY ({', '.join(key)}))").format(
                            name
                        )
                    )
                elif fault := await self._fault(connection, table, written, key):
                    return fault
        return ""

    async def _fault(self, connection: Connection, table: str, written: str, key: Sequence[str]) -> str:
        cursor = await connection.execute(_FOUND_COLUMNS, (written,))
        found = dict(await cursor.fetchall())
        for column, kind in COLUMNS.items():
            if found.get(column) != kind:
                there = f"of type {found[column]}" if column in found else "missing"
                return f"the table `{table}` cannot be used: `{column}` is {there}, and must be {kind}"
        cursor = await connection.execute(_FOUND_KEYS, (written,))
        if sorted(key) not in [names for (names,) in await cursor.fetchall()]:
            return f"the table `{table}` cannot be used: it needs a unique key over {', '.join(key)}"
        return ""

    async def insert(self, connection: Connection, events: Sequence[QueuedEvent]) -> list[Verdict]:
        """Insert events, and enter conflicts; what became of each. Runs inside a transaction."""
        query = sql.SQL(_INSERT).format(self._name(self.table))
        cursor = await connection.execute(query, _values(events))
        new = set(await cursor.fetchall())
        if len(new) == len(events):
            return [Verdict.DELIVERED] * len(events)
        hashes = await self._hashes(connection, events)
        verdicts = []
        for one in events:
            if _key(one) in new:
                new.discard(_key(one))  # a second event of the delivery with this key was not inserted
                verdicts.append(Verdict.DELIVERED)
            else:
                is_same = hashes.get(_key(one)) == one.item_hash
                verdicts.append(Verdict.DUPLICATE if is_same else Verdict.CONFLICT)
        await self._enter_conflicts(
            connection,
            [one for one, verdict in zip(events, verdicts, strict=True) if verdict is Verdict.CONFLICT],
        )
        return verdicts

    async def _hashes(
        self, connection: Connection, events: Sequence[QueuedEvent]
    ) -> dict[tuple[str, ...], bytes]:
        query = sql.SQL(
            "SELECT t.source, t.mapping, t.event_id, t.item_hash FROM {} t"
            " JOIN unnest(%s::text[], %s::text[], %s::text[]) AS g(source, mapping, event_id)"
            " USING (source, mapping, event_id)"
        ).format(self._name(self.table))
        cursor = await connection.execute(query, _values(events)[:3])
        return {(row[0], row[1], row[2]): bytes(row[3]) for row in await cursor.fetchall()}

    async def _enter_conflicts(self, connection: Connection, events: Sequence[QueuedEvent]) -> None:
        if events:
            query = sql.SQL(_INSERT).format(self._name(self.conflicts))
            await connection.execute(query, _values(events))


def _values(events: Sequence[QueuedEvent]) -> tuple[list[Any], ...]:
    return (
        [one.source for one in events],
        [one.mapping for one in events],
        [_id(one) for one in events],
        [one.item_hash for one in events],
        [one.received_at for one in events],
        [one.event.decode("utf-8") for one in events],
    )


def _id(event: QueuedEvent) -> str:
    found = event.event_id
    return found.decode("utf-8") if isinstance(found, bytes) else found or ""


def _key(event: QueuedEvent) -> tuple[str, str, str]:
    return event.source, event.mapping, _id(event)
