"""What users notice while real Odoo changes its colour under them: nothing."""

from pathlib import Path

import pytest

from ocore.demo.repository import DemoCommits
from tests.git import git
from tests.integration.load import miswritten, users
from tests.integration.platform import Site
from tests.integration.repository import migrating, restyled, styled

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]

USERS = 16


async def test_users_notice_no_deployment(site: Site, commits: DemoCommits, tmp_path: Path) -> None:
    await serve_users_through_deployments(site, commits, tmp_path / "repository")


async def serve_users_through_deployments(
    site: Site, commits: DemoCommits, repository: Path
) -> None:
    git(repository, "reset", "--quiet", "--hard", commits.second)
    first = await site.deploy(commitSha=styled(repository))
    assert first["status"] == "succeeded", await site.log(first)
    odoo = await site.odoo()
    async with users(odoo, USERS, pause=0.3) as load:
        for sha in (
            *(restyled(repository, number) for number in (1, 2, 3)),
            migrating(repository, 1),
        ):
            ended = await site.deploy(commitSha=sha)
            assert ended["status"] == "succeeded", await site.log(ended)
    assert load.failures == {}
    assert await miswritten(load, odoo) == {}
    assert len(load.written) > USERS
    # A client asks again by itself when its connection breaks; none did.
    assert load.connections == USERS
