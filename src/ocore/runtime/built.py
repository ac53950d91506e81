"""The release that an image of the Docker Engine is."""

from ocore.artifacts import Image
from ocore.errors import StepFailed
from ocore.images.release import Release, release_in
from ocore.kit.docker import DockerEngine, found


async def built(engine: DockerEngine, image: Image) -> Release:
    """Return what is written in the labels of an image; StepFailed when it is gone."""
    async with engine.connected() as docker:
        inspected = await found(docker.images.inspect(image.tag))
    release = release_in((inspected or {}).get("Config", {}).get("Labels") or {})
    if release is None:
        raise StepFailed(f"the image {image.tag} is gone: deploy its commit again to build it anew")
    return release
