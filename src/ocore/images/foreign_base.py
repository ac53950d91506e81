"""Odoo in an image of somebody else: the instance's own choice, or the repository's Dockerfile."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from aiodocker import DockerError

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.images import BuildOrder
from ocore.images.asking import ask
from ocore.images.bases import Base
from ocore.images.building import build_own, image_id
from ocore.images.context import new_context
from ocore.images.naming import base_of, digest_of
from ocore.images.registry import Registry
from ocore.kit.docker import DockerEngine
from ocore.odoo.providers import OdooTree

DOCKERFILE: Final = "Dockerfile"
_FROM: Final = re.compile(r"(?mi)^\s*FROM\s+(?:--\S+\s+)*(\S+)")
_QUESTION: Final = """
import configparser, json, os, shutil
import odoo.release
packages = os.path.dirname(os.path.dirname(odoo.release.__file__))
conf = configparser.RawConfigParser()
conf.read(os.environ.get("ODOO_RC", "/etc/odoo/odoo.conf"))
own = conf.get("options", "addons_path", fallback="").split(",")
folders = [*own, packages + "/odoo/addons", packages + "/addons"]
print(json.dumps({
    "series": ".".join(str(part) for part in odoo.release.version_info[:2]),
    "executable": shutil.which("odoo") or shutil.which("odoo-bin") or packages + "/odoo-bin",
    "python_path": packages,
    "addons_paths": [path.strip() for path in folders if os.path.isdir(path.strip())],
}))
"""


class _Answer(msgspec.Struct, frozen=True):
    series: str
    executable: str
    python_path: str
    addons_paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignBases:
    """Images that others made. What is in them is asked of their own Python, in a container.

    Such a container has no network and no right of ours; that of a build has a network. What is in
    the platform's own `registry` is had with its password.
    """

    engine: DockerEngine
    cache: Path
    registry: Registry | None = None

    async def provide(self, order: BuildOrder, *, say: Say) -> Base:
        if order.source is None:
            raise StepFailed("the provider image needs a source, such as odoo:19.0")
        await self._pull(order.source, say=say)
        return await self._base(order.source, order.odoo_version)

    async def build(self, order: BuildOrder, *, say: Say) -> Base:
        """Build the Dockerfile of the repository, and return what it made as a base."""
        inputs = digest_of(order.repository_tag, order.commit_sha)
        tag = f"ocore/own:{inputs[:24]}"
        if await image_id(self.engine, tag) is None:
            say("Building the repository's own Dockerfile")
            await self._pull_bases(Path(order.checkout) / DOCKERFILE, say=say)
            with new_context(self.cache / "docker") as context:
                context.add_tree(".", Path(order.checkout))
                await build_own(self.engine, context, tag=tag, say=say)
        return await self._base(tag, order.odoo_version)

    async def _pull_bases(self, dockerfile: Path, *, say: Say) -> None:
        """Bring what it begins with from our registry: a build is not told the password."""
        text = await asyncio.to_thread(dockerfile.read_text, errors="replace")
        for reference in _FROM.findall(text):
            if self.registry is not None and self.registry.login_for(reference):
                await self._pull(reference, say=say)

    async def _pull(self, reference: str, *, say: Say) -> None:
        """Ask the registry for what the name stands for now; without one, what is here will do."""
        async with self.engine.connected() as docker:
            try:
                login = None if self.registry is None else self.registry.login_for(reference)
                await docker.images.pull(reference, auth=login)
            except DockerError as failure:
                if await image_id(self.engine, reference) is None:
                    raise StepFailed(
                        f"the image {reference} is not here and cannot be had: {failure.message}"
                    ) from failure
                say(f"No registry has {reference} ({failure.message}); using the one that is here")

    async def _base(self, reference: str, series: str) -> Base:
        async with self.engine.connected() as docker:
            image = await docker.images.inspect(reference)
            try:
                told = await ask(docker, image["Id"], _QUESTION)
            except StepFailed as failure:
                raise StepFailed(f"no Odoo in {reference}: {failure}") from failure
        answer = msgspec.json.decode(told.splitlines()[-1], type=_Answer)
        if answer.series != series:
            raise StepFailed(f"{reference} holds Odoo {answer.series}, not {series}")
        tree = OdooTree(
            version=series,
            content_hash=image["Id"],
            executable=answer.executable,
            python_path=answer.python_path,
            addons_paths=answer.addons_paths,
            requirements=(),
        )
        exact = next(iter(image["RepoDigests"]), image["Id"])
        name = base_of(tree, "its own")
        return Base(reference=exact, name=name, tree=tree, keeps_packages=True)
