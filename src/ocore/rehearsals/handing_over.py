"""A stand-in becomes a copy of its instance: what was made harmless may be put in place."""

import shutil
from pathlib import Path

from ocore.artifacts import Snapshot
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.kit.clock import monotonic_ms
from ocore.kit.databases import connected, drop_database, run, send_away
from ocore.kit.postgres import PostgresServer
from ocore.kit.threads import to_its_end
from ocore.rehearsals import stand_in
from ocore.snapshots.copying import TEMPLATE, size_of
from ocore.snapshots.files import empty, sizes_of, write_list
from ocore.snapshots.naming import snapshot_database, snapshot_folder
from ocore.snapshots.properties import give, read_properties


async def hand_over(
    server: PostgresServer, home: Home, instance: Instance, copy_id: str
) -> Snapshot:
    """Give the stand-in's database and files to its instance, under the names of a copy."""
    began = monotonic_ms()
    name, location = stand_in(instance).database, snapshot_database(instance.database, copy_id)
    async with connected(server) as connection:
        await send_away(connection, name)
        await _give_contents(server, name, instance.database)
        await drop_database(connection, location)
        await run(connection, "ALTER DATABASE {} RENAME TO {}", name, location)
        await run(connection, "ALTER DATABASE {} OWNER TO {}", location, instance.database)
        await run(connection, "DROP ROLE {}", name)
        properties = await read_properties(connection, instance.database)
        await give(connection, location, properties)
        size = await size_of(connection, location)
    folder = snapshot_folder(home.snapshots, copy_id)
    files = await to_its_end(_move_files, home.filestore(name), folder)
    return Snapshot(
        id=copy_id,
        strategy=TEMPLATE,
        location=location,
        size_bytes=size,
        files=files,
        duration_ms=monotonic_ms() - began,
        verified=True,
    )


async def _give_contents(server: PostgresServer, name: str, owner: str) -> None:
    # The stand-in's role owns nothing but this database: what is moved is in here, all of it.
    async with connected(server, name) as inside:
        await run(inside, "REASSIGN OWNED BY {} TO {}", name, owner)
        await run(inside, "DROP OWNED BY {}", name)


def _move_files(source: Path, folder: Path) -> int:
    empty(folder)
    if source.exists():
        shutil.move(source, folder / "filestore")
    sizes = sizes_of(folder / "filestore")
    write_list(folder, sizes)
    return len(sizes)
