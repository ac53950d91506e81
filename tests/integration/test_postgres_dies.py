"""PostgreSQL dies in the middle of Odoo's own update, and takes the platform's records with it."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest

from ocore.cli.client import ApiProblem
from ocore.demo.odoo_rpc import OdooRefused
from ocore.demo.repository import DemoCommits
from ocore.embedded.home import Home
from ocore.embedded.postgres import Cluster
from ocore.embedded.supervisor import Supervisor
from tests.integration.platform import Platform, Site
from tests.integration.repository import commit, git
from tests.integration.test_the_main_job import borrowers, lend, step
from tests.integration.whole import assert_recorded

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]

T = TypeVar("T")
SLOW_MARK = """\
def migrate(cr, version):
    cr.execute("UPDATE library_loan SET borrower = borrower || '!'")
    cr.execute("SELECT pg_sleep(2)")
"""


def marking_slowly(path: Path, version: str) -> str:
    """Commit a migration that has changed every row, and then lingers before it is committed."""
    git(path, "reset", "--quiet", "--hard", "v2")
    manifest = path / "library_loans" / "__manifest__.py"
    files = {
        "library_loans/__manifest__.py": manifest.read_text().replace("19.0.1.1.0", version),
        f"library_loans/migrations/{version}/post-mark.py": SLOW_MARK,
    }
    return commit(path, files, f"Mark each loan in {version}")


async def in_the_migration(platform: Platform) -> None:
    """Wait until Odoo's updater lingers in the migration, its rows changed and not committed."""
    conninfo = Cluster(Home(platform.home), None).server().conninfo("postgres")
    lingering = (
        "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(2)'"
    )
    async with asyncio.timeout(180):
        while True:
            with psycopg.connect(conninfo) as connection:
                if connection.execute(lingering).fetchone():
                    return
            await asyncio.sleep(0.05)


async def patiently(ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Ask until there is an answer: for a while there are no records to answer from."""
    async with asyncio.timeout(300):
        while True:
            try:
                return await ask()
            except (ApiProblem, OdooRefused):
                await asyncio.sleep(0.2)


async def test_the_update_is_done_again_from_the_snapshot_or_undone_and_no_row_is_lost(
    platform: Platform, site: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    first = await site.deploy(commitSha=commits.second or "")
    assert first["status"] == "succeeded", await site.log(first)
    await lend(site, "Ada")
    expected = "Ada"
    # `kill -9`, and then `immediate`, as on a power cut: the second shows that all goes on, too.
    for version, how in (("19.0.1.8.0", signal.SIGKILL), ("19.0.1.9.0", signal.SIGQUIT)):
        slow = marking_slowly(tmp_path / "repository", version)
        started = await site.start(commitSha=slow)
        await in_the_migration(platform)
        state = await Supervisor(platform.home / "run").state("postgres")
        assert state is not None
        assert state.pid is not None
        os.kill(state.pid, how)
        ended = await patiently(partial(site.end_of, started))
        assert ended["status"] in {"succeeded", "rolled_back"}, await site.log(ended)
        assert_recorded(ended, cause="Update modules")
        assert ended["status"] == "rolled_back" or step(ended, "Update modules")["version"] == 2
        expected += "!" if ended["status"] == "succeeded" else ""
        found = await patiently(partial(borrowers, site))
        assert found == [expected], "whole, and nothing done twice"
