"""Plans over HTTP: what a deployment would do, without one."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from ocore.access import Caller
from ocore.api.problems import documented
from ocore.api.schemas import PlanView, answer_of, ready
from ocore.api.services import Services
from ocore.deployments.planning import PlanRequest, plan
from ocore.deployments.view import plan_view


@get(
    "/plan",
    summary="Say what a deployment would do",
    responses={200: answer_of(PlanView)} | documented(400, 401, 403, 404, 422),
)
async def get_plan(
    project_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    ref: Annotated[
        str, QueryParameter(min_length=1, max_length=255, description="Branch, tag or commit.")
    ],
    instance: Annotated[
        UUID | None, QueryParameter(name="instanceId", description="Instance UUID")
    ] = None,
) -> Response[bytes]:
    """Fetch and check a commit as a deployment would, and return the plan. Nothing is changed."""
    wanted = PlanRequest(
        project_id=project_id, instance_id=str(instance) if instance else None, ref=ref
    )
    seen = await plan(wanted, by=caller, desk=services.plan_desk_of(caller))
    return ready(msgspec.json.encode(plan_view(seen.deployment, seen.window, seen.drift)))


router = Router("/projects/{projectId:uuid}", route_handlers=[get_plan], tags=["Deployments"])
