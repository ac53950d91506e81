"""How images are named: by their inputs, so that the same inputs are built once."""

import hashlib
from pathlib import Path

from ocore.images import BuildOrder
from ocore.odoo.providers import OdooTree


def base_of(tree: OdooTree, python_version: str) -> str:
    """Name what a base database depends on: the series, and a digest of Odoo and Python."""
    digest = digest_of(tree.content_hash, python_version)
    return f"{tree.version}-{digest[:8]}"


def tag_of(order: BuildOrder, base: str, *more: str) -> str:
    """Name an image by its inputs: the same inputs give the same tag."""
    inputs = digest_of(
        order.commit_sha, base, *order.modules, "", *order.python_dependencies, *more
    )
    return f"{order.repository_tag}:{order.commit_sha[:12]}-{inputs[:12]}"


def lock_of(cache: Path, tag: str) -> Path:
    """Return the lock that whoever makes, finds or removes the image of this tag holds."""
    return cache / "locks" / f"image-{tag.replace('/', '_')}.lock"


def digest_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
