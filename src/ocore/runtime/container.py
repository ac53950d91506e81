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
from ocore.errors import StepFailed
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import OsUser
from ocore.runtime.folder import InstanceFolder
from ocore.runtime.odoo_process import (
    UPDATE,
    OdooHost,
    Part,
    environment,
    folder_of,
    stop_seconds,
    updater_environment,
)

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

MOST_PROCESSES: Final = 1024
MOST_FILES: Final = 16_384
"""Each open page takes four of them, and a daemon that systemd starts may give 1,024 by itself."""
NO_CHECK: Final = {"Test": ["NONE"]}
LOG_FILES: Final = {"max-size": "20m", "max-file": "4"}

KILLED: Final = 137
"""The exit code of a container that was killed, by the kernel more often than by anybody else."""

_CPU_PERIOD: Final = 100_000
_SIGNALS: Final = range(129, 160)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One container: a part of an instance, made of an image of the daemon.

    `folder` is the instance's folder on the host, `home` that of the platform, and `sockets` that
    of PostgreSQL's socket, for a part that has it.
    """

    part: Part
    argv: tuple[str, ...]
    conf: str
    image: str
    folder: InstanceFolder
    home: Path
    user: OsUser | None
    sockets: str | None


def order_of(part: Part, argv: Sequence[str], conf: str, *, host: OdooHost, image: str) -> Order:
    """Return what is wanted of this image on this machine."""
    return Order(
        part=part,
        argv=tuple(argv),
        conf=conf,
        image=image,
        folder=folder_of(host, part.instance),
        home=host.home.root,
        user=host.user,
        sockets=host.server.sockets,
    )


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
    return {
        "Image": order.image,
        "Entrypoint": list(order.argv),
        "Env": variables_of(part),
        "WorkingDir": str(part.folder.data),
        "Labels": labels_of(order),
        "StopSignal": "SIGTERM",
        "StopTimeout": stop_seconds(part.instance),
        **({} if order.user is None else {"User": f"{order.user.uid}:{order.user.gid}"}),
        # A part that serves has the check of its image.
        **({} if serves(part) else {"Healthcheck": NO_CHECK}),
        "HostConfig": {
            # What a rehearsal tries must reach nobody: it is data of now, and code yet unknown.
            "NetworkMode": "none" if part.instance.throwaway and part.sockets else "host",
            "Mounts": [
                *mounts_of(order),
                _bind(order.folder.conf(part.name), part.folder.conf(part.name), read_only=True),
            ],
            **limits_of(part.instance.limits, serves=serves(part)),
            "RestartPolicy": {"Name": "no" if part.name == UPDATE else "unless-stopped"},
            "LogConfig": {"Type": "json-file", "Config": LOG_FILES},
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": MOST_PROCESSES,
            "Ulimits": [file_limit()],
        },
    }


def serves(part: Part) -> bool:
    return part.name in set(Colour)


def labels_of(order: Order) -> dict[str, str]:
    return {
        HOME: str(order.home),
        DATABASE: order.part.instance.database,
        PART: order.part.name,
        IMAGE: order.part.release.tag,
    }


def database_label(database: str) -> str:
    """Return the label by which all that is an instance's is found."""
    return f"{DATABASE}={database}"


def variables_of(part: Part) -> Sequence[str]:
    variables = updater_environment(part) if part.name == UPDATE else environment(part)
    given = {**variables, "ODOO_RC": str(part.folder.conf(part.name)), "USER": "odoo"}
    return [f"{name}={given[name]}" for name in sorted(given)]


def processes_of(limits: Limits, *, serves: bool) -> int:
    """Return how many processes an Odoo is, each of which may reach `limit_memory_hard`.

    With workers it is a master, a process for websockets and the workers; a threaded Odoo, the
    crons and the updater are one.
    """
    return limits.workers + 2 if limits.workers and serves else 1


def limits_of(limits: Limits, *, serves: bool) -> Mapping[str, int]:
    """Return what the control group of a container may use.

    Swap is for nobody: a shop that swaps is a shop that stands still.
    """
    processes = processes_of(limits, serves=serves)
    memory = limits.limit_memory_hard * processes
    return {
        "Memory": memory,
        "MemorySwap": memory,
        "CpuPeriod": _CPU_PERIOD,
        "CpuQuota": _CPU_PERIOD * processes,
    }


def sockets_of(server: PostgresServer, instance: Instance) -> str | None:
    """Return where a container of this instance finds PostgreSQL's socket, if that is its way."""
    by_socket = instance.throwaway or server.host == server.sockets
    return SOCKETS if server.sockets and by_socket else None


def file_limit() -> dict[str, object]:
    return {"Name": "nofile", "Soft": MOST_FILES, "Hard": MOST_FILES}


def mounts_of(order: Order) -> list[dict[str, Any]]:
    """Return the mounts of a part, but for its odoo.conf."""
    part = order.part
    data = _bind(order.folder.data, part.folder.data)
    if not (part.sockets and order.sockets):
        return [data]
    return [data, _bind(Path(order.sockets), Path(part.sockets), read_only=True)]


def exit_code(inspected: Mapping[str, Any], part: Part) -> int:
    """Return how a container ended, a signal as less than 0; StepFailed: for want of memory."""
    state = inspected["State"]
    if state["OOMKilled"]:
        limit = inspected["HostConfig"]["Memory"] // 1024**2
        raise StepFailed(
            f"Odoo's updater needed more memory than the {limit} MiB that the instance"
            f" {part.instance.name} may use (limit_memory_hard), and was killed",
            exit_code=-9,
        )
    return signed(int(state["ExitCode"]))


def epitaph(*, at: str, memory: int) -> str:
    """Return what an Odoo that was killed for its memory could not say itself.

    In Odoo's own form, so that whoever explains the log sees it as the last error.
    """
    moment = at[:19].replace("T", " ")
    reason = f"the container reached its limit of {memory // 1024**2} MiB and was killed"
    return f"{moment},000 1 CRITICAL ? odoo: Out of memory: {reason}"


def signed(code: int) -> int:
    """Return an exit code as Docker tells it, with a signal as less than 0."""
    return 128 - code if code in _SIGNALS else code


def _bind(source: Path, target: Path, *, read_only: bool = False) -> dict[str, Any]:
    return {"Type": "bind", "Source": str(source), "Target": str(target), "ReadOnly": read_only}
