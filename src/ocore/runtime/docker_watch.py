"""Watches containers: over HTTP like any Odoo, and by the log that Docker keeps."""

from typing import Any

from aiodocker import Docker
from aiodocker.containers import DockerContainer

from ocore.artifacts import Colour, Endpoint
from ocore.environments import Instance
from ocore.kit.docker import DockerEngine, found
from ocore.runtime import Probe, Watch
from ocore.runtime.container import ASIDE, KILLED, container_name, epitaph


class DockerWatch:
    """Watch of the Docker runtime; `http` asks the questions."""

    def __init__(self, engine: DockerEngine, http: Watch) -> None:
        self._engine = engine
        self._http = http

    async def probe(self, instance: Instance, endpoint: Endpoint) -> tuple[Probe, ...]:
        return await self._http.probe(instance, endpoint)

    async def log_tail(self, instance: Instance, colour: Colour, lines: int) -> tuple[str, ...]:
        name = container_name(instance, colour)
        async with self._engine.connected() as docker:
            container = await _newest(docker, name)
            if container is None or lines <= 0:
                return ()
            pieces = await container.log(stdout=True, stderr=True, tail=lines)
            last_words = _last_words(await container.show())
        return (*"".join(pieces).splitlines(), *last_words)[-lines:]


async def _newest(docker: Docker, name: str) -> DockerContainer | None:
    running = await found(docker.containers.get(name))
    return running or await found(docker.containers.get(f"{name}{ASIDE}"))


def _last_words(inspected: dict[str, Any]) -> tuple[str, ...]:
    """Return what a container that was killed could not say itself."""
    state = inspected["State"]
    if not state["OOMKilled"] and not (state["ExitCode"] == KILLED and state["Restarting"]):
        return ()
    return (epitaph(at=state["FinishedAt"], memory=inspected["HostConfig"]["Memory"]),)
