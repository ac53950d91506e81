"""Real records for benchmarks: a PostgreSQL of their own, and deployments that ran their steps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from ocore.access import Caller, Role
from ocore.access.tokens import Tokens
from ocore.api.services import Services
from ocore.deployments.model import Deployment
from ocore.deployments.runner import run_deployment
from ocore.embedded.settings import Settings
from ocore.embedded.users import platform_users
from ocore.kit import clock, ids
from ocore.storage.database import open_pool
from ocore.storage.schema import ensure_database, migrate
from ocore.wiring.api import services_of
from ocore.wiring.store import open_store
from tests.deployments.world import World, toolbox
from tests.postgres import running_cluster
from tests.storage.records import Records, add_records

_NAME: Final = "ocore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """`admin` is how a role connects that row-level security does not apply to."""

    admin: str
    settings: Settings
    records: Records
    services: Services

    def token(self) -> str:
        """Return an access token of the organization whose deployments are measured."""
        caller = Caller(
            user_id=ids.uuid7(),
            organization_id=self.records.acme.organization_id,
            role=Role.VIEWER,
        )
        tokens: Tokens = self.services.tokens
        return tokens.sign(caller, now=clock.now())


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """Give a platform's records, migrated and empty but for two projects; gone afterwards."""
    async with running_cluster() as (home, server):
        own = replace(server, user=_NAME, password="of a benchmark")
        await ensure_database(server, name=_NAME, role=own.user, password=own.password)
        conninfo = own.conninfo(_NAME)
        await migrate(conninfo)
        settings = Settings(home=home, database_url=conninfo)
        async with open_pool(conninfo) as pool, open_store(conninfo, settings) as store:
            yield Ground(
                admin=server.conninfo(_NAME),
                settings=settings,
                records=await add_records(pool),
                services=services_of(settings, store, await platform_users()),
            )


async def deployed(records: Records) -> Deployment:
    """Take one deployment through its whole pipeline: an update of an instance that serves."""
    world = World(running={}, crons=None, route=None)
    await _run(records, world)
    world.checksums = {}
    return await _run(records, world)


async def _run(records: Records, world: World) -> Deployment:
    asked, ledger = await records.ask(), records.ledger()
    lease = await ledger.claim("bench")
    assert lease is not None
    await run_deployment(lease, ledger, replace(toolbox(world), now=clock.now))
    return asked
