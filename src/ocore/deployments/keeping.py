"""What a person may ask about snapshots: take, pin, delete, and go back to one."""

from dataclasses import dataclass, replace

from ocore.access import Caller, require
from ocore.deployments.commands import Desk
from ocore.deployments.model import Deployment, RollbackTarget, Trigger
from ocore.environments import PRODUCTION, Instance
from ocore.errors import Conflict, Impossible, NotFound
from ocore.snapshots.records import (
    Proof,
    SnapshotReason,
    SnapshotRecord,
    SnapshotSettings,
    SnapshotStatus,
)
from ocore.source import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRollback:
    """Which snapshot to go back to, and where. Without a target, where it was taken."""

    instance: Instance
    snapshot_id: str
    target_instance_id: str | None = None
    idempotency_key: str | None = None


async def take_snapshot(instance: Instance, *, by: Caller, desk: Desk) -> SnapshotRecord:
    """Have a snapshot taken beside the serving instance; a worker does it soon."""
    require(by, "manage:snapshots")
    wanted = SnapshotRecord(
        id=desk.new_id(),
        instance_id=instance.id,
        status=SnapshotStatus.PENDING,
        reason=SnapshotReason.MANUAL,
        created_at=desk.now(),
    )
    return await desk.catalogue.ask(wanted, by=by.user_id)


async def pin_snapshot(
    instance: Instance, snapshot_id: str, *, pinned: bool, by: Caller, desk: Desk
) -> SnapshotRecord:
    """Keep a snapshot from retention, or let it go."""
    require(by, "manage:snapshots")
    return await desk.catalogue.pin(instance.id, snapshot_id, pinned=pinned, by=by.user_id)


async def discard_snapshot(
    instance: Instance, snapshot_id: str, *, by: Caller, desk: Desk
) -> SnapshotRecord:
    """Have a snapshot deleted; a worker does it soon."""
    require(by, "manage:snapshots")
    return await desk.catalogue.discard(instance.id, snapshot_id, by=by.user_id)


async def change_settings(
    instance: Instance, settings: SnapshotSettings, *, by: Caller, desk: Desk
) -> SnapshotSettings:
    """Change what an environment wants of its snapshots."""
    require(by, "manage:snapshots")
    await desk.catalogue.change_settings(instance.id, settings, by=by.user_id)
    return settings


async def roll_back_to_snapshot(wanted: SnapshotRollback, *, by: Caller, desk: Desk) -> bytes:
    """Queue the way back to a snapshot, with the code that served its data, and return it."""
    require(by, "manage:deployments")
    record = await desk.catalogue.snapshot(wanted.instance.id, wanted.snapshot_id)
    project = await desk.requests.project(wanted.instance.project_id)
    target, instance = await _target(record, wanted.instance, desk), wanted.instance
    if wanted.target_instance_id not in {None, instance.id}:
        instance = await _receiver(wanted, record, desk)
        target = replace(target, source=wanted.instance)
    deployment = Deployment(
        id=desk.new_id(),
        project=project,
        instance=instance,
        trigger=Trigger.ROLLBACK,
        requested_by=by.user_id,
        created_at=desk.now(),
        ref=Ref(commit_sha=target.commit.sha),
        pinned_sha=target.commit.sha,
        target=target,
    )
    return await desk.requests.open(deployment, idempotency_key=wanted.idempotency_key)


async def _receiver(wanted: SnapshotRollback, record: SnapshotRecord, desk: Desk) -> Instance:
    """Return the other environment that is to get the data, once nothing speaks against it."""
    field = "targetEnvironmentId"
    instances = await desk.requests.instances(wanted.instance.project_id)
    found = [each for each in instances if each.id == wanted.target_instance_id]
    if not found:
        raise NotFound(
            f"the project has no environment {wanted.target_instance_id}",
            code="environment_not_found",
            field=field,
        )
    if found[0].environment == PRODUCTION:
        raise Impossible(
            "production never receives the data of another environment",
            code="production_target",
            field=field,
        )
    if await desk.requests.live(found[0]) is None:
        raise Conflict(
            f"nothing was ever live in {found[0].name}: deploy to it first",
            code="environment_empty",
            field=field,
        )
    if record.proof is not Proof.PASSED:
        raise Conflict(
            f"snapshot {record.id} has no dump yet that was restored for a test: restoreTest is"
            f" {record.proof}",
            code="snapshot_not_proven",
            field="snapshotId",
        )
    return found[0]


async def _target(record: SnapshotRecord, instance: Instance, desk: Desk) -> RollbackTarget:
    if record.status is not SnapshotStatus.AVAILABLE or record.snapshot is None:
        raise Conflict(
            f"snapshot {record.id} is {record.status}: only an available one can be restored",
            code="snapshot_not_available",
            field="snapshotId",
        )
    if record.live is None:
        raise Conflict(
            f"nothing was live when snapshot {record.id} was taken: no code belongs to its data",
            code="snapshot_without_code",
            field="snapshotId",
        )
    source = await desk.requests.deployment(instance.project_id, record.live.deployment_id)
    if source.commit is None:
        raise LookupError("what was live has no commit")
    return RollbackTarget(
        deployment_id=source.id,
        commit=source.commit,
        image=record.live.image,
        snapshot=record.snapshot,
    )
