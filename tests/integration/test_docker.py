"""The main job in containers, and what becomes of it when Docker fails."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ocore.demo.repository import DemoCommits, build_repository
from tests.docker import Daemon
from tests.integration.conftest import new_home
from tests.integration.platform import Platform, Site
from tests.integration.test_the_main_job import do_the_main_job, lend, step

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
async def docker_platform(daemon: Daemon) -> AsyncIterator[Platform]:
    settings = {
        "OCORE_RUNTIME": "docker",
        "OCORE_DOCKER_HOST": daemon.engine.url,
        "OCORE_LEASE_SECONDS": "4",
    }
    with new_home(f"docker-{os.getpid()}") as home:
        running = await Platform(home, environment=settings).up()
        yield running
        running.down()


@pytest.fixture
async def shop(docker_platform: Platform, tmp_path: Path) -> Site:
    return await Site.make(docker_platform, tmp_path / "repository", tmp_path.name)


@pytest.fixture
async def commits(tmp_path: Path) -> DemoCommits:
    return await build_repository(tmp_path / "repository")


async def containers(daemon: Daemon, shop: Site) -> dict[str, str]:
    """Return the state of each container of an instance, by its part."""
    name = f"ocore-{(await shop.odoo()).database}-"
    async with daemon.engine.connected() as docker:
        found = await docker.containers.list(all=1)
    named = {each["Names"][0].removeprefix("/"): each["State"] for each in found}
    return {key.removeprefix(name): state for key, state in named.items() if key.startswith(name)}


async def test_code_and_data_go_live_fail_safely_and_come_back_in_containers(
    docker_platform: Platform, shop: Site, commits: DemoCommits, daemon: Daemon
) -> None:
    await do_the_main_job(docker_platform, shop, commits)
    assert await containers(daemon, shop) == {
        "blue": "running",
        "cron": "running",
        "green.stopped": "exited",
    }
    docker_platform.down()
    assert set((await containers_of(daemon)).values()) == {"exited"}
    await docker_platform.up()
    await answering(shop)
    await lend(shop, "Alan")


async def answering(shop: Site) -> None:
    """Wait until the Odoo of an instance that is being started answers through the proxy."""
    odoo = await shop.odoo()
    async with asyncio.timeout(60):
        while True:
            with suppress(aiohttp.ClientError):
                await odoo.call("library.book", "search_count", [])
                return
            await asyncio.sleep(0.5)


async def containers_of(daemon: Daemon) -> dict[str, str]:
    async with daemon.engine.connected() as docker:
        return {each["Names"][0]: each["State"] for each in await docker.containers.list(all=1)}


async def test_a_daemon_killed_in_a_build_fails_the_deployment_and_touches_nothing(
    docker_platform: Platform, shop: Site, commits: DemoCommits, daemon: Daemon
) -> None:
    started = await shop.start(commitSha=commits.first)
    async with asyncio.timeout(60):
        while step(await shop.get(started), "Build image")["status"] != "running":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    daemon.kill()
    ended = await shop.end_of(started)
    await daemon.start()
    assert ended["status"] == "failed", await shop.log(ended)
    assert "Docker" in ended["errorMessage"]
    assert docker_platform.api_url
    again = await shop.deploy(commitSha=commits.first)
    assert again["status"] == "succeeded", await shop.log(again)


async def test_a_daemon_killed_in_an_update_ends_with_the_earlier_code_and_data(
    docker_platform: Platform, shop: Site, commits: DemoCommits, daemon: Daemon
) -> None:
    first = await shop.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await shop.log(first)
    await lend(shop, "Ada")
    started = await shop.start(commitSha=commits.second)
    async with asyncio.timeout(60):
        while (await containers(daemon, shop)).get("update") != "running":  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.1)
    daemon.kill()
    await asyncio.sleep(2)
    await daemon.start()
    ended: dict[str, Any] = await shop.end_of(started)
    assert ended["status"] == "rolled_back", await shop.log(ended)
    assert "Docker" in ended["errorMessage"]
    assert step(ended, "Roll back")["status"] == "succeeded"
    odoo = await shop.odoo()
    loans = await odoo.call("library.loan", "search_read", [], fields=["borrower"])
    assert [loan["borrower"] for loan in loans] == ["Ada"]
    assert docker_platform.api_url
