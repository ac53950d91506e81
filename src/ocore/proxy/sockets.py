"""Websockets that are open: closed, a few at a time, once their colour is no longer the one to be.

A colour that stops would close them all at once, and until it is told to, the work they make keeps
it from being at rest. So each is closed as its browser would close it, and Odoo answers the browser
with the same code: 1012, "Service Restart", after which its client comes back.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ocore.artifacts import Endpoint
from ocore.proxy.targets import read_target

# A whole frame: FIN and opcode 8; masked, two bytes; a mask of zeros; 1012 (RFC 6455, 5.2 and 7.4).
# In the middle of a frame of the browser's it is no frame, and Odoo closes with 1002: it comes back
# as well.
_CLOSE: Final = bytes((0x88, 0x82, 0, 0, 0, 0)) + (1012).to_bytes(2, "big")
_AT_ONCE: Final = 20
_POLL_SECONDS: Final = 0.1
# An Odoo without workers has a thread for each, with 8 MiB of the address space that its
# `limit_memory_hard` counts: with 276 open, one of the usual 2.5 GiB had none for any request.
_MOST_THREADS: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class OpenSocket:
    """One websocket, and where it leads to."""

    database: str
    endpoint: Endpoint
    colour: asyncio.StreamWriter


class OpenSockets:
    """All websockets that are open; `targets` is the folder that says where they ought to lead."""

    def __init__(self, targets: Path) -> None:
        self._targets = targets
        self._open: dict[OpenSocket, None] = {}
        self._at: Counter[Endpoint] = Counter()

    def room_at(self, endpoint: Endpoint) -> bool:
        """Say whether one more websocket leaves this colour what it needs for requests."""
        threaded = endpoint.websocket_port == endpoint.http_port
        return not threaded or self._at[endpoint] < _MOST_THREADS

    @contextmanager
    def noted(self, socket: OpenSocket) -> Iterator[None]:
        """Keep an eye on a websocket while it is open."""
        self._open[socket] = None
        self._at[socket.endpoint] += 1
        try:
            yield
        finally:
            self._open.pop(socket, None)
            self._at[socket.endpoint] -= 1

    async def watch(self) -> None:
        """Close what leads to a colour that is no longer the target, for ever."""
        while True:
            for socket in self._astray()[:_AT_ONCE]:
                self._open.pop(socket, None)
                socket.colour.write(_CLOSE)
            await asyncio.sleep(_POLL_SECONDS)

    def _astray(self) -> list[OpenSocket]:
        databases = {each.database for each in self._open}
        targets = {name: read_target(self._targets, name) for name in databases}
        return [each for each in self._open if targets[each.database] != each.endpoint]
