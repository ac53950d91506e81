"""A server with one sealed base, and the databases of it."""

import secrets

import pytest

from ocore.databases.postgres import PostgresDatabases
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.kit.postgres import PostgresServer
from ocore.rehearsals.postgres import PostgresRehearsals
from tests.databases.odoo_like import BASE, instance, make_base


@pytest.fixture
async def databases(home: Home, postgres_server: PostgresServer) -> PostgresDatabases:
    made = PostgresDatabases(postgres_server, home, None, "a secret of tests")
    if not await made.has_base(BASE):
        await make_base(made, postgres_server, home)
    return made


@pytest.fixture
def rehearsals(home: Home, postgres_server: PostgresServer) -> PostgresRehearsals:
    return PostgresRehearsals(postgres_server, home, None, "a secret of tests")


@pytest.fixture
async def library(databases: PostgresDatabases) -> Instance:
    """Give an instance with two loans, under a name of its own."""
    made = instance(f"library_{secrets.token_hex(4)}")
    await databases.create(made, base=BASE)
    return made
