"""Databases on one PostgreSQL server: a role for each instance, and nobody else gets in."""

import asyncio
import re
import secrets
import shutil
from collections.abc import Sequence
from typing import Any, Final, LiteralString
from uuid import uuid4

import msgspec
from psycopg import sql

from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.kit.databases import (
    Connection,
    connected,
    database_exists,
    drop_database,
    ensure_role,
    refuse_connections,
    run,
)
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import OsUser
from ocore.kit.secret import derive
from ocore.kit.threads import to_its_end
from ocore.kit.trees import link_tree
from ocore.odoo.addons import InstalledModule
from ocore.odoo.crons import Cron
from ocore.odoo.passwords import is_hash_of, password_hash
from ocore.odoo.schema import Schema

CHECKSUMS: Final = "module_auto_update.installed_checksums"
"""click-odoo-update's parameter, so that people can move here and back."""

_COLUMNS: Final = (
    "SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)"
    " || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    " AND a.attnum > 0 AND NOT a.attisdropped"
)
_FIELDS: Final = (
    "SELECT model || '.' || name, concat_ws(' ', ttype, relation,"
    " CASE WHEN store THEN 'stored' END, CASE WHEN required THEN 'required' END)"
    " FROM ir_model_fields"
)
_VIEWS: Final = (
    "SELECT md5(string_agg(id || ' ' || coalesce(arch_db::text, ''), ',' ORDER BY id))"
    " FROM ir_ui_view"
)
_ROWS: Final = (
    "SELECT relname, reltuples FROM pg_class WHERE relname = ANY(%s)"
    " AND relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
)
_CRONS: Final = (
    "SELECT coalesce(cron.cron_name, ''), model.model, action.code,"
    " data.module || '.' || data.name, coalesce(data.noupdate, false)"
    " FROM ir_cron cron JOIN ir_act_server action ON action.id = cron.ir_actions_server_id"
    " JOIN ir_model model ON model.id = action.model_id"
    " LEFT JOIN ir_model_data data ON data.model = 'ir.cron' AND data.res_id = cron.id"
    " WHERE cron.active AND action.state = 'code' AND action.code IS NOT NULL ORDER BY cron.id"
)
_MOST_COUNTED: Final = 100_000
_UNSAFE: Final = re.compile(r"[^a-z0-9]+")


def role_password(platform_secret: str, database: str) -> str:
    """Return the password of an instance's role; the runtime makes the same one."""
    return derive(platform_secret, f"database-role:{database}")


def admin_password(platform_secret: str, database: str) -> str:
    """Return the password that Odoo's `admin` is given in a new database."""
    return derive(platform_secret, f"odoo-admin:{database}")[:20]


