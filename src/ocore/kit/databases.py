"""One-off conversations with a PostgreSQL server, as its administrator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, sql

from ocore.errors import StepFailed
from ocore.kit.postgres import PostgresServer

Connection = AsyncConnection[tuple[Any, ...]]


@asynccontextmanager
async def connected(
    server: PostgresServer, database: str = "postgres"
) -> AsyncIterator[Connection]:
    """Talk to one database, each statement its own transaction.

    What PostgreSQL refuses becomes StepFailed with its own words.
    """
    try:
        connection = await AsyncConnection.connect(
            server.conninfo(database), autocommit=True, connect_timeout=10
        )
        async with connection:
            yield connection
    except psycopg.Error as failure:
        raise StepFailed(f"PostgreSQL, database {database}: {_sentence(failure)}") from failure


async def run(connection: Connection, statement: LiteralString, *names: str) -> None:
    """Run a statement with these names in its places."""
    await connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


async def ensure_role(connection: Connection, name: str, password: str) -> None:
    """Make sure of a role that may log in with this password, and nothing else."""
    found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    verb = "ALTER" if await found.fetchone() else "CREATE"
    await connection.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.SQL(verb), sql.Identifier(name), sql.Literal(password)
        )
    )


async def database_exists(connection: Connection, name: str) -> bool:
    found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    return await found.fetchone() is not None


async def refuse_connections(connection: Connection, name: str) -> None:
    """Let nobody in any more and send away who is there; a missing database is fine."""
    if not await database_exists(connection, name):
        return
    await run(connection, "ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
    await send_away(connection, name)


async def send_away(connection: Connection, name: str) -> None:
    """End every session on a database."""
    # 10 s each: a backend ends only when it next looks (PostgreSQL, pg_terminate_backend).
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [name]
    )


async def drop_database(connection: Connection, name: str) -> None:
    """Remove a database whoever is connected; a missing one is fine."""
    await run(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _sentence(failure: psycopg.Error) -> str:
    detail = failure.diag.message_detail
    primary = failure.diag.message_primary or str(failure).strip()
    return f"{primary} ({detail})" if detail else primary
