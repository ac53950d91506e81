from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from ocore.deployments.evidence import EvidenceStatus, Gate, Outcome
from ocore.deployments.ledger import Lease
from ocore.deployments.model import Deployment, Entry, Status, Step
from ocore.deployments.pipeline import Finish, Hold, Run, Waive, next_move
from ocore.deployments.runner import run_deployment
from ocore.deployments.verdict import VerdictStatus, judge
from ocore.deployments.view import deployment_view
from ocore.deployments.waivers import AuditStatus, Scope, Waiver
from tests.deployments.journal import blocked, done, passed, waiver
from tests.deployments.world import (
    NOW,
    PowerCut,
    World,
    WorldLedger,
    deployment,
    toolbox,
)

TOMORROW, LATER = NOW + timedelta(days=1), NOW + timedelta(days=2)
GATES = frozenset({Gate.CODE_SECRETS, Gate.MIGRATION_SAFETY})
YES = (waiver(Gate.CODE_SECRETS), waiver(Gate.MIGRATION_SAFETY))


def waiting(*waivers: Waiver) -> Deployment:
    failed = blocked(done(deployment(), Step.FETCH, Step.INSPECT), Step.VALIDATE, TOMORROW)
    last = failed.journal[-1]
    second = replace(passed(Gate.MIGRATION_SAFETY), status=EvidenceStatus.FAILED)
    both = replace(last, evidence=(*last.evidence, second, passed(Gate.CODE_STATIC)))
    return replace(failed, journal=(*failed.journal[:-1], both), waivers=waivers)


def in_production() -> Deployment:
    asked = deployment()
    return replace(asked, instance=replace(asked.instance, environment="production"))


async def run(world: World, ledger: WorldLedger) -> None:
    await run_deployment(await ledger.claim("w1"), ledger, toolbox(world))


def test_a_deployment_goes_on_when_the_last_gate_is_waived_and_only_then() -> None:
    one, other = YES
    assert next_move(waiting(one), now=NOW) == Hold((Gate.MIGRATION_SAFETY,), TOMORROW)
    assert next_move(waiting(other), now=NOW) == Hold((Gate.CODE_SECRETS,), TOMORROW)
    assert next_move(waiting(other, one), now=NOW) == Waive(Step.VALIDATE, (one, other))


@pytest.mark.parametrize(
    "over",
    [
        waiver(Gate.CODE_SECRETS, expires_at=NOW),
        waiver(Gate.CODE_SECRETS, revoked_at=NOW),
        waiver(Gate.CODE_SECRETS, used_at=NOW),
        waiver(Gate.CODE_STATIC),
    ],
    ids=["expired", "revoked", "used", "another gate"],
)
def test_a_waiver_that_does_not_count_lets_nothing_go_on(over: Waiver) -> None:
    assert next_move(waiting(over, YES[1]), now=NOW) == Hold((Gate.CODE_SECRETS,), TOMORROW)


def test_an_answer_in_time_counts_although_nobody_looked_in_time() -> None:
    assert isinstance(next_move(waiting(*YES), now=TOMORROW), Waive)
    assert next_move(waiting(), now=TOMORROW) == Finish(Status.FAILED)


def test_a_cancel_beats_a_waiver() -> None:
    cancelled = replace(waiting(*YES), cancel_requested=True)
    assert next_move(cancelled, now=NOW) == Finish(Status.CANCELLED)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (waiver(Gate.CODE_SECRETS), AuditStatus.ACTIVE),
        (waiver(Gate.CODE_SECRETS, expires_at=NOW), AuditStatus.EXPIRED),
        (waiver(Gate.CODE_SECRETS, used_at=NOW, expires_at=NOW), AuditStatus.USED),
        (waiver(Gate.CODE_SECRETS, used_at=NOW, revoked_at=NOW), AuditStatus.REVOKED),
        (waiver(Gate.CODE_SECRETS, scope=Scope.COMMIT, used_at=NOW), AuditStatus.ACTIVE),
        (
            waiver(Gate.CODE_SECRETS, scope=Scope.PROJECT, used_at=NOW, expires_at=NOW),
            AuditStatus.EXPIRED,
        ),
    ],
)
def test_where_a_waiver_stands(given: Waiver, status: AuditStatus) -> None:
    assert given.audit_status(NOW) is status


