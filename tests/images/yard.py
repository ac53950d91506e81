"""A place to build images on a real Docker daemon, with an Odoo that is never started."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ocore.artifacts import Say
from ocore.embedded.signing import signer_of
from ocore.images import BuildOrder
from ocore.images.debian_base import DebianBases
from ocore.images.docker import DockerImages
from ocore.images.foreign_base import ForeignBases
from ocore.images.papers import Papers
from ocore.images.registry import Registry
from ocore.kit.docker import DockerEngine
from ocore.odoo.providers import OdooTree
from ocore.odoo.providers.debian import known_mirror
from tests.odoo.providers.trees import source_checkout
from tests.real_odoo import cache_folder


@dataclass
class Yard:
    """Builds for one project of a name of its own, so that nothing was built before."""

    engine: DockerEngine
    folder: Path
    project: str = field(default_factory=lambda: f"acme/p{secrets.token_hex(4)}")
    said: list[str] = field(default_factory=list)
    environment: Mapping[str, str] = field(default_factory=dict)
    registry: Registry | None = None

    async def provide(self, series: str, *, source: str | None, say: Say) -> OdooTree:
        """Stand for a provider: what counts here is what is built on its tree."""
        say(f"Using Odoo at {source}")
        root = self.folder / "odoo"
        if not root.exists():
            source_checkout(root)
            (root / "odoo" / "__init__.py").touch()
        return OdooTree(
            version=series,
            content_hash="of the smallest odoo",
            executable=str(root / "odoo-bin"),
            python_path=str(root),
            addons_paths=(str(root / "addons"),),
            requirements=(),
        )

    @property
    def images(self) -> DockerImages:
        cache = cache_folder()
        debian = DebianBases(
            engine=self.engine,
            providers={"path": self},
            cache=cache,
            debian=None,
            mirror=known_mirror(),
        )
        foreign = ForeignBases(engine=self.engine, cache=cache, registry=self.registry)
        return DockerImages(
            engine=self.engine,
            debian=debian,
            foreign=foreign,
            cache=cache,
            papers=Papers(self.folder / "papers", signer_of(self.folder / "secrets")),
            environment=self.environment,
            registry=self.registry,
        )

    def order(self, *requirements: str, sha: str = "a" * 40, **files: str) -> BuildOrder:
        checkout = self.folder / sha[:4]
        module = checkout / "oca" / "loans"
        module.mkdir(parents=True, exist_ok=True)
        (module / "__manifest__.py").write_text("{}")
        (module / "code.py").write_text(f"sha = {sha!r}\n")
        for name, text in files.items():
            (checkout / name.replace("__", ".")).write_text(text)
        return BuildOrder(
            repository_tag=self.project,
            commit_sha=sha,
            checkout=str(checkout),
            modules=("oca/loans",),
            odoo_version="19.0",
            provider="path",
            source="/odoo",
            python_dependencies=requirements,
        )

    async def build(self, order: BuildOrder) -> str:
        return (await self.images.build(order, say=self.said.append)).tag

    async def inspect(self, tag: str) -> dict[str, Any]:
        async with self.engine.connected() as docker:
            return await docker.images.inspect(tag)

    async def output(self, tag: str, *argv: str) -> str:
        """Run a program in a container of this image and return what it printed."""
        async with self.engine.connected() as docker:
            container = await docker.containers.run({"Image": tag, "Cmd": list(argv)})
            try:
                await container.wait()
                return "".join(await container.log(stdout=True, stderr=True))
            finally:
                await container.delete(force=True)
