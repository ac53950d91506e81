"""The worker's side of the records: claims, journal, endings. Every write names its lease."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from ocore.deployments.ledger import Ending, Lease
from ocore.deployments.model import Deployment, Entry, Status, Trigger
from ocore.deployments.pipeline import Hold
from ocore.deployments.products import Reverted, Snapped
from ocore.deployments.verdict import waiting_message
from ocore.environments import Live
from ocore.errors import LeaseLost
from ocore.snapshots.records import SnapshotReason, SnapshotRecord, SnapshotStatus
from ocore.storage.codec import (
    blocked_event,
    complete_event,
    deployment_json,
    entry_json,
    live_from,
    step_event,
    to_json,
    view_json,
)
from ocore.storage.database import EVERY_ORGANIZATION, Connection, Pool, load_queries, transaction
from ocore.storage.journal import with_journal
from ocore.storage.snapshots import keep_snapshot, use_up_snapshot
from ocore.storage.waivers import use_waivers, waivers_of

_QUERIES: Final = load_queries("ledger")
_REASONS: Final = {Trigger.ROLLBACK: SnapshotReason.ROLLBACK}


class PostgresLedger:
    """Leases last `lease_seconds`; one that ran out is still good until somebody else claims."""

    def __init__(self, pool: Pool, now: Callable[[], datetime], *, lease_seconds: float) -> None:
        self._pool = pool
        self._now = now
        self._lease_seconds = lease_seconds

    async def claim(self, worker: str) -> Lease | None:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            for query in ("claim_expired", "claim_blocked", "claim_queued"):
                found = await connection.execute(_QUERIES[query], {"now": self._now()})
                row = await found.fetchone()
                if row is not None:
                    return await self._take(connection, worker, *row)
        return None

    async def load(self, lease: Lease) -> Deployment:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            deployment, _ = await self._hold(connection, lease)
            return deployment

    async def renew(self, lease: Lease) -> bool:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            values = {**_key(lease), "seconds": self._lease_seconds}
            row = await (await connection.execute(_QUERIES["renew"], values)).fetchone()
        if row is None:
            raise _lost(lease)
        return bool(row[0])

    async def append(self, lease: Lease, entry: Entry) -> Deployment:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            deployment, _ = await self._hold(connection, lease)
            return await self._append(connection, deployment, entry)

    async def go_live(self, lease: Lease, entry: Entry, live: Live) -> Deployment:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            deployment, instance = await self._hold(connection, lease)
            values = {"instance": instance, "live": to_json(live)}
            await connection.execute(_QUERIES["set_live"], values)
            return await self._append(connection, deployment, entry)

    async def waive(self, lease: Lease, entry: Entry) -> Deployment:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            deployment, _ = await self._hold(connection, lease)
            waivers = [item.waiver for item in entry.evidence if item.waiver is not None]
            if not await use_waivers(connection, waivers, by=lease.worker, now=entry.at):
                return deployment
            return await self._append(connection, deployment, entry)

    async def block(self, lease: Lease, decided: Deployment, hold: Hold) -> None:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            deployment, _ = await self._hold(connection, lease)
            now = self._now()
            seen = (decided.cancel_requested, decided.waivers)
            wake_at = hold.until
            if (deployment.cancel_requested, deployment.waivers) != seen:
                wake_at = now
            await block_deployment(connection, deployment, hold, now=now, wake_at=wake_at)

    async def close(self, lease: Lease, ending: Ending) -> None:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            deployment, instance = await self._hold(connection, lease)
            await end_deployment(connection, deployment, ending, now=self._now())
            if ending.instance_status is not None:
                values = {
                    "instance": instance,
                    "status": ending.instance_status,
                    "message": ending.error_message,
                }
                await connection.execute(_QUERIES["set_instance_status"], values)

    async def _take(
        self, connection: Connection, worker: str, deployment_id: Any, instance_id: Any, record: Any
    ) -> Lease:
        raised = await connection.execute(_QUERIES["raise_fence"], {"instance": instance_id})
        term, live = await raised.fetchone() or (0, None)
        deployment = await with_journal(connection, deployment_id, record)
        if deployment.status is Status.QUEUED:
            deployment = replace(
                deployment,
                started_at=self._now(),
                previous=None if live is None else live_from(live),
            )
        deployment = replace(deployment, status=Status.RUNNING, error_message=None)
        values = {
            "id": deployment_id,
            "worker": worker,
            "term": term,
            "seconds": self._lease_seconds,
            "record": deployment_json(deployment),
            "view": view_json(deployment, now=self._now()),
        }
        await connection.execute(_QUERIES["lease"], values)
        await connection.execute(_QUERIES["notify"], {"id": str(deployment_id)})
        return Lease(deployment_id=str(deployment_id), worker=worker, term=term)

    async def _hold(self, connection: Connection, lease: Lease) -> tuple[Deployment, Any]:
        row = await (await connection.execute(_QUERIES["hold"], _key(lease))).fetchone()
        if row is None:
            raise _lost(lease)
        record, _organization, instance, cancel_requested = row
        deployment = await with_journal(connection, lease.deployment_id, record)
        answered = await _with_answers(connection, deployment)
        return replace(answered, cancel_requested=cancel_requested), instance

    async def _append(
        self, connection: Connection, deployment: Deployment, entry: Entry
    ) -> Deployment:
        grown = deployment.with_entry(entry)
        values = {
            "id": grown.id,
            "kind": "step",
            "entry": entry_json(entry),
            "event": step_event(grown, entry),
            "record": deployment_json(grown),
            "view": view_json(grown, now=self._now()),
        }
        await connection.execute(_QUERIES["write_event"], values)
        await _record_snapshot(connection, grown, entry)
        await connection.execute(_QUERIES["notify"], {"id": grown.id})
        return await _with_answers(connection, grown)


async def _record_snapshot(connection: Connection, deployment: Deployment, entry: Entry) -> None:
    match entry.artifact:
        case Snapped(snapshot=taken):
            record = SnapshotRecord(
                id=taken.id,
                instance_id=deployment.instance.id,
                status=SnapshotStatus.AVAILABLE,
                reason=_REASONS.get(deployment.trigger, SnapshotReason.DEPLOYMENT),
                created_at=entry.at,
                completed_at=entry.at,
                live=deployment.previous,
                snapshot=taken,
            )
            await keep_snapshot(connection, deployment.id, record)
        case Reverted(snapshot_id=id_):
            message = f"deployment {deployment.id} failed and was taken back to it"
            await use_up_snapshot(connection, id_, message=message)
        case _:
            return


async def block_deployment(
    connection: Connection, deployment: Deployment, hold: Hold, *, now: datetime, wake_at: datetime
) -> Deployment:
    """Write down that a deployment waits, and what for; nobody holds it until `wake_at`."""
    message = waiting_message(deployment, hold)
    blocked = replace(deployment, status=Status.BLOCKED, error_message=message)
    values = {
        "id": blocked.id,
        "kind": "blocked",
        "entry": None,
        "event": blocked_event(blocked, hold),
        "record": deployment_json(blocked),
        "view": view_json(blocked, now=now),
    }
    await connection.execute(_QUERIES["write_event"], values)
    await connection.execute(_QUERIES["block"], {"id": blocked.id, "wake_at": wake_at})
    await connection.execute(_QUERIES["notify"], {"id": blocked.id})
    return blocked


async def end_deployment(
    connection: Connection, deployment: Deployment, ending: Ending, *, now: datetime
) -> Deployment:
    """Write the end of a deployment and its last event."""
    ended = replace(
        deployment,
        status=ending.status,
        completed_at=now,
        error_message=ending.error_message,
    )
    values = {
        "id": ended.id,
        "kind": "complete",
        "entry": None,
        "event": complete_event(ended),
        "record": deployment_json(ended),
        "view": view_json(ended, now=now),
    }
    await connection.execute(_QUERIES["write_event"], values)
    await connection.execute(_QUERIES["end"], {"id": ended.id, "status": ended.status})
    await connection.execute(_QUERIES["notify"], {"id": ended.id})
    return ended


async def _with_answers(connection: Connection, deployment: Deployment) -> Deployment:
    """Return it with the waivers that may let it go on, where something failed."""
    if deployment.failure() is None:
        return deployment
    return replace(deployment, waivers=await waivers_of(connection, deployment))


def _key(lease: Lease) -> dict[str, object]:
    return {"id": lease.deployment_id, "term": lease.term, "worker": lease.worker}


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(f"{lease.deployment_id} has moved on from term {lease.term}")
