"""An update as Compose does it: the one Odoo stops, is updated, and starts again.

It has the same Odoo, the same PostgreSQL and the same Traefik, which holds nothing.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from ocore.artifacts import Colour, Image
from ocore.embedded.settings import settings_from
from ocore.embedded.users import platform_users
from ocore.environments import Instance
from ocore.runtime import ModuleChange
from ocore.wiring.tools import Adapters, adapters_of
from tests.integration.platform import Site

_POLL_SECONDS: Final = 0.05
_START_SECONDS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One Odoo that somebody keeps with a shell, where a deployment of ours had put it."""

    parts: Adapters
    instance: Instance
    image: Image
    url: str

    @classmethod
    async def of(cls, site: Site, image_tag: str) -> "Service":
        settings = settings_from(site.platform.variables())
        parts = adapters_of(settings, await platform_users(), os.environ)
        image = await parts.images.find(image_tag)
        assert image is not None
        own = site.instance
        instance = Instance(
            id=own["id"],
            organization_id="",
            project_id=site.project_id,
            name=own["name"],
            slug=own["slug"],
            database=own["database"],
            host=own["host"],
        )
        return cls(parts=parts, instance=instance, image=image, url=site.platform.proxy_url)

    async def recreate(self, modules: Sequence[str]) -> float:
        """Stop, update, start; return the seconds until the login page is there again."""
        began, runtime = time.monotonic(), self.parts.runtime
        await runtime.halt(self.instance)
        change = ModuleChange(update=tuple(modules))
        await runtime.update(self.instance, self.image, change, say=_unheard)
        await runtime.start(self.instance, self.image, Colour.BLUE)
        await self._login_page()
        return time.monotonic() - began

    async def _login_page(self) -> None:
        page, headers = f"{self.url}/web/login", {"Host": self.instance.host}
        async with asyncio.timeout(_START_SECONDS), aiohttp.ClientSession() as http:
            while True:
                async with http.get(page, headers=headers) as answer:
                    if answer.status == 200:
                        return
                await asyncio.sleep(_POLL_SECONDS)


def _unheard(_line: str) -> None:
    return None
