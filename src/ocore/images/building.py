"""One build by the Docker Engine, its output told line by line."""

import re
from collections import deque
from typing import Final

from aiodocker import DockerError

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.images.context import Context
from ocore.images.room import DiskFull
from ocore.kit.docker import DockerEngine, found, streamed
from ocore.kit.lines import Lines

_TOLD_LINES: Final = 6
_NO_SPACE: Final = "no space left on device"
# The builder paints what a program writes to its standard error.
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


async def build_image(engine: DockerEngine, context: Context, *, tag: str, say: Say) -> str:
    """Return the id of the image made of this context; nothing has the tag when it fails.

    A build is the daemon's: it ends when we go away, and leaves no container behind.
    """
    last: deque[str] = deque(maxlen=_TOLD_LINES)

    def hear(coloured: str) -> None:
        line = _COLOUR.sub("", coloured)
        if line.strip():
            last.append(line.strip())
            say(line)

    lines, made = Lines(hear), None
    async with engine.connected() as docker:
        try:
            build = docker.images.build(
                fileobj=context.rewound(),
                encoding="identity",
                tag=tag,
                forcerm=True,
                stream=True,
            )
            async with streamed(build) as items:
                async for item in items:
                    lines.feed(item.get("stream") or item.get("status") or "")
                    made = item.get("aux", {}).get("ID", made)
        except DockerError as failure:
            lines.end()
            reason = " ".join([*last, failure.message])
            if _NO_SPACE in reason.lower():
                root = (await docker.system.info())["DockerRootDir"]
                raise DiskFull(root, said=reason) from failure
            raise StepFailed(f"the image cannot be built: {reason}") from failure
    lines.end()
    if made is None:
        told = f"; its last words: {last[-1]}" if last else ""
        raise StepFailed(f"Docker at {engine.url} went away in the middle of the build{told}")
    return str(made)


async def image_id(engine: DockerEngine, reference: str) -> str | None:
    """Return the id of an image that the daemon has; None when it has not."""
    async with engine.connected() as docker:
        image = await found(docker.images.inspect(reference))
    return None if image is None else str(image["Id"])
