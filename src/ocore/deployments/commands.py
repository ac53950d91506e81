"""What a person may ask for: deploy, roll back, cancel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ocore.access import Caller, require
from ocore.deployments.ledger import Requests, Target
from ocore.deployments.model import ENDED, Deployment, Status, Trigger
from ocore.deployments.pipeline import CancelEffect, cancel_effect
from ocore.deployments.wayback import RollbackClass
from ocore.environments import Instance
from ocore.errors import Conflict, Impossible, NotFound
from ocore.snapshots.records import Catalogue
from ocore.source import Ref, Source
from ocore.source.refs import check_ref

EXPLANATIONS: Final[dict[CancelEffect, str]] = {
    CancelEffect.CANCELS: "Nothing live was touched yet: the deployment ends as cancelled.",
    CancelEffect.ROLLS_BACK: (
        "The cutover has begun: the earlier code and data come back, and it ends as rolled_back."
    ),
    CancelEffect.REFUSED: (
        "It is past the point of a cancel. Ask for a rollback once it has ended."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRequest:
    """What to put live, and where. Without an instance, the project's only one is meant."""

    project_id: str
    instance_id: str | None
    ref: Ref
    trigger: Trigger = Trigger.MANUAL
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackRequest:
    """What to go back to. Without a deployment, the last one before what is live is meant.

    That of the project's only instance, where none is named. Without `data` only the code goes
    back.
    """

    project_id: str
    deployment_id: str | None
    instance_id: str | None = None
    data: bool = True
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPreview:
    """What a cancel would do at this moment."""

    effect: CancelEffect
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the commands work with, bound to the caller's organization.

    `pin_seconds` bounds how long a request may wait for the remote to name the ref's commit.
    """

    requests: Requests
    catalogue: Catalogue
    source: Source
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    pin_seconds: float = 1.5


async def request(wanted: DeployRequest, *, by: Caller, desk: Desk) -> bytes:
    """Queue a deployment of a ref and return it as the API shows it."""
    require(by, "manage:deployments")
    check_ref(wanted.ref)
    project = await desk.requests.project(wanted.project_id)
    instances = await desk.requests.instances(project.id)
    instance = choose_instance(instances, wanted.instance_id)
    pinned = await desk.source.pin(project, wanted.ref, seconds=desk.pin_seconds)
    deployment = Deployment(
        id=desk.new_id(),
        project=project,
        instance=instance,
        trigger=wanted.trigger,
        requested_by=by.user_id,
        created_at=desk.now(),
        ref=wanted.ref,
        pinned_sha=pinned,
    )
    return await desk.requests.open(deployment, idempotency_key=wanted.idempotency_key)


async def roll_back(wanted: RollbackRequest, *, by: Caller, desk: Desk) -> bytes:
    """Queue the way back to an earlier deployment, code and data, and return it."""
    require(by, "manage:deployments")
    project = await desk.requests.project(wanted.project_id)
    found, instance = await _target(wanted, desk.requests)
    target = replace(found.target, restores_data=wanted.data)
    if not wanted.data:
        _demand_code_only(found)
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


async def preview_cancel(
    project_id: str, deployment_id: str, *, by: Caller, desk: Desk
) -> CancelPreview:
    """Say what a cancel would do now, without doing it."""
    require(by, "view:deployments")
    deployment = await desk.requests.deployment(project_id, deployment_id)
    if deployment.status in ENDED:
        return CancelPreview(
            effect=CancelEffect.REFUSED,
            explanation=f"The deployment has ended: it is {deployment.status}.",
        )
    effect = cancel_effect(deployment)
    return CancelPreview(effect=effect, explanation=EXPLANATIONS[effect])


async def cancel(project_id: str, deployment_id: str, *, by: Caller, desk: Desk) -> bytes:
    """Ask for the end of a deployment and return it. Conflict when it is too late for that."""
    require(by, "manage:deployments")
    preview = await preview_cancel(project_id, deployment_id, by=by, desk=desk)
    if preview.effect is CancelEffect.REFUSED:
        raise Conflict(preview.explanation, code="not_cancellable")
    return await desk.requests.request_cancel(deployment_id, by=by.user_id)


def choose_instance(instances: Sequence[Instance], instance_id: str | None) -> Instance:
    """Return the instance that is meant: without an id, the only one. NotFound, Impossible."""
    if instance_id is not None:
        for instance in instances:
            if instance.id == instance_id:
                return instance
        raise NotFound(
            f"the project has no instance {instance_id}",
            code="instance_not_found",
            field="instanceId",
        )
    if len(instances) == 1:
        return instances[0]
    known = ", ".join(f"{each.name} ({each.id})" for each in instances) or "none yet: create one"
    raise Impossible(
        f"say which instance: the project has {known}", code="instance_needed", field="instanceId"
    )


async def preview_rollback(
    wanted: RollbackRequest, *, by: Caller, desk: Desk
) -> tuple[Target, Instance]:
    """Say what a rollback would go back to and what that takes, without doing it."""
    require(by, "view:deployments")
    await desk.requests.project(wanted.project_id)
    return await _target(wanted, desk.requests)


def _demand_code_only(found: Target) -> None:
    if found.way.cls is not RollbackClass.CODE_ONLY_SAFE:
        raise Impossible(
            f"the code of {found.target.commit.sha[:12]} would not fit the data as it is:"
            f" {'; '.join(found.way.reasons)}. Go back with code_and_data",
            code="code_only_unsafe",
            field="mode",
        )


async def _target(wanted: RollbackRequest, requests: Requests) -> tuple[Target, Instance]:
    instances = await requests.instances(wanted.project_id)
    if wanted.deployment_id is None:
        return await _one_before(choose_instance(instances, wanted.instance_id), requests)
    try:
        chosen = await requests.deployment(wanted.project_id, wanted.deployment_id)
    except NotFound as unknown:
        raise NotFound(str(unknown), code=unknown.code, field="deploymentId") from unknown
    instance = choose_instance(instances, chosen.instance.id)
    if wanted.instance_id not in {None, instance.id}:
        raise Impossible(
            f"deployment {chosen.id} was one of {instance.name} ({instance.id})",
            code="instance_contradicts",
            field="instanceId",
        )
    targets = await requests.rollback_targets(instance)
    for target in targets:
        if target.target.deployment_id == chosen.id:
            return target, instance
    raise Conflict(_why_not(chosen, targets), code="not_a_rollback_target", field="deploymentId")


async def _one_before(instance: Instance, requests: Requests) -> tuple[Target, Instance]:
    targets = await requests.rollback_targets(instance)
    if not targets:
        raise Conflict(
            f"{instance.name} has no earlier deployment to go back to",
            code="nothing_to_roll_back_to",
        )
    return targets[0], instance


def _why_not(chosen: Deployment, targets: Sequence[Target]) -> str:
    possible = ", ".join(each.target.deployment_id for each in targets) or "none"
    if chosen.status not in ENDED:
        reason = f"has not ended: it is {chosen.status}"
    elif chosen.status is not Status.SUCCEEDED:
        reason = f"was never live: it ended {chosen.status}"
    else:
        reason = "is live now, or its snapshot is gone"
    return f"deployment {chosen.id} {reason}. Possible targets: {possible}"
