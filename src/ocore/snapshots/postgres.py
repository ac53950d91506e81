"""Snapshots on one PostgreSQL server, with the filestore beside it as hard links."""

import asyncio
import shutil
from pathlib import Path
from typing import Final

import psycopg

from ocore.artifacts import Snapshot
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit import clock
from ocore.kit.clock import monotonic_ms
from ocore.kit.databases import (
    Connection,
    connected,
    database_exists,
    refuse_connections,
    run,
)
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import OsUser
from ocore.kit.threads import to_its_end
from ocore.kit.trees import link_tree
from ocore.snapshots import TableLoss
from ocore.snapshots.comparing import fingerprint, row_counts, rows_since
from ocore.snapshots.copying import TEMPLATE, Copier, size_of
from ocore.snapshots.dumping import create_for, dump, is_whole, restore, rows_of_dump, seal
from ocore.snapshots.files import demand_files, empty, lost, references, sizes_of, write_list
from ocore.snapshots.losing import (
    keep_counters,
    kept_counters,
    losses_between,
    read_counters,
)
from ocore.snapshots.naming import (
    aside_database,
    aside_of,
    snapshot_database,
    snapshot_folder,
)
from ocore.snapshots.properties import close, give, read_properties, reopen

DUMP: Final = "dump"


class PostgresSnapshots:
    """Snapshots as sibling databases (or dumps), under `home.snapshots` and on `server`."""

    def __init__(self, server: PostgresServer, home: Home, odoo_user: OsUser | None) -> None:
        self._server = server
        self._home = home
        self._odoo_user = odoo_user
        self._copier = Copier(server)

    async def ready(self, instance: Instance, snapshot_id: str) -> tuple[str, ...]:
        await to_its_end(empty, self._folder(snapshot_id))
        sizes = await self._link(self._home.filestore(instance.database), snapshot_id)
        async with connected(self._server, instance.database) as connection:
            missing = lost(await references(connection), sizes)
            await _checkpoint(connection)
        return missing

    async def take(self, instance: Instance, snapshot_id: str) -> Snapshot:
        began = monotonic_ms()
        location = snapshot_database(instance.database, snapshot_id)
        linking = asyncio.ensure_future(
            self._link(self._home.filestore(instance.database), snapshot_id)
        )
        try:
            async with connected(self._server) as connection:
                strategy = await self._copy(connection, instance.database, location)
                size = await size_of(connection, location)
        finally:
            files = await linking
        # Side by side: the instance is not serving.
        equal, _ = await asyncio.gather(
            self._equal(instance.database, location), self._keep_counters(instance, snapshot_id)
        )
        return Snapshot(
            id=snapshot_id,
            strategy=strategy,
            location=location,
            size_bytes=size,
            files=len(files),
            verified=equal,
            duration_ms=monotonic_ms() - began,
        )

    async def take_online(self, instance: Instance, snapshot_id: str) -> Snapshot:
        began = monotonic_ms()
        folder = self._folder(snapshot_id)
        # Before the dump as well: Odoo may collect a file that the dump still refers to.
        await self._link(self._home.filestore(instance.database), snapshot_id)
        await self._keep_counters(instance, snapshot_id)
        await dump(self._server, instance.database, folder)
        files = await self._link(self._home.filestore(instance.database), snapshot_id)
        async with connected(self._server) as connection:
            await seal(folder, await read_properties(connection, instance.database))
            size = await size_of(connection, instance.database)
        return Snapshot(
            id=snapshot_id,
            strategy=DUMP,
            location=str(folder),
            size_bytes=size,
            files=len(files),
            duration_ms=monotonic_ms() - began,
            verified=True,
        )

    async def copy(self, instance: Instance, snapshot: Snapshot, copy_id: str) -> Snapshot:
        began = monotonic_ms()
        location = snapshot_database(instance.database, copy_id)
        source = self._folder(snapshot.id)
        await asyncio.to_thread(demand_files, snapshot.id, source)
        async with connected(self._server) as connection:
            strategy = await self._copy_or_restore(connection, snapshot, location)
        await to_its_end(empty, self._folder(copy_id))
        files = await self._link(source / "filestore", copy_id)
        return Snapshot(
            id=copy_id,
            strategy=strategy,
            location=location,
            size_bytes=snapshot.size_bytes,
            files=len(files),
            duration_ms=monotonic_ms() - began,
            verified=snapshot.verified and len(files) == snapshot.files,
        )

    async def revert(self, instance: Instance, snapshot: Snapshot) -> None:
        async with connected(self._server) as connection:
            if await database_exists(connection, snapshot.location):
                await self._put_in_place(connection, instance, snapshot)
            elif not await _was_put_aside(connection, instance.database, snapshot.id):
                raise StepFailed(f"snapshot {snapshot.id} is gone: no database {snapshot.location}")
        # Database and files have moved: what was written down of them is of no use any more.
        await to_its_end(shutil.rmtree, self._folder(snapshot.id), True)  # noqa: FBT003 - ignore_errors

    async def losses(self, instance: Instance, snapshot: Snapshot) -> tuple[TableLoss, ...] | None:
        then = await self._rows_of(snapshot)
        if then is None:
            return None
        began = kept_counters(self._folder(snapshot.id))
        async with connected(self._server, instance.database) as connection:
            present = await read_counters(connection)
            now = await rows_since(connection, began.at if began else None)
        return losses_between(then, now, began=began, present=present)

    async def _put_in_place(
        self, connection: Connection, instance: Instance, snapshot: Snapshot
    ) -> None:
        live = instance.database
        await refuse_connections(connection, live)
        # Files first: the database is what says whether this was done.
        aside = await to_its_end(self._swap_files, instance, snapshot.id)
        async with connection.transaction():
            if await database_exists(connection, live):
                await run(connection, "ALTER DATABASE {} RENAME TO {}", live, aside)
                await close(connection, aside)
            await run(connection, "ALTER DATABASE {} RENAME TO {}", snapshot.location, live)
            await reopen(connection, live)

    async def _rows_of(self, snapshot: Snapshot) -> dict[str, int] | None:
        """Return the rows of a snapshot, from its database or else from its dump."""
        if snapshot.strategy != DUMP:
            async with connected(self._server) as connection:
                there = await database_exists(connection, snapshot.location)
            if there:
                async with connected(self._server, snapshot.location) as connection:
                    return await row_counts(connection)
        return rows_of_dump(self._folder(snapshot.id))

    async def _keep_counters(self, instance: Instance, snapshot_id: str) -> None:
        async with connected(self._server, instance.database) as connection:
            keep_counters(self._folder(snapshot_id), await read_counters(connection))

    async def _copy(self, connection: Connection, source: str, target: str) -> str:
        properties = await read_properties(connection, source)
        strategy = await self._copier.copy(connection, source, target, owner=properties.owner)
        await give(connection, target, properties)
        return strategy

    async def _copy_or_restore(
        self, connection: Connection, snapshot: Snapshot, target: str
    ) -> str:
        if snapshot.strategy != DUMP and await database_exists(connection, snapshot.location):
            return await self._copy(connection, snapshot.location, target)
        folder = self._folder(snapshot.id)
        if not is_whole(folder):
            raise StepFailed(f"snapshot {snapshot.id} is gone: no database {snapshot.location}")
        properties = await create_for(connection, folder, target)
        await restore(self._server, folder, target)
        await give(connection, target, properties)
        return TEMPLATE

    async def _equal(self, original: str, copy: str) -> bool:
        one, other = await asyncio.gather(self._fingerprint(original), self._fingerprint(copy))
        return one == other

    async def _fingerprint(self, database: str) -> tuple[int, int, str | None]:
        async with connected(self._server, database) as connection:
            return await fingerprint(connection)

    async def _link(self, source: Path, snapshot_id: str) -> dict[str, int]:
        """Link what is missing, write down all there is, and return its sizes by name."""
        return await to_its_end(self._link_now, source, self._folder(snapshot_id))

    def _link_now(self, source: Path, folder: Path) -> dict[str, int]:
        target = folder / "filestore"
        link_tree(source, target, self._odoo_user)
        sizes = sizes_of(target)
        write_list(folder, sizes)
        return sizes

    def _swap_files(self, instance: Instance, snapshot_id: str) -> str:
        """Put the files in place, and return the name of what is put aside.

        An earlier try may have got half-way: what it has put aside is not put aside again.
        """
        live = self._home.filestore(instance.database)
        fresh = self._folder(snapshot_id) / "filestore"
        begun = sorted(self._home.snapshots.glob(f"{aside_of(instance.database, snapshot_id)}*"))
        name = begun[0].name if begun else aside_database(live.name, snapshot_id, clock.now())
        aside = self._home.snapshots / name
        if fresh.exists():
            aside.mkdir(parents=True, exist_ok=True)
            if live.exists() and not (aside / "filestore").exists():
                live.rename(aside / "filestore")
            live.parent.mkdir(parents=True, exist_ok=True)
            fresh.rename(live)
        return name

    def _folder(self, snapshot_id: str) -> Path:
        return snapshot_folder(self._home.snapshots, snapshot_id)


async def _was_put_aside(connection: Connection, live: str, snapshot_id: str) -> bool:
    found = await connection.execute(
        "SELECT 1 FROM pg_database WHERE starts_with(datname, %s)", [aside_of(live, snapshot_id)]
    )
    return await found.fetchone() is not None


async def _checkpoint(connection: Connection) -> None:
    """Write what is dirty now: a copy of files within the window waits for two checkpoints."""
    try:
        await connection.execute("CHECKPOINT")
    except psycopg.errors.InsufficientPrivilege:
        return
