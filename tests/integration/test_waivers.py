"""A secret in the tree keeps production from going on, until a person says why it may."""

import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ocore.cli.client import ApiProblem
from ocore.cli.follow import address
from ocore.demo.repository import DemoCommits
from ocore.kit import clock
from tests.integration.platform import Platform, Site
from tests.integration.repository import commit, git
from tests.integration.test_crashes import worker_pid
from tests.integration.test_the_main_job import borrowers, gates, lend, step

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]


@pytest.fixture
async def production(
    platform: Platform, commits: DemoCommits, tmp_path: Path
) -> AsyncIterator[Site]:
    assert commits.first
    body = {"environment": "production", "rehearse": False}
    made = await Site.make(platform, tmp_path / "repository", tmp_path.name, **body)
    yield made
    await made.retire()


def with_a_password(path: Path) -> str:
    git(path, "reset", "--quiet", "--hard", "v2")
    conf = "[options]\nadmin_passwd = correct-horse-battery\n"
    return commit(path, {"odoo.conf": conf}, "Keep the configuration beside the code")


async def waive(site: Site, deployment: dict[str, Any], gate: str) -> dict[str, Any]:
    body = {
        "gateKey": gate,
        "confirmation": gate,
        "reason": "The password of a demo that nobody can reach",
        "expiresAt": clock.rfc3339(clock.now() + timedelta(hours=1)),
    }
    async with site.platform.client() as client:
        given: dict[str, Any] = await client.post(f"{address(deployment)}/waivers", body)
    return given


async def test_a_secret_blocks_production_until_it_is_waived(
    platform: Platform, production: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    site = production
    first = await site.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await site.log(first)
    await lend(site, "Ada")

    blocked = await site.deploy(commitSha=with_a_password(tmp_path / "repository"))
    assert blocked["status"] == "blocked", await site.log(blocked)
    assert gates(blocked)["code.secrets"] == "failed"
    assert "for a waiver of code.secrets" in blocked["errorMessage"]
    assert "correct-horse-battery" not in str(blocked) + await site.log(blocked)

    os.kill(await worker_pid(platform), signal.SIGKILL)
    with pytest.raises(ApiProblem, match="nothing to accept"):
        await waive(site, blocked, "code.static")
    assert (await site.get(blocked))["status"] == "blocked"
    assert await borrowers(site) == ["Ada"]

    given = await waive(site, blocked, "code.secrets")
    ended = await site.when_over(blocked)
    assert ended["status"] == "succeeded", await site.log(ended)
    assert ended["successVerdict"]["status"] == "waived", ended["successVerdict"]
    assert gates(ended)["code.secrets"] == "waived"
    waiver = next(each["waiver"] for each in ended["evidence"] if each["waiver"])
    assert (waiver["id"], waiver["auditStatus"]) == (given["id"], "used")
    assert step(ended, "Validate")["version"] == 1, "what was checked is not checked again"
    assert await borrowers(site) == ["Ada"]
