"""The durable record of deployments, as the domain needs it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ocore.deployments.autodeploy import AutoDeploy, Decision, Standing
from ocore.deployments.model import Deployment, Entry, RollbackTarget, Status
from ocore.deployments.pipeline import Hold
from ocore.deployments.waivers import Waiver
from ocore.deployments.wayback import WayBack
from ocore.environments import Instance, InstanceStatus, Live, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on one deployment. `term` grows with each claim on the instance."""

    deployment_id: str
    worker: str
    term: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is written when a deployment ends: its status and what its instance is from now on."""

    status: Status
    error_message: str | None
    instance_status: InstanceStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a deployment's story as a follower sees it: gapless `seq` from 1, JSON `data`."""

    seq: int
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What could be gone back to, and what that takes."""

    target: RollbackTarget
    way: WayBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """The webhook of a project. `version` names its secret, which is not kept but made from it."""

    organization_id: str
    project_id: str
    version: str
    rotated_at: datetime


class Ledger(Protocol):
    """The worker's side. Every write names the lease, and raises LeaseLost when it is not ours."""

    async def claim(self, worker: str) -> Lease | None:
        """Take one whose lease ran out or whose wait is over, else the oldest one in the queue.

        Its instance must be free: what runs or waits for somebody comes first.
        """
        ...

    async def load(self, lease: Lease) -> Deployment:
        """Return the deployment with its journal."""
        ...

    async def renew(self, lease: Lease) -> bool:
        """Extend the lease; say whether a cancel has been asked for."""
        ...

    async def append(self, lease: Lease, entry: Entry) -> Deployment:
        """Add one line to the journal, tell followers, and return the deployment with it."""
        ...

    async def go_live(self, lease: Lease, entry: Entry, live: Live) -> Deployment:
        """Add the line that ends the switch and record what serves, in one transaction."""
        ...

    async def waive(self, lease: Lease, entry: Entry) -> Deployment:
        """Add the line that lets a failed step pass and use up its waivers, in one transaction.

        Without the line when one of them does not count any more: what is returned shows it.
        """
        ...

    async def block(self, lease: Lease, decided: Deployment, hold: Hold) -> None:
        """Let go until something happens: an answer, a cancel, or the end of the wait.

        What happened since it was `decided` counts, too.
        """
        ...

    async def close(self, lease: Lease, ending: Ending) -> None:
        """Let go for good; the deployment does not change after this."""
        ...


class Requests(Protocol):
    """The door's side, bound to one organization: a foreign id is NotFound."""

    async def project(self, project_id: str) -> Project:
        """Return a project with its repository."""
        ...

    async def instances(self, project_id: str) -> tuple[Instance, ...]:
        """Return the instances of a project, oldest first."""
        ...

    async def live(self, instance: Instance) -> Live | None:
        """Return what serves the instance; None when nothing does."""
        ...

    async def open(self, deployment: Deployment, *, idempotency_key: str | None) -> bytes:
        """Write the row and the wake-up in one transaction; return what the API shows.

        The same key with the same request returns the first answer; with another it is a Conflict.
        """
        ...

    async def open_pushed(
        self,
        deployment: Deployment,
        *,
        idempotency_key: str | None,
        decide: Callable[[Standing], Decision],
    ) -> Decision:
        """Do the same with what a push asks for, if that is the decision; return it.

        Nobody else can queue anything for the project between the decision and the deed.
        """
        ...

    async def deployment(self, project_id: str, deployment_id: str) -> Deployment:
        """Return a deployment with its journal."""
        ...

    async def rollback_targets(self, instance: Instance) -> tuple[Target, ...]:
        """Return what the instance can go back to, newest first, without what is live now.

        Succeeded deployments whose successor left a snapshot that is still there.
        """
        ...

    async def went_live(self, instance: Instance) -> tuple[Deployment, ...]:
        """Return the instance's last twenty deployments that went live, newest first."""
        ...

    async def rollbacks(self, instance: Instance) -> tuple[Deployment, ...]:
        """Return the instance's last hundred rollbacks, newest first."""
        ...

    async def request_cancel(self, deployment_id: str, *, by: str) -> bytes:
        """Note that a user wants a cancel; a queued one ends at once. Return what the API shows."""
        ...


class AutoDeploys(Protocol):
    """Which pushes are deployed where, bound to one organization: a foreign id is NotFound.

    Every change is written to the audit log in the same transaction, `by` being a user's id.
    """

    async def state(self, instance_id: str) -> tuple[AutoDeploy, Standing]:
        """Return what an instance wants of pushes, and how it stands."""
        ...

    async def of_project(self, project_id: str) -> tuple[AutoDeploy, ...]:
        """Return the settings of a project's instances that have one, oldest instance first.

        None of a project that is not there.
        """
        ...

    async def change(self, wanted: AutoDeploy, *, by: str) -> None:
        """Keep what an instance wants of pushes from now on."""
        ...

    async def resume(self, instance_id: str, *, rollback_id: str, by: str) -> None:
        """Lift the pauses after this rollback and after those before it."""
        ...

    async def hook(self, project_id: str) -> Hook | None:
        """Return the webhook of a project; None until it was given a secret."""
        ...

    async def rotate(self, project_id: str, *, version: str, by: str) -> Hook:
        """Give the webhook of a project a secret of this version, and no other."""
        ...


class Waivers(Protocol):
    """Waivers, bound to one organization: a foreign id is NotFound.

    `admit` is called while nobody else can change what it is shown, and refuses by raising.
    """

    async def give(self, waiver: Waiver, *, admit: Callable[[Deployment], None]) -> Waiver:
        """Keep a waiver, with its deployment's commit and its actor's name, and wake who waits."""
        ...

    async def revoke(
        self, project_id: str, waiver_id: str, *, by: str, admit: Callable[[Waiver], None]
    ) -> Waiver:
        """Take a waiver back and return it."""
        ...

    async def of_deployment(self, project_id: str, deployment_id: str) -> tuple[Waiver, ...]:
        """Return the waivers that concern a deployment, newest first."""
        ...

    async def concerning(self, deployment: Deployment) -> tuple[Waiver, ...]:
        """Return the same of a deployment that is not kept."""
        ...

    async def page(
        self, project_id: str, *, limit: int, offset: int
    ) -> tuple[tuple[Waiver, ...], int]:
        """Return a page of a project's waivers, newest first, and how many there are."""
        ...


class Views(Protocol):
    """What followers and lists read, bound to one organization. JSON bytes, ready to send."""

    async def view(self, project_id: str, deployment_id: str) -> bytes:
        """Return one deployment. NotFound."""
        ...

    async def page(self, project_id: str, *, limit: int, offset: int) -> bytes:
        """Return a page of deployments, newest first. NotFound when the project is not there."""
        ...

    async def demand_rollback(self, deployment_id: str) -> None:
        """Pass when there is a rollback of this id. NotFound."""
        ...

    async def events(self, deployment_id: str, *, after: int) -> tuple[Event, ...]:
        """Return the events after a number; the last one of an ended deployment is `complete`."""
        ...
