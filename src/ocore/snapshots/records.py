"""The record of snapshots: what is kept, of what, and how long. Values and ports only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from ocore.artifacts import Snapshot
from ocore.environments import Instance, Live

PROOF_WAITS: Final = timedelta(hours=1)
"""How long after a snapshot was taken its restore test makes way for deployments."""


class SnapshotStatus(StrEnum):
    """Where a snapshot stands; only an `available` one can be gone back to.

    `restored`: it was renamed into the place of its database. `missing`: somebody else removed it.
    """

    PENDING = "pending"
    CREATING = "creating"
    AVAILABLE = "available"
    FAILED = "failed"
    RESTORED = "restored"
    MISSING = "missing"
    DELETING = "deleting"
    DELETED = "deleted"


class SnapshotReason(StrEnum):
    """Why it was taken: before a deployment, as the safety of a rollback, or by request."""

    DEPLOYMENT = "deployment"
    ROLLBACK = "rollback"
    MANUAL = "manual"


class Proof(StrEnum):
    """Whether it was restored for a test, into a scratch database, and compared."""

    WANTED = "pending"
    PASSED = "passed"
    FAILED = "failed"


class OffsiteStatus(StrEnum):
    """Whether there is a copy away from this machine."""

    NONE = "none"
    SENDING = "sending"
    STORED = "stored"


class ChoreKind(StrEnum):
    """What is wanted of a snapshot."""

    TAKE = "take"
    PROVE = "prove"
    DELETE = "delete"


class FailurePolicy(StrEnum):
    """What a failed snapshot means for a deployment that changes no data."""

    FAIL = "fail_deployment"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSettings:
    """What an environment wants of its snapshots.

    They are about snapshots beside a serving instance. The one that is taken before the data
    changes is the way back, and no setting does without it.
    """

    auto_enabled: bool = True
    failure_policy: FailurePolicy = FailurePolicy.FAIL
    max_pinned: int = 5
    retention_days: int = 30
    timeout_seconds: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRecord:
    """One snapshot. `live` is what served when it was taken: the code that belongs to its data."""

    id: str
    instance_id: str
    status: SnapshotStatus
    reason: SnapshotReason
    created_at: datetime
    deployment_id: str | None = None
    pinned: bool = False
    live: Live | None = None
    snapshot: Snapshot | None = None
    message: str | None = None
    completed_at: datetime | None = None
    proof: Proof = Proof.WANTED
    offsite: OffsiteStatus = OffsiteStatus.NONE
    offsite_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something to do about a snapshot, claimed by a worker for a while."""

    record: SnapshotRecord
    instance: Instance
    worker: str
    attempts: int

    @property
    def kind(self) -> ChoreKind:
        kinds = {
            SnapshotStatus.AVAILABLE: ChoreKind.PROVE,
            SnapshotStatus.DELETING: ChoreKind.DELETE,
        }
        return kinds.get(self.record.status, ChoreKind.TAKE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An instance and its available snapshots, newest first.

    `needed` are the ids that a deployment at work may still want, and the one that the next
    rollback would restore. `busy`: something is at work on it, or waits.
    """

    instance: Instance
    settings: SnapshotSettings
    records: tuple[SnapshotRecord, ...]
    needed: frozenset[str]
    busy: bool = False


class Catalogue(Protocol):
    """The door's side, bound to one organization: a foreign id is NotFound.

    Every change is written to the audit log in the same transaction, `by` being a user's id.
    """

    async def settings(self, instance_id: str) -> SnapshotSettings:
        """Return what the environment wants; the defaults until somebody changes them."""
        ...

    async def change_settings(
        self, instance_id: str, settings: SnapshotSettings, *, by: str
    ) -> None:
        """Keep what the environment wants from now on."""
        ...

    async def page(
        self, instance_id: str, *, limit: int, offset: int
    ) -> tuple[tuple[SnapshotRecord, ...], int]:
        """Return some snapshots, newest first, and how many there are."""
        ...

    async def snapshot(self, instance_id: str, snapshot_id: str) -> SnapshotRecord:
        """Return one snapshot."""
        ...

    async def ask(self, record: SnapshotRecord, *, by: str) -> SnapshotRecord:
        """Write down that one is wanted, and wake a worker. Conflict: nothing was ever live."""
        ...

    async def pin(
        self, instance_id: str, snapshot_id: str, *, pinned: bool, by: str
    ) -> SnapshotRecord:
        """Keep it from retention, or let it go. Conflict: too many are pinned, or it is gone."""
        ...

    async def discard(self, instance_id: str, snapshot_id: str, *, by: str) -> SnapshotRecord:
        """Have it deleted. Conflict: it is pinned, being made, or a rollback needs it."""
        ...


class Chores(Protocol):
    """The worker's side, across organizations."""

    async def claim(self, worker: str, *, seconds: float) -> Chore | None:
        """Take the oldest one that waits, or whose worker fell silent.

        A deployment at work keeps those of its instance waiting: what is to be taken until it
        ends, a restore test no longer than `PROOF_WAITS`.
        """
        ...

    async def renew(self, chore: Chore, *, seconds: float) -> bool:
        """Keep it for longer; False when it is somebody else's by now."""
        ...

    async def finish(
        self,
        chore: Chore,
        status: SnapshotStatus,
        *,
        snapshot: Snapshot | None,
        message: str | None,
    ) -> bool:
        """Write down how it ended. False when it does not count: the live version has changed."""
        ...

    async def proven(self, chore: Chore, proof: Proof, *, message: str | None) -> None:
        """Write down whether it can be restored; a dump that cannot is no snapshot any more."""
        ...

    async def in_the_way(self, chore: Chore) -> bool:
        """Say whether a restore test is to make way for a deployment that is at work."""
        ...

    async def put_back(self, chore: Chore) -> None:
        """Let it be claimed once more, as if it had not been."""
        ...

    async def again(self, chore: Chore, *, seconds: float, message: str) -> None:
        """Let it be tried once more, after some seconds."""
        ...

    async def settings_of(self, instance: Instance) -> SnapshotSettings:
        """Return what the environment of an instance wants."""
        ...

    async def survey(self) -> tuple[Kept, ...]:
        """Return all that is kept, by instance."""
        ...

    async def mark(self, snapshot_id: str, status: SnapshotStatus, *, message: str) -> None:
        """Have an available one deleted, or note that it is missing."""
        ...
