"""All services of one platform: when it comes up, and when it goes."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from aiodocker import Docker

from ocore.embedded.home import Home
from ocore.kit.docker import DockerEngine, unless_gone
from ocore.kit.swarm import Service, change_service, replicas
from ocore.runtime.container import DATABASE, HOME, PART
from ocore.runtime.odoo_process import UPDATE
from ocore.runtime.service import RESTS, anew, grace_in, resting, scaled
from ocore.runtime.swarm_tasks import gone


class SwarmFleet:
    """Finds services by the label that names the platform's home, and by nothing else.

    While the platform is up, Swarm itself starts what ought to run and does not.
    """

    def __init__(self, engine: DockerEngine, home: Home) -> None:
        self._engine = engine
        self._home = home

    async def wake(self) -> None:
        """Start what ought to run, anew: the database it was connected to has been away.

        An updater that outlived its platform is killed; whoever takes its deployment over starts
        again from the snapshot.
        """
        await self._each(_wake)

    async def rest(self) -> None:
        """Stop all, side by side, and note on each that ought to run that it does after `wake`."""
        await self._each(_rest)

    async def _each(self, act: Callable[[Docker, Service], Awaitable[None]]) -> None:
        async with self._engine.connected() as docker:
            own = {"label": [f"{HOME}={self._home.root}"]}
            services = await docker.services.list(filters=own)
            await asyncio.gather(*(act(docker, service) for service in services))


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
    label = f"{DATABASE}={spec['Labels'][DATABASE]}"
    await gone(docker, service["ID"], label=label, grace=grace_in(spec))
