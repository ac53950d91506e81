"""The record of snapshots, for doors and for workers."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ocore.artifacts import Snapshot
from ocore.errors import Conflict, NotFound
from ocore.snapshots.records import (
    OffsiteStatus,
    Proof,
    SnapshotReason,
    SnapshotRecord,
    SnapshotSettings,
    SnapshotStatus,
)
from ocore.storage.audit import audit
from ocore.storage.codec import live_from, to_json
from ocore.storage.database import Connection, Pool, load_queries, transaction

_QUERIES: Final = load_queries("snapshots")
_BUSY: Final = frozenset({SnapshotStatus.CREATING, SnapshotStatus.DELETING, SnapshotStatus.DELETED})


class TenantCatalogue:
    """Snapshots of one organization; row-level security keeps others out of sight."""

    def __init__(self, pool: Pool, organization_id: str) -> None:
        self._pool = pool
        self._organization = organization_id

    async def settings(self, instance_id: str) -> SnapshotSettings:
        async with transaction(self._pool, self._organization) as connection:
            return await _settings(connection, instance_id)

    async def change_settings(
        self, instance_id: str, settings: SnapshotSettings, *, by: str
    ) -> None:
        async with transaction(self._pool, self._organization) as connection:
            await _settings(connection, instance_id)
            values = {
                "instance": instance_id,
                "organization": self._organization,
                "settings": to_json(settings),
            }
            await connection.execute(_QUERIES["change_settings"], values)
            await audit(
                connection, self._organization, "snapshot.settings_updated", instance_id, by=by
            )

    async def page(
        self, instance_id: str, *, limit: int, offset: int
    ) -> tuple[tuple[SnapshotRecord, ...], int]:
        async with transaction(self._pool, self._organization) as connection:
            await _settings(connection, instance_id)
            counted = await _one(connection, "count", instance=instance_id)
            values = {"instance": instance_id, "limit": limit, "offset": offset}
            found = await connection.execute(_QUERIES["page"], values)
            rows = await found.fetchall()
        return tuple(record_from(row) for row in rows), counted[0] if counted else 0

    async def snapshot(self, instance_id: str, snapshot_id: str) -> SnapshotRecord:
        async with transaction(self._pool, self._organization) as connection:
            return await _snapshot(connection, instance_id, snapshot_id)

    async def ask(self, record: SnapshotRecord, *, by: str) -> SnapshotRecord:
        async with transaction(self._pool, self._organization) as connection:
            live = await _lock(connection, record.instance_id)
            if live is None:
                raise Conflict(
                    "nothing was ever live in this environment: there is nothing to keep",
                    code="environment_empty",
                )
            values = {
                "id": record.id,
                "organization": self._organization,
                "instance": record.instance_id,
                "reason": record.reason,
                "live": msgspec.json.encode(live).decode(),
                "at": record.created_at,
            }
            await connection.execute(_QUERIES["ask"], values)
            await audit(connection, self._organization, "snapshot.requested", record.id, by=by)
            await connection.execute(_QUERIES["notify"], {"id": record.id})
            return await _snapshot(connection, record.instance_id, record.id)

    async def pin(
        self, instance_id: str, snapshot_id: str, *, pinned: bool, by: str
    ) -> SnapshotRecord:
        async with transaction(self._pool, self._organization) as connection:
            await _lock(connection, instance_id)
            record = await _snapshot(connection, instance_id, snapshot_id)
            if pinned:
                await _demand_pinnable(connection, record)
            await connection.execute(_QUERIES["pin"], {"id": snapshot_id, "pinned": pinned})
            action = "snapshot.pinned" if pinned else "snapshot.unpinned"
            await audit(connection, self._organization, action, snapshot_id, by=by)
            return await _snapshot(connection, instance_id, snapshot_id)

    async def discard(self, instance_id: str, snapshot_id: str, *, by: str) -> SnapshotRecord:
        async with transaction(self._pool, self._organization) as connection:
            await _lock(connection, instance_id)
            record = await _snapshot(connection, instance_id, snapshot_id)
            await _demand_deletable(connection, record)
            await connection.execute(_QUERIES["discard"], {"id": snapshot_id})
            await audit(connection, self._organization, "snapshot.deleted", snapshot_id, by=by)
            await connection.execute(_QUERIES["notify"], {"id": snapshot_id})
            return await _snapshot(connection, instance_id, snapshot_id)


async def keep_snapshot(connection: Connection, deployment_id: str, record: SnapshotRecord) -> None:
    """Write down what a deployment has taken, in the transaction of its journal's line."""
    values = {
        "id": record.id,
        "deployment": deployment_id,
        "reason": record.reason,
        "live": None if record.live is None else to_json(record.live),
        "snapshot": to_json(record.snapshot),
        "at": record.completed_at,
    }
    await connection.execute(_QUERIES["keep"], values)


