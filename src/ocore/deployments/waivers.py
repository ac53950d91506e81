"""Waivers: somebody's reasoned acceptance, for a time, of what a check found."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ocore.gates.findings import Gate

LONGEST: Final = timedelta(days=90)
"""No acceptance outlives a quarter: what is still right then can be said again."""


class Scope(StrEnum):
    """What a waiver counts for: this deployment, its commit, or whatever its project deploys."""

    DEPLOYMENT = "deployment"
    COMMIT = "commit"
    PROJECT = "project"


class AuditStatus(StrEnum):
    """Where a waiver stands. A USED one has let its deployment go on, and counts for no other."""

    ACTIVE = "active"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One acceptance of one gate's failure. It was given on a deployment in which that was seen.

    `actor` is the name people know of whoever gave it, `actor_id` the user. `confirmation` is the
    gate's key as they typed it. `used_at` is when it first let a deployment go on.
    """

    id: str
    project_id: str
    deployment_id: str
    commit_sha: str | None
    gate: Gate
    scope: Scope
    actor_id: str
    actor: str
    reason: str
    confirmation: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def counts(self, now: datetime) -> bool:
        """Say whether it can let a deployment go on."""
        return self.audit_status(now) is AuditStatus.ACTIVE

    def audit_status(self, now: datetime) -> AuditStatus:
        if self.revoked_at is not None:
            return AuditStatus.REVOKED
        if self.used_at is not None and self.scope is Scope.DEPLOYMENT:
            return AuditStatus.USED
        return AuditStatus.ACTIVE if now < self.expires_at else AuditStatus.EXPIRED
