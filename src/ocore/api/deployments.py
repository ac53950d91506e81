"""Deployments over HTTP: ask for one, look at it, take it back."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter

from ocore.access import Caller, require
from ocore.api.auth import caller as caller_of
from ocore.api.parameters import IdempotencyKey, Limit, Offset
from ocore.api.problems import documented
from ocore.api.schemas import (
    Body,
    DeploymentPage,
    DeploymentView,
    LineText,
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
from ocore.deployments.commands import DeployRequest
from ocore.deployments.pipeline import CancelEffect
from ocore.source import Ref

RefName = Annotated[LineText, msgspec.Meta(max_length=255)]


class DeployBody(Body):
    """What to deploy: a branch, a tag or a commit. What is given must agree."""

    branch: Annotated[RefName, msgspec.Meta(examples=["main"])] | None = None
    commit_sha: Annotated[RefName, msgspec.Meta(examples=["3f2a9c1"])] | None = None
    instance_id: Uuid | None = None
    tag: Annotated[RefName, msgspec.Meta(examples=["v1"])] | None = None


class CancelView(View):
    """What a cancel would do now: `yes`, `becomes_rollback` or `no`."""

    effect: Annotated[str, choices(CancelEffect)]
    explanation: str


@post(
    "/deploy",
    status_code=202,
    summary="Trigger a manual deployment",
    responses={202: answer_of(DeploymentView)} | documented(400, 401, 403, 404, 409, 413, 422),
)
async def deploy(
    project_id: NamedDependency[str],
    data: JSONBody[DeployBody],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Create a deployment and queue it. Accepts a commit SHA, branch or tag as the target."""
    wanted = DeployRequest(
        project_id=project_id,
        instance_id=optional_uuid_in(data.instance_id, "instanceId"),
        ref=Ref(branch=data.branch, commit_sha=data.commit_sha, tag=data.tag),
        idempotency_key=idempotency_key,
    )
    body = await commands.request(wanted, by=caller, desk=services.desk_of(caller))
    return ready(body, status_code=202)


@get(
    "/deployments",
    summary="List project deployments",
    responses={200: answer_of(DeploymentPage)} | documented(400, 401, 403, 404),
)
async def list_deployments(
    request: Request[Any, Any, Any],
    project: Annotated[UUID, PathParameter(name="projectId", description="Project UUID")],
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response[bytes]:
    """Return a page of a project's deployments, newest first."""
    # No dependencies here: the framework starts a task for each, a tenth of this hot path.
    asking = caller_of(request)
    require(asking, "view:deployments")
    services: Services = request.app.state.services
    views = services.views(asking.organization_id)
    return ready(await views.page(str(project), limit=limit, offset=offset))


@get(
    "/deployments/{deploymentId:uuid}",
    summary="Get deployment details",
    responses={200: answer_of(DeploymentView)} | documented(401, 403, 404),
)
async def get_deployment(
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return a deployment with its steps and status."""
    require(caller, "view:deployments")
    views = services.views(caller.organization_id)
    return ready(await views.view(project_id, deployment_id))


@get(
    "/deployments/{deploymentId:uuid}/cancel",
    summary="Ask what a cancel would do",
    responses={200: answer_of(CancelView)} | documented(401, 403, 404),
)
async def preview_cancel(
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Say what a cancel would do at this moment, without doing it."""
    preview = await commands.preview_cancel(
        project_id, deployment_id, by=caller, desk=services.desk_of(caller)
    )
    return json_answer(CancelView(effect=preview.effect, explanation=preview.explanation))


@post(
    "/deployments/{deploymentId:uuid}/cancel",
    status_code=202,
    summary="Cancel a deployment",
    responses={202: answer_of(DeploymentView)} | documented(401, 403, 404, 409),
)
async def cancel(
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Ask for the end of a deployment; once the cutover began, the earlier state comes back."""
    body = await commands.cancel(
        project_id, deployment_id, by=caller, desk=services.desk_of(caller)
    )
    return ready(body, status_code=202)


router = Router(
    "/projects/{projectId:uuid}",
    route_handlers=[
        deploy,
        list_deployments,
        get_deployment,
        preview_cancel,
        cancel,
    ],
    tags=["Deployments"],
)
