"""The platform's own programs, as the supervisor is told about them."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ocore.embedded.ports import own_ports
from ocore.embedded.programs import Program
from ocore.embedded.settings import Settings
from ocore.kit.network import NETWORK
from ocore.proxy.configuration import Layout
from ocore.proxy.holding import Patience, holding_command
from ocore.proxy.traefik import traefik_binary, traefik_command

# PostgreSQL first up and last down; the worker last up and first down, before any Odoo: it would
# take one that stops for a deployment that fails.
DATABASE, PROXY, API, WORKER = 10, 100, 200, 999
WORKER_NAME: Final = "worker"
_OURS: Final = ("OCORE_", "UV_")
_NETWORK: Final = NETWORK | {"GIT_SSL_CAINFO", "SSH_AUTH_SOCK"}
"""How a company's machines reach repositories and packages: for those who fetch them."""


def layout_of(settings: Settings) -> Layout:
    """Return where the proxy's files and ports are."""
    home, ports = settings.home, own_ports(settings.home.run)
    return Layout(
        directory=home.proxy,
        log=home.log / "traefik.log",
        address=f"{settings.listen}:{settings.proxy_port}",
        api_port=ports.traefik_api,
        holder_port=ports.holder,
    )


def traefik_program(settings: Settings) -> Program:
    layout = layout_of(settings)
    return Program(
        name="traefik",
        argv=tuple(traefik_command(traefik_binary(), layout.static_file)),
        log=settings.home.log / "traefik.out",
        priority=PROXY,
    )


def holder_program(settings: Settings) -> Program:
    layout = layout_of(settings)
    argv = holding_command(
        Path(sys.executable),
        port=layout.holder_port,
        targets=layout.targets,
        patience=Patience(seconds=settings.hold_seconds),
    )
    return Program(
        name="holder", argv=tuple(argv), log=settings.home.log / "holder.log", priority=PROXY
    )


def api_program(settings: Settings, environment: Mapping[str, str]) -> Program:
    return _own_program("api", "serve", settings, environment, priority=API)


def worker_program(settings: Settings, environment: Mapping[str, str]) -> Program:
    return _own_program(WORKER_NAME, "worker", settings, environment, priority=WORKER)


def _own_program(
    name: str, command: str, settings: Settings, environment: Mapping[str, str], *, priority: int
) -> Program:
    passed_on = {
        key: value for key, value in environment.items() if key.startswith(_OURS) or key in _NETWORK
    }
    return Program(
        name=name,
        argv=(sys.executable, "-m", "ocore", command),
        env={
            **passed_on,
            "OCORE_HOME": str(settings.home.root),
            "HOME": environment.get("HOME", str(settings.home.root)),
            "PATH": environment.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
        },
        log=settings.home.log / f"{name}.log",
        stop_seconds=30,
        priority=priority,
        # Odoo's own user reads what the worker builds; what is secret lies in closed folders.
        umask=0o022,
    )
