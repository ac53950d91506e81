"""Connections to the platform's records: every transaction names the organization it is for."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import files
from typing import Any, Final, LiteralString

import psycopg
from psycopg import AsyncClientCursor, AsyncConnection
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg_pool import AsyncConnectionPool

from ocore.errors import Unavailable

EVERY_ORGANIZATION: Final = "*"
CHANNEL: Final = "ocore_deployments"
_KEEPALIVE: Final = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""A connection whose other end is gone is noticed within half a minute, not within hours."""
# The third argument: for this transaction only.
_NAME_ORGANIZATION: Final = "SELECT set_config('ocore.organization', %(organization)s, true)"

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
async def open_pool(
    conninfo: str, *, most: int = 10, freeze_seconds: float = 5.0
) -> AsyncIterator[Pool]:
    """Open connections for one process; Unavailable when there is no server.

    A process that is frozen within a transaction holds its locks for `freeze_seconds`, not until
    it thaws: nobody could take over its deployment before.
    """

    async def configure(connection: Connection) -> None:
        await connection.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, false)",
            [f"{freeze_seconds * 1000:.0f}ms"],
        )

    pool: Pool = AsyncConnectionPool(
        conninfo,
        kwargs={"autocommit": True, "client_encoding": "utf8", **_KEEPALIVE},
        configure=configure,
        min_size=1,
        max_size=most,
        open=False,
        timeout=10,
    )
    try:
        with _translated():
            await pool.open(wait=True, timeout=30)
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def transaction(pool: Pool, organization_id: str) -> AsyncIterator[Connection]:
    """Begin a transaction that sees one organization; commit at the end, or nothing happened.

    Unavailable: the server is away, or went away meanwhile. Nothing happened then either, unless
    it went in the moment of the commit.
    """
    with _translated():
        async with pool.connection() as connection, connection.transaction():
            await connection.execute(_NAME_ORGANIZATION, {"organization": organization_id})
            yield connection


async def read(
    pool: Pool, organization_id: str, query: LiteralString, values: Mapping[str, object]
) -> list[Row]:
    """Return the rows of one statement that sees one organization; text comes as bytes.

    One round trip, where a transaction of its own takes four: statements that are sent together
    are one transaction (PostgreSQL, "Multiple Statements in a Simple Query"). Unavailable as above.
    """
    with _translated():
        return await _read(pool, organization_id, query, values)


async def _read(
    pool: Pool, organization_id: str, query: LiteralString, values: Mapping[str, object]
) -> list[Row]:
    async with pool.connection() as connection:
        cursor = AsyncClientCursor(connection)
        cursor.adapters.register_loader("text", _AsItCame)
        named = {**values, "organization": organization_id}
        await cursor.execute(f"{_NAME_ORGANIZATION}; {query}", named)
        cursor.nextset()
        return await cursor.fetchall()


class _AsItCame(Loader):
    """JSON that is only passed through is neither decoded nor encoded."""

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


async def ping(pool: Pool) -> None:
    """Return when the database answers; Unavailable when it does not."""
    with _translated():
        async with pool.connection(timeout=2) as connection:
            await connection.execute("SELECT 1")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what psycopg says of a server that is away into Unavailable."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as failure:
        # A pool that waits in vain says PoolTimeout, which is an OperationalError.
        raise Unavailable(f"the platform's database does not answer: {failure}") from failure
