"""Odoo as a Swarm service: what Swarm is told about each part of an instance.

The network is that of the node on which the part runs, as for containers. The odoo.conf, with its
passwords, is a secret of Swarm.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from ocore.kit.swarm import Spec
from ocore.runtime.container import (
    LOG_FILES,
    MOST_PROCESSES,
    NO_CHECK,
    SPEC,
    Order,
    container_name,
    file_limit,
    labels_of,
    mounts_of,
    processes_of,
    serves,
    variables_of,
)
from ocore.runtime.odoo_process import UPDATE, stop_seconds

RESTS: Final = "ocore.rests"
"""Labels a service that runs whenever its platform does, and now does not."""

# The ports are the part's own: the new task cannot listen before the old one is gone. And a part
# that goes back to an earlier image by itself would run it on data that is newer.
_REPLACED: Final = {"Parallelism": 1, "Order": "stop-first", "FailureAction": "pause"}
# Swarm knows one pause between two tries, not a growing one.
_AGAIN: Final = {"Condition": "any", "Delay": 2_000_000_000}
_ONCE: Final = {"Condition": "none"}
_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """The nodes of a swarm that may run Odoo, and how they get its images.

    `constraints` say which they are (None: only the one whose daemon we talk to). The digests of
    images that were pushed to a registry are recorded under `pushed`, and `auth` opens it.
    """

    pushed: Path
    constraints: tuple[str, ...] | None = None
    auth: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """An odoo.conf, kept by Swarm. Secrets never change: another text has another name."""

    id: str
    name: str


def service_spec(order: Order, secret: Secret, *, constraints: Sequence[str]) -> Spec:
    """Return what Swarm must keep. The label SPEC differs when anything does."""
    spec = _spec(order, secret, constraints)
    spec["Labels"][SPEC] = hashlib.sha256(msgspec.json.encode(spec, order="sorted")).hexdigest()
    return spec


def grace_in(spec: Spec) -> int:
    """Return how many seconds a process of this service has to end."""
    return int(spec["TaskTemplate"]["ContainerSpec"]["StopGracePeriod"]) // _SECOND


def scaled(spec: Spec, replicas: int) -> Spec:
    """Return the same service with another number of replicas, which it means to keep."""
    labels = {key: value for key, value in spec["Labels"].items() if key != RESTS}
    return {**spec, "Labels": labels, "Mode": {"Replicated": {"Replicas": replicas}}}


def resting(spec: Spec) -> Spec:
    """Return the same service without replicas, and with a note that it ought to have one."""
    none = scaled(spec, 0)
    return {**none, "Labels": {**none["Labels"], RESTS: "yes"}}


def anew(spec: Spec) -> Spec:
    """Return the same service, for Swarm to put a new task in place of the one that runs."""
    template = spec["TaskTemplate"]
    return {**spec, "TaskTemplate": {**template, "ForceUpdate": template.get("ForceUpdate", 0) + 1}}


def _spec(order: Order, secret: Secret, constraints: Sequence[str]) -> Spec:
    once = order.part.name == UPDATE
    return {
        "Name": container_name(order.part.instance, order.part.name),
        "Labels": labels_of(order),
        "Mode": (
            {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
            if once
            else {"Replicated": {"Replicas": 1}}
        ),
        "TaskTemplate": {
            "ContainerSpec": _container(order, secret),
            "Resources": {"Limits": _limits(order)},
            "RestartPolicy": _ONCE if once else _AGAIN,
            "Placement": {"Constraints": list(constraints)},
            "Networks": [{"Target": "host"}],
            "LogDriver": {"Name": "json-file", "Options": LOG_FILES},
        },
        **({} if once else {"UpdateConfig": _REPLACED, "RollbackConfig": _REPLACED}),
    }


def _container(order: Order, secret: Secret) -> dict[str, Any]:
    part = order.part
    return {
        "Image": order.image,
        "Command": list(order.argv),
        "Env": variables_of(part),
        "Dir": str(part.folder.data),
        "Labels": labels_of(order),
        "StopSignal": "SIGTERM",
        # Whoever ends an updater has no use for what it might still say.
        "StopGracePeriod": 0 if part.name == UPDATE else stop_seconds(part.instance) * _SECOND,
        **({} if order.user is None else {"User": f"{order.user.uid}:{order.user.gid}"}),
        # Docker only tells that a container is not well; Swarm kills it. A shop that is busy must
        # not be killed.
        "Healthcheck": NO_CHECK,
        "Mounts": mounts_of(order),
        "Secrets": [_mounted(order, secret)],
        "Ulimits": [file_limit()],
        "CapabilityDrop": ["ALL"],
        # Daemons older than 25 do not know it, and leave it out.
        "Privileges": {"NoNewPrivileges": True},
    }


def _mounted(order: Order, secret: Secret) -> dict[str, Any]:
    part, user = order.part, order.user
    return {
        "SecretID": secret.id,
        "SecretName": secret.name,
        "File": {
            "Name": str(part.folder.conf(part.name)),
            "UID": "0" if user is None else str(user.uid),
            "GID": "0" if user is None else str(user.gid),
            "Mode": 0o400,
        },
    }


def _limits(order: Order) -> dict[str, int]:
    limits = order.part.instance.limits
    processes = processes_of(limits, serves=serves(order.part))
    return {
        "MemoryBytes": limits.limit_memory_hard * processes,
        "NanoCPUs": processes * _SECOND,
        "Pids": MOST_PROCESSES,
    }
