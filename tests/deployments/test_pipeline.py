from dataclasses import replace
from datetime import timedelta

import pytest

from ocore.artifacts import Image
from ocore.deployments.evidence import Evidence, EvidenceStatus, Gate
from ocore.deployments.model import Deployment, Status, Step
from ocore.deployments.pipeline import (
    MOST_ATTEMPTS,
    CancelEffect,
    Finish,
    GiveUp,
    Hold,
    Move,
    Run,
    Skip,
    cancel_effect,
    may_wait,
    next_move,
)
from ocore.deployments.products import Built
from tests.deployments.journal import NO_PLAN, begun, blocked, done, failed, passed
from tests.deployments.world import NOW, deployment, rollback

BEFORE_CUTOVER = (Step.FETCH, Step.INSPECT, Step.VALIDATE, Step.BUILD, Step.REHEARSE)
TOMORROW = NOW + timedelta(days=1)


def following(journal: Deployment) -> Move:
    return next_move(journal, now=NOW)


def refused(gate: Gate) -> Evidence:
    return replace(passed(gate), status=EvidenceStatus.FAILED)


def test_a_deployment_begins_with_its_source() -> None:
    assert following(deployment()) == Run(Step.FETCH)


def test_a_rollback_begins_by_preparing_what_it_restores() -> None:
    assert following(rollback()) == Run(Step.PREPARE)


def test_a_step_that_began_and_never_ended_is_done_again() -> None:
    assert following(begun(deployment(), Step.FETCH)) == Run(Step.FETCH)


def test_a_step_that_began_too_often_is_given_up() -> None:
    tried = deployment()
    for _ in range(MOST_ATTEMPTS):
        tried = begun(tried, Step.FETCH)
    assert following(tried) == GiveUp(Step.FETCH)


def test_nothing_to_update_skips_the_update() -> None:
    ready = done(deployment(), *BEFORE_CUTOVER, Step.SNAPSHOT, plan=NO_PLAN)
    assert isinstance(following(ready), Skip)


@pytest.mark.parametrize("step", BEFORE_CUTOVER)
def test_a_failure_before_the_cutover_just_ends(step: Step) -> None:
    earlier = BEFORE_CUTOVER[: BEFORE_CUTOVER.index(step)]
    assert following(failed(done(deployment(), *earlier), step)) == Finish(Status.FAILED)


def test_a_failed_snapshot_of_an_update_unwinds_because_the_live_colour_was_stopped() -> None:
    assert following(failed(done(deployment(), *BEFORE_CUTOVER), Step.SNAPSHOT)) == Run(
        Step.ROLL_BACK
    )


def test_a_failed_snapshot_beside_a_serving_instance_touched_nothing() -> None:
    ready = done(deployment(), *BEFORE_CUTOVER, plan=NO_PLAN)
    assert following(failed(ready, Step.SNAPSHOT)) == Finish(Status.FAILED)


def test_a_rolled_back_failure_ends_rolled_back_and_a_stuck_one_failed() -> None:
    broken = failed(done(deployment(), *BEFORE_CUTOVER), Step.SNAPSHOT)
    assert following(done(broken, Step.ROLL_BACK)) == Finish(Status.ROLLED_BACK)
    assert following(failed(broken, Step.ROLL_BACK)) == Finish(Status.FAILED)


@pytest.mark.parametrize(
    ("steps", "effect"),
    [
        ((), CancelEffect.CANCELS),
        (BEFORE_CUTOVER, CancelEffect.CANCELS),
        ((*BEFORE_CUTOVER, Step.SNAPSHOT), CancelEffect.ROLLS_BACK),
        (
            (*BEFORE_CUTOVER, Step.SNAPSHOT, Step.UPDATE, Step.START, Step.HEALTH, Step.SWITCH),
            CancelEffect.REFUSED,
        ),
    ],
)
def test_what_a_cancel_would_do_depends_on_how_far_it_came(
    steps: tuple[Step, ...], effect: CancelEffect
) -> None:
    assert cancel_effect(done(deployment(), *steps)) is effect


def test_a_wanted_cancel_ends_or_unwinds() -> None:
    early = replace(done(deployment(), Step.FETCH), cancel_requested=True)
    late = replace(done(deployment(), *BEFORE_CUTOVER, Step.SNAPSHOT), cancel_requested=True)
    assert following(early) == Finish(Status.CANCELLED)
    assert following(late) == Run(Step.ROLL_BACK)
    assert following(done(late, Step.ROLL_BACK)) == Finish(Status.ROLLED_BACK)


def test_an_image_is_pushed_only_where_there_is_a_registry() -> None:
    image = Image(
        tag="r.example/acme/library:new", base="19.0-x", reused=False, registry="r.example"
    )
    built = done(deployment(), Step.FETCH, Step.INSPECT, Step.VALIDATE)
    here = done(built, Step.BUILD)
    there = built.with_entry(
        replace(here.journal[-1], artifact=Built(image=image)),
    )
    assert following(here) == following(done(there, Step.PUSH))
    assert following(there) == Run(Step.PUSH)
    assert following(failed(there, Step.PUSH)) == Finish(Status.FAILED)


def test_a_deployment_waits_for_somebody_to_accept_what_blocks_it_and_then_fails() -> None:
    waiting = blocked(done(deployment(), Step.FETCH, Step.INSPECT), Step.VALIDATE, TOMORROW)
    assert following(waiting) == Hold((Gate.CODE_SECRETS,), TOMORROW)
    assert next_move(waiting, now=TOMORROW) == Finish(Status.FAILED)


def test_a_cancel_ends_the_wait() -> None:
    waiting = blocked(done(deployment(), Step.FETCH, Step.INSPECT), Step.VALIDATE, TOMORROW)
    assert cancel_effect(waiting) is CancelEffect.CANCELS
    assert following(replace(waiting, cancel_requested=True)) == Finish(Status.CANCELLED)


@pytest.mark.parametrize(
    ("gates", "waits"),
    [
        ([Gate.CODE_SECRETS], True),
        ([Gate.CODE_STATIC, Gate.MIGRATION_SAFETY], True),
        ([Gate.DATABASE_REHEARSAL], True),
        ([Gate.ODOO_TESTS], True),
        ([Gate.SOURCE_INTEGRITY], False),
        ([Gate.MODULES_INSTALLABLE], False),
        ([Gate.BUILD_IMAGE], False),
        ([Gate.DATABASE_SNAPSHOT], False),
        ([Gate.CODE_SECRETS, Gate.BUILD_IMAGE], False),
        ([], False),
    ],
)
def test_only_a_check_that_merely_judges_can_be_waited_for(gates: list[Gate], waits: bool) -> None:
    evidence = [passed(Gate.SOURCE_INTEGRITY), *map(refused, gates)]
    assert may_wait(deployment(), evidence) is waits


def test_nobody_is_waited_for_once_users_wait() -> None:
    cutover = begun(done(deployment(), *BEFORE_CUTOVER), Step.SNAPSHOT)
    assert not may_wait(cutover, [refused(Gate.CODE_SECRETS)])
