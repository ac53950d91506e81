"""Delay from the commit of a step to 500 followers of its deployment, 99th percentile.

The API is `ocore serve` on the loopback over a real PostgreSQL; the followers are HTTP clients in
another process, and steps are written as a worker writes them. One clock for all: CLOCK_MONOTONIC.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bench.records import Ground, ground
from ocore.cli.client import ApiProblem, Client
from ocore.cli.credentials import Session
from ocore.cli.follow import address
from ocore.deployments.ledger import Lease
from ocore.deployments.model import Entry, Result, Status
from ocore.deployments.pipeline import FLOW
from ocore.kit import clock
from tests.ports import free_port
from tests.storage.records import ending

AIM: Final = "ratio of at most 1: p99 within 250 ms"
_AIM_MS: Final = 250
_FOLLOWERS: Final = 500
_STEPS: Final = 60
_WARM_UP: Final = 5
_PAUSE_SECONDS: Final = 0.5


def run() -> dict[str, object]:
    return asyncio.run(_run())


async def _run() -> dict[str, object]:
    async with ground() as here, _serving(here) as api_url:
        deployment = await here.records.ask()
        ledger = here.records.ledger(lease_seconds=600)
        lease = await ledger.claim("bench")
        assert lease is not None
        await ledger.append(lease, _entry(0))
        view = {"projectId": deployment.project.id, "id": deployment.id}
        url = f"{api_url}{address(view)}/logs"
        arrivals = await _followed(here, lease, url)
    return _figures(*arrivals)


@asynccontextmanager
async def _serving(here: Ground) -> AsyncIterator[str]:
    """Run the API as `ocore up` does, and give its address."""
    port = free_port()
    conninfo = here.settings.database_url or ""
    environment = {
        **os.environ,
        "OCORE_HOME": str(here.settings.home.root),
        "OCORE_DATABASE_URL": conninfo,
        "OCORE_API_PORT": str(port),
    }
    argv = [sys.executable, "-m", "ocore", "serve"]
    process = await asyncio.create_subprocess_exec(*argv, env=environment)
    api_url = f"http://127.0.0.1:{port}/api"
    try:
        await _answering(api_url)
        yield api_url
    finally:
        process.terminate()
        await process.wait()


async def _answering(api_url: str) -> None:
    async with asyncio.timeout(30), Client(Session(api_url=api_url)) as client:
        while True:
            try:
                await client.get("/health")
            except ApiProblem:
                await asyncio.sleep(0.1)
            else:
                return


async def _followed(
    here: Ground, lease: Lease, url: str
) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Return when each event was committed, and when it reached each follower, in nanoseconds."""
    argv = [sys.executable, "-m", "bench.followers", url, here.token(), str(_FOLLOWERS)]
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"ready\n"
        committed = await _work(here, lease)
        arrivals = json.loads(await process.stdout.read())
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    return committed, {int(seq): times for seq, times in arrivals.items()}


async def _work(here: Ground, lease: Lease) -> dict[int, int]:
    """Write steps as a worker does: the end of one and, at once, the beginning of the next."""
    ledger, committed = here.records.ledger(lease_seconds=600), {}
    for number in range(1, _STEPS + 1):
        if number % 2:
            await asyncio.sleep(_PAUSE_SECONDS)
        await ledger.append(lease, _entry(number))
        committed[number + 1] = time.monotonic_ns()
    await ledger.close(lease, ending(Status.FAILED))
    return committed


def _entry(number: int) -> Entry:
    ended = number % 2 == 1
    return Entry(
        step=FLOW[number // 2 % len(FLOW)],
        result=Result.SUCCEEDED if ended else Result.RUNNING,
        at=clock.now(),
        attempt=1,
        detail="1 modules at their new version: library_loans" if ended else None,
    )


def _figures(committed: dict[int, int], arrivals: dict[int, list[int]]) -> dict[str, object]:
    delays = []
    for seq, moment in list(committed.items())[_WARM_UP:]:
        assert len(arrivals[seq]) == _FOLLOWERS, "each event reaches each follower once"
        delays += [(arrival - moment) / 1e6 for arrival in arrivals[seq]]
    percentiles = statistics.quantiles(delays, n=100)
    return {
        "name": "sse",
        "ratio": round(percentiles[98] / _AIM_MS, 3),
        "aim": AIM,
        "p99_ms": round(percentiles[98], 1),
        "median_ms": round(percentiles[49], 1),
        "slowest_ms": round(max(delays), 1),
        "followers": _FOLLOWERS,
        "events": len(delays) // _FOLLOWERS,
    }
