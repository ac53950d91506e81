"""`ocore restore`: database and files of an instance, from its copy off-site alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from ocore.databases.postgres import role_password
from ocore.embedded.settings import OffsiteSettings, Settings
from ocore.embedded.supervisor import Supervisor
from ocore.embedded.users import PlatformUsers, platform_users
from ocore.kit.postgres import PostgresServer
from ocore.snapshots.naming import snapshot_folder
from ocore.snapshots.offsite.choosing import choose
from ocore.snapshots.offsite.key import OffsiteKey
from ocore.snapshots.offsite.landing import Landing
from ocore.storage.database import EVERY_ORGANIZATION, open_pool
from ocore.storage.registry import TenantRegistry
from ocore.wiring import parts
from ocore.wiring.connections import (
    cluster_of,
    odoo_server,
    platform_conninfo,
    platform_secret,
)
from ocore.wiring.offsite import store_of
from ocore.wiring.platform import prepare_home, supervised

log = structlog.get_logger(__name__)

_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to restore, from where, and what its database is to be called (None: as it was).

    `receiver` is the id of an instance of this platform that is to have it as its database.
    """

    place: OffsiteSettings
    key_file: Path
    snapshot: str
    instance: str | None
    database: str | None
    receiver: str | None = None


async def restore(wanted: Wanted, settings: Settings) -> None:
    """Restore into this home, whose PostgreSQL is started for it when it does not run."""
    users = await platform_users()
    prepare_home(settings, users)
    key = OffsiteKey(await asyncio.to_thread(wanted.key_file.read_text))
    offsite = store_of(wanted.place, key, settings.home)
    copy = await choose(offsite, snapshot=wanted.snapshot, instance=wanted.instance)
    manifest = await offsite.open(copy)
    async with _running(settings, users) as server:
        database = await _database(wanted, settings, users) or manifest.instance.database
        log.info("restoring", snapshot=copy.snapshot_id, taken=copy.taken_at, database=database)
        landing = Landing(
            server=server,
            home=settings.home,
            odoo_user=users.odoo,
            database=database,
            password=role_password(platform_secret(settings), database),
        )
        await landing.demand_free()
        folder = snapshot_folder(settings.home.snapshots, copy.snapshot_id)
        await offsite.fetch(copy, folder)
        log.info("fetched, and every checksum compared", files=len(manifest.parts))
        lost = await landing.land(folder)
    live = manifest.live
    log.info(
        "restored",
        database=database,
        commit=live.commit_sha if live else None,
        lost_files=len(lost),
    )


async def _database(wanted: Wanted, settings: Settings, users: PlatformUsers) -> str | None:
    """Return the name that is asked for; None where none is."""
    if wanted.receiver is None:
        return wanted.database
    async with open_pool(platform_conninfo(settings, users)) as pool:
        found = await TenantRegistry(pool, EVERY_ORGANIZATION).instance(wanted.receiver)
    return found.instance.database


@asynccontextmanager
async def _running(settings: Settings, users: PlatformUsers) -> AsyncIterator[PostgresServer]:
    """Give the server of the instances' databases; what is started here is stopped again."""
    supervisor = Supervisor(settings.home.run)
    if settings.odoo_database_url is not None or await supervisor.reachable():
        yield odoo_server(settings, users)
        return
    cluster = cluster_of(settings, users)
    await cluster.initialise()
    async with supervised(settings, supervisor, asyncio.Event()):
        await supervisor.ensure(cluster.program(priority=parts.DATABASE))
        await cluster.wait_ready(seconds=_START_SECONDS)
        yield cluster.server()
