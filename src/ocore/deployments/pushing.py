"""What a push may ask for, and what a person may say about that."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ocore.access import Caller, require
from ocore.deployments.autodeploy import AutoDeploy, Decision, Outcome, decide, pauses_of
from ocore.deployments.ledger import AutoDeploys, Hook, Requests
from ocore.deployments.model import Deployment, Trigger
from ocore.environments import Instance, Project
from ocore.errors import Conflict, Malformed
from ocore.kit.secret import derive
from ocore.source import Ref
from ocore.source.pushes import Delivery, NoPush, Push
from ocore.source.refs import is_ref_name


@dataclass(frozen=True, slots=True, kw_only=True)
class PushDesk:
    """What these commands work with, bound to one organization."""

    requests: Requests
    auto_deploys: AutoDeploys
    now: Callable[[], datetime]
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of one ref of a delivery, for one instance where any takes it."""

    told: Push | NoPush
    decision: Decision
    instance: Instance | None = None


async def change(wanted: AutoDeploy, *, by: Caller, desk: PushDesk) -> None:
    """Say which pushes are deployed to an instance."""
    require(by, "manage:instances")
    pattern = wanted.branch_pattern or ""
    if not is_ref_name(pattern.replace("*", "x")):
        raise Malformed(
            "branchPattern is not the name of a branch, in which * stands for any characters",
            code="malformed_branch_pattern",
            field="branchPattern",
        )
    await desk.auto_deploys.change(wanted, by=by.user_id)


async def resume(instance_id: str, *, by: Caller, desk: PushDesk) -> None:
    """Let the commits behind which an instance went back be deployed by a push again."""
    require(by, "manage:deployments")
    setting, standing = await desk.auto_deploys.state(instance_id)
    pauses = pauses_of(standing)
    if not setting.enabled or not pauses:
        raise Conflict("auto-deploy of this instance is not paused", code="not_paused")
    newest = pauses[0].deployment_id
    await desk.auto_deploys.resume(instance_id, rollback_id=newest, by=by.user_id)


async def rotate_secret(project_id: str, *, by: Caller, desk: PushDesk) -> Hook:
    """Give a project's webhook a new secret; the one before counts no more."""
    require(by, "manage:projects")
    return await desk.auto_deploys.rotate(project_id, version=desk.new_id(), by=by.user_id)


def webhook_secret(platform_secret: str, hook: Hook | None) -> str:
    """Return the secret of a webhook; without one, a secret that nobody was ever told."""
    label = f"{hook.project_id}:{hook.version}" if hook else "none"
    return derive(platform_secret, f"webhook:{label}")


async def receive(project_id: str, delivery: Delivery, *, desk: PushDesk) -> tuple[Received, ...]:
    """Queue what a proven delivery asks for: a deployment for each instance that takes a branch.

    The commit is the one that was announced; no repository is asked. The same delivery again makes
    no other deployment.
    """
    project = await desk.requests.project(project_id)
    settings = await desk.auto_deploys.of_project(project_id)
    instances = {each.id: each for each in await desk.requests.instances(project_id)}
    received: list[Received] = []
    for told in delivery.told:
        if isinstance(told, NoPush):
            received.append(Received(told=told, decision=_ignored(told.reason)))
            continue
        taking = [instances[each.instance_id] for each in settings if each.takes(told.branch)]
        if not taking:
            reason = f"no instance deploys pushes to {told.branch}"
            received.append(Received(told=told, decision=_ignored(reason)))
        received += await _queue(told, taking, project=project, delivery=delivery, desk=desk)
    return tuple(received)


async def _queue(
    push: Push, taking: Iterable[Instance], *, project: Project, delivery: Delivery, desk: PushDesk
) -> list[Received]:
    received = []
    for instance in taking:
        deployment = Deployment(
            id=desk.new_id(),
            project=project,
            instance=instance,
            trigger=Trigger.WEBHOOK,
            requested_by=f"webhook:{delivery.host}",
            created_at=desk.now(),
            ref=Ref(branch=push.branch, commit_sha=push.commit_sha),
            pinned_sha=push.commit_sha,
            pushed_from=push.before,
        )
        decision = await desk.requests.open_pushed(
            deployment,
            idempotency_key=_key(delivery, push, instance),
            decide=partial(decide, push=push),
        )
        received.append(Received(told=push, decision=decision, instance=instance))
    return received


def _key(delivery: Delivery, push: Push, instance: Instance) -> str | None:
    if delivery.id is None:
        return None
    return f"push:{delivery.host}:{delivery.id}:{instance.id}:{push.branch}"


def _ignored(reason: str) -> Decision:
    return Decision(outcome=Outcome.IGNORED, reason=reason)
