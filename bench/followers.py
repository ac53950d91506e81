"""Followers of one deployment, in a process of their own: when did each event reach each of them?

`python -m bench.followers URL TOKEN COUNT`: prints `ready` when all are connected, and after the
last event one JSON line with the arrivals, `{"<seq>": [CLOCK_MONOTONIC in ns, …]}`.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict

import aiohttp


async def _follow(
    http: aiohttp.ClientSession, url: str, arrivals: dict[str, list[int]], ready: asyncio.Barrier
) -> None:
    waiting = True
    async with http.get(url) as response:
        assert response.status == 200, await response.text()
        async for line in response.content:
            now = time.monotonic_ns()
            if line.startswith(b"id: "):
                arrivals[line[4:].split(b"-")[0].decode()].append(now)
                if waiting:
                    # The first event was there before anybody came: it only says "connected".
                    waiting = False
                    await ready.wait()


async def _main(url: str, token: str, count: int) -> None:
    arrivals: dict[str, list[int]] = defaultdict(list)
    ready = asyncio.Barrier(count + 1)
    endless = aiohttp.ClientTimeout(total=None, sock_read=60)
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=connector, headers=headers, timeout=endless) as http,
        asyncio.TaskGroup() as followers,
    ):
        for _ in range(count):
            followers.create_task(_follow(http, url, arrivals, ready))
        await ready.wait()
        print("ready", flush=True)
    print(json.dumps(arrivals))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
