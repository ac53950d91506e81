"""A server with one sealed base, and the databases of it."""

import pytest

from ocore.databases.postgres import PostgresDatabases
from ocore.embedded.home import Home
from ocore.kit.postgres import PostgresServer
from tests.databases.odoo_like import BASE, make_base


@pytest.fixture
async def databases(home: Home, postgres_server: PostgresServer) -> PostgresDatabases:
    made = PostgresDatabases(postgres_server, home, None, "a secret of tests")
    if not await made.has_base(BASE):
        await make_base(made, postgres_server, home)
    return made
