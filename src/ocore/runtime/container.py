"""Odoo as a container: what the Docker Engine is told about each part of an instance.

The network is the host's: Odoo reaches the PostgreSQL of this machine, and is reached by its
proxy, over the loopback, as a process is. A stand-in in a rehearsal has none, and PostgreSQL's
socket. A password is in odoo.conf only, which is mounted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from ocore.artifacts import Colour
from ocore.embedded.home import Home
from ocore.environments import Instance, Limits
from ocore.kit.privileges import OsUser
from ocore.runtime.folder import InstanceFolder
from ocore.runtime.odoo_process import UPDATE, Part, environment, stop_seconds, updater_environment

INSIDE: Final = InstanceFolder(Path("/srv/odoo"))
"""Where the folder of an instance lies in a container."""

SOCKETS: Final = "/run/postgresql"
"""Where a container finds the socket of PostgreSQL, if that is how it reaches it."""

HOME, DATABASE, PART, IMAGE, SPEC = (
    f"ocore.{name}" for name in ("home", "database", "part", "image", "spec")
)
"""Labels: whose container it is, and what it was made of."""

ASIDE: Final = ".stopped"
"""Ends the name of a container that ought not to run, and is kept for its log."""

_CPU_PERIOD: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One container: a part of an instance, made of an image of the daemon.

    `folder` is the instance's folder on the host, `home` that of the platform, and `sockets` that
    of PostgreSQL's socket, for a part that has it.
    """

    part: Part
    argv: tuple[str, ...]
    conf: str
    image_id: str
    folder: InstanceFolder
    home: Path
    user: OsUser | None
    sockets: str | None


def container_name(instance: Instance, part: str) -> str:
    return f"ocore-{instance.database}-{part}"


def lock_of(home: Home, name: str) -> Path:
    """Return the lock that whoever starts, stops or renames a container holds."""
    return home.run / "locks" / f"{name}.lock"


def container_config(order: Order) -> dict[str, Any]:
    """Return what the daemon must create. The label SPEC differs when anything does."""
    config = _config(order)
    digest = hashlib.sha256(msgspec.json.encode(config, order="sorted"))
    digest.update(order.conf.encode())
    config["Labels"][SPEC] = digest.hexdigest()
    return config


def _config(order: Order) -> dict[str, Any]:
    part = order.part
    variables = updater_environment(part) if part.name == UPDATE else environment(part)
    serves = part.name in set(Colour)
    return {
        "Image": order.image_id,
        "Entrypoint": list(order.argv),
        "Env": _pairs({**variables, "ODOO_RC": str(part.folder.conf(part.name)), "USER": "odoo"}),
        "WorkingDir": str(part.folder.data),
        "Labels": {
            HOME: str(order.home),
            DATABASE: part.instance.database,
            PART: part.name,
            IMAGE: part.release.tag,
        },
        "StopSignal": "SIGTERM",
        "StopTimeout": stop_seconds(part.instance),
        **({} if order.user is None else {"User": f"{order.user.uid}:{order.user.gid}"}),
        # A part that serves has the check of its image.
        **({} if serves else {"Healthcheck": {"Test": ["NONE"]}}),
        "HostConfig": {
            # What a rehearsal tries must reach nobody: it is data of now, and code yet unknown.
            "NetworkMode": "none" if part.instance.throwaway and part.sockets else "host",
            "Mounts": _mounts(order),
            **limits_of(part.instance.limits, serves=serves),
            "RestartPolicy": {"Name": "no" if part.name == UPDATE else "unless-stopped"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "20m", "max-file": "4"}},
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 1024,
        },
    }


def limits_of(limits: Limits, *, serves: bool) -> Mapping[str, int]:
    """Return what the control group of a container may use.

    With workers, Odoo is a master, a process for websockets and the workers, and each may reach
    `limit_memory_hard`; a threaded Odoo, the crons and the updater are one process. Swap is for
    nobody: a shop that swaps is a shop that stands still.
    """
    processes = limits.workers + 2 if limits.workers and serves else 1
    memory = limits.limit_memory_hard * processes
    return {
        "Memory": memory,
        "MemorySwap": memory,
        "CpuPeriod": _CPU_PERIOD,
        "CpuQuota": _CPU_PERIOD * processes,
    }


def _mounts(order: Order) -> list[dict[str, Any]]:
    part = order.part
    mounts = [
        _bind(order.folder.data, part.folder.data),
        _bind(order.folder.conf(part.name), part.folder.conf(part.name), read_only=True),
    ]
    if part.sockets and order.sockets:
        mounts.append(_bind(Path(order.sockets), Path(part.sockets), read_only=True))
    return mounts


def _pairs(variables: Mapping[str, str]) -> Sequence[str]:
    return [f"{name}={variables[name]}" for name in sorted(variables)]


def _bind(source: Path, target: Path, *, read_only: bool = False) -> dict[str, Any]:
    return {"Type": "bind", "Source": str(source), "Target": str(target), "ReadOnly": read_only}
