"""The platform's records, opened for one process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from ocore.access.accounts import Accounts
from ocore.deployments.ledger import AutoDeploys, Hook, Ledger, Requests, Views, Waivers
from ocore.embedded.settings import Settings
from ocore.environments.registry import Registry
from ocore.kit import clock
from ocore.snapshots.offsite import Errands
from ocore.snapshots.records import Catalogue, Chores
from ocore.storage.accounts import PostgresAccounts
from ocore.storage.autodeploys import TenantAutoDeploys, find_hook
from ocore.storage.chores import PostgresChores
from ocore.storage.database import open_pool, ping
from ocore.storage.errands import PostgresErrands
from ocore.storage.ledger import PostgresLedger
from ocore.storage.registry import TenantRegistry
from ocore.storage.requests import TenantRequests
from ocore.storage.snapshots import TenantCatalogue
from ocore.storage.transcripts import PostgresTranscripts
from ocore.storage.views import TenantViews
from ocore.storage.waivers import TenantWaivers
from ocore.storage.wakeups import listen
from ocore.transcripts import Transcripts


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The records' ports; those that are callables are bound to an organization's id."""

    ledger: Ledger
    chores: Chores
    errands: Errands
    accounts: Accounts
    transcripts: Transcripts
    requests: Callable[[str], Requests]
    views: Callable[[str], Views]
    registry: Callable[[str], Registry]
    catalogue: Callable[[str], Catalogue]
    waivers: Callable[[str], Waivers]
    auto_deploys: Callable[[str], AutoDeploys]
    hook: Callable[[str], Awaitable[Hook | None]]
    wakeups: Callable[[], AsyncIterator[str | None]]
    ping: Callable[[], Awaitable[None]]


@asynccontextmanager
async def open_store(conninfo: str, settings: Settings) -> AsyncIterator[Store]:
    """Open the records, and close them at the end."""
    async with open_pool(conninfo) as pool:
        yield Store(
            ledger=PostgresLedger(pool, clock.now, lease_seconds=settings.lease_seconds),
            chores=PostgresChores(pool),
            errands=PostgresErrands(pool),
            accounts=PostgresAccounts(pool),
            transcripts=PostgresTranscripts(pool),
            requests=lambda organization: TenantRequests(pool, organization, clock.now),
            views=partial(TenantViews, pool),
            registry=lambda organization: TenantRegistry(pool, organization),
            catalogue=partial(TenantCatalogue, pool),
            waivers=lambda organization: TenantWaivers(pool, organization, clock.now),
            auto_deploys=partial(TenantAutoDeploys, pool),
            hook=partial(find_hook, pool),
            wakeups=partial(listen, conninfo),
            ping=partial(ping, pool),
        )
