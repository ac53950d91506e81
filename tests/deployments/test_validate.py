from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from ocore.artifacts import Say
from ocore.deployments.evidence import Evidence, EvidenceStatus, Gate, Outcome
from ocore.deployments.model import Deployment, Status, Step
from ocore.deployments.runner import run_deployment
from ocore.deployments.steps.outcome import GateFailed
from ocore.deployments.steps.validate import validate
from ocore.deployments.verdict import VerdictStatus, judge
from ocore.environments import Project
from ocore.errors import StepFailed
from ocore.gates import GateRun, Order
from ocore.odoo.crons import Cron
from ocore.source import Checkout
from tests.deployments.journal import UPDATE_PLAN, done
from tests.deployments.world import (
    LIVE,
    NOW,
    World,
    WorldGates,
    WorldLedger,
    WorldSource,
    deployment,
    toolbox,
)

PLAN = replace(UPDATE_PLAN, used=("loans",))


def inspected(environment: str) -> Deployment:
    ready = done(deployment(), Step.FETCH, Step.INSPECT, plan=PLAN)
    return replace(ready, instance=replace(ready.instance, environment=environment))


@dataclass
class Listening(WorldGates):
    """Remembers what it was asked."""

    orders: list[Order] = field(default_factory=list)

    async def run(self, order: Order, *, say: Say) -> tuple[GateRun, ...]:
        self.orders.append(order)
        return await super().run(order, say=say)


@dataclass
class Rewritten(WorldSource):
    """A source whose history was rewritten: what is live is no longer in it."""

    async def checkout(self, project: Project, sha: str) -> Checkout:
        if sha == LIVE.commit_sha:
            raise StepFailed("there is no such commit")
        return await super().checkout(project, sha)


async def test_each_gate_that_ran_is_recorded() -> None:
    outcome = await validate(inspected("production"), toolbox(World()))
    assert {(item.gate, item.status) for item in outcome.evidence} == {
        (Gate.CODE_STATIC, EvidenceStatus.PASSED),
        (Gate.CODE_SECRETS, EvidenceStatus.PASSED),
        (Gate.MIGRATION_SAFETY, EvidenceStatus.PASSED),
    }


async def test_only_modules_at_stake_are_checked_against_what_is_live() -> None:
    world = World()
    listening = Listening(world)
    tools = replace(toolbox(world), gates=listening)
    await validate(inspected("production"), tools)
    order = listening.orders[0]
    assert dict(order.tree.modules) == {"loans": "loans"}
    assert order.previous is not None
    unused = replace(PLAN, used=())
    await validate(done(deployment(), Step.FETCH, Step.INSPECT, plan=unused), tools)
    assert not listening.orders[1].tree.modules


async def test_scheduled_actions_of_the_database_are_checked_against_the_code() -> None:
    remind = Cron(name="Remind", model="library.loan", code="model._remind()")
    world = World(scheduled=(remind,))
    listening = Listening(world)
    await validate(inspected("production"), replace(toolbox(world), gates=listening))
    assert listening.orders[0].crons == (remind,)


async def test_a_live_commit_that_is_gone_is_said_not_passed_over() -> None:
    world = World()
    listening = Listening(world)
    tools = replace(toolbox(world), gates=listening, source=Rewritten(world))
    await validate(inspected("production"), tools)
    assert listening.orders[0].previous is None
    assert "there is no such commit" in (listening.orders[0].unreadable or "")


async def test_a_required_gate_that_fails_keeps_the_commit_from_going_on() -> None:
    world = World(breaks=frozenset({Gate.MIGRATION_SAFETY}))
    with pytest.raises(GateFailed) as failed:
        await validate(inspected("production"), toolbox(world))
    first = failed.value.evidence[0]
    assert (first.gate, first.outcome) == (Gate.MIGRATION_SAFETY, Outcome.BLOCK)
    assert len(failed.value.evidence) == 3
    assert [each.excerpt for each in failed.value.findings] == ["loans: field due is gone"]


async def test_a_gate_that_could_not_run_blocks_where_it_is_required() -> None:
    silent = World(breaks=frozenset({"gates"}))
    with pytest.raises(GateFailed, match="could not run: no such program"):
        await validate(inspected("production"), toolbox(silent))
    outcome = await validate(inspected("development"), toolbox(silent))
    assert {(item.status, item.outcome) for item in outcome.evidence} == {
        (EvidenceStatus.ERROR, Outcome.WARN)
    }


async def test_what_is_not_required_warns_and_the_verdict_says_so() -> None:
    world = World(breaks=frozenset({Gate.MIGRATION_SAFETY}))
    ledger = WorldLedger(deployment())
    await run_deployment(await ledger.claim("w"), ledger, toolbox(world))
    ended = ledger.deployment
    assert ended.status is Status.SUCCEEDED
    verdict = judge(ended, ended.status)
    assert verdict.status is VerdictStatus.CLEAN_WITH_WARNINGS
    assert "migration.safety: schema.column_dropped" in verdict.reason


async def test_a_deployment_that_a_gate_stops_never_touches_the_instance() -> None:
    world = World(breaks=frozenset({Gate.MIGRATION_SAFETY}))
    before = world.seen()
    production = deployment()
    production = replace(
        production, instance=replace(production.instance, environment="production")
    )
    ledger = WorldLedger(production)
    await run_deployment(await ledger.claim("w"), ledger, toolbox(world))
    assert ledger.deployment.status is Status.BLOCKED
    assert world.seen() == before
    assert not ledger.deployment.began(Step.BUILD)
    world.clock += timedelta(days=1)
    await run_deployment(await ledger.claim("w"), ledger, toolbox(world))
    assert ledger.deployment.status is Status.FAILED
    assert ledger.deployment.error_message == (
        "Validate: migration.safety schema.column_dropped 1 times."
        " Nobody accepted that until 2026-01-03T10:00:00.000Z"
    )
    assert world.seen() == before


@pytest.mark.parametrize(
    ("status", "required", "warned", "outcome"),
    [
        (EvidenceStatus.PASSED, True, False, Outcome.PASS),
        (EvidenceStatus.PASSED, True, True, Outcome.WARN),
        (EvidenceStatus.WAIVED, True, False, Outcome.PASS),
        (EvidenceStatus.FAILED, True, True, Outcome.BLOCK),
        (EvidenceStatus.FAILED, False, False, Outcome.WARN),
        (EvidenceStatus.ERROR, True, False, Outcome.BLOCK),
        (EvidenceStatus.ERROR, False, False, Outcome.WARN),
        (EvidenceStatus.SKIPPED, True, False, Outcome.NONE),
        (EvidenceStatus.PENDING, True, False, Outcome.NONE),
        (EvidenceStatus.RUNNING, True, False, Outcome.NONE),
    ],
)
def test_what_a_run_means(
    status: EvidenceStatus, required: bool, warned: bool, outcome: Outcome
) -> None:
    item = Evidence(
        gate=Gate.CODE_STATIC,
        name="Static checks",
        status=status,
        summary="",
        mode="static",
        started_at=NOW,
        completed_at=NOW,
        required=required,
        warned=warned,
    )
    assert item.outcome is outcome
    assert item.blocks == (outcome is Outcome.BLOCK)
