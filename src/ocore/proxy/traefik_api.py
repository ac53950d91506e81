"""What Traefik says it does. Its file provider answers nobody, so its API is asked instead.

Each question is answered by the obstacle in words, or None when nothing stands in the way.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote

import aiohttp

from ocore.proxy.configuration import Configuration, Layout

_KINDS: Final = ("services", "routers", "middlewares")


class TraefikApi:
    """Traefik's API at the loopback port of the layout."""

    def __init__(self, session: aiohttp.ClientSession, layout: Layout) -> None:
        self._session = session
        self._layout = layout

    async def silence(self) -> str | None:
        """Say that Traefik does not answer, when it does not."""
        seen, obstacle = await self._ask("/api/version")
        return obstacle or (None if "Version" in seen else self._no_answer("it is no Traefik"))

    async def difference(self, configuration: Configuration) -> str | None:
        """Say what is not yet at work as this dynamic configuration wants it."""
        for kind in _KINDS:
            for name, wanted in configuration["http"].get(kind, {}).items():
                seen, obstacle = await self._ask(f"/api/http/{kind}/{quote(name)}@file")
                if obstacle := obstacle or self._with_log(difference(name, wanted, seen)):
                    return obstacle
        return None

    async def remains(self, router: str) -> str | None:
        """Say that this router is still at work."""
        seen, obstacle = await self._ask(f"/api/http/routers/{quote(router)}@file")
        return obstacle or self._with_log(f"Traefik still routes {router}" if seen else None)

    async def _ask(self, path: str) -> tuple[Configuration, str | None]:
        """Return what the API shows there (nothing: empty), and what kept it from answering."""
        try:
            async with self._session.get(self._layout.api_url + path) as answer:
                return (await answer.json() if answer.ok else {}), None
        except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
            return {}, self._no_answer(str(failure))

    def _no_answer(self, reason: str) -> str:
        silent = f"Traefik's API at {self._layout.api_url} does not answer ({reason})"
        return f"{silent}; see that Traefik runs, and its log {self._layout.log}"

    def _with_log(self, obstacle: str | None) -> str | None:
        return obstacle and f"{obstacle}; see its log {self._layout.log}"


@asynccontextmanager
async def traefik_api(layout: Layout) -> AsyncIterator[TraefikApi]:
    """Open the API for a few questions."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        yield TraefikApi(session, layout)


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