async def use_up_snapshot(connection: Connection, snapshot_id: str, *, message: str) -> None:
    """Note that a snapshot took the place of its database."""
    await connection.execute(_QUERIES["use_up"], {"id": snapshot_id, "message": message})


async def available_snapshots(connection: Connection, instance_id: str) -> frozenset[str]:
    """Return the ids of what an instance could be taken back to."""
    found = await connection.execute(_QUERIES["available"], {"instance": instance_id})
    return frozenset(str(row[0]) for row in await found.fetchall())


async def _settings(connection: Connection, instance_id: str) -> SnapshotSettings:
    row = await _one(connection, "settings", instance=instance_id)
    if row is None:
        raise no_environment(instance_id)
    return settings_from(row[0])


async def _lock(connection: Connection, instance_id: str) -> Mapping[str, Any] | None:
    """Let one change at a time through, and return what is live."""
    row = await _one(connection, "lock_instance", instance=instance_id)
    if row is None:
        raise no_environment(instance_id)
    live: Mapping[str, Any] | None = row[1]
    return live


async def _snapshot(connection: Connection, instance_id: str, snapshot_id: str) -> SnapshotRecord:
    row = await _one(connection, "one", id=snapshot_id, instance=instance_id)
    if row is None:
        await _settings(connection, instance_id)
        raise NotFound(f"the environment has no snapshot {snapshot_id}", code="snapshot_not_found")
    return record_from(row)


async def _demand_pinnable(connection: Connection, record: SnapshotRecord) -> None:
    if record.status is not SnapshotStatus.AVAILABLE:
        raise Conflict(f"the snapshot is {record.status}", code="snapshot_not_available")
    most = (await _settings(connection, record.instance_id)).max_pinned
    pinned = await _one(connection, "pinned", instance=record.instance_id, id=record.id)
    if pinned is not None and pinned[0] >= most:
        raise Conflict(
            f"{pinned[0]} snapshots are pinned, and maxPinned is {most}: unpin one first",
            code="too_many_pinned",
        )


async def _demand_deletable(connection: Connection, record: SnapshotRecord) -> None:
    if record.pinned:
        raise Conflict("the snapshot is pinned: unpin it first", code="snapshot_pinned")
    if record.status in _BUSY:
        raise Conflict(f"the snapshot is {record.status}", code="snapshot_busy")
    wanted = await _one(connection, "wanted_back", id=record.id)
    if wanted is not None:
        raise Conflict(f"deployment {wanted[0]} goes back to it", code="snapshot_needed")


def no_environment(instance_id: str) -> NotFound:
    return NotFound(f"there is no environment {instance_id}", code="environment_not_found")


def settings_from(record: Any) -> SnapshotSettings:
    return SnapshotSettings() if record is None else msgspec.convert(record, SnapshotSettings)


def record_from(row: tuple[Any, ...]) -> SnapshotRecord:
    id_, instance, deployment, status, reason, pinned, live, snapshot, message, *rest = row
    return SnapshotRecord(
        id=str(id_),
        instance_id=str(instance),
        deployment_id=None if deployment is None else str(deployment),
        status=SnapshotStatus(status),
        reason=SnapshotReason(reason),
        pinned=pinned,
        live=None if live is None else live_from(live),
        snapshot=None if snapshot is None else msgspec.convert(snapshot, Snapshot),
        message=message,
        created_at=rest[0],
        completed_at=rest[1],
        proof=Proof(rest[2]),
        offsite=OffsiteStatus(rest[3]),
        offsite_message=rest[4],
    )


async def _one(connection: Connection, name: str, **values: Any) -> tuple[Any, ...] | None:
    return await (await connection.execute(_QUERIES[name], values)).fetchone()
