"""What has been kept of instances: looked at, measured and thrown away."""

import asyncio
import shutil
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from ocore.artifacts import Snapshot
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit.databases import Connection, connected, database_exists, drop_database
from ocore.kit.postgres import PostgresServer
from ocore.kit.threads import to_its_end
from ocore.snapshots import Room
from ocore.snapshots.copying import CLONE, TEMPLATE, can_clone, free_bytes, size_of
from ocore.snapshots.dumping import create_for, dump, is_whole, prove, seal
from ocore.snapshots.files import (
    changed_files,
    demand_files,
    lost,
    references,
    sizes_in,
    sizes_of,
)
from ocore.snapshots.naming import (
    aside_prefix,
    is_aside,
    is_copy,
    owner_of,
    put_aside_at,
    scratch_database,
    snapshot_database,
    snapshot_folder,
)
from ocore.snapshots.postgres import DUMP
from ocore.snapshots.properties import read_properties


class PostgresShelf:
    """The databases and folders of snapshots, under `home.snapshots` and on `server`."""

    def __init__(self, server: PostgresServer, home: Home) -> None:
        self._server = server
        self._home = home

    async def exists(self, snapshot: Snapshot) -> bool:
        if is_whole(snapshot_folder(self._home.snapshots, snapshot.id)):
            return True
        if snapshot.strategy == DUMP:
            return False
        async with connected(self._server) as connection:
            return await database_exists(connection, snapshot.location)

    async def lost(self, instance: Instance) -> tuple[str, ...]:
        """Return the files that attachments of an instance are in, and that are not there.

        None where it has no database yet, or its files are on another machine.
        """
        tree = self._home.filestore(instance.database)
        async with connected(self._server) as connection:
            if not tree.is_dir() or not await database_exists(connection, instance.database):
                return ()
        async with connected(self._server, instance.database) as connection:
            wanted = await references(connection)
        return lost(wanted, await to_its_end(sizes_in, tree, wanted))

    async def remove(self, snapshot: Snapshot) -> None:
        if snapshot.strategy != DUMP:
            async with connected(self._server) as connection:
                await drop_database(connection, snapshot.location)
        folder = snapshot_folder(self._home.snapshots, snapshot.id)
        await to_its_end(shutil.rmtree, folder, True)  # noqa: FBT003 - ignore_errors

    async def prove(self, instance: Instance, snapshot: Snapshot) -> None:
        folder = snapshot_folder(self._home.snapshots, snapshot.id)
        await asyncio.to_thread(demand_files, snapshot.id, folder)
        changed = await changed_files(folder / "filestore")
        if changed:
            raise StepFailed(f"{folder / 'filestore' / changed[0]} is not what its name says")
        if not is_whole(folder):
            await self._dump(snapshot, folder)
        scratch = scratch_database(instance.database, snapshot.id)
        async with connected(self._server) as connection:
            try:
                await create_for(connection, folder, scratch)
                await prove(self._server, folder, scratch)
            finally:
                await drop_database(connection, scratch)

    async def _dump(self, snapshot: Snapshot, folder: Path) -> None:
        await dump(self._server, snapshot.location, folder, jobs=1)
        async with connected(self._server) as connection:
            await seal(folder, await read_properties(connection, snapshot.location))

    async def copies(self, instance: Instance) -> tuple[str, ...]:
        async with connected(self._server) as connection:
            names = await _names(connection, f"{instance.database}__")
        return tuple(name for name in names if is_copy(instance.database, name))

    async def forget(self, instance: Instance, databases: Collection[str]) -> None:
        async with connected(self._server) as connection:
            for name in databases:
                await drop_database(connection, name)
        for folder in sorted(self._home.snapshots.glob("*")):
            if snapshot_database(instance.database, folder.name) in databases:
                await to_its_end(shutil.rmtree, folder, True)  # noqa: FBT003 - ignore_errors

    async def clear_aside(self, instance: Instance, *, before: datetime) -> tuple[str, ...]:
        async with connected(self._server) as connection:
            names = await _names(connection, aside_prefix(instance.database))
            aside = [name for name in names if is_aside(instance.database, name)]
            old = tuple(name for name in aside if put_aside_at(name) < before)
            for name in old:
                await drop_database(connection, name)
        # Also the files of what an administrator has dropped or renamed by hand.
        for folder in sorted(self._home.snapshots.glob(f"{aside_prefix(instance.database)}*")):
            if is_aside(instance.database, folder.name) and put_aside_at(folder.name) < before:
                await to_its_end(shutil.rmtree, folder, True)  # noqa: FBT003 - ignore_errors
        return old

    async def clear_folders(self, *, known: Collection[str], before: datetime) -> tuple[str, ...]:
        old = tuple(
            folder
            for folder in sorted(self._home.snapshots.glob("*"))
            if (owner := owner_of(folder.name)) is not None
            and owner not in known
            and folder.stat().st_mtime < before.timestamp()
        )
        for folder in old:
            await to_its_end(shutil.rmtree, folder, True)  # noqa: FBT003 - ignore_errors
        return tuple(folder.name for folder in old)

    async def room(self, instance: Instance) -> Room:
        async with connected(self._server) as connection:
            clones = await can_clone(connection)
            database = await size_of(connection, instance.database)
            free = await free_bytes(connection)
        return Room(
            strategy=CLONE if clones else TEMPLATE,
            database=database,
            needed=0 if clones else database,
            free=free,
        )

    async def file_bytes(self, instance: Instance) -> int:
        sizes = await asyncio.to_thread(sizes_of, self._home.filestore(instance.database))
        return sum(sizes.values())


async def _names(connection: Connection, prefix: str) -> list[str]:
    found = await connection.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY datname", [prefix]
    )
    return [row[0] for row in await found.fetchall()]
