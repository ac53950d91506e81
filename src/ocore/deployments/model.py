"""What a deployment is: an order, and a journal of what happened to it.

Values only. Nothing here reads a clock, a disk or a network.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from ocore.artifacts import Colour, Commit, Image, Snapshot
from ocore.deployments.evidence import Evidence, Finding
from ocore.deployments.products import A, Artifact, Built, Fetched, Inspected, Prepared
from ocore.deployments.waivers import Waiver
from ocore.environments import Instance, Live, Project
from ocore.gates.profiles import Profile, profile_of
from ocore.source import Ref


class Status(StrEnum):
    """Where a deployment stands. The last five are ends: nothing changes after them."""

    QUEUED = "queued"
    RUNNING = "running"
    BLOCKED = "blocked"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


ENDED: Final = frozenset(Status) - {Status.QUEUED, Status.RUNNING, Status.BLOCKED}


class Trigger(StrEnum):
    """What asked for the deployment."""

    MANUAL = "manual"
    WEBHOOK = "webhook"
    API = "api"
    ROLLBACK = "rollback"
    RETRY = "retry"
    SCHEDULE = "schedule"


class Step(StrEnum):
    """One stage of the pipeline, by the name people read. The order lives in pipeline."""

    FETCH = "Fetch source"
    INSPECT = "Inspect modules"
    VALIDATE = "Validate"
    BUILD = "Build image"
    PUSH = "Push image"
    REHEARSE = "Rehearse"
    PREPARE = "Prepare restore"
    SNAPSHOT = "Snapshot"
    UPDATE = "Update modules"
    RESTORE = "Restore snapshot"
    START = "Start"
    HEALTH = "Health check"
    SWITCH = "Switch traffic"
    VERIFY = "Verify"
    ROLL_BACK = "Roll back"


class Result(StrEnum):
    """How one attempt at a step ended; RUNNING is the line that says it began."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal. Never edited, never removed.

    `detail` is one or a few sentences for people; `attempt` counts from 1. `waits_until` is set
    where a step failed by checks that a person may accept: so long the deployment waits for that.
    """

    step: Step
    result: Result
    at: datetime
    attempt: int
    detail: str | None = None
    artifact: Artifact | None = None
    evidence: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = ()
    waits_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackTarget:
    """What a rollback goes back to: an earlier deployment, and data as its successor found it.

    Without `restores_data` only the code goes back. `source` is the other instance whose snapshot
    it is, where it is another's: that data is neutralized before it is put in place.
    """

    deployment_id: str
    commit: Commit
    image: str
    snapshot: Snapshot
    restores_data: bool = True
    source: Instance | None = None

    @property
    def restored(self) -> Snapshot | None:
        """Return the snapshot whose data goes back; None when the code goes back alone."""
        return self.snapshot if self.restores_data else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One attempt to put one commit live on one instance.

    `previous` is what was live when the first worker claimed it (None: nothing was).
    `pinned_sha` is the commit the ref named when it was asked for, where that could be had quickly;
    `pushed_from` is where the branch was before the push that asks for it.
    `waivers` are those that concern it; they are looked for once something has failed.
    """

    id: str
    project: Project
    instance: Instance
    trigger: Trigger
    requested_by: str
    created_at: datetime
    ref: Ref
    pinned_sha: str | None = None
    pushed_from: str | None = None
    target: RollbackTarget | None = None
    previous: Live | None = None
    status: Status = Status.QUEUED
    started_at: datetime | None = None
    completed_at: datetime | None = None
    error_message: str | None = None
    cancel_requested: bool = False
    waivers: tuple[Waiver, ...] = ()
    journal: tuple[Entry, ...] = field(default=())

    def with_entry(self, entry: Entry) -> "Deployment":
        return replace(self, journal=(*self.journal, entry))

    def last(self, step: Step) -> Entry | None:
        """Return the last line about a step, or None when it never began."""
        return next((entry for entry in reversed(self.journal) if entry.step is step), None)

    def attempts(self, step: Step) -> int:
        """Return how often the step began."""
        return sum(e.step is step and e.result is Result.RUNNING for e in self.journal)

    def began(self, step: Step) -> bool:
        return self.last(step) is not None

    def settled(self, step: Step) -> bool:
        """Say whether the step needs no more doing: it succeeded or was skipped."""
        entry = self.last(step)
        return entry is not None and entry.result in {Result.SUCCEEDED, Result.SKIPPED}

    def failure(self) -> Entry | None:
        """Return the first line that says a step failed, where nobody accepted that since."""
        failed = (entry for entry in self.journal if entry.result is Result.FAILED)
        return next((entry for entry in failed if not self.settled(entry.step)), None)

    def find(self, kind: type[A]) -> A | None:
        """Return what a step produced, by its type; None when it has not."""
        for entry in reversed(self.journal):
            if isinstance(entry.artifact, kind):
                return entry.artifact
        return None

    def produced(self, kind: type[A]) -> A:
        """Return what a step produced. LookupError means the pipeline is wrong, not the user."""
        artifact = self.find(kind)
        if artifact is None:
            raise LookupError(kind.__name__)
        return artifact

    @property
    def image(self) -> Image | None:
        for artifact in (self.find(Built), self.find(Prepared)):
            if artifact is not None:
                return artifact.image
        return None

    @property
    def commit(self) -> Commit | None:
        if self.target is not None:
            return self.target.commit
        fetched = self.find(Fetched)
        return fetched.commit if fetched else None

    @property
    def colour(self) -> Colour:
        """Return the colour this deployment starts: the one that is not live."""
        return self.previous.colour.other if self.previous else Colour.BLUE

    @property
    def profile(self) -> Profile:
        """Return the profile whose gates this deployment must pass."""
        inspected = self.find(Inspected)
        asked = inspected.configuration.profile if inspected else None
        return profile_of(self.instance.environment, asked)

    @property
    def served(self) -> Instance:
        """Return the instance as its repository wants its requests to be held."""
        inspected = self.find(Inspected)
        seconds = inspected.configuration.hold_seconds if inspected else None
        return self.instance if seconds is None else replace(self.instance, hold_seconds=seconds)

    @property
    def replaces_data(self) -> bool:
        """Say whether the database changes, so that the instance must stop serving for a moment."""
        if self.target is not None:
            return self.target.restores_data
        inspected = self.find(Inspected)
        return inspected is not None and inspected.touches_database

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the last record of each check, in the order in which they first ran."""
        items = [item for entry in self.journal for item in entry.evidence]
        # A gate may have several: an image is built, and then pushed.
        return tuple({(item.gate, item.name): item for item in items}.values())

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(item for entry in self.journal for item in entry.findings)
