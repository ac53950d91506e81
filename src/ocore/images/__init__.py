"""Images: what a runtime can start, built once per set of inputs."""

from dataclasses import dataclass
from typing import Protocol

from ocore.artifacts import Image, Say


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOrder:
    """All inputs of an image. `python_dependencies` are PEP 508 lines, sorted and distinct."""

    repository_tag: str
    commit_sha: str
    checkout: str
    modules: tuple[str, ...]
    odoo_version: str
    provider: str
    source: str | None
    python_dependencies: tuple[str, ...]


class Images(Protocol):
    """Builds images; untrusted build code runs without the platform's rights."""

    async def build(self, order: BuildOrder, *, say: Say) -> Image:
        """Return the image of these inputs, built now or found; StepFailed when it cannot be."""
        ...

    async def push(self, image: Image, *, say: Say) -> str:
        """Hand the image to its registry and return its name by digest; again when repeated.

        StepFailed names the registry. Only for images that have one.
        """
        ...

    async def find(self, tag: str) -> Image | None:
        """Return an image built earlier, fetched anew if need be, or None when it is gone."""
        ...
