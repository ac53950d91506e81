"""Waiting for what Swarm does in its own time: that a task runs, ends, or is gone."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiodocker import Docker

from ocore.errors import StepFailed
from ocore.kit.docker import found, unless_gone
from ocore.kit.swarm import Task, ended, local_container, state, tasks_of

_POLL_SECONDS: Final = 0.1
_PLACE_SECONDS: Final = 20.0
# A node that does not have the image fetches it first.
_START_SECONDS: Final = 300.0
_STOP_SECONDS: Final = 30.0


async def placed(docker: Docker, service_id: str, *, label: str) -> Task:
    """Return the task of a service once it has a process; StepFailed when it cannot have one."""

    async def newest(condition: Callable[[Task], bool], seconds: float) -> Task:
        task: Task | None = None
        try:
            async with asyncio.timeout(seconds):
                while task is None or not condition(task):
                    await asyncio.sleep(_POLL_SECONDS)
                    tasks = await tasks_of(docker, service_id, label=label)
                    task = next((each for each in tasks if each["DesiredState"] != "remove"), None)
        except TimeoutError:
            raise StepFailed(f"Swarm does not start it: {_reason(task)}") from None
        return task

    await newest(lambda task: bool(task.get("NodeID")), _PLACE_SECONDS)
    return await newest(_has_process, _START_SECONDS)


def _has_process(task: Task) -> bool:
    if state(task) == "rejected":
        raise StepFailed(f"Swarm cannot start it: {_reason(task)}")
    # One that failed has had one. Why it ended is told by its log.
    return state(task) in {"running", "failed", "complete", "shutdown"}


def _reason(task: Task | None) -> str:
    status = {} if task is None else task["Status"]
    return str(status.get("Err") or status.get("Message") or "no task was made")


async def finished(docker: Docker, service_id: str, *, label: str) -> Task | None:
    """Return the task of a job at its end; None when somebody removed the job."""
    while True:
        tasks = await tasks_of(docker, service_id, label=label)
        if tasks and ended(tasks[0]):
            return tasks[0]
        if not tasks and await found(docker.services.inspect(service_id)) is None:
            return None
        await asyncio.sleep(_POLL_SECONDS)


async def gone(
    docker: Docker, service_id: str, *, label: str, grace: int, silence: float = _STOP_SECONDS
) -> None:
    """Wait until a service that was scaled to none, or removed, has no process any more.

    A process has `grace` seconds to end, and its node `silence` more to say so. StepFailed names
    the node that does not.
    """
    node = "that has it"
    try:
        async with asyncio.timeout(grace + silence):
            while lasting := await _lasting(docker, service_id, label=label, grace=grace):
                node = lasting[0].get("NodeID") or node
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise StepFailed(
            f"the node {node} does not say that it stopped what it ran: bring it back, or make sure"
            f" that it is off and run `docker node rm --force {node}`"
        ) from None


async def _lasting(docker: Docker, service_id: str, *, label: str, grace: int) -> list[Task]:
    tasks = await tasks_of(docker, service_id, label=label)
    return [task for task in tasks if not ended(task) and await _runs_on(docker, task, grace)]


async def _runs_on(docker: Docker, task: Task, grace: int) -> bool:
    """Say whether a task still runs; one of this daemon is stopped at once.

    Swarm lets 2 s pass before it stops anything, for its load balancers to hear of it. Ours has
    been told before.
    """
    container = await local_container(docker, task)
    if container is None or not container["State"]["Running"]:
        return container is None or state(task) != "running"
    await unless_gone(container.stop(t=grace))
    return False
