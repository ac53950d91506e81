"""Snapshot: make sure there is a way back before anything changes."""

from ocore.artifacts import Snapshot
from ocore.deployments.evidence import Finding, FindingClass, Gate
from ocore.deployments.model import Deployment
from ocore.deployments.products import Snapped
from ocore.deployments.steps.crons import stop_crons
from ocore.deployments.steps.outcome import Check, Outcome
from ocore.deployments.toolbox import Toolbox
from ocore.errors import StepFailed
from ocore.gates.catalog import found
from ocore.snapshots import in_time
from ocore.snapshots.records import FailurePolicy


async def snapshot(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Take the snapshot: inside the window when the data will change, beside it otherwise.

    The snapshot has the id of its deployment, so a second try makes the same one anew.
    """
    check = Check(
        gate=Gate.DATABASE_SNAPSHOT, name="Database snapshot", mode="runtime", now=tools.now
    )
    settings = await tools.snapshot_settings(deployment.instance)
    if not deployment.replaces_data and not settings.auto_enabled:
        return Outcome(detail="none: the data does not change, and autoEnabled is off")
    findings: list[Finding] = []
    try:
        findings += files_lost(await tools.snapshots.ready(deployment.instance, deployment.id))
        taken = await _take(deployment, tools, findings, seconds=settings.timeout_seconds)
    except StepFailed as failure:
        if deployment.replaces_data or settings.failure_policy is FailurePolicy.FAIL:
            raise check.failure(failure, findings=tuple(findings)) from failure
        return Outcome(
            detail=f"none, and failurePolicy says to go on without: {failure}",
            evidence=(check.failed(str(failure), required=False),),
            findings=tuple(findings),
        )
    summary = (
        f"{taken.strategy} of {_megabytes(taken.size_bytes)} and {taken.files} files"
        f" in {taken.duration_ms} ms"
    )
    if not taken.verified:
        unverified = StepFailed(f"{summary}, but it does not match the database")
        raise check.failure(unverified, findings=tuple(findings))
    return Outcome(
        detail=summary,
        artifact=Snapped(snapshot=taken),
        evidence=(check.passed(summary, artifact_refs=(taken.id,), warned=bool(findings)),),
        findings=tuple(findings),
    )


async def _take(
    deployment: Deployment, tools: Toolbox, findings: list[Finding], *, seconds: int
) -> Snapshot:
    """Take it; what deserves a look is added."""
    instance = deployment.instance
    if not deployment.replaces_data:
        return await in_time(tools.snapshots.take_online(instance, deployment.id), seconds=seconds)
    if deployment.previous is not None:
        # First of all: however long a scheduled action takes to end, nobody waits for a page.
        findings += await stop_crons(deployment, tools)
        tools.say("Holding requests: the cutover begins")
        await tools.proxy.hold(deployment.served)
        await tools.runtime.drain(instance)
    return await tools.snapshots.take(instance, deployment.id)


def files_lost(lost: tuple[str, ...]) -> tuple[Finding, ...]:
    """Return what was lost before us: no reason to stop, and nothing a rollback brings back."""
    if not lost:
        return ()
    names = ", ".join(lost[:3])
    return (
        found(
            FindingClass.DATA_FILE_LOST,
            f"{len(lost)} files of attachments are missing or cut short: {names}",
            files=list(lost[:100]),
            count=len(lost),
        ),
    )


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB"
