"""A platform on a PostgreSQL server that is not its own."""

import secrets
from pathlib import Path

import pytest

from ocore.demo.repository import build_repository
from ocore.embedded.home import Home
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from tests.integration.conftest import new_home
from tests.integration.platform import Platform, Site
from tests.integration.test_the_main_job import borrowers, lend

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]


async def test_records_and_instances_live_on_a_server_of_ones_own(
    cluster: tuple[Home, PostgresServer], tmp_path: Path
) -> None:
    _, server = cluster
    records = f"records_{secrets.token_hex(4)}"
    async with connected(server) as connection:
        await connection.execute(f"CREATE ROLE {records} LOGIN PASSWORD 'records'")
        await connection.execute(f"CREATE DATABASE {records} OWNER {records}")
    address = f"{server.host}:{server.port}"
    commits = await build_repository(tmp_path / "repository")
    with new_home(tmp_path.name) as home:
        platform = await Platform(
            home,
            environment={
                "OCORE_DATABASE_URL": f"postgresql://{records}:records@{address}/{records}",
                "OCORE_ODOO_DATABASE_URL": (
                    f"postgresql://{server.user}:{server.password}@{address}/postgres"
                ),
                "OCORE_POSTGRES_BINARIES": server.binaries,
            },
        ).up()
        try:
            site = await Site.make(platform, tmp_path / "repository", tmp_path.name)
            first = await site.deploy(commitSha=commits.first)
            assert first["status"] == "succeeded", await site.log(first)
            await lend(site, "Ada")
            second = await site.deploy(commitSha=commits.second)
            assert second["status"] == "succeeded", await site.log(second)
            assert await borrowers(site) == ["Ada"]
            assert not (home / "postgres").exists()
        finally:
            platform.down()
