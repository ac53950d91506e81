"""A running API: one for each test, and one that a module's questions share."""

from collections.abc import AsyncIterator

import pytest
from psycopg import sql

from ocore.kit import ids
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from tests.api.parts import Api, serving
from tests.storage.conftest import ROLE, TEMPLATE
from tests.storage.conftest import migrated as migrated  # noqa: PLC0414 - a fixture, for here too


@pytest.fixture
async def api(
    migrated: PostgresServer,
    cluster: tuple[object, PostgresServer],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Api]:
    conninfo = await _new_database(migrated, cluster[1])
    async with serving(conninfo, tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.fixture(scope="module")
async def shared(
    migrated: PostgresServer,
    cluster: tuple[object, PostgresServer],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Api]:
    """For questions that change nothing."""
    conninfo = await _new_database(migrated, cluster[1])
    async with serving(conninfo, tmp_path_factory.mktemp("api")) as running:
        yield running


async def _new_database(migrated: PostgresServer, server: PostgresServer) -> str:
    name = f"api_{ids.uuid7().replace('-', '')[-12:]}"
    async with connected(server) as connection:
        await connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE), sql.Identifier(ROLE)
            )
        )
    return migrated.conninfo(name)
