import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from ocore.kit.databases import connected
from ocore.kit.files import can_reflink
from ocore.kit.postgres import PostgresServer
from ocore.snapshots.copying import Copier
from tests.disks import mounted
from tests.postgres import running_cluster


@pytest.fixture
def xfs() -> Iterator[Path]:
    """Give a file system that shares blocks."""
    with mounted("xfs", 600 * 1024**2) as mount:
        yield mount


async def copied(server: PostgresServer) -> str:
    async with connected(server) as connection:
        await connection.execute("CREATE DATABASE original")
    async with connected(server, "original") as connection:
        await connection.execute("CREATE TABLE loan AS SELECT generate_series(1, 1000) AS id")
    async with connected(server) as connection:
        strategy = await Copier(server).copy(connection, "original", "copy", owner=server.user)
    async with connected(server, "copy") as connection:
        found = await connection.execute("SELECT count(*) FROM loan")
        assert await found.fetchone() == (1000,)
    return strategy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
async def test_where_blocks_can_be_shared_a_copy_is_a_clone(xfs: Path) -> None:
    async with running_cluster(xfs) as (_, server):
        assert can_reflink(xfs)
        assert await copied(server) == "clone"


async def test_where_they_cannot_nobody_claims_that_it_was_one(tmp_path: Path) -> None:
    if can_reflink(tmp_path):
        pytest.skip("the temporary folder is on a reflink file system")
    async with running_cluster() as (_, server):
        assert await copied(server) == "template"


@asynccontextmanager
async def coming_back(server: PostgresServer, database: str) -> AsyncIterator[None]:
    """Let three clients come back to a database the moment they are sent away."""

    async def stay() -> None:
        while True:
            with suppress(psycopg.Error):
                conninfo = server.conninfo(database)
                async with await psycopg.AsyncConnection.connect(conninfo) as connection:
                    await connection.execute("SELECT pg_sleep(60)")

    clients = [asyncio.create_task(stay()) for _ in range(3)]
    try:
        await asyncio.sleep(0.5)
        yield
    finally:
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


async def test_clients_that_come_back_at_once_keep_nobody_from_copying() -> None:
    async with running_cluster() as (_, server), connected(server) as connection:
        await connection.execute("CREATE DATABASE original")
        async with coming_back(server, "original"):
            copier = Copier(server, attempts=1)
            await copier.copy(connection, "original", "copy", owner=server.user)
