"""Builds the tools of a worker from the settings."""

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ocore.artifacts import Say
from ocore.assets import Assets
from ocore.assets.bridge import AssetBridge
from ocore.databases import Databases
from ocore.databases.postgres import PostgresDatabases
from ocore.deployments.toolbox import Lookout
from ocore.embedded.settings import Settings
from ocore.embedded.users import PlatformUsers, closed_folder
from ocore.errors import StepFailed
from ocore.gates import Gates, lint
from ocore.gates.processes import GateProcesses
from ocore.images import Images
from ocore.images.venvs import Venvs
from ocore.kit import clock
from ocore.kit.network import network_in
from ocore.odoo.providers import OdooTree, Provider
from ocore.odoo.providers.debian import DebianProvider
from ocore.odoo.providers.git import GitProvider
from ocore.odoo.providers.path import PathProvider
from ocore.proxy import Proxy
from ocore.proxy.traefik import TraefikProxy
from ocore.rehearsals import Rehearsals
from ocore.rehearsals.postgres import PostgresRehearsals
from ocore.runtime import Crons, Runtime, Watch
from ocore.runtime.crons import OdooCrons
from ocore.runtime.odoo_process import OdooHost
from ocore.runtime.odoo_runtime import OdooRuntime
from ocore.runtime.ports import Ports
from ocore.snapshots import Shelf, Snapshots
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.shelf import PostgresShelf
from ocore.source import Source
from ocore.source.git import GitSource
from ocore.wiring.connections import odoo_server, platform_secret
from ocore.wiring.parts import layout_of
from ocore.wiring.runtimes import Equipment, equipment_of, listening_of
from ocore.worker.fence import fenced

_SYSTEM_PYTHONS: Final = ("python3.13", "python3.12", "python3.11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """Who plays each part in this process."""

    source: Source
    gates: Gates
    images: Images
    databases: Databases
    snapshots: Snapshots
    rehearsals: Rehearsals
    shelf: Shelf
    runtime: Runtime
    crons: Crons
    watch: Watch
    assets: Assets
    proxy: Proxy

    def behind(self, confirm: Callable[[], Awaitable[object]]) -> "Adapters":
        """Return the same parts, those that touch an instance asking `confirm` before each call."""
        return Adapters(
            source=self.source,
            gates=self.gates,
            images=self.images,
            watch=self.watch,
            shelf=self.shelf,
            databases=fenced(self.databases, confirm),
            snapshots=fenced(self.snapshots, confirm),
            rehearsals=fenced(self.rehearsals, confirm),
            runtime=fenced(self.runtime, confirm),
            crons=fenced(self.crons, confirm),
            assets=fenced(self.assets, confirm),
            proxy=fenced(self.proxy, confirm),
        )


def adapters_of(
    settings: Settings, users: PlatformUsers, environment: Mapping[str, str]
) -> Adapters:
    home = settings.home
    server, secret = odoo_server(settings, users), platform_secret(settings)
    listen = listening_of(settings)
    host = OdooHost(home=home, server=server, user=users.odoo, secret=secret, listen=listen)
    venvs, providers = venvs_of(settings, users, environment), providers_of(settings)
    equipment = Equipment(
        settings=settings, host=host, providers=providers, environment=_passed_on(environment)
    )
    images, parts, watch = equipment_of(equipment, venvs)
    return Adapters(
        source=source_of(settings),
        gates=gates_of(settings, users, providers, venvs),
        images=images,
        databases=PostgresDatabases(server, home, users.odoo, secret),
        snapshots=PostgresSnapshots(server, home, users.odoo),
        rehearsals=PostgresRehearsals(server, home, users.odoo, secret),
        shelf=PostgresShelf(server, home),
        runtime=OdooRuntime(parts, host, Ports(home.instances)),
        crons=OdooCrons(parts, host, patience=settings.cron_seconds),
        watch=watch,
        assets=AssetBridge(server),
        proxy=TraefikProxy(layout_of(settings)),
    )


def lookout_of(settings: Settings, users: PlatformUsers, environment: Mapping[str, str]) -> Lookout:
    """Return what finds out what a deployment would do; nobody reads what it has to say."""
    server, secret = odoo_server(settings, users), platform_secret(settings)
    venvs, providers = venvs_of(settings, users, environment), providers_of(settings)
    shelf = PostgresShelf(server, settings.home)
    return Lookout(
        source=source_of(settings),
        databases=PostgresDatabases(server, settings.home, users.odoo, secret),
        gates=gates_of(settings, users, providers, venvs),
        room=shelf.room,
        lost_files=shelf.lost,
        say=_unheard,
        now=clock.now,
    )


def venvs_of(settings: Settings, users: PlatformUsers, environment: Mapping[str, str]) -> Venvs:
    return Venvs(
        cache=settings.home.cache,
        python=python_for(users),
        user=users.odoo,
        environment=_passed_on(environment),
    )


def providers_of(settings: Settings) -> dict[str, Provider]:
    cache = settings.home.cache
    return {
        "debian": DebianProvider(cache, mirror=settings.debian_mirror),
        "git": GitProvider(cache),
        "path": PathProvider(),
    }


def gates_of(
    settings: Settings, users: PlatformUsers, providers: Mapping[str, Provider], venvs: Venvs
) -> Gates:
    async def odoo(series: str, provider: str, source: str | None, say: Say) -> OdooTree:
        return await providers[provider].provide(series, source=source, say=say)

    async def linter(say: Say) -> Path:
        return await venvs.make([lint.REQUIREMENT], say=say)

    return GateProcesses(
        cache=settings.home.gates,
        odoo=odoo,
        linter=linter,
        now=clock.now,
        user=users.odoo,
        jobs=os.cpu_count() or 1,
    )


def source_of(settings: Settings) -> Source:
    return GitSource(settings.home.mirrors, settings.home.checkouts)


def python_for(users: PlatformUsers) -> Path:
    """Return the interpreter for Odoo: our own, unless its user could not reach it."""
    own = Path(os.path.realpath(sys.executable))
    if users.odoo is None or closed_folder(own) is None:
        return own
    for name in _SYSTEM_PYTHONS:
        found = Path("/usr/bin") / name
        if found.exists():
            return found
    raise StepFailed(
        f"the user {users.odoo.name} cannot reach {own}: install Python 3.11 or newer in /usr/bin"
    )


def _unheard(_line: str) -> None:
    return None


def _passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    indexes = {key: value for key, value in environment.items() if key.startswith("UV_")}
    return network_in(environment) | indexes
