"""Odoo as a process: which arguments, variables and odoo.conf each part of an instance gets.

Limits that hold (Odoo 19, service/server.py): with `workers` 0, `limit_memory_hard` as RLIMIT_AS
from the start, `limit_memory_soft` and `limit_time_real` by a look each minute, after which the
process starts itself anew; `limit_time_cpu` does not hold. With workers, all of them hold for each
worker, `limit_time_real` within seconds. The updater has `limit_memory_hard` only.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ocore.artifacts import Endpoint
from ocore.embedded.home import Home
from ocore.embedded.programs import Program
from ocore.environments import Instance
from ocore.images.release import Release
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import OsUser
from ocore.kit.secret import derive
from ocore.odoo.commands import Program as OdooCommand
from ocore.odoo.commands import (
    cron_command,
    neutralize_command,
    server_command,
    update_command,
)
from ocore.odoo.conf import Conf, Connection, Listening, odoo_conf
from ocore.runtime import ModuleChange
from ocore.runtime.folder import InstanceFolder
from ocore.runtime.ports import LOOPBACK
from ocore.runtime.sessions import application_name

CRON: Final = "cron"
UPDATE: Final = "update"

# A threaded Odoo ends within 2 s of SIGTERM; prefork lets requests end for `limit_time_real`.
_THREADED_STOP_SECONDS: Final = 15
_LONGEST_STOP_SECONDS: Final = 60
# The updater is alone by then. Who still holds a lock is a stranger (psql, a report tool), or the
# updater itself on a second connection, which PostgreSQL cannot see as a deadlock: better to fail
# and come back by the snapshot than to hold the instance's traffic for as long as they like.
_LOCK_TIMEOUT: Final = "60s"
_NOWHERE: Final = Listening(host=LOOPBACK, http_port=0, websocket_port=0)
# Python's HTTP libraries go through a proxy when there is one: here one that never answers.
_NO_WAY_OUT: Final = {
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "127.0.0.1,localhost",
}
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class OdooHost:
    """What every Odoo of this machine has in common.

    `user` is who Odoo runs as (None: our own user); roles get passwords derived from `secret`.
    A colour listens on the address `listen`.
    """

    home: Home
    server: PostgresServer
    user: OsUser | None
    secret: str = field(repr=False)
    listen: str = LOOPBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One Odoo process of an instance: a colour, the crons or the updater.

    `sockets` is the folder in which it finds PostgreSQL's Unix socket, where it is to use that.
    """

    name: str
    instance: Instance
    release: Release
    folder: InstanceFolder
    sockets: str | None = None


def folder_of(host: OdooHost, instance: Instance) -> InstanceFolder:
    return InstanceFolder(host.home.instances / instance.database)


def program_name(instance: Instance, part: str) -> str:
    """Return the name of a part among the supervisor's programs."""
    return f"{instance.database}-{part}"


def serving_conf(part: Part, host: OdooHost, endpoint: Endpoint) -> str:
    """Return the odoo.conf of a colour, which never runs crons."""
    listening = Listening(
        host=host.listen,
        http_port=endpoint.http_port,
        websocket_port=endpoint.websocket_port,
    )
    return _conf(part, host, listening)


def silent_conf(part: Part, host: OdooHost) -> str:
    """Return the odoo.conf of a part that serves nobody: the crons and the updater."""
    return _conf(part, host, _NOWHERE)


def serve_argv(part: Part) -> list[str]:
    return server_command(_odoo(part))


def cron_argv(part: Part) -> list[str]:
    return cron_command(_odoo(part), threads=part.instance.limits.max_cron_threads)


def update_argv(part: Part, change: ModuleChange) -> list[str]:
    return update_command(
        _odoo(part), install=change.install, update=change.update, test_tags=change.test_tags
    )


def neutralize_argv(part: Part) -> list[str]:
    return neutralize_command(_odoo(part))


def environment(part: Part) -> dict[str, str]:
    """Return all the variables this process gets; none is a secret."""
    return {
        **(_NO_WAY_OUT if part.instance.throwaway else {}),
        "HOME": str(part.folder.data),
        "LANG": "C.UTF-8",
        "PATH": _PATH,
        "PGAPPNAME": application_name(part.instance, part.name),
        "PYTHONPATH": part.release.tree.python_path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        # Odoo counts address space against its memory limits, and glibc reserves 64 MiB of it
        # for each of many arenas.
        "MALLOC_ARENA_MAX": "2",
    }


def updater_environment(part: Part) -> dict[str, str]:
    return {**environment(part), "PGOPTIONS": f"-c lock_timeout={_LOCK_TIMEOUT}"}


def program(part: Part, argv: Sequence[str], *, conf: str, user: OsUser | None) -> Program:
    """Return what the supervisor must run; another image or odoo.conf is another program."""
    versions = {
        "OCORE_IMAGE": part.release.tag,
        "OCORE_CONF": hashlib.sha256(conf.encode()).hexdigest(),
    }
    return Program(
        name=program_name(part.instance, part.name),
        argv=tuple(argv),
        env={**environment(part), **versions},
        directory=part.folder.data,
        user=user,
        log=part.folder.log(part.name),
        stop_seconds=stop_seconds(part.instance),
        start_seconds=5,
    )


def stop_seconds(instance: Instance) -> int:
    """Return how long Odoo may take to end after SIGTERM."""
    if instance.limits.workers == 0:
        return _THREADED_STOP_SECONDS
    return min(instance.limits.limit_time_real, _LONGEST_STOP_SECONDS)


def _odoo(part: Part) -> OdooCommand:
    return OdooCommand(
        python=part.release.python,
        executable=part.release.tree.executable,
        conf=str(part.folder.conf(part.name)),
    )


def _conf(part: Part, host: OdooHost, listening: Listening) -> str:
    instance, release = part.instance, part.release
    return odoo_conf(
        Conf(
            database=instance.database,
            connection=Connection(
                host=part.sockets or host.server.host,
                port=host.server.port,
                user=instance.database,
                password=derive(host.secret, f"database-role:{instance.database}"),
            ),
            listening=listening,
            data_dir=str(part.folder.data),
            addons_paths=(*release.addons_paths, *release.tree.addons_paths),
            limits=instance.limits,
            admin_password=derive(host.secret, f"admin-password:{instance.database}"),
        )
    )
