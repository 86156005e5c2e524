"""PostgreSQL: events become rows of a table, each exactly once.

The key of a row is the source, the mapping and the id of the event. A row that is there already has the
digest of the item that it was made of: the same one means that the event was delivered before, another one
is a conflict, which becomes a row of a second table. All rows of a delivery are one transaction, so it does
not matter at which moment a connection breaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from mapper.receiver.configuration.settings import PostgresSettings
from mapper.receiver.destinations.destination import (
    MAX_ANSWER,
    Delivered,
    DeliveryError,
    EventsRefused,
    QueuedEvent,
    Tried,
)
from mapper.receiver.destinations.postgres_tables import EventTables

BATCH = 500
TIMEOUT = 30.0
CONNECT = 10
# A server may be set to report commits that it would lose in a crash.
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
# Classes of errors (postgresql.org/docs/current/errcodes-appendix.html) that are about the rows: data,
# constraints, and limits such as the size of a key. All others may pass.
ABOUT_ROWS = ("22", "23", "54")


@dataclass(slots=True)
class PostgresDestination:
    """Inserts events into a table, which is made if it is missing and checked if it is there."""

    name: str
    settings: PostgresSettings
    batch: int = BATCH
    concurrency: int = 1
    _tables: EventTables = field(init=False)
    _connection: psycopg.AsyncConnection[Any] | None = None

    def __post_init__(self) -> None:
        self._tables = EventTables(self.settings.table, self.settings.schema)

    def begin(self, position: str) -> None:
        """Nothing is to be done: the table tells what is there."""

    def tidy(self) -> None:
        """Nothing is due."""

    async def end(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                await connection.close()

    async def deliver(self, events: Sequence[QueuedEvent]) -> Delivered:
        """Insert events in one transaction."""
        if any(one.event_id is None for one in events):
            raise EventsRefused("no id", "without an `event_id` a row cannot be told from others")
        try:
            async with asyncio.timeout(TIMEOUT):
                return Delivered(await self._insert(events))
        except TimeoutError:
            await self.end()
            raise DeliveryError("no answer in time", "timeout") from None
        except UnicodeEncodeError:
            raise EventsRefused("text", "a text that PostgreSQL cannot hold") from None
        except psycopg.Error as error:
            await self._refuse(error)
            raise

    async def _insert(self, events: Sequence[QueuedEvent]) -> list[Tried]:
        connection = self._connection
        if connection is None or connection.closed:
            await self.end()
            connection = self._connection = await self._connect()
        async with connection.transaction():
            verdicts = await self._tables.insert(connection, events)
        return [Tried(verdict) for verdict in verdicts]

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        dsn = self.settings.dsn.value.decode("utf-8", "surrogateescape")
        try:
            known = conninfo_to_dict(dsn)
        except psycopg.Error:
            # The text of the error has parts of the DSN, and so perhaps a password.
            raise DeliveryError(f"the DSN ({self.settings.dsn.place}) cannot be read", "dsn") from None
        try:
            connection = await psycopg.AsyncConnection.connect(
                dsn,
                autocommit=True,
                connect_timeout=known.get("connect_timeout", CONNECT),
                application_name=known.get("application_name", "mapper"),
            )
        except psycopg.Error as error:
            raise DeliveryError(_shown(error, str(known.get("password", ""))), "no connection") from None
        try:
            await connection.execute(_DURABLE)
            fault = await self._tables.prepare(connection)
        except BaseException:
            await connection.close()
            raise
        if fault:
            await connection.close()
            raise DeliveryError(fault, "table")
        return connection

    async def _refuse(self, error: psycopg.Error) -> None:
        """Raise what an error means."""
        state = error.sqlstate or ""
        # The details of an error have values; its first line names the fault.
        text = error.diag.message_primary or type(error).__name__
        is_text = isinstance(error, psycopg.DataError) and not state  # found before anything was sent
        if state[:2] in ABOUT_ROWS or is_text:
            raise EventsRefused(state or "text", text[:MAX_ANSWER]) from None
        await self.end()
        raise DeliveryError(
            f"{text} ({state})" if state else "the connection is lost", state or "lost"
        ) from None


def _shown(error: psycopg.Error, password: str) -> str:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line.replace(password, "***")[:200] if password else line[:200]
