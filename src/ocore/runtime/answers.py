"""Requests that a colour has taken and not answered to the end, as its connections show.

PostgreSQL cannot tell of all of them: a request that waits to try its transaction again has none,
nor has a download on its way to a slow client. A threaded Odoo that is told to stop takes its
connections to the database from both.
"""

import asyncio
from contextlib import suppress
from typing import Final

from ocore.artifacts import Endpoint
from ocore.kit.tcp import Connection, connections_to

_POLL_SECONDS: Final = 0.1
_SILENT_MS: Final = 200


async def all_answered(endpoint: Endpoint, *, seconds: float) -> float:
    """Wait until no request is at work there, or time is up; return the seconds that are left.

    No new one may come meanwhile. Where the kernel does not tell, all of it is left at once.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with suppress(OSError):
        while loop.time() < end and _at_work(endpoint):  # noqa: ASYNC110 - of others
            await asyncio.sleep(_POLL_SECONDS)
    return max(end - loop.time(), 0)


def _at_work(endpoint: Endpoint) -> bool:
    return any(_is_request(each) for each in connections_to(endpoint.http_port))


def _is_request(connection: Connection) -> bool:
    """Say whether this is a request and no websocket, which was answered long ago and is silent.

    Odoo serves one request on each connection.
    """
    if not connection.answered:
        return connection.asked
    return connection.unsent > 0 or connection.silent_ms < _SILENT_MS
