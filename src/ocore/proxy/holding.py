"""The holder: requests of an instance that is being updated wait here, then go to its new colour.

    client -> Traefik -> holder -> the colour that serves from now on

Websockets go by it at any time, a few at a time: after a switch all browsers come back at once.

It relays bytes and is no HTTP proxy: it reads the head of a request, once, to learn from the
header Traefik adds whose request it is. What follows it does not look at. So bodies of any size,
streamed answers and websockets pass as they are, nothing is parsed twice in two ways, and nothing
but the handshake of a websocket is sent twice. This is right because Traefik never uses a
connection to the holder for a second request (see `configuration.held`).
"""

import argparse
import asyncio
import logging
import re
import resource
from collections.abc import Coroutine
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ocore.artifacts import Endpoint
from ocore.kit.tasks import end_all
from ocore.proxy.configuration import LOOPBACK
from ocore.proxy.relaying import CHUNK, Exchange, Wire, part_with, relay
from ocore.proxy.sockets import OpenSocket, OpenSockets
from ocore.proxy.targets import Held, held_of, port_of, read_limit, read_target
from ocore.proxy.turns import SocketTurn, Turn, Turns

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.1
_UPGRADE: Final = re.compile(rb"\r\nUpgrade: ?websocket\r\n", re.IGNORECASE)
_READ_AHEAD: Final = 128 * 1024
"""How much of a body is taken in while its request waits; the rest stays with the client."""
_RETRY_AFTER: Final = 15
_UNAVAILABLE: Final = "503 Service Unavailable"
_PAGE: Final = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{_RETRY_AFTER}">
<meta name="viewport" content="width=device-width"><title>Back soon</title>
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem}}
</style></head><body><h1>Back soon</h1>
<p>This Odoo is being updated. The page tries again by itself in a few seconds.</p>
</body></html>
"""


class _NotServed(Exception):
    """A request gets an answer of ours, with this status."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a request waits, and how many may wait at a time; the next gets 503 at once."""

    seconds: float = 30.0
    most: int = 1000


# A page does not show that its websocket waits. One that is sent away says "Realtime connection
# lost" before it tries again.
_PATIENCE_OF_SOCKETS: Final = Patience(seconds=120.0, most=10_000)
# Odoo answers a handshake so when a notice to many pages has all of its database connections. It
# has done nothing then, and nothing was sent after it: it is the one request that is sent again.
_NO_CONNECTION: Final = re.compile(rb"HTTP/1\.[01] 500 ")
_TRIES_OF_SOCKETS: Final = 10
_AGAIN_SECONDS: Final = 0.5


@dataclass(slots=True)
class _Queue:
    """Who waits, for how long they may, whose turn it is, and how often each is tried."""

    patience: Patience
    turns: Turns
    tries: int = 1
    waiting: int = 0


def holding_command(
    python: Path, *, port: int, targets: Path, patience: Patience | None = None
) -> list[str]:
    """Return the program a supervisor runs; it needs nothing from its environment."""
    wait = patience or Patience()
    limits = ["--seconds", f"{wait.seconds:g}", "--most", str(wait.most)]
    module = [str(python), "-m", "ocore.proxy.holding"]
    return [*module, "--port", str(port), "--targets", str(targets), *limits]


