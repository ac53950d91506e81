"""Drive one deployment from wherever its journal stands to its end."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from ocore.deployments import pipeline, verdict
from ocore.deployments.ledger import Ending, Lease, Ledger
from ocore.deployments.model import Deployment, Entry, Result, Status, Step
from ocore.deployments.pipeline import Finish, GiveUp, Hold, Run, Skip, Waive
from ocore.deployments.products import Started
from ocore.deployments.steps.build import build
from ocore.deployments.steps.fetch import fetch
from ocore.deployments.steps.health import health
from ocore.deployments.steps.inspect import inspect
from ocore.deployments.steps.outcome import GateFailed, Outcome
from ocore.deployments.steps.push import push
from ocore.deployments.steps.rehearse import forget_rehearsal, rehearse
from ocore.deployments.steps.restore import prepare, restore
from ocore.deployments.steps.roll_back import roll_back
from ocore.deployments.steps.snapshot import snapshot
from ocore.deployments.steps.start import start
from ocore.deployments.steps.switch import switch
from ocore.deployments.steps.update import update
from ocore.deployments.steps.validate import validate
from ocore.deployments.steps.verify import verify
from ocore.deployments.toolbox import Lookout, Toolbox
from ocore.environments import InstanceStatus, Live
from ocore.errors import StepFailed
from ocore.odoo.logs import step_marker

L = TypeVar("L", bound=Lookout)
Action = Callable[[Deployment, L], Awaitable[Outcome]]

ACTIONS: Final[dict[Step, Action[Toolbox]]] = {
    Step.FETCH: fetch,
    Step.INSPECT: inspect,
    Step.VALIDATE: validate,
    Step.BUILD: build,
    Step.PUSH: push,
    Step.REHEARSE: rehearse,
    Step.PREPARE: prepare,
    Step.SNAPSHOT: snapshot,
    Step.UPDATE: update,
    Step.RESTORE: restore,
    Step.START: start,
    Step.HEALTH: health,
    Step.SWITCH: switch,
    Step.VERIFY: verify,
    Step.ROLL_BACK: roll_back,
}


async def run_deployment(lease: Lease, ledger: Ledger, tools: Toolbox) -> None:
    """Do one thing, write it down, ask again; until the end, or until somebody must be waited for.

    Safe to call after any crash.
    """
    deployment = await ledger.load(lease)
    while True:
        match pipeline.next_move(deployment, now=tools.now()):
            case Run(step):
                deployment = await ledger.append(lease, _begun(deployment, step, tools))
                patience = timedelta(seconds=tools.waiver_seconds)
                entry = await tried(deployment, step, ACTIONS[step], tools, patience=patience)
            case Skip(step, reason):
                entry = _line(deployment, step, Result.SKIPPED, reason, at=tools.now())
            case GiveUp(step):
                reason = _gave_up(deployment, step)
                entry = _line(deployment, step, Result.FAILED, reason, at=tools.now())
            case Waive() as move:
                entry = pipeline.waived(deployment, move, now=tools.now())
                tools.say(entry.detail or "")
            case Hold() as hold:
                tools.say(verdict.waiting_message(deployment, hold))
                await tools.flush()
                return await ledger.block(lease, deployment, hold)
            case Finish(status):
                await forget_rehearsal(deployment, tools)
                await tools.flush()
                return await ledger.close(lease, ending_of(deployment, status))
        await tools.flush()
        deployment = await _record(lease, ledger, deployment, entry)


def ending_of(deployment: Deployment, status: Status) -> Ending:
    """Return what is written when a deployment ends with this status."""
    undo = deployment.last(Step.ROLL_BACK)
    broken = undo is not None and undo.result is Result.FAILED
    succeeded = InstanceStatus.RUNNING if status is Status.SUCCEEDED else None
    return Ending(
        status=status,
        error_message=verdict.error_message(deployment, status),
        instance_status=InstanceStatus.DEGRADED if broken else succeeded,
    )


async def tried(
    deployment: Deployment, step: Step, action: Action[L], tools: L, *, patience: timedelta
) -> Entry:
    """Return the line that ends a try. One that a person may accept waits for that so long."""
    tools.say(step_marker(step))
    try:
        outcome = await action(deployment, tools)
    except StepFailed as failure:
        tools.say(f"Failed: {failure}")
        entry = _line(deployment, step, Result.FAILED, str(failure), at=tools.now())
        return _with_checks(deployment, entry, failure, patience)
    tools.say(outcome.detail)
    return replace(
        _line(deployment, step, Result.SUCCEEDED, outcome.detail, at=tools.now()),
        artifact=outcome.artifact,
        evidence=outcome.evidence,
        findings=outcome.findings,
    )


def _with_checks(
    deployment: Deployment, entry: Entry, failure: StepFailed, patience: timedelta
) -> Entry:
    if not isinstance(failure, GateFailed):
        return entry
    waits = pipeline.may_wait(deployment, failure.evidence)
    return replace(
        entry,
        evidence=failure.evidence,
        findings=failure.findings,
        waits_until=entry.at + patience if waits else None,
    )


async def _record(lease: Lease, ledger: Ledger, deployment: Deployment, entry: Entry) -> Deployment:
    if any(item.waiver for item in entry.evidence):
        return await ledger.waive(lease, entry)
    if entry.step is Step.SWITCH and entry.result is Result.SUCCEEDED:
        return await ledger.go_live(lease, entry, _live(deployment))
    return await ledger.append(lease, entry)


def _live(deployment: Deployment) -> Live:
    image, commit = deployment.image, deployment.commit
    if image is None or commit is None:
        raise LookupError("nothing to go live with")
    return Live(
        deployment_id=deployment.id,
        commit_sha=commit.sha,
        image=image.tag,
        colour=deployment.produced(Started).colour,
    )


def _begun(deployment: Deployment, step: Step, tools: Toolbox) -> Entry:
    attempt = deployment.attempts(step) + 1
    return Entry(step=step, result=Result.RUNNING, at=tools.now(), attempt=attempt)


def _line(
    deployment: Deployment, step: Step, result: Result, detail: str, *, at: datetime
) -> Entry:
    """Return a line on the try that began last."""
    attempt = max(deployment.attempts(step), 1)
    return Entry(step=step, result=result, at=at, attempt=attempt, detail=detail)


def _gave_up(deployment: Deployment, step: Step) -> str:
    return f"began {deployment.attempts(step)} times and never ended: the worker died each time"
