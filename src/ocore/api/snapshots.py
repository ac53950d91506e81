"""Snapshots over HTTP. An environment has the id of its instance: they are one to one."""

from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ocore.access import Caller, require
from ocore.api.parameters import Limit, Offset
from ocore.api.problems import documented
from ocore.api.schemas import Body, Moment, Uuid, View, answer_of, choices, json_answer
from ocore.api.services import Services
from ocore.deployments import keeping
from ocore.environments import Instance
from ocore.kit.moments import rfc3339
from ocore.snapshots.records import (
    FailurePolicy,
    OffsiteStatus,
    Proof,
    SnapshotReason,
    SnapshotRecord,
    SnapshotSettings,
    SnapshotStatus,
)


class SnapshotView(View):
    """Database and files of an environment at one moment."""

    id: Uuid
    environment_id: Uuid
    deployment_id: Uuid | None
    status: Annotated[str, choices(SnapshotStatus)]
    reason: Annotated[str, choices(SnapshotReason)]
    strategy: str | None
    size_bytes: int | None
    files: int | None
    duration_ms: int | None
    verified: bool | None
    restore_test: Annotated[str, choices(Proof)]
    offsite: Annotated[str, choices(OffsiteStatus)]
    offsite_message: str | None
    pinned: bool
    commit_sha: str | None
    message: str | None
    created_at: Moment
    completed_at: Moment | None


class SnapshotPage(View):
    """The snapshots of an environment, newest first."""

    snapshots: list[SnapshotView]
    total: int
    limit: int
    offset: int


class SnapshotSettingsView(View):
    """What an environment wants of snapshots that are taken while it serves."""

    auto_enabled: bool
    failure_policy: Annotated[str, choices(FailurePolicy)]
    max_pinned: int
    retention_days: int
    timeout_seconds: int


class SnapshotSettingsBody(Body):
    """What an environment wants of its snapshots; what is left out stays as it is."""

    auto_enabled: bool | None = None
    failure_policy: FailurePolicy | None = None
    max_pinned: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    retention_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None
    timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] | None = None


