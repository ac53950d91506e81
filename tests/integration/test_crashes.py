"""Power cuts for real: the worker is killed inside every step, or frozen past its lease."""

import asyncio
import os
import signal
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest

from ocore.cli.follow import address
from ocore.demo.repository import DemoCommits
from ocore.embedded.supervisor import Supervisor
from tests.integration.platform import Platform, Site
from tests.integration.repository import marking_each_loan
from tests.integration.test_the_main_job import borrowers, lend
from tests.integration.whole import assert_recorded

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]

STEPS = [
    "Fetch source",
    "Inspect modules",
    "Validate",
    "Build image",
    "Snapshot",
    "Update modules",
    "Start",
    "Health check",
    "Switch traffic",
    "Verify",
]


async def worker_pid(platform: Platform) -> int:
    state = await Supervisor(platform.home / "run").state("worker")
    assert state is not None
    assert state.pid is not None
    return state.pid


async def when_running(site: Site, deployment: dict[str, Any], name: str) -> None:
    async with (
        site.platform.client() as client,
        aclosing(client.events(f"{address(deployment)}/logs")) as events,
    ):
        async for event in events:
            if event.kind == "complete":
                raise AssertionError(f"it ended before {name} began")
            if event.data.get("name") == name and event.data["status"] == "running":
                return


async def killed_inside(site: Site, started: dict[str, Any], name: str) -> dict[str, Any]:
    """Kill the worker when a step begins, and return what another one made of the deployment."""
    await when_running(site, started, name)
    os.kill(await worker_pid(site.platform), signal.SIGKILL)
    ended = await site.end_of(started)
    # A short step may be over when the signal arrives: then it hits the next one.
    assert any(each["version"] == 2 for each in ended["steps"]), ended["steps"]
    assert_recorded(ended)
    return ended


async def running_colours(platform: Platform, site: Site) -> list[str]:
    database = (await site.odoo()).database
    names = await Supervisor(platform.home / "run").names(database)
    return [name.removeprefix(database).strip("-") for name in names]


@pytest.mark.parametrize("name", STEPS)
async def test_a_worker_killed_inside_a_step_is_taken_over_and_nothing_is_done_twice(
    platform: Platform, site: Site, commits: DemoCommits, tmp_path: Path, name: str
) -> None:
    first = await site.deploy(commitSha=commits.second)
    assert first["status"] == "succeeded", await site.log(first)
    await lend(site, "Ada")
    started = await site.start(commitSha=marking_each_loan(tmp_path / "repository"))
    ended = await killed_inside(site, started, name)
    assert ended["status"] == "succeeded", await site.log(ended)
    assert await borrowers(site) == ["Ada!"]
    assert await running_colours(platform, site) == ["cron", "green"]


async def test_a_worker_killed_while_it_undoes_a_failed_update_is_taken_over(
    platform: Platform, site: Site, commits: DemoCommits
) -> None:
    first = await site.deploy(commitSha=commits.second)
    assert first["status"] == "succeeded", await site.log(first)
    await lend(site, "Ada")
    started = await site.start(commitSha=commits.broken)
    ended = await killed_inside(site, started, "Roll back")
    assert ended["status"] == "rolled_back", await site.log(ended)
    assert_recorded(ended, cause="loan_count")
    assert await borrowers(site) == ["Ada"]
    assert await running_colours(platform, site) == ["blue", "cron"]


@pytest.mark.parametrize("name", ["Prepare restore", "Restore snapshot"])
async def test_a_worker_killed_inside_a_rollback_is_taken_over(
    platform: Platform, site: Site, commits: DemoCommits, name: str
) -> None:
    first = await site.deploy(commitSha=commits.first)
    await lend(site, "Ada")
    second = await site.deploy(commitSha=commits.second)
    assert (first["status"], second["status"]) == ("succeeded", "succeeded")
    await lend(site, "Grace")
    started = await site.start_rollback(first["id"])
    ended = await killed_inside(site, started, name)
    assert ended["status"] == "succeeded", await site.log(ended)
    assert await borrowers(site) == ["Ada"]
    assert await running_colours(platform, site) == ["blue", "cron"]


async def test_a_worker_frozen_past_its_lease_is_fenced_and_touches_nothing(
    platform: Platform, site: Site, commits: DemoCommits
) -> None:
    first = await site.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await site.log(first)
    await lend(site, "Ada")
    started = await site.start(commitSha=commits.second)
    await when_running(site, started, "Update modules")
    frozen = await worker_pid(platform)
    os.kill(frozen, signal.SIGSTOP)
    second = await another_worker(platform)
    try:
        ended = await site.end_of(started)
        assert ended["status"] == "succeeded", await site.log(ended)
        before = await site.get(started)
        os.kill(frozen, signal.SIGCONT)
        await asyncio.sleep(3)
        assert await site.get(started) == before
        assert_recorded(before)
        assert await running_colours(platform, site) == ["cron", "green"]
        assert await borrowers(site) == ["Ada"]
    finally:
        with suppress(ProcessLookupError):
            os.kill(frozen, signal.SIGCONT)
        second.terminate()
        await second.wait()


async def another_worker(platform: Platform) -> asyncio.subprocess.Process:
    with (platform.home / "second-worker.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *platform.command("worker"), env=platform.variables(), stdout=log, stderr=log
        )


async def test_a_platform_that_was_killed_comes_back_with_its_instances(
    platform: Platform, site: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    first = await site.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await site.log(first)
    await lend(site, "Ada")
    started = await site.start(commitSha=commits.second)
    await when_running(site, started, "Update modules")
    platform.kill()
    await platform.silent()
    await platform.up()
    ended = await site.end_of(started)
    assert ended["status"] == "succeeded", await site.log(ended)
    assert_recorded(ended)
    assert await borrowers(site) == ["Ada"]
    assert tmp_path.exists()
