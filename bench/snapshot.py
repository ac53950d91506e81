"""A snapshot inside the update window, against a dump by the usual tools, on two file systems.

`SIZE=2G make bench NAME=snapshot` for a database of that size; 200M by default.
"""

import asyncio
import statistics
from collections.abc import Mapping
from typing import Any, Final

from bench.filled import Filled, filled, wanted_bytes
from bench.rivals import Rivals
from ocore.artifacts import Snapshot
from ocore.kit.databases import connected
from ocore.snapshots.copying import size_of
from tests.disks import used_bytes

AIM: Final = "pg_dump / window: at least 50 on xfs, at least 2 on ext4"
_ROUNDS: Final = 3


def run() -> dict[str, object]:
    return asyncio.run(_run(wanted_bytes()))


async def _run(size: int) -> dict[str, object]:
    found = {}
    for kind in ("xfs", "ext4"):
        async with filled(kind, size) as ground:
            found[kind] = await _measured(ground)
    return {
        "name": "snapshot",
        "ratio": found["xfs"]["pg_dump_per_window"],
        "ratio_ext4": found["ext4"]["pg_dump_per_window"],
        "aim": AIM,
        "rounds": _ROUNDS,
        **found,
    }


async def _taken(ground: Filled, snapshot_id: str) -> Snapshot:
    """Take one as a deployment does: all that can be done before the window is done before."""
    await ground.snapshots.ready(ground.instance, snapshot_id)
    return await ground.snapshots.take(ground.instance, snapshot_id)


async def _measured(ground: Filled) -> Mapping[str, Any]:
    rivals, server = await Rivals.beside(ground), ground.site.host.server
    empty = used_bytes(ground.disk)
    taken = [await _taken(ground, f"s{number}") for number in range(_ROUNDS)]
    assert all(each.verified for each in taken)
    per_snapshot = (used_bytes(ground.disk) - empty) / _ROUNDS
    window = statistics.median(each.duration_ms for each in taken) / 1000
    online = await ground.snapshots.take_online(ground.instance, "online")
    pg_dump, backupdb = await rivals.pg_dump(), await rivals.backupdb()
    async with connected(server) as connection:
        size = await size_of(connection, ground.instance.database)
    return {
        "strategy": taken[0].strategy,
        "database_mib": round(size / 1024**2),
        "files": taken[0].files,
        "window_s": round(window, 3),
        "windows_s": [each.duration_ms / 1000 for each in taken],
        "disk_per_snapshot_mib": round(per_snapshot / 1024**2, 1),
        "online_dump_s": round(online.duration_ms / 1000, 2),
        "pg_dump_s": round(pg_dump, 2),
        "click_odoo_backupdb_s": round(backupdb, 2),
        "pg_dump_per_window": round(pg_dump / window, 1),
    }
