"""Waivers over HTTP: accept what a gate found, see who did, take it back."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ocore.access import Caller, require
from ocore.api.parameters import Limit, Offset
from ocore.api.problems import documented
from ocore.api.schemas import (
    Body,
    LineText,
    Moment,
    Uuid,
    View,
    answer_of,
    choices,
    json_answer,
)
from ocore.api.services import Services
from ocore.deployments import waiving
from ocore.deployments.waivers import AuditStatus, Scope, Waiver
from ocore.deployments.waiving import WaiverRequest
from ocore.gates.findings import Gate
from ocore.kit.moments import rfc3339

GateKey = Annotated[LineText, msgspec.Meta(max_length=100, examples=[Gate.CODE_SECRETS.value])]


class WaiverBody(Body):
    """What is accepted, why, and until when. `confirmation` is the gate's key, typed by hand."""

    confirmation: GateKey
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]
    gate_key: GateKey
    reason: Annotated[
        LineText, msgspec.Meta(max_length=1000, examples=["An example key, revoked in 2024"])
    ]
    scope: Scope = Scope.DEPLOYMENT


class WaiverView(View):
    """A named person's acceptance of what a gate found."""

    actor: str
    actor_id: str
    audit_status: Annotated[str, choices(AuditStatus)]
    commit_sha: str | None
    confirmation: str
    created_at: Moment
    deployment_id: Uuid
    expires_at: Moment
    gate_key: Annotated[str, choices(Gate)]
    id: Uuid
    project_id: Uuid
    reason: str
    revoked_at: Moment | None
    scope: Annotated[str, choices(Scope)]
    used_at: Moment | None


class WaiverList(View):
    """The waivers that concern a deployment, newest first."""

    waivers: list[WaiverView]


class WaiverPage(View):
    """A page of a project's waivers, newest first."""

    waivers: list[WaiverView]
    limit: int
    offset: int
    total: int


@post(
    "/deployments/{deploymentId:uuid}/waivers",
    status_code=201,
    summary="Waive a failed gate",
    responses={201: answer_of(WaiverView)} | documented(400, 401, 403, 404, 409, 413, 422),
)
async def give_waiver(
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    data: JSONBody[WaiverBody],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Accept what a gate found. A blocked deployment goes on once its last gate is waived."""
    wanted = WaiverRequest(
        project_id=project_id,
        deployment_id=deployment_id,
        gate=data.gate_key,
        scope=data.scope,
        reason=data.reason,
        confirmation=data.confirmation,
        expires_at=data.expires_at,
    )
    waiver = await waiving.waive(wanted, by=caller, desk=services.waiver_desk_of(caller))
    return json_answer(_view(waiver, services), status_code=201)


@get(
    "/deployments/{deploymentId:uuid}/waivers",
    summary="List the waivers that concern a deployment",
    responses={200: answer_of(WaiverList)} | documented(401, 403, 404),
)
async def list_waivers_of_deployment(
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return its own waivers, and those of its commit and its project, newest first."""
    require(caller, "view:waivers")
    kept = services.waivers(caller.organization_id)
    found = await kept.of_deployment(project_id, deployment_id)
    return json_answer(WaiverList(waivers=[_view(each, services) for each in found]))


@get(
    "/waivers",
    summary="List a project's waivers",
    responses={200: answer_of(WaiverPage)} | documented(400, 401, 403, 404),
)
async def list_waivers(
    project_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response[bytes]:
    """Return a page of a project's waivers, newest first."""
    require(caller, "view:waivers")
    kept = services.waivers(caller.organization_id)
    found, total = await kept.page(project_id, limit=limit, offset=offset)
    views = [_view(each, services) for each in found]
    return json_answer(WaiverPage(waivers=views, limit=limit, offset=offset, total=total))


@delete(
    "/waivers/{waiverId:uuid}",
    status_code=200,
    summary="Revoke a waiver",
    responses={200: answer_of(WaiverView)} | documented(401, 403, 404, 409),
)
async def revoke_waiver(
    project_id: NamedDependency[str],
    waiver_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Take a waiver back. It stays in the records; what it has let go on stays as it is."""
    desk = services.waiver_desk_of(caller)
    waiver = await waiving.revoke(project_id, waiver_id, by=caller, desk=desk)
    return json_answer(_view(waiver, services))


def _view(waiver: Waiver, services: Services) -> WaiverView:
    return WaiverView(
        actor=waiver.actor,
        actor_id=waiver.actor_id,
        audit_status=waiver.audit_status(services.now()),
        commit_sha=waiver.commit_sha,
        confirmation=waiver.confirmation,
        created_at=rfc3339(waiver.created_at),
        deployment_id=waiver.deployment_id,
        expires_at=rfc3339(waiver.expires_at),
        gate_key=waiver.gate,
        id=waiver.id,
        project_id=waiver.project_id,
        reason=waiver.reason,
        revoked_at=rfc3339(waiver.revoked_at) if waiver.revoked_at else None,
        scope=waiver.scope,
        used_at=rfc3339(waiver.used_at) if waiver.used_at else None,
    )


router = Router(
    "/projects/{projectId:uuid}",
    route_handlers=[give_waiver, list_waivers_of_deployment, list_waivers, revoke_waiver],
    tags=["Waivers"],
)
