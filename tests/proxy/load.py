"""Many clients that never stop asking, and what became of each request."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import aiohttp

from tests.proxy.parts import Platform, browser

_PAUSE_SECONDS = 0.01


@dataclass
class Tally:
    """What the clients saw. `posted` are the ids of POSTs that were answered with 200."""

    answered: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    posted: list[str] = field(default_factory=list)
    longest_wait: float = 0.0
    connections: int = 0


@asynccontextmanager
async def clients(platform: Platform, host: str, number: int) -> AsyncIterator[Tally]:
    """Keep this many keep-alive connections busy with GET and POST, in turns, until the end."""
    tally, ids, over = Tally(), count(), asyncio.Event()
    async with browser(platform, host) as session, asyncio.TaskGroup() as group:
        session.trace_configs.append(_count_connections(tally))
        for _ in range(number):
            group.create_task(_client(session, tally, ids, over))
        yield tally
        over.set()


def _count_connections(tally: Tally) -> aiohttp.TraceConfig:
    async def opened(*_: object) -> None:
        tally.connections += 1

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(opened)
    trace.freeze()
    return trace


async def _client(
    session: aiohttp.ClientSession, tally: Tally, ids: "count[int]", over: asyncio.Event
) -> None:
    clock = asyncio.get_running_loop().time
    while not over.is_set():
        order = str(next(ids))
        began = clock()
        try:
            await _ask(session, tally, order)
        except (aiohttp.ClientError, TimeoutError) as failure:
            tally.failures[repr(failure)] += 1
        tally.longest_wait = max(tally.longest_wait, clock() - began)
        await asyncio.sleep(_PAUSE_SECONDS)


async def _ask(session: aiohttp.ClientSession, tally: Tally, order: str) -> None:
    method = "POST" if int(order) % 2 else "GET"
    body = b"x" * 5000 if method == "POST" else None
    async with session.request(method, f"/web?id={order}&seconds=0.02", data=body) as answer:
        await answer.read()
        if answer.status != 200:
            tally.failures[f"{method} {answer.status}"] += 1
            return
        tally.answered += 1
        if method == "POST":
            tally.posted.append(order)
