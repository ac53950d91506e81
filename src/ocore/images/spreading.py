"""Images on a swarm: on every node that may run them, before anything waits for that."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiodocker import Docker

from ocore.artifacts import Image, Say
from ocore.errors import StepFailed
from ocore.images import BuildOrder, Images
from ocore.images.dockerfile import VENV
from ocore.kit.docker import DockerEngine, unless_gone
from ocore.kit.ids import uuid7
from ocore.kit.swarm import Spec, Task, create_service, ended, state, tasks_of

_FETCH: Final = "ocore.fetch"
_POLL_SECONDS: Final = 0.3
_PLACE_SECONDS: Final = 10.0
_FETCH_SECONDS: Final = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadImages:
    """Images that each node fetches from the registry as soon as they are there.

    Otherwise the first start on a node would fetch them, while requests are held. `constraints`
    say which nodes.
    """

    images: Images
    engine: DockerEngine
    constraints: Sequence[str]
    auth: Mapping[str, str] | None = field(default=None, repr=False)

    async def build(self, order: BuildOrder, *, say: Say) -> Image:
        return await self.images.build(order, say=say)

    async def find(self, tag: str) -> Image | None:
        return await self.images.find(tag)

    async def push(self, image: Image, *, say: Say) -> str:
        reference = await self.images.push(image, say=say)
        mark = uuid7()
        spec = fetching(reference, mark, self.constraints)
        async with self.engine.connected() as docker:
            job = await create_service(docker, spec, auth=self.auth)
            try:
                for task in await self._fetched(docker, job, label=f"{_FETCH}={mark}"):
                    say(await _told(docker, task))
            finally:
                await unless_gone(docker.services.delete(job))
        return reference

    async def _fetched(self, docker: Docker, job: str, *, label: str) -> Sequence[Task]:
        """Wait until each node has it or cannot have it; StepFailed when there is no node."""
        tasks: Sequence[Task] = ()
        try:
            async with asyncio.timeout(_PLACE_SECONDS):
                while not tasks:
                    await asyncio.sleep(_POLL_SECONDS)
                    tasks = await tasks_of(docker, job, label=label)
            async with asyncio.timeout(_FETCH_SECONDS):
                while not all(map(ended, tasks)):
                    await asyncio.sleep(_POLL_SECONDS)
                    tasks = await tasks_of(docker, job, label=label)
        except TimeoutError:
            if not tasks:
                raise StepFailed(
                    "no node of the swarm is as OCORE_SWARM_NODES wants it:"
                    f" {', '.join(self.constraints)}"
                ) from None
        return tasks


def fetching(reference: str, mark: str, constraints: Sequence[str]) -> Spec:
    """Return a job that ends at once, on each node; but the node must have its image."""
    return {
        "Name": f"ocore-fetch-{mark}",
        "Labels": {_FETCH: mark},
        "Mode": {"GlobalJob": {}},
        "TaskTemplate": {
            "ContainerSpec": {"Image": reference, "Command": [f"{VENV}/bin/python", "-c", ""]},
            "RestartPolicy": {"Condition": "none"},
            "Networks": [{"Target": "host"}],
            "Placement": {"Constraints": list(constraints)},
        },
    }


async def _told(docker: Docker, task: Task) -> str:
    node = (await docker.nodes.inspect(node_id=task["NodeID"]))["Description"]["Hostname"]
    if state(task) == "complete":
        return f"The node {node} has it"
    return f"The node {node} does not have it: {task['Status'].get('Err') or state(task)}"
