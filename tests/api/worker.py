"""The worker's side of a deployment, one move at a time: real leases, journal and transcript."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from ocore.api.services import Services
from ocore.artifacts import Commit, Say
from ocore.deployments.ledger import Lease
from ocore.deployments.model import Deployment, Entry, Result, Status, Step, Trigger
from ocore.deployments.runner import run_deployment
from ocore.environments import Project
from ocore.kit import clock, ids
from ocore.odoo.logs import step_marker
from ocore.source import Ref, Source
from ocore.source.git import avatar_of
from ocore.storage.ledger import PostgresLedger
from ocore.worker.transcript import Transcript
from tests.api.parts import Api
from tests.deployments.world import SHA, World, WorldSource, toolbox
from tests.storage.records import ending


@dataclass(frozen=True, kw_only=True)
class Hand:
    """One lease, with a pen for its log."""

    api: Api
    ledger: PostgresLedger
    lease: Lease

    @property
    def path(self) -> str:
        return f"{self.api.acme.path}/deployments/{self.lease.deployment_id}"

    async def say(self, *lines: str) -> None:
        content = "".join(f"{line}\n" for line in lines).encode()
        await self.api.transcripts.append(self.lease.deployment_id, self.lease.term, content)

    async def begin(self, step: Step) -> None:
        await self._append(step, Result.RUNNING)
        await self.say(step_marker(step))

    async def finish(self, step: Step, *, detail: str = "done") -> None:
        await self._append(step, Result.SUCCEEDED, detail)

    async def end(self, status: Status = Status.FAILED) -> None:
        await self.ledger.close(self.lease, ending(status))

    async def tell(self, steps: Sequence[Step], *, lines: int = 2) -> None:
        """Take these steps one after another, each with some lines, and end."""
        for step in steps:
            await self.begin(step)
            for number in range(lines):
                await self.say(f"{step} says {number}", "and goes on")
            await self.finish(step)
        await self.end()

    async def _append(self, step: Step, result: Result, detail: str | None = None) -> None:
        entry = Entry(step=step, result=result, at=clock.now(), attempt=1, detail=detail)
        await self.ledger.append(self.lease, entry)


async def queue(api: Api, *, trigger: Trigger = Trigger.API) -> Deployment:
    """Write a deployment that waits for a worker."""
    tenant = api.acme
    asked = Deployment(
        id=ids.uuid7(),
        project=tenant.project,
        instance=tenant.instance,
        trigger=trigger,
        requested_by=tenant.caller().user_id,
        created_at=clock.now(),
        ref=Ref(branch="main"),
    )
    await tenant.requests.open(asked, idempotency_key=None)
    return asked


async def take(api: Api) -> Hand:
    """Claim the oldest deployment that waits."""
    ledger = PostgresLedger(api.pool, clock.now, lease_seconds=30.0)
    lease = await ledger.claim("tests")
    assert lease is not None
    return Hand(api=api, ledger=ledger, lease=lease)


async def work_off(api: Api, world: World, *, head: str = SHA) -> str:
    """Run the oldest deployment through the real pipeline, in a world of doubles; return its id.

    `head` is where its branch is by the time it is fetched.
    """
    return await run_in(world, await take(api), head=head)


@asynccontextmanager
async def working(api: Api, world: World) -> AsyncIterator[None]:
    """Let a worker run whatever is queued meanwhile."""

    async def work() -> None:
        ledger = PostgresLedger(api.pool, clock.now, lease_seconds=30.0)
        while True:
            lease = await ledger.claim("tests")
            if lease is None:
                await asyncio.sleep(0.05)
            else:
                await run_in(world, Hand(api=api, ledger=ledger, lease=lease))

    worker = asyncio.create_task(work())
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.wait([worker])
        assert worker.cancelled(), worker.exception()


async def work_off_for_real(api: Api, world: World) -> str:
    """Do the same with the repository as it is: what was asked for is fetched and goes live."""
    services: Services = api.app.state.services
    return await run_in(world, await take(api), source=services.source)


async def run_in(world: World, hand: Hand, *, head: str = SHA, source: Source | None = None) -> str:
    """Run a claimed deployment to its end; return its id."""
    transcript = Transcript(hand.api.transcripts, hand.lease, ())
    world.clock = clock.now()
    source = source or MovingSource(world, head)
    tools = replace(toolbox(world), source=source, say=transcript.say, flush=transcript.flush)
    await run_deployment(hand.lease, hand.ledger, tools)
    return hand.lease.deployment_id


@dataclass
class MovingSource(WorldSource):
    """The world's repository, with an author's picture, and a branch that may have moved on."""

    head: str

    async def fetch(self, project: Project, ref: Ref, *, sha: str | None, say: Say) -> Commit:
        commit = await super().fetch(project, ref, sha=sha, say=say)
        return replace(commit, author_avatar=avatar_of("ana@example.com"))

    async def branch_head(self, _project: Project, _branch: str) -> str | None:
        return self.head


ODOO_LOG = """\
2026-01-02 10:00:00,000 41 INFO books odoo: Odoo version 19.0
2026-01-02 10:00:01,000 41 INFO books odoo.modules.loading: loading 2 modules...
2026-01-02 10:00:01,100 41 INFO books odoo.modules.loading: Loading module loans (1/2)
2026-01-02 10:00:01,200 41 WARNING books odoo.models: loan 7 has no due date
2026-01-02 10:00:01,300 41 INFO books odoo.modules.loading: Module loans loaded in 0.20s, 9 queries
2026-01-02 10:00:01,400 41 INFO books odoo.modules.loading: Loading module films (2/2)
2026-01-02 10:00:01,500 41 ERROR books odoo.sql_db: bad query: SELECT
Traceback (most recent call last):
ValueError: é
2026-01-02 10:00:01,600 41 INFO books odoo.modules.loading: Module films loaded in 0.20s, 9 queries
"""


def empty_world() -> World:
    """Return an instance that nothing was ever deployed to."""
    return World(running={}, crons=None, route=None)
