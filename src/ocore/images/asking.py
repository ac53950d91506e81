"""Questions to an image, answered by its own Python in a container."""

from typing import Any, Final

from aiodocker import Docker

from ocore.errors import StepFailed
from ocore.kit.docker import unless_gone

_SECONDS: Final = 60.0


async def ask(docker: Docker, image: str, script: str, *, python: str = "python3") -> str:
    """Return what a script prints; StepFailed with its last words when it fails.

    The container has no network and no right of ours, since the image may be anybody's.
    """
    container = await docker.containers.create(question_config(image, [python, "-c", script]))
    try:
        await container.start()
        ended = await container.wait(timeout=_SECONDS)
        told = "".join(await container.log(stdout=True, stderr=True)).strip()
    finally:
        await unless_gone(container.delete(force=True))
    if ended["StatusCode"]:
        raise StepFailed(told[-300:])
    return told


def question_config(image: str, argv: list[str]) -> dict[str, Any]:
    """Return the container that answers."""
    return {
        "Image": image,
        "Entrypoint": argv,
        "User": "65534:65534",
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            "NetworkMode": "none",
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "Memory": 1 << 30,
            "PidsLimit": 64,
        },
    }
