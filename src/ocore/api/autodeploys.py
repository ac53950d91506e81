"""Deploying on push over HTTP: what an instance wants of pushes, and the webhook of a project."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ocore.access import Caller, require
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
from ocore.deployments import pushing
from ocore.deployments.autodeploy import AutoDeploy, Mode, Pause, mode_of, pauses_of
from ocore.deployments.ledger import Hook
from ocore.kit.moments import rfc3339

DOOR = "/api/webhooks/git"
BranchPattern = Annotated[
    LineText, msgspec.Meta(min_length=1, max_length=255, examples=["main", "release/*"])
]


class AutoDeployBody(Body):
    """Pushes to which branches are deployed; in a pattern, `*` stands for any characters."""

    branch_pattern: BranchPattern
    enabled: bool = True


class PauseView(View):
    """A commit that no push deploys, and the deployment that went back behind it."""

    commit_sha: str
    deployment_id: Uuid
    since: Moment


class AutoDeployView(View):
    """What an instance wants of pushes, and which commits no push deploys at the moment."""

    branch_pattern: str | None
    enabled: bool
    instance_id: Uuid
    pauses: list[PauseView]
    status: Annotated[str, choices(Mode)]
    updated_at: Moment | None


class WebhookView(View):
    """Where pushes of a project are to be announced. `secret` says whether one is set."""

    rotated_at: Moment | None
    secret: bool
    url: str


class WebhookSecret(View):
    """Where pushes are to be announced, and the secret to prove it with. It is not shown again."""

    rotated_at: Moment
    secret: str
    url: str


@get(
    "/instances/{instanceId:uuid}/auto-deploy",
    summary="Get the auto-deploy of an instance",
    responses={200: answer_of(AutoDeployView)} | documented(401, 403, 404),
)
async def get_auto_deploy(
    instance_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return which pushes are deployed to an instance, and what is paused after a rollback."""
    require(caller, "view:instances")
    return json_answer(await _state(instance_id, caller, services))


@put(
    "/instances/{instanceId:uuid}/auto-deploy",
    summary="Change the auto-deploy of an instance",
    responses={200: answer_of(AutoDeployView)} | documented(400, 401, 403, 404, 413),
)
async def change_auto_deploy(
    instance_id: NamedDependency[str],
    data: JSONBody[AutoDeployBody],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Say which pushes are deployed to an instance from now on."""
    wanted = AutoDeploy(
        instance_id=instance_id, enabled=data.enabled, branch_pattern=data.branch_pattern
    )
    desk = services.push_desk_of(caller.organization_id)
    await pushing.change(wanted, by=caller, desk=desk)
    return json_answer(await _state(instance_id, caller, services))


@post(
    "/instances/{instanceId:uuid}/auto-deploy/resume",
    status_code=200,
    summary="Resume the auto-deploy of an instance",
    responses={200: answer_of(AutoDeployView)} | documented(401, 403, 404, 409),
)
async def resume_auto_deploy(
    instance_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Let pushes deploy again what an instance went back behind. It deploys nothing by itself."""
    desk = services.push_desk_of(caller.organization_id)
    await pushing.resume(instance_id, by=caller, desk=desk)
    return json_answer(await _state(instance_id, caller, services))


@get(
    "/projects/{projectId:uuid}/webhook",
    summary="Get the webhook of a project",
    responses={200: answer_of(WebhookView)} | documented(401, 403, 404),
)
async def get_webhook(
    request: Request[Any, Any, Any],
    project_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return where pushes are to be announced, by the address this was asked at."""
    require(caller, "view:projects")
    hook = await services.auto_deploys(caller.organization_id).hook(project_id)
    rotated = rfc3339(hook.rotated_at) if hook else None
    url = _url(request, project_id)
    return json_answer(WebhookView(rotated_at=rotated, secret=hook is not None, url=url))


@post(
    "/projects/{projectId:uuid}/webhook/secret",
    status_code=200,
    summary="Give the webhook of a project a new secret",
    responses={200: answer_of(WebhookSecret)} | documented(401, 403, 404),
)
async def rotate_webhook_secret(
    request: Request[Any, Any, Any],
    project_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Make a secret and show it this once. The one before counts no more."""
    desk = services.push_desk_of(caller.organization_id)
    hook: Hook = await pushing.rotate_secret(project_id, by=caller, desk=desk)
    return json_answer(
        WebhookSecret(
            rotated_at=rfc3339(hook.rotated_at),
            secret=services.webhook_secret(hook),
            url=_url(request, project_id),
        ),
        headers={"Cache-Control": "no-store"},
    )


def pause_view(pause: Pause) -> PauseView:
    return PauseView(
        commit_sha=pause.commit_sha,
        deployment_id=pause.deployment_id,
        since=rfc3339(pause.since),
    )


async def _state(instance_id: str, caller: Caller, services: Services) -> AutoDeployView:
    setting, standing = await services.auto_deploys(caller.organization_id).state(instance_id)
    return AutoDeployView(
        branch_pattern=setting.branch_pattern,
        enabled=setting.enabled,
        instance_id=setting.instance_id,
        pauses=[pause_view(each) for each in pauses_of(standing)],
        status=mode_of(setting, standing),
        updated_at=rfc3339(setting.updated_at) if setting.updated_at else None,
    )


def _url(request: Request[Any, Any, Any], project_id: str) -> str:
    base = request.base_url
    return f"{base.scheme}://{base.netloc}{DOOR}/{project_id}"


router = Router(
    "/",
    route_handlers=[
        get_auto_deploy,
        change_auto_deploy,
        resume_auto_deploy,
        get_webhook,
        rotate_webhook_secret,
    ],
    tags=["Auto-deploy"],
)
