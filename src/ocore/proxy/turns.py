"""Lets held requests go a few at a time.

An Odoo that has just started would meet hundreds at once, and one without worker processes answers
500 as soon as all of its database connections are taken (`odoo.sql_db`: "The Connection Pool Is
Full"). So each request goes when an earlier one is being answered, or is known to take long.
"""

import asyncio
from collections import defaultdict
from typing import Final

AT_ONCE: Final = 8
_LONG_SECONDS: Final = 1.0


class Turn:
    """One request's turn: taken before it goes, over when its answer begins or it takes long."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._taken = False

    async def take(self) -> None:
        """Wait for a place; keep the one already taken."""
        if not self._taken:
            await self._places.acquire()
            self._taken = True

    def begin(self) -> None:
        """Note that the request is on its way."""
        asyncio.get_running_loop().call_later(_LONG_SECONDS, self.end)

    def end(self) -> None:
        """Leave the place to the next one; nothing happens the second time."""
        if self._taken:
            self._taken = False
            self._places.release()


class Turns:
    """The turns of all instances, by database."""

    def __init__(self) -> None:
        self._places: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_ONCE)
        )

    def of(self, database: str) -> Turn:
        return Turn(self._places[database])
