"""What the API works with; wiring chooses who plays each part."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from ocore.access import Caller
from ocore.access.accounts import Accounts
from ocore.access.tokens import Tokens
from ocore.artifacts import Snapshot
from ocore.attestations import Signer
from ocore.deployments.commands import Desk
from ocore.deployments.ledger import AutoDeploys, Hook, Requests, Views, Waivers
from ocore.deployments.planning import PlanDesk
from ocore.deployments.pushing import PushDesk
from ocore.deployments.toolbox import Lookout
from ocore.deployments.waiving import WaiverDesk
from ocore.environments import Instance
from ocore.environments.registry import Registry
from ocore.snapshots import TableLoss
from ocore.snapshots.records import Catalogue
from ocore.source import Source
from ocore.transcripts import Transcripts


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The ports behind the API. Those that are callables of text take an organization's id.

    `wakeups` yields the id of each deployment that changed, and None when some may have been
    missed. `ping` returns when the database answers; Unavailable when it does not. `lookout` finds
    out what a deployment would do, `losses` what going back to a snapshot would take away, and
    `file_bytes` how large a filestore is; StepFailed when the server does not answer.
    `instance_password` returns the one of Odoo's admin, None where it is not known. `hook` finds
    the webhook of a project of any organization, and `webhook_secret` returns its secret (without
    one: a secret that nobody was ever told).
    """

    requests: Callable[[str], Requests]
    views: Callable[[str], Views]
    registry: Callable[[str], Registry]
    catalogue: Callable[[str], Catalogue]
    waivers: Callable[[str], Waivers]
    auto_deploys: Callable[[str], AutoDeploys]
    hook: Callable[[str], Awaitable[Hook | None]]
    webhook_secret: Callable[[Hook | None], str]
    accounts: Accounts
    transcripts: Transcripts
    wakeups: Callable[[], AsyncIterator[str | None]]
    source: Source
    lookout: Lookout
    tokens: Tokens
    signer: Signer
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    ping: Callable[[], Awaitable[None]]
    instance_password: Callable[[Instance], Awaitable[str | None]]
    file_bytes: Callable[[Instance], Awaitable[int]]
    losses: Callable[[Instance, Snapshot], Awaitable[tuple[TableLoss, ...] | None]]
    base_domain: str = "localhost"

    def desk_of(self, caller: Caller) -> Desk:
        """Return what the commands need, bound to the caller's organization."""
        return Desk(
            requests=self.requests(caller.organization_id),
            catalogue=self.catalogue(caller.organization_id),
            source=self.source,
            now=self.now,
            new_id=self.new_id,
        )

    def waiver_desk_of(self, caller: Caller) -> WaiverDesk:
        """Return what the commands on waivers need, bound to the caller's organization."""
        return WaiverDesk(
            waivers=self.waivers(caller.organization_id), now=self.now, new_id=self.new_id
        )

    def push_desk_of(self, organization_id: str) -> PushDesk:
        """Return what the commands on pushes need, bound to an organization."""
        return PushDesk(
            requests=self.requests(organization_id),
            auto_deploys=self.auto_deploys(organization_id),
            now=self.now,
            new_id=self.new_id,
        )

    def plan_desk_of(self, caller: Caller) -> PlanDesk:
        """Return what a plan needs, bound to the caller's organization."""
        return PlanDesk(
            requests=self.requests(caller.organization_id),
            waivers=self.waivers(caller.organization_id),
            lookout=self.lookout,
            new_id=self.new_id,
        )
