"""All containers of one platform: when it comes up, while it is up, and when it goes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from aiodocker.containers import DockerContainer

from ocore.embedded.home import Home
from ocore.errors import StepFailed
from ocore.kit.docker import DockerEngine, found, unless_gone
from ocore.kit.locks import exclusive
from ocore.runtime.container import ASIDE, HOME, PART, lock_of
from ocore.runtime.odoo_process import UPDATE

_LOOK_SECONDS: Final = 5.0


class Fleet:
    """Finds containers by the label that names the platform's home, and by nothing else."""

    def __init__(self, engine: DockerEngine, home: Home) -> None:
        self._engine = engine
        self._home = home

    async def wake(self) -> None:
        """Start what ought to run, anew: the database it was connected to has been away.

        An updater that outlived its platform is killed; whoever takes its deployment over starts
        again from the snapshot.
        """
        await self._each(_wake)

    async def keep(self, *, pause: float = _LOOK_SECONDS) -> None:
        """Start what ought to run and does not, until cancelled.

        Docker restarts what crashes. But one that was killed itself, without `live-restore`, ends
        its containers when it comes back, and leaves them so.
        """
        while True:
            with suppress(StepFailed):
                await self._each(self._revive)
            await asyncio.sleep(pause)

    async def rest(self) -> None:
        """Stop all, side by side; what ought to run keeps its name, and so runs after `wake`."""
        await self._each(_rest)

    async def _each(self, act: Callable[[DockerContainer], Awaitable[None]]) -> None:
        filters = f'{{"label": ["{HOME}={self._home.root}"]}}'
        async with self._engine.connected() as docker:
            containers = await docker.containers.list(all=1, filters=filters)
            await asyncio.gather(*(act(container) for container in containers))

    async def _revive(self, container: DockerContainer) -> None:
        if container["State"] != "exited" or _may_rest(container):
            return
        # A worker may be about to put it aside: then it has another name when the lock is free.
        name = container["Names"][0].removeprefix("/")
        async with exclusive(lock_of(self._home, name)):
            present = await found(container.docker.containers.get(name))
            if present is not None and present["State"]["Status"] == "exited":
                await unless_gone(present.start())


async def _wake(container: DockerContainer) -> None:
    if container["Labels"][PART] == UPDATE:
        await unless_gone(container.delete(force=True))
    elif not _may_rest(container):
        await unless_gone(container.restart())


async def _rest(container: DockerContainer) -> None:
    if container["Labels"][PART] == UPDATE:
        await unless_gone(container.delete(force=True))
    else:
        await unless_gone(container.stop())


def _may_rest(container: DockerContainer) -> bool:
    aside = any(name.endswith(ASIDE) for name in container["Names"])
    return aside or container["Labels"][PART] == UPDATE
