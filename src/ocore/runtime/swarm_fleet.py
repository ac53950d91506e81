"""All services of one platform: when it comes up, and when it goes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

from aiodocker import Docker

from ocore.artifacts import Colour
from ocore.embedded.home import Home
from ocore.errors import StepFailed
from ocore.kit.docker import DockerEngine, unless_gone
from ocore.kit.swarm import Service, change_service, node_address, replicas, state, tasks_of
from ocore.runtime.container import DATABASE, HOME, PART, database_label
from ocore.runtime.odoo_process import UPDATE
from ocore.runtime.ports import Ports
from ocore.runtime.service import RESTS, anew, grace_in, resting, scaled
from ocore.runtime.swarm_tasks import gone

_LOOK_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 2.0


class Follow(Protocol):
    """Sends the requests of a database that go to a port to this host from now on."""

    async def __call__(self, database: str, *, http_port: int, host: str) -> None: ...


class SwarmFleet:
    """Finds services by the label that names the platform's home, and by nothing else.

    While the platform is up, Swarm itself starts what ought to run and does not. Where it may
    choose among nodes, requests `follow` what it moves.
    """

    def __init__(self, engine: DockerEngine, home: Home, *, follow: Follow | None = None) -> None:
        self._engine = engine
        self._home = home
        self._follow = follow

    async def wake(self) -> None:
        """Start what ought to run, anew: the database it was connected to has been away.

        An updater that outlived its platform is killed; whoever takes its deployment over starts
        again from the snapshot.
        """
        await self._each(_wake)

    async def keep(self, *, pause: float = _LOOK_SECONDS) -> None:
        """Let requests follow each colour that runs on another node now, until cancelled."""
        while self._follow is not None:
            with suppress(StepFailed):
                await self._each(partial(self._look_after, self._follow))
            await asyncio.sleep(pause)

    async def rest(self) -> None:
        """Stop all, side by side, and note on each that ought to run that it does after `wake`."""
        await self._each(_rest)

    async def _each(self, act: Callable[[Docker, Service], Awaitable[None]]) -> None:
        async with self._engine.connected() as docker:
            own = {"label": [f"{HOME}={self._home.root}"]}
            services = await docker.services.list(filters=own)
            await asyncio.gather(*(act(docker, service) for service in services))

    async def _look_after(self, follow: Follow, docker: Docker, service: Service) -> None:
        labels = service["Spec"]["Labels"]
        database, part = labels[DATABASE], labels[PART]
        if part not in set(Colour) or not replicas(service):
            return
        port = await Ports(self._home.instances).http_port(database, Colour(part))
        tasks = await tasks_of(docker, service["ID"], label=database_label(database))
        running = [task for task in tasks if state(task) == task["DesiredState"] == "running"]
        if port is not None and running:
            address = await node_address(docker, running[0])
            if await _answers(address, port):
                await follow(database, http_port=port, host=address)


async def _answers(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _wake(docker: Docker, service: Service) -> None:
    labels = service["Spec"]["Labels"]
    if labels[PART] == UPDATE:
        await unless_gone(docker.services.delete(service["ID"]))
    elif RESTS in labels:
        await change_service(docker, service["ID"], partial(scaled, replicas=1))
    elif replicas(service):
        await change_service(docker, service["ID"], anew)


async def _rest(docker: Docker, service: Service) -> None:
    spec = service["Spec"]
    if spec["Labels"][PART] == UPDATE:
        await unless_gone(docker.services.delete(service["ID"]))
    elif replicas(service):
        await change_service(docker, service["ID"], resting)
    label = database_label(spec["Labels"][DATABASE])
    await gone(docker, service["ID"], label=label, grace=grace_in(spec))
