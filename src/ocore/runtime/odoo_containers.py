"""Odoo's containers: replaced when they must differ, kept for their logs when they are stopped.

What ought to run is what Docker says: a container under its own name. One that was stopped on
purpose is renamed, so that nothing but Docker need be asked after a crash of ours or of its own.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiodocker import Docker
from aiodocker.containers import DockerContainer

from ocore.artifacts import Image, Say
from ocore.environments import Instance
from ocore.kit.docker import DockerEngine, found, streamed, unless_gone
from ocore.kit.files import replace_file
from ocore.kit.lines import Lines
from ocore.kit.locks import exclusive
from ocore.runtime.built import built
from ocore.runtime.container import (
    ASIDE,
    INSIDE,
    SPEC,
    container_config,
    container_name,
    exit_code,
    lock_of,
    order_of,
    sockets_of,
)
from ocore.runtime.odoo_process import UPDATE, OdooHost, Part, folder_of
from ocore.runtime.ports import LOOPBACK
from ocore.runtime.sessions import Sessions


class OdooContainers:
    """Runs and stops parts of instances on one Docker daemon. Calls may be repeated."""

    def __init__(self, engine: DockerEngine, host: OdooHost) -> None:
        self._engine = engine
        self._host = host
        self._sessions = Sessions(host.server)

    async def part(self, instance: Instance, image: Image, name: str) -> Part:
        await asyncio.to_thread(folder_of(self._host, instance).make, self._host.user)
        release = await built(self._engine, image)
        sockets = sockets_of(self._host.server, instance)
        return Part(name=name, instance=instance, release=release, folder=INSIDE, sockets=sockets)

    async def run(self, part: Part, argv: Sequence[str], conf: str) -> str:
        name = container_name(part.instance, part.name)
        async with self._alone(name), self._engine.connected() as docker:
            config = await self._config(docker, part, argv, conf)
            container = await found(docker.containers.get(name))
            if container is None or _labels(container).get(SPEC) != config["Labels"][SPEC]:
                await _remove(container)
                await _remove(await found(docker.containers.get(f"{name}{ASIDE}")))
                container = await docker.containers.create(config, name=name)
            await container.start()
        return LOOPBACK

    async def up(self, instance: Instance, name: str) -> bool:
        async with self._engine.connected() as docker:
            container = await found(docker.containers.get(container_name(instance, name)))
            return container is not None and _running(container)

    async def stop(self, instance: Instance, name: str) -> None:
        """Stop it and put it aside."""
        own = container_name(instance, name)
        async with self._alone(own), self._engine.connected() as docker:
            container = await found(docker.containers.get(own))
            if container is not None:
                await container.stop()
                await _remove(await found(docker.containers.get(f"{own}{ASIDE}")))
                await container.rename(f"{own}{ASIDE}")
        await self._sessions.end(instance, name)

    async def terminate(self, instance: Instance, name: str) -> None:
        async with self._engine.connected() as docker:
            container = await found(docker.containers.get(container_name(instance, name)))
            if container is not None and _running(container):
                await unless_gone(container.kill(signal="SIGTERM"))

    async def update(self, part: Part, argv: Sequence[str], conf: str, *, say: Say) -> int:
        """Run the updater in a container that is gone at the end, or when we are cancelled."""
        name = container_name(part.instance, part.name)
        if part.instance.throwaway and part.sockets is None:
            say("PostgreSQL has no socket on this machine: the copy is on the machine's network")
        async with self._engine.connected() as docker:
            config = await self._config(docker, part, argv, conf)
            # By its id from here on: another worker's updater may get the name after ours.
            container = await docker.containers.create(config, name=name)
            try:
                await container.start()
                await _follow(container, say)
                await container.wait()
                return exit_code(await container.show(), part)
            finally:
                await _remove(container)

    async def end_updater(self, instance: Instance) -> bool:
        async with self._engine.connected() as docker:
            stray = await found(docker.containers.get(container_name(instance, UPDATE)))
            await _remove(stray)
            return stray is not None and _running(stray)

    async def _config(
        self, docker: Docker, part: Part, argv: Sequence[str], conf: str
    ) -> dict[str, Any]:
        file = folder_of(self._host, part.instance).conf(part.name)
        await asyncio.to_thread(replace_file, file, conf, owner=self._host.user)
        image = await docker.images.inspect(part.release.tag)
        return container_config(order_of(part, argv, conf, host=self._host, image=image["Id"]))

    def _alone(self, name: str) -> AbstractAsyncContextManager[None]:
        return exclusive(lock_of(self._host.home, name))


async def _follow(container: DockerContainer, say: Say) -> None:
    lines = Lines(say)
    async with streamed(container.log(stdout=True, stderr=True, follow=True)) as pieces:
        async for text in pieces:
            lines.feed(text)
    lines.end()


async def _remove(container: DockerContainer | None) -> None:
    if container is not None:
        await unless_gone(container.delete(force=True))


def _labels(container: DockerContainer) -> dict[str, str]:
    labels: dict[str, str] = container["Config"]["Labels"]
    return labels


def _running(container: DockerContainer) -> bool:
    return bool(container["State"]["Running"])
