"""Fixtures that more than one room needs."""

from collections.abc import AsyncIterator, Iterator

import pytest

from ocore.embedded.home import Home
from ocore.kit.postgres import PostgresServer
from tests.docker import Daemon, need_docker, one_node_swarm, running_daemon
from tests.postgres import running_cluster
from tests.real_odoo import RealOdoo, real_odoo
from tests.s3 import S3Server, running_s3


@pytest.fixture(scope="session")
async def cluster() -> AsyncIterator[tuple[Home, PostgresServer]]:
    async with running_cluster() as running:
        yield running


@pytest.fixture
def home(cluster: tuple[Home, PostgresServer]) -> Home:
    return cluster[0]


@pytest.fixture
def postgres_server(cluster: tuple[Home, PostgresServer]) -> PostgresServer:
    return cluster[1]


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="session")
async def odoo() -> RealOdoo:
    return await real_odoo()


@pytest.fixture(scope="session")
async def daemon() -> AsyncIterator[Daemon]:
    need_docker()
    async with running_daemon() as running:
        yield running


@pytest.fixture(scope="session")
async def swarm_daemon(daemon: Daemon) -> AsyncIterator[Daemon]:
    async with one_node_swarm(daemon) as managing:
        yield managing
