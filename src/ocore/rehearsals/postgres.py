"""Stand-ins on one PostgreSQL server: dumped beside the live instance, restored next to it.

A copy by TEMPLATE or reflink would be faster, and needs a database to which nobody is connected:
a rehearsal must not cost the live instance one request.
"""

import asyncio
import secrets
import shutil
from pathlib import Path
from typing import Final, LiteralString
from uuid import uuid4

from ocore.artifacts import Snapshot
from ocore.databases.postgres import admin_password, role_password
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.kit.databases import Connection, connected, drop_database, ensure_role, run
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import OsUser
from ocore.kit.threads import to_its_end
from ocore.kit.trees import link_tree
from ocore.odoo.passwords import password_hash
from ocore.rehearsals import Portrait, stand_in
from ocore.rehearsals.handing_over import hand_over
from ocore.snapshots.comparing import row_counts
from ocore.snapshots.dumping import check, demand_rows, dump, restore_for
from ocore.snapshots.files import demand_files
from ocore.snapshots.naming import snapshot_folder

_COLUMNS: Final = """
    SELECT table_name || '.' || column_name,
        udt_name || coalesce('(' || character_maximum_length || ')', '')
    FROM information_schema.columns
    JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
"""
_REACHING: Final[tuple[tuple[str, str, LiteralString], ...]] = (
    (
        "it is not marked as neutralized",
        "ir_config_parameter",
        """
        SELECT 1 WHERE NOT EXISTS (
            SELECT FROM ir_config_parameter
            WHERE key = 'database.is_neutralized' AND lower(value) IN ('true', '1')
        )
        """,
    ),
    (
        "it has an outgoing mail server",
        "ir_mail_server",
        "SELECT 1 FROM ir_mail_server WHERE active AND smtp_host <> 'invalid'",
    ),
    (
        "it has a scheduled action",
        "ir_cron",
        """
        SELECT 1 FROM ir_cron WHERE active AND id NOT IN (
            SELECT res_id FROM ir_model_data
            WHERE model = 'ir.cron' AND module = 'base' AND name = 'autovacuum_job'
        )
        """,
    ),
    (
        "it has a payment provider",
        "payment_provider",
        "SELECT 1 FROM payment_provider WHERE state NOT IN ('test', 'disabled')",
    ),
    (
        "it has a webhook",
        "ir_act_server",
        "SELECT 1 FROM ir_act_server WHERE state = 'webhook' AND webhook_url ~ '^https?:'",
    ),
)
"""What could still reach people: why, in which table (it may not be there), and where in it."""


class PostgresRehearsals:
    """Stand-ins under one administrator; `odoo_user` owns their files (None: our own user)."""

    def __init__(
        self, server: PostgresServer, home: Home, odoo_user: OsUser | None, platform_secret: str
    ) -> None:
        self._server = server
        self._home = home
        self._odoo_user = odoo_user
        self._secret = platform_secret

    async def prepare(self, instance: Instance) -> None:
        await self.discard(instance)
        name, folder = stand_in(instance).database, self._dump(instance)
        await to_its_end(_empty, folder)
        try:
            # Files first and last: Odoo may collect one that the dump still refers to.
            await self._link(instance)
            await dump(self._server, instance.database, folder)
            await self._create(name)
            await restore_for(self._server, folder, name, owner=name)
            await self._link(instance)
            await self._make_own(name)
        finally:
            await to_its_end(_remove, folder)

    async def harmful(self, instance: Instance) -> str | None:
        async with connected(self._server, stand_in(instance).database) as connection:
            for reason, table, query in _REACHING:
                if not await _has_table(connection, table):
                    continue
                if await (await connection.execute(query)).fetchone():
                    return reason
        return None

    async def receive(self, instance: Instance, snapshot: Snapshot) -> None:
        await self.discard(instance)
        name = stand_in(instance).database
        folder = snapshot_folder(self._home.snapshots, snapshot.id)
        await asyncio.to_thread(demand_files, snapshot.id, folder)
        await check(folder)
        await self._create(name)
        await restore_for(self._server, folder, name, owner=name)
        await demand_rows(self._server, folder, name)
        target = self._home.filestore(name)
        await to_its_end(link_tree, folder / "filestore", target, self._odoo_user)
        await self._make_own(name)
        await self._give_password(name, admin_password(self._secret, instance.database))

    async def hand_over(self, instance: Instance, copy_id: str) -> Snapshot:
        return await hand_over(self._server, self._home, instance, copy_id)

    async def portrait(self, instance: Instance) -> Portrait:
        async with connected(self._server, stand_in(instance).database) as connection:
            found = await (await connection.execute(_COLUMNS)).fetchall()
            return Portrait(columns=dict(found), rows=await row_counts(connection))

    async def discard(self, instance: Instance) -> None:
        name = stand_in(instance).database
        async with connected(self._server) as connection:
            await drop_database(connection, name)
            await run(connection, "DROP ROLE IF EXISTS {}", name)
        await to_its_end(_remove, self._dump(instance))
        await to_its_end(_remove, self._home.instances / name)

    async def _create(self, name: str) -> None:
        async with connected(self._server) as connection:
            await ensure_role(connection, name, role_password(self._secret, name))
            await run(connection, "CREATE DATABASE {} TEMPLATE template0 OWNER {}", name, name)
            await run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)

    async def _make_own(self, name: str) -> None:
        """Let nobody take the copy for the original: sessions, signatures, licences."""
        fresh = {"database.uuid": str(uuid4()), "database.secret": secrets.token_urlsafe(48)}
        async with connected(self._server, name) as connection:
            for key, value in fresh.items():
                await connection.execute(
                    "UPDATE ir_config_parameter SET value = %s WHERE key = %s", [value, key]
                )

    async def _give_password(self, name: str, password: str) -> None:
        """Let `admin` have the password that the platform hands out for this instance."""
        hashed = await asyncio.to_thread(password_hash, password, secrets.token_bytes(16))
        async with connected(self._server, name) as connection:
            await connection.execute(
                "UPDATE res_users SET password = %s WHERE login = 'admin'", [hashed]
            )

    async def _link(self, instance: Instance) -> None:
        source = self._home.filestore(instance.database)
        target = self._home.filestore(stand_in(instance).database)
        await to_its_end(link_tree, source, target, self._odoo_user)

    def _dump(self, instance: Instance) -> Path:
        return self._home.snapshots / stand_in(instance).database


async def _has_table(connection: Connection, name: str) -> bool:
    found = await connection.execute("SELECT to_regclass(%s)", [f"public.{name}"])
    row = await found.fetchone()
    return row is not None and row[0] is not None


def _empty(folder: Path) -> None:
    _remove(folder)
    folder.mkdir(parents=True)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
