"""Environments over HTTP: their settings, what a snapshot would take, and the way back.

An environment has the id of its instance: they are one to one.
"""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream

from ocore.access import Caller, require
from ocore.api import problems
from ocore.api.follow import Hub
from ocore.api.parameters import IdempotencyKey
from ocore.api.schemas import (
    Body,
    Moment,
    Uuid,
    View,
    answer_of,
    choices,
    json_answer,
    optional_uuid_in,
    uuid_in,
)
from ocore.api.services import Services
from ocore.api.stream import EVENT_STREAM, LastEventId, Place, no_lines, stream_of
from ocore.deployments import keeping
from ocore.deployments.keeping import SnapshotRollback
from ocore.deployments.model import Deployment, Status
from ocore.environments import Instance
from ocore.errors import NotFound, StepFailed
from ocore.kit.moments import milliseconds_between, rfc3339

_FILES_ARE_LINKED: Final = "Files are linked, not copied: they cost what is deleted or changed."


class SizeEstimate(View):
    """What a snapshot in the update window would take now; bytes. `freeBytes` null: not known."""

    strategy: str
    database_bytes: int
    filestore_bytes: int
    total_bytes: int
    needed_bytes: int
    free_bytes: int | None
    note: str


class EnvironmentRollbackBody(Body):
    """The snapshot to go back to. A safety snapshot of the present is always taken first.

    With a target, the data goes to that environment of the project, neutralized: never to
    production.
    """

    snapshot_id: Uuid
    create_safety_snapshot: bool = True
    target_environment_id: Uuid | None = None


class RollbackStarted(View):
    """A rollback that is queued; follow it as a deployment, or its progress."""

    deployment_id: Uuid
    environment_id: Uuid
    message: str
    snapshot_id: Uuid


class RollbackLog(View):
    """One rollback of an environment. `snapshotId` is null where the code goes back alone."""

    id: Uuid
    deployment_id: Uuid
    environment_id: Uuid
    snapshot_id: Uuid | None
    target_deployment_id: Uuid | None
    status: Annotated[str, choices(Status)]
    triggered_by: str
    error_message: str | None
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    duration_ms: int | None


class RollbackLogs(View):
    """The rollbacks of an environment, newest first; the last hundred."""

    rollback_logs: list[RollbackLog]


@get(
    "/environments/{environmentId:uuid}/snapshots/estimate",
    summary="Estimate snapshot size",
    responses={200: answer_of(SizeEstimate)} | problems.documented(401, 403, 404, 503),
)
async def estimate_size(
    request: Request[Any, Any, Any],
    environment: NamedDependency[Instance],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Measure database and filestore, and what a snapshot of them would take now."""
    require(caller, "view:snapshots")
    try:
        room = await services.lookout.room(environment)
        files = await services.file_bytes(environment)
    except StepFailed as failure:
        return problems.problem(request, 503, detail=str(failure), code="unavailable")
    return json_answer(
        SizeEstimate(
            strategy=room.strategy,
            database_bytes=room.database,
            filestore_bytes=files,
            total_bytes=room.database + files,
            needed_bytes=room.needed,
            free_bytes=room.free,
            note=_FILES_ARE_LINKED,
        )
    )


@post(
    "/environments/{environmentId:uuid}/rollback",
    status_code=202,
    summary="Roll an environment back to a snapshot",
    responses={202: answer_of(RollbackStarted)}
    | problems.documented(400, 401, 403, 404, 409, 413, 422),
)
async def roll_back_environment(
    environment: NamedDependency[Instance],
    data: JSONBody[EnvironmentRollbackBody],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Go back to a snapshot: its data, and the code that served it when it was taken."""
    wanted = SnapshotRollback(
        instance=environment,
        snapshot_id=uuid_in(data.snapshot_id, "snapshotId"),
        target_instance_id=optional_uuid_in(data.target_environment_id, "targetEnvironmentId"),
        idempotency_key=idempotency_key,
    )
    kept = await keeping.roll_back_to_snapshot(wanted, by=caller, desk=services.desk_of(caller))
    return json_answer(
        RollbackStarted(
            deployment_id=msgspec.json.decode(kept)["id"],
            environment_id=wanted.target_instance_id or environment.id,
            message="The rollback is queued. A safety snapshot of the present is taken first.",
            snapshot_id=wanted.snapshot_id,
        ),
        status_code=202,
    )


@get(
    "/environments/{environmentId:uuid}/rollback-logs",
    summary="List rollback logs",
    responses={200: answer_of(RollbackLogs)} | problems.documented(401, 403, 404),
)
async def list_rollbacks(
    environment: NamedDependency[Instance],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return the rollbacks of an environment, newest first."""
    require(caller, "view:deployments")
    found = await services.requests(caller.organization_id).rollbacks(environment)
    return json_answer(RollbackLogs(rollback_logs=[_log(each) for each in found]))


@get(
    "/deployments/{deploymentId:uuid}/rollback/progress",
    summary="Stream rollback progress (SSE)",
    responses=EVENT_STREAM | problems.documented(400, 401, 403, 404),
    media_type="text/event-stream",
)
async def follow_rollback(
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    hub: NamedDependency[Hub],
    last_event_id: LastEventId = None,
) -> Stream:
    """Send each change of a rollback's steps, and `complete` last. One that ended is replayed."""
    require(caller, "view:deployments")
    place = Place.parse(last_event_id)
    views = services.views(caller.organization_id)
    await views.demand_rollback(deployment_id)
    return stream_of(hub, deployment_id, views, place, no_lines)


async def environment_of(
    environment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Instance:
    """Return the instance behind an environment's id."""
    require(caller, "view:snapshots")
    try:
        record = await services.registry(caller.organization_id).instance(environment_id)
    except NotFound as unknown:
        raise NotFound(
            f"there is no environment {environment_id}", code="environment_not_found"
        ) from unknown
    return record.instance


def _log(deployment: Deployment) -> RollbackLog:
    started, completed = deployment.started_at, deployment.completed_at
    target = deployment.target
    restored = target.restored if target else None
    return RollbackLog(
        id=deployment.id,
        deployment_id=deployment.id,
        environment_id=deployment.instance.id,
        snapshot_id=restored.id if restored else None,
        target_deployment_id=target.deployment_id if target else None,
        status=deployment.status,
        triggered_by=deployment.requested_by,
        error_message=deployment.error_message,
        created_at=rfc3339(deployment.created_at),
        started_at=rfc3339(started) if started else None,
        completed_at=rfc3339(completed) if completed else None,
        duration_ms=milliseconds_between(started, completed) if started and completed else None,
    )


router = Router(
    "/",
    route_handlers=[
        estimate_size,
        roll_back_environment,
        list_rollbacks,
        follow_rollback,
    ],
    tags=["Snapshots & rollback"],
)
