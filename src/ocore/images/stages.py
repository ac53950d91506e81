"""What builds leave on a daemon to be faster next time: the stages of images, without a name."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from aiodocker import Docker

from ocore.images.dockerfile import STAGE, SYSTEM
from ocore.kit.docker import DockerEngine, unless_gone

PROJECT: Final = "ocore.project"
"""The label of every image of a project."""


async def forget_stages(engine: DockerEngine, packages: str) -> None:
    """Remove what a build with these packages has left."""
    async with engine.connected() as docker:
        await _remove(docker, lambda image: image["Labels"][STAGE] in {packages, SYSTEM})


async def remove_stages(docker: Docker, *, before: datetime) -> None:
    """Remove what was left before this moment and is of no use to any image of a project."""
    images = await docker.images.list(filters={"label": [PROJECT]})
    useful = {image["Labels"].get(STAGE) for image in images}

    def useless(image: dict[str, Any]) -> bool:
        return image["Labels"][STAGE] not in useful and image["Created"] < before.timestamp()

    await _remove(docker, useless)


async def _remove(docker: Docker, wanted: Callable[[dict[str, Any]], bool]) -> None:
    # Dangling: without a name, and nothing is made of it. What it was made of goes with it.
    filters = {"dangling": ["true"], "label": [STAGE]}
    for image in await docker.images.list(filters=filters):
        if wanted(image):
            await unless_gone(docker.images.delete(image["Id"]))
