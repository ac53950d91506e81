"""Stand-in until images.release, odoo.conf and odoo.commands are there."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ocore.odoo.providers import OdooTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """x"""

    tag: str
    base: str
    tree: OdooTree
    python: str
    addons_paths: tuple[str, ...]
    commit_sha: str


def load_release(releases: Path, tag: str) -> Release:
    file = releases / (tag.replace("/", "_") + ".json")
    return msgspec.json.decode(file.read_bytes(), type=Release)
