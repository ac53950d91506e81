"""Images of the process runtime: release folders, and virtual environments they share."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ocore.artifacts import Image, Say
from ocore.attestations import Subject
from ocore.errors import StepFailed
from ocore.images import BuildOrder
from ocore.images.apt import apt_txt
from ocore.images.contents import installed, modules
from ocore.images.documents import bill_of_materials, provenance
from ocore.images.naming import base_of, tag_of
from ocore.images.papers import Papers
from ocore.images.release import FILE, Release, find_release, release_folder
from ocore.images.room import room_in
from ocore.images.venvs import Venvs
from ocore.kit.locks import exclusive
from ocore.kit.threads import to_its_end
from ocore.kit.trees import link_tree
from ocore.odoo.providers import OdooTree, Provider


@dataclass(frozen=True, slots=True)
class ReleaseImages:
    """Builds under `directory`; a release appears there by a rename, whole or not at all."""

    directory: Path
    providers: Mapping[str, Provider]
    venvs: Venvs
    papers: Papers

    async def build(self, order: BuildOrder, *, say: Say) -> Image:
        provider = self.providers.get(order.provider)
        if provider is None:
            raise StepFailed(
                f"no provider {order.provider!r} of Odoo here: one of {', '.join(self.providers)}"
            )
        tree = await provider.provide(order.odoo_version, source=order.source, say=say)
        base = base_of(tree, self.venvs.python_version)
        tag = tag_of(order, base)
        folder = release_folder(self.directory, tag)
        # Two instances of a project may be given the same commit at once.
        async with exclusive(self.venvs.cache / "locks" / f"release-{folder.name}.lock"):
            found = await self.find(tag)
            if found is not None:
                say(f"{tag} was built before")
                return found
            await self._build(order, tree, Image(tag=tag, base=base, reused=False), say=say)
        return Image(tag=tag, base=base, reused=False, papers=self.papers.of(tag))

    async def push(self, image: Image, *, say: Say) -> str:  # noqa: ARG002 - nothing to say
        raise StepFailed(f"{image.tag} is a folder: no registry takes it")

    async def find(self, tag: str) -> Image | None:
        release = await asyncio.to_thread(find_release, self.directory, tag)
        if release is None:
            return None
        return Image(tag=tag, base=release.base, reused=True, papers=self.papers.of(tag))

    async def _build(self, order: BuildOrder, tree: OdooTree, image: Image, *, say: Say) -> None:
        if await asyncio.to_thread(apt_txt, order):
            say("apt.txt is not followed: a process has the packages that this machine has")
        with room_in(self.venvs.cache):
            wanted = (*tree.requirements, *order.python_dependencies)
            python = await self.venvs.make(wanted, say=say)
            await self.venvs.compile(python, tree, say=say)
        release = Release(
            tag=image.tag,
            base=image.base,
            tree=tree,
            python=str(python),
            addons_paths=(str(release_folder(self.directory, image.tag) / "addons"),),
            commit_sha=order.commit_sha,
        )
        # Papers first: the release appears last of all, and then nothing of it is missing.
        with room_in(self.directory):
            await to_its_end(self._describe, release, order)
            await to_its_end(self._write, release, order)

    def _describe(self, release: Release, order: BuildOrder) -> None:
        contents = (*installed(Path(release.python)), *modules(order, odoo=release.base))
        self.papers.keep(
            Subject(name=release.tag, digest={"gitCommit": order.commit_sha}),
            bill=bill_of_materials(release.tag, contents),
            provenance=provenance(order, base=release.base),
        )

    def _write(self, release: Release, order: BuildOrder) -> None:
        target = release_folder(self.directory, release.tag)
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            (fresh / "addons").mkdir(parents=True)
            for module in order.modules:
                link_tree(Path(order.checkout) / module, fresh / "addons" / Path(module).name, None)
            (fresh / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(release), indent=2))
            # What stands there now lacks its Python or its Odoo, or it would have been found.
            shutil.rmtree(target, ignore_errors=True)
            fresh.rename(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
