"""Builds journals line by line, as a ledger would have them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ocore.artifacts import Colour, Commit, Image, Snapshot
from ocore.deployments.evidence import Evidence, EvidenceStatus, Gate
from ocore.deployments.model import Deployment, Entry, Result, Step
from ocore.deployments.products import (
    Artifact,
    Built,
    Fetched,
    Inspected,
    Snapped,
    Started,
)
from ocore.deployments.waivers import Scope, Waiver
from ocore.odoo.plan import PlannedChange
from tests.deployments.world import DEPLOYMENT, NOW, PROJECT, SHA, endpoint_of

COMMIT = Commit(sha=SHA, author="Ana", author_avatar=None, message="Lend books")
UPDATE_PLAN = Inspected(
    install=(),
    update=(PlannedChange(name="loans", version="19.0.1.0.0", reason="content changed"),),
    modules=("loans",),
    checksums={"loans": "new"},
    python_dependencies=(),
    scripts=(),
    changed_files=1,
)
NO_PLAN = Inspected(
    install=(),
    update=(),
    modules=("loans",),
    checksums={"loans": "new"},
    python_dependencies=(),
    scripts=(),
    changed_files=1,
)
SNAPSHOT = Snapshot(
    id="s",
    strategy="template",
    location="library_1__s",
    size_bytes=1,
    files=0,
    duration_ms=5,
    verified=True,
)
ARTIFACTS: dict[Step, Artifact] = {
    Step.FETCH: Fetched(commit=COMMIT),
    Step.INSPECT: UPDATE_PLAN,
    Step.BUILD: Built(image=Image(tag="acme/library:new", base="19.0-x", reused=False)),
    Step.SNAPSHOT: Snapped(snapshot=SNAPSHOT),
    Step.START: Started(colour=Colour.GREEN, endpoint=endpoint_of(Colour.GREEN)),
}


def done(deployment: Deployment, *steps: Step, plan: Inspected = UPDATE_PLAN) -> Deployment:
    """Return the deployment after these steps succeeded, one second each."""
    for step in steps:
        artifact = plan if step is Step.INSPECT else ARTIFACTS.get(step)
        deployment = begun(deployment, step)
        deployment = _with(deployment, step, Result.SUCCEEDED, artifact)
    return deployment


def begun(deployment: Deployment, step: Step) -> Deployment:
    return _with(deployment, step, Result.RUNNING, None)


def failed(deployment: Deployment, step: Step, detail: str = "no") -> Deployment:
    entry = Entry(step=step, result=Result.FAILED, at=NOW, attempt=1, detail=detail)
    return begun(deployment, step).with_entry(entry)


def blocked(deployment: Deployment, step: Step, until: datetime) -> Deployment:
    """Return the deployment after a gate that may be waived failed in a step."""
    deployment = failed(deployment, step, "a password in the tree")
    found = replace(passed(Gate.CODE_SECRETS), status=EvidenceStatus.FAILED)
    last = replace(deployment.journal[-1], evidence=(found,), waits_until=until)
    return replace(deployment, journal=(*deployment.journal[:-1], last))


def waiver(gate: Gate, **changes: Any) -> Waiver:
    """Return an acceptance that counts for two days."""
    given = Waiver(
        id=f"waiver of {gate}",
        project_id=PROJECT.id,
        deployment_id=DEPLOYMENT,
        commit_sha=SHA,
        gate=gate,
        scope=Scope.DEPLOYMENT,
        actor_id="ana",
        actor="Ana",
        reason="an example key",
        confirmation=gate.value,
        created_at=NOW,
        expires_at=NOW + timedelta(days=2),
    )
    return replace(given, **changes)


def passed(gate: Gate, *, warned: bool = False) -> Evidence:
    return Evidence(
        gate=gate,
        name=gate.value,
        status=EvidenceStatus.PASSED,
        summary="seen",
        mode="static",
        started_at=NOW,
        completed_at=NOW,
        warned=warned,
    )


def with_evidence(deployment: Deployment, *evidence: Evidence) -> Deployment:
    entry = Entry(step=Step.VERIFY, result=Result.SUCCEEDED, at=NOW, attempt=1, evidence=evidence)
    return deployment.with_entry(entry)


def _with(
    deployment: Deployment, step: Step, result: Result, artifact: Artifact | None
) -> Deployment:
    at = NOW + timedelta(seconds=len(deployment.journal))
    entry = Entry(step=step, result=result, at=at, attempt=1, artifact=artifact)
    return deployment.with_entry(entry)
