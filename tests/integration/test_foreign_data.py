"""Production's data in staging: real Odoo neutralizes it before anything there can see it."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ocore.demo.repository import DemoCommits
from ocore.embedded.home import Home
from ocore.embedded.postgres import Cluster
from tests.integration.platform import Platform, Site
from tests.integration.repository import commit
from tests.integration.test_rehearsal import leftovers
from tests.integration.test_the_main_job import borrowers, lend

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]

REACHING_OUT = """
    INSERT INTO ir_mail_server (name, smtp_port, smtp_host, smtp_encryption, smtp_authentication,
                                active)
    VALUES ('real', 25, 'smtp.example.com', 'none', 'login', true);
    UPDATE payment_provider SET state = 'enabled'
     WHERE id = (SELECT min(id) FROM payment_provider);
    UPDATE ir_act_server SET state = 'webhook', webhook_url = 'https://hook.example.com'
     WHERE id = (SELECT min(id) FROM ir_act_server)
"""
REACHABLE = """
    SELECT (SELECT count(*) FROM ir_mail_server WHERE active AND smtp_host <> 'invalid'),
           (SELECT count(*) FROM ir_cron WHERE active),
           (SELECT count(*) FROM payment_provider WHERE state = 'enabled'),
           (SELECT count(*) FROM ir_act_server WHERE webhook_url LIKE 'https:%')
"""


def sql(platform: Platform, site: Site, statement: str) -> list[tuple[Any, ...]]:
    server = Cluster(Home(platform.home), None).server()
    with psycopg.connect(server.conninfo(site.instance["database"])) as connection:
        found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []


async def proven_snapshot(site: Site) -> str:
    """Take a snapshot and wait until it was restored for a test."""
    where = f"/environments/{site.instance['id']}/snapshots"
    async with site.platform.client() as client, asyncio.timeout(300):
        taken: str = (await client.post(where, {}))["id"]
        while (await client.get(f"{where}/{taken}"))["restoreTest"] != "passed":  # noqa: ASYNC110
            await asyncio.sleep(0.3)
    return taken


async def test_production_data_reaches_staging_and_nobody_outside(
    platform: Platform, commits: DemoCommits, tmp_path: Path
) -> None:
    repository, name = tmp_path / "repository", tmp_path.name
    manifest = repository / "library_loans" / "__manifest__.py"
    selling = manifest.read_text().replace('"depends": ["base", "web"]', '"depends": ["payment"]')
    paid = commit(repository, {"library_loans/__manifest__.py": selling}, "Sell books")
    production = await Site.make(platform, repository, name, environment="production")
    async with platform.client() as client:
        body = {"name": f"{name} staging", "environment": "staging"}
        made = await client.post(f"/projects/{production.project_id}/instances", body)
    staging = replace(production, instance=made)
    try:
        first = await staging.deploy(commitSha=commits.first or "")
        assert first["status"] == "succeeded", await staging.log(first)
        await lend(staging, "Grace")
        sold = await production.deploy(commitSha=paid)
        assert sold["status"] == "succeeded", await production.log(sold)
        await lend(production, "Ada")
        sql(platform, production, REACHING_OUT)
        ((mail, crons, payments, hooks),) = sql(platform, production, REACHABLE)
        assert (mail, payments, hooks) == (1, 1, 1)
        assert crons > 1

        snapshot = await proven_snapshot(production)
        wanted = {"snapshotId": snapshot, "targetEnvironmentId": staging.instance["id"]}
        async with platform.client() as client:
            where = f"/environments/{production.instance['id']}/rollback"
            started = await client.post(where, wanted)
        ended = await staging.end_of(
            {"projectId": staging.project_id, "id": started["deploymentId"]}
        )
        assert ended["status"] == "succeeded", await staging.log(ended)
        assert (ended["instanceId"], ended["commitSha"]) == (staging.instance["id"], paid)

        assert await borrowers(staging) == ["Ada"], "as Odoo itself tells it"
        assert sql(platform, staging, REACHABLE) == [(0, 1, 0, 0)], (
            "Odoo's own housekeeping is left"
        )
        neutral = "SELECT value FROM ir_config_parameter WHERE key = 'database.is_neutralized'"
        assert sql(platform, staging, neutral) == [("true",)]
        assert sql(platform, production, REACHABLE) == [(mail, crons, payments, hooks)]
        assert sql(platform, production, neutral) == []
        assert await borrowers(production) == ["Ada"]
        async with platform.client() as client:
            kept = f"/environments/{staging.instance['id']}/snapshots/{ended['id']}"
            assert (await client.get(kept))["status"] == "available", "what staging had before"
        assert leftovers(platform) == []
    finally:
        await staging.retire()
        await production.retire()
