"""A fence around an instance's scheduled actions: those at work are known, and no other begins.

Odoo keeps the row of an action locked for as long as it runs (`IrCron._acquire_one_job`: FOR NO KEY
UPDATE SKIP LOCKED) and passes over a row that another has locked. So whoever holds all the rows
that are free keeps actions from beginning, and the rows that are missing are at work.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import LiteralString

import psycopg

from ocore.environments import Instance
from ocore.kit.databases import Connection, connected
from ocore.kit.postgres import PostgresServer
from ocore.runtime import ScheduledAction
from ocore.runtime.odoo_process import CRON
from ocore.runtime.sessions import application_name

# A share lock is enough to be passed over, and two fences (a worker that thaws) do not see each
# other. How long an action has been at work is the age of the transaction that locks it: it began
# just before the action noted that it begins (`_add_progress`). Actions that somebody runs by hand
# belong to a request, so to a colour.
_AT_WORK: LiteralString = """
    WITH free AS MATERIALIZED (SELECT id FROM ir_cron FOR SHARE SKIP LOCKED)
    SELECT c.id, coalesce(c.cron_name, 'ir.cron ' || c.id), extract(epoch FROM clock_timestamp() -
        coalesce(max(s.xact_start) FILTER (WHERE s.xact_start <= p.noted), max(s.xact_start)))
    FROM ir_cron c
    CROSS JOIN LATERAL (
        SELECT max(create_date) AT TIME ZONE 'UTC' + interval '1 s' AS noted
        FROM ir_cron_progress WHERE cron_id = c.id
    ) p
    JOIN pg_stat_activity s ON s.datname = current_database() AND s.application_name = %s
        AND s.xact_start IS NOT NULL
    WHERE c.id NOT IN (SELECT id FROM free)
    GROUP BY c.id ORDER BY c.id
"""
_KEPT_WAITING: LiteralString = """
    SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND pg_backend_pid() = ANY(pg_blocking_pids(pid))
"""
# One that is frozen with its worker falls by itself.
_SETTINGS: LiteralString = (
    "SELECT set_config('lock_timeout', '2s', false),"
    " set_config('idle_in_transaction_session_timeout', '30s', false)"
)


class CronFence:
    """The fence while it stands; `around` puts it up and takes it down."""

    def __init__(self, connection: Connection, instance: Instance) -> None:
        self._connection = connection
        self._cron = application_name(instance, CRON)

    async def at_work(self) -> tuple[ScheduledAction, ...]:
        """Return the actions at work, and keep all others from beginning.

        The fence stands until it is taken down, or for 30 s after it was last asked.
        """
        if await (await self._connection.execute(_KEPT_WAITING)).fetchone():
            # An action that writes on another one's row would wait for us, and we for it.
            await self._connection.rollback()
        rows = await (await self._connection.execute(_AT_WORK, [self._cron])).fetchall()
        return tuple(
            ScheduledAction(id=key, name=name, seconds=float(seconds))
            for key, name, seconds in rows
        )


@asynccontextmanager
async def around(server: PostgresServer, instance: Instance) -> AsyncIterator[CronFence]:
    """Put up the fence around an instance. StepFailed when its database cannot be asked."""
    async with connected(server, instance.database) as connection:
        await connection.execute(_SETTINGS)
        await connection.set_autocommit(False)
        try:
            yield CronFence(connection, instance)
        finally:
            with suppress(psycopg.Error):
                await connection.rollback()
