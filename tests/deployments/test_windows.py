from dataclasses import replace
from datetime import timedelta

import pytest

from ocore.deployments.model import Deployment
from ocore.deployments.pipeline import FLOW
from ocore.deployments.products import Inspected
from ocore.deployments.windows import Estimate, expected_window, window_of
from tests.deployments.journal import NO_PLAN, UPDATE_PLAN, done
from tests.deployments.world import deployment, rollback

FILMS = replace(UPDATE_PLAN, update=(replace(UPDATE_PLAN.update[0], name="films"),))


def lasting(seconds: float, plan: Inspected = UPDATE_PLAN) -> Deployment:
    """Return a deployment that went live and kept users waiting for so long."""
    live = done(deployment(), *FLOW, plan=plan)
    window = window_of(live)
    assert window is not None
    last = [entry for entry in live.journal if entry.step == "Switch traffic"][-1]
    longer = last.at - window + window * (seconds / window.total_seconds())
    journal = tuple(replace(each, at=longer) if each is last else each for each in live.journal)
    return replace(live, journal=journal)


def test_the_window_is_from_the_snapshot_to_the_switch() -> None:
    # Each line of this journal is a second after the one before it.
    assert window_of(done(deployment(), *FLOW)) == timedelta(seconds=9)


@pytest.mark.parametrize(
    "stopped_nobody",
    [
        done(deployment(), *FLOW, plan=NO_PLAN),
        done(deployment(previous=None), *FLOW),
        done(deployment(), *FLOW[:-2]),
        done(rollback(), *FLOW),
    ],
    ids=["no update", "the first one", "never switched", "a rollback"],
)
def test_what_is_no_update_of_something_that_served_has_no_window(
    stopped_nobody: Deployment,
) -> None:
    assert window_of(stopped_nobody) is None


def test_the_middle_of_the_last_updates_of_the_same_modules_counts() -> None:
    history = [lasting(20), lasting(3, FILMS), lasting(10), lasting(60), done(rollback(), *FLOW)]
    assert expected_window(UPDATE_PLAN, history) == Estimate(
        milliseconds=20_000,
        reason="the middle of the last 3 that updated the same modules: 10.0 s to 60.0 s",
    )


def test_updates_of_other_modules_are_better_than_nothing() -> None:
    estimate = expected_window(FILMS, [lasting(20)])
    assert estimate.milliseconds == 20_000
    assert "other modules" in estimate.reason


def test_only_recent_updates_count() -> None:
    history = [*[lasting(5)] * 5, *[lasting(500)] * 15]
    assert expected_window(UPDATE_PLAN, history).milliseconds == 5_000


def test_nothing_to_update_keeps_nobody_waiting_and_nothing_measured_is_not_guessed() -> None:
    assert expected_window(NO_PLAN, []).milliseconds == 0
    assert expected_window(UPDATE_PLAN, []).milliseconds is None