@get(
    "/",
    summary="List environment snapshots",
    responses={200: answer_of(SnapshotPage)} | documented(400, 401, 403, 404),
)
async def list_snapshots(
    environment: NamedDependency[Instance],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response[bytes]:
    """Return a page of an environment's snapshots, newest first."""
    require(caller, "view:snapshots")
    catalogue = services.catalogue(caller.organization_id)
    records, total = await catalogue.page(environment.id, limit=limit, offset=offset)
    views = [_view(each) for each in records]
    return json_answer(SnapshotPage(snapshots=views, total=total, limit=limit, offset=offset))


@post(
    "/",
    status_code=202,
    summary="Take a snapshot",
    responses={202: answer_of(SnapshotView)} | documented(401, 403, 404, 409),
)
async def take_snapshot(
    environment: NamedDependency[Instance],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Have a snapshot taken while the environment serves; it costs no downtime."""
    record = await keeping.take_snapshot(environment, by=caller, desk=services.desk_of(caller))
    return json_answer(_view(record), status_code=202)


@get(
    "/{snapshotId:uuid}",
    summary="Get a snapshot",
    responses={200: answer_of(SnapshotView)} | documented(401, 403, 404),
)
async def get_snapshot(
    environment: NamedDependency[Instance],
    snapshot_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return one snapshot."""
    require(caller, "view:snapshots")
    catalogue = services.catalogue(caller.organization_id)
    return json_answer(_view(await catalogue.snapshot(environment.id, snapshot_id)))


@delete(
    "/{snapshotId:uuid}",
    status_code=202,
    summary="Delete a snapshot",
    responses={202: answer_of(SnapshotView)} | documented(401, 403, 404, 409),
)
async def delete_snapshot(
    environment: NamedDependency[Instance],
    snapshot_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Have a snapshot deleted. Not a pinned one, nor one that a rollback is about to restore."""
    desk = services.desk_of(caller)
    record = await keeping.discard_snapshot(environment, snapshot_id, by=caller, desk=desk)
    return json_answer(_view(record), status_code=202)


@post(
    "/{snapshotId:uuid}/pin",
    status_code=200,
    summary="Pin a snapshot",
    responses={200: answer_of(SnapshotView)} | documented(401, 403, 404, 409),
)
async def pin_snapshot(
    environment: NamedDependency[Instance],
    snapshot_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Keep a snapshot for as long as it is pinned."""
    desk = services.desk_of(caller)
    record = await keeping.pin_snapshot(environment, snapshot_id, pinned=True, by=caller, desk=desk)
    return json_answer(_view(record))


@delete(
    "/{snapshotId:uuid}/pin",
    status_code=200,
    summary="Unpin a snapshot",
    responses={200: answer_of(SnapshotView)} | documented(401, 403, 404),
)
async def unpin_snapshot(
    environment: NamedDependency[Instance],
    snapshot_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Let retention have it again."""
    desk = services.desk_of(caller)
    record = await keeping.pin_snapshot(
        environment, snapshot_id, pinned=False, by=caller, desk=desk
    )
    return json_answer(_view(record))


@get(
    "/settings",
    summary="Get snapshot settings",
    responses={200: answer_of(SnapshotSettingsView)} | documented(401, 403, 404),
)
async def get_settings(
    environment: NamedDependency[Instance],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return what the environment wants of its snapshots."""
    require(caller, "view:snapshots")
    catalogue = services.catalogue(caller.organization_id)
    return json_answer(_settings(await catalogue.settings(environment.id)))


@put(
    "/settings",
    summary="Update snapshot settings",
    responses={200: answer_of(SnapshotSettingsView)} | documented(400, 401, 403, 404, 413),
)
async def update_settings(
    environment: NamedDependency[Instance],
    data: JSONBody[SnapshotSettingsBody],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Change what the environment wants of its snapshots, from the next one on."""
    desk = services.desk_of(caller)
    known = await desk.catalogue.settings(environment.id)
    given = {name: getattr(data, name) for name in data.__struct_fields__}
    wanted = msgspec.structs.asdict(_settings(known)) | {
        name: value for name, value in given.items() if value is not None
    }
    settings = msgspec.convert(wanted, SnapshotSettings)
    await keeping.change_settings(environment, settings, by=caller, desk=desk)
    return json_answer(_settings(settings))


def _view(record: SnapshotRecord) -> SnapshotView:
    taken = record.snapshot
    return SnapshotView(
        id=record.id,
        environment_id=record.instance_id,
        deployment_id=record.deployment_id,
        status=record.status,
        reason=record.reason,
        strategy=taken.strategy if taken else None,
        size_bytes=taken.size_bytes if taken else None,
        files=taken.files if taken else None,
        duration_ms=taken.duration_ms if taken else None,
        verified=taken.verified if taken else None,
        restore_test=record.proof,
        offsite=record.offsite,
        offsite_message=record.offsite_message,
        pinned=record.pinned,
        commit_sha=record.live.commit_sha if record.live else None,
        message=record.message,
        created_at=rfc3339(record.created_at),
        completed_at=rfc3339(record.completed_at) if record.completed_at else None,
    )


def _settings(settings: SnapshotSettings) -> SnapshotSettingsView:
    return SnapshotSettingsView(
        auto_enabled=settings.auto_enabled,
        failure_policy=settings.failure_policy,
        max_pinned=settings.max_pinned,
        retention_days=settings.retention_days,
        timeout_seconds=settings.timeout_seconds,
    )


router = Router(
    "/environments/{environmentId:uuid}/snapshots",
    route_handlers=[
        list_snapshots,
        take_snapshot,
        get_snapshot,
        delete_snapshot,
        pin_snapshot,
        unpin_snapshot,
        get_settings,
        update_settings,
    ],
    tags=["Snapshots & rollback"],
)
