"""Docker Swarm, spoken to through the Docker Engine of one of its managers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aiodocker import Docker, DockerError
from aiodocker.containers import DockerContainer
from aiodocker.utils import compose_auth_header

from ocore.errors import StepFailed
from ocore.kit.docker import found

Spec = dict[str, Any]
"""What Swarm keeps of a service, as the Engine's API writes it."""

Service = Mapping[str, Any]
Task = Mapping[str, Any]
"""One try of Swarm's to run a service. Both as the Engine's API writes them."""

_ENDED: Final = frozenset({"complete", "shutdown", "failed", "rejected", "remove", "orphaned"})


async def node_id(docker: Docker) -> str:
    """Return the node of this daemon; StepFailed when it manages no swarm."""
    told = (await docker.system.info())["Swarm"]
    if told["LocalNodeState"] != "active":
        raise StepFailed("this Docker daemon is in no swarm: run `docker swarm init` on it")
    if not told["ControlAvailable"]:
        raise StepFailed(
            "this Docker daemon is a worker of its swarm: let OCORE_DOCKER_HOST name a manager"
        )
    return str(told["NodeID"])


async def node_address(docker: Docker, task: Task) -> str:
    """Return the address by which its manager reaches the node of a task."""
    return address(await docker.nodes.inspect(node_id=task["NodeID"]))


def address(node: Mapping[str, Any]) -> str:
    """Return the address of a node: what it advertises, for a worker where it was seen.

    Where a manager was seen says little: it is 0.0.0.0 for one that listens everywhere
    (moby/moby 35437), and where its own agent came from, which may be another interface.
    """
    if managing := node.get("ManagerStatus"):
        return str(managing["Addr"]).rpartition(":")[0]
    return str(node["Status"]["Addr"])


async def create_service(
    docker: Docker, spec: Spec, *, auth: Mapping[str, str] | None = None
) -> str:
    """Let Swarm keep this service, and return its id. `auth` is for the registry of its image."""
    made = await _post(docker, "services/create", spec, auth=auth)
    return str(made["ID"])


async def change_service(
    docker: Docker,
    service_id: str,
    change: Callable[[Spec], Spec],
    *,
    auth: Mapping[str, str] | None = None,
) -> None:
    """Let this service be what `change` makes of it.

    Swarm writes into a service too, and refuses a change of what it has written meanwhile: then
    it is read and changed again.
    """
    while True:
        service = await docker.services.inspect(service_id)
        params = {"version": str(service["Version"]["Index"]), "registryAuthFrom": "spec"}
        path, spec = f"services/{service_id}/update", change(service["Spec"])
        try:
            await _post(docker, path, spec, auth=auth, params=params)
        except DockerError as failure:
            if "out of sequence" not in failure.message:
                raise
        else:
            return


async def _post(
    docker: Docker,
    path: str,
    spec: Spec,
    *,
    auth: Mapping[str, str] | None,
    params: Mapping[str, str] | None = None,
) -> Any:
    headers = None if auth is None else {"X-Registry-Auth": compose_auth_header(dict(auth))}
    # aiodocker has no call that changes more of a service than its image.
    return await docker._query_json(path, "POST", params=params, data=spec, headers=headers)  # noqa: SLF001


def replicas(service: Service) -> int:
    return int(service["Spec"]["Mode"].get("Replicated", {}).get("Replicas", 0))


async def tasks_of(docker: Docker, service_id: str, *, label: str) -> Sequence[Task]:
    """Return the tasks of a service that has this label, the newest first.

    Unlike a question by its name, it is answered for a service that was removed as well.
    """
    listed = await docker.tasks.list(filters={"label": [label]})
    own = [task for task in listed if task["ServiceID"] == service_id]
    return sorted(own, key=lambda task: str(task["CreatedAt"]), reverse=True)


def state(task: Task) -> str:
    return str(task["Status"]["State"])


def ended(task: Task) -> bool:
    """Say whether nothing of it runs, and nothing will."""
    return state(task) in _ENDED


async def local_container(docker: Docker, task: Task) -> DockerContainer | None:
    """Return the task's container, when there is one and this daemon has it."""
    own = task["Status"].get("ContainerStatus", {}).get("ContainerID")
    return await found(docker.containers.get(own)) if own else None
