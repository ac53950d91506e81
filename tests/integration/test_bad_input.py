"""Commits and requests that must end with a plain sentence, and an instance nobody touched."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ocore.cli.client import ApiProblem
from ocore.cli.follow import address
from ocore.demo.repository import DemoCommits
from tests.integration import repository
from tests.integration.platform import Platform, Site
from tests.integration.repository import breaking_login, breaking_view, dying
from tests.integration.test_the_main_job import (
    attach,
    borrowers,
    filestore,
    gates,
    lend,
    step,
)

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]


async def live(site: Site, sha: str) -> dict[str, Any]:
    """Put a commit live and let people use it."""
    first = await site.deploy(commitSha=sha)
    assert first["status"] == "succeeded", await site.log(first)
    await lend(site, "Ada")
    await attach(site, "contract.txt")
    return first


async def test_a_view_that_does_not_fit_is_undone_with_every_row_and_file(
    platform: Platform, site: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    await live(site, commits.second)
    database = (await site.odoo()).database
    files = filestore(platform, site, database)
    ended = await site.deploy(commitSha=breaking_view(tmp_path / "repository"))
    assert ended["status"] == "rolled_back", await site.log(ended)
    assert "views/broken.xml" in ended["errorMessage"], ended["errorMessage"]
    assert await borrowers(site) == ["Ada"]
    assert filestore(platform, site, database) == files


async def test_a_commit_that_breaks_only_the_login_page_never_serves(
    site: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    first = await live(site, commits.second)
    ended = await site.deploy(commitSha=breaking_login(tmp_path / "repository"))
    assert ended["status"] == "rolled_back", await site.log(ended)
    assert step(ended, "Health check")["status"] == "failed"
    assert gates(ended)["runtime.health"] == "failed"
    assert "/web/login" in ended["errorMessage"], ended["errorMessage"]
    assert ended["activeColor"] == first["activeColor"]
    assert await borrowers(site) == ["Ada"]


async def test_an_odoo_that_dies_again_and_again_is_not_waited_for(
    site: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    await live(site, commits.second)
    ended = await site.deploy(commitSha=dying(tmp_path / "repository"))
    assert ended["status"] == "rolled_back", await site.log(ended)
    told = re.search(r"/web/health did not pass in (\d+) s: ", ended["errorMessage"])
    assert told is not None, ended["errorMessage"]
    assert int(told[1]) < 40, "it was waited for until the deadline"
    assert await borrowers(site) == ["Ada"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (repository.no_module, "no Odoo module"),
        (repository.syntax_error, "loans/models/__init__.py"),
        (repository.missing_dependency, "no_such_module"),
        (repository.link_out_of_the_tree, "loans/secrets.txt"),
        (repository.large_file_pointer, "loans/static/logo.png"),
        (repository.unreachable_submodule, "oca"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_repository_that_cannot_be_deployed_fails_before_the_instance_is_touched(
    platform: Platform, tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    make(tmp_path / "repository")
    site = await Site.make(platform, tmp_path / "repository", tmp_path.name)
    ended = await site.deploy(branch="main")
    assert ended["status"] == "failed"
    assert said in ended["errorMessage"], ended["errorMessage"]
    assert step(ended, "Snapshot")["status"] == "skipped"
    assert ended["activeColor"] is None


async def test_a_credential_in_the_address_shows_nowhere(
    platform: Platform, tmp_path: Path
) -> None:
    async with platform.client() as client:
        url = "https://bot:hunter2secret@127.0.0.1:9/acme/modules.git"
        project = await client.post("/projects", {"name": tmp_path.name, "repositoryUrl": url})
        instance = await client.post(
            f"/projects/{project['id']}/instances", {"name": tmp_path.name}
        )
    site = Site(platform, project["id"], instance)
    ended = await site.deploy(branch="main")
    assert ended["status"] == "failed"
    told = f"{project}{ended}{await site.log(ended)}"
    assert "hunter2secret" not in told
    for log in (platform.home / "log").iterdir():
        assert b"hunter2secret" not in log.read_bytes()


async def test_a_rollback_target_that_cannot_be_is_refused_with_those_that_can(
    site: Site, commits: DemoCommits
) -> None:
    first = await live(site, commits.first)
    second = await site.deploy(commitSha=commits.second)
    broken = await site.deploy(commitSha=commits.broken)
    assert (second["status"], broken["status"]) == ("succeeded", "rolled_back")
    with pytest.raises(ApiProblem) as refused:
        await site.roll_back(broken["id"])
    assert (refused.value.status, refused.value.code) == (409, "not_a_rollback_target")
    assert first["id"] in refused.value.detail


async def test_a_queued_deployment_is_cancelled_at_once_and_the_running_one_goes_on(
    site: Site, commits: DemoCommits
) -> None:
    running = await site.start(commitSha=commits.first)
    queued = await site.start(commitSha=commits.second)
    async with site.platform.client() as client:
        preview = await client.get(f"{address(queued)}/cancel")
        await client.post(f"{address(queued)}/cancel", {})
    assert preview["effect"] == "yes"
    assert (await site.end_of(queued))["status"] == "cancelled"
    assert (await site.end_of(running))["status"] == "succeeded"
    async with site.platform.client() as client:
        with pytest.raises(ApiProblem) as late:
            await client.post(f"{address(running)}/cancel", {})
    assert late.value.status == 409


async def test_two_instances_are_served_side_by_side(
    platform: Platform, site: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    other = await Site.make(platform, tmp_path / "repository", f"{tmp_path.name}-b")
    one = await site.start(commitSha=commits.first)
    two = await other.start(commitSha=commits.first)
    first, second = await site.end_of(one), await other.end_of(two)
    assert (first["status"], second["status"]) == ("succeeded", "succeeded")
    assert second["startedAt"] < first["completedAt"]
    assert first["startedAt"] < second["completedAt"]
    await lend(site, "Ada")
    assert await borrowers(other) == []
