"""A release: what an image is to the runtime that starts it.

For the process runtime it is a folder that never changes once it exists; for Docker it is written
in the labels of an image.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from ocore.errors import StepFailed
from ocore.odoo.providers import OdooTree

FILE: Final = "release.json"
LABEL: Final = "ocore.release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What it takes to start Odoo with the modules of one commit.

    `python` is an interpreter that has all that Odoo and the modules import; `addons_paths` are
    the modules of the commit, without Odoo's own.
    """

    tag: str
    base: str
    tree: OdooTree
    python: str
    addons_paths: tuple[str, ...]
    commit_sha: str


def release_folder(releases: Path, tag: str) -> Path:
    """Return where the release of a tag lies."""
    return releases / tag.replace("/", "_").replace(":", "_")


def pushed_reference(records: Path, tag: str) -> str | None:
    """Return the digest under which a registry has an image; None when none was pushed."""
    file = release_folder(records, tag)
    return file.read_text() if file.is_file() else None


def find_release(releases: Path, tag: str) -> Release | None:
    """Return a release built earlier, or None when it, its Python or its Odoo is gone."""
    file = release_folder(releases, tag) / FILE
    if not file.exists():
        return None
    release = msgspec.json.decode(file.read_bytes(), type=Release)
    whole = Path(release.python).exists() and Path(release.tree.executable).exists()
    return release if whole else None


def load_release(releases: Path, tag: str) -> Release:
    """Return the release of a tag; StepFailed when it is gone."""
    release = find_release(releases, tag)
    if release is None:
        raise StepFailed(f"the image {tag} is gone: deploy its commit again to build it anew")
    return release


def labels_of(release: Release) -> dict[str, str]:
    """Return the labels of an image: the release for us, the rest for people and their tools."""
    project, _, version = release.tag.rpartition(":")
    # What Python needed was installed: it is of no use to whoever starts the image.
    brief = replace(release, tree=replace(release.tree, requirements=()))
    return {
        LABEL: msgspec.json.encode(brief).decode(),
        "ocore.base": release.base,
        "ocore.commit": release.commit_sha,
        "ocore.inputs": version.rpartition("-")[2],
        "ocore.project": project,
        "org.opencontainers.image.revision": release.commit_sha,
        "org.opencontainers.image.title": project,
        "org.opencontainers.image.vendor": "oCore",
        "org.opencontainers.image.version": version,
    }


def release_in(labels: Mapping[str, str]) -> Release | None:
    """Return the release that these labels tell of; None when the image is none of ours."""
    text = labels.get(LABEL)
    return None if text is None else msgspec.json.decode(text, type=Release)
