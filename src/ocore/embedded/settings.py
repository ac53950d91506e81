"""What the environment says about this platform."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final

from ocore.embedded.home import Home
from ocore.errors import Malformed

PROCESS, DOCKER, SWARM = RUNTIMES = ("process", "docker", "swarm")
_S3_ADDRESS: Final = re.compile(r"s3://([^/?#]+)(/?[^?#]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsiteSettings:
    """The S3-compatible store of copies. Without an endpoint it is AWS."""

    bucket: str
    prefix: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    endpoint: str | None
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All there is to set, each with a default that works on one machine.

    `database_url` None means the embedded PostgreSQL, for the platform's own records;
    `odoo_database_url` likewise for the databases of the instances (its user must be allowed to
    create roles and databases). Ports are TCP; the API and the proxy listen on `listen`.
    `swarm_nodes` are placement constraints of Swarm (None: the node of its manager only).
    `docker_debian` is an image of Debian for Odoo to stand on (None: one is made).
    """

    home: Home
    listen: str = "127.0.0.1"
    api_port: int = 8470
    proxy_port: int = 8480
    database_url: str | None = field(default=None, repr=False)
    odoo_database_url: str | None = field(default=None, repr=False)
    postgres_binaries: str | None = None
    debian_mirror: str | None = None
    runtime: str = PROCESS
    docker_host: str = "unix:///var/run/docker.sock"
    docker_debian: str | None = None
    registry: str | None = None
    registry_username: str | None = None
    registry_password: str | None = field(default=None, repr=False)
    swarm_nodes: tuple[str, ...] | None = None
    owner_email: str = "owner@example.com"
    owner_password: str | None = field(default=None, repr=False)
    lease_seconds: float = 15.0
    health_seconds: float = 120.0
    hold_seconds: float = 30.0
    cron_seconds: float = 60.0
    aside_hours: float = 48.0
    waiver_hours: float = 24.0
    offsite: OffsiteSettings | None = None

    @property
    def api_url(self) -> str:
        return f"http://{self.listen}:{self.api_port}/api"


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the OCORE_* variables; Malformed names the one that makes no sense."""
    root = environment.get("OCORE_HOME") or str(_default_home())
    defaults = Settings(home=Home(Path(root).expanduser().absolute()))

    def text(name: str) -> str | None:
        return environment.get(name) or None

    return Settings(
        home=defaults.home,
        listen=environment.get("OCORE_LISTEN") or defaults.listen,
        api_port=_port(environment, "OCORE_API_PORT", defaults.api_port),
        proxy_port=_port(environment, "OCORE_PROXY_PORT", defaults.proxy_port),
        database_url=text("OCORE_DATABASE_URL"),
        odoo_database_url=text("OCORE_ODOO_DATABASE_URL"),
        postgres_binaries=text("OCORE_POSTGRES_BINARIES"),
        debian_mirror=text("OCORE_DEBIAN_MIRROR"),
        runtime=_runtime(environment),
        docker_host=environment.get("OCORE_DOCKER_HOST") or defaults.docker_host,
        docker_debian=text("OCORE_DOCKER_DEBIAN"),
        registry=text("OCORE_REGISTRY"),
        registry_username=text("OCORE_REGISTRY_USERNAME"),
        registry_password=text("OCORE_REGISTRY_PASSWORD"),
        swarm_nodes=_swarm_nodes(environment),
        owner_email=environment.get("OCORE_OWNER_EMAIL") or defaults.owner_email,
        owner_password=text("OCORE_OWNER_PASSWORD"),
        lease_seconds=_seconds(environment, "OCORE_LEASE_SECONDS", defaults.lease_seconds),
        health_seconds=_seconds(environment, "OCORE_HEALTH_SECONDS", defaults.health_seconds),
        hold_seconds=_seconds(environment, "OCORE_HOLD_SECONDS", defaults.hold_seconds),
        cron_seconds=_seconds(environment, "OCORE_CRON_SECONDS", defaults.cron_seconds),
        aside_hours=_above_zero(environment, "OCORE_ASIDE_HOURS", defaults.aside_hours, "hours"),
        waiver_hours=_above_zero(environment, "OCORE_WAIVER_HOURS", defaults.waiver_hours, "hours"),
        offsite=offsite_from(environment, environment.get("OCORE_OFFSITE")),
    )


def offsite_from(environment: Mapping[str, str], url: str | None) -> OffsiteSettings | None:
    """Return how to reach the store at `s3://bucket/prefix`; Malformed names what lacks."""
    if not url:
        return None
    parts = _S3_ADDRESS.fullmatch(url)
    if parts is None:
        raise Malformed(
            f"{url} is not of the form s3://bucket/prefix",
            code="bad_setting",
            field="OCORE_OFFSITE",
        )

    def needed(name: str) -> str:
        value = environment.get(name)
        if not value:
            raise Malformed(f"{url} needs {name}", code="bad_setting", field=name)
        return value

    return OffsiteSettings(
        bucket=parts[1],
        prefix=parts[2].strip("/"),
        access_key_id=needed("OCORE_OFFSITE_ACCESS_KEY_ID"),
        secret_access_key=needed("OCORE_OFFSITE_SECRET_ACCESS_KEY"),
        endpoint=environment.get("OCORE_OFFSITE_ENDPOINT") or None,
        region=environment.get("OCORE_OFFSITE_REGION") or "us-east-1",
    )


def _default_home() -> Path:
    # Odoo does not run as root, and nobody else may enter root's own home.
    if os.geteuid() == 0:
        return Path("/var/lib/ocore")
    return Path.home() / ".local" / "share" / "ocore"


def _runtime(environment: Mapping[str, str]) -> str:
    name = environment.get("OCORE_RUNTIME") or PROCESS
    if name not in RUNTIMES:
        raise Malformed(
            f"OCORE_RUNTIME must be one of {', '.join(RUNTIMES)}",
            code="bad_setting",
            field="OCORE_RUNTIME",
        )
    return name


def _swarm_nodes(environment: Mapping[str, str]) -> tuple[str, ...] | None:
    text = environment.get("OCORE_SWARM_NODES")
    if not text:
        return None
    for name in ("OCORE_REGISTRY", "OCORE_ODOO_DATABASE_URL"):
        if not environment.get(name):
            raise Malformed(
                f"OCORE_SWARM_NODES needs {name}: nodes reach nothing that is on this machine only",
                code="bad_setting",
                field=name,
            )
    return tuple(constraint.strip() for constraint in text.split(","))


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name)
    if not value:
        return default
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise Malformed(f"{name} must be a port from 1 to 65535", code="bad_setting", field=name)
    return int(value)


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    return _above_zero(environment, name, default, "seconds")


def _above_zero(environment: Mapping[str, str], name: str, default: float, unit: str) -> float:
    value = environment.get(name)
    if not value:
        return default
    try:
        amount = float(value)
    except ValueError:
        amount = 0.0
    if not 0 < amount < inf:
        raise Malformed(f"{name} must be {unit} above 0", code="bad_setting", field=name)
    return amount
