"""The worker's loop on real records, in a world of doubles."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest
from psycopg.conninfo import make_conninfo

from ocore.deployments.ledger import Lease
from ocore.deployments.toolbox import Toolbox
from ocore.kit import clock
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from ocore.storage.database import open_pool
from ocore.storage.ledger import PostgresLedger
from ocore.storage.transcripts import PostgresTranscripts
from ocore.storage.views import TenantViews
from ocore.worker.loop import Shop, work
from ocore.worker.transcript import Transcript
from tests.api.worker import empty_world
from tests.deployments.world import World, toolbox
from tests.storage.records import Records

NAME = "a worker of tests"


def shop(ledger: PostgresLedger, transcripts: PostgresTranscripts, world: World) -> Shop:
    async def open_transcript(lease: Lease) -> Transcript:
        return Transcript(transcripts, lease, ())

    def equip(_lease: Lease, transcript: Transcript) -> Toolbox:
        return replace(toolbox(world), say=transcript.say, flush=transcript.flush)

    return Shop(
        name="tests",
        ledger=ledger,
        equip=equip,
        open_transcript=open_transcript,
        lease_seconds=0.5,
    )


@asynccontextmanager
async def worker(conninfo: str, world: World) -> AsyncIterator[asyncio.Task[None]]:
    """Run one on connections of its own."""
    async with open_pool(conninfo) as pool:
        ledger = PostgresLedger(pool, clock.now, lease_seconds=0.5)
        working = asyncio.create_task(
            work(shop(ledger, PostgresTranscripts(pool), world), asyncio.Event())
        )
        try:
            yield working
        finally:
            working.cancel()
            await asyncio.wait([working])


async def ended(records: Records, deployment_id: str) -> str:
    views = TenantViews(records.pool, records.acme.organization_id)
    while True:
        view = msgspec.json.decode(await views.view(records.acme.project.id, deployment_id))
        if view["completedAt"]:
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
