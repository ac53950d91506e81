"""The main job on real Odoo, over HTTP: deploy, update, fail, come back."""

from pathlib import Path
from typing import Any

import pytest

from ocore.demo.repository import DemoCommits
from tests.integration.platform import Platform, Site

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]


def step(deployment: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in deployment["steps"] if each["name"] == name)


def gates(deployment: dict[str, Any]) -> dict[str, str]:
    return {each["gateKey"]: each["status"] for each in deployment["evidence"]}


def rollback_class(deployment: dict[str, Any]) -> str:
    found = {each["class"]: each["metadata"] for each in deployment["findings"]}
    return str(found["release.rollback_class"]["rollbackClass"])


async def lend(site: Site, borrower: str) -> None:
    odoo = await site.odoo()
    books = await odoo.call("library.book", "search", [], limit=1)
    await odoo.call(
        "library.loan",
        "create",
        [{"book_id": books[0], "borrower": borrower, "date_out": "2026-01-05"}],
    )


async def borrowers(site: Site) -> list[str]:
    odoo = await site.odoo()
    loans = await odoo.call("library.loan", "search_read", [], fields=["borrower"], order="id")
    return [loan["borrower"] for loan in loans]


async def attach(site: Site, name: str) -> None:
    odoo = await site.odoo()
    # Unlike its name, the content is what makes a file of the filestore.
    content = {"name": name, "raw": f"content of {name}", "public": True}
    await odoo.call("ir.attachment", "create", [content])


async def schedule(site: Site, *methods: str) -> None:
    """Let scheduled actions call methods of the model of loans."""
    odoo = await site.odoo()
    models = await odoo.call("ir.model", "search", [("model", "=", "library.loan")])
    for method in methods:
        values = {"name": method, "model_id": models[0], "code": f"model.{method}()"}
        await odoo.call("ir.cron", "create", [{**values, "state": "code"}])


def filestore(platform: Platform, site: Site, database: str) -> dict[str, bytes]:
    root = platform.home / "instances" / database / "data" / "filestore" / database
    assert site.instance["id"]
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "checklist" not in path.parts
    }


async def test_code_and_data_go_live_fail_safely_and_come_back(
    platform: Platform, site: Site, commits: DemoCommits
) -> None:
    await do_the_main_job(platform, site, commits)


async def do_the_main_job(platform: Platform, site: Site, commits: DemoCommits) -> None:
    first = await site.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await site.log(first)
    assert first["activeColor"] == "blue"
    assert first["successVerdict"]["clean"], first["successVerdict"]
    assert set(gates(first).values()) == {"passed"}
    build = next(each for each in first["evidence"] if each["gateKey"] == "build.image")
    image, *papers = build["artifactRefs"]
    assert image == first["imageTag"]
    assert len([name for name in papers if (platform.home / name).is_file()]) == 3
    assert (await site.summary(first))["updatedModules"] == ["library_loans"]
    await lend(site, "Ada")
    await attach(site, "contract.txt")

    second = await site.deploy(commitSha=commits.second)
    assert second["status"] == "succeeded", await site.log(second)
    assert second["activeColor"] == "green"
    assert second["previousDeploymentId"] == first["id"]
    assert await borrowers(site) == ["Ada"]
    await lend(site, "Grace")
    assert rollback_class(second) == "needs_data_restore"
    database = (await site.odoo()).database
    files_before = filestore(platform, site, database)

    broken = await site.deploy(commitSha=commits.broken)
    assert broken["status"] == "rolled_back", await site.log(broken)
    assert "library_loans" in broken["errorMessage"]
    assert step(broken, "Roll back")["status"] == "succeeded"
    assert gates(broken)["modules.updated"] == "failed"
    assert await borrowers(site) == ["Ada", "Grace"]
    assert filestore(platform, site, database) == files_before

    back = await site.roll_back(first["id"])
    assert back["status"] == "succeeded", await site.log(back)
    assert back["commitSha"] == commits.first
    assert await borrowers(site) == ["Ada"]
    odoo = await site.odoo()
    assert "rating" not in await odoo.call("library.book", "fields_get")
    names = await odoo.call("ir.attachment", "search_count", [("name", "=", "contract.txt")])
    assert names == 1
    lost = [each for each in back["findings"] if each["class"] == "data.loss_on_rollback"]
    assert lost[0]["metadata"]["rowsByTable"]["library_loan"] == 1


async def test_a_commit_that_changes_no_module_runs_no_update(
    site: Site, commits: DemoCommits, tmp_path: Path
) -> None:
    first = await site.deploy(commitSha=commits.first)
    assert first["status"] == "succeeded", await site.log(first)
    again = await site.deploy(commitSha=commits.first)
    assert again["status"] == "succeeded", await site.log(again)
    assert step(again, "Update modules")["status"] == "skipped"
    assert again["imageTag"] == first["imageTag"]
    assert rollback_class(again) == "code_only_safe"
    assert (tmp_path / "repository").exists()
    await schedule(site, "_remind_everybody", "search")
    async with site.platform.client() as client:
        wanted = f"ref={commits.first}&instanceId={site.instance['id']}"
        plan = await client.get(f"/projects/{site.project_id}/plan?{wanted}")
    crons = [each for each in plan["findings"] if each["class"] == "code.cron_without_method"]
    assert [(each["metadata"]["method"], each["gateAction"]) for each in crons] == [
        ("_remind_everybody", "inform")
    ], "of all scheduled actions of Odoo no other calls into nothing"


async def test_deployments_to_one_instance_are_served_in_order(
    site: Site, commits: DemoCommits
) -> None:
    one = await site.start(commitSha=commits.first)
    two = await site.start(commitSha=commits.second)
    first, second = await site.end_of(one), await site.end_of(two)
    assert (first["status"], second["status"]) == ("succeeded", "succeeded")
    assert first["completedAt"] <= second["startedAt"]
