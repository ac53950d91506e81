"""Watches Swarm services: over HTTP like any Odoo, and by the log that Swarm fetches."""

from collections.abc import Sequence

from ocore.artifacts import Colour, Endpoint
from ocore.environments import Instance
from ocore.kit.docker import DockerEngine, found
from ocore.kit.swarm import Task, replicas, state, tasks_of
from ocore.runtime import Probe, Watch
from ocore.runtime.container import KILLED, container_name, database_label, epitaph
from ocore.runtime.swarm_log import written


class SwarmWatch:
    """Watch of the Swarm runtime; `http` asks the questions, and has the logs of what stopped."""

    def __init__(self, engine: DockerEngine, http: Watch) -> None:
        self._engine = engine
        self._http = http

    async def probe(self, instance: Instance, endpoint: Endpoint) -> tuple[Probe, ...]:
        return await self._http.probe(instance, endpoint)

    async def log_tail(self, instance: Instance, colour: Colour, lines: int) -> tuple[str, ...]:
        async with self._engine.connected() as docker:
            service = await found(docker.services.inspect(container_name(instance, colour)))
            if service is None or not replicas(service) or lines <= 0:
                return await self._http.log_tail(instance, colour, lines)
            label = database_label(instance.database)
            tasks = await tasks_of(docker, service["ID"], label=label)
            # Of another image, and on its way out.
            earlier = [task["ID"] for task in tasks if task["DesiredState"] == "remove"]
            told = await written(docker, service["ID"], last=lines, apart_from=earlier)
        return (*told, *_last_words(tasks))[-lines:]


def _last_words(tasks: Sequence[Task]) -> tuple[str, ...]:
    """Return what the last task could not say itself, if it was killed and none runs after it."""
    for task in tasks:
        if state(task) == "running":
            return ()
        if task["Status"].get("ContainerStatus", {}).get("ExitCode") == KILLED:
            memory = task["Spec"]["Resources"]["Limits"]["MemoryBytes"]
            return (epitaph(at=task["Status"]["Timestamp"], memory=memory),)
    return ()
