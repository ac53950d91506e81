"""What the tasks of a service wrote, which Swarm fetches from the nodes they ran on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection
from contextlib import suppress
from operator import itemgetter
from typing import Final, cast

from aiodocker import Docker

from ocore.kit.docker import found, streamed
from ocore.kit.lines import Lines

# A node that is gone never sends its part.
_SECONDS: Final = 15.0
_TASK: Final = "com.docker.swarm.task.id="


async def follow(docker: Docker, service_id: str, lines: Lines) -> None:
    """Tell what a service writes as it does, until cancelled: of the end Swarm says nothing."""
    log = docker.services.logs(service_id, stdout=True, stderr=True, follow=True)
    async with streamed(cast("AsyncIterator[str]", log)) as pieces:
        async for text in pieces:
            lines.feed(text)


async def written(
    docker: Docker, service_id: str, *, last: int | None = None, apart_from: Collection[str] = ()
) -> list[str]:
    """Return what the tasks of a service wrote, but for some of them, oldest first.

    `last` is a number of lines for each task; None means all of them.
    """
    pieces: list[str] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS):
            log = docker.services.logs(
                service_id,
                stdout=True,
                stderr=True,
                timestamps=True,
                details=True,
                tail="all" if last is None else str(last),
            )
            pieces = await found(cast("Awaitable[list[str]]", log)) or []
    # Each begins with its moment and, in one word, with where it comes from.
    told = sorted((piece.split(" ", 2) for piece in pieces), key=itemgetter(0))
    return "".join(text for _, origin, text in told if _task(origin) not in apart_from).splitlines()


def _task(origin: str) -> str:
    return origin.partition(_TASK)[2].partition(",")[0]
