"""What Odoo's processes do on the PostgreSQL server, told apart by their application name."""

import asyncio
from contextlib import suppress
from typing import Any, LiteralString

import psycopg

from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit.postgres import PostgresServer

_BUSY = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = %s AND application_name = %s AND state <> 'idle'
"""
_END = """
    SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
    WHERE datname = %s AND application_name = %s
"""
_POLL_SECONDS = 0.1

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


def application_name(instance: Instance, part: str) -> str:
    """Return the name under which a part of an instance connects (at most 63 bytes count)."""
    return f"{instance.database}/{part}"


class Sessions:
    """The sessions of one part of an instance."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    async def at_rest(self, instance: Instance, part: str, *, seconds: float) -> bool:
        """Wait until no request and no scheduled action of this part is at work, or time is up.

        Odoo holds a transaction open as long as it works on one. It must be seen at rest twice,
        since one look may fall between two transactions. While PostgreSQL is away nobody can tell,
        and there is nothing to wait for. Returns whether it was seen at rest.
        """
        rested = False
        with suppress(TimeoutError, StepFailed):
            async with asyncio.timeout(seconds), await self._connect() as connection:
                while True:
                    busy = await self._count(connection, _BUSY, instance, part)
                    if rested and not busy:
                        return True
                    rested = not busy
                    await asyncio.sleep(_POLL_SECONDS)
        return False

    async def end(self, instance: Instance, part: str) -> None:
        """End all sessions of this part; a killed client's last statement would run on."""
        async with await self._connect() as connection:
            await self._count(connection, _END, instance, part)

    async def _connect(self) -> Connection:
        try:
            return await psycopg.AsyncConnection.connect(
                self._server.conninfo("postgres"), autocommit=True
            )
        except psycopg.OperationalError as failure:
            raise StepFailed(
                f"PostgreSQL at {self._server.host}:{self._server.port} does not answer: {failure}"
            ) from failure

    async def _count(
        self,
        connection: Connection,
        query: LiteralString,
        instance: Instance,
        part: str,
    ) -> int:
        try:
            cursor = await connection.execute(
                query, (instance.database, application_name(instance, part))
            )
            row = await cursor.fetchone()
        except psycopg.Error as failure:
            raise StepFailed(
                f"cannot see the sessions of {instance.database} on PostgreSQL: {failure}"
            ) from failure
        return int(row[0]) if row else 0
