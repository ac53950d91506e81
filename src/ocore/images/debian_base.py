"""Odoo on Debian: the files of a provider on a small root file system, made where there is none."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.images import BuildOrder
from ocore.images.bases import Base
from ocore.images.building import build_image, image_id
from ocore.images.context import Context, new_context
from ocore.images.dockerfile import ODOO, debian_dockerfile
from ocore.images.naming import base_of
from ocore.images.room import room_in
from ocore.kit import shell
from ocore.kit.docker import DockerEngine
from ocore.kit.locks import exclusive
from ocore.kit.threads import to_its_end
from ocore.odoo.providers import OdooTree, Provider

SUITE: Final = "bookworm"
ARCHIVE: Final = "http://deb.debian.org/debian"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianBases:
    """Images `ocore/odoo:<series>-<hash>`, one for each Odoo on disk.

    `debian` is the image of Debian to start from; None makes one with debootstrap, once, so that
    no registry is needed. `mirror` is the archive that it comes from.
    """

    engine: DockerEngine
    providers: Mapping[str, Provider]
    cache: Path
    debian: str | None
    mirror: str | None

    async def provide(self, order: BuildOrder, *, say: Say) -> Base:
        provider = self.providers.get(order.provider)
        if provider is None:
            known = ", ".join((*self.providers, "image"))
            raise StepFailed(f"no provider {order.provider!r} of Odoo here: one of {known}")
        tree = await provider.provide(order.odoo_version, source=order.source, say=say)
        text = debian_dockerfile(self.debian)
        name = base_of(tree, hashlib.sha256(text.encode()).hexdigest())
        reference = f"ocore/odoo:{name}"
        async with exclusive(self.cache / "locks" / f"image-{name}.lock"):
            if await image_id(self.engine, reference) is None:
                say(f"Building {reference}, once for all projects on this Odoo")
                await self._build(reference, text, tree, say=say)
        return Base(reference=reference, name=name, tree=inside(tree), keeps_packages=False)

    async def _build(self, reference: str, text: str, tree: OdooTree, *, say: Say) -> None:
        scratch = self.cache / "docker"
        with new_context(scratch) as odoo_tar, new_context(scratch) as context:
            context.add_text("Dockerfile", text)
            if self.debian is None:
                debian = await self._root_file_system(say=say)
                await to_its_end(context.add_file, "debian.tar", debian)
            await to_its_end(odoo_tar.add_root, root_of(tree))
            await to_its_end(context.add_context, "odoo.tar", odoo_tar)
            await build_image(self.engine, context, tag=reference, say=say)

    async def _root_file_system(self, *, say: Say) -> Path:
        target = self.cache / "docker" / f"debian-{SUITE}.tar"
        async with exclusive(self.cache / "locks" / "debootstrap.lock"):
            if not target.exists():
                say(f"Making a root file system of Debian {SUITE}, once")
                await self._debootstrap(target)
        return target

    async def _debootstrap(self, target: Path) -> None:
        if os.geteuid() != 0:
            raise StepFailed(
                "only root can make a root file system of Debian: set OCORE_DOCKER_DEBIAN to an"
                f" image of it, such as debian:{SUITE}-slim, or give the instance an image of Odoo"
            )
        folder = target.with_name(f".{target.name}.{os.getpid()}")
        await to_its_end(shutil.rmtree, folder, ignore_errors=True)
        try:
            await shell.run(debootstrap_command(folder, self.mirror or ARCHIVE), seconds=1800)
            await to_its_end(_pack, folder, target)
        except shell.CommandFailed as failure:
            raise StepFailed(f"Debian {SUITE} cannot be had: {failure}") from failure
        finally:
            await to_its_end(shutil.rmtree, folder, ignore_errors=True)


def debootstrap_command(folder: Path, mirror: str) -> list[str]:
    options = ["--variant=minbase", "--include=ca-certificates"]
    return ["debootstrap", *options, SUITE, str(folder), mirror]


def root_of(tree: OdooTree) -> Path:
    """Return the folder that holds all of an Odoo."""
    return Path(os.path.commonpath([tree.executable, tree.python_path, *tree.addons_paths]))


def inside(tree: OdooTree) -> OdooTree:
    """Return the same Odoo as it lies in an image."""
    root = str(root_of(tree))

    def moved(path: str) -> str:
        return f"{ODOO}{path.removeprefix(root)}"

    return replace(
        tree,
        executable=moved(tree.executable),
        python_path=moved(tree.python_path),
        addons_paths=tuple(moved(path) for path in tree.addons_paths),
    )


def _pack(folder: Path, target: Path) -> None:
    for name in ("dev", "proc", "sys", "var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    fresh = target.with_suffix(".new")
    try:
        with room_in(target.parent), fresh.open("w+b") as file:
            context = Context(file)
            context.add_root(folder)
            context.finished()
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
