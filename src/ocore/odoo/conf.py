"""odoo.conf: what every process of one colour of an instance reads."""

import configparser
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class ServerLimits(Protocol):
    """What one instance may use, in Odoo's own words; memory in bytes, time in seconds."""

    @property
    def workers(self) -> int: ...
    @property
    def limit_memory_soft(self) -> int: ...
    @property
    def limit_memory_hard(self) -> int: ...
    @property
    def limit_time_cpu(self) -> int: ...
    @property
    def limit_time_real(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How Odoo reaches its database. `user` must not be `postgres`: Odoo refuses to run as it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    most_connections: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where one colour listens."""

    host: str
    http_port: int
    websocket_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conf:
    """All that makes one odoo.conf. `admin_password` guards the database manager, which is off."""

    database: str
    connection: Connection
    listening: Listening
    data_dir: str
    addons_paths: tuple[str, ...]
    limits: ServerLimits
    admin_password: str = field(repr=False)


def odoo_conf(conf: Conf) -> str:
    """Return the text of the file. It holds passwords: mode 0600, please.

    Nothing is logged to a file, so all goes to standard error. Scheduled actions are off here;
    the one process that runs them says so on its command line.
    """
    parser = configparser.RawConfigParser()
    parser["options"] = {
        **_data(conf),
        **_web(conf),
        **_limits(conf.limits),
        "admin_passwd": conf.admin_password,
        # Odoo 19 turns this into with_demo; earlier series know only this name.
        "without_demo": "True",
        "max_cron_threads": "0",
    }
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _data(conf: Conf) -> Mapping[str, str]:
    connection = conf.connection
    return {
        "addons_path": ",".join(conf.addons_paths),
        "data_dir": conf.data_dir,
        "db_host": connection.host,
        "db_port": str(connection.port),
        "db_user": connection.user,
        "db_password": connection.password,
        "db_maxconn": str(connection.most_connections),
        "db_name": conf.database,
        # Without both, a visitor could choose among the databases of the server.
        "dbfilter": f"^{re.escape(conf.database)}$",
        "list_db": "False",
    }


def _web(conf: Conf) -> Mapping[str, str]:
    return {
        "http_interface": conf.listening.host,
        "http_port": str(conf.listening.http_port),
        "gevent_port": str(conf.listening.websocket_port),
        "proxy_mode": "True",
    }


def _limits(limits: ServerLimits) -> Mapping[str, str]:
    return {
        "workers": str(limits.workers),
        "limit_memory_soft": str(limits.limit_memory_soft),
        "limit_memory_hard": str(limits.limit_memory_hard),
        "limit_time_cpu": str(limits.limit_time_cpu),
        "limit_time_real": str(limits.limit_time_real),
    }
