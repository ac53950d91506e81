"""Lets held requests and websockets go a few at a time.

An Odoo that has just started would meet hundreds at once, and one without worker processes answers
500 as soon as all of its database connections are taken (`odoo.sql_db`: "The Connection Pool Is
Full"). So each request goes when an earlier one is being answered, or is known to take long.

A browser's websocket is little work until it is open, and then asks for all that the browser has
missed. So it keeps its place for a while after its answer.
"""

import asyncio
from collections import defaultdict
from typing import Final

AT_ONCE: Final = 8
_LONG_SECONDS: Final = 1.0
_HANDSHAKE_SECONDS: Final = 20.0
_SUBSCRIBING_SECONDS: Final = 0.25


class Turn:
    """One request's turn: taken before it goes, over when its answer begins or it takes long."""

    _seconds = _LONG_SECONDS

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
        asyncio.get_running_loop().call_later(self._seconds, self.end)

    def answered(self) -> None:
        """Note that its answer begins."""
        self.end()

    def end(self) -> None:
        """Leave the place to the next one; nothing happens the second time."""
        if self._taken:
            self._taken = False
            self._places.release()


class SocketTurn(Turn):
    """A websocket's turn: over when it has been open for a while, so the slower the fewer."""

    _seconds = _HANDSHAKE_SECONDS

    def answered(self) -> None:
        asyncio.get_running_loop().call_later(_SUBSCRIBING_SECONDS, self.end)


class Turns:
    """The turns of all instances, by database."""

    def __init__(self, kind: type[Turn] = Turn) -> None:
        self._kind = kind
        self._places: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_ONCE)
        )

    def of(self, database: str) -> Turn:
        return self._kind(self._places[database])
