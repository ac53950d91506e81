"""What workers do about snapshots, in all organizations."""

from typing import Any, Final

from ocore.artifacts import Snapshot
from ocore.environments import Instance
from ocore.snapshots.records import (
    PROOF_WAITS,
    Chore,
    Kept,
    Proof,
    SnapshotSettings,
    SnapshotStatus,
)
from ocore.storage.codec import instance_from, to_json
from ocore.storage.database import EVERY_ORGANIZATION, Connection, Pool, load_queries, transaction
from ocore.storage.snapshots import record_from, settings_from

_QUERIES: Final = load_queries("snapshots")
_PATIENCE: Final = {"patience": PROOF_WAITS}


class PostgresChores:
    """Snapshots to take and to delete, in all organizations."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, worker: str, *, seconds: float) -> Chore | None:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            row = await _one(connection, "claim", worker=worker, seconds=seconds, **_PATIENCE)
            if row is None:
                return None
            record = record_from(row[:-1])
            found = await _one(connection, "instance", instance=record.instance_id)
        if found is None:
            raise LookupError(record.instance_id)
        return Chore(
            record=record, instance=instance_from(found[0]), worker=worker, attempts=row[-1]
        )

    async def renew(self, chore: Chore, *, seconds: float) -> bool:
        values = {"id": chore.record.id, "worker": chore.worker, "seconds": seconds}
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            return await _one(connection, "renew", **values) is not None

    async def finish(
        self,
        chore: Chore,
        status: SnapshotStatus,
        *,
        snapshot: Snapshot | None,
        message: str | None,
    ) -> bool:
        values = {
            "id": chore.record.id,
            "worker": chore.worker,
            "status": status,
            "snapshot": None if snapshot is None else to_json(snapshot),
            "message": message,
        }
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            return await _one(connection, "finish", **values) is not None

    async def proven(self, chore: Chore, proof: Proof, *, message: str | None) -> None:
        values = {"id": chore.record.id, "worker": chore.worker, "proof": proof, "message": message}
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            await connection.execute(_QUERIES["proven"], values)

    async def in_the_way(self, chore: Chore) -> bool:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            row = await _one(connection, "in_the_way", id=chore.record.id, **_PATIENCE)
        return row is not None

    async def put_back(self, chore: Chore) -> None:
        values = {"id": chore.record.id, "worker": chore.worker}
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            await connection.execute(_QUERIES["put_back"], values)

    async def again(self, chore: Chore, *, seconds: float, message: str) -> None:
        values = {
            "id": chore.record.id,
            "worker": chore.worker,
            "seconds": seconds,
            "message": message,
        }
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            await connection.execute(_QUERIES["again"], values)

    async def settings_of(self, instance: Instance) -> SnapshotSettings:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            row = await _one(connection, "settings", instance=instance.id)
        return settings_from(row[0] if row else None)

    async def survey(self) -> tuple[Kept, ...]:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            found = await connection.execute(_QUERIES["every_instance"])
            return tuple(
                [
                    await _kept(connection, instance_from(record), settings)
                    for record, settings in await found.fetchall()
                ]
            )

    async def mark(self, snapshot_id: str, status: SnapshotStatus, *, message: str) -> None:
        values = {"id": snapshot_id, "message": message}
        query = "discard" if status is SnapshotStatus.DELETING else "missing"
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            await connection.execute(_QUERIES[query], values)


async def _kept(connection: Connection, instance: Instance, settings: Any) -> Kept:
    values = {"instance": instance.id}
    records = await connection.execute(_QUERIES["of_instance"], values)
    kept = tuple(record_from(row) for row in await records.fetchall())
    at_work = await connection.execute(_QUERIES["targets_at_work"], values)
    chores = await connection.execute(_QUERIES["at_work"], values)
    needed = {str(row[0]) for row in await at_work.fetchall() if row[0] is not None}
    live = await _one(connection, "instance", instance=instance.id)
    if live is not None and live[1] is not None:
        # The snapshot of a deployment holds its predecessor's data, and has the deployment's id.
        needed.add(live[1]["deployment_id"])
    return Kept(
        instance=instance,
        settings=settings_from(settings),
        records=kept,
        needed=frozenset(needed),
        busy=await chores.fetchone() is not None,
    )


async def _one(connection: Connection, name: str, **values: Any) -> tuple[Any, ...] | None:
    return await (await connection.execute(_QUERIES[name], values)).fetchone()
