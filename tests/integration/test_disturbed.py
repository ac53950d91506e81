"""A whole deployment beside what disturbs its database and its files, and what is written of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from ocore.demo.repository import DemoCommits
from ocore.embedded.home import Home
from ocore.embedded.postgres import Cluster
from tests.integration.platform import Platform, Site
from tests.integration.repository import marking_each_loan
from tests.integration.test_the_main_job import attach, borrowers, filestore, gates, lend, step
from tests.integration.whole import assert_recorded

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]


def conninfo(site: Site) -> str:
    server = Cluster(Home(site.platform.home), None).server()
    return server.conninfo(site.instance["database"])


@asynccontextmanager
async def reconnecting(site: Site) -> AsyncIterator[list[str]]:
    """Let a client come back to the database whenever it is cut off; what it met is listed."""
    met: list[str] = []

    async def come_back() -> None:
        while True:
            with suppress(psycopg.Error):
                async with await psycopg.AsyncConnection.connect(conninfo(site)) as connection:
                    met.append("let in")
                    await connection.execute("SELECT pg_sleep(60)")
            met.append("cut off or refused")
            await asyncio.sleep(0.01)

    client = asyncio.create_task(come_back())
    try:
        yield met
    finally:
        client.cancel()
        await asyncio.gather(client, return_exceptions=True)


async def test_neither_a_client_nor_a_lock_nor_a_lost_file_keeps_an_update_from_its_end(
    platform: Platform, site: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    first = await site.deploy(commitSha=commits.second)
    assert first["status"] == "succeeded", await site.log(first)
    database = (await site.odoo()).database
    before = filestore(platform, site, database)
    await lend(site, "Ada")
    await attach(site, "contract.txt")
    (lost,) = filestore(platform, site, database).keys() - before.keys()
    (platform.home / "instances" / database / "data" / "filestore" / database / lost).unlink()
    marking = marking_each_loan(tmp_path / "repository")

    async with (
        reconnecting(site) as met,
        await psycopg.AsyncConnection.connect(conninfo(site)) as holder,
    ):
        await holder.execute("LOCK TABLE library_loan IN ACCESS EXCLUSIVE MODE")
        await holder.execute("UPDATE library_loan SET borrower = 'never kept'")
        async with asyncio.timeout(300):
            updated = await site.deploy(commitSha=marking)
        with pytest.raises(psycopg.OperationalError):
            await holder.execute("SELECT 1")
    assert updated["status"] == "succeeded", await site.log(updated)
    assert_recorded(updated)
    assert met.count("cut off or refused") > 0
    assert gates(updated)["database.snapshot"] == "passed"
    told = [each for each in updated["findings"] if each["class"] == "data.file_lost"]
    assert told[0]["metadata"]["files"] == [lost]
    assert step(updated, "Update modules")["version"] == 1
    assert await borrowers(site) == ["Ada!"]

    back = await site.roll_back(first["id"])
    assert back["status"] == "succeeded", await site.log(back)
    assert_recorded(back)
    assert await borrowers(site) == ["Ada"]
