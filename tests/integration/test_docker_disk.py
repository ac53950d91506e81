"""A whole deployment on the Docker runtime whose disk is full."""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ocore.demo.repository import build_repository
from tests.disks import MIB, fill, mounted
from tests.docker import Daemon, carry, daemon_on
from tests.git import commit, git
from tests.integration.conftest import new_home
from tests.integration.platform import Platform, Site
from tests.integration.test_docker import containers
from tests.integration.test_the_main_job import borrowers, lend

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]

DISK_BYTES = 6 * 1024**3


@dataclass(frozen=True)
class Cramped:
    """A platform, and the small disk of its Docker daemon, which has nothing else on it."""

    platform: Platform
    daemon: Daemon
    disk: Path


@pytest.fixture
async def cramped(daemon: Daemon) -> AsyncIterator[Cramped]:
    with mounted("xfs", DISK_BYTES) as disk:
        async with daemon_on(disk / "data") as small:
            await carry(daemon.engine, small.engine, *await of_nobody(daemon))
            settings = {
                "OCORE_RUNTIME": "docker",
                "OCORE_DOCKER_HOST": small.engine.url,
                "OCORE_LEASE_SECONDS": "4",
            }
            with new_home(f"cramped-{os.getpid()}") as home:
                running = await Platform(home, environment=settings).up()
                yield Cramped(running, small, disk)
                running.down()


async def of_nobody(daemon: Daemon) -> list[str]:
    """Return the images which all projects share: one can be had without building it again."""
    async with daemon.engine.connected() as docker:
        listed = await docker.images.list(filters={"reference": ["ocore/*"]})
    return [tag for image in listed for tag in image["RepoTags"] or ()]


async def test_a_full_disk_of_docker_is_named_and_leaves_the_earlier_version_and_its_rows(
    cramped: Cramped, tmp_path: Path
) -> None:
    repository, disk = tmp_path / "repository", cramped.disk
    commits = await build_repository(repository)
    shop = await Site.make(cramped.platform, repository, tmp_path.name)
    first = await shop.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await shop.log(first)
    await lend(shop, "Ada")
    git(repository, "reset", "--quiet", "--hard", commits.second)
    large = commit(repository, {"library_loans/static/large.txt": "x" * 140 * MIB})

    ballast = fill(disk, leaving=200 * MIB)
    ended = await shop.deploy(commitSha=large)
    assert ended["status"] == "failed", await shop.log(ended)
    full = f"Build image: the image cannot be built: the disk of {disk}/data is full: "
    reason = ended["errorMessage"].removeprefix(full)
    assert re.fullmatch(r"Step \d+/\d+ : .* no space left on device", reason), ended["errorMessage"]
    await lend(shop, "Grace")
    assert await containers(cramped.daemon, shop) == {"blue": "running", "cron": "running"}
    async with cramped.platform.client() as client:
        assert (await client.get(f"/instances/{shop.instance['id']}"))["status"] == "running"

    ballast.unlink()
    again = await shop.deploy(commitSha=large)
    assert again["status"] == "succeeded", await shop.log(again)
    assert await borrowers(shop) == ["Ada", "Grace"]