def refusal(status: str) -> bytes:
    """Return a whole HTTP answer that says: not now, ask again later."""
    body = _PAGE.encode()
    head = (
        f"HTTP/1.1 {status}\r\nRetry-After: {_RETRY_AFTER}\r\nCache-Control: no-store\r\n"
        f"Content-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


class Holder:
    """Takes connections of one request each; `targets` is the folder that says where they go."""

    def __init__(self, targets: Path, patience: Patience) -> None:
        self._targets = targets
        self._requests = _Queue(patience, Turns())
        self._sockets = _Queue(_PATIENCE_OF_SOCKETS, Turns(SocketTurn), tries=_TRIES_OF_SOCKETS)
        self._open = OpenSockets(targets)

    async def watch(self) -> None:
        """Close websockets whose colour is no longer the target, for ever."""
        await self._open.watch()

    async def receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        client = Wire(reader, writer)
        try:
            await self._serve(client)
        except _NotServed as refused:
            log.warning("%s: %s", refused.status, refused)
            await _refuse(client, refused.status)
        except (ConnectionError, asyncio.IncompleteReadError) as broken:
            log.debug("connection lost: %s", broken)
        finally:
            writer.close()

    async def _serve(self, client: Wire) -> None:
        head = await _read_head(client.reader)
        held = held_of(head)
        if held is None:
            raise _NotServed("421 Misdirected Request", "a request that did not come from Traefik")
        queue = self._sockets if _UPGRADE.search(head) else self._requests
        if queue.waiting >= queue.patience.most:
            raise _NotServed(_UNAVAILABLE, f"{held}: {queue.waiting} wait already")
        request, turn = bytearray(head), queue.turns.of(held.database)
        try:
            for left in reversed(range(queue.tries)):
                reached = await self._wait(client, held, request, turn, queue)
                if reached is None:
                    return
                endpoint, colour = reached
                socket = OpenSocket(held.database, endpoint, colour.writer)
                watched = self._open.noted(socket) if queue is self._sockets else nullcontext()
                exchange = Exchange(client, colour, bytes(request))
                busy = _NO_CONNECTION if left else None
                if await relay(exchange, turn, watched, unless=busy):
                    return
                # It keeps its turn: so long as Odoo is that busy, nobody else need come.
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            turn.end()

    async def _wait(
        self, client: Wire, held: Held, request: bytearray, turn: Turn, queue: _Queue
    ) -> tuple[Endpoint, Wire] | None:
        """Return the instance's colour and a connection to it; None when the client gave up.

        What the client sends meanwhile is added to `request`.
        """
        queue.waiting += 1
        connecting = asyncio.create_task(self._connect(held, turn, queue))
        listening = asyncio.create_task(_listen(client.reader, request))
        try:
            await asyncio.wait({connecting, listening}, return_when=asyncio.FIRST_COMPLETED)
            return await connecting if connecting.done() else None
        except TimeoutError as late:
            waited = f"{held}: waited {self._limit(held, queue):g} s in vain"
            raise _NotServed(_UNAVAILABLE, waited) from late
        finally:
            queue.waiting -= 1
            await end_all(connecting, listening)

    async def _connect(self, held: Held, turn: Turn, queue: _Queue) -> tuple[Endpoint, Wire]:
        """Return target and connection once there is one that takes one, within the limit."""
        async with asyncio.timeout(self._limit(held, queue)):
            while True:
                if read_target(self._targets, held.database) is not None:
                    await turn.take()
                # Only now: the turn may have been long in coming, and the colour gone meanwhile.
                target = read_target(self._targets, held.database)
                if target is not None and (queue is self._requests or self._open.room_at(target)):
                    with suppress(OSError):
                        port = port_of(target, held.door)
                        return target, Wire(*await asyncio.open_connection(target.host, port))
                await asyncio.sleep(_POLL_SECONDS)

    def _limit(self, held: Held, queue: _Queue) -> float:
        own = read_limit(self._targets, held.database) if queue is self._requests else None
        return own or queue.patience.seconds


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as long:
        raise _NotServed("431 Request Header Fields Too Large", str(long)) from long


async def _listen(reader: asyncio.StreamReader, request: bytearray) -> None:
    """Take in a part of what the client sends; returns only when the client is gone.

    Past that part the connection is left to fill up, and a client that leaves then is noticed
    when the wait ends.
    """
    most = len(request) + _READ_AHEAD
    while len(request) < most:
        chunk = await reader.read(CHUNK)
        if not chunk:
            return
        request += chunk
    await asyncio.Event().wait()


async def _refuse(client: Wire, status: str) -> None:
    client.writer.write(refusal(status))
    await part_with(client)


async def serve(holder: Holder, port: int) -> None:
    """Hold requests on this port of the loopback, for ever."""
    server = await asyncio.start_server(holder.receive, LOOPBACK, port, backlog=1024)
    await asyncio.gather(server.serve_forever(), holder.watch())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ocore.proxy.holding", description="Hold requests.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--targets", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=Patience().seconds)
    parser.add_argument("--most", type=int, default=Patience().most)
    return parser.parse_args()


def _run(program: Coroutine[Any, Any, None]) -> None:
    # Two descriptors for each request that was let go; the usual soft limit is 1,024.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with suppress(KeyboardInterrupt):
        asyncio.run(program)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    told = _arguments()
    patience = Patience(seconds=told.seconds, most=told.most)
    _run(serve(Holder(told.targets, patience), told.port))
