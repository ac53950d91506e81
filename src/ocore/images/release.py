"""A release: the image of the process runtime, a folder that never changes once it exists."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ocore.errors import StepFailed
from ocore.odoo.providers import OdooTree

FILE: Final = "release.json"


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
