"""The worker's loop on real records, in a world of doubles."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from psycopg.conninfo import make_conninfo

from ocore.deployments.evidence import Gate
from ocore.deployments.ledger import Lease
from ocore.deployments.toolbox import Toolbox
from ocore.kit import clock, ids
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from ocore.storage.database import open_pool
from ocore.storage.ledger import PostgresLedger
from ocore.storage.transcripts import PostgresTranscripts
from ocore.storage.views import TenantViews
from ocore.storage.waivers import TenantWaivers
from ocore.worker.loop import Shop, work
from ocore.worker.transcript import Transcript
from tests.api.worker import empty_world
from tests.deployments.journal import waiver
from tests.deployments.world import World, toolbox
from tests.storage.records import Records, new_deployment

NAME = "a worker of tests"


def shop(
    ledger: PostgresLedger, transcripts: PostgresTranscripts, world: World, *, at_once: int
) -> Shop:
    async def open_transcript(lease: Lease) -> Transcript:
        return Transcript(transcripts, lease, ())

    def equip(_lease: Lease, transcript: Transcript) -> Toolbox:
        world.clock = clock.now()
        return replace(toolbox(world), say=transcript.say, flush=transcript.flush)

    return Shop(
        name="tests",
        ledger=ledger,
        equip=equip,
        open_transcript=open_transcript,
        lease_seconds=0.5,
        at_once=at_once,
    )


@asynccontextmanager
async def worker(
    conninfo: str, world: World, *, at_once: int = 4
) -> AsyncIterator[asyncio.Task[None]]:
    """Run one on connections of its own."""
    async with open_pool(conninfo) as pool:
        ledger = PostgresLedger(pool, clock.now, lease_seconds=0.5)
        working = asyncio.create_task(
            work(shop(ledger, PostgresTranscripts(pool), world, at_once=at_once), asyncio.Event())
        )
        try:
            yield working
        finally:
            working.cancel()
            await asyncio.wait([working])


async def view_of(records: Records, deployment_id: str) -> dict[str, Any]:
    views = TenantViews(records.pool, records.acme.organization_id)
    found: dict[str, Any] = msgspec.json.decode(
        await views.view(records.acme.project.id, deployment_id)
    )
    return found


async def ended(records: Records, deployment_id: str) -> str:
    while True:
        view = await view_of(records, deployment_id)
        if view["completedAt"] or view["status"] == "blocked":
            return str(view["status"])
        await asyncio.sleep(0.05)


@pytest.mark.timeout(60)
async def test_a_worker_outlives_the_loss_of_its_connections(
    records: Records, conninfo: str, postgres_server: PostgresServer
) -> None:
    own = make_conninfo(conninfo, application_name=NAME)
    async with worker(own, empty_world()) as working, connected(postgres_server) as connection:
        for _ in range(20):
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = %s",
                [NAME],
            )
            await asyncio.sleep(0.1)
        assert not working.done()
        asked = await records.ask()
        assert await ended(records, asked.id) == "succeeded"


@pytest.mark.timeout(60)
async def test_a_blocked_deployment_outlives_its_worker_and_costs_none(
    records: Records, conninfo: str
) -> None:
    asked = new_deployment(records.acme)
    asked = replace(asked, instance=replace(asked.instance, environment="production"))
    await records.acme.requests.open(asked, idempotency_key=None)
    async with worker(conninfo, refusing(), at_once=1):
        assert await ended(records, asked.id) == "blocked"
        elsewhere = await records.ask(instance=1)
        assert await ended(records, elsewhere.id) == "succeeded"
    assert (await view_of(records, asked.id))["status"] == "blocked"
    given = waiver(
        Gate.CODE_SECRETS,
        id=ids.uuid7(),
        project_id=asked.project.id,
        deployment_id=asked.id,
        expires_at=clock.now() + timedelta(hours=1),
    )
    kept = TenantWaivers(records.pool, records.acme.organization_id, clock.now)
    await kept.give(given, admit=lambda _: None)
    async with worker(conninfo, refusing()):
        while (await view_of(records, asked.id))["status"] != "succeeded":  # noqa: ASYNC110 - others write
            await asyncio.sleep(0.05)
    found = await view_of(records, asked.id)
    assert found["successVerdict"]["status"] == "waived"
    versions = {step["name"]: step["version"] for step in found["steps"]}
    assert versions["Fetch source"] == versions["Validate"] == 1, "what was done stays done"


def refusing() -> World:
    """Return an instance whose deployments carry a secret."""
    world = empty_world()
    world.breaks = frozenset({Gate.CODE_SECRETS})
    return world
