"""The way back over HTTP: to where, at what price, and going there."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from ocore.access import Caller, require
from ocore.api.parameters import IdempotencyKey
from ocore.api.problems import documented
from ocore.api.schemas import (
    Body,
    DeploymentView,
    Uuid,
    View,
    answer_of,
    choices,
    json_answer,
    optional_uuid_in,
    ready,
)
from ocore.api.services import Services
from ocore.deployments import commands
from ocore.deployments.commands import RollbackRequest
from ocore.deployments.ledger import Target
from ocore.deployments.wayback import RollbackClass
from ocore.errors import NotFound
from ocore.snapshots import changes_by_table, rows_by_table

RollbackMode = Literal["code_and_data", "code_only"]


class RollbackBody(Body):
    """The deployment to go back to; without one, the last before what is live on the instance.

    `code_only` leaves the data as it is, where the earlier code fits it. `dryRun` answers what the
    rollback would do, and does nothing.
    """

    deployment_id: Uuid | None = None
    instance_id: Uuid | None = None
    mode: RollbackMode = "code_and_data"
    dry_run: bool = False


class RollbackPreview(View):
    """What a rollback would go back to, what that takes, and which rows it would lose.

    `rowsByTable` is `now - then`, for tables that differ; `changesByTable` says how many rows were
    `inserted`, `updated` and `deleted` since (null: nobody knows). Both are null when nothing can
    be told.
    """

    deployment_id: Uuid
    commit_sha: str
    image_tag: str
    snapshot_id: str
    mode: RollbackMode
    possible: bool
    rollback_class: Annotated[str, choices(RollbackClass)]
    reasons: list[str]
    rows_by_table: dict[str, int] | None
    changes_by_table: dict[str, dict[str, int | None]] | None


class TargetView(View):
    """A deployment that can be gone back to, code and data."""

    deployment_id: Uuid
    commit_sha: str
    commit_author: str
    commit_message: str
    image_tag: str
    snapshot_id: str
    rollback_class: Annotated[str, choices(RollbackClass)]
    reasons: list[str]


class TargetList(View):
    """What an instance can go back to, newest first."""

    targets: list[TargetView]


@post(
    "/rollback",
    status_code=202,
    summary="Trigger a rollback",
    responses={202: answer_of(DeploymentView), 200: answer_of(RollbackPreview)}
    | documented(400, 401, 403, 404, 409, 413, 422),
)
async def roll_back(
    project_id: NamedDependency[str],
    data: JSONBody[RollbackBody],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Go back to an earlier deployment: start its image again and restore its data."""
    wanted = RollbackRequest(
        project_id=project_id,
        deployment_id=optional_uuid_in(data.deployment_id, "deploymentId"),
        instance_id=optional_uuid_in(data.instance_id, "instanceId"),
        data=data.mode == "code_and_data",
        idempotency_key=idempotency_key,
    )
    if data.dry_run:
        return json_answer(await _preview(wanted, data.mode, caller, services))
    body = await commands.roll_back(wanted, by=caller, desk=services.desk_of(caller))
    return ready(body, status_code=202)


@get(
    "/rollback-targets",
    summary="List rollback targets",
    responses={200: answer_of(TargetList)} | documented(400, 401, 403, 404),
)
async def list_targets(
    project_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    instance: Annotated[UUID, QueryParameter(name="instanceId", description="Instance UUID")],
) -> Response[bytes]:
    """Return the deployments an instance can go back to, newest first."""
    require(caller, "view:deployments")
    requests = services.requests(caller.organization_id)
    for each in await requests.instances(project_id):
        if each.id == str(instance):
            targets = await requests.rollback_targets(each)
            return json_answer(TargetList(targets=[_target(target) for target in targets]))
    raise NotFound(
        f"the project has no instance {instance}", code="instance_not_found", field="instanceId"
    )


async def _preview(
    wanted: RollbackRequest, mode: RollbackMode, caller: Caller, services: Services
) -> RollbackPreview:
    found, instance = await commands.preview_rollback(
        wanted, by=caller, desk=services.desk_of(caller)
    )
    target, way = found.target, found.way
    losses = await services.losses(instance, target.snapshot) if wanted.data else ()
    return RollbackPreview(
        deployment_id=target.deployment_id,
        commit_sha=target.commit.sha,
        image_tag=target.image,
        snapshot_id=target.snapshot.id,
        mode=mode,
        possible=wanted.data or way.cls is RollbackClass.CODE_ONLY_SAFE,
        rollback_class=way.cls,
        reasons=list(way.reasons),
        rows_by_table=None if losses is None else rows_by_table(losses),
        changes_by_table=None if losses is None else changes_by_table(losses),
    )


def _target(found: Target) -> TargetView:
    target = found.target
    return TargetView(
        deployment_id=target.deployment_id,
        commit_sha=target.commit.sha,
        commit_author=target.commit.author,
        commit_message=target.commit.message,
        image_tag=target.image,
        snapshot_id=target.snapshot.id,
        rollback_class=found.way.cls,
        reasons=list(found.way.reasons),
    )


router = Router(
    "/projects/{projectId:uuid}",
    route_handlers=[roll_back, list_targets],
    tags=["Deployments"],
)
