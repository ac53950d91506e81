"""What is to be sent off-site, in all organizations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from ocore.environments import Instance
from ocore.snapshots.offsite import Stored
from ocore.snapshots.records import SnapshotRecord
from ocore.storage.codec import instance_from
from ocore.storage.database import EVERY_ORGANIZATION, Connection, Pool, load_queries, transaction
from ocore.storage.snapshots import record_from, settings_from

_QUERIES: Final = load_queries("errands")


class PostgresErrands:
    """Snapshots on their way off-site. One process of all has them, held by its connection."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        # A lock of the session: it ends with whoever holds it, at once and without a deadline.
        async with self._pool.connection() as connection:
            row = await _one(connection, "alone")
            mine = row is not None and bool(row[0])
            try:
                yield mine
            finally:
                if mine and not connection.closed:
                    await connection.execute(_QUERIES["let_go"])

    async def waiting(self) -> AsyncIterator[tuple[SnapshotRecord, Instance]]:
        seen: list[str] = []
        while found := await self._next(seen):
            seen.append(found[0].id)
            yield found

    async def stored(self, snapshot_id: str) -> None:
        await self._write("stored", id=snapshot_id)

    async def again(self, snapshot_id: str, *, seconds: float, message: str) -> None:
        await self._write("again", id=snapshot_id, seconds=seconds, message=message)

    async def removed(self, snapshot_id: str) -> None:
        await self._write("removed", id=snapshot_id)

    async def survey(self) -> tuple[Stored, ...]:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            found = await connection.execute(_QUERIES["surveyed"])
            return tuple(
                [
                    await _stored(connection, instance_from(record), settings)
                    for record, settings in await found.fetchall()
                ]
            )

    async def _next(self, seen: list[str]) -> tuple[SnapshotRecord, Instance] | None:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            row = await _one(connection, "next", seen=seen)
            if row is None:
                return None
            record = record_from(row)
            found = await _one(connection, "instance", instance=record.instance_id)
        if found is None:
            raise LookupError(record.instance_id)
        return record, instance_from(found[0])

    async def _write(self, query: str, **values: Any) -> None:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            await connection.execute(_QUERIES[query], values)


async def _stored(connection: Connection, instance: Instance, settings: Any) -> Stored:
    found = await connection.execute(_QUERIES["of_instance"], {"instance": instance.id})
    return Stored(
        instance=instance,
        settings=settings_from(settings),
        records=tuple(record_from(row) for row in await found.fetchall()),
    )


async def _one(connection: Connection, name: str, **values: Any) -> tuple[Any, ...] | None:
    return await (await connection.execute(_QUERIES[name], values)).fetchone()
