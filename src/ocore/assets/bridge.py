"""Asks a version for its bundles while those of the version before are held."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import aiohttp

from ocore.artifacts import Endpoint, Say
from ocore.assets.keeping import KEPT_HOURS, kept
from ocore.environments import Instance
from ocore.kit.postgres import PostgresServer

_BACKEND: Final = ("/web/assets/web.assets_web.min.js", "/web/assets/web.assets_web.min.css")
"""What everybody needs who is signed in, and no page shows that a visitor may see."""
_VERSION: Final = re.compile(r"/[^/]+(?=/[^/]+$)")
_REQUEST_SECONDS: Final = 120.0
_AT_ONCE: Final = 2


class AssetBridge:
    """Bridge of the databases on one server, for `kept_hours` after a bundle was replaced."""

    def __init__(self, server: PostgresServer, *, kept_hours: int = KEPT_HOURS) -> None:
        self._server = server
        self._kept_hours = kept_hours

    async def bridge(
        self,
        instance: Instance,
        endpoint: Endpoint,
        until_ready: Callable[[], Awaitable[None]],
        *,
        say: Say,
    ) -> int:
        async with kept(self._server, instance, hours=self._kept_hours) as bundles:
            await until_ready()
            made = await _make(instance, endpoint, bundles.urls, say)
            await bundles.follow(made)
        return len(made)


async def _make(
    instance: Instance, endpoint: Endpoint, known: Iterable[str], say: Say
) -> tuple[str, ...]:
    """Ask for the version's own version of each bundle, and return where they are."""
    wanted = dict.fromkeys((*_BACKEND, *(_VERSION.sub("", url) for url in known)))
    turns = asyncio.Semaphore(_AT_ONCE)
    async with aiohttp.ClientSession(
        base_url=f"http://{endpoint.host}:{endpoint.http_port}",
        headers={"Host": instance.host},
        timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS),
    ) as http:
        made = await asyncio.gather(*(_ask(http, turns, bundle, say) for bundle in wanted))
    return tuple(url for url in made if url is not None)


async def _ask(
    http: aiohttp.ClientSession, turns: asyncio.Semaphore, bundle: str, say: Say
) -> str | None:
    """Return the URL of a bundle once it is made; None when the version has no such bundle."""
    folder, name = bundle.rsplit("/", 1)
    try:
        # Odoo leads from a version that it does not know to its own.
        async with turns, http.head(f"{folder}/current/{name}", allow_redirects=True) as answer:
            if answer.ok:
                return answer.url.path
            reason = str(answer.status)
    except (aiohttp.ClientError, TimeoutError) as failure:
        reason = str(failure) or "no answer in time"
    if reason != "404":
        say(f"{name} could not be made before the switch: {reason}")
    return None