async def test_what_was_waived_stands_in_evidence_and_verdict() -> None:
    world, ledger = World(breaks=GATES), WorldLedger(in_production())
    before = world.seen()
    await run(world, ledger)
    assert (ledger.deployment.status, world.seen()) == (Status.BLOCKED, before)
    ledger.deployment = replace(ledger.deployment, waivers=YES)
    await run(world, ledger)
    ended = ledger.deployment
    assert ended.status is Status.SUCCEEDED
    assert world.seen() != before
    found = {item.gate: item for item in ended.evidence}
    assert len(ended.evidence) == len(found)
    for gate in GATES:
        assert (found[gate].status, found[gate].outcome) == (EvidenceStatus.WAIVED, Outcome.PASS)
    verdict = judge(ended, ended.status)
    assert (verdict.status, verdict.waived) == (VerdictStatus.WAIVED, True)
    assert "code.secrets by Ana: an example key" in verdict.reason


async def test_evidence_names_the_waiver_as_published() -> None:
    world, ledger = World(breaks=GATES), WorldLedger(replace(in_production(), waivers=YES))
    await run(world, ledger)
    assert ledger.hold is None, "a waiver that is there already is used at once"
    view = deployment_view(ledger.deployment, updated_at=NOW)
    shown = [each["waiver"] for each in view["evidence"] if each["status"] == "waived"]  # type: ignore[attr-defined]
    assert shown[0] == {
        "actor": "Ana",
        "auditStatus": "used",
        "confirmation": "code.secrets",
        "expiresAt": "2026-01-04T10:00:00.000Z",
        "id": YES[0].id,
        "reason": "an example key",
        "scope": "deployment",
    }
    steps = {each["name"]: each for each in view["steps"]}  # type: ignore[attr-defined]
    assert steps["Validate"]["status"] == "succeeded"
    assert steps["Validate"]["output"].startswith("code.secrets waived by Ana: an example key;")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 12))
async def test_a_power_cut_around_the_wait_changes_nothing_about_the_end(
    nth: int, *, after: bool
) -> None:
    world = World(breaks=GATES)
    ledger = WorldLedger(in_production(), cut_at=nth, cut_after=after)
    while ledger.ending is None:
        with suppress(PowerCut):
            await run(world, ledger)
        if ledger.hold is not None:
            ledger.deployment = replace(ledger.deployment, waivers=YES)
        ledger.term += 1
    assert ledger.deployment.status is Status.SUCCEEDED
    assert world.data == "rows+new", "the update is in there once"


async def test_a_waiver_that_is_revoked_in_the_last_moment_lets_nothing_go_on() -> None:
    class Revoked(WorldLedger):
        async def waive(self, lease: Lease, entry: Entry) -> Deployment:
            assert entry.evidence
            self._check(lease)
            self.deployment = replace(self.deployment, waivers=())
            return self.deployment

    world, ledger = World(breaks=GATES), Revoked(replace(in_production(), waivers=YES))
    await run(world, ledger)
    assert ledger.deployment.status is Status.BLOCKED
    assert not ledger.deployment.began(Step.BUILD)


def test_a_waived_step_is_over() -> None:
    accepted = done(waiting(*YES), Step.VALIDATE)
    assert next_move(accepted, now=LATER) == Run(Step.BUILD)
    assert accepted.failure() is None


async def test_the_records_of_one_gate_stand_side_by_side() -> None:
    world, ledger = World(registry="registry.example"), WorldLedger(deployment())
    await run(world, ledger)
    of_images = [each for each in ledger.deployment.evidence if each.gate is Gate.BUILD_IMAGE]
    assert [each.name for each in of_images] == ["Build image", "Push image"]
