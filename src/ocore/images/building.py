"""One build by the Docker Engine, its output told line by line."""

import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any, Final

from aiodocker import Docker, DockerError

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.images.buildkit import TRACE, Trace, buildkit_items
from ocore.images.context import Context
from ocore.images.room import DiskFull
from ocore.kit.docker import DockerEngine, found, streamed
from ocore.kit.lines import Lines

Items = AsyncIterator[dict[str, Any]]
_TOLD_LINES: Final = 6
_NO_SPACE: Final = "no space left on device"
# The builder paints what a program writes to its standard error.
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


async def build_image(engine: DockerEngine, context: Context, *, tag: str, say: Say) -> str:
    """Return the id of the image made of this context; nothing has the tag when it fails.

    A build is the daemon's: it ends when we go away, and leaves no container behind.
    """
    return await _built(engine, partial(_classic_items, context=context, tag=tag), say)


async def build_own(engine: DockerEngine, context: Context, *, tag: str, say: Say) -> str:
    """Return the id of the image made of somebody's own Dockerfile, as `build_image` does."""
    return await _built(engine, partial(buildkit_items, context=context, tag=tag), say)


def _classic_items(docker: Docker, *, context: Context, tag: str) -> Items:
    return docker.images.build(
        fileobj=context.rewound(), encoding="identity", tag=tag, forcerm=True, stream=True
    )


async def _built(engine: DockerEngine, begin: Callable[[Docker], Items], say: Say) -> str:
    last: deque[str] = deque(maxlen=_TOLD_LINES)

    def hear(coloured: str) -> None:
        line = _COLOUR.sub("", coloured)
        if line.strip():
            _remember(last, line)
            say(line)

    async with engine.connected() as docker:
        try:
            made = await _followed(begin(docker), hear)
        except DockerError as failure:
            raise await _failure(docker, failure, last) from failure
    if made is None:
        told = f"; its last words: {last[-1]}" if last else ""
        raise StepFailed(f"Docker at {engine.url} went away in the middle of the build{told}")
    return made


async def _followed(items: Items, hear: Callable[[str], None]) -> str | None:
    """Tell what a build tells, and return the id of what it made; None when it broke off."""
    lines, trace, made = Lines(hear), Trace(hear), None
    try:
        async with streamed(items) as told:
            async for item in told:
                if item.get("id") == TRACE:
                    trace.hear(item["aux"])
                    continue
                lines.feed(item.get("stream") or item.get("status") or "")
                made = item.get("aux", {}).get("ID", made)
    finally:
        trace.end()
        lines.end()
    return made


async def _failure(docker: Docker, failure: DockerError, last: Iterable[str]) -> StepFailed:
    reason = " ".join([*last, failure.message])
    if _NO_SPACE in reason.lower():
        return DiskFull((await docker.system.info())["DockerRootDir"], said=reason)
    return StepFailed(f"the image cannot be built: {reason}")


def _remember(last: deque[str], line: str) -> None:
    """Keep which step is at work and what it says: the one that fails is the last."""
    if line.startswith("Step "):
        last.clear()
    # The names of layers are no news to anybody.
    if not line.startswith(" ---> "):
        last.append(line.strip())


async def image_id(engine: DockerEngine, reference: str) -> str | None:
    """Return the id of an image that the daemon has; None when it has not."""
    async with engine.connected() as docker:
        image = await found(docker.images.inspect(reference))
    return None if image is None else str(image["Id"])
