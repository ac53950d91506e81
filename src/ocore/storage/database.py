"""Connections to the platform's records: every transaction names the organization it is for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, Final, LiteralString

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from ocore.errors import StepFailed

EVERY_ORGANIZATION: Final = "*"
CHANNEL: Final = "ocore_deployments"

Row = tuple[Any, ...]
Connection = AsyncConnection[Row]
Pool = AsyncConnectionPool[Connection]


def load_queries(name: str) -> dict[str, LiteralString]:
    """Read a file of named statements: each begins with a line `-- name: <name>`."""
    # The files ship with the code, and so are as literal as it is.
    text: LiteralString = (files("ocore.storage") / "queries" / f"{name}.sql").read_text()
    found: dict[str, LiteralString] = {}
    for block in text.split("-- name: ")[1:]:
        title, _, statement = block.partition("\n")
        found[title.strip()] = statement.strip()
    return found


@asynccontextmanager
async def open_pool(conninfo: str, *, most: int = 10) -> AsyncIterator[Pool]:
    """Open connections for one process; StepFailed when there is no server."""
    pool: Pool = AsyncConnectionPool(conninfo, min_size=1, max_size=most, open=False, timeout=10)
    try:
        await pool.open(wait=True, timeout=30)
    except PoolTimeout as failure:
        await pool.close()
        raise StepFailed(f"the platform's database does not answer: {failure}") from failure
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def transaction(pool: Pool, organization_id: str) -> AsyncIterator[Connection]:
    """Begin a transaction that sees one organization; commit at the end, or nothing happened."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(
            "SELECT set_config('ocore.organization', %s, true)", [organization_id]
        )
        yield connection


async def first(cursor: AsyncCursor[Row]) -> Row | None:
    return await cursor.fetchone()


async def ping(pool: Pool) -> None:
    """Return when the database answers; StepFailed when it does not."""
    try:
        async with pool.connection(timeout=2) as connection:
            await connection.execute("SELECT 1")
    except (psycopg.Error, PoolTimeout) as failure:
        raise StepFailed(f"the platform's database does not answer: {failure}") from failure
