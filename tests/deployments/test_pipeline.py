from dataclasses import replace

import pytest

from ocore.artifacts import Image
from ocore.deployments.model import Status, Step
from ocore.deployments.pipeline import (
    MOST_ATTEMPTS,
    CancelEffect,
    Finish,
    GiveUp,
    Run,
    Skip,
    cancel_effect,
    next_move,
)
from ocore.deployments.products import Built
from tests.deployments.journal import NO_PLAN, begun, done, failed
from tests.deployments.world import deployment, rollback

BEFORE_CUTOVER = (Step.FETCH, Step.INSPECT, Step.VALIDATE, Step.BUILD, Step.REHEARSE)


def test_a_deployment_begins_with_its_source() -> None:
    assert next_move(deployment()) == Run(Step.FETCH)


def test_a_rollback_begins_by_preparing_what_it_restores() -> None:
    assert next_move(rollback()) == Run(Step.PREPARE)


def test_a_step_that_began_and_never_ended_is_done_again() -> None:
    assert next_move(begun(deployment(), Step.FETCH)) == Run(Step.FETCH)


def test_a_step_that_began_too_often_is_given_up() -> None:
    tried = deployment()
    for _ in range(MOST_ATTEMPTS):
        tried = begun(tried, Step.FETCH)
    assert next_move(tried) == GiveUp(Step.FETCH)


def test_nothing_to_update_skips_the_update() -> None:
    ready = done(deployment(), *BEFORE_CUTOVER, Step.SNAPSHOT, plan=NO_PLAN)
    assert isinstance(next_move(ready), Skip)


@pytest.mark.parametrize("step", BEFORE_CUTOVER)
def test_a_failure_before_the_cutover_just_ends(step: Step) -> None:
    earlier = BEFORE_CUTOVER[: BEFORE_CUTOVER.index(step)]
    assert next_move(failed(done(deployment(), *earlier), step)) == Finish(Status.FAILED)


def test_a_failed_snapshot_of_an_update_unwinds_because_the_live_colour_was_stopped() -> None:
    assert next_move(failed(done(deployment(), *BEFORE_CUTOVER), Step.SNAPSHOT)) == Run(
        Step.ROLL_BACK
    )


def test_a_failed_snapshot_beside_a_serving_instance_touched_nothing() -> None:
    ready = done(deployment(), *BEFORE_CUTOVER, plan=NO_PLAN)
    assert next_move(failed(ready, Step.SNAPSHOT)) == Finish(Status.FAILED)


def test_a_rolled_back_failure_ends_rolled_back_and_a_stuck_one_failed() -> None:
    broken = failed(done(deployment(), *BEFORE_CUTOVER), Step.SNAPSHOT)
    assert next_move(done(broken, Step.ROLL_BACK)) == Finish(Status.ROLLED_BACK)
    assert next_move(failed(broken, Step.ROLL_BACK)) == Finish(Status.FAILED)


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
    assert next_move(early) == Finish(Status.CANCELLED)
    assert next_move(late) == Run(Step.ROLL_BACK)
    assert next_move(done(late, Step.ROLL_BACK)) == Finish(Status.ROLLED_BACK)


def test_an_image_is_pushed_only_where_there_is_a_registry() -> None:
    image = Image(
        tag="r.example/acme/library:new", base="19.0-x", reused=False, registry="r.example"
    )
    built = done(deployment(), Step.FETCH, Step.INSPECT, Step.VALIDATE)
    here = done(built, Step.BUILD)
    there = built.with_entry(
        replace(here.journal[-1], artifact=Built(image=image)),
    )
    assert next_move(here) == next_move(done(there, Step.PUSH))
    assert next_move(there) == Run(Step.PUSH)
    assert next_move(failed(there, Step.PUSH)) == Finish(Status.FAILED)
