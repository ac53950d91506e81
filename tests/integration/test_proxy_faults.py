"""What becomes of users and deployments when the proxy or oCore itself goes away for a while."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ocore.demo.repository import DemoCommits
from ocore.embedded.settings import settings_from
from ocore.embedded.supervisor import Supervisor
from ocore.wiring.parts import traefik_program
from tests.git import git
from tests.integration.load import Load, miswritten, users
from tests.integration.platform import Platform, Site
from tests.integration.repository import migrating, restyled, styled
from tests.integration.test_the_main_job import step

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]


async def kill(platform: Platform, *programs: str) -> None:
    """Kill programs of the platform, and wait until the supervisor has started them again."""
    supervisor = Supervisor(platform.home / "run")
    for name in programs:
        before = await supervisor.state(name)
        assert before is not None
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            while (now := await supervisor.state(name)) is None or now.pid in {None, before.pid}:  # noqa: ASYNC110 - of others
                await asyncio.sleep(0.1)


@asynccontextmanager
async def without_traefik(platform: Platform) -> AsyncIterator[None]:
    """Take Traefik away, as if it could not start, and bring it back."""
    supervisor = Supervisor(platform.home / "run")
    await supervisor.remove("traefik")
    try:
        yield
    finally:
        await supervisor.ensure(traefik_program(settings_from(platform.variables())))


async def reached(site: Site, started: dict[str, Any], name: str) -> None:
    async with asyncio.timeout(120):
        while step(await site.get(started), name)["status"] == "pending":  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.05)


async def serves(site: Site) -> dict[str, Any]:
    """Return a book, once the instance answers."""
    odoo = await site.odoo()
    async with asyncio.timeout(60):
        while True:
            try:
                found = await odoo.call("library.book", "search_read", [], limit=1)
            except aiohttp.ClientError:
                await asyncio.sleep(0.2)
            else:
                return dict(found[0])


async def test_users_and_data_outlive_the_proxy_and_ocore(
    platform: Platform, site: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    git(repository, "reset", "--quiet", "--hard", commits.second)
    first = await site.deploy(commitSha=styled(repository))
    assert first["status"] == "succeeded", await site.log(first)
    odoo = await site.odoo()

    # oCore is restarted, and nobody notices.
    async with users(odoo, 8, pause=0.2) as load:
        await _some(load)
        await kill(platform, "worker", "api")
        await platform.answering()
        await _some(load)
    assert load.failures == {}
    assert await miswritten(load, odoo) == {}

    # The proxy is restarted: it needs nobody to tell it again where this instance is.
    await kill(platform, "traefik")
    before = await serves(site)

    await _lose_traefik_at_the_switch(site, restyled(repository, 1), "Health check")
    await _lose_traefik_at_the_switch(site, migrating(repository, 1), "Update modules")
    assert (await serves(site))["pages"] == before["pages"], "the data is as it was"

    async with users(odoo, 8, pause=0.2) as load:
        again = await site.deploy(commitSha=restyled(repository, 2))
        await _some(load)
    assert again["status"] == "succeeded", await site.log(again)
    assert load.failures == {}


async def _lose_traefik_at_the_switch(site: Site, sha: str, name: str) -> None:
    """Deploy, and take Traefik away in a step before the switch for longer than that waits."""
    started = await site.start(commitSha=sha)
    await reached(site, started, name)
    async with without_traefik(site.platform):
        ended = await site.end_of(started)
    assert ended["status"] == "rolled_back", await site.log(ended)
    assert ended["errorMessage"].startswith("Switch traffic: Traefik's API at http://127.0.0.1:")
    assert "see that Traefik runs" in ended["errorMessage"]
    await serves(site)


async def _some(load: Load) -> None:
    """Wait until users have had some more answers."""
    wanted = len(load.requests) + 40
    async with asyncio.timeout(60):
        while len(load.requests) < wanted:  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.1)
