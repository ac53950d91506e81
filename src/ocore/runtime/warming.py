"""Takes a pause from users that every fresh Odoo makes once: the first look at all its objects.

Odoo loads its registry with Python's garbage collection off (odoo/orm/registry.py, `Registry.new`),
so that all of it is young when it begins to serve. Twenty collections of the youngest generation
later (odoo/init.py, `gc.set_threshold`), Python goes through all of it at once while every request
waits: measured, 150 ms of a processor with 100 modules, some two seconds after a switch.

Collections are due by what is allocated and not by time (Python, `gc.set_threshold`), so requests
that bring many small objects bring them forward.
"""

import asyncio
from typing import Final

import aiohttp

from ocore.artifacts import Endpoint
from ocore.environments import Instance

_PATH: Final = "/web/webclient/version_info"
"""Answers every visitor, in each series, from memory."""
_OBJECTS: Final = 12_500
_COLLECTIONS: Final = 21
_SECONDS: Final = 20.0


async def warm_up(instance: Instance, endpoint: Endpoint) -> None:
    """Let a colour that nobody uses yet have its first collections; one that cannot goes without.

    Nothing happens with workers: each has objects of its own, and nobody can say which one answers.
    """
    if instance.limits.workers:
        return
    body = b'{"jsonrpc":"2.0","method":"call","params":{},"ballast":[%s]}' % b",".join(
        [b"[]"] * _OBJECTS
    )
    try:
        async with (
            asyncio.timeout(_SECONDS),
            aiohttp.ClientSession(
                base_url=f"http://{endpoint.host}:{endpoint.http_port}",
                headers={"Host": instance.host, "Content-Type": "application/json"},
            ) as http,
        ):
            for _ in range(_COLLECTIONS):
                async with http.post(_PATH, data=body) as answer:
                    await answer.read()
    except (aiohttp.ClientError, TimeoutError):
        return
