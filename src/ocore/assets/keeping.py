"""Bundles stay where they are, in `ir_attachment`, while another version makes its own.

Odoo deletes the other versions of a bundle when it makes one, but passes over rows that somebody
has locked (`AssetsBundle._unlink_attachments`: FOR NO KEY UPDATE SKIP LOCKED). So who holds the
rows keeps the bundles, and their files with them, where every version of the code looks first.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, LiteralString

from ocore.environments import Instance
from ocore.kit.databases import Connection, connected
from ocore.kit.postgres import PostgresServer

KEPT_HOURS: Final = 24
"""For how long, at least, a page may stay open whose bundles have been replaced."""

_SETTINGS: LiteralString = (
    "SELECT set_config('lock_timeout', '10s', false),"
    " set_config('idle_in_transaction_session_timeout', '10min', false)"
)
# The versions of one bundle differ in the last folder of their path only. What is not the newest,
# and has not been lately, is left to Odoo, which deletes it together with its file.
_KEEP: LiteralString = """
    WITH version AS (
        SELECT id, lead(write_date) OVER (
            PARTITION BY regexp_replace(url, '/[^/]+(/[^/]+)$', '\\1') ORDER BY write_date, id
        ) AS replaced_at
        FROM ir_attachment
        WHERE url LIKE '/web/assets/%%' AND res_model = 'ir.ui.view' AND public
    )
    SELECT url FROM ir_attachment JOIN version USING (id)
    WHERE replaced_at IS NULL
        OR replaced_at > now() AT TIME ZONE 'UTC' - make_interval(hours => %s)
    FOR SHARE OF ir_attachment SKIP LOCKED
"""
# Made long ago, perhaps, and needed again: after a rollback.
_NEWEST: LiteralString = """
    UPDATE ir_attachment SET write_date = clock_timestamp() AT TIME ZONE 'UTC'
    WHERE url = ANY(%s) AND res_model = 'ir.ui.view' AND public
"""


@dataclass(frozen=True, slots=True)
class KeptBundles:
    """The bundles of now, for as long as they are held."""

    urls: tuple[str, ...]
    _connection: Connection

    async def follow(self, urls: Sequence[str]) -> None:
        """Note that these are the bundles from now on."""
        await self._connection.execute(_NEWEST, [list(urls)])


@asynccontextmanager
async def kept(
    server: PostgresServer, instance: Instance, *, hours: int = KEPT_HOURS
) -> AsyncIterator[KeptBundles]:
    """Hold the bundles of an instance; Odoo deletes none of them meanwhile."""
    async with connected(server, instance.database) as connection:
        await connection.execute(_SETTINGS)
        async with connection.transaction():
            found = await connection.execute(_KEEP, [hours])
            urls = tuple(url for (url,) in await found.fetchall())
            yield KeptBundles(urls, connection)
