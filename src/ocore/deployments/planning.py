"""What a deployment would do, found out by its own first steps, without asking for one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ocore.access import Caller, require
from ocore.deployments.commands import choose_instance
from ocore.deployments.evidence import Finding
from ocore.deployments.ledger import Requests, Waivers
from ocore.deployments.model import Deployment, Result, Step, Trigger
from ocore.deployments.pipeline import Waive, next_move, waived
from ocore.deployments.products import Inspected
from ocore.deployments.runner import Action, tried
from ocore.deployments.steps.fetch import fetch
from ocore.deployments.steps.inspect import inspect
from ocore.deployments.steps.snapshot import files_lost
from ocore.deployments.steps.validate import validate
from ocore.deployments.toolbox import Lookout
from ocore.deployments.windows import NOBODY_WAITS, Estimate, expected_window
from ocore.errors import Impossible, Malformed
from ocore.source import Ref
from ocore.source.refs import is_ref_name, is_sha

LOOKS: Final[tuple[tuple[Step, Action[Lookout]], ...]] = (
    (Step.FETCH, fetch),
    (Step.INSPECT, inspect),
    (Step.VALIDATE, validate),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What to look at: a branch, a tag or a commit, for one instance of a project."""

    project_id: str
    instance_id: str | None
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDesk:
    """What a plan needs, bound to the caller's organization."""

    requests: Requests
    waivers: Waivers
    lookout: Lookout
    new_id: Callable[[], str]
    pin_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A deployment as it would stand after its checks, and how long it would keep users waiting.

    No window: it never came to a plan. `drift` is what has come between the database and what
    belongs to it, beside what the checks found.
    """

    deployment: Deployment
    window: Estimate | None
    drift: tuple[Finding, ...]


async def plan(wanted: PlanRequest, *, by: Caller, desk: PlanDesk) -> Plan:
    """Return what a deployment would do; nobody asked for it.

    It is kept nowhere, and nothing that is live is touched. It ends with the first step that fails.
    """
    require(by, "view:deployments")
    project = await desk.requests.project(wanted.project_id)
    instance = choose_instance(await desk.requests.instances(project.id), wanted.instance_id)
    deployment = Deployment(
        id=desk.new_id(),
        project=project,
        instance=instance,
        trigger=Trigger.API,
        requested_by=by.user_id,
        created_at=desk.lookout.now(),
        ref=Ref(),
        previous=await desk.requests.live(instance),
    )
    deployment = await _aimed(deployment, wanted.ref, desk)
    for step, look in LOOKS:
        # Nobody is waited for, but an answer that is there already counts.
        entry = await tried(deployment, step, look, desk.lookout, patience=timedelta())
        deployment = deployment.with_entry(entry)
        if entry.result is Result.FAILED:
            deployment = await _accepted(deployment, desk)
        if deployment.failure() is not None:
            break
    return Plan(
        deployment=deployment,
        window=await _window(deployment, desk),
        drift=files_lost(await desk.lookout.lost_files(instance)),
    )


async def _accepted(deployment: Deployment, desk: PlanDesk) -> Deployment:
    """Return it as it goes on where waivers of its commit or its project accept the failure."""
    waivers = await desk.waivers.concerning(deployment)
    deployment, now = replace(deployment, waivers=waivers), desk.lookout.now()
    match next_move(deployment, now=now):
        case Waive() as move:
            return deployment.with_entry(waived(deployment, move, now=now))
        case _:
            return deployment


async def _window(deployment: Deployment, desk: PlanDesk) -> Estimate | None:
    inspected = deployment.find(Inspected)
    if inspected is None:
        return None
    if not inspected.touches_database:
        return NOBODY_WAITS
    return expected_window(
        inspected,
        await desk.requests.went_live(deployment.instance),
        room=await desk.lookout.room(deployment.instance),
        findings=deployment.findings,
    )


async def _aimed(deployment: Deployment, name: str, desk: PlanDesk) -> Deployment:
    """Return it with the ref that the name stands for. Impossible when it stands for none."""
    if not is_ref_name(name):
        raise Malformed("ref is not a name git allows", code="malformed_ref", field="ref")
    candidates = [Ref(branch=name), Ref(tag=name)]
    if is_sha(name):
        candidates.append(Ref(commit_sha=name))
    refused: Impossible | None = None
    for ref in candidates:
        try:
            pinned = await desk.lookout.source.pin(
                deployment.project, ref, seconds=desk.pin_seconds
            )
        except Impossible as failure:
            refused = failure
            continue
        return replace(deployment, ref=ref, pinned_sha=pinned)
    raise Impossible(
        f"the repository has no branch, tag or commit {name}", code="unknown_ref", field="ref"
    ) from refused
