"""The main job in containers, and what becomes of it when Docker fails."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ocore.demo.repository import DemoCommits, build_repository
from ocore.embedded.home import Home
from ocore.kit.locks import exclusive
from ocore.runtime.container import lock_of
from tests.docker import Daemon
from tests.git import commit, git
from tests.integration.conftest import new_home
from tests.integration.platform import Platform, Site
from tests.integration.test_switching import keep_pages_open_through_both_kinds_of_switch
from tests.integration.test_the_main_job import borrowers, do_the_main_job, lend, step
from tests.registry import PASSWORD, USER, Shelf, registry_in

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]

REACHING = """\
import socket

from odoo.tests import TransactionCase


class TestReach(TransactionCase):
    def test_nothing_can_be_reached(self):
        for host in {hosts!r}:
            with self.assertRaises(OSError, msg=host):
                socket.create_connection((host, {port}), timeout=5).close()

    def test_the_data_can(self):
        self.assertEqual(self.env["library.loan"].search([]).mapped("borrower"), ["Ada"])
"""


@pytest.fixture(scope="module")
async def registry(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shelf]:
    async with registry_in(tmp_path_factory.mktemp("registry"), closed=True) as shelf:
        yield shelf


@pytest.fixture(scope="module")
async def docker_platform(daemon: Daemon, registry: Shelf) -> AsyncIterator[Platform]:
    settings = {
        "OCORE_RUNTIME": "docker",
        "OCORE_DOCKER_HOST": daemon.engine.url,
        "OCORE_REGISTRY": registry.address,
        "OCORE_REGISTRY_USERNAME": USER,
        "OCORE_REGISTRY_PASSWORD": PASSWORD,
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
    await shop.answering()
    await lend(shop, "Alan")
    await go_back_after_a_prune(docker_platform, shop, daemon)
    assert await borrowers(shop) == ["Ada", "Grace"]
    worker = next(docker_platform.home.glob("run/programs.d/worker*"))
    assert worker.stat().st_mode & 0o077 == 0, "the registry's password is in it"


async def go_back_after_a_prune(platform: Platform, shop: Site, daemon: Daemon) -> None:
    """Prune all that may go, lose the rest, and go to the version before."""
    ended = await shop.deployments()
    needed = {each["imageTag"] for each in ended if each["status"] == "succeeded"}
    others = {each["imageTag"] for each in ended} - needed
    assert (len(needed), len(others)) == (2, 1)
    assert await images_of(daemon) >= needed | others
    pruned = subprocess.run(
        [*platform.command("prune"), "--days=0"],
        env=platform.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert pruned.returncode == 0, pruned.stderr
    assert await images_of(daemon) >= needed
    assert not await images_of(daemon) & others
    target = next(each for each in reversed(ended) if each["previousDeploymentId"])
    async with daemon.engine.connected() as docker:
        await docker.images.delete(target["imageTag"], force=True)
    back = await shop.roll_back(target["id"])
    assert back["status"] == "succeeded", await shop.log(back)
    assert back["imageTag"] == target["imageTag"]


async def images_of(daemon: Daemon) -> set[str]:
    async with daemon.engine.connected() as docker:
        listed = await docker.images.list(filters={"label": ["ocore.project"]})
    return {tag for image in listed for tag in image["RepoTags"] or ()}


async def containers_of(daemon: Daemon) -> dict[str, str]:
    async with daemon.engine.connected() as docker:
        return {each["Names"][0]: each["State"] for each in await docker.containers.list(all=1)}


async def test_people_notice_no_deployment_in_containers(
    docker_platform: Platform, daemon: Daemon, tmp_path: Path
) -> None:
    shop = await keep_pages_open_through_both_kinds_of_switch(docker_platform, tmp_path, pages=20)
    assert await containers(daemon, shop) == {
        "blue": "running",
        "cron": "running",
        "green.stopped": "exited",
    }


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


async def test_an_update_is_rehearsed_without_a_network_and_undone_when_its_daemon_is_killed(
    docker_platform: Platform, tmp_path: Path, commits: DemoCommits, daemon: Daemon
) -> None:
    repository = tmp_path / "repository"
    shop = await Site.make(docker_platform, repository, tmp_path.name, environment="staging")
    first = await shop.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await shop.log(first)
    await lend(shop, "Ada")
    async with listener() as (port, visitors):
        hosts = ("127.0.0.1", daemon.address)
        for host in hosts:  # from outside of the container both work
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
        started = await shop.start(commitSha=reaching(repository, commits.second, hosts, port))
        async with asyncio.timeout(300):
            while (await containers(daemon, shop)).get("update") != "running":  # noqa: ASYNC110 - of others
                await asyncio.sleep(0.1)
        daemon.kill()
    await asyncio.sleep(2)
    await daemon.start()
    ended = await shop.end_of(started)
    assert ended["status"] == "rolled_back", await shop.log(ended)
    assert "2 tests of library_loans passed" in step(ended, "Rehearse")["output"]
    assert len(visitors) == len(hosts), "nobody came after us"
    assert ended["errorMessage"].startswith("Update modules: Docker"), ended["errorMessage"]
    assert step(ended, "Roll back")["status"] == "succeeded"
    assert await borrowers(shop) == ["Ada"]


def reaching(repository: Path, sha: str, hosts: tuple[str, ...], port: int) -> str:
    """Commit tests, on top of this commit, that pass where these hosts cannot be reached."""
    git(repository, "switch", "--quiet", "--force-create", "next", sha)
    return commit(
        repository,
        {
            "library_loans/tests/__init__.py": "from . import test_reach\n",
            "library_loans/tests/test_reach.py": REACHING.format(hosts=hosts, port=port),
        },
    )


@asynccontextmanager
async def listener() -> AsyncIterator[tuple[int, list[str]]]:
    """Listen on every address of this machine; give the port, and who came."""
    visitors: list[str] = []

    def note(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitors.append(writer.get_extra_info("peername")[0])
        writer.close()

    async with await asyncio.start_server(note, "0.0.0.0", 0) as server:  # noqa: S104
        yield server.sockets[0].getsockname()[1], visitors


def beside(repository: Path, sha: str, name: str) -> str:
    """Commit one more file, which belongs to no module, on top of this commit."""
    git(repository, "switch", "--quiet", "--force-create", "next", sha)
    return commit(repository, {name: "Lends books."})


@asynccontextmanager
async def stuck_at(platform: Platform, shop: Site, part: str) -> AsyncIterator[None]:
    """Keep the worker waiting where it would start or stop this container."""
    name = f"ocore-{(await shop.odoo()).database}-{part}"
    async with exclusive(lock_of(Home(platform.home), name)):
        yield


async def reached(shop: Site, deployment: dict[str, Any], line: str) -> None:
    async with asyncio.timeout(120):
        while line not in await shop.log(deployment):  # noqa: ASYNC110 - of another program
            await asyncio.sleep(0.1)


async def undone(shop: Site, deployment: dict[str, Any], name: str, daemon: Daemon) -> None:
    """Let the daemon come back only when this step has failed for want of it."""
    async with asyncio.timeout(120):
        while step(await shop.get(deployment), name)["status"] != "failed":  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.2)
    await daemon.start()
    ended = await shop.end_of(deployment)
    assert ended["status"] == "rolled_back", await shop.log(ended)
    assert ended["errorMessage"].startswith(f"{name}: Docker at {daemon.engine.url}"), ended
    assert step(ended, "Roll back")["status"] == "succeeded"


async def test_a_daemon_killed_at_the_start_or_in_the_switch_leaves_the_earlier_version_alone(
    docker_platform: Platform, shop: Site, commits: DemoCommits, daemon: Daemon, tmp_path: Path
) -> None:
    first = await shop.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await shop.log(first)
    await lend(shop, "Ada")
    code_only = beside(tmp_path / "repository", commits.first, "README.md")

    started = await shop.start(commitSha=code_only)
    async with stuck_at(docker_platform, shop, "green"):
        await reached(shop, started, "=== Start")
        daemon.kill()
    await lend(shop, "Grace")  # containers outlive their daemon, until it comes back
    await undone(shop, started, "Start", daemon)
    assert await containers(daemon, shop) == {"blue": "running", "cron": "running"}

    switched = await shop.start(commitSha=code_only)
    async with stuck_at(docker_platform, shop, "blue"):
        await reached(shop, switched, "is served by green")
        daemon.kill()
    await lend(shop, "Alan")
    await undone(shop, switched, "Switch traffic", daemon)
    assert await containers(daemon, shop) == {
        "blue": "running",
        "cron": "running",
        "green.stopped": "exited",
    }
    assert await borrowers(shop) == ["Ada", "Grace", "Alan"]

    again = await shop.deploy(commitSha=code_only)
    assert again["status"] == "succeeded", await shop.log(again)
    assert await containers(daemon, shop) == {
        "blue.stopped": "exited",
        "cron": "running",
        "green": "running",
    }
    assert await borrowers(shop) == ["Ada", "Grace", "Alan"]


async def test_a_daemon_that_stays_away_leaves_an_instance_that_says_so_and_the_way_back_it_names(
    docker_platform: Platform, shop: Site, commits: DemoCommits, daemon: Daemon
) -> None:
    first = await shop.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await shop.log(first)
    await lend(shop, "Ada")
    started = await shop.start(commitSha=commits.second)
    async with asyncio.timeout(300):
        while (await containers(daemon, shop)).get("update") != "running":  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.1)
    daemon.kill()
    ended = await shop.end_of(started)
    await daemon.start()
    assert ended["status"] == "failed", await shop.log(ended)
    assert f"The rollback failed too: Docker at {daemon.engine.url}" in ended["errorMessage"]
    way_back = f"/environments/{shop.instance['id']}/rollback"
    assert f'POST {way_back} {{"snapshotId": "{ended["id"]}"}}' in ended["errorMessage"]
    async with docker_platform.client() as client:
        assert (await client.get(f"/instances/{shop.instance['id']}"))["status"] == "degraded"
        queued = await client.post(way_back, {"snapshotId": ended["id"]})
    back = await shop.end_of({"id": queued["deploymentId"], "projectId": shop.project_id})
    assert back["status"] == "succeeded", await shop.log(back)
    assert await borrowers(shop) == ["Ada"]
    async with docker_platform.client() as client:
        assert (await client.get(f"/instances/{shop.instance['id']}"))["status"] == "running"
