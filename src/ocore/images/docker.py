"""Images of the Docker runtime, built by the Docker Engine or found on it."""

import asyncio
import importlib.metadata
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uv

from ocore.artifacts import Image, Say
from ocore.attestations import Subject, image_subject
from ocore.errors import StepFailed
from ocore.images import BuildOrder
from ocore.images.apt import apt_txt, system_packages
from ocore.images.asking import ask
from ocore.images.bases import Base
from ocore.images.building import build_image, image_id
from ocore.images.contents import QUESTION, answered, modules
from ocore.images.context import Context, new_context
from ocore.images.debian_base import DebianBases
from ocore.images.dockerfile import (
    HEALTH_CHECK,
    MODULES,
    VENV,
    Recipe,
    dockerfile,
    installer_dockerfile,
)
from ocore.images.documents import bill_of_materials, provenance
from ocore.images.foreign_base import DOCKERFILE, ForeignBases
from ocore.images.naming import digest_of, lock_of, tag_of
from ocore.images.papers import Papers
from ocore.images.registry import Registry
from ocore.images.release import Release, labels_of, release_in
from ocore.images.room import DiskFull
from ocore.images.stages import forget_stages
from ocore.kit.docker import DockerEngine, found
from ocore.kit.locks import exclusive
from ocore.kit.threads import to_its_end

