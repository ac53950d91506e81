"""A deployment as the API shows it: all keys present, null when unknown.

Key names and types are the published contract; see the reference page of the API.
"""

from datetime import datetime
from uuid import UUID, uuid5

from ocore.deployments import pipeline, verdict
from ocore.deployments.evidence import Evidence, Finding
from ocore.deployments.model import ENDED, Deployment, Result, Step
from ocore.deployments.pipeline import Hold
from ocore.deployments.products import Inspected, Snapped, Started
from ocore.deployments.risk import Risk, assess, biggest, explained
from ocore.deployments.waivers import AuditStatus, Waiver
from ocore.deployments.windows import Estimate
from ocore.kit.moments import milliseconds_between, rfc3339

Json = dict[str, object]


def deployment_view(deployment: Deployment, *, updated_at: datetime) -> Json:
    """Return the deployment's JSON object."""
    return {
        **_commit_view(deployment),
        **_time_view(deployment, updated_at),
        **_result_view(deployment),
        "id": deployment.id,
        "instanceId": deployment.instance.id,
        "projectId": deployment.project.id,
        "previousCommitSha": deployment.previous.commit_sha if deployment.previous else None,
        "previousDeploymentId": deployment.previous.deployment_id if deployment.previous else None,
        "status": deployment.status,
        "triggerType": deployment.trigger,
    }


def step_view(deployment: Deployment, step: Step) -> Json:
    """Return one step's JSON object; `version` counts its attempts, 0 before the first."""
    began = next(
        (
            entry
            for entry in reversed(deployment.journal)
            if entry.step is step and entry.result is Result.RUNNING
        ),
        None,
    )
    last = deployment.last(step)
    ended = last if last is not None and last.result is not Result.RUNNING else None
    started_at = began.at if began else (ended.at if ended else None)
    return {
        "completedAt": _time(ended.at if ended else None),
        "durationMs": _duration(started_at, ended.at if ended else None),
        "id": _step_id(deployment.id, step),
        "name": step,
        "output": ended.detail if ended else None,
        "sortOrder": _shown_steps(deployment).index(step) + 1,
        "startedAt": _time(started_at),
        "status": _step_status(deployment, step),
        "version": deployment.attempts(step),
    }


def plan_view(
    deployment: Deployment, window: Estimate | None, drift: tuple[Finding, ...] = ()
) -> Json:
    """Return what a deployment that was only looked at would do."""
    inspected, failure = deployment.find(Inspected), deployment.failure()
    previous = deployment.previous
    return {
        "blocked": failure is not None,
        "changedFiles": inspected.changed_files if inspected else None,
        "commitMessage": deployment.commit.message if deployment.commit else None,
        "commitSha": deployment.commit.sha if deployment.commit else deployment.pinned_sha,
        "evidence": [_evidence_view(deployment, item) for item in deployment.evidence],
        "findings": [_finding_view(item) for item in (*deployment.findings, *drift)],
        "instanceId": deployment.instance.id,
        "modules": _modules_view(inspected),
        "previousCommitSha": previous.commit_sha if previous else None,
        "previousDeploymentId": previous.deployment_id if previous else None,
        "profile": deployment.profile,
        "projectId": deployment.project.id,
        "reason": f"{failure.step}: {failure.detail}" if failure else None,
        "risk": _plan_risk_view(deployment),
        "scripts": list(inspected.scripts) if inspected else [],
        "touchesDatabase": inspected.touches_database if inspected else None,
        "window": (
            {"estimatedMs": window.milliseconds, "reason": window.reason} if window else None
        ),
    }


def _modules_view(inspected: Inspected | None) -> list[Json]:
    if inspected is None:
        return []
    changes = (("install", inspected.install), ("update", inspected.update))
    return [
        {"action": action, "name": each.name, "reason": each.reason, "version": each.version}
        for action, planned in changes
        for each in planned
    ]


def complete_view(deployment: Deployment) -> Json:
    """Return the last event of a deployment's stream."""
    return {
        "deploymentId": deployment.id,
        "status": deployment.status,
        "errorMessage": deployment.error_message,
        "completedAt": _time(deployment.completed_at),
        "durationMs": _duration(deployment.started_at, deployment.completed_at),
    }


def blocked_view(deployment: Deployment, hold: Hold) -> Json:
    """Return the event that tells followers that a deployment waits for one of them."""
    return {
        "deploymentId": deployment.id,
        "status": deployment.status,
        "errorMessage": deployment.error_message,
        "gates": list(hold.gates),
        "until": rfc3339(hold.until),
    }


def _commit_view(deployment: Deployment) -> Json:
    commit = deployment.commit
    known_sha = deployment.pinned_sha or deployment.ref.commit_sha
    return {
        "branch": deployment.ref.branch,
        "commitAuthor": commit.author if commit else None,
        "commitAuthorAvatar": commit.author_avatar if commit else None,
        "commitMessage": commit.message if commit else None,
        "commitSha": commit.sha if commit else known_sha,
    }


