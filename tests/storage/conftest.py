"""A migrated database for each test, cloned from one that was migrated once."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from psycopg import sql

from ocore.kit import ids
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from ocore.storage.database import Pool, open_pool
from ocore.storage.schema import ensure_database, migrate
from tests.storage.records import Records, add_records

ROLE, PASSWORD, TEMPLATE = "ocore_records", "a password of tests", "ocore_records_template"


@pytest.fixture(scope="session")
async def migrated(cluster: tuple[object, PostgresServer]) -> PostgresServer:
    server = cluster[1]
    await ensure_database(server, name=TEMPLATE, role=ROLE, password=PASSWORD)
    own = replace(server, user=ROLE, password=PASSWORD)
    await migrate(own.conninfo(TEMPLATE))
    return own


@pytest.fixture
async def conninfo(migrated: PostgresServer, postgres_server: PostgresServer) -> str:
    name = f"records_{ids.uuid7().replace('-', '')[-12:]}"
    async with connected(postgres_server) as connection:
        await connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE), sql.Identifier(ROLE)
            )
        )
    return migrated.conninfo(name)


@pytest.fixture
async def pool(conninfo: str) -> AsyncIterator[Pool]:
    async with open_pool(conninfo) as opened:
        yield opened


@pytest.fixture
async def records(pool: Pool) -> Records:
    return await add_records(pool)