_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_PASSED_ON: Final = (
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_HTTP_TIMEOUT",
    "UV_INDEX",
    "UV_INSECURE_HOST",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerImages:
    """Builds on a daemon. `environment` says where Python's packages come from.

    `registry` is the first part of every tag, where there is one.
    """

    engine: DockerEngine
    debian: DebianBases
    foreign: ForeignBases
    cache: Path
    papers: Papers
    environment: Mapping[str, str]
    registry: Registry | None = None

    async def build(self, order: BuildOrder, *, say: Say) -> Image:
        base = await self._base(order, say=say)
        recipe = await self._recipe(order, base, say=say)
        tag = self._tag(tag_of(order, base.name, dockerfile(recipe)))
        async with exclusive(lock_of(self.cache, tag)):
            found_image = await self.find(tag)
            if found_image is not None:
                say(f"{tag} was built before")
                await self._touch(tag)
                if not found_image.papers:
                    # Built elsewhere, or by a worker that died before it wrote them.
                    await self._describe(order, base, tag)
                return self._image(tag, base.name, reused=True)
            await self._build(release_of(order, base, tag), order, recipe, say=say)
            await self._describe(order, base, tag)
        return self._image(tag, base.name, reused=False)

    async def push(self, image: Image, *, say: Say) -> str:
        if self.registry is None:
            raise StepFailed(f"{image.tag} cannot be pushed: no OCORE_REGISTRY is set")
        reference = await self.registry.push(image.tag, say=say)
        if pushed := image_subject(reference):
            await to_its_end(self.papers.add_name, image.tag, pushed)
        return reference

    async def find(self, tag: str) -> Image | None:
        release = await self._release(tag)
        if release is None and self.registry is not None and await self.registry.pull(tag):
            release = await self._release(tag)
        return None if release is None else self._image(tag, release.base, reused=True)

    async def _touch(self, tag: str) -> None:
        """Note that it is wanted: see `images.sweeping`."""
        repository, _, version = tag.rpartition(":")
        async with self.engine.connected() as docker:
            await docker.images.tag(tag, repository, tag=version)

    async def _release(self, tag: str) -> Release | None:
        async with self.engine.connected() as docker:
            image = await found(docker.images.inspect(tag))
        return release_in((image or {}).get("Config", {}).get("Labels") or {})

    async def _describe(self, order: BuildOrder, base: Base, tag: str) -> None:
        async with self.engine.connected() as docker:
            image = await docker.images.inspect(tag)
            told = await ask(docker, image["Id"], QUESTION, python=f"{VENV}/bin/python")
        algorithm, _, digest = image["Id"].partition(":")
        odoo = modules(order, odoo=base.name)
        await to_its_end(
            self.papers.keep,
            Subject(name=tag, digest={algorithm: digest}),
            bill=bill_of_materials(tag, (*answered(told), *odoo)),
            provenance=provenance(order, base=base.reference),
        )

    def _image(self, tag: str, base: str, *, reused: bool) -> Image:
        registry = None if self.registry is None else self.registry.address
        papers = self.papers.of(tag)
        return Image(tag=tag, base=base, reused=reused, registry=registry, papers=papers)

    async def _base(self, order: BuildOrder, *, say: Say) -> Base:
        if await asyncio.to_thread((Path(order.checkout) / DOCKERFILE).is_file):
            return await self.foreign.build(order, say=say)
        if order.provider == "image":
            return await self.foreign.provide(order, say=say)
        return await self.debian.provide(order, say=say)

    async def _recipe(self, order: BuildOrder, base: Base, *, say: Say) -> Recipe:
        packages = system_packages(await asyncio.to_thread(apt_txt, order))
        python = (*base.tree.requirements, *order.python_dependencies)
        return Recipe(
            base=base.reference,
            installer=await self._installer(say=say),
            system_packages=packages,
            keeps_packages=base.keeps_packages,
            packages=digest_of(base.reference, *packages, "", *python)[:16],
        )

    async def _installer(self, *, say: Say) -> str:
        """Return the image that uv is copied from, made once for each version of it."""
        tag = f"ocore/uv:{importlib.metadata.version('uv')}"
        async with exclusive(self.cache / "locks" / "image-uv.lock"):
            if await image_id(self.engine, tag) is None:
                with new_context(self.cache / "docker") as context:
                    context.add_text("Dockerfile", installer_dockerfile())
                    await to_its_end(context.add_file, "uv", Path(uv.find_uv_bin()))
                    await build_image(self.engine, context, tag=tag, say=say)
        return tag

    async def _build(
        self, release: Release, order: BuildOrder, recipe: Recipe, *, say: Say
    ) -> None:
        requirements = (*release.tree.requirements, *order.python_dependencies)
        with new_context(self.cache / "docker") as context:
            context.add_text("Dockerfile", dockerfile(recipe, labels_of(release)))
            context.add_text("health.py", HEALTH_CHECK)
            context.add_text("python/requirements.txt", _lines(sorted(set(requirements))))
            await to_its_end(self._add_settings, context)
            await to_its_end(_add_modules, context, order)
            try:
                await build_image(self.engine, context, tag=release.tag, say=say)
            except DiskFull:
                # What is kept to build faster next time would leave no room for a next time.
                await forget_stages(self.engine, recipe.packages)
                raise

    def _add_settings(self, context: Context) -> None:
        known = {key: self.environment[key] for key in _PASSED_ON if key in self.environment}
        certificates = Path(self.environment.get("SSL_CERT_FILE") or _CERTIFICATES)
        if certificates.exists():
            # Companies have their own authorities; a container knows only the public ones.
            context.add_text("python/authorities.crt", certificates.read_text())
            known["SSL_CERT_FILE"] = "/build/authorities.crt"
        lines = [f"{key}={shlex.quote(text)}" for key, text in sorted(known.items())]
        context.add_text("python/settings", _lines(lines))

    def _tag(self, tag: str) -> str:
        return tag if self.registry is None else f"{self.registry.address}/{tag}"


def release_of(order: BuildOrder, base: Base, tag: str) -> Release:
    """Return the release with the paths it has inside the image."""
    return Release(
        tag=tag,
        base=base.name,
        tree=base.tree,
        python=f"{VENV}/bin/python",
        addons_paths=(MODULES,),
        commit_sha=order.commit_sha,
    )


def _add_modules(context: Context, order: BuildOrder) -> None:
    context.add_folder("modules")
    for module in order.modules:
        context.add_tree(f"modules/{Path(module).name}", Path(order.checkout) / module)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
