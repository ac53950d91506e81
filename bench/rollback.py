"""The way back after a failed update, against restoring a dump, on two file systems and two sizes.

Data restored is the moment from «go back» to a database that takes connections; then Odoo starts.
`SIZE=2G make bench NAME=rollback` compares 2 GiB with a tenth of it; 200M by default.
"""

import asyncio
import statistics
import time
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from bench.filled import Filled, filled, wanted_bytes
from bench.rivals import Rivals
from ocore.artifacts import Colour
from ocore.kit.databases import connected

AIM: Final = "pg_restore / restored: at least 200; restored at SIZE / at a tenth: at most 1.5"
_ROUNDS: Final = 9
_START_SECONDS: Final = 120


def run() -> dict[str, object]:
    return asyncio.run(_run(wanted_bytes()))


async def _run(size: int) -> dict[str, object]:
    found = {}
    for kind in ("xfs", "ext4"):
        async with filled(kind, size // 10, room_for=size) as ground:
            found[kind] = await _measured(ground, size)
    return {
        "name": "rollback",
        "ratio": found["xfs"]["pg_restore_per_restored"],
        "ratio_ext4": found["ext4"]["pg_restore_per_restored"],
        "aim": AIM,
        "rounds": _ROUNDS,
        **found,
    }


async def _measured(ground: Filled, size: int) -> Mapping[str, Any]:
    rivals = await Rivals.beside(ground)
    small, _ = await _reverts(ground, "small")
    await ground.forget()
    await ground.fill(size)
    large, copied = await _reverts(ground, "large")
    await ground.forget()
    login = await _until_login(ground)
    await rivals.pg_dump()
    await rivals.backupdb()
    pg_restore, restoredb = await rivals.pg_restore(), await rivals.restoredb()
    return {
        "restored_s": round(large, 4),
        "restored_at_a_tenth_s": round(small, 4),
        "growth": round(large / small, 2),
        "prepared_while_serving_s": round(copied, 3),
        "login_page_s": round(login, 2),
        "restored_and_login_page_s": round(large + login, 2),
        "pg_restore_s": round(pg_restore, 2),
        "click_odoo_restoredb_s": round(restoredb, 2),
        "pg_restore_per_restored": round(pg_restore / large, 1),
    }


async def _reverts(ground: Filled, label: str) -> tuple[float, float]:
    """Return the median seconds of putting a copy in place, and of making that copy."""
    snapshots, instance = ground.snapshots, ground.instance
    taken = await snapshots.take(instance, label)
    reverted, copied = [], []
    for number in range(_ROUNDS):
        begun = time.monotonic()
        copy = await snapshots.copy(instance, taken, f"{label}-{number}")
        made = time.monotonic()
        await snapshots.revert(instance, copy)
        async with connected(ground.site.host.server, instance.database) as connection:
            await connection.execute("SELECT 1")
        reverted.append(time.monotonic() - made)
        copied.append(made - begun)
    return statistics.median(reverted), statistics.median(copied)


async def _until_login(ground: Filled) -> float:
    process = await ground.site.launch()
    try:
        begun = time.monotonic()
        runtime = ground.site.runtime
        endpoint = await runtime.start(ground.instance, ground.image, Colour.BLUE)
        await _login_page(f"http://{endpoint.host}:{endpoint.http_port}/web/login")
        seconds = time.monotonic() - begun
        await runtime.halt(ground.instance)
    finally:
        await ground.site.supervisor.shutdown()
        process.wait(30)
    return seconds


async def _login_page(url: str) -> None:
    async with asyncio.timeout(_START_SECONDS), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url, allow_redirects=False) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
