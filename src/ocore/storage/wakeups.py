"""Hears from the database that a deployment changed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import psycopg
from psycopg import AsyncConnection

from ocore.storage.database import CHANNEL

_RECONNECT_SECONDS: Final = 0.5


async def listen(conninfo: str) -> AsyncIterator[str | None]:
    """Yield the id of each deployment that changed, for ever.

    None comes first and after each lost connection: something may have been missed, look yourself.
    """
    while True:
        try:
            async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                yield None
                async for notification in connection.notifies():
                    yield notification.payload
        except psycopg.OperationalError:
            await asyncio.sleep(_RECONNECT_SECONDS)
