"""Takes images off the daemon that nobody needs any more."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from aiodocker import Docker, DockerError

from ocore.images.buildkit import forget_builds
from ocore.images.naming import lock_of
from ocore.images.stages import PROJECT, remove_stages
from ocore.kit.docker import DockerEngine, found
from ocore.kit.locks import exclusive

SPARE: Final = timedelta(days=7)
_CONFLICT: Final = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Removes images of projects, and never one that is needed.

    `needed` is asked after the images were listed, so that one that becomes needed meanwhile is
    seen. One that was built, or found for a build, less than `spare` ago stays in any case: the
    deployment that it was for may not have written it down yet. So does one that a container has.
    What builds left beside their images goes too, once no image that stays could use it.
    """

    engine: DockerEngine
    cache: Path
    needed: Callable[[], Awaitable[frozenset[str]]]
    spare: timedelta = SPARE

    async def sweep(self, *, now: datetime) -> tuple[str, ...]:
        """Return the tags that were removed."""
        async with self.engine.connected() as docker:
            images = await docker.images.list(filters={"label": [PROJECT]})
            tags = {tag for image in images for tag in image["RepoTags"] or ()}
            unneeded = sorted(tags - {"<none>:<none>"} - await self.needed())
            removed = tuple([tag for tag in unneeded if await self._remove(docker, tag, now)])
            await remove_stages(docker, before=now - self.spare)
            await forget_builds(docker, unused_for=self.spare)
        return removed

    async def _remove(self, docker: Docker, tag: str, now: datetime) -> bool:
        # The lock of a build: an image that is just found for one is not taken away under it.
        async with exclusive(lock_of(self.cache, tag)):
            image = await found(docker.images.inspect(tag))
            if image is None or now - _moment(image["Metadata"]["LastTagTime"]) < self.spare:
                return False
            try:
                await docker.images.delete(tag)
            except DockerError as failure:
                if failure.status != _CONFLICT:
                    raise
                return False
            return True


def _moment(text: str) -> datetime:
    """Read Docker's times, which have nanoseconds."""
    return datetime.fromisoformat(f"{text[:19]}+00:00")
