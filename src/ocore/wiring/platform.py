"""`ocore up`: brings the whole platform up, keeps it up, and takes it down again."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

import aiohttp
import structlog

from ocore.embedded.secrets import secret
from ocore.embedded.settings import Settings
from ocore.embedded.supervisor import Supervisor, supervisord_command
from ocore.embedded.users import PlatformUsers, closed_folder, platform_users
from ocore.errors import Conflict, StepFailed
from ocore.kit import shell
from ocore.kit.privileges import as_user
from ocore.kit.tasks import end_all
from ocore.proxy.traefik import prepare
from ocore.runtime.fleet import Fleet
from ocore.runtime.swarm_fleet import SwarmFleet
from ocore.storage.schema import ensure_database
from ocore.storage.schema import migrate as migrate_schema
from ocore.wiring import parts
from ocore.wiring.connections import (
    DATABASE,
    cluster_of,
    database_password,
    needs_cluster,
    platform_conninfo,
)
from ocore.wiring.owner import ensure_owner
from ocore.wiring.runtimes import fleet_of

log = structlog.get_logger(__name__)

_START_SECONDS: Final = 60.0


async def run_platform(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. What ran before, on instances too, comes back."""
    users = await platform_users()
    prepare_home(settings, users)
    supervisor = Supervisor(settings.home.run)
    await supervisor.let_end(seconds=_START_SECONDS)
    if await supervisor.reachable():
        raise Conflict(f"a platform runs already in {settings.home.root}", code="already_running")
    stop = asyncio.Event()
    with _stopped_by_signals(stop.set):
        async with supervised(settings, supervisor, stop):
            await _start(settings, users, supervisor)
            log.info("platform is up", api=settings.api_url, proxy=settings.proxy_port)
            async with _kept_fleet(settings):
                await stop.wait()
            log.info("platform stops")


async def migrate(settings: Settings) -> None:
    """Bring the platform's database to this version."""
    await migrate_schema(platform_conninfo(settings, await platform_users()))


async def _start(settings: Settings, users: PlatformUsers, supervisor: Supervisor) -> None:
    if needs_cluster(settings):
        cluster = cluster_of(settings, users)
        await cluster.initialise()
        await supervisor.ensure(cluster.program(priority=parts.DATABASE))
        await cluster.wait_ready(seconds=_START_SECONDS)
        await ensure_database(
            cluster.server(), name=DATABASE, role=DATABASE, password=database_password(settings)
        )
    conninfo = platform_conninfo(settings, users)
    await migrate_schema(conninfo)
    await ensure_owner(settings, conninfo)
    prepare(parts.layout_of(settings))
    for program in (parts.traefik_program(settings), parts.holder_program(settings)):
        await supervisor.ensure(program)
    await supervisor.ensure(parts.api_program(settings, os.environ))
    await _answering(f"{settings.api_url}/health")
    if fleet := fleet_of(settings):
        await fleet.wake()
    await supervisor.ensure(parts.worker_program(settings, os.environ))


@asynccontextmanager
async def supervised(
    settings: Settings, supervisor: Supervisor, stop: asyncio.Event
) -> AsyncIterator[None]:
    """Run supervisord as our child; it ends with us, whichever way we end."""
    await supervisor.prepare()
    argv = as_user(supervisord_command(settings.home.run), None, death_signal="TERM")
    child = asyncio.create_task(shell.stream(argv, lambda line: log.info("supervisord", line=line)))
    # Without its supervisor nothing here is looked after: better to end, and be started again.
    child.add_done_callback(lambda _: stop.set())
    (settings.home.run / "ocore.pid").write_text(f"{os.getpid()}\n")
    try:
        await _reachable(supervisor, child)
        yield
    finally:
        if fleet := fleet_of(settings):
            await _rest(fleet, supervisor)
        await supervisor.shutdown()
        with suppress(shell.CommandFailed):
            await child


@asynccontextmanager
async def _kept_fleet(settings: Settings) -> AsyncIterator[None]:
    """Look after what runs, as far as nobody else does."""
    fleet = fleet_of(settings)
    if fleet is None:
        yield
        return
    keeper = asyncio.create_task(fleet.keep())
    try:
        yield
    finally:
        await end_all(keeper)


async def _rest(fleet: Fleet | SwarmFleet, supervisor: Supervisor) -> None:
    """Stop Odoo after the worker, which would take one that stops for a deployment that fails."""
    try:
        await supervisor.remove(parts.WORKER_NAME)
        await fleet.rest()
    except StepFailed as failure:
        log.warning("containers go on without their platform", reason=str(failure))


async def _reachable(supervisor: Supervisor, child: asyncio.Task[int]) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while not await supervisor.reachable():
            if child.done():
                raise StepFailed(f"supervisord ended with code {child.result()}")
            await asyncio.sleep(0.05)


async def _answering(url: str) -> None:
    """Wait until the API answers; StepFailed when it does not."""
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        try:
            async with asyncio.timeout(_START_SECONDS):
                while True:
                    with suppress(aiohttp.ClientError, TimeoutError):
                        async with http.get(url) as response:
                            if response.status == 200:
                                return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise StepFailed(f"the API does not answer at {url}; see log/api.log") from None


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT."""
    loop, numbers = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def prepare_home(settings: Settings, users: PlatformUsers) -> None:
    """Make the home; other users may pass through it and see nothing of it."""
    home = settings.home
    home.root.mkdir(parents=True, exist_ok=True)
    home.root.chmod(0o711)
    for folder in (home.secrets, home.run, home.log, home.snapshots, home.mirrors, home.gates):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (home.cache, home.instances, home.releases, home.checkouts):
        folder.mkdir(parents=True, exist_ok=True)
    closed = closed_folder(home.root) if users.odoo is not None else None
    if closed is not None:
        raise StepFailed(
            f"{users.odoo.name if users.odoo else ''} cannot enter {closed}, and so not"
            f" {home.root}: set OCORE_HOME to a folder that other users may pass through,"
            " such as /var/lib/ocore"
        )
    secret(home.secrets, "platform-secret")