class PostgresDatabases:
    """Databases under one administrator. `odoo_user` owns the filestores (None: our own user)."""

    def __init__(
        self, server: PostgresServer, home: Home, odoo_user: OsUser | None, platform_secret: str
    ) -> None:
        self._server = server
        self._home = home
        self._odoo_user = odoo_user
        self._secret = platform_secret

    async def exists(self, instance: Instance) -> bool:
        async with connected(self._server) as connection:
            return await database_exists(connection, instance.database)

    async def create(self, instance: Instance, *, base: str) -> None:
        name, fresh = instance.database, f"{instance.database}__new"
        source = _base_name(base)
        async with connected(self._server) as connection:
            if await database_exists(connection, name):
                return
            await ensure_role(connection, name, role_password(self._secret, name))
            await drop_database(connection, fresh)
            await run(connection, "CREATE DATABASE {} TEMPLATE {}", fresh, source)
            await self._make_own(fresh, name, _fresh_name(source))
            await run(connection, "ALTER DATABASE {} OWNER TO {}", fresh, name)
            await run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", fresh)
            await to_its_end(
                link_tree, self._home.filestore(source), self._home.filestore(name), self._odoo_user
            )
            # Last, so that a database of this name is a whole one.
            await run(connection, "ALTER DATABASE {} RENAME TO {}", fresh, name)

    async def has_base(self, base: str) -> bool:
        async with connected(self._server) as connection:
            return await database_exists(connection, _base_name(base))

    async def create_base(self, base: str) -> Instance:
        name = _fresh_name(_base_name(base))
        async with connected(self._server) as connection:
            await ensure_role(connection, name, role_password(self._secret, name))
            await drop_database(connection, name)
            await to_its_end(shutil.rmtree, self._home.instances / name, True)  # noqa: FBT003 - ignore_errors
            await run(connection, "CREATE DATABASE {} OWNER {} TEMPLATE template0", name, name)
            await run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
        return Instance(
            id=name,
            organization_id="",
            project_id="",
            name=name,
            slug=name,
            database=name,
            host="",
        )

    async def seal_base(self, base: str) -> None:
        name = _base_name(base)
        fresh = _fresh_name(name)
        async with connected(self._server) as connection:
            if await database_exists(connection, name):
                return
            await refuse_connections(connection, fresh)
            await to_its_end(self._move_filestore, fresh, name)
            # The contents stay with the role that installed them, so that REASSIGN OWNED in a copy
            # moves the contents of the copy and nothing else.
            await run(connection, "ALTER DATABASE {} OWNER TO CURRENT_USER", fresh)
            await run(connection, "ALTER DATABASE {} RENAME TO {}", fresh, name)

    async def modules(self, instance: Instance) -> tuple[InstalledModule, ...]:
        rows = await self._read(
            instance,
            "ir_module_module",
            "SELECT name, state, latest_version FROM ir_module_module"
            " WHERE state NOT IN ('uninstalled', 'uninstallable') ORDER BY name",
        )
        return tuple(
            InstalledModule(name=name, state=state, version=version)
            for name, state, version in rows
        )

    async def schema(self, instance: Instance) -> Schema:
        columns = await self._read(instance, "pg_class", _COLUMNS)
        fields = await self._read(instance, "ir_model_fields", _FIELDS)
        views = await self._read(instance, "ir_ui_view", _VIEWS)
        return Schema(
            columns=dict(columns), fields=dict(fields), views=str(views[0][0] if views else "")
        )

    async def rows(self, instance: Instance, tables: Sequence[str]) -> dict[str, int]:
        found = await self._read(instance, "pg_class", _ROWS, list(tables))
        estimated = {table: round(rows) for table, rows in found}
        small = [table for table, rows in estimated.items() if rows <= 0]
        if not small:
            return estimated
        # Never analyzed, or when it was still empty.
        async with connected(self._server, instance.database) as connection:
            return estimated | {table: await _counted(connection, table) for table in small}

    async def crons(self, instance: Instance) -> tuple[Cron, ...]:
        rows = await self._read(instance, "ir_cron", _CRONS)
        return tuple(
            Cron(name=name, model=model, code=code, xmlid=xmlid, noupdate=noupdate)
            for name, model, code, xmlid, noupdate in rows
        )

    async def checksums(self, instance: Instance) -> dict[str, str]:
        rows = await self._read(
            instance,
            "ir_config_parameter",
            "SELECT value FROM ir_config_parameter WHERE key = %s",
            CHECKSUMS,
        )
        return msgspec.json.decode(rows[0][0], type=dict[str, str]) if rows else {}

    async def remember_checksums(self, instance: Instance, checksums: dict[str, str]) -> None:
        value = msgspec.json.encode(dict(sorted(checksums.items()))).decode()
        async with connected(self._server, instance.database) as connection:
            await _set_parameter(connection, CHECKSUMS, value)

    async def admin_password(self, instance: Instance) -> str | None:
        """Return the password that `admin` was given, as long as it still is the password.

        None where somebody has changed it, and where the rows came along from elsewhere. Before
        the first deployment it is the one that `admin` will be given.
        """
        given = admin_password(self._secret, instance.database)
        if not await self.exists(instance):
            return given
        rows = await self._read(
            instance,
            "res_users",
            "SELECT coalesce(password, '') FROM res_users WHERE login = 'admin'",
        )
        holds = [await asyncio.to_thread(is_hash_of, given, stored) for (stored,) in rows]
        return given if any(holds) else None

    async def _read(
        self, instance: Instance, table: str, query: LiteralString, *values: object
    ) -> list[tuple[Any, ...]]:
        """Return the rows; none when there is no database, or no such table in it yet."""
        if not await self.exists(instance):
            return []
        async with connected(self._server, instance.database) as connection:
            found = await connection.execute("SELECT to_regclass(%s)", [table])
            if (await found.fetchone() or (None,))[0] is None:
                return []
            return await (await connection.execute(query, values)).fetchall()

    async def _make_own(self, database: str, owner: str, previous_owner: str) -> None:
        """Make a copy of a base a database of its own: owner, identity, secrets, password."""
        password = admin_password(self._secret, owner)
        hashed = await asyncio.to_thread(password_hash, password, secrets.token_bytes(16))
        async with connected(self._server, database) as connection:
            await run(connection, "REASSIGN OWNED BY {} TO {}", previous_owner, owner)
            await _set_parameter(connection, "database.uuid", str(uuid4()))
            await _set_parameter(connection, "database.secret", secrets.token_urlsafe(48))
            await connection.execute(
                "UPDATE res_users SET password = %s WHERE login = 'admin'", [hashed]
            )

    def _move_filestore(self, old: str, new: str) -> None:
        target = self._home.filestore(new)
        target.parent.mkdir(parents=True, exist_ok=True)
        if self._home.filestore(old).exists():
            self._home.filestore(old).rename(target)


async def _counted(connection: Connection, table: str) -> int:
    """Count the rows of a table that PostgreSQL has no estimate of, up to a bound."""
    query = sql.SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT {}) AS counted").format(
        sql.Identifier(table), sql.Literal(_MOST_COUNTED)
    )
    row = await (await connection.execute(query)).fetchone()
    return int(row[0]) if row else 0


async def _set_parameter(connection: Connection, key: str, value: str) -> None:
    await connection.execute(
        "INSERT INTO ir_config_parameter (key, value, create_date, write_date)"
        " VALUES (%s, %s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )


def _base_name(base: str) -> str:
    return f"ocore_base_{_UNSAFE.sub('_', base.lower())}"


def _fresh_name(name: str) -> str:
    return f"{name}__new"
