"""The main job on a swarm, through a restart of the whole platform."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ocore.demo.repository import DemoCommits, build_repository
from ocore.kit.swarm import replicas
from tests.docker import Daemon
from tests.integration.conftest import new_home
from tests.integration.platform import Platform, Site
from tests.integration.test_the_main_job import borrowers, lend

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]


@pytest.fixture
async def swarm_platform(swarm_daemon: Daemon) -> AsyncIterator[Platform]:
    settings = {
        "OCORE_RUNTIME": "swarm",
        "OCORE_DOCKER_HOST": swarm_daemon.engine.url,
        "OCORE_LEASE_SECONDS": "4",
    }
    with new_home(f"swarm-{os.getpid()}") as home:
        running = await Platform(home, environment=settings).up()
        yield running
        running.down()


async def services(daemon: Daemon, shop: Site) -> dict[str, int]:
    """Return how many replicas each service of an instance ought to have, by its part."""
    name = f"ocore-{(await shop.odoo()).database}-"
    async with daemon.engine.connected() as docker:
        found = {each["Spec"]["Name"]: replicas(each) for each in await docker.services.list()}
    return {key.removeprefix(name): count for key, count in found.items() if key.startswith(name)}


async def running_containers(daemon: Daemon) -> list[str]:
    async with daemon.engine.connected() as docker:
        return [each["Names"][0] for each in await docker.containers.list()]


async def test_a_swarm_takes_code_and_data_forth_and_back_and_outlives_its_platform(
    swarm_platform: Platform, swarm_daemon: Daemon, tmp_path: Path
) -> None:
    commits: DemoCommits = await build_repository(tmp_path / "repository")
    shop = await Site.make(swarm_platform, tmp_path / "repository", tmp_path.name)
    first = await shop.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await shop.log(first)
    await lend(shop, "Ada")
    second = await shop.deploy(commitSha=commits.second)
    assert second["status"] == "succeeded", await shop.log(second)
    assert second["activeColor"] == "green"
    await lend(shop, "Grace")
    back = await shop.roll_back(first["id"])
    assert back["status"] == "succeeded", await shop.log(back)
    assert await borrowers(shop) == ["Ada"]
    assert await services(swarm_daemon, shop) == {"blue": 1, "cron": 1, "green": 0}
    swarm_platform.down()
    assert await running_containers(swarm_daemon) == []
    await swarm_platform.up()
    await shop.answering()
    await lend(shop, "Alan")
    assert await services(swarm_daemon, shop) == {"blue": 1, "cron": 1, "green": 0}
