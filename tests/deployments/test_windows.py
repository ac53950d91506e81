from dataclasses import replace
from datetime import timedelta

import pytest

from ocore.deployments.evidence import FindingClass
from ocore.deployments.model import Deployment
from ocore.deployments.pipeline import FLOW
from ocore.deployments.products import Inspected, Snapped
from ocore.deployments.windows import Estimate, expected_window, window_of
from ocore.gates.catalog import found
from ocore.snapshots import Room
from tests.deployments.journal import NO_PLAN, UPDATE_PLAN, done
from tests.deployments.world import deployment, rollback

MIB = 1024**2
CLONES = Room(strategy="clone", database=MIB, needed=0, free=None)
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


def copying(seconds: float, *, size: int, ms: int) -> Deployment:
    """Return one that lasted so long, and copied so many MiB in so many milliseconds of these."""
    live = lasting(seconds)
    snapshot = replace(live.produced(Snapped).snapshot, size_bytes=size * MIB, duration_ms=ms)
    journal = tuple(
        replace(each, artifact=Snapped(snapshot=snapshot))
        if isinstance(each.artifact, Snapped)
        else each
        for each in live.journal
    )
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
    assert expected_window(UPDATE_PLAN, history, room=CLONES) == Estimate(
        milliseconds=20_000,
        reason="the middle of the last 3 that updated the same modules: 10.0 s to 60.0 s",
    )


def test_updates_of_other_modules_are_better_than_nothing() -> None:
    estimate = expected_window(FILMS, [lasting(20)], room=CLONES)
    assert estimate.milliseconds == 20_000
    assert "other modules" in estimate.reason


def test_only_recent_updates_count() -> None:
    history = [*[lasting(5)] * 5, *[lasting(500)] * 15]
    assert expected_window(UPDATE_PLAN, history, room=CLONES).milliseconds == 5_000


def test_nothing_to_update_keeps_nobody_waiting_and_nothing_measured_is_not_guessed() -> None:
    assert expected_window(NO_PLAN, [], room=CLONES).milliseconds == 0
    assert expected_window(UPDATE_PLAN, [], room=CLONES).milliseconds is None


def test_what_copies_the_database_takes_longer_as_it_grows() -> None:
    history, copies = [copying(20, size=100, ms=4_000)], replace(CLONES, strategy="template")
    grown = replace(copies, database=300 * MIB, needed=300 * MIB)
    estimate = expected_window(UPDATE_PLAN, history, room=grown)
    assert estimate.milliseconds == 28_000
    assert estimate.reason == (
        "the middle of the last 1 that updated the same modules: 28.0 s to 28.0 s,"
        " with the copy of 100 MiB then scaled to 300 MiB now"
    )
    shrunk = replace(copies, database=50 * MIB, needed=50 * MIB)
    assert expected_window(UPDATE_PLAN, history, room=shrunk).milliseconds == 18_000


def test_what_shares_its_blocks_does_not_grow_with_the_database() -> None:
    history = [copying(20, size=100, ms=4_000)]
    clones = replace(CLONES, database=300 * MIB)
    assert expected_window(UPDATE_PLAN, history, room=clones).milliseconds == 20_000
    copied_now = replace(clones, strategy="dump", needed=300 * MIB)
    estimate = expected_window(UPDATE_PLAN, history, room=copied_now)
    assert estimate.milliseconds == 20_000, "another way to copy tells nothing"
    assert "scaled" not in estimate.reason


def test_rows_that_nobody_has_measured_are_named_and_not_guessed() -> None:
    rows = {"table": "library_loan", "rows": 3_000_000}
    computed = found(FindingClass.SCHEMA_STORED_COMPUTE, "total is new", **rows)
    dropped = found(FindingClass.SCHEMA_COLUMN_DROPPED, "note is gone", **rows)
    empty = found(FindingClass.SCHEMA_STORED_COMPUTE, "total is new", table="shelf", rows=0)
    beside = "; not in it: what is done to every row of library_loan (about 3,000,000)"
    for history, milliseconds in (([], None), ([lasting(20)], 20_000)):
        estimate = expected_window(
            UPDATE_PLAN, history, room=CLONES, findings=(computed, dropped, empty)
        )
        assert estimate.milliseconds == milliseconds
        assert estimate.reason.endswith(beside)
    lossy = expected_window(UPDATE_PLAN, [], room=CLONES, findings=(dropped, empty))
    assert "row" not in lossy.reason
