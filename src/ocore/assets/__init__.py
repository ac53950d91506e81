"""Assets: the bundles of scripts and styles that an instance's pages refer to."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from ocore.artifacts import Endpoint, Say
from ocore.environments import Instance


class Assets(Protocol):
    """Keeps pages of two versions of the code supplied with their bundles."""

    async def bridge(
        self,
        instance: Instance,
        endpoint: Endpoint,
        until_ready: Callable[[], Awaitable[None]],
        *,
        say: Say,
    ) -> int:
        """Let a version make its bundles before it is switched to, while those of now stay.

        `until_ready` returns once the version answers at this endpoint. What pages of now refer to
        is served by either version from then on, for a day at least. Returns how many bundles
        the version has; one that it cannot make is said, and left to whoever asks for it.
        """
        ...
