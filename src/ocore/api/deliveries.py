"""The door at which those who host git repositories announce pushes. A signature opens it."""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, Router, post
from litestar.di import NamedDependency
from litestar.params import PathParameter

from ocore.access.signin import Attempts
from ocore.api.autodeploys import PauseView, pause_view
from ocore.api.problems import documented
from ocore.api.schemas import Uuid, View, answer_of, choices, json_answer
from ocore.api.services import Services
from ocore.deployments import pushing
from ocore.deployments.autodeploy import Outcome
from ocore.deployments.ledger import Hook
from ocore.deployments.pushing import Received
from ocore.errors import Unauthenticated
from ocore.source.pushes import Delivery, Push, delivery_of, proven

LARGEST_DELIVERY: Final = 8 * 1024**2
"""In bytes. GitHub lists up to 2048 commits with all their files; others list 20 or fewer."""


class ReceivedView(View):
    """What became of one ref, for one instance where any takes it; `reason` is for people."""

    branch: str | None
    commit_sha: str | None
    deployment_id: Uuid | None
    instance_id: Uuid | None
    outcome: Annotated[str, choices(Outcome)]
    pause: PauseView | None
    reason: str


class DeliveryView(View):
    """What became of a delivery. It is empty where the event tells of no ref."""

    event: str
    results: list[ReceivedView]


@post(
    "/{projectId:uuid}",
    status_code=200,
    summary="Announce a push",
    responses={200: answer_of(DeliveryView), 202: answer_of(DeliveryView)}
    | documented(400, 401, 409, 413, 429),
    request_max_body_size=LARGEST_DELIVERY,
)
async def receive_push(
    request: Request[Any, Any, Any],
    project: Annotated[UUID, PathParameter(name="projectId", description="Project UUID")],
    services: NamedDependency[Services],
    proofs: NamedDependency[Attempts],
) -> Response[bytes]:
    """Take what GitHub, GitLab, Bitbucket, Gitea or Forgejo sends of a push, with its proof.

    202 when a deployment was queued; 200 when there is nothing to do, and why.
    """
    hook, delivery = await _proven(request, str(project), services, proofs)
    desk = services.push_desk_of(hook.organization_id)
    received = await pushing.receive(hook.project_id, delivery, desk=desk)
    queued = any(each.decision.outcome is Outcome.QUEUED for each in received)
    view = DeliveryView(event=delivery.event, results=[_view(each) for each in received])
    return json_answer(view, status_code=202 if queued else 200)


async def _proven(
    request: Request[Any, Any, Any], project_id: str, services: Services, proofs: Attempts
) -> tuple[Hook, Delivery]:
    """Return what was sent by who knows the secret. Unauthenticated tells nobody what was wrong.

    Only failures are counted: who knows the secret is never held up by those who do not.
    """
    hook = await services.hook(project_id)
    headers, body = dict(request.headers), await request.body()
    host = proven(headers, body, secret=services.webhook_secret(hook))
    if hook is None or host is None:
        address = request.client.host if request.client else ""
        proofs.begin(address, project_id, now=services.now())
        raise Unauthenticated(
            "there is no such webhook, or the secret is not its own; make a new one at"
            f" /api/projects/{project_id}/webhook/secret",
            code="delivery_not_proven",
        )
    return hook, delivery_of(host, headers, body)


def _view(received: Received) -> ReceivedView:
    decision, told = received.decision, received.told
    push = told if isinstance(told, Push) else None
    return ReceivedView(
        branch=push.branch if push else None,
        commit_sha=push.commit_sha if push else None,
        deployment_id=decision.deployment_id,
        instance_id=received.instance.id if received.instance else None,
        outcome=decision.outcome,
        pause=pause_view(decision.pause) if decision.pause else None,
        reason=decision.reason,
    )


router = Router("/webhooks/git", route_handlers=[receive_push], tags=["Auto-deploy"])
