"""The platform's database: made, and brought to this version."""

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, create_engine, text

from ocore.errors import StepFailed
from ocore.kit.databases import connected, database_exists
from ocore.kit.postgres import PostgresServer

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x6F436F7265  # "oCore": two processes may start at once


async def ensure_database(admin: PostgresServer, *, name: str, role: str, password: str) -> None:
    """Make the database and the role that owns it, which may do nothing else on the server."""
    async with connected(admin) as connection:
        found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        verb = "ALTER" if await found.fetchone() else "CREATE"
        await connection.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {}").format(
                sql.SQL(verb), sql.Identifier(role), sql.Literal(password)
            )
        )
        if not await database_exists(connection, name):
            await connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(role)
                )
            )


async def migrate(conninfo: str) -> None:
    """Bring the schema to this version. StepFailed for a role that row-level security ignores."""
    await asyncio.to_thread(_migrate, conninfo)


def _migrate(conninfo: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    engine = create_engine(_url(conninfo))
    try:
        with engine.begin() as connection:
            free = connection.execute(
                text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            ).scalar_one()
            if free:
                raise StepFailed(
                    "OCORE_DATABASE_URL names a superuser or a role with BYPASSRLS, which sees"
                    " every organization's rows: use a role that only owns its database"
                )
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _url(conninfo: str) -> URL:
    found = conninfo_to_dict(conninfo)
    query = {
        key: str(value)
        for key, value in found.items()
        if value is not None and key not in {"user", "password", "host", "port", "dbname"}
    }
    return URL.create(
        "postgresql+psycopg",
        username=_text(found.get("user")),
        password=_text(found.get("password")),
        host=_text(found.get("host")),
        port=int(found.get("port") or 5432),
        database=_text(found.get("dbname")),
        query=query,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
