"""Carries the bytes of one request between a client and a colour, and looks at none but the first.

What it carries may be of any size and take any time: bodies, streamed answers, websockets.
"""

import asyncio
import re
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Final

from ocore.kit.tasks import end_all
from ocore.proxy.turns import Turn

CHUNK: Final = 64 * 1024
_LINGER_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Wire:
    """Both directions of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass(frozen=True, slots=True)
class Exchange:
    """Who asks, who is asked, and what was read of the request until now."""

    client: Wire
    colour: Wire
    request: bytes


async def relay(
    exchange: Exchange,
    turn: Turn,
    watched: AbstractContextManager[None],
    *,
    unless: re.Pattern[bytes] | None = None,
) -> bool:
    """Carry bytes both ways until one side ends; `watched` from the first answer on.

    False when the answer begins with `unless`: the client has heard nothing of it.
    """
    client, colour = exchange.client, exchange.colour
    turn.begin()
    colour.writer.write(exchange.request)
    sending = asyncio.create_task(_send(client, colour))
    try:
        answer = await colour.reader.read(CHUNK)
        if unless is not None and unless.match(answer):
            return False
        client.writer.write(answer)
        turn.answered()
        with watched:
            await _pump(colour.reader, client.writer)
    finally:
        await end_all(sending)
        colour.writer.close()
    await part_with(client)
    return True


async def _send(client: Wire, colour: Wire) -> None:
    # A colour may answer before it has read everything, and close: its answer still counts.
    with suppress(ConnectionError):
        await _pump(client.reader, colour.writer)
        colour.writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(CHUNK):
        sink.write(chunk)
        await sink.drain()


async def part_with(client: Wire) -> None:
    """Let what was written arrive: a close with unread input would reset the connection."""
    with suppress(ConnectionError, TimeoutError):
        client.writer.write_eof()
        async with asyncio.timeout(_LINGER_SECONDS):
            while await client.reader.read(CHUNK):
                pass
