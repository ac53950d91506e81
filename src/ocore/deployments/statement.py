"""What is vouched for of a deployment that has ended, as a statement that can be signed."""

from typing import Final

from ocore.attestations import Statement, Subject, image_subject
from ocore.deployments.model import ENDED, Deployment, Status
from ocore.deployments.products import Pushed, Snapped
from ocore.deployments.view import Json, deployment_view
from ocore.deployments.waivers import Waiver
from ocore.errors import Conflict
from ocore.kit.moments import rfc3339

PREDICATE_TYPE: Final = "urn:ocore:deployment:v1"


def statement_of(deployment: Deployment) -> Statement:
    """Return all that is known of a deployment; of the same one always the same. Conflict."""
    if deployment.status not in ENDED or deployment.completed_at is None:
        raise Conflict(
            f"the deployment has not ended: it is {deployment.status}", code="deployment_not_ended"
        )
    return Statement(
        subjects=_subjects(deployment),
        predicate_type=PREDICATE_TYPE,
        predicate={
            **deployment_view(deployment, updated_at=deployment.completed_at),
            "image": _image_view(deployment),
            "instance": _instance_view(deployment),
            "project": _project_view(deployment),
            "requestedBy": deployment.requested_by,
            "restored": _restored(deployment),
            "snapshot": _snapshot_view(deployment),
            "waivers": [_waiver_view(each) for each in _used(deployment)],
        },
    )


def _subjects(deployment: Deployment) -> tuple[Subject, ...]:
    """Return what it is about: the commit, and the image where a registry gave it a digest."""
    sha = deployment.commit.sha if deployment.commit else deployment.pinned_sha
    if sha is None:
        raise Conflict(
            "no commit was ever found for it: there is nothing to vouch for", code="no_commit"
        )
    commit = Subject(name=deployment.project.repository.url, digest={"gitCommit": sha})
    pushed = deployment.find(Pushed)
    image = image_subject(pushed.reference) if pushed else None
    return (commit,) if image is None else (commit, image)


def _image_view(deployment: Deployment) -> Json | None:
    image, pushed = deployment.image, deployment.find(Pushed)
    if image is None:
        return None
    return {
        "base": image.base,
        "papers": list(image.papers),
        "reference": pushed.reference if pushed else None,
        "tag": image.tag,
    }


def _instance_view(deployment: Deployment) -> Json:
    instance = deployment.instance
    return {
        "environment": instance.environment,
        "id": instance.id,
        "name": instance.name,
        "odooVersion": instance.odoo_version,
        "profile": deployment.profile,
    }


def _project_view(deployment: Deployment) -> Json:
    project = deployment.project
    return {
        "id": project.id,
        "name": project.name,
        "organizationId": project.organization_id,
        "repositoryUrl": project.repository.url,
    }


def _restored(deployment: Deployment) -> str | None:
    """Return the snapshot whose data the rollback has left in place."""
    if deployment.target is None or deployment.status is not Status.SUCCEEDED:
        return None
    restored = deployment.target.restored
    return restored.id if restored else None


def _snapshot_view(deployment: Deployment) -> Json | None:
    snapped = deployment.find(Snapped)
    if snapped is None:
        return None
    taken = snapped.snapshot
    return {
        "files": taken.files,
        "id": taken.id,
        "sizeBytes": taken.size_bytes,
        "strategy": taken.strategy,
        "verified": taken.verified,
    }


def _used(deployment: Deployment) -> list[Waiver]:
    return [item.waiver for item in deployment.evidence if item.waiver is not None]


def _waiver_view(waiver: Waiver) -> Json:
    return {
        "actor": waiver.actor,
        "actorId": waiver.actor_id,
        "confirmation": waiver.confirmation,
        "createdAt": rfc3339(waiver.created_at),
        "expiresAt": rfc3339(waiver.expires_at),
        "gateKey": waiver.gate,
        "id": waiver.id,
        "reason": waiver.reason,
        "scope": waiver.scope,
        "usedAt": rfc3339(waiver.used_at) if waiver.used_at else None,
    }
