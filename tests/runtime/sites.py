"""A home with Odoo as its image, and who runs it there: one class for each runtime."""

import asyncio
import hashlib
import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ocore.artifacts import Image
from ocore.embedded.home import Home
from ocore.embedded.signing import signer_of
from ocore.embedded.supervisor import Supervisor, supervisord_command
from ocore.environments import Instance
from ocore.images import BuildOrder
from ocore.images.debian_base import DebianBases
from ocore.images.docker import DockerImages
from ocore.images.foreign_base import ForeignBases
from ocore.images.papers import Papers
from ocore.images.release import FILE, Release, release_folder
from ocore.kit.docker import DockerEngine, found, unless_gone
from ocore.kit.processes import process_key
from ocore.odoo.providers.debian import DebianProvider, known_mirror
from ocore.runtime import Watch
from ocore.runtime.container import DATABASE, HOME, PART
from ocore.runtime.crons import OdooCrons
from ocore.runtime.docker_watch import DockerWatch
from ocore.runtime.odoo_containers import OdooContainers
from ocore.runtime.odoo_process import OdooHost
from ocore.runtime.odoo_programs import OdooPrograms
from ocore.runtime.odoo_runtime import OdooRuntime
from ocore.runtime.odoo_services import OdooServices
from ocore.runtime.parts import Parts
from ocore.runtime.ports import Ports
from ocore.runtime.service import Nodes
from ocore.runtime.swarm_watch import SwarmWatch
from ocore.runtime.watch import HttpWatch
from tests.real_odoo import RealOdoo, cache_folder


@dataclass(frozen=True)
class Site(ABC):
    """What both have. Each `runtime` is a new one, as after a restart of the worker."""

    home: Home
    host: OdooHost

    @property
    @abstractmethod
    def parts(self) -> Parts: ...

    @property
    @abstractmethod
    def watch(self) -> Watch: ...

    @abstractmethod
    async def image_of(self, name: str, *addons: Path) -> Image:
        """Return an image that adds these folders of modules to Odoo."""

    @abstractmethod
    async def running(self, instance: Instance) -> dict[str, int]:
        """Return the parts that run, each with the id of its first process."""

    @property
    def runtime(self) -> OdooRuntime:
        return OdooRuntime(self.parts, self.host, Ports(self.home.instances))

    @property
    def crons(self) -> OdooCrons:
        return OdooCrons(self.parts, self.host, patience=5)

    async def pid(self, instance: Instance, part: str) -> int:
        """Return the process of a part, once it has one."""
        async with asyncio.timeout(30):
            while part not in (found := await self.running(instance)):  # noqa: ASYNC110 - of others
                await asyncio.sleep(0.1)
        return found[part]


@dataclass(frozen=True)
class ProcessSite(Site):
    """Processes under a supervisor."""

    supervisor: Supervisor
    odoo: RealOdoo

    @property
    def parts(self) -> OdooPrograms:
        return OdooPrograms(self.supervisor, self.host)

    @property
    def watch(self) -> Watch:
        return HttpWatch(self.home)

    async def launch(self) -> subprocess.Popen[bytes]:
        await self.supervisor.prepare()
        process = subprocess.Popen(supervisord_command(self.home.run))
        while not await self.supervisor.reachable():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
        return process

    async def image_of(self, name: str, *addons: Path) -> Image:
        image = Image(tag=f"acme/shop:{name}", base="base", reused=False)
        release = Release(
            tag=image.tag,
            base=image.base,
            tree=self.odoo.tree,
            python=str(self.odoo.python),
            addons_paths=tuple(str(path) for path in addons),
            commit_sha="0" * 40,
        )
        folder = release_folder(self.home.releases, image.tag)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_bytes(msgspec.json.encode(release))
        return image

    async def running(self, instance: Instance) -> dict[str, int]:
        found: dict[str, int] = {}
        for pid, argv in sorted(processes_of(instance).items(), reverse=True):
            conf = next(word for word in argv if f"{instance.database}/conf/" in word)
            found[Path(conf).stem] = pid
        return found


@dataclass(frozen=True)
class DockerSite(Site):
    """Containers of a daemon."""

    engine: DockerEngine

    @property
    def parts(self) -> Parts:
        return OdooContainers(self.engine, self.host)

    @property
    def watch(self) -> Watch:
        return DockerWatch(self.engine, HttpWatch(self.home))

    async def image_of(self, name: str, *addons: Path) -> Image:
        checkout = self.home.checkouts / name
        checkout.mkdir(parents=True, exist_ok=True)
        for folder in addons:
            shutil.copytree(folder, checkout, dirs_exist_ok=True)
        modules = tuple(sorted(path.name for folder in addons for path in folder.iterdir()))
        order = BuildOrder(
            repository_tag="acme/shop",
            commit_sha=hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(),
            checkout=str(checkout),
            modules=modules,
            odoo_version="19.0",
            provider="debian",
            source=None,
            python_dependencies=(),
        )
        return await docker_images(self.engine, cache_folder()).build(order, say=print)

    async def running(self, instance: Instance) -> dict[str, int]:
        found = await self.containers(instance)
        return {
            each["Config"]["Labels"][PART]: each["State"]["Pid"]
            for each in found
            if each["State"]["Running"]
        }

    async def containers(self, instance: Instance) -> list[dict[str, Any]]:
        """Return all that Docker says of the containers of an instance."""
        return await self._labelled(f"{DATABASE}={instance.database}")

    async def clear(self) -> None:
        async with self.engine.connected() as docker:
            for each in await self._labelled(f"{HOME}={self.home.root}"):
                await unless_gone(docker.containers.container(each["Id"]).delete(force=True))

    async def _labelled(self, label: str) -> list[dict[str, Any]]:
        async with self.engine.connected() as docker:
            listed = await docker.containers.list(all=1, filters=f'{{"label": ["{label}"]}}')
            shown = [await found(container.show()) for container in listed]
        return [each for each in shown if each is not None]


@dataclass(frozen=True)
class SwarmSite(DockerSite):
    """Services of a swarm, whose containers are all on one daemon."""

    @property
    def parts(self) -> Parts:
        return OdooServices(self.engine, self.host, Nodes(pushed=self.home.pushed))

    @property
    def watch(self) -> Watch:
        return SwarmWatch(self.engine, HttpWatch(self.home))

    async def clear(self) -> None:
        own = {"label": [f"{HOME}={self.home.root}"]}
        async with self.engine.connected() as docker:
            for service in await docker.services.list(filters=own):
                await docker.services.delete(service["ID"])
            for secret in await docker.secrets.list(filters=own):
                await docker.secrets.delete(secret["ID"])
        # At once: Swarm would take its time.
        await super().clear()


def docker_images(engine: DockerEngine, cache: Path) -> DockerImages:
    debian = DebianBases(
        engine=engine,
        providers={"debian": DebianProvider(cache, mirror=None)},
        cache=cache,
        debian=None,
        mirror=known_mirror(),
    )
    return DockerImages(
        engine=engine,
        debian=debian,
        foreign=ForeignBases(engine=engine, cache=cache),
        cache=cache,
        papers=Papers(cache / "papers", signer_of(cache / "secrets")),
        environment=dict(os.environ),
    )


def processes_of(instance: Instance) -> dict[int, list[str]]:
    """The command line of every process that runs with an odoo.conf of this instance."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            argv = (folder / "cmdline").read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any(f"{instance.database}/conf/" in word for word in argv):
            found[int(folder.name)] = argv
    return {pid: argv for pid, argv in found.items() if process_key(pid)}