def _time_view(deployment: Deployment, updated_at: datetime) -> Json:
    return {
        "completedAt": _time(deployment.completed_at),
        "createdAt": _time(deployment.created_at),
        "durationMs": _duration(deployment.started_at, deployment.completed_at),
        "startedAt": _time(deployment.started_at),
        "updatedAt": _time(updated_at),
    }


def _result_view(deployment: Deployment) -> Json:
    image, snapped = deployment.image, deployment.find(Snapped)
    risk = _risk_of(deployment)
    # A risk has no key for what it is made of.
    findings = [*deployment.findings, *([explained(risk)] if risk else [])]
    return {
        "activeColor": _active_colour(deployment),
        "errorMessage": deployment.error_message,
        "evidence": [_evidence_view(deployment, item) for item in deployment.evidence],
        "findings": [_finding_view(item) for item in findings],
        "imageTag": image.tag if image else None,
        "risk": {"level": risk.level, "score": risk.score} if risk else None,
        "snapshotId": snapped.snapshot.id if snapped else None,
        "steps": [step_view(deployment, step) for step in _shown_steps(deployment)],
        "successVerdict": _verdict_view(deployment),
    }


def _active_colour(deployment: Deployment) -> str | None:
    """Return the colour that serves after what has happened so far."""
    started = deployment.find(Started)
    if started is not None and deployment.settled(Step.SWITCH):
        return started.colour
    return deployment.previous.colour if deployment.previous else None


def _shown_steps(deployment: Deployment) -> tuple[Step, ...]:
    flow = pipeline.flow_of(deployment)
    return (*flow, Step.ROLL_BACK) if deployment.began(Step.ROLL_BACK) else flow


def _step_status(deployment: Deployment, step: Step) -> str:
    last = deployment.last(step)
    if last is None:
        return "skipped" if deployment.status in ENDED else "pending"
    return last.result


def _evidence_view(deployment: Deployment, item: Evidence) -> Json:
    duration = _duration(item.started_at, item.completed_at)
    return {
        "artifactRefs": list(item.artifact_refs),
        "completedAt": _time(item.completed_at),
        "durationMs": duration,
        "gateKey": item.gate,
        "logRefs": list(item.log_refs),
        "name": item.name,
        "outcome": item.outcome,
        "required": item.required,
        "startedAt": _time(item.started_at),
        "status": item.status,
        "summary": item.summary,
        "validation": {
            "artifactRefs": list(item.artifact_refs),
            "durationMs": duration,
            "exitCode": item.exit_code,
            "failureCard": item.failure_card,
            "logExcerpt": item.log_excerpt,
            "mode": item.mode,
            "profile": deployment.profile,
        },
        "waiver": _waiver_view(item.waiver) if item.waiver else None,
    }


def _waiver_view(waiver: Waiver) -> Json:
    """Return a waiver as it stands in evidence: there it was used, whatever becomes of it."""
    return {
        "actor": waiver.actor,
        "auditStatus": AuditStatus.USED,
        "confirmation": waiver.confirmation,
        "expiresAt": _time(waiver.expires_at),
        "id": waiver.id,
        "reason": waiver.reason,
        "scope": waiver.scope,
    }


def _finding_view(finding: Finding) -> Json:
    return {
        "class": finding.cls,
        "confidence": finding.confidence,
        "evidenceExcerpt": finding.excerpt,
        "gateAction": finding.action,
        "metadata": dict(finding.metadata),
        "severity": finding.severity,
    }


def _risk_of(deployment: Deployment) -> Risk | None:
    inspected = deployment.find(Inspected)
    if inspected is None:
        return None
    environment = deployment.instance.environment
    return assess(inspected, deployment.findings, environment=environment)


def _plan_risk_view(deployment: Deployment) -> Json | None:
    risk = _risk_of(deployment)
    if risk is None:
        return None
    contributions = [{"points": each.points, "reason": each.reason} for each in biggest(risk)]
    return {"contributions": contributions, "level": risk.level, "score": risk.score}


def _verdict_view(deployment: Deployment) -> Json | None:
    if deployment.status not in ENDED:
        return None
    judged = verdict.judge(deployment, deployment.status)
    return {
        "clean": judged.clean,
        "label": judged.label,
        "legacy": False,
        "reason": judged.reason,
        "status": judged.status,
        "waived": judged.waived,
    }


def _step_id(deployment_id: str, step: Step) -> str:
    return str(uuid5(UUID(deployment_id), step))


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def _duration(start: datetime | None, end: datetime | None) -> int | None:
    return milliseconds_between(start, end) if start and end else None
