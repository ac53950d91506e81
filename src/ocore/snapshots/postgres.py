"""Snapshots on one PostgreSQL server, with the filestore beside it as hard links."""

import asyncio
import shutil
from pathlib import Path
from typing import Final

from psycopg import sql

from ocore.artifacts import Snapshot
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit.clock import monotonic_ms
from ocore.kit.databases import (
    Connection,
    connected,
    database_exists,
    drop_database,
    refuse_connections,
)
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import OsUser
from ocore.kit.threads import to_its_end
from ocore.kit.trees import count_files, link_tree
from ocore.snapshots import TableLoss
from ocore.snapshots.comparing import differences, fingerprint, row_counts
from ocore.snapshots.copying import TEMPLATE, Copier, size_of
from ocore.snapshots.dumping import dump, is_whole, restore
from ocore.snapshots.naming import (
    aside_database,
    aside_prefix,
    snapshot_database,
    snapshot_folder,
)

DUMP: Final = "dump"


class PostgresSnapshots:
    """Snapshots as sibling databases (or dumps), under `home.snapshots` and on `server`."""

    def __init__(self, server: PostgresServer, home: Home, odoo_user: OsUser | None) -> None:
        self._server = server
        self._home = home
        self._odoo_user = odoo_user
        self._copier = Copier()

    async def take(self, instance: Instance, snapshot_id: str) -> Snapshot:
        began = monotonic_ms()
        location = snapshot_database(instance.database, snapshot_id)
        async with connected(self._server) as connection:
            strategy = await self._copy(connection, instance, instance.database, location)
            size = await size_of(connection, location)
        await to_its_end(_empty, snapshot_folder(self._home.snapshots, snapshot_id))
        files = await self._link(self._filestore(instance), snapshot_id)
        return Snapshot(
            id=snapshot_id,
            strategy=strategy,
            location=location,
            size_bytes=size,
            files=files,
            duration_ms=monotonic_ms() - began,
            verified=await self._equal(instance.database, location),
        )

    async def take_online(self, instance: Instance, snapshot_id: str) -> Snapshot:
        began = monotonic_ms()
        folder = snapshot_folder(self._home.snapshots, snapshot_id)
        await to_its_end(_empty, folder)
        # Before the dump as well: Odoo may collect a file that the dump still refers to.
        await self._link(self._filestore(instance), snapshot_id)
        await dump(self._server, instance.database, folder)
        files = await self._link(self._filestore(instance), snapshot_id)
        async with connected(self._server) as connection:
            size = await size_of(connection, instance.database)
        return Snapshot(
            id=snapshot_id,
            strategy=DUMP,
            location=str(folder),
            size_bytes=size,
            files=files,
            duration_ms=monotonic_ms() - began,
            verified=True,
        )

    async def copy(self, instance: Instance, snapshot: Snapshot, copy_id: str) -> Snapshot:
        began = monotonic_ms()
        location = snapshot_database(instance.database, copy_id)
        async with connected(self._server) as connection:
            if snapshot.strategy == DUMP:
                strategy = await self._restore(
                    connection, instance, Path(snapshot.location), location
                )
            else:
                await self._demand(connection, snapshot)
                strategy = await self._copy(connection, instance, snapshot.location, location)
        source = snapshot_folder(self._home.snapshots, snapshot.id) / "filestore"
        await to_its_end(_empty, snapshot_folder(self._home.snapshots, copy_id))
        files = await self._link(source, copy_id)
        return Snapshot(
            id=copy_id,
            strategy=strategy,
            location=location,
            size_bytes=snapshot.size_bytes,
            files=files,
            duration_ms=monotonic_ms() - began,
            verified=snapshot.verified and files == snapshot.files,
        )

    async def revert(self, instance: Instance, snapshot: Snapshot) -> None:
        live, aside = instance.database, aside_database(instance.database, snapshot.id)
        async with connected(self._server) as connection:
            if not await database_exists(connection, snapshot.location):
                if await database_exists(connection, aside):
                    return
                raise StepFailed(f"snapshot {snapshot.id} is gone: no database {snapshot.location}")
            await self._forget_older(connection, instance, kept=aside)
            await refuse_connections(connection, live)
            # Files first: the database is what says whether this was done.
            await to_its_end(self._swap_files, instance, snapshot.id)
            async with connection.transaction():
                if await database_exists(connection, live):
                    await _rename(connection, live, aside)
                await _rename(connection, snapshot.location, live)
                await _open(connection, live)

    async def exists(self, snapshot: Snapshot) -> bool:
        if snapshot.strategy == DUMP:
            return is_whole(Path(snapshot.location))
        async with connected(self._server) as connection:
            return await database_exists(connection, snapshot.location)

    async def losses(self, instance: Instance, snapshot: Snapshot) -> tuple[TableLoss, ...] | None:
        if snapshot.strategy == DUMP or not await self.exists(snapshot):
            return None
        async with connected(self._server, instance.database) as connection:
            now = await row_counts(connection)
        async with connected(self._server, snapshot.location) as connection:
            then = await row_counts(connection)
        return tuple(
            TableLoss(table=table, rows=rows) for table, rows in differences(now, then).items()
        )

    async def _copy(
        self, connection: Connection, instance: Instance, source: str, target: str
    ) -> str:
        strategy = await self._copier.copy(connection, source, target, owner=instance.database)
        await _close(connection, target)
        return strategy

    async def _restore(
        self, connection: Connection, instance: Instance, folder: Path, target: str
    ) -> str:
        await drop_database(connection, target)
        await connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 OWNER {}").format(
                sql.Identifier(target), sql.Identifier(instance.database)
            )
        )
        await restore(self._server, folder, target, owner=instance.database)
        await _close(connection, target)
        return TEMPLATE

    async def _demand(self, connection: Connection, snapshot: Snapshot) -> None:
        if not await database_exists(connection, snapshot.location):
            raise StepFailed(f"snapshot {snapshot.id} is gone: no database {snapshot.location}")

    async def _equal(self, original: str, copy: str) -> bool:
        async with connected(self._server, original) as connection:
            expected = await fingerprint(connection)
        async with connected(self._server, copy) as connection:
            return await fingerprint(connection) == expected

    async def _forget_older(self, connection: Connection, instance: Instance, *, kept: str) -> None:
        found = await connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname <> %s",
            [aside_prefix(instance.database), kept],
        )
        for (name,) in await found.fetchall():
            await drop_database(connection, name)

    async def _link(self, source: Path, snapshot_id: str) -> int:
        target = snapshot_folder(self._home.snapshots, snapshot_id) / "filestore"
        await to_its_end(link_tree, source, target, self._odoo_user)
        return await asyncio.to_thread(count_files, target)

    def _swap_files(self, instance: Instance, snapshot_id: str) -> None:
        folder = snapshot_folder(self._home.snapshots, snapshot_id)
        fresh, aside, live = folder / "filestore", folder / "aside", self._filestore(instance)
        if not fresh.exists():
            return
        if live.exists() and not aside.exists():
            live.rename(aside)
        live.parent.mkdir(parents=True, exist_ok=True)
        fresh.rename(live)

    def _filestore(self, instance: Instance) -> Path:
        return self._home.instances / instance.database / "data" / "filestore" / instance.database


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


async def _rename(connection: Connection, old: str, new: str) -> None:
    await connection.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
    )


async def _close(connection: Connection, database: str) -> None:
    """Keep a snapshot's database from everyone but the administrator."""
    name = sql.Identifier(database)
    await connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 0").format(name))
    await connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))


async def _open(connection: Connection, database: str) -> None:
    name = sql.Identifier(database)
    await connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT -1").format(name))
