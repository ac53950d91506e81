"""Updates of staging are tried on a copy first: what would fail on the data never gets there.

In production the gates of Validate would stop the broken commit before.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ocore.demo.repository import DemoCommits
from ocore.embedded.home import Home
from ocore.embedded.postgres import Cluster
from tests.integration.platform import Platform, Site
from tests.integration.repository import commit, git
from tests.integration.test_crashes import when_running, worker_pid
from tests.integration.test_the_main_job import borrowers, gates, lend, step

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]

FAILING_TEST = """\
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestBook(TransactionCase):
    def test_a_book_has_a_name(self):
        self.assertTrue(self.env["library.book"].search([], limit=1).name)

    def test_no_book_is_called_so(self):
        self.assertEqual(self.env["library.book"].search([], limit=1).name, "No such name")
"""


@pytest.fixture
async def staging(platform: Platform, commits: DemoCommits, tmp_path: Path) -> AsyncIterator[Site]:
    assert commits.first
    repository = tmp_path / "repository"
    made = await Site.make(platform, repository, tmp_path.name, environment="staging")
    yield made
    await made.retire()


def failing_test(path: Path) -> str:
    """Commit a test that fails, with the module's version raised so that it is updated."""
    git(path, "reset", "--quiet", "--hard", "v2")
    manifest = path / "library_loans" / "__manifest__.py"
    return commit(
        path,
        {
            "library_loans/__manifest__.py": manifest.read_text() + "\n# Tested\n",
            "library_loans/tests/__init__.py": "from . import test_book\n",
            "library_loans/tests/test_book.py": FAILING_TEST,
        },
        "Test the books",
    )


def leftovers(platform: Platform) -> list[str]:
    """Return what is left of stand-ins: databases, roles and folders."""
    server = Cluster(Home(platform.home), None).server()
    with psycopg.connect(server.conninfo("postgres")) as admin:
        rows = admin.execute(
            "SELECT datname FROM pg_database WHERE right(datname, 3) = '__r'"
            " UNION SELECT rolname FROM pg_roles WHERE right(rolname, 3) = '__r'"
        ).fetchall()
    folders = [*platform.home.glob("instances/*__r"), *platform.home.glob("snapshots/*__r")]
    return [*(row[0] for row in rows), *map(str, folders)]


def evidence(deployment: dict[str, Any], gate: str) -> dict[str, Any]:
    return next(each for each in deployment["evidence"] if each["gateKey"] == gate)


async def test_staging_rehearses_and_is_blocked_where_nobody_is_served(
    platform: Platform, staging: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    site = staging
    first = await site.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await site.log(first)
    assert step(first, "Rehearse")["output"] == "the instance has no data yet"
    await lend(site, "Ada")

    second = await site.deploy(commitSha=commits.second)
    assert second["status"] == "succeeded", await site.log(second)
    assert gates(second)["database.rehearsal"] == "passed"
    assert "on a copy of the data" in evidence(second, "database.rehearsal")["summary"]
    assert gates(second)["odoo.tests"] == "passed"
    grown = [each for each in second["findings"] if each["class"] == "schema.grown"]
    assert "library_book.rating" in grown[0]["metadata"]["columns"]
    assert await borrowers(site) == ["Ada"]

    broken = await site.deploy(commitSha=commits.broken)
    assert broken["status"] == "blocked", await site.log(broken)
    assert step(broken, "Rehearse")["status"] == "failed"
    assert (await site.cancel(broken))["status"] == "cancelled"
    card = evidence(broken, "database.rehearsal")["validation"]["failureCard"]
    assert card["where"]["file"].startswith("library_loans/migrations/"), card

    untested = await site.deploy(commitSha=failing_test(tmp_path / "repository"))
    assert untested["status"] == "blocked", await site.log(untested)
    assert gates(untested)["database.rehearsal"] == "passed"
    tests = evidence(untested, "odoo.tests")
    assert tests["status"] == "failed"
    assert "1 of 2 tests did not pass" in tests["summary"], tests["summary"]
    assert tests["validation"]["failureCard"]["where"]["file"] == "library_loans/tests/test_book.py"

    assert await borrowers(site) == ["Ada"], "nobody noticed any of it"
    assert leftovers(platform) == []


async def test_a_worker_killed_in_a_rehearsal_leaves_no_copy_and_no_updater(
    platform: Platform, staging: Site, commits: DemoCommits
) -> None:
    site = staging
    first = await site.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await site.log(first)
    started = await site.start(commitSha=commits.second)
    await when_running(site, started, "Rehearse")
    async with asyncio.timeout(120):
        while len(leftovers(platform)) < 2:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    os.kill(await worker_pid(platform), signal.SIGKILL)
    ended = await site.end_of(started)
    assert ended["status"] == "succeeded", await site.log(ended)
    assert step(ended, "Rehearse")["version"] == 2
    assert leftovers(platform) == []
