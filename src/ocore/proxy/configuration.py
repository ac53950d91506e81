"""What Traefik is told, as values: its static file, and one dynamic file for each instance.

Everything is written as JSON, which is YAML too.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ocore.artifacts import Endpoint
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.proxy.targets import HEADER, Door, Held

Configuration = dict[str, Any]
"""A piece of Traefik's configuration, as its reference writes it."""

LOOPBACK: Final = "127.0.0.1"
_ENTRY_POINT: Final = "web"
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
# No connection to the holder is used twice: each belongs to one request, so none can outlive the
# hold, go to a colour that has stopped, or mix two instances.
_ONE_REQUEST_EACH: Final[Configuration] = {
    "maxIdleConnsPerHost": -1,
    "forwardingTimeouts": {"responseHeaderTimeout": "720s"},
}
_WEBSOCKET_PATHS: Final = (
    "(Path(`/websocket`) || PathPrefix(`/websocket/`) || PathPrefix(`/longpolling/`))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where our Traefik and its holder keep their files, and where they listen.

    `address` is for customers, as Traefik writes it (`:80`, `127.0.0.1:8069`); the two ports are
    on the loopback only. `trusted_proxies` are addresses (CIDR) whose X-Forwarded-* headers are
    believed: those of a proxy that stands in front of ours.
    """

    directory: Path
    log: Path
    address: str
    api_port: int
    holder_port: int
    trusted_proxies: tuple[str, ...] = ()

    @property
    def static_file(self) -> Path:
        return self.directory / "traefik.yml"

    @property
    def dynamic(self) -> Path:
        """The folder Traefik watches: `<database>.yml` for each instance."""
        return self.directory / "dynamic"

    @property
    def targets(self) -> Path:
        """The folder the holder reads: `<database>.json` for each instance that is not held."""
        return self.directory / "targets"

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.api_port}"

    def dynamic_file(self, database: str) -> Path:
        return self.dynamic / f"{database}.yml"


def text_of(configuration: Configuration) -> str:
    return json.dumps(configuration, indent=2) + "\n"


def static_configuration(layout: Layout) -> Configuration:
    """Return what Traefik reads once, at its start."""
    return {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"filePath": str(layout.log), "level": "INFO", "maxSize": 10, "maxBackups": 3},
        "entryPoints": {
            _ENTRY_POINT: _customers_door(layout),
            # Traefik's own name for the entry point of its API and its ping.
            "traefik": {"address": f"{LOOPBACK}:{layout.api_port}"},
        },
        "api": {"insecure": True, "dashboard": False},
        "ping": {"entryPoint": "traefik"},
        # The default throttle is 2 s: a second change within it would be seen that much later.
        "providers": {
            "providersThrottleDuration": "50ms",
            "file": {"directory": str(layout.dynamic), "watch": True},
        },
        # Odoo's own advice for nginx (proxy_read_timeout): a report may take twelve minutes.
        "serversTransport": {"forwardingTimeouts": {"responseHeaderTimeout": "720s"}},
    }


def _customers_door(layout: Layout) -> Configuration:
    return {
        "address": layout.address,
        # For the whole request with its body. Traefik's default of 60 s cuts long uploads off.
        "transport": {"respondingTimeouts": {"readTimeout": "3600s"}},
        "forwardedHeaders": {"trustedIPs": list(layout.trusted_proxies)},
        # To WSGI, X_Forwarded_For is X-Forwarded-For: a client could say where it comes from.
        "http": {"aliasHeadersStrategy": "delete"},
    }


def routed(instance: Instance, endpoint: Endpoint, holder_port: int) -> Configuration:
    """Return the dynamic configuration of an instance that this endpoint serves.

    Its websockets go by the holder for good: they all come back at once after each switch.
    """
    http, websocket = _names(instance)
    return {
        "http": {
            "routers": {
                http: _router(_host_rule(instance), http),
                websocket: _router(
                    _websocket_rule(instance), websocket, middlewares=[f"{websocket}@file"]
                ),
            },
            "middlewares": {websocket: _announce(Held(instance.database, Door.WEBSOCKET))},
            "services": {
                http: _service(endpoint.host, endpoint.http_port),
                websocket: _holder(holder_port, transport=websocket),
            },
            "serversTransports": {websocket: _ONE_REQUEST_EACH},
        }
    }


def moved(configuration: Configuration, host: str) -> Configuration:
    """Return what `routed` made, with the same ports on another host."""
    services = configuration["http"]["services"]
    elsewhere = {name: _service(host, _port_in(service)) for name, service in services.items()}
    return {"http": {**configuration["http"], "services": elsewhere}}


def _port_in(service: Configuration) -> int:
    url: str = service["loadBalancer"]["servers"][0]["url"]
    return int(url.rpartition(":")[2])


def held(instance: Instance, holder_port: int) -> Configuration:
    """Return the dynamic configuration of an instance whose requests wait at the holder."""
    http, websocket = _names(instance)
    return {
        "http": {
            "routers": {
                http: _router(_host_rule(instance), http, middlewares=[f"{http}@file"]),
                websocket: _router(
                    _websocket_rule(instance), http, middlewares=[f"{websocket}@file"]
                ),
            },
            "middlewares": {
                http: _announce(Held(instance.database, Door.HTTP)),
                websocket: _announce(Held(instance.database, Door.WEBSOCKET)),
            },
            "services": {http: _holder(holder_port, transport=http)},
            "serversTransports": {http: _ONE_REQUEST_EACH},
        }
    }


def _names(instance: Instance) -> tuple[str, str]:
    """Return the names of both routers. A database name has no hyphen, so they never collide."""
    return instance.database, f"{instance.database}-websocket"


def _router(rule: str, service: str, *, middlewares: list[str] | None = None) -> Configuration:
    router: Configuration = {"entryPoints": [_ENTRY_POINT], "rule": rule, "service": service}
    return router | ({"middlewares": middlewares} if middlewares else {})


def _service(host: str, port: int) -> Configuration:
    return {"loadBalancer": {"passHostHeader": True, "servers": [{"url": f"http://{host}:{port}"}]}}


def _holder(port: int, *, transport: str) -> Configuration:
    service = _service(LOOPBACK, port)
    service["loadBalancer"]["serversTransport"] = f"{transport}@file"
    return service


def _announce(waiting: Held) -> Configuration:
    return {"headers": {"customRequestHeaders": {HEADER: str(waiting)}}}


def _host_rule(instance: Instance) -> str:
    """Return the rule for the instance's host name, with any port and in any case.

    Traefik expands {{...}} in its files and stops reading all of them when that fails, so a host
    name that is none must never get there.
    """
    host = instance.host.lower()
    if not _HOST.fullmatch(host):
        raise StepFailed(
            f"{instance.name} cannot be routed: {instance.host!r} is not a host name; "
            "use letters, digits, dots and hyphens, and no port"
        )
    return f"Host(`{host}`)"


def _websocket_rule(instance: Instance) -> str:
    # Traefik asks the longer rule first.
    return f"{_host_rule(instance)} && {_WEBSOCKET_PATHS}"
