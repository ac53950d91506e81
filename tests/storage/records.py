"""Two organizations with a project and instances, and the deployments tests ask for."""

from dataclasses import dataclass, replace
from datetime import timedelta

from ocore.access import Role
from ocore.access.accounts import Account
from ocore.deployments.ledger import Ending, Lease
from ocore.deployments.model import Deployment, Status, Step, Trigger
from ocore.deployments.pipeline import FLOW, Hold, next_move
from ocore.deployments.products import Snapped
from ocore.environments import Instance, InstanceStatus, Live, Project, Repository
from ocore.kit import clock, ids
from ocore.source import Ref
from ocore.storage.accounts import PostgresAccounts
from ocore.storage.database import Pool
from ocore.storage.ledger import PostgresLedger
from ocore.storage.registry import TenantRegistry
from ocore.storage.requests import TenantRequests
from tests.deployments.journal import ARTIFACTS, SNAPSHOT, blocked, done


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One organization's project with two instances."""

    organization_id: str
    project: Project
    instances: tuple[Instance, Instance]
    requests: TenantRequests


@dataclass(frozen=True, kw_only=True)
class Records:
    """What is in the database."""

    pool: Pool
    acme: Tenant
    other: Tenant

    def ledger(self, *, lease_seconds: float = 30.0) -> PostgresLedger:
        return PostgresLedger(self.pool, clock.now, lease_seconds=lease_seconds)

    async def ask(
        self, *, instance: int = 0, trigger: Trigger = Trigger.API, key: str | None = None
    ) -> Deployment:
        asked = new_deployment(self.acme, instance=instance, trigger=trigger)
        await self.acme.requests.open(asked, idempotency_key=key)
        return asked

    async def succeed(self, deployment: Deployment) -> None:
        """Take the oldest deployment through all its steps."""
        ledger = self.ledger()
        lease = await ledger.claim("w")
        assert lease is not None
        assert lease.deployment_id == deployment.id
        finished = done(await ledger.load(lease), *FLOW)
        for line in finished.journal:
            snapped = Snapped(snapshot=replace(SNAPSHOT, id=deployment.id))
            taken = line.step is Step.SNAPSHOT and line.artifact is not None
            entry = replace(line, artifact=snapped) if taken else line
            if entry.step is Step.SWITCH and entry.result == "succeeded":
                await ledger.go_live(lease, entry, live_of(deployment))
            else:
                await ledger.append(lease, entry)
        await ledger.close(lease, ending(Status.SUCCEEDED))


def live_of(deployment: Deployment) -> Live:
    image = ARTIFACTS[Step.BUILD].image  # type: ignore[union-attr]
    started = ARTIFACTS[Step.START]
    return Live(
        deployment_id=deployment.id,
        commit_sha="c0ffee",
        image=image.tag,
        colour=started.colour,  # type: ignore[union-attr]
    )


def ending(status: Status) -> Ending:
    state = InstanceStatus.RUNNING if status is Status.SUCCEEDED else None
    message = None if status is Status.SUCCEEDED else "no"
    return Ending(status=status, error_message=message, instance_status=state)


def new_deployment(
    tenant: Tenant, *, instance: int = 0, trigger: Trigger = Trigger.API
) -> Deployment:
    return Deployment(
        id=ids.uuid7(),
        project=tenant.project,
        instance=tenant.instances[instance],
        trigger=trigger,
        requested_by="ana",
        created_at=clock.now(),
        ref=Ref(branch="main"),
    )


async def add_records(pool: Pool) -> Records:
    return Records(pool=pool, acme=await _tenant(pool, "acme"), other=await _tenant(pool, "other"))


async def _tenant(pool: Pool, slug: str) -> Tenant:
    organization_id = ids.uuid7()
    account = Account(
        user_id=ids.uuid7(),
        email=f"Owner@{slug}.example",
        name="Owner",
        password_hash="$argon2id$x",
        organization_id=organization_id,
        organization_slug=slug,
        role=Role.OWNER,
    )
    await PostgresAccounts(pool).add(account, organization_name=slug)
    registry = TenantRegistry(pool, organization_id)
    project = Project(
        id=ids.uuid7(),
        organization_id=organization_id,
        organization_slug=slug,
        name="Library",
        slug="library",
        repository=Repository(url="https://git.example/x.git", username="u", password="hunter2"),
        odoo_version="19.0",
    )
    await registry.add_project(project, by="ana")
    made = [await _instance(registry, project, f"{slug}-{number}") for number in (1, 2)]
    return Tenant(
        organization_id=organization_id,
        project=project,
        instances=(made[0], made[1]),
        requests=TenantRequests(pool, organization_id, clock.now),
    )


async def _instance(registry: TenantRegistry, project: Project, name: str) -> Instance:
    instance = Instance(
        id=ids.uuid7(),
        organization_id=project.organization_id,
        project_id=project.id,
        name=name,
        slug=name,
        database=name.replace("-", "_"),
        host=f"{name}.localhost",
    )
    await registry.add_instance(instance, by="ana")
    return instance


async def fail_a_gate(records: Records, lease: Lease, *, hours: float = 1) -> Deployment:
    """Take a claimed deployment to a failed gate that somebody may waive for so long."""
    ledger = records.ledger()
    until = clock.now() + timedelta(hours=hours)
    deployment = done(await ledger.load(lease), Step.FETCH, Step.INSPECT)
    for entry in blocked(deployment, Step.VALIDATE, until).journal:
        deployment = await ledger.append(lease, entry)
    return deployment


async def block(records: Records, lease: Lease, *, hours: float = 1) -> None:
    """Let a claimed deployment wait for somebody."""
    decided = await fail_a_gate(records, lease, hours=hours)
    await records.ledger().block(lease, decided, hold_of(decided))


def hold_of(deployment: Deployment) -> Hold:
    until = deployment.journal[-1].waits_until
    assert until is not None
    move = next_move(deployment, now=until - timedelta(seconds=1))
    assert isinstance(move, Hold)
    return move
