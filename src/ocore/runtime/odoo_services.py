"""Odoo's Swarm services: one that must differ ends first, one that is stopped has no replica.

What ought to run is what Swarm says: a service with a replica. On which node it runs is for Swarm
to choose, within the constraints it was given.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

from aiodocker import Docker

from ocore.artifacts import Image, Say
from ocore.environments import Instance
from ocore.images.release import pushed_reference
from ocore.kit.docker import DockerEngine, found, unless_gone
from ocore.kit.files import replace_file
from ocore.kit.lines import Lines
from ocore.kit.locks import exclusive
from ocore.kit.swarm import (
    Service,
    Spec,
    Task,
    change_service,
    create_service,
    local_container,
    node_address,
    node_id,
    replicas,
    state,
    tasks_of,
)
from ocore.kit.tasks import end_all
from ocore.runtime.built import built
from ocore.runtime.container import (
    INSIDE,
    SPEC,
    container_name,
    database_label,
    exit_code,
    lock_of,
    order_of,
    signed,
    sockets_of,
)
from ocore.runtime.odoo_containers import OdooContainers
from ocore.runtime.odoo_process import UPDATE, OdooHost, Part, folder_of
from ocore.runtime.ports import LOOPBACK
from ocore.runtime.service import Nodes, grace_in, scaled, service_spec
from ocore.runtime.sessions import Sessions
from ocore.runtime.swarm_log import follow, written
from ocore.runtime.swarm_secrets import forget_others, kept
from ocore.runtime.swarm_tasks import finished, gone, placed

_KEPT_LINES: Final = 2000
_KILLED: Final = -9


class OdooServices:
    """Runs and stops parts of instances on one swarm. Calls may be repeated.

    A stand-in in a rehearsal is a container of the daemon that we talk to: a service has a network,
    and what is tried out must have none.
    """

    def __init__(self, engine: DockerEngine, host: OdooHost, nodes: Nodes) -> None:
        self._engine = engine
        self._host = host
        self._nodes = nodes
        self._sessions = Sessions(host.server)
        self._here = OdooContainers(engine, host)

    async def part(self, instance: Instance, image: Image, name: str) -> Part:
        if instance.throwaway:
            return await self._here.part(instance, image, name)
        await asyncio.to_thread(folder_of(self._host, instance).make, self._host.user)
        release, server = await built(self._engine, image), self._host.server
        # On another node it has no socket.
        sockets = None if self._nodes.constraints else sockets_of(server, instance)
        return Part(name=name, instance=instance, release=release, folder=INSIDE, sockets=sockets)

    async def run(self, part: Part, argv: Sequence[str], conf: str) -> str:
        name = container_name(part.instance, part.name)
        async with self._alone(name), self._engine.connected() as docker:
            spec = await self._spec(docker, part, argv, conf)
            service_id = await self._keep(docker, spec, part.instance)
            await forget_others(docker, spec)
            task = await placed(docker, service_id, label=database_label(part.instance.database))
            return await self._address(docker, task)

    async def up(self, instance: Instance, name: str) -> bool:
        async with self._engine.connected() as docker:
            service = await found(docker.services.inspect(container_name(instance, name)))
            return service is not None and await _running(docker, service, instance)

    async def stop(self, instance: Instance, name: str) -> None:
        """Stop it, and keep what it wrote."""
        own = container_name(instance, name)
        async with self._alone(own), self._engine.connected() as docker:
            service = await found(docker.services.inspect(own))
            if service is not None:
                if replicas(service):
                    await self._keep_log(docker, service, instance, name)
                await _end(docker, service, instance)
        await self._sessions.end(instance, name)

    async def terminate(self, instance: Instance, name: str) -> None:
        """Do nothing: Swarm has no signal for a task."""

    async def update(self, part: Part, argv: Sequence[str], conf: str, *, say: Say) -> int:
        """Run the updater as a job of Swarm that is gone at the end, or when we are cancelled."""
        if part.instance.throwaway:
            return await self._here.update(part, argv, conf, say=say)
        async with self._engine.connected() as docker:
            spec = await self._spec(docker, part, argv, conf)
            # By its id from here on: another worker's updater may get the name after ours.
            service_id = await create_service(docker, spec, auth=self._nodes.auth)
            try:
                await forget_others(docker, spec)
                await placed(docker, service_id, label=database_label(part.instance.database))
                task = await _told(docker, service_id, part.instance, say)
                return _KILLED if task is None else await _exit_code(docker, task, part)
            finally:
                await _remove(docker, service_id, part.instance)

    async def end_updater(self, instance: Instance) -> bool:
        if instance.throwaway:
            return await self._here.end_updater(instance)
        async with self._engine.connected() as docker:
            stray = await found(docker.services.inspect(container_name(instance, UPDATE)))
            if stray is None:
                return False
            was_alive = await _running(docker, stray, instance)
            await _remove(docker, stray["ID"], instance)
            return was_alive

    async def _keep(self, docker: Docker, spec: Spec, instance: Instance) -> str:
        """Let Swarm keep this service, and return its id.

        One that must differ ends first: until then it would answer in place of what comes after.
        """
        service = await found(docker.services.inspect(spec["Name"]))
        if service is None:
            return await create_service(docker, spec, auth=self._nodes.auth)
        same = service["Spec"]["Labels"].get(SPEC) == spec["Labels"][SPEC]
        if not same:
            await _end(docker, service, instance)
        if not same or not replicas(service):
            await change_service(docker, service["ID"], lambda _: spec, auth=self._nodes.auth)
        return str(service["ID"])

    async def _spec(self, docker: Docker, part: Part, argv: Sequence[str], conf: str) -> Spec:
        image = await self._image(docker, part.release.tag)
        order = order_of(part, argv, conf, host=self._host, image=image)
        secret = await kept(docker, order)
        constraints = self._nodes.constraints or (f"node.id=={await node_id(docker)}",)
        return service_spec(order, secret, constraints=constraints)

    async def _image(self, docker: Docker, tag: str) -> str:
        """Return the image by its digest in the registry, or by its id on this daemon."""
        pushed = await asyncio.to_thread(pushed_reference, self._nodes.pushed, tag)
        return pushed or str((await docker.images.inspect(tag))["Id"])

    async def _address(self, docker: Docker, task: Task) -> str:
        if self._nodes.constraints is None:
            return LOOPBACK
        return await node_address(docker, task)

    async def _keep_log(
        self, docker: Docker, service: Service, instance: Instance, name: str
    ) -> None:
        """Put what it wrote last where it can be read later: Swarm forgets it with the task."""
        lines = await written(docker, service["ID"], last=_KEPT_LINES)
        log = folder_of(self._host, instance).log(name)
        text = "".join(f"{line}\n" for line in lines[-_KEPT_LINES:])
        await asyncio.to_thread(replace_file, log, text)

    def _alone(self, name: str) -> AbstractAsyncContextManager[None]:
        return exclusive(lock_of(self._host.home, name))


async def _running(docker: Docker, service: Service, instance: Instance) -> bool:
    tasks = await tasks_of(docker, service["ID"], label=database_label(instance.database))
    return any(state(task) == "running" for task in tasks)


async def _end(docker: Docker, service: Service, instance: Instance) -> None:
    """Let a service have no process, and wait until it has none."""
    await change_service(docker, service["ID"], partial(scaled, replicas=0))
    grace = grace_in(service["Spec"])
    await gone(docker, service["ID"], label=database_label(instance.database), grace=grace)


async def _remove(docker: Docker, service_id: str, instance: Instance) -> None:
    """Remove an updater, and wait until it is dead."""
    await unless_gone(docker.services.delete(service_id))
    await gone(docker, service_id, label=database_label(instance.database), grace=0)


async def _told(docker: Docker, service_id: str, instance: Instance, say: Say) -> Task | None:
    """Tell what an updater writes, and return its task at its end; None: it was removed."""
    heard = 0

    def hear(line: str) -> None:
        nonlocal heard
        heard += 1
        say(line)

    listening = asyncio.create_task(follow(docker, service_id, Lines(hear)))
    try:
        task = await finished(docker, service_id, label=database_label(instance.database))
    finally:
        await end_all(listening)
    for line in (await written(docker, service_id))[heard:]:
        say(line)
    return task


async def _exit_code(docker: Docker, task: Task, part: Part) -> int:
    container = await local_container(docker, task)
    if container is not None:
        return exit_code(await container.show(), part)
    return signed(int(task["Status"]["ContainerStatus"]["ExitCode"]))
