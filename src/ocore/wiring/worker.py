"""`ocore worker`: a worker with real tools."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from ocore.deployments.ledger import Lease
from ocore.deployments.toolbox import Toolbox
from ocore.embedded.settings import Settings
from ocore.embedded.users import platform_users
from ocore.kit import clock
from ocore.kit.tasks import end_all
from ocore.runtime.warming import warm_up
from ocore.wiring.connections import platform_conninfo
from ocore.wiring.offsite import offsite_of
from ocore.wiring.store import Store, open_store
from ocore.wiring.tools import Adapters, adapters_of
from ocore.worker.keeping import Keeper, keep
from ocore.worker.loop import Shop, stay_at, work
from ocore.worker.offsite import Carrier, carry
from ocore.worker.transcript import Transcript

VERIFY_SECONDS: Final = 3.0


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM; what is at work then is taken over after its lease."""
    users = await platform_users()
    conninfo = platform_conninfo(settings, users)
    adapters = adapters_of(settings, users, os.environ)
    async with open_store(conninfo, settings) as store:
        shop = Shop(
            name=f"{socket.gethostname()}:{os.getpid()}",
            ledger=store.ledger,
            equip=_equip(settings, store, adapters),
            open_transcript=_transcripts(store, settings),
            lease_seconds=settings.lease_seconds,
        )
        wake = asyncio.Event()
        keeper = _keeper(settings, store, adapters, name=shop.name)
        beside = [
            asyncio.create_task(_listen(store, wake)),
            asyncio.create_task(stay_at(partial(keep, keeper))),
        ]
        offsite = offsite_of(settings)
        if offsite is not None:
            carrier = Carrier(errands=store.errands, offsite=offsite, now=clock.now)
            beside.append(asyncio.create_task(stay_at(partial(carry, carrier))))
        try:
            await work(shop, wake)
        finally:
            await end_all(*beside)


def _keeper(settings: Settings, store: Store, adapters: Adapters, *, name: str) -> Keeper:
    return Keeper(
        name=name,
        chores=store.chores,
        snapshots=adapters.snapshots,
        shelf=adapters.shelf,
        settings=store.chores.settings_of,
        now=clock.now,
        aside_hours=settings.aside_hours,
    )


async def _listen(store: Store, wake: asyncio.Event) -> None:
    async for _ in store.wakeups():
        wake.set()


def _transcripts(store: Store, settings: Settings) -> Callable[[Lease], Awaitable[Transcript]]:
    async def open_one(lease: Lease) -> Transcript:
        deployment = await store.ledger.load(lease)
        secrets = (*deployment.project.repository.secrets, settings.registry_password or "")
        return Transcript(store.transcripts, lease, secrets)

    return open_one


def _equip(
    settings: Settings, store: Store, adapters: Adapters
) -> Callable[[Lease, Transcript], Toolbox]:
    def equip(lease: Lease, transcript: Transcript) -> Toolbox:
        behind = adapters.behind(lambda: store.ledger.renew(lease))
        return Toolbox(
            source=behind.source,
            gates=behind.gates,
            images=behind.images,
            databases=behind.databases,
            snapshots=behind.snapshots,
            rehearsals=behind.rehearsals,
            room=behind.shelf.room,
            lost_files=behind.shelf.lost,
            runtime=behind.runtime,
            crons=behind.crons,
            watch=behind.watch,
            assets=behind.assets,
            proxy=behind.proxy,
            warm_up=warm_up,
            say=transcript.say,
            flush=transcript.flush,
            now=clock.now,
            wait=asyncio.sleep,
            snapshot_settings=store.chores.settings_of,
            health_seconds=settings.health_seconds,
            verify_seconds=VERIFY_SECONDS,
            hold_seconds=settings.hold_seconds,
            waiver_seconds=settings.waiver_hours * 3600,
        )

    return equip
